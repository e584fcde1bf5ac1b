//! Tables in and out: text (CSV, TSV), NumPy arrays and Parquet, text also packed by gzip or zstd.
//!
//! Reading is strict, because a density fitted to a misread table is worse than no density: every
//! row has as many cells as the header, every wanted cell is a finite number or the name of a
//! category, every column's name is unique. What is wrong is a [`TableError`] that names file, row
//! and column.
//!
//! ```text
//!   bytes ─▶ signature: which format? ─▶ text, npy or parquet ─▶ cells ─▶ missing ─▶ Table
//!                                             ▲
//!                                    select: which columns?
//! ```
//!
//! The format is found from the bytes, not from the file's name. Only the wanted columns are
//! parsed, so a table may carry identifiers and labels beside them. A table passes through in
//! blocks; what stays in memory are the wanted values, and once more at most one column of them.

mod cells;
mod error;
mod format;
mod input;
mod leftover;
mod limits;
mod memory;
mod missing;
mod note;
mod npy;
mod numbers;
mod output;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(not(feature = "parquet"))]
#[path = "parquet/absent.rs"]
mod parquet;
mod select;
mod signature;
mod text;
mod ways;
mod weights;
mod words;
mod write;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use faer::Mat;
use gauss_flow::Rows;
use gauss_model::{Column, Kind};

use crate::terminal::{Reading, Remark, say};
use cells::Collected;
use signature::Content;

pub use error::{CellFault, Ending, Fault, Place, Sighting, TableError};
pub use format::{EXTENSIONS, Encoding, Format, NAMES, Packing, WRITABLE};
pub use input::{ReadFault, display_name, is_stdin, read_bytes};
pub use memory::{Short, affordable};
pub use missing::Rest;
pub use output::{Destination, Directory, OutputError};
pub use select::{Leave, Select, data_names, latent_names};
pub use write::{Out, RowSink, Unwritable, write};

/// A table in memory: `data` is `n × d`, column-major, one column per name.
#[derive(Debug, Clone)]
pub struct Table {
    /// Where it was read from, as the user wrote it; `-` is standard input.
    pub path: PathBuf,
    /// The selected columns, in the order of `data`: categories with their levels, all others
    /// real until the user says more.
    pub columns: Vec<Column>,
    /// `n × d`, a row per sample.
    pub data: Mat<f64>,
    /// How many rows each row counts for `[n]`, where a column says so; 0 in a row of NaN.
    pub weights: Option<Vec<f64>>,
    /// Rows with a missing value: dropped, or present as rows of NaN, as [`Missing`] says.
    pub missing_rows: usize,
    /// Rows that were left out, by their place among those of the file, in rising order.
    pub dropped: Vec<usize>,
    /// Missing cells that were filled, of each column; [`Missing::Median`] only.
    pub filled: Vec<usize>,
    /// How one of its columns is left out.
    pub leave: Leave,
    /// Names of the file's columns that are not in use, of a table that is learnt from.
    pub others: Vec<String>,
    /// Cells of the model's categories that hold none of its names; their value is -1, outside
    /// the support.
    pub unknown: Option<Unknown>,
}

/// Cells that name no category of the model's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// How many.
    pub cells: usize,
    /// The first of them.
    pub first: Sighting,
}

/// What to do about a wanted cell that is empty, NaN, NA, N/A, null, None or `?`, whether in
/// capitals or not, or null in Parquet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Missing {
    /// Stop with an error that counts them.
    #[default]
    Reject,
    /// Leave the row out, as one with an infinite cell.
    DropRow,
    /// Keep the row's place: all its values become NaN, as of one with an infinite cell.
    NanRow,
    /// Fill the cell with [`Column::fill`] of the model, or with the table's own median.
    Median,
}

