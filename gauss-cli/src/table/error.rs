//! What can be wrong with a table. Each fault carries values; each displays as one line that
//! names the file and, where there is one, the row and the column.

use std::fmt;

use super::input::ReadFault;
use super::memory::Short;
use super::ways::{left_out, missing, single, text_columns};
use super::words::{among, list, meant, shown, with_decimal_comma};
use super::{Leave, Rest};
use crate::error::Failure;
use crate::words::counted;

/// A row of data: its number among the rows of data, and its line in the file. Both count from 1;
/// they differ by the header, by blank lines and by line breaks inside quotes. In a file without
/// lines they are the same.
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

impl Place {
    /// For use in brackets: `row 1, line 2 of the file`.
    fn plain(self) -> String {
        if self.row == self.line {
            format!("row {}", self.row)
        } else {
            format!("row {}, line {} of the file", self.row, self.line)
        }
    }
}

/// A cell that a message shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// Name of the column.
    pub column: String,
    /// Where in it.
    pub place: Place,
    /// What stands there.
    pub cell: String,
}

impl Sighting {
    /// `"city" (row 1, line 2 of the file: "Oslo")`, with words after the name.
    pub(super) fn worded(&self, words: &str) -> String {
        format!("{:?} {words}({}: {})", self.column, self.place.plain(), shown(&self.cell))
    }
}

impl fmt::Display for Sighting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.worded(""))
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

