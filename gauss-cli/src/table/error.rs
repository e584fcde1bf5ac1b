//! What can be wrong with a table. Each fault carries values; each displays as one line that
//! names the file and, where there is one, the row and the column.

use std::fmt;

use crate::input::ReadFault;

/// A row of data: its number among the rows of data, and its line in the file. Both count from 1;
/// they differ by the header, by blank lines and by line breaks inside quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Number among the rows of data.
    pub row: usize,
    /// Line of the file on which the row begins.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.row == self.line {
            write!(f, "row {}", self.row)
        } else {
            write!(f, "row {} (line {} of the file)", self.row, self.line)
        }
    }
}

/// A table that cannot be used: `train.csv: row 6 (line 7 of the file), column "b": not a number: "abc"`.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {fault}")]
pub struct TableError {
    /// The file as the user wrote it.
    pub file: String,
    /// What is wrong with it.
    pub fault: Fault,
}

/// Why a table cannot be used.
#[expect(missing_docs, reason = "the fields of a variant are what its sentence says")]
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// There are no bytes to be had.
    #[error(transparent)]
    Unreadable(#[from] ReadFault),
    /// No bytes, or blanks only.
    #[error("the file is empty")]
    Empty,
    /// A header and nothing below it.
    #[error("a header but no rows of data")]
    NoRows,
    /// Every row was dropped for a missing value.
    #[error("all {rows} rows have a missing value, nothing is left")]
    AllMissing { rows: usize },
    /// The first bytes belong to another kind of file.
    #[error("not a CSV table but {kind}{advice}")]
    OtherFormat { kind: &'static str, advice: &'static str },
    /// A name is not UTF-8.
    #[error("the name of column {position} is not UTF-8 text: \"{}\"", lossy.escape_debug())]
    NameNotUtf8 { position: usize, lossy: String },
    /// The first line holds numbers.
    #[error(
        "line 1 holds numbers ({first}), but a header row with the column names is required \
         (--no-header takes line 1 as data and names the columns x0, x1, ...)"
    )]
    NoHeader { first: String },
    /// A wanted column has an empty name.
    #[error("column {position} has no name (name it, or leave it out with --columns)")]
    Unnamed { position: usize },
    /// Two columns share a name.
    #[error("column {column:?} appears twice, as columns {first} and {second}")]
    Duplicate { column: String, first: usize, second: usize },
    /// A row is shorter or longer than the header.
    #[error("{place}: expected {expected} cells, got {got}{}", ending(last.as_deref()))]
    Ragged { place: Place, expected: usize, got: usize, last: Option<String> },
    /// A cell does not hold a finite number.
    #[error("{place}, column {column:?}: {fault}: {}{}", shown(cell), fault.advice())]
    Cell { place: Place, column: String, cell: String, fault: CellFault },
    /// One value throughout.
    #[error(
        "column {column:?} is constant (every row is {value:?}), so it has no density; leave it \
         out with --columns"
    )]
    Constant { column: String, value: f64 },
    /// Squares of the column's differences would leave the range of a double.
    #[error("column {column:?} spans {span:.1e}; rescale it to a span from {least:e} to {most:e}")]
    Span { column: String, span: f64, least: f64, most: f64 },
    /// Not enough to learn from.
    #[error("at least {needed} rows are needed, got {got}")]
    TooFewRows { needed: usize, got: usize },
    /// A column asked for by name is not there.
    #[error("no column {column:?}; the table has {}", list(found))]
    NoSuchColumn { column: String, found: Vec<String> },
    /// All columns are excluded.
    #[error("--exclude leaves no column")]
    NothingLeft,
    /// Some of the model's columns are not there.
    #[error("the model's column {column:?} is missing; the table has {}", list(found))]
    ModelColumn { column: String, found: Vec<String> },
    /// None of the model's columns is there.
    #[error(
        "none of the model's columns is in the table: expected {}, got {}",
        list(expected),
        list(found)
    )]
    ModelColumns { expected: Vec<String>, found: Vec<String> },
    /// A table read by position has the wrong width.
    #[error("the model has {expected} columns, the table has {got}: {}", list(found))]
    Width { expected: usize, got: usize, found: Vec<String> },
}

/// Why a cell is not a finite number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CellFault {
    /// Text that is no number.
    #[error("not a number")]
    Text,
    /// Empty, NaN, NA, null.
    #[error("missing value")]
    Missing,
    /// Infinite, or too large for a double.
    #[error("not a finite number")]
    Infinite,
}

impl CellFault {
    fn advice(self) -> &'static str {
        match self {
            CellFault::Text => "",
            CellFault::Missing | CellFault::Infinite => " (--missing drop passes over such rows)",
        }
    }
}

/// Names for a message: all of a few, the first of many.
fn list(names: &[String]) -> String {
    const SHOWN: usize = 10;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("{name:?}")).collect();
    let more =
        if names.len() > SHOWN { format!(", ... ({} in all)", names.len()) } else { String::new() };
    shown.join(", ") + &more
}

/// A cell for a message: quoted, on one line, cut where it runs on.
fn shown(cell: &str) -> String {
    const SHOWN: usize = 40;
    if cell.is_empty() {
        return "the cell is empty".to_owned();
    }
    match cell.char_indices().nth(SHOWN) {
        None => format!("{cell:?}"),
        Some((cut, _)) => format!("{:?}...", &cell[..cut]),
    }
}

/// Where a row ends that stops short.
fn ending(last: Option<&str>) -> String {
    last.map_or_else(String::new, |name| format!(" (the row ends at column {name:?})"))
}
