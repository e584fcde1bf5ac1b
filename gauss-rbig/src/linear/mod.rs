//! What a rotation is made of: moments of rows, their principal components, and independent
//! components.

pub(crate) mod ica;
pub mod moments;
pub mod pca;
pub(crate) mod shift;

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};

/// a b, on this thread.
pub(crate) fn product(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Mat<f64> {
    let mut c = Mat::zeros(a.nrows(), b.ncols());
    matmul(&mut c, Accum::Replace, a, b, 1.0, Par::Seq);
    c
}
