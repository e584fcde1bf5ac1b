//! Text: widths in the shipped font, numbers with a true minus sign, escaping.

use crate::words::is_obeyed;

/// Advance widths of the ASCII characters from the space to the tilde in Inter Regular, in
/// thousandths of the font size.
#[rustfmt::skip]
const ADVANCE: [u16; 95] = [
    281, 278, 403, 631, 638, 812, 639, 222, 362, 362, 500, 659, 280, 460, 276, 357, 625, 464, 605,
    636, 642, 608, 624, 571, 616, 624, 276, 280, 659, 659, 659, 507, 936, 676, 651, 727, 719, 598,
    587, 743, 740, 264, 543, 652, 562, 889, 753, 761, 635, 761, 639, 638, 642, 741, 676, 949, 642,
    665, 625, 362, 357, 362, 469, 452, 497, 564, 621, 558, 621, 582, 361, 609, 591, 237, 237, 544,
    237, 869, 585, 597, 609, 609, 372, 523, 364, 581, 557, 812, 540, 557, 541, 362, 327, 362, 659,
];

/// The width of `text` set at `size` pixels, to a few per cent (no kerning; semibold is wider).
pub fn width(text: &str, size: f64) -> f64 {
    let units: f64 = text
        .chars()
        .map(|c| match c {
            ' '..='~' => f64::from(ADVANCE[c as usize - ' ' as usize]),
            '⁰'..='₎' | '²' | '³' | '¹' => 430.0,
            _ => 640.0,
        })
        .sum();
    units * size / 1000.0
}

/// `text` as it is, or as much of it as fits into `room` pixels with an ellipsis behind.
pub fn shortened(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if width(&kept, size) + width("…", size) > room {
            kept.pop();
            break;
        }
    }
    kept.truncate(kept.trim_end().len());
    kept.push('…');
    kept
}

/// `text` in lines of at most `room` pixels, broken at spaces.
pub fn wrapped(text: &str, size: f64, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line, size) + width(word, size) + 0.3 * size <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// `v` with `decimals` decimals, a true minus sign and no negative zero.
pub fn number(v: f64, decimals: usize) -> String {
    let text = format!("{v:.decimals$}");
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| matches!(c, '0' | '.')) => rest.to_owned(),
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

/// `v` in `digits` significant digits; very large and very small ones as `2.1×10⁻⁷`.
pub fn compact(v: f64, digits: usize) -> String {
    if v == 0.0 || !v.is_finite() {
        return if v == 0.0 { "0".into() } else { "–".into() };
    }
    // Rounded first: 9.97 in two digits is 10, with another exponent.
    let rounded = format!("{v:.*e}", digits.saturating_sub(1));
    let (mantissa, exponent) = rounded.split_once('e').unwrap_or((&rounded, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-3..6).contains(&exponent) {
        return number(v, (digits as i32 - 1 - exponent).max(0) as usize);
    }
    if (v / 10f64.powi(exponent) - 1.0).abs() < 1e-9 {
        return power_of_ten(exponent);
    }
    format!("{}×{}", mantissa.replace('-', "−"), power_of_ten(exponent))
}

/// `10ᵏ` with a superscript exponent.
pub fn power_of_ten(k: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let mut text = String::from("10");
    if k < 0 {
        text.push('⁻');
    }
    for digit in k.unsigned_abs().to_string().bytes() {
        text.push(DIGITS[usize::from(digit - b'0')]);
    }
    text
}

/// `text` safe inside an XML element or attribute; control characters are dropped.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if is_obeyed(c) || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}
