//! Principal components: moments of rows, and the eigenvectors of their covariance.
//!
//! **Moments.** For rows x₁ … x_n the mean m = n⁻¹ Σ x and the scatter S = Σ (x - m)(x - m)ᵀ are
//! sums, so blocks of rows may be summed apart and merged. Σ x xᵀ - n m mᵀ would lose every
//! digit for data far from the origin; instead a block is centred by its own mean before its
//! scatter is formed (with the rounding error of that mean corrected), and two sets of moments
//! a, b are merged about their common mean (Chan, Golub and LeVeque 1983):
//!
//! m = m_a + (n_b/n) δ,  S = S_a + S_b + (n_a n_b/n) δ δᵀ,  δ = m_b - m_a.
//!
//! How rows are cut into blocks depends on their number alone, and merging follows row order:
//! the result has the same bits at any number of threads.
//!
//! **Principal components.** S/n = V Λ Vᵀ; the columns of V are sorted by decreasing eigenvalue
//! and each is signed so that its entry of largest magnitude is positive. V is orthogonal
//! whatever the rank: constant columns and fewer rows than columns are allowed.

use crate::Error;
use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use gauss_flow::Rows;
use rayon::prelude::*;

/// Rows centred and multiplied together.
const BLOCK: usize = 1024;
/// Sets of moments alive at once; bounds the memory at `SEGMENTS` d × d matrices.
const SEGMENTS: usize = 64;

/// Count, mean and scatter of rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    count: f64,
    /// The first row [d]: differences from it keep the digits that an offset would cost.
    origin: Vec<f64>,
    /// Mean less origin [d].
    offset: Vec<f64>,
    scatter: Mat<f64>,
}

impl Moments {
    /// The moments of no rows in `dim` dimensions.
    pub fn new(dim: usize) -> Self {
        Self {
            count: 0.0,
            origin: vec![0.0; dim],
            offset: vec![0.0; dim],
            scatter: Mat::zeros(dim, dim),
        }
    }

    /// The moments of the rows of `x` [n, d], in parallel; the same bits at any thread count.
    pub fn of(x: MatRef<'_, f64>) -> Self {
        let length = x.nrows().div_ceil(SEGMENTS).next_multiple_of(BLOCK);
        let parts: Vec<Self> = x
            .par_row_chunks(length)
            .map(|rows| {
                let mut part = Self::new(rows.ncols());
                part.add_block(rows);
                part
            })
            .collect();
        let mut all = Self::new(x.ncols());
        for part in &parts {
            all.merge(part);
        }
        all
    }

    /// Adds the rows of `x` [n, d].
    ///
    /// # Panics
    /// If `x` has another number of columns.
    pub fn add_block(&mut self, x: MatRef<'_, f64>) {
        assert_eq!(x.ncols(), self.origin.len(), "columns");
        for start in (0..x.nrows()).step_by(BLOCK) {
            let rows = x.subrows(start, BLOCK.min(x.nrows() - start));
            self.merge(&Self::of_block(rows));
        }
    }

    fn of_block(x: MatRef<'_, f64>) -> Self {
        let (rows, dim) = (x.nrows(), x.ncols());
        let count = rows as f64;
        let origin: Vec<f64> = x.row(0).iter().copied().collect();
        let mut offset = vec![0.0; dim];
        let mut residual = vec![0.0; dim];
        let mut centred = Mat::<f64>::zeros(rows, dim);
        for j in 0..dim {
            let column = x.col(j);
            offset[j] = (0..rows).map(|i| column[i] - origin[j]).sum::<f64>() / count;
            let mut out = centred.col_mut(j);
            for i in 0..rows {
                out[i] = (column[i] - origin[j]) - offset[j];
                residual[j] += out[i];
            }
        }
        let mut scatter = Mat::zeros(dim, dim);
        matmul(&mut scatter, Accum::Replace, centred.transpose(), &centred, 1.0, Par::Seq);
        // What the rounded mean left over: Σ (x - m) should be zero.
        for j in 0..dim {
            for i in 0..dim {
                scatter[(i, j)] -= residual[i] * residual[j] / count;
            }
        }
        for (m, r) in offset.iter_mut().zip(&residual) {
            *m += r / count;
        }
        Self { count, origin, offset, scatter }
    }

    /// Adds the rows that `other` has seen.
    ///
    /// # Panics
    /// If the dimensions differ.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(self.origin.len(), other.origin.len(), "columns");
        if self.count == 0.0 {
            *self = other.clone();
            return;
        }
        if other.count == 0.0 {
            return;
        }
        let count = self.count + other.count;
        let share = other.count / count;
        let delta: Vec<f64> = (0..self.origin.len())
            .map(|j| (other.origin[j] - self.origin[j]) + (other.offset[j] - self.offset[j]))
            .collect();
        for (m, d) in self.offset.iter_mut().zip(&delta) {
            *m += share * d;
        }
        for j in 0..delta.len() {
            for i in 0..delta.len() {
                let between = self.count * share * delta[i] * delta[j];
                self.scatter[(i, j)] += other.scatter[(i, j)] + between;
            }
        }
        self.count = count;
    }

    /// The number of rows seen.
    pub fn count(&self) -> f64 {
        self.count
    }

    /// The mean `[d]`; zero when no rows were seen.
    pub fn mean(&self) -> Vec<f64> {
        self.origin.iter().zip(&self.offset).map(|(origin, offset)| origin + offset).collect()
    }

    /// The covariance [d, d], with denominator n (the maximum-likelihood estimate).
    pub fn covariance(&self) -> Mat<f64> {
        let scale = 1.0 / self.count.max(1.0);
        // A gemm need not return a symmetric matrix to the last bit.
        Mat::from_fn(self.origin.len(), self.origin.len(), |i, j| {
            0.5 * scale * (self.scatter[(i, j)] + self.scatter[(j, i)])
        })
    }

    /// The standard deviation of each column `[d]`.
    pub fn standard_deviations(&self) -> Vec<f64> {
        let n = self.count.max(1.0);
        (0..self.origin.len()).map(|j| (self.scatter[(j, j)].max(0.0) / n).sqrt()).collect()
    }
}

/// The principal components of a covariance.
#[derive(Debug, Clone, PartialEq)]
pub struct Pca {
    /// Variances along the components `[d]`, decreasing, none negative.
    pub eigenvalues: Vec<f64>,
    /// The components as columns [d, d]: orthogonal.
    pub components: Mat<f64>,
}

impl Pca {
    /// The components of the rows of `x` [n, d].
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
    pub fn fit(x: MatRef<'_, f64>) -> Result<Self, Error> {
        Rows::from(x).check(x.ncols())?;
        Self::of_covariance(Moments::of(x).covariance().as_ref())
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
