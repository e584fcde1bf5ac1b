//! The formats of tables, as a result is to be written: by `--format`, or by the file's name.

use std::path::Path;

use clap::ValueEnum;

/// How rows are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// Text, cells separated by commas.
    #[default]
    Csv,
    /// Text, cells separated by tabs.
    Tsv,
    /// A NumPy array `[n, d]` of doubles.
    Npy,
    /// Parquet.
    Parquet,
}

/// How text is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Packing {
    /// Not at all.
    #[default]
    None,
    /// gzip.
    Gzip,
    /// zstd.
    Zstd,
}

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Encoding {
    /// The layout.
    pub format: Format,
    /// What packs it.
    pub packing: Packing,
}

impl Encoding {
    /// What the extension of `path` says, in the format `chosen` if there is one: `.csv`, `.tsv`,
    /// both also with `.gz` or `.zst`, `.npy`, `.parquet`; CSV for any other and for standard
    /// output.
    pub fn of(path: Option<&Path>, chosen: Option<Format>) -> Encoding {
        let name = path.and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        let name = name.to_lowercase();
        let (name, packing) = match name.rsplit_once('.') {
            Some((name, "gz")) => (name, Packing::Gzip),
            Some((name, "zst")) => (name, Packing::Zstd),
            _ => (name.as_str(), Packing::None),
        };
        let by_name = match name.rsplit_once('.') {
            Some((_, "tsv")) => Format::Tsv,
            Some((_, "npy")) => Format::Npy,
            Some((_, "parquet")) => Format::Parquet,
            _ => Format::Csv,
        };
        Encoding { format: chosen.unwrap_or(by_name), packing }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_says_how() {
        for (name, format, packing) in [
            ("a.csv", Format::Csv, Packing::None),
            ("a.CSV.gz", Format::Csv, Packing::Gzip),
            ("a.b/c.tsv.zst", Format::Tsv, Packing::Zstd),
            ("x.npy", Format::Npy, Packing::None),
            ("x.parquet", Format::Parquet, Packing::None),
            ("x.txt", Format::Csv, Packing::None),
            ("parquet", Format::Csv, Packing::None),
        ] {
            assert_eq!(Encoding::of(Some(Path::new(name)), None), Encoding { format, packing });
        }
        let chosen = Encoding::of(Some(Path::new("x.csv.gz")), Some(Format::Tsv));
        assert_eq!(chosen, Encoding { format: Format::Tsv, packing: Packing::Gzip });
        assert_eq!(Encoding::of(None, None), Encoding::default());
    }
}
