//! The formats of tables, as a result is to be written: by `--format`, or by the file's name.

use std::path::Path;

use clap::ValueEnum;

use super::Unwritable;

/// Extensions under which nobody looks for text.
const FOREIGN: [&str; 15] = [
    "arrow", "bz2", "feather", "h5", "hdf5", "json", "mat", "npz", "ods", "pickle", "pkl", "xls",
    "xlsx", "xz", "zip",
];

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
    ///
    /// # Errors
    /// [`Unwritable::Foreign`] for the extension of a format that is not written here, unless one
    /// is chosen, and [`Unwritable::Packed`] for `.npy.gz` and the like.
    pub fn of(path: Option<&Path>, chosen: Option<Format>) -> Result<Encoding, Unwritable> {
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
            Some((_, extension)) if chosen.is_none() && FOREIGN.contains(&extension) => {
                return Err(Unwritable::Foreign { extension: extension.to_owned() });
            }
            _ => Format::Csv,
        };
        let format = chosen.unwrap_or(by_name);
        let extension = match (format, packing) {
            (Format::Csv | Format::Tsv, _) | (_, Packing::None) => {
                return Ok(Encoding { format, packing });
            }
            (_, Packing::Gzip) => "gz",
            (_, Packing::Zstd) => "zst",
        };
        Err(Unwritable::Packed { extension })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, chosen: Option<Format>) -> Result<Encoding, Unwritable> {
        Encoding::of(Some(Path::new(name)), chosen)
    }

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
            assert_eq!(of(name, None).expect("a format"), Encoding { format, packing }, "{name}");
        }
        let chosen = of("x.csv.gz", Some(Format::Tsv)).expect("a format");
        assert_eq!(chosen, Encoding { format: Format::Tsv, packing: Packing::Gzip });
        assert_eq!(Encoding::of(None, None).expect("CSV"), Encoding::default());
        for name in ["x.xlsx", "x.csv.bz2", "x.JSON", "x.npz"] {
            assert!(matches!(of(name, None), Err(Unwritable::Foreign { .. })), "{name}");
        }
        assert_eq!(of("x.json", Some(Format::Tsv)).expect("a format").format, Format::Tsv);
        for name in ["x.npy.gz", "x.parquet.zst"] {
            assert!(matches!(of(name, None), Err(Unwritable::Packed { .. })), "{name}");
        }
    }
}
