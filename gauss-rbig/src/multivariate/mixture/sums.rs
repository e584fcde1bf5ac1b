//! An EM iteration as a sum over rows, and what follows from it.
//!
//! Of each component k, in the units of a [`Frame`]: N_k = Σ r, Σ r x and Σ r x xᵀ, r being its
//! share of a row's weight; and Σ w ln p of the mixture the shares are of. Then, with the prior's
//! a rows of covariance C K^{-2/d},
//!
//! ```text
//! π_k = N_k/Σ N,   m_k = Σ r x/N_k,   Σ_k = (Σ r x xᵀ - N_k m_k m_kᵀ + a C K^{-2/d})/(N_k + a)
//! ```
//!
//! is where the minorant of the objective is greatest (Dempster, Laird and Rubin 1977), and
//! remains so under the floor F if the eigenvalues of F^{-1/2} Σ_k F^{-1/2} below 1 become 1.
//!
//! **Empty components.** One with less than 10⁻⁹ of the rows is dropped, and so is one of at most d
//! rows where the prior is worth less than one: it has no covariance. The heaviest always stays. What
//! a dropped component gave to a row's density the others give by rising weights.

use super::frame::Frame;
use super::{Mixture, triangle};
use crate::Error;
use faer::{Mat, Side};
use gauss_math::normals::moments_len;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The part of the rows below which a component is empty.
const EMPTY: f64 = 1e-9;

/// Sums over rows under a mixture. They travel, and those of parts of the rows merge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct Sums {
    dim: usize,
    /// Σ w.
    pub(super) weight: f64,
    /// Σ w ln p of standardised rows.
    pub(super) log_prob: f64,
    /// `[K][1 + d + d(d + 1)/2]`.
    pub(super) parts: Vec<f64>,
}

/// Sums as they are stored.
#[derive(Serialize, Deserialize)]
struct Raw {
    dim: usize,
    weight: f64,
    log_prob: f64,
    parts: Vec<f64>,
}

impl From<Sums> for Raw {
    fn from(Sums { dim, weight, log_prob, parts }: Sums) -> Self {
        Self { dim, weight, log_prob, parts }
    }
}

impl TryFrom<Raw> for Sums {
    type Error = Error;

    fn try_from(Raw { dim, weight, log_prob, parts }: Raw) -> Result<Self, Error> {
        if dim == 0 {
            return Err(Error::NoDimensions);
        }
        let each = moments_len(dim);
        if parts.is_empty() || !parts.len().is_multiple_of(each) {
            let expected = parts.len().next_multiple_of(each).max(each);
            return Err(Error::Parameters { expected, got: parts.len() });
        }
        let refuse = |value| {
            let (name, requirement) = ("a sum", "finite, and not below 0 if of weights");
            Err(Error::Option { name, requirement, value })
        };
        let counts = parts.chunks_exact(each).map(|part| part[0]);
        if let Some(value) = counts.chain([weight]).find(|v| !(*v >= 0.0)) {
            return refuse(value);
        }
        let bad = parts.iter().copied().chain([weight, log_prob]).find(|v| !v.is_finite());
        if let Some(value) = bad {
            return refuse(value);
        }
        Ok(Self { dim, weight, log_prob, parts })
    }
}

impl Sums {
    /// Of no rows.
    pub(super) fn new(dim: usize, components: usize) -> Self {
        Self { dim, weight: 0.0, log_prob: 0.0, parts: vec![0.0; components * moments_len(dim)] }
    }

    /// K.
    #[must_use]
    pub fn components(&self) -> usize {
        self.parts.len() / moments_len(self.dim)
    }

