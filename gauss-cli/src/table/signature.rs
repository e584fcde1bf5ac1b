//! What a file is, by its first bytes: a table of one of the formats, or something else by its
//! signature. Whatever has no signature is text.

use super::Format;

/// What the first bytes say a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// A table; of any text, its first format.
    Table(Format),
    /// What it is, and what to do about it.
    Other(&'static str, &'static str),
}

/// First bytes of what is no table, or none that is read here.
const FOREIGN: [(&[u8], Content); 10] = [
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
    let own =
        Format::with_signatures().map(|(signature, format)| (signature, Content::Table(format)));
    match own.chain(FOREIGN).find(|(signature, _)| head.starts_with(signature)) {
        Some((signature, _))
            if signature.len() < LONG
                && head.len() > signature.len()
                && head.iter().all(|&b| is_printed(b)) =>
        {
            Content::Table(Format::default())
        }
        Some((_, content)) => content,
        None => Content::Table(Format::default()),
    }
}

/// Whether a byte may stand in a header of plain text.
fn is_printed(byte: u8) -> bool {
    (b' '..=b'~').contains(&byte) || byte.is_ascii_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: Content = Content::Table(Format::Csv);

    #[test]
    fn formats_are_told_by_their_first_bytes() {
        assert_eq!(content(b"\x93NUMPY\x01\x00"), Content::Table(Format::Npy));
        assert_eq!(content(b"PAR1\x15\x04"), Content::Table(Format::Parquet));
        assert_eq!(content(b"PAR1,PAR2\n"), TEXT);
        assert_eq!(content(b"BZh,x\n1,2"), TEXT);
        assert!(matches!(content(b"BZh91AY&SY\x38\x2d"), Content::Other(..)));
        assert!(matches!(content(b"PK\x03\x04"), Content::Other(..)));
        assert_eq!(content(b"a,b\n"), TEXT);
    }
}
