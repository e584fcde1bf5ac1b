//! Moments of rows: weight, mean and scatter, as sums over blocks.
//!
//! For rows x₁ … x_n with weights w the mean m = Σ w x/Σ w and the scatter
//! S = Σ w (x - m)(x - m)ᵀ are sums, so blocks of rows may be summed apart and merged.
//! Σ w x xᵀ - m mᵀ Σ w would lose every digit for data far from the origin; instead a block is
//! centred by its own mean before its scatter is formed (with the rounding error of that mean
//! corrected), and two sets of moments a, b of weights W_a + W_b = W are merged about their common
//! mean (West 1979; Chan, Golub and LeVeque 1983):
//!
//! m = m_a + (W_b/W) δ,  S = S_a + S_b + (W_a W_b/W) δ δᵀ,  δ = m_b - m_a.
//!
//! How rows are cut into blocks depends on their number alone, and merging follows row order:
//! the result has the same bits at any number of threads.

use crate::Error;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use gauss_flow::{Blocks, Rows};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// Rows centred and multiplied together.
const BLOCK: usize = 1024;
/// Sets of moments alive at once; bounds the memory at `SEGMENTS` d × d matrices.
const SEGMENTS: usize = 64;

/// Weight, mean and scatter of rows.
///
/// ```
/// use gauss_flow::Rows;
/// use gauss_rbig::pca::{Moments, Pca};
/// let x = faer::Mat::from_fn(600, 2, |i, j| ((i * (j + 3)) as f64 * 0.37).sin());
/// let weights: Vec<f64> = (0..600).map(|i| 1.0 + (i % 3) as f64).collect();
/// let rows = Rows::weighted(x.as_ref(), &weights)?;
/// // Two machines see a part each.
/// let mut moments = Moments::of(rows.subrows(0, 250));
/// moments.merge(&Moments::of(rows.subrows(250, 350)));
/// let merged = Pca::of_covariance(moments.covariance().as_ref())?;
/// let whole = Pca::fit(rows)?;
/// assert!((merged.eigenvalues[0] - whole.eigenvalues[0]).abs() < 1e-14);
/// # Ok::<(), gauss_rbig::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct Moments {
    /// Σ w.
    count: f64,
    /// Σ w².
    square: f64,
    /// The first row [d]: differences from it keep the digits that an offset would cost.
    origin: Vec<f64>,
    /// Mean less origin [d].
    offset: Vec<f64>,
    scatter: Mat<f64>,
}

/// Moments as they are stored.
#[derive(Serialize, Deserialize)]
struct Raw {
    count: f64,
    square: f64,
    origin: Vec<f64>,
    offset: Vec<f64>,
    /// Column by column [d d].
    scatter: Vec<f64>,
}

impl From<Moments> for Raw {
    fn from(Moments { count, square, origin, offset, scatter }: Moments) -> Self {
        let scatter = scatter.col_iter().flat_map(|column| column.iter().copied()).collect();
        Self { count, square, origin, offset, scatter }
    }
}

impl TryFrom<Raw> for Moments {
    type Error = Error;

    fn try_from(Raw { count, square, origin, offset, scatter }: Raw) -> Result<Self, Error> {
        let dim = origin.len();
        for (expected, got) in [(dim, offset.len()), (dim * dim, scatter.len())] {
            if expected != got {
                return Err(Error::Columns { expected, got });
            }
        }
        let refuse = |value| {
            let (name, requirement) = ("a sum of moments", "finite, and not below 0 if a square");
            Err(Error::Option { name, requirement, value })
        };
        let diagonal = (0..dim).map(|j| scatter[j * dim + j]);
        if let Some(value) = diagonal.chain([count, square]).find(|v| !(*v >= 0.0)) {
            return refuse(value);
        }
        let mut all = [count, square].into_iter().chain(origin.iter().chain(&offset).copied());
        if let Some(value) = all.find(|v| !v.is_finite()) {
            return refuse(value);
        }
        if let Some(value) = scatter.iter().find(|v| !v.is_finite()) {
            return refuse(*value);
        }
        let scatter = Mat::from_fn(dim, dim, |i, j| scatter[j * dim + i]);
        Ok(Self { count, square, origin, offset, scatter })
    }
}

impl Moments {
    /// The moments of no rows in `dim` dimensions.
    #[must_use]
    pub fn new(dim: usize) -> Self {
        Self {
            count: 0.0,
            square: 0.0,
            origin: vec![0.0; dim],
            offset: vec![0.0; dim],
            scatter: Mat::zeros(dim, dim),
        }
    }