/// How to read a table.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct ReadOptions {
    /// The first line is data already; columns are named `x0, x1, ...`.
    pub no_header: bool,
    /// The first line is the header, also where it holds numbers.
    pub header: bool,
    /// The separator of cells; found from the first line where absent.
    pub delimiter: Option<u8>,
    /// Numbers in text have a decimal comma.
    pub decimal_comma: bool,
    /// What to do with missing values.
    pub missing: Missing,
    /// Names, patterns and ranges of columns to read as categories; of no concern to a table that
    /// is read for a model.
    pub categories: Vec<String>,
    /// The column that holds the weights of the rows; it is none of the wanted ones, unless a model
    /// has one of its name.
    pub weights: Option<String>,
    /// Whether to say on standard error how far a long reading is, and what was passed over.
    pub progress: bool,
}

/// Reads the wanted columns of the table at `path` (`-`: standard input).
///
/// The columns of [`Select::Model`] are the model's. Any others are new: categories with their
/// names, the commonest first, or real; `fill` is the column's median or commonest name.
///
/// # Errors
/// The first thing that is wrong with the file, its header or one of its rows.
pub fn read(path: &Path, wanted: Select<'_>, options: &ReadOptions) -> Result<Table, TableError> {
    let file = input::display_name(path);
    let reading = Arc::new(Reading::new(options.progress, &file));
    let cells = collect(path, wanted, options, &reading);
    reading.finish();
    let table = cells
        .and_then(|cells| finish(cells, wanted, options, &file))
        .map_err(|fault| TableError { file, fault })?;
    Ok(Table { path: path.to_owned(), ..table })
}

/// The cells of the wanted columns, by the format of the file.
fn collect(
    path: &Path,
    wanted: Select<'_>,
    options: &ReadOptions,
    reading: &Arc<Reading>,
) -> Result<Collected, Fault> {
    let source = input::open(path, reading)?;
    match signature::content(&source.head) {
        Content::Table(format) => format.layout().read(path, source, wanted, options, reading),
        Content::Other(kind, advice) => Err(Fault::OtherFormat { kind, advice }),
    }
}

/// The policy on missing values, and the matrix.
fn finish(
    mut cells: Collected,
    wanted: Select<'_>,
    options: &ReadOptions,
    file: &str,
) -> Result<Table, Fault> {
    cells.settle_doubtful()?;
    for note in cells.notes.iter().filter(|_| options.progress) {
        say(&Remark::note(format!("{file}: {note}")));
    }
    let levels = cells.settle_levels();
    let mut columns = if let Select::Model(columns) = wanted {
        columns.to_vec()
    } else {
        // The median of a latent column is that of a standard normal variable.
        let fill = matches!(wanted, Select::Latent(_)).then_some(0.0);
        let column = |(field, levels): (&cells::Field, Option<Vec<String>>)| match levels {
            Some(levels) if levels.is_empty() => {
                Err(Fault::NoValues { column: field.name.clone(), leave: cells.leave() })
            }
            Some(levels) => {
                Ok(Column { kind: Kind::Category(levels), ..Column::real(&field.name) })
            }
            None => Ok(Column { fill, ..Column::real(&field.name) }),
        };
        let own = cells.fields.iter().zip(levels).filter(|(field, _)| !field.is_weight());
        own.map(column).collect::<Result<_, _>>()?
    };
    weights::check(&cells, options.missing)?;
    let outcome = missing::apply(&mut cells, &mut columns, wanted.is_own(), options.missing)?;
    let unknown = cells.first(|cells| &cells.unknown).map(|first| Unknown {
        cells: cells.cells.iter().map(|cells| cells.unknown.count).sum(),
        first,
    });
    let weights = weights::take(&mut cells)?;
    let (leave, others) = (cells.leave(), std::mem::take(&mut cells.others));
    Ok(Table {
        path: PathBuf::new(),
        leave,
        others,
        columns,
        data: matrix(cells, wanted.is_own())?,
        weights,
        missing_rows: outcome.missing_rows,
        dropped: outcome.dropped,
        filled: outcome.filled,
        unknown,
    })
}

