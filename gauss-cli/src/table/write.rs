//! Writing: rows in pieces to any format, every value in its column's own form. Real numbers are
//! written in the shortest decimals that read back to the same bits, integers without a point,
//! categories by their names.

use std::io::{self, Write};

use faer::MatRef;
use gauss_model::Column;

use super::Encoding;
use super::format::WRITABLE;

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
        "cannot be written as .{extension}; write {}, or name the format with --format",
        *WRITABLE
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

/// What takes the rows of a table, in one of the formats.
pub trait RowSink {
    /// Writes the next rows `[m, d]`.
    ///
    /// # Errors
    /// Those of the writer below.
    fn rows(&mut self, rows: MatRef<'_, f64>) -> io::Result<()>;

    /// Writes what is to follow the last row.
    ///
    /// # Errors
    /// Those of the writer below.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

impl Encoding {
    /// Whether it can hold such columns.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn check(self, columns: &[Column]) -> Result<(), Unwritable> {
        self.format.layout().check(columns)
    }

    /// Begins a table of `rows` rows.
    ///
    /// # Errors
    /// Those of `out`, and of a format that cannot hold the columns.
    pub fn begin<'w>(
        self,
        out: Out<'w>,
        columns: &[Column],
        rows: usize,
    ) -> io::Result<Box<dyn RowSink + 'w>> {
        self.check(columns).map_err(io::Error::other)?;
        self.format.layout().begin(out, self.packing, columns, rows)
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
    let mut writer = encoding.begin(out, columns, rows.nrows())?;
    writer.rows(rows)?;
    writer.finish()
}