    /// The moments of rows [n, d], by their weights if they have any, in parallel; the same bits at
    /// any thread count.
    #[must_use]
    pub fn of<'a>(rows: impl Into<Rows<'a>>) -> Self {
        let rows = rows.into();
        Self::of_parts(rows, Self::of_part)
    }

    /// The moments of what `part` makes of each segment of the rows, merged in order.
    pub(crate) fn of_parts(rows: Rows<'_>, part: impl Fn(Rows<'_>) -> Self + Sync) -> Self {
        let length = rows.nrows().div_ceil(SEGMENTS).next_multiple_of(BLOCK).max(1);
        let parts: Vec<Self> = (0..rows.nrows().div_ceil(length))
            .into_par_iter()
            .map(|i| part(rows.subrows(i * length, length.min(rows.nrows() - i * length))))
            .collect();
        let mut all = Self::new(rows.ncols());
        for part in &parts {
            all.merge(part);
        }
        all
    }

    /// The moments of rows, on this thread.
    pub(crate) fn of_part(rows: Rows<'_>) -> Self {
        let mut part = Self::new(rows.ncols());
        part.add_block(rows);
        part
    }

    /// The moments of rows that come in blocks, one block after the other.
    ///
    /// # Errors
    /// Whatever keeps the rows from coming; [`Error::Columns`] for a block of another width.
    pub fn of_blocks(blocks: &mut dyn Blocks) -> Result<Self, Error> {
        let mut all = Self::new(blocks.dim());
        let mut fault = Ok(());
        blocks.visit(&mut |rows| {
            fault = gauss_flow::rows::check_columns(all.dim(), rows.x());
            if fault.is_err() {
                return ControlFlow::Break(());
            }
            all.add_block(rows);
            ControlFlow::Continue(())
        })?;
        fault.map(|()| all)
    }

    /// Adds rows [n, d], by their weights if they have any.
    ///
    /// # Panics
    /// If they have another number of columns.
    pub fn add_block<'a>(&mut self, rows: impl Into<Rows<'a>>) {
        let rows = rows.into();
        assert_eq!(rows.ncols(), self.origin.len(), "columns");
        for start in (0..rows.nrows()).step_by(BLOCK) {
            let block = rows.subrows(start, BLOCK.min(rows.nrows() - start));
            match block.weights() {
                Some(weights) if weights.contains(&0.0) => {
                    let present: Vec<usize> =
                        (0..weights.len()).filter(|&i| weights[i] > 0.0).collect();
                    if !present.is_empty() {
                        self.merge(&Self::of_block(block.pick(&present).rows()));
                    }
                }
                _ => self.merge(&Self::of_block(block)),
            }
        }
    }

    /// Of at least one row, all with weight.
    fn of_block(rows: Rows<'_>) -> Self {
        let (n, dim) = (rows.nrows(), rows.ncols());
        let x = rows.x();
        let count = rows.total();
        let origin: Vec<f64> = x.row(0).iter().copied().collect();
        let mut offset = vec![0.0; dim];
        let mut residual = vec![0.0; dim];
        let mut centred = Mat::<f64>::zeros(n, dim);
        for j in 0..dim {
            let column = x.col(j);
            let sum: f64 = (0..n).map(|i| rows.weight(i) * (column[i] - origin[j])).sum();
            offset[j] = sum / count;
            let mut out = centred.col_mut(j);
            for i in 0..n {
                out[i] = (column[i] - origin[j]) - offset[j];
                residual[j] += rows.weight(i) * out[i];
            }
        }
        let mut scatter = Mat::zeros(dim, dim);
        let weighted =
            rows.weights().map(|weights| Mat::from_fn(n, dim, |i, j| weights[i] * centred[(i, j)]));
        let right = weighted.as_ref().unwrap_or(&centred);
        matmul(&mut scatter, Accum::Replace, centred.transpose(), right, 1.0, Par::Seq);
        // What the rounded mean left over: Σ w (x - m) should be zero.
        for j in 0..dim {
            for i in 0..dim {
                scatter[(i, j)] -= residual[i] * residual[j] / count;
            }
        }
        for (m, r) in offset.iter_mut().zip(&residual) {
            *m += r / count;
        }
        let square = rows.weights().map_or(count, |weights| weights.iter().map(|w| w * w).sum());
        Self { count, square, origin, offset, scatter }
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
        self.square += other.square;
    }

    /// d.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.origin.len()
    }

    /// Σ w, the number of rows where they have no weights.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.count
    }

    /// The effective sample size (Σw)²/Σw², the number of rows where they have no weights; 0 of
    /// none.
    #[must_use]
    pub fn effective(&self) -> f64 {
        if self.count > 0.0 { self.count * (self.count / self.square) } else { 0.0 }
    }

    /// The mean `[d]`; zero when no rows were seen.
    #[must_use]
    pub fn mean(&self) -> Vec<f64> {
        self.origin.iter().zip(&self.offset).map(|(origin, offset)| origin + offset).collect()
    }

    /// The covariance [d, d], with denominator Σ w (the maximum-likelihood estimate); zero when no
    /// rows were seen.
    #[must_use]
    pub fn covariance(&self) -> Mat<f64> {
        let scale = if self.count > 0.0 { 1.0 / self.count } else { 0.0 };
        // A gemm need not return a symmetric matrix to the last bit.
        Mat::from_fn(self.origin.len(), self.origin.len(), |i, j| {
            0.5 * scale * (self.scatter[(i, j)] + self.scatter[(j, i)])
        })
    }

    /// The standard deviation of each column `[d]`; zero when no rows were seen.
    #[must_use]
    pub fn standard_deviations(&self) -> Vec<f64> {
        let n = if self.count > 0.0 { self.count } else { 1.0 };
        (0..self.origin.len()).map(|j| (self.scatter[(j, j)].max(0.0) / n).sqrt()).collect()
    }
}