impl Failure for TableError {}

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
    /// Columns and nothing in them.
    #[error("a header but no rows of data")]
    NoRows,
    /// An array without a number in it.
    #[error("an array of no numbers")]
    NoNumbers,
    /// Every row was dropped for a missing value.
    #[error(
        "{} a missing value, nothing is left{}",
        if *rows == 1 { "the one row has".to_owned() } else { format!("all {rows} rows have") },
        if *fillable { " (--missing median fills in the column's median)" } else { "" }
    )]
    AllMissing { rows: usize, fillable: bool },
    /// The first bytes belong to another kind of file.
    #[error("not a table but {kind}{advice}")]
    OtherFormat { kind: &'static str, advice: &'static str },
    /// The bytes do not keep to the format that they begin with.
    #[error("a damaged {format} file: {reason}; write or fetch it again")]
    Damaged { format: &'static str, reason: String },
    /// An array of another shape or of other elements than numbers.
    #[error("a NumPy array of {what}; a table is an array of numbers [n] or [n, d]")]
    NotATable { what: String },
    /// A program built without the format.
    #[error(
        "a Parquet file, and this gauss was built without Parquet; save it as CSV, or build with \
         --features parquet"
    )]
    NoParquet,
    /// A column that a Parquet file packs in a way that cannot be undone here.
    #[error(
        "column {column:?} is compressed with {codec}, which is not supported; write the file \
         with zstd, snappy, gzip, lz4 or without compression"
    )]
    Codec { column: String, codec: String },
    /// A wanted column that holds neither numbers nor text.
    #[error("column {column:?} holds {what}; {}make it a number first", leave.or(column))]
    NotNumbers { column: String, what: String, leave: Leave },
    /// A name is not UTF-8.
    #[error(
        "the name of column {position} is not UTF-8 text: {}; save the table as UTF-8 first",
        shown(lossy)
    )]
    NameNotUtf8 { position: usize, lossy: String },
    /// A name runs on and on.
    #[error("the name of column {position} is {bytes} bytes long; at most {most} are a name")]
    LongName { position: usize, bytes: usize, most: usize },
    /// So does the name of a category.
    #[error(
        "{place}, column {column:?}: a name of {bytes} bytes; a category's has at most {most}{}",
        left_out(column, *leave)
    )]
    LongLevel { place: Place, column: String, bytes: usize, most: usize, leave: Leave },
    /// More columns than a table can have.
    #[error("{got} columns; at most {most} are read")]
    TooWide { got: usize, most: usize },
    /// A row of text that does not end.
    #[error(
        "the row that begins on line {line} is longer than {} MiB, which is the most that is read \
         as one row: look for a quote (\") that is never closed, or for a file without line breaks",
        most >> 20
    )]
    LongRecord { line: usize, most: usize },
    /// The machine is too small for the values.
    #[error(
        "{short} for the values in use: {}cut the table into parts",
        if *is_own { "choose fewer columns with --columns, or " } else { "" }
    )]
    Memory { short: Short, is_own: bool },
    /// Or for what is made of them.
    #[error(
        "{short} to learn from {} of {}: choose fewer columns with --columns, or fit to fewer rows",
        counted(*rows, "row"),
        counted(*columns, "column")
    )]
    FitMemory { short: Short, rows: usize, columns: usize },
    /// The first line holds numbers.
    #[error(
        "line 1 holds numbers ({first}), but a header row with the column names is required \
         ({}--no-header takes line 1 as data and {})",
        if *names { "--header takes line 1 as the names; " } else { "" },
        if *is_model { "the columns by their position" } else { "names the columns x0, x1, ..." }
    )]
    NoHeader {
        first: String,
        is_model: bool,
        /// Whether the numbers could be names.
        names: bool,
    },
    /// A wanted column has an empty name.
    #[error("column {position} has no name (name it{})", leave.or_also(""))]
    Unnamed { position: usize, leave: Leave },
    /// Two columns share a name.
    #[error("column {column:?} appears twice, as columns {first} and {second}")]
    Duplicate { column: String, first: usize, second: usize },
    /// A row is shorter or longer than the header.
    #[error("{place}: expected {}, got {got}{ending}", counted(*expected, "cell"))]
    Ragged { place: Place, expected: usize, got: usize, ending: Ending },
    /// A quote without its other half.
    #[error(
        "{place}: a cell begins with a quote (\") that is never closed; close it, or write \"\" \
         for one that is meant"
    )]
    Unclosed { place: Place },
    /// The same in the header.
    #[error("the header holds a quote (\") that is never closed")]
    UnclosedHeader,
    /// A cell does not hold a finite number.
    #[error("{place}, column {column:?}: {fault}: {}{}", shown(cell), CellFault::advice(cell))]
    Cell { place: Place, column: String, cell: String, fault: CellFault },
    /// Or an infinite one.
    #[error(
        "{place}, column {column:?}: not a finite number: {}{}",
        shown(cell),
        if rest.complete > 0 { " (--missing drop passes over such rows)" } else { "" }
    )]
    Infinite { place: Place, column: String, cell: String, rest: Rest },
    /// Columns of words where numbers are wanted.
    #[error("column {}", text_columns(columns, *few, *leave))]
    TextColumns {
        columns: Vec<Sighting>,
        /// Whether they have values few enough for a category.
        few: bool,
        leave: Leave,
    },
    /// More names than a category can have.
    #[error(
        "column {column:?} has more than {most} different values, too many for a category{}",
        left_out(column, *leave)
    )]
    TooManyLevels { column: String, most: usize, leave: Leave },
    /// Cells without a value, and no word on what to do about them.
    #[error("{}", missing(counts, *columns, *rows, first, *rest))]
    Missing {
        counts: Vec<(String, usize)>,
        columns: usize,
        rows: usize,
        first: Box<Sighting>,
        rest: Rest,
    },
    /// No value to take a median of.
    #[error("column {column:?} has no value at all{}", left_out(column, *leave))]
    NoValues { column: String, leave: Leave },
    /// The model is older than medians.
    #[error(
        "column {column:?} has missing values, and the model remembers no median to fill them \
         with (it was fitted by an earlier version): fit it again{}",
        if rest.complete > 0 { ", or use --missing drop" } else { "" }
    )]
    NoFill { column: String, rest: Rest },
    /// One value throughout.
    #[error(
        "column {column:?} is constant (every row is {value}), so it has no density{}",
        left_out(column, *leave)
    )]
    Constant { column: String, value: String, leave: Leave },
    /// Squares of the column's differences would leave the range of a double.
    #[error("column {column:?} spans {span:.1e}; rescale it to a span from {least:e} to {most:e}")]
    Span { column: String, span: f64, least: f64, most: f64 },
    /// Not enough to learn from.
    #[error("at least {needed} rows are needed, got {got}: a spread takes two; bring more")]
    TooFewRows { needed: usize, got: usize },
    /// A column asked for by name is not there.
    #[error("no column {column:?}{}", among(column, found))]
    NoSuchColumn { column: String, found: Vec<String> },
    /// A column that is not among those that were read; the file may have it.
    #[error(
        "no column {column:?}{} among the columns in use: {}",
        meant(column, found),
        list(found)
    )]
    NotSelected { column: String, found: Vec<String> },
    /// A pattern that no name matches.
    #[error("no column matches {pattern:?}; the table has {}", list(found))]
    NoMatch { pattern: String, found: Vec<String> },
    /// A range whose ends stand the wrong way round.
    #[error("{range:?} selects nothing: in the table {last:?} stands before {first:?}")]
    Backwards { range: String, first: String, last: String },
    /// All columns are excluded, or hold the weights.
    #[error("no column is left to be read")]
    NothingLeft,
    /// A row without a weight.
    #[error(
        "{place}, column {column:?}: the weight is missing; write 0 to leave the row out of \
         account{}",
        if rest.complete > 0 { ", or --missing drop passes over such rows" } else { "" }
    )]
    NoWeight { place: Place, column: String, rest: Rest },
    /// A weight below zero.
    #[error(
        "{place}, column {column:?}: the weight is below 0: {}; write 0 to leave the row out of \
         account",
        shown(cell)
    )]
    NegativeWeight { place: Place, column: String, cell: String },
    /// Weights that leave no row.
    #[error("column {column:?}: the weight of every row is 0; at least one must be above")]
    AllWeightsZero { column: String },
    /// Some of the model's columns are not there.
    #[error("the model's column {column:?} is missing{}", among(column, found))]
    ModelColumn { column: String, found: Vec<String> },
    /// None of the model's columns is there.
    #[error(
        "none of the model's columns is in the table: expected {}, got {}{}",
        list(expected),
        list(found),
        single(expected, found)
    )]
    ModelColumns { expected: Vec<String>, found: Vec<String> },
    /// A table read by position has the wrong width.
    #[error("the model has {expected} columns, the table has {got}: {}", list(found))]
    Width { expected: usize, got: usize, found: Vec<String> },
}

impl Fault {
    /// Too little memory for the values of a table: its own columns (`is_own`) can be chosen from.
    pub(super) fn memory(short: Short, is_own: bool) -> Fault {
        Fault::Memory { short, is_own }
    }
}

/// Why a cell is not a finite number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CellFault {
    /// Text that is no number.
    #[error("not a number")]
    Text,
}

impl CellFault {
    fn advice(cell: &str) -> String {
        match with_decimal_comma(cell) {
            Some(value) => format!(" (--decimal-comma reads it as {value})"),
            None => " (a missing value is an empty cell or NA)".to_owned(),
        }
    }
}

/// How a row ends that is too short or too long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// With the cell of this column.
    At(String),
    /// With a delimiter behind its last cell.
    Delimiter,
    /// There is nothing to say.
    Unknown,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ending::At(name) => write!(f, " (the row ends at column {name:?})"),
            Ending::Delimiter => f.write_str(" (the row ends with a delimiter, the header not)"),
            Ending::Unknown => Ok(()),
        }
    }
}
