//! Numeric tables: one header of column names, then rows of numbers.
//!
//! Reading is strict, because a density fitted to a misread table is worse than no density: every
//! row has as many cells as the header, every wanted cell is a finite number, every name is
//! unique. The first departure is a [`TableError`] that names file, row and column.
//!
//! ```text
//! bytes --dialect--> text, delimiter --header--> names --Select--> wanted fields --rows--> Mat
//! ```
//!
//! Only the wanted columns are parsed, so a table may carry identifiers and labels beside them.

mod dialect;
mod error;
mod read;
mod select;
mod write;

use std::path::PathBuf;

use faer::Mat;
use gauss_flow::Column;

use crate::input;

pub use error::{CellFault, Fault, Place, TableError};
pub use read::read;
pub use select::{Select, data_names, latent_names};
pub use write::{write, write_header, write_rows};

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
    /// Rows with a missing value: dropped, or present as rows of NaN, as [`Missing`] says.
    pub missing_rows: usize,
}

/// What to do with a row in which a wanted cell is empty, NaN, NA, null or infinite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Missing {
    /// Stop with an error that names the cell.
    #[default]
    Reject,
    /// Leave the row out.
    DropRow,
    /// Keep the row's place: all its values become NaN.
    NanRow,
}

/// How to read a table.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// The first line is data already; columns are named `x0, x1, ...`.
    pub no_header: bool,
    /// The separator of cells; found from the first line where absent.
    pub delimiter: Option<u8>,
    /// What to do with missing values.
    pub missing: Missing,
}

impl Table {
    /// The names of the columns.
    pub fn names(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.name.clone()).collect()
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.data.nrows()
    }

    /// The file as messages name it.
    pub fn file(&self) -> String {
        input::display_name(&self.path)
    }

    /// The position of a column in `data`.
    ///
    /// # Errors
    /// [`Fault::NoSuchColumn`].
    pub fn position(&self, name: &str) -> Result<usize, TableError> {
        self.columns.iter().position(|column| column.name == name).ok_or_else(|| {
            self.fault(Fault::NoSuchColumn { column: name.to_owned(), found: self.names() })
        })
    }

    /// At least `needed` rows.
    ///
    /// # Errors
    /// [`Fault::TooFewRows`].
    pub fn require_rows(&self, needed: usize) -> Result<(), TableError> {
        if self.rows() >= needed {
            return Ok(());
        }
        Err(self.fault(Fault::TooFewRows { needed, got: self.rows() }))
    }

    /// Every column spreads as learning needs it: more than one value, for a density on a line
    /// has no finite logarithm off it, and differences whose squares a double can hold.
    ///
    /// # Errors
    /// [`Fault::Constant`] or [`Fault::Span`].
    pub fn require_spread(&self) -> Result<(), TableError> {
        const LEAST: f64 = 1e-150;
        const MOST: f64 = 1e150;
        for (cells, column) in self.data.col_iter().zip(self.names()) {
            let min = cells.iter().copied().fold(f64::INFINITY, f64::min);
            let max = cells.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let span = max - min;
            if min == max {
                return Err(self.fault(Fault::Constant { column, value: min }));
            }
            if !(LEAST..=MOST).contains(&span) {
                return Err(self.fault(Fault::Span { column, span, least: LEAST, most: MOST }));
            }
        }
        Ok(())
    }

    fn fault(&self, fault: Fault) -> TableError {
        TableError { file: self.file(), fault }
    }
}
