//! Rows of a matrix, picked and looked at.

use faer::{Mat, MatRef};

/// The rows `[at.len(), d]` of x, in the order of `at`.
///
/// ```
/// let x = faer::mat![[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]];
/// assert_eq!(gauss_flow::rows::pick(x.as_ref(), &[2, 0]), faer::mat![[4.0, 5.0], [0.0, 1.0]]);
/// ```
///
/// # Panics
/// When there is no such row.
pub fn pick(x: MatRef<'_, f64>, at: &[usize]) -> Mat<f64> {
    Mat::from_fn(at.len(), x.ncols(), |i, j| x[(at[i], j)])
}

/// Whether every value of row i is finite.
///
/// # Panics
/// When there is no such row.
pub fn is_finite(x: MatRef<'_, f64>, i: usize) -> bool {
    x.row(i).iter().all(|v| v.is_finite())
}
