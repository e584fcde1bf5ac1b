//! What a text says before the first cell is read: the byte-order mark, the delimiter, and whether
//! the first line is a header.

/// The separators that are looked for, in order of preference where counts are equal.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The bytes after a UTF-8 byte-order mark.
pub fn strip_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// The candidate that appears most often in the first line outside quotes; the first one where
/// none does. A comma is none where it stands in the numbers.
pub fn delimiter(text: &[u8], decimal_comma: bool) -> u8 {
    let candidates = &DELIMITERS[usize::from(decimal_comma)..];
    let mut counts = [0_usize; DELIMITERS.len()];
    let mut quoted = false;
    let blank = text.iter().take_while(|b| matches!(b, b'\n' | b'\r')).count();
    for &byte in &text[blank..] {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
            _ if quoted => {}
            _ => {
                if let Some(k) = candidates.iter().position(|&d| d == byte) {
                    counts[k] += 1;
                }
            }
        }
    }
    // Numbers with a decimal comma between commas stand in quotes.
    if decimal_comma && counts.iter().all(|&count| count == 0) && quoted_between_commas(text) {
        return b',';
    }
    let most = counts.iter().copied().max().unwrap_or(0);
    let k = counts.iter().position(|&c| c == most).unwrap_or(0);
    candidates[k]
}

/// Whether the first line holds commas outside quotes, and a cell behind it is in quotes.
fn quoted_between_commas(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    let end = text.iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(text.len());
    let (first, rest) = text.split_at(end);
    let outside = first.split(|&b| b == b'"').step_by(2).any(|part| part.contains(&b','));
    outside && rest.contains(&b'"')
}

/// Whether the first line holds numbers, that is, whether the header is missing. Names that count
/// the columns, `0,1,2,...`, are what data-frame libraries write for unnamed columns: a header.
pub fn is_numeric(names: &[String]) -> bool {
    let numbers = names.iter().filter(|n| n.parse::<f64>().is_ok()).count();
    let blanks = names.iter().filter(|n| n.is_empty()).count();
    let counts = names.len() > 1 && names.iter().enumerate().all(|(k, n)| *n == k.to_string());
    numbers > 0 && numbers + blanks == names.len() && !counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(line: &str) -> Vec<String> {
        line.split(',').map(str::to_owned).collect()
    }

    #[test]
    fn the_delimiter_is_the_commonest_outside_quotes() {
        for (text, found) in [
            ("a,b,c\n1;2;3;4", b','),
            ("\"size, in m\";\"b\"\r\n", b';'),
            ("a\tb", b'\t'),
            ("a|b\n", b'|'),
            ("alone\n1\n", b','),
        ] {
            assert_eq!(delimiter(text.as_bytes(), false), found, "{text}");
        }
        assert_eq!(delimiter(b"1,5;2,5;3", true), b';');
        assert_eq!(delimiter(b"a,b\n\"1,5\",\"2,5\"\n", true), b',');
        assert_eq!(delimiter(b"price\n1,5\n", true), b';');
    }

    #[test]
    fn a_line_of_numbers_is_no_header_but_a_count_of_columns_is() {
        assert!(is_numeric(&names("1.5,2")));
        assert!(is_numeric(&names("0.1,,3")));
        assert!(is_numeric(&names("0")));
        assert!(!is_numeric(&names("0,1,2")));
        assert!(!is_numeric(&names("a,2")));
        assert!(!is_numeric(&names(",")));
    }
}
