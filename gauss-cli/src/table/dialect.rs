//! What the bytes say before the first cell is read: the byte-order mark, other formats by their
//! signature, the delimiter, and whether the first line is a header.

/// The separators that are looked for, in order of preference where counts are equal.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// What the first bytes say a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    Text,
    Npy,
    Parquet,
    /// What it is, and what to do about it.
    Other(&'static str, &'static str),
}

/// First bytes and what they belong to; everything else is text.
const SIGNATURES: [(&[u8], Content); 12] = [
    (b"\x93NUMPY", Content::Npy),
    (b"PAR1", Content::Parquet),
    (b"PK\x03\x04", Content::Other("a zip archive or spreadsheet", "; export it as CSV first")),
    (b"\xff\xfe", Content::Other("UTF-16 text", "; save it as UTF-8 first")),
    (b"\xfe\xff", Content::Other("UTF-16 text", "; save it as UTF-8 first")),
    (b"PARE", Content::Other("an encrypted Parquet file", "; decrypt it first")),
    (b"ARROW1", Content::Other("an Arrow file", "; save it as Parquet first")),
    (b"\x89HDF", Content::Other("an HDF5 file", "; export it as CSV, NumPy or Parquet first")),
    (b"\xfd7zXZ", Content::Other("packed by xz", "; unpack it first")),
    (b"BZh91AY&SY", Content::Other("packed by bzip2", "; unpack it first")),
    (b"\x1f\x8b", Content::Other("packed twice", "; unpack it once first")),
    (b"GAUSSFLO", Content::Other("a gauss model", " (the model comes first, then the table)")),
];

/// A signature that no header of a text begins with.
const LONG: usize = 8;

/// What a file that begins with these bytes is. A header of a CSV file may begin with `PAR1` or
/// `ARROW1`, but not go on as those do, with bytes that are not printed.
pub fn content(head: &[u8]) -> Content {
    match SIGNATURES.iter().find(|(signature, _)| head.starts_with(signature)) {
        Some((signature, _))
            if signature.len() < LONG
                && head.len() > signature.len()
                && head.iter().all(|&b| is_printed(b)) =>
        {
            Content::Text
        }
        Some(&(_, content)) => content,
        None => Content::Text,
    }
}

/// Whether a byte may stand in a header of plain text.
fn is_printed(byte: u8) -> bool {
    (b' '..=b'~').contains(&byte) || byte.is_ascii_whitespace()
}

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
    let most = counts.iter().copied().max().unwrap_or(0);
    let k = counts.iter().position(|&c| c == most).unwrap_or(0);
    candidates[k]
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
    fn formats_are_told_by_their_first_bytes() {
        assert_eq!(content(b"\x93NUMPY\x01\x00"), Content::Npy);
        assert_eq!(content(b"PAR1\x15\x04"), Content::Parquet);
        assert_eq!(content(b"PAR1,PAR2\n"), Content::Text);
        assert_eq!(content(b"BZh,x\n1,2"), Content::Text);
        assert!(matches!(content(b"BZh91AY&SY\x38\x2d"), Content::Other(..)));
        assert!(matches!(content(b"PK\x03\x04"), Content::Other(..)));
        assert_eq!(content(b"a,b\n"), Content::Text);
    }
}
