//! The one door by which data enter: rows of a matrix, each with a weight, or blocks of such rows.
//!
//! **Weights.** A row of weight w counts as w rows. Only the weights' proportions matter: doubling
//! all changes nothing. Where a fit depends on how many rows there are (a prior, a price of a
//! parameter, a standard error), that number is Kish's effective sample size (Σw)²/Σw² (Kish 1965,
//! Survey Sampling), which is n where all weights are equal. Everything else is a sum over rows, in
//! which integer weights and repeated rows are the same.

pub use crate::counted::Counted;
use crate::error::Error;
use faer::{Mat, MatMut, MatRef};
use std::ops::ControlFlow;

/// Rows in a block of a matrix that is read as [`Blocks`].
const BLOCK: usize = 1 << 15;

/// Rows x `[n, d]`, a row per sample, and their weights `[n]` if they have any.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    pub(crate) x: MatRef<'a, f64>,
    pub(crate) weights: Option<&'a [f64]>,
}

impl<'a> From<MatRef<'a, f64>> for Rows<'a> {
    fn from(x: MatRef<'a, f64>) -> Self {
        Self { x, weights: None }
    }
}

impl<'a> From<&'a Mat<f64>> for Rows<'a> {
    fn from(x: &'a Mat<f64>) -> Self {
        x.as_ref().into()
    }
}

/// A column of values `[n]` is n rows `[n, 1]`.
impl<'a> From<&'a [f64]> for Rows<'a> {
    fn from(x: &'a [f64]) -> Self {
        MatRef::from_column_major_slice(x, x.len(), 1).into()
    }
}

impl<'a, const N: usize> From<&'a [f64; N]> for Rows<'a> {
    fn from(x: &'a [f64; N]) -> Self {
        x.as_slice().into()
    }
}

impl<'a> From<&'a Vec<f64>> for Rows<'a> {
    fn from(x: &'a Vec<f64>) -> Self {
        x.as_slice().into()
    }
}

impl<'a> Rows<'a> {
    /// Rows with weights.
    ///
    /// ```
    /// use gauss_flow::Rows;
    /// let x = faer::mat![[0.0], [1.0], [2.0]];
    /// let rows = Rows::weighted(x.as_ref(), &[2.0, 1.0, 1.0])?;
    /// assert_eq!(rows.mean(&[1.0, 3.0, 5.0]), 2.5);
    /// assert_eq!(rows.effective(), 16.0 / 6.0);
    /// # Ok::<(), gauss_flow::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::RowMismatch`]; [`Error::Weight`] for one that is negative or not finite;
    /// [`Error::NoWeight`] where none is positive.
    pub fn weighted(x: MatRef<'a, f64>, weights: &'a [f64]) -> Result<Self, Error> {
        if weights.len() != x.nrows() {
            return Err(Error::RowMismatch { expected: x.nrows(), got: weights.len() });
        }
        if let Some(row) = weights.iter().position(|w| !(*w >= 0.0 && w.is_finite())) {
            return Err(Error::Weight { row, value: weights[row] });
        }
        if weights.iter().all(|w| *w == 0.0) && !weights.is_empty() {
            return Err(Error::NoWeight { rows: weights.len() });
        }
        Ok(Self { x, weights: Some(weights) })
    }

