//! What the bytes say before the first cell is read: the byte-order mark, other formats by their
//! signature, the delimiter, and whether the first line is a header.

/// The separators that are looked for, in order of preference where counts are equal.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// Formats a table is mistaken for: first bytes, what they are, what to do about it.
const SIGNATURES: [(&[u8], &str, &str); 8] = [
    (b"\x1f\x8b", "gzip-compressed data", "; decompress it first (gunzip)"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed data", "; decompress it first (unzstd)"),
    (b"PK\x03\x04", "a zip archive or spreadsheet", "; export it as CSV first"),
    (b"PAR1\x15", "a Parquet file", "; export it as CSV first"),
    (b"\x93NUMPY", "a NumPy array", "; save it as CSV first"),
    (b"\xff\xfe", "UTF-16 text", "; save it as UTF-8 first"),
    (b"\xfe\xff", "UTF-16 text", "; save it as UTF-8 first"),
    (b"GAUSSFLO", "a gauss model", " (the model comes first, then the table)"),
];

/// The kind of file and the advice, where the first bytes give another format away.
pub fn other_format(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    SIGNATURES
        .iter()
        .find(|(signature, ..)| bytes.starts_with(signature))
        .map(|&(_, kind, advice)| (kind, advice))
}

/// The bytes after a UTF-8 byte-order mark.
pub fn strip_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// The candidate that appears most often in the first line outside quotes; a comma where none does.
pub fn delimiter(text: &[u8]) -> u8 {
    let mut counts = [0_usize; DELIMITERS.len()];
    let mut quoted = false;
    let blank = text.iter().take_while(|b| matches!(b, b'\n' | b'\r')).count();
    for &byte in &text[blank..] {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
            _ if quoted => {}
            _ => {
                if let Some(k) = DELIMITERS.iter().position(|&d| d == byte) {
                    counts[k] += 1;
                }
            }
        }
    }
    let most = counts.iter().copied().max().unwrap_or(0);
    let k = counts.iter().position(|&c| c == most).unwrap_or(0);
    DELIMITERS[k]
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
        assert_eq!(delimiter(b"a,b,c\n1;2;3;4"), b',');
        assert_eq!(delimiter(b"\"size, in m\";\"b\"\r\n"), b';');
        assert_eq!(delimiter(b"a\tb"), b'\t');
        assert_eq!(delimiter(b"alone\n1\n"), b',');
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

    #[test]
    fn other_formats_are_told_by_their_first_bytes() {
        assert!(other_format(b"\x1f\x8b\x08").is_some());
        assert!(other_format(b"a,b\n").is_none());
    }
}
