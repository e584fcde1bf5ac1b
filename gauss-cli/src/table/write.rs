//! Writing: rows in pieces to any format, every value in its column's own form. Real numbers are
//! written in the shortest decimals that read back to the same bits, integers without a point,
//! categories by their names.

use std::io::{self, Write};

use faer::MatRef;
use gauss_model::{Column, Kind};

use super::{Encoding, Format};

mod npy;
mod pack;
#[cfg(feature = "parquet")]
mod parquet;
mod text;

/// What takes the bytes of a table.
pub type Out<'w> = &'w mut (dyn Write + Send);

/// A table that a format cannot hold.
#[expect(missing_docs, reason = "the fields of a variant are what its sentence says")]
#[derive(Debug, thiserror::Error)]
pub enum Unwritable {
    /// Text in an array of numbers.
    #[error(
        "a NumPy array holds numbers only, and column {column:?} holds names; write .csv or \
         .parquet"
    )]
    Text { column: String },
    /// A name that belongs to a format of others.
    #[error(
        "cannot be written as .{extension}; write .csv or .tsv (also .gz, .zst), .npy or .parquet, \
         or name the format with --format"
    )]
    Foreign { extension: String },
    /// A name that asks to pack what is not packed.
    #[error(
        "only text is packed by gzip or zstd; leave out .{extension}, or write .csv.{extension}"
    )]
    Packed { extension: &'static str },
    /// A program built without the format.
    #[error("this gauss was built without Parquet; write .csv, or build with --features parquet")]
    NoParquet,
}

/// A table that is being written.
pub enum Writer<'w> {
    #[doc(hidden)]
    Text(text::Text<'w>),
    #[doc(hidden)]
    Npy(npy::Npy<'w>),
    #[cfg(feature = "parquet")]
    #[doc(hidden)]
    Parquet(Box<parquet::Parquet<'w>>),
}

impl Encoding {
    /// Whether it can hold such columns.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn check(self, columns: &[Column]) -> Result<(), Unwritable> {
        let is_text = |column: &&Column| matches!(column.kind, Kind::Category(_));
        match (self.format, columns.iter().find(is_text)) {
            (Format::Npy, Some(column)) => Err(Unwritable::Text { column: column.name.clone() }),
            (Format::Parquet, _) if !cfg!(feature = "parquet") => Err(Unwritable::NoParquet),
            _ => Ok(()),
        }
    }
}

impl<'w> Writer<'w> {
    /// Begins a table of `rows` rows.
    ///
    /// # Errors
    /// Those of `out`, and of a format that cannot hold the columns.
    pub fn begin(
        out: Out<'w>,
        encoding: Encoding,
        columns: &[Column],
        rows: usize,
    ) -> io::Result<Writer<'w>> {
        encoding.check(columns).map_err(io::Error::other)?;
        Ok(match encoding.format {
            Format::Csv => Writer::Text(text::Text::begin(out, b',', encoding.packing, columns)?),
            Format::Tsv => Writer::Text(text::Text::begin(out, b'\t', encoding.packing, columns)?),
            Format::Npy => Writer::Npy(npy::Npy::begin(out, rows, columns.len())?),
            #[cfg(feature = "parquet")]
            Format::Parquet => Writer::Parquet(Box::new(parquet::Parquet::begin(out, columns)?)),
            #[cfg(not(feature = "parquet"))]
            Format::Parquet => return Err(io::Error::other(Unwritable::NoParquet)),
        })
    }

    /// Writes the next rows `[m, d]`.
    ///
    /// # Errors
    /// Those of the writer below.
    pub fn rows(&mut self, rows: MatRef<'_, f64>) -> io::Result<()> {
        match self {
            Writer::Text(writer) => writer.rows(rows),
            Writer::Npy(writer) => writer.rows(rows),
            #[cfg(feature = "parquet")]
            Writer::Parquet(writer) => writer.rows(rows),
        }
    }

    /// Writes what is to follow the last row.
    ///
    /// # Errors
    /// Those of the writer below.
    pub fn finish(self) -> io::Result<()> {
        match self {
            Writer::Text(writer) => writer.finish(),
            Writer::Npy(_) => Ok(()),
            #[cfg(feature = "parquet")]
            Writer::Parquet(writer) => writer.finish(),
        }
    }
}

/// Writes a whole table `[n, d]`.
///
/// # Errors
/// Those of `out`, and of a format that cannot hold the columns.
pub fn write(
    out: Out<'_>,
    encoding: Encoding,
    columns: &[Column],
    rows: MatRef<'_, f64>,
) -> io::Result<()> {
    let mut writer = Writer::begin(out, encoding, columns, rows.nrows())?;
    writer.rows(rows)?;
    writer.finish()
}

/// A number in the shortest decimals that read back to the same bits.
pub fn number_text(value: f64) -> String {
    zmij::Buffer::new().format(value).to_owned()
}
