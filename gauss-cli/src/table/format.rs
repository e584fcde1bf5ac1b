//! The formats of tables, all in one list: how a file of each begins, ends in its name, is read and
//! is written.
//!
//! A new format is a module with a [`Layout`], a variant of [`Format`] and a line of [`FORMATS`].

use std::io;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use clap::ValueEnum;
use gauss_model::Column;

use super::cells::Collected;
use super::input::Source;
use super::npy::Npy;
use super::parquet::Parquet;
use super::text::Text;
use super::write::RowSink;
use super::{Fault, Out, ReadOptions, Select, Unwritable};
use crate::terminal::Reading;

/// What a format can do.
pub trait Layout: Sync {
    /// What every file of the format begins with; none is text, which may be packed.
    fn signature(&self) -> Option<&'static [u8]>;

    /// Reads the wanted columns of the file at `path`, which `source` has opened.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    fn read(
        &self,
        path: &Path,
        source: Source,
        wanted: Select<'_>,
        options: &ReadOptions,
        reading: &Arc<Reading>,
    ) -> Result<Collected, Fault>;

    /// Whether a file can hold such columns.
    ///
    /// # Errors
    /// Why it cannot.
    fn check(&self, _columns: &[Column]) -> Result<(), Unwritable> {
        Ok(())
    }

    /// Begins a file of `rows` rows.
    ///
    /// # Errors
    /// Those of `out`.
    fn begin<'w>(
        &self,
        out: Out<'w>,
        packing: Packing,
        columns: &[Column],
        rows: usize,
    ) -> io::Result<Box<dyn RowSink + 'w>>;
}

/// Every format with the extension of its files.
const FORMATS: [(Format, &str, &dyn Layout); 4] = [
    (Format::Csv, "csv", &Text(b',')),
    (Format::Tsv, "tsv", &Text(b'\t')),
    (Format::Npy, "npy", &Npy),
    (Format::Parquet, "parquet", &Parquet),
];

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

impl Format {
    fn entry(self) -> &'static (Format, &'static str, &'static dyn Layout) {
        &FORMATS[self as usize] // in the order of the variants, as a test says
    }

    /// What it can do.
    pub(super) fn layout(self) -> &'static dyn Layout {
        self.entry().2
    }

    /// Those that are no text, each with what its files begin with.
    pub(super) fn with_signatures() -> impl Iterator<Item = (&'static [u8], Format)> {
        FORMATS.iter().filter_map(|(format, _, layout)| Some((layout.signature()?, *format)))
    }

    fn by_extension(extension: &str) -> Option<Format> {
        FORMATS.iter().find(|(_, own, _)| *own == extension).map(|(format, ..)| *format)
    }
}

/// `csv|tsv|...`, for the help.
pub static NAMES: LazyLock<String> = LazyLock::new(|| FORMATS.map(|(_, name, _)| name).join("|"));
/// `.csv, .tsv, ...`, for the help.
pub static EXTENSIONS: LazyLock<String> =
    LazyLock::new(|| FORMATS.map(|(_, name, _)| format!(".{name}")).join(", "));
/// `.csv or .tsv (also .gz, .zst), ...`, for the help and for messages.
pub static WRITABLE: LazyLock<String> = LazyLock::new(|| {
    let named = |text: bool| -> Vec<String> {
        let formats = FORMATS.iter().filter(|(.., layout)| layout.signature().is_none() == text);
        formats.map(|(_, name, _)| format!(".{name}")).collect()
    };
    format!("{} (also .gz, .zst), {}", either(&named(true)), either(&named(false)))
});

/// `a`, `a or b`, `a, b or c`.
fn either(names: &[String]) -> String {
    match names {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => names.concat(),
    }
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
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        if chosen.is_none() && FOREIGN.contains(&extension) {
            return Err(Unwritable::Foreign { extension: extension.to_owned() });
        }
        let format = chosen.or_else(|| Format::by_extension(extension)).unwrap_or_default();
        let is_text = format.layout().signature().is_none();
        match packing {
            Packing::Gzip if !is_text => Err(Unwritable::Packed { extension: "gz" }),
            Packing::Zstd if !is_text => Err(Unwritable::Packed { extension: "zst" }),
            _ => Ok(Encoding { format, packing }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, chosen: Option<Format>) -> Result<Encoding, Unwritable> {
        Encoding::of(Some(Path::new(name)), chosen)
    }

    #[test]
    fn the_list_is_in_the_order_of_the_variants() {
        for (listed, format) in FORMATS.iter().zip(Format::value_variants()) {
            assert_eq!(listed.0, *format);
            let name = format.to_possible_value().expect("a value of --format");
            assert_eq!(name.get_name(), listed.1);
        }
        assert_eq!(FORMATS.len(), Format::value_variants().len());
    }

    #[test]
    fn the_formats_are_named_in_the_help() {
        assert_eq!(*NAMES, "csv|tsv|npy|parquet");
        assert_eq!(*EXTENSIONS, ".csv, .tsv, .npy, .parquet");
        assert_eq!(*WRITABLE, ".csv or .tsv (also .gz, .zst), .npy or .parquet");
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