    /// Σ w of the rows.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.weight
    }

    /// Adds the rows that `other` has seen, under the same mixture and frame.
    ///
    /// # Errors
    /// [`Error::Columns`] of other dimensions, [`Error::Parameters`] of other components.
    pub fn merge(&mut self, other: &Self) -> Result<(), Error> {
        if self.dim != other.dim {
            return Err(Error::Columns { expected: self.dim, got: other.dim });
        }
        if self.parts.len() != other.parts.len() {
            return Err(Error::Parameters { expected: self.parts.len(), got: other.parts.len() });
        }
        self.add(other);
        Ok(())
    }

    /// [`Self::merge`] of sums of the same shape.
    pub(super) fn add(&mut self, other: &Self) {
        self.weight += other.weight;
        self.log_prob += other.log_prob;
        self.parts.iter_mut().zip(&other.parts).for_each(|(sum, part)| *sum += part);
    }

    /// What EM maximises, of the mixture the sums were taken under: Σ w ln p and the prior's part, in
    /// nats of rows in their own units.
    ///
    /// # Errors
    /// As [`Self::solve`].
    pub fn objective(&self, mixture: &Mixture, frame: &Frame) -> Result<f64, Error> {
        self.check(frame)?;
        Ok(self.value(&frame.inward(mixture), frame) - self.weight * frame.log_det())
    }

    /// [`Self::objective`] of standardised rows.
    pub(super) fn value(&self, inner: &Mixture, frame: &Frame) -> f64 {
        self.log_prob + frame.log_prior(inner)
    }

    /// The next mixture; of fewer components where some are empty.
    ///
    /// # Errors
    /// [`Error::Columns`] for a frame of other dimensions, [`Error::Rows`] of no rows.
    pub fn solve(&self, frame: &Frame) -> Result<Mixture, Error> {
        self.check(frame)?;
        Ok(frame.outward(self.maximise(frame)))
    }

    fn check(&self, frame: &Frame) -> Result<(), Error> {
        if self.dim != frame.dim() {
            return Err(Error::Columns { expected: frame.dim(), got: self.dim });
        }
        if !(self.counts().sum::<f64>() > 0.0) {
            return Err(Error::Rows { needed: 1, got: 0 });
        }
        Ok(())
    }

    /// N `[K]`.
    fn counts(&self) -> impl Iterator<Item = f64> + '_ {
        self.parts.chunks_exact(moments_len(self.dim)).map(|part| part[0])
    }

    /// The components' means; NaN of one without rows.
    pub(super) fn means(&self) -> Vec<Vec<f64>> {
        let parts = self.parts.chunks_exact(moments_len(self.dim));
        parts.map(|part| part[1..=self.dim].iter().map(|x| x / part[0]).collect()).collect()
    }

    /// [`Self::solve`] in standardised units, of at least one row.
    pub(super) fn maximise(&self, frame: &Frame) -> Mixture {
        let dim = self.dim;
        let kept = self.kept(frame.prior_rows);
        let total: f64 = kept.iter().map(|part| part[0]).sum();
        let prior: Vec<f64> =
            (frame.prior_covariance(kept.len()).iter()).map(|c| frame.prior_rows * c).collect();
        let normals: Vec<(Vec<f64>, Vec<f64>)> = kept
            .par_iter()
            .map(|part| {
                let mean: Vec<f64> = part[1..=dim].iter().map(|x| x / part[0]).collect();
                let rows = part[0] + frame.prior_rows;
                let mut covariance = Vec::with_capacity(prior.len());
                let second = part[1 + dim..].iter().zip(&prior);
                for ((i, j), (square, prior)) in triangle::entries(dim).zip(second) {
                    covariance.push((square - part[1 + i] * mean[j] + prior) / rows);
                }
                let factor = floored(covariance, &frame.floor);
                (mean, triangle::inverse(&factor, dim))
            })
            .collect();
        Mixture {
            dim,
            log_weights: kept.iter().map(|part| (part[0] / total).ln()).collect(),
            means: normals.iter().flat_map(|(mean, _)| mean.iter().copied()).collect(),
            factors: normals.into_iter().flat_map(|(_, factor)| factor).collect(),
        }
    }

    /// The components that are not empty.
    fn kept(&self, prior_rows: f64) -> Vec<&[f64]> {
        let total: f64 = self.counts().sum();
        let least = EMPTY * total;
        let alone = if prior_rows < 1.0 { self.dim as f64 } else { 0.0 };
        let parts = self.parts.chunks_exact(moments_len(self.dim));
        let kept: Vec<&[f64]> =
            parts.clone().filter(|part| part[0] > least && part[0] > alone).collect();
        if kept.is_empty() {
            return parts.max_by(|a, b| a[0].total_cmp(&b[0])).into_iter().collect();
        }
        kept
    }
}

/// L of a covariance (a lower triangle) that is nowhere less than the floor `[d]`, all positive.
fn floored(covariance: Vec<f64>, floor: &[f64]) -> Vec<f64> {
    let dim = floor.len();
    let mut above = covariance.clone();
    for (i, floor) in floor.iter().enumerate() {
        above[triangle::len(i) + i] -= floor;
    }
    let mut factor = covariance;
    if triangle::cholesky(&mut above, dim).is_err() {
        factor = raised(&factor, floor);
    }
    // Eigenvalues of at least 1 after scaling are positive by far more than rounding.
    let positive = triangle::cholesky(&mut factor, dim);
    debug_assert!(positive.is_ok(), "{positive:?}");
    factor
}

/// F^{1/2} max(F^{-1/2} Σ F^{-1/2}, 1) F^{1/2}.
fn raised(covariance: &[f64], floor: &[f64]) -> Vec<f64> {
    let dim = floor.len();
    let deviation: Vec<f64> = floor.iter().map(|f| f.sqrt()).collect();
    let scaled = Mat::from_fn(dim, dim, |i, j| {
        triangle::row(covariance, i.max(j))[i.min(j)] / (deviation[i] * deviation[j])
    });
    let Ok(eigen) = scaled.self_adjoint_eigen(Side::Lower) else {
        // Not seen of finite matrices; the diagonal alone satisfies the floor as well.
        let mut out = vec![0.0; covariance.len()];
        for (i, floor) in floor.iter().enumerate() {
            out[triangle::len(i) + i] = triangle::diagonal(covariance, i).max(*floor);
        }
        return out;
    };
    let (vectors, values) = (eigen.U(), eigen.S().column_vector());
    let entry = |(i, j)| {
        let sum: f64 =
            (0..dim).map(|k| vectors[(i, k)] * values[k].max(1.0) * vectors[(j, k)]).sum();
        deviation[i] * sum * deviation[j]
    };
    triangle::entries(dim).map(entry).collect()
}