    /// x `[n, d]`.
    #[must_use]
    pub fn x(&self) -> MatRef<'a, f64> {
        self.x
    }

    /// The weights `[n]`; `None` where all are 1.
    #[must_use]
    pub fn weights(&self) -> Option<&'a [f64]> {
        self.weights
    }

    /// n.
    #[must_use]
    pub fn nrows(&self) -> usize {
        self.x.nrows()
    }

    /// d.
    #[must_use]
    pub fn ncols(&self) -> usize {
        self.x.ncols()
    }

    /// The weight of row i.
    ///
    /// # Panics
    /// When there are weights and no such row.
    #[must_use]
    pub fn weight(&self, i: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[i])
    }

    /// Σw: n without weights.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.weights.map_or(self.nrows() as f64, |weights| weights.iter().sum())
    }

    /// The effective sample size (Σw)²/Σw²: n without weights.
    pub fn effective(&self) -> f64 {
        self.weights.map_or(self.nrows() as f64, effective)
    }

    /// Σ w v / Σ w of a value `[n]` per row; NaN of no rows.
    ///
    /// # Panics
    /// When there is another number of values than of weights.
    #[must_use]
    pub fn mean(&self, values: &[f64]) -> f64 {
        match self.weights {
            None => values.iter().sum::<f64>() / values.len() as f64,
            Some(weights) => {
                assert_eq!(values.len(), weights.len());
                // What has no weight says nothing, not even that it is infinite.
                let sum: f64 = (values.iter().zip(weights))
                    .map(|(v, w)| if *w > 0.0 { v * w } else { 0.0 })
                    .sum();
                sum / self.total()
            }
        }
    }

    /// `count` rows from `start` on.
    ///
    /// # Panics
    /// When there are fewer.
    #[must_use]
    pub fn subrows(&self, start: usize, count: usize) -> Rows<'a> {
        Rows {
            x: self.x.subrows(start, count),
            weights: self.weights.map(|weights| &weights[start..start + count]),
        }
    }

    /// The first `count` columns of every row.
    ///
    /// # Panics
    /// When there are fewer.
    #[must_use]
    pub fn first_columns(&self, count: usize) -> Rows<'a> {
        Rows { x: self.x.subcols(0, count), weights: self.weights }
    }

    /// The rows `at`, in that order.
    ///
    /// # Panics
    /// When there is no such row.
    #[must_use]
    pub fn pick(&self, at: &[usize]) -> OwnedRows {
        let weights = self.weights.map(|weights| at.iter().map(|&i| weights[i]).collect());
        OwnedRows { x: pick(self.x, at), weights }
    }

    /// These rows, and those of `other` after them.
    ///
    /// # Errors
    /// [`Error::Columns`].
    pub fn stack(&self, other: Rows<'_>) -> Result<OwnedRows, Error> {
        check_columns(self.ncols(), other.x)?;
        let n = self.nrows();
        let x = Mat::from_fn(n + other.nrows(), self.ncols(), |i, j| {
            if i < n { self.x[(i, j)] } else { other.x[(i - n, j)] }
        });
        let weights = (self.weights.is_some() || other.weights.is_some()).then(|| {
            let own = (0..n).map(|i| self.weight(i));
            own.chain((0..other.nrows()).map(|i| other.weight(i))).collect()
        });
        Ok(OwnedRows { x, weights })
    }

    /// A copy that owns its numbers.
    #[must_use]
    pub fn copied(&self) -> OwnedRows {
        OwnedRows { x: self.x.to_owned(), weights: self.weights.map(<[f64]>::to_vec) }
    }

    /// Refuses rows that nothing can be learnt from.
    ///
    /// # Errors
    /// [`Error::Columns`] unless there are `dim` of them, [`Error::Rows`] without rows,
    /// [`Error::NoDimensions`] without columns, [`Error::NonFinite`] with the first such value,
    /// row by row.
    pub fn check(&self, dim: usize) -> Result<(), Error> {
        check_columns(dim, self.x)?;
        if dim == 0 {
            return Err(Error::NoDimensions);
        }
        if self.nrows() == 0 {
            return Err(Error::Rows { needed: 1, got: 0 });
        }
        check_finite(self.x)
    }
}

/// [`Rows`] that own their numbers.
#[derive(Clone, Debug)]
pub struct OwnedRows {
    x: Mat<f64>,
    weights: Option<Vec<f64>>,
}

impl OwnedRows {
    /// Rows with weights, if there are any.
    ///
    /// # Errors
    /// As [`Rows::weighted`].
    pub fn new(x: Mat<f64>, weights: Option<Vec<f64>>) -> Result<Self, Error> {
        if let Some(weights) = &weights {
            Rows::weighted(x.as_ref(), weights)?;
        }
        Ok(Self { x, weights })
    }

    /// To look at.
    #[must_use]
    pub fn rows(&self) -> Rows<'_> {
        Rows { x: self.x.as_ref(), weights: self.weights.as_deref() }
    }

    /// x `[n, d]`, to map in place.
    pub fn x_mut(&mut self) -> MatMut<'_, f64> {
        self.x.as_mut()
    }
}

/// Rows that come block by block, from a matrix, a file or elsewhere: what a sum over rows needs.
/// Every visit sees the same blocks in the same order, so that a sum has the same bits each time.
pub trait Blocks {
    /// How many columns, the same for every block.
    fn dim(&self) -> usize;

