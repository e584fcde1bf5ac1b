//! Principal components: the eigenvectors of a covariance.
//!
//! S/n = V Λ Vᵀ with S the scatter of [`super::moments::Moments`]; the columns of V are sorted by
//! decreasing eigenvalue and each is signed so that its entry of largest magnitude is positive. V is
//! orthogonal whatever the rank: constant columns and fewer rows than columns are allowed.

use crate::Error;
pub use crate::linear::moments::Moments;
use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::{Mat, MatRef, Par};
use gauss_flow::Rows;
use gauss_flow::rows::Counted;

/// The principal components of a covariance.
#[derive(Debug, Clone, PartialEq)]
pub struct Pca {
    /// Variances along the components `[d]`, decreasing, none negative.
    pub eigenvalues: Vec<f64>,
    /// The components as columns [d, d]: orthogonal.
    pub components: Mat<f64>,
}

impl Pca {
    /// The components of the rows of `x` [n, d], by their weights if they have any.
    ///
    /// ```
    /// use gauss_rbig::pca::Pca;
    /// // Points along the line x₂ = 2 x₁.
    /// let x = faer::mat![[-1.0, -2.0], [0.0, 0.0], [1.0, 2.0]];
    /// let pca = Pca::fit(x.as_ref())?;
    /// assert!((pca.eigenvalues[0] - 10.0 / 3.0).abs() < 1e-14);
    /// assert!((pca.components[(1, 0)] - 2.0 / 5f64.sqrt()).abs() < 1e-14);
    /// # Ok::<(), gauss_rbig::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Rows`], [`Error::NonFinite`], [`Error::Eigen`].
    pub fn fit<'a>(x: impl Into<Rows<'a>>) -> Result<Self, Error> {
        let x = x.into();
        x.check(x.ncols())?;
        Self::of_covariance(Moments::of(Counted::of(x).rows()).covariance().as_ref())
    }

    /// The components of a symmetric positive semi-definite matrix [d, d].
    ///
    /// # Errors
    /// [`Error::NonFinite`], [`Error::Eigen`].
    pub fn of_covariance(covariance: MatRef<'_, f64>) -> Result<Self, Error> {
        gauss_flow::rows::check_finite(covariance)?;
        let dim = covariance.nrows();
        let failed = |_| Error::Eigen { dim };
        // An exact power of two, so that no square of an entry over- or underflows.
        let largest = covariance.norm_max();
        let unit = if largest > 0.0 { largest.log2().floor().exp2() } else { 1.0 };
        let scaled = Mat::from_fn(dim, dim, |i, j| covariance[(i, j)] / unit);

        let mut eigenvalues = Diag::<f64>::zeros(dim);
        let mut vectors = Mat::<f64>::zeros(dim, dim);
        let with_vectors = ComputeEigenvectors::Yes;
        let params = faer::Spec::default();
        let request = self_adjoint_evd_scratch::<f64>(dim, with_vectors, Par::Seq, params);
        self_adjoint_evd(
            scaled.as_ref(),
            eigenvalues.as_mut(),
            Some(vectors.as_mut()),
            Par::Seq,
            MemStack::new(&mut MemBuffer::new(request)),
            params,
        )
        .map_err(failed)?;

        // The solver sorts increasingly.
        let components =
            Mat::from_fn(dim, dim, |i, j| vectors[(i, dim - 1 - j)] * sign(&vectors, dim - 1 - j));
        let eigenvalues =
            (0..dim).rev().map(|j| eigenvalues.column_vector()[j].max(0.0) * unit).collect();
        Ok(Self { eigenvalues, components })
    }

    /// Qᵀ = V: the rotation z = Q x onto the components, Q [d, d].
    #[must_use]
    pub fn rotation(&self) -> Mat<f64> {
        self.components.transpose().to_owned()
    }
}

/// The sign that makes the entry of largest magnitude of column j positive.
fn sign(vectors: &Mat<f64>, j: usize) -> f64 {
    let mut largest = 0.0_f64;
    for i in 0..vectors.nrows() {
        // The margin keeps equal magnitudes, as in (1, -1)/√2, from being told apart by rounding.
        if vectors[(i, j)].abs() > largest.abs() * (1.0 + 1e-8) {
            largest = vectors[(i, j)];
        }
    }
    if largest < 0.0 { -1.0 } else { 1.0 }
}

/// The orthogonal `q` [d, d] with its last row negated if its determinant has not the given
/// sign. A product of r reflections has determinant (-1)^r; negating a coordinate of the
/// rotated data changes nothing that a marginal fit sees.
#[must_use]
pub fn with_determinant(q: MatRef<'_, f64>, positive: bool) -> Mat<f64> {
    let mut q = q.to_owned();
    let last = q.nrows().saturating_sub(1);
    if (q.determinant() > 0.0) != positive {
        for j in 0..q.ncols() {
            q[(last, j)] = -q[(last, j)];
        }
    }
    q
}
