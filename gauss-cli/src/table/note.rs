//! What reading passes over by itself, and says so.

use std::fmt;

/// Something that was passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A column that counts the rows, or is said to be their index.
    Index {
        /// Its name, which may be empty.
        column: String,
    },
    /// Columns at the end without a name or a cell.
    Blank {
        /// How many.
        columns: usize,
    },
    /// A first line that holds the model's names, although the table is said to have no header.
    Header {
        /// Its beginning.
        first: String,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::Index { column } if column.is_empty() => f.write_str(
                "the first column has no name and counts the rows: left out (give it a name to \
                 have it as a variable)",
            ),
            Note::Index { column } => write!(
                f,
                "column {column:?} is an index of the rows: left out (--columns takes it, too)"
            ),
            Note::Blank { columns: 1 } => {
                f.write_str("the last column has no name and no cells: left out")
            }
            Note::Blank { columns } => {
                write!(f, "the last {columns} columns have no names and no cells: left out")
            }
            Note::Header { first } => write!(
                f,
                "line 1 holds the names of the model's columns ({first}): it is the header, also \
                 with --no-header (if it is a row, write the names above it)"
            ),
        }
    }
}