    /// Calls `f` with every block in turn, until it says that it has seen enough.
    ///
    /// # Errors
    /// Whatever keeps the rows from coming.
    fn visit(&mut self, f: &mut dyn FnMut(Rows<'_>) -> ControlFlow<()>) -> Result<(), Error>;
}

impl Blocks for Rows<'_> {
    fn dim(&self) -> usize {
        self.ncols()
    }

    fn visit(&mut self, f: &mut dyn FnMut(Rows<'_>) -> ControlFlow<()>) -> Result<(), Error> {
        for start in (0..self.nrows()).step_by(BLOCK) {
            if f(self.subrows(start, BLOCK.min(self.nrows() - start))).is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// (Σw)²/Σw² of weights of which one is positive.
///
/// They are divided by the largest first, so that no square over- or underflows.
pub(crate) fn effective(weights: &[f64]) -> f64 {
    let largest = weights.iter().copied().fold(0.0, f64::max);
    let sum: f64 = weights.iter().map(|w| w / largest).sum();
    let square: f64 = weights.iter().map(|w| (w / largest).powi(2)).sum();
    sum * sum / square
}

/// The rows `[at.len(), d]` of x, in the order of `at`.
///
/// ```
/// let x = faer::mat![[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]];
/// assert_eq!(gauss_flow::rows::pick(x.as_ref(), &[2, 0]), faer::mat![[4.0, 5.0], [0.0, 1.0]]);
/// ```
///
/// # Panics
/// When there is no such row.
#[must_use]
pub fn pick(x: MatRef<'_, f64>, at: &[usize]) -> Mat<f64> {
    Mat::from_fn(at.len(), x.ncols(), |i, j| x[(at[i], j)])
}

/// Whether every value of row i is finite.
///
/// # Panics
/// When there is no such row.
#[must_use]
pub fn is_finite(x: MatRef<'_, f64>, i: usize) -> bool {
    x.row(i).iter().all(|v| v.is_finite())
}

/// # Errors
/// [`Error::Columns`] unless x has `dim` columns.
pub fn check_columns(dim: usize, x: MatRef<'_, f64>) -> Result<(), Error> {
    if x.ncols() == dim { Ok(()) } else { Err(Error::Columns { expected: dim, got: x.ncols() }) }
}

/// # Errors
/// [`Error::NonFinite`] with the first value that is NaN or infinite, row by row.
pub fn check_finite(x: MatRef<'_, f64>) -> Result<(), Error> {
    // Column by column for speed; the earliest row is reported, and in it the earliest column.
    let mut first: Option<(usize, usize)> = None;
    for column in 0..x.ncols() {
        let stop = first.map_or(x.nrows(), |(row, _)| row);
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

#[cfg(test)]
mod tests {
    use super::*;
    use faer::mat;

    #[test]
    fn only_the_proportions_of_weights_matter() {
        let x = Mat::from_fn(5, 1, |i, _| i as f64);
        let (weights, values) =
            ([1.0, 0.0, 3.0, 2.5, 0.5], [1.0, f64::NEG_INFINITY, 2.0, 4.0, 8.0]);
        let mean = Rows::weighted(x.as_ref(), &weights).unwrap().mean(&values);
        for scale in [2.0, 1e-300, 2f64.powi(900)] {
            let scaled = weights.map(|w| w * scale);
            let rows = Rows::weighted(x.as_ref(), &scaled).unwrap();
            let one = Rows::weighted(x.as_ref(), &weights).unwrap().effective();
            assert!((rows.effective() / one - 1.0).abs() < 1e-15, "{scale}");
            assert!((rows.mean(&values) / mean - 1.0).abs() < 1e-15, "{scale}");
        }
        let equal = Rows::weighted(x.as_ref(), &[0.1; 5]).unwrap();
        assert!((equal.effective() - 5.0).abs() < 1e-14);
    }

    #[test]
    fn weights_are_refused_by_name() {
        let x = mat![[0.0], [1.0]];
        let refused =
            |weights: &[f64]| Rows::weighted(x.as_ref(), weights).map(|_| ()).unwrap_err();
        assert_eq!(refused(&[1.0]), Error::RowMismatch { expected: 2, got: 1 });
        assert_eq!(refused(&[1.0, -1.0]), Error::Weight { row: 1, value: -1.0 });
        assert!(matches!(refused(&[f64::NAN, 1.0]), Error::Weight { row: 0, .. }));
        assert!(matches!(refused(&[1.0, f64::INFINITY]), Error::Weight { row: 1, .. }));
        assert_eq!(refused(&[0.0, 0.0]), Error::NoWeight { rows: 2 });
    }

    #[test]
    fn the_first_value_that_is_no_number_is_named_row_by_row() {
        let x = mat![[0.0, 1.0], [2.0, f64::NAN], [f64::INFINITY, 5.0]];
        let error = check_finite(x.as_ref()).unwrap_err();
        assert!(matches!(error, Error::NonFinite { row: 1, column: 1, .. }), "{error}");
    }

    #[test]
    fn blocks_are_all_rows_in_order() {
        let n = 2 * BLOCK + 17;
        let x = Mat::from_fn(n, 1, |i, _| i as f64);
        let weights: Vec<f64> = (0..n).map(|i| 1.0 + i as f64).collect();
        let mut rows = Rows::weighted(x.as_ref(), &weights).unwrap();
        let mut next = 0;
        rows.visit(&mut |block| {
            for i in 0..block.nrows() {
                assert_eq!((block.x()[(i, 0)], block.weight(i)), (next as f64, 1.0 + next as f64));
                next += 1;
            }
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(next, n);
    }
}
