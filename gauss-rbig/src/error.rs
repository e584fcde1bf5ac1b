//! What can go wrong in a greedy fit. Every variant carries the values; the sentence for a
//! person is its `Display`.

/// An error of this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A matrix without rows or without columns.
    #[error("the data have {rows} rows and {columns} columns; at least one of each is needed")]
    Empty {
        /// Rows found.
        rows: usize,
        /// Columns found.
        columns: usize,
    },
    /// A value that is NaN or infinite.
    #[error("row {row}, column {column} (both counted from 0) is {value}, not a finite number")]
    NonFinite {
        /// Row, counted from 0.
        row: usize,
        /// Column, counted from 0.
        column: usize,
        /// The value found.
        value: f64,
    },
    /// Validation rows with another number of columns than the training rows.
    #[error("expected {expected} columns, got {got}")]
    ColumnMismatch {
        /// Columns of the training rows.
        expected: usize,
        /// Columns found.
        got: usize,
    },
    /// Two groups of columns with different numbers of rows.
    #[error("expected {expected} rows, got {got}")]
    RowMismatch {
        /// Rows of the first group.
        expected: usize,
        /// Rows found.
        got: usize,
    },
    /// An option outside its range.
    #[error("option {option} is {value}; it must be {expected}")]
    InvalidOption {
        /// The option's name.
        option: &'static str,
        /// The value found.
        value: f64,
        /// What is allowed.
        expected: &'static str,
    },
    /// The symmetric eigensolver did not converge.
    #[error("the eigenvalues of a {dim} x {dim} covariance did not converge")]
    Eigen {
        /// Its dimension.
        dim: usize,
    },
    /// The fitted layers were refused by the flow.
    #[error(transparent)]
    Flow(#[from] gauss_flow::Error),
    /// Joint training could not go on.
    #[error(transparent)]
    Train(#[from] gauss_flow::TrainError),
}

/// The first value of `x` that is not finite, row by row, as an error.
pub(crate) fn check_finite(x: faer::MatRef<'_, f64>) -> Result<(), Error> {
    let (rows, columns) = (x.nrows(), x.ncols());
    if rows == 0 || columns == 0 {
        return Err(Error::Empty { rows, columns });
    }
    // Column by column for speed; the earliest row is reported, and in it the earliest column.
    let mut first: Option<(usize, usize)> = None;
    for column in 0..columns {
        let stop = first.map_or(rows, |(row, _)| row);
        let values = x.col(column);
        if let Some(row) = (0..stop).find(|&row| !values[row].is_finite()) {
            first = Some((row, column));
        }
    }
    match first {
        None => Ok(()),
        Some((row, column)) => Err(Error::NonFinite { row, column, value: x[(row, column)] }),
    }
}