/// The columns as a matrix, column by column, each gone before the next one is copied.
fn matrix(table: Collected, is_own: bool) -> Result<Mat<f64>, Fault> {
    let Collected { cells, rows, .. } = table;
    let bytes = rows.saturating_mul(cells.len()).saturating_mul(size_of::<f64>());
    // As the columns go while it fills, one of them more than there is is what it takes.
    let column = rows.saturating_mul(size_of::<f64>());
    memory::affordable(column).map_err(|short| Fault::memory(short, is_own))?;
    let mut data = Mat::new();
    let refused = |_| Fault::memory(Short::of(bytes), is_own);
    data.try_reserve(rows, cells.len()).map_err(refused)?;
    data.resize_with(rows, 0, |_, _| 0.0);
    for (j, column) in cells.into_iter().enumerate() {
        data.resize_with(rows, j + 1, |i, _| column.values[i]);
    }
    Ok(data)
}

impl Table {
    /// The names of the columns.
    pub fn names(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.name.clone()).collect()
    }

    /// How many missing cells were filled, by column, of those that had any.
    pub fn filled_by_name(&self) -> BTreeMap<String, usize> {
        let counted = self.names().into_iter().zip(self.filled.iter().copied());
        counted.filter(|&(_, cells)| cells > 0).collect()
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.data.nrows()
    }

    /// The rows with their weights, if they have any.
    ///
    /// # Errors
    /// None for a table that has been read: its weights are finite, and one is above 0.
    pub fn weighted(&self) -> Result<Rows<'_>, gauss_flow::Error> {
        match &self.weights {
            Some(weights) => Rows::weighted(self.data.as_ref(), weights),
            None => Ok(self.data.as_ref().into()),
        }
    }

    /// The effective number of rows, (Σw)²/Σw²; `None` where they have no weights.
    pub fn effective_rows(&self) -> Option<f64> {
        self.weights.as_ref().and_then(|_| self.weighted().ok()).map(|rows| rows.effective())
    }

    /// The number of a row of `data` among the file's rows of data, counted from 1.
    pub fn row_number(&self, row: usize) -> usize {
        let mut place = row;
        for &dropped in &self.dropped {
            if dropped > place {
                break;
            }
            place += 1;
        }
        place + 1
    }

    /// The file as messages name it.
    pub fn file(&self) -> String {
        input::display_name(&self.path)
    }

    /// The position of a column in `data`.
    ///
    /// # Errors
    /// [`Fault::NotSelected`].
    pub fn position(&self, name: &str) -> Result<usize, TableError> {
        let position = self.columns.iter().position(|column| column.name == name);
        position.ok_or_else(|| self.no_column(name))
    }

    /// The refusal of a name that none of the selected columns has.
    pub fn no_column(&self, name: &str) -> TableError {
        self.fault(Fault::NotSelected { column: name.to_owned(), found: self.names() })
    }

    /// The positions in `data` that names, patterns and ranges select.
    ///
    /// # Errors
    /// What selects nothing.
    pub fn positions(&self, wanted: &[String]) -> Result<Vec<usize>, TableError> {
        select::matching(&self.names(), wanted).map_err(|fault| match fault {
            Fault::NoSuchColumn { column, found } => {
                self.fault(Fault::NotSelected { column, found })
            }
            fault => self.fault(fault),
        })
    }

    /// The same of columns that the file has, in use or not: those that are.
    ///
    /// # Errors
    /// What selects nothing in the whole file.
    pub fn positions_in_use(&self, wanted: &[String]) -> Result<Vec<usize>, TableError> {
        let is_other = |text: &String| {
            let one = std::slice::from_ref(text);
            self.positions(one).is_err() && select::matching(&self.others, one).is_ok()
        };
        let wanted: Vec<String> = wanted.iter().filter(|text| !is_other(text)).cloned().collect();
        self.positions(&wanted)
    }

    /// What is wrong with the table, with its file.
    pub fn fault(&self, fault: Fault) -> TableError {
        TableError { file: self.file(), fault }
    }
}
