//! What EM needs to know of all rows before it begins: their units, the prior, and the floor.
//!
//! EM works on standardised rows, (x - centre)/scale by the mean and deviation of each column, so
//! that sums of squares about the origin lose nothing that matters.
//!
//! **The prior** is an inverse Wishart density on each covariance: a component behaves as if it had
//! also seen a = [`Options::prior_rows`](super::Options::prior_rows) rows with the covariance
//! C/K^{2/d}, C being that of all rows: the width that a K-th of the volume has (Fraley and Raftery
//! 2007, with a lesser weight: `run.rs` says why). The objective is
//!
//! ```text
//! Σ_i w_i ln p(x_i) - (a/2) Σ_k [ln det Σ_k + tr(Σ_k⁻¹ C) K^{-2/d}]
//! ```
//!
//! **The floor.** No component is narrower in any direction than F, diagonal, of the larger of
//! 10⁻⁶ of each column's variance and the square of its rounding error: Σ_k - F has no negative
//! eigenvalue.

use super::{Mixture, triangle};
use crate::Error;
use crate::linear::moments::Moments;
use crate::multivariate::gaussian::Gaussian;
use serde::{Deserialize, Serialize};

/// Part of a column's variance below which no component's goes: a thousandth of its deviation.
const FLOOR: f64 = 1e-6;

/// Units, prior and floor, of all rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// `[d]`.
    pub(super) centre: Vec<f64>,
    /// `[d]`, positive.
    pub(super) scale: Vec<f64>,
    /// L of C = L Lᵀ in these units: C is the rows' correlation. A lower triangle.
    pub(super) correlation_factor: Vec<f64>,
    /// Least variances in these units `[d]`.
    pub(super) floor: Vec<f64>,
    /// a.
    pub(super) prior_rows: f64,
}

impl Frame {
    /// Of the rows' moments, and the rounding error of each column `[d]` in its units (0 for none).
    ///
    /// # Errors
    /// [`Error::NoDimensions`], [`Error::Rows`] without rows, [`Error::NoVolume`] where a column is
    /// constant or follows from those before it, [`Error::Columns`] for another number of rounding
    /// errors, [`Error::Option`] for one, or a prior, that is no number from 0 up.
    pub fn of(moments: &Moments, rounding: &[f64], prior_rows: f64) -> Result<Self, Error> {
        let dim = moments.dim();
        if rounding.len() != dim {
            return Err(Error::Columns { expected: dim, got: rounding.len() });
        }
        let named = rounding.iter().map(|r| ("a rounding error", *r));
        for (name, value) in named.chain([("prior_rows", prior_rows)]) {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(Error::Option { name, requirement: "a number from 0 up", value });
            }
        }
        Gaussian::of_moments(moments, 0.0)?;
        let scale = moments.standard_deviations();
        let covariance = moments.covariance();
        let mut correlation_factor: Vec<f64> = triangle::entries(dim)
            .map(|(i, j)| covariance[(i, j)] / (scale[i] * scale[j]))
            .collect();
        triangle::cholesky(&mut correlation_factor, dim)
            .map_err(|column| Error::NoVolume { column })?;
        let floor = rounding.iter().zip(&scale).map(|(r, s)| FLOOR.max((r / s).powi(2))).collect();
        Ok(Self { centre: moments.mean(), scale, correlation_factor, floor, prior_rows })
    }

    /// d.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.centre.len()
    }

    /// A mixture of rows, as one of standardised rows.
    pub(super) fn inward(&self, mixture: &Mixture) -> Mixture {
        mixture.standardized(&self.centre, &self.scale)
    }

    /// A mixture of standardised rows, as one of rows.
    pub(super) fn outward(&self, mut mixture: Mixture) -> Mixture {
        for mean in mixture.means.chunks_exact_mut(self.dim()) {
            for ((m, centre), scale) in mean.iter_mut().zip(&self.centre).zip(&self.scale) {
                *m = centre + scale * *m;
            }
        }
        mixture.scale_columns(|j| 1.0 / self.scale[j]);
        mixture
    }

    /// ln of what standardising multiplies a density by.
    pub(super) fn log_det(&self) -> f64 {
        self.scale.iter().map(|s| s.ln()).sum()
    }

    /// C K^{-2/d} as a lower triangle.
    pub(super) fn prior_covariance(&self, components: usize) -> Vec<f64> {
        let narrow = self.narrow(components);
        let square = |(i, j)| narrow * triangle::square(&self.correlation_factor, i, j);
        triangle::entries(self.dim()).map(square).collect()
    }

    /// The prior's part of the objective, for a mixture of standardised rows.
    pub(super) fn log_prior(&self, mixture: &Mixture) -> f64 {
        if self.prior_rows == 0.0 {
            return 0.0;
        }
        let (dim, narrow) = (self.dim(), self.narrow(mixture.len()));
        let of = |a: &[f64]| {
            let log_det: f64 = (0..dim).map(|j| triangle::diagonal(a, j).ln()).sum();
            let trace = narrow * triangle::square_of_product(a, &self.correlation_factor, dim);
            log_det - 0.5 * trace
        };
        let sum: f64 = mixture.factors.chunks_exact(triangle::len(dim)).map(of).sum();
        self.prior_rows * sum
    }

    /// K^{-2/d}.
    fn narrow(&self, components: usize) -> f64 {
        (components as f64).powf(-2.0 / self.dim() as f64)
    }
}
