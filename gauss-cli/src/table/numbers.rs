//! Numbers as files hold them: in decimals as people write them, in the shortest ones, in half
//! precision.

use memchr::memchr2;

/// Cells that stand for "no value", besides the empty cell; compared without regard to case.
const MISSING_WORDS: [&str; 6] = ["nan", "na", "n/a", "null", "none", "?"];

/// A number in the shortest decimals that read back to the same bits.
pub fn number_text(value: f64) -> String {
    zmij::Buffer::new().format(value).to_owned()
}

/// A number of half precision (IEEE 754, binary16): exact as a double.
pub fn half(bits: u16) -> f64 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from(bits >> 10 & 0x1f);
    let fraction = f64::from(bits & 0x3ff);
    sign * match exponent {
        0 => fraction * 2.0_f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2.0_f64.powi(exponent - 25),
    }
}

/// What a cell of text is as a number.
#[derive(Debug, Clone, Copy)]
pub enum Number {
    Finite(f64),
    Missing,
    Infinite(f64),
    Text,
}

/// What a cell of text is as a number, blanks around it ignored.
pub fn number(cell: &[u8]) -> Number {
    if let Ok(value) = fast_float2::parse::<f64, _>(cell.trim_ascii()) {
        return match value {
            _ if value.is_finite() => Number::Finite(value),
            _ if value.is_nan() => Number::Missing,
            _ => Number::Infinite(value),
        };
    }
    match std::str::from_utf8(cell).map(str::trim) {
        Ok(text) if is_missing(text) => Number::Missing,
        // Blanks beyond those of ASCII about a number.
        Ok(text) if text.len() < cell.trim_ascii().len() => number(text.as_bytes()),
        _ => Number::Text,
    }
}

/// The same of a number with a decimal comma. A point would be a matter of taste: it is none.
pub fn comma_number(cell: &[u8]) -> Number {
    if memchr2(b',', b'.', cell).is_none() {
        return number(cell);
    }
    let point = |byte: &u8| match *byte {
        b',' => b'.',
        b'.' => b',',
        byte => byte,
    };
    number(&cell.iter().map(point).collect::<Vec<u8>>())
}

/// Whether a text stands for no value.
pub fn is_missing(text: &str) -> bool {
    text.is_empty() || MISSING_WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_as_people_write_them() {
        let finite = |cell: &str| match number(cell.as_bytes()) {
            Number::Finite(value) => Some(value),
            _ => None,
        };
        for (cell, value) in [
            ("1", 1.0),
            (" +2.5\t", 2.5),
            ("\u{a0}3\u{2009}", 3.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("-1E-3", -1e-3),
            ("0.1000000000000000055511151231257827", 0.1),
            ("1e-400", 0.0),
        ] {
            assert_eq!(finite(cell), Some(value), "{cell:?}");
        }
        for cell in ["0x1F", "1,5", "1e", "e5", "1 2", "1_000", "+", "--1", "5f"] {
            assert!(matches!(number(cell.as_bytes()), Number::Text), "{cell:?}");
        }
        for cell in ["", "  ", "\u{a0}", "NA", " nan ", "N/A", "NULL", "None", "?"] {
            assert!(matches!(number(cell.as_bytes()), Number::Missing), "{cell:?}");
        }
        for cell in ["inf", "-Infinity", "1e999"] {
            assert!(matches!(number(cell.as_bytes()), Number::Infinite(_)), "{cell:?}");
        }
        assert!(matches!(number(b"\xff"), Number::Text));
        for (cell, value) in [("1,5", 1.5), ("-,5", -0.5), (" 3 ", 3.0), ("1,5e-3", 1.5e-3)] {
            let number = comma_number(cell.as_bytes());
            assert!(matches!(number, Number::Finite(v) if v == value), "{cell:?}");
        }
        for cell in ["1.5", "1.234,5", "1,234,5"] {
            assert!(matches!(comma_number(cell.as_bytes()), Number::Text), "{cell:?}");
        }
    }
}
