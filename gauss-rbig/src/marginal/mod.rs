//! The marginal maps of one block: a mixture for each coordinate, as a layer of a flow.
//!
//! With a fixed number of components every fit spends 3K - 1 parameters, also on a coordinate
//! that is normal already, and every needless parameter costs about 1/(2n) nats on new rows. So
//! the number may be chosen per coordinate by the Bayesian information criterion (Schwarz 1978),
//! ln L - ½ p ln n, or Akaike's, ln L - p (n the effective sample size), over a ladder that starts with the map that does
//! nothing, N(0, 1) with no parameter at all. The layer holds K components in every coordinate:
//! unused ones are equal parts of used ones, the same density.

pub mod em;
pub mod gmm;
pub mod histogram;
pub(crate) mod scale;
mod start;

use crate::marginal::em::{Column, EmOptions};
use crate::marginal::gmm::{Gmm, HALF_LN_2PI};
use crate::mean::mean;
use rayon::prelude::*;

/// How many components a coordinate gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum Selection {
    /// Always K.
    Fixed,
    /// The best by BIC: the most probable number, given the rows.
    Bic,
    /// The best by AIC: the least expected loss on new rows.
    #[default]
    Aic,
}

/// The mixture of one coordinate.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MarginalFit {
    /// Of at most K components.
    pub gmm: Gmm,
    /// Different components; 0 for the identity.
    pub components: usize,
}

impl MarginalFit {
    /// Free parameters: 3k - 1.
    pub fn parameters(&self) -> usize {
        (3 * self.components).saturating_sub(1)
    }
}

/// Fits every column `[n]` of rows with these weights `[n]`, whose sum is the effective sample size;
/// columns from `rank` on have no variance and stay as they are. Parallel
/// over columns; each has a seed of its own.
pub(crate) fn fit_columns(
    columns: &[&[f64]],
    weights: Option<&[f64]>,
    rank: usize,
    k: usize,
    selection: Selection,
    em: &EmOptions,
) -> Vec<MarginalFit> {
    columns
        .par_iter()
        .enumerate()
        .map(|(i, x)| {
            if i >= rank {
                return MarginalFit { gmm: unit_normal_about(x, weights, k), components: 0 };
            }
            let em = EmOptions { seed: em.seed.wrapping_add(i as u64), ..em.clone() };
            fit_column(x, weights, k, selection, &em)
        })
        .collect()
}

/// A direction without variance has no density to fit: a normal of σ = 1 about its value.
fn unit_normal_about(x: &[f64], weights: Option<&[f64]>, k: usize) -> Gmm {
    let mean = mean(&x.iter().map(|v| v - x[0]).collect::<Vec<f64>>(), weights);
    Gmm::standard(k).rescaled(x[0] + mean, 1.0)
}

fn fit_column(
    x: &[f64],
    weights: Option<&[f64]>,
    k: usize,
    selection: Selection,
    em: &EmOptions,
) -> MarginalFit {
    let column = Column::new(x, weights, em);
    let rows = weights.map_or(x.len() as f64, |weights| weights.iter().sum());
    let price = match selection {
        Selection::Fixed => {
            return MarginalFit { gmm: column.fit(k, em).gmm, components: k };
        }
        Selection::Bic => 0.5 * rows.ln() / rows,
        Selection::Aic => 1.0 / rows,
    };
    let normal = mean(&x.iter().map(|x| -0.5 * x * x).collect::<Vec<f64>>(), weights);
    let mut best = MarginalFit { gmm: Gmm::standard(1), components: 0 };
    let mut best_score = normal - HALF_LN_2PI;
    let mut worse = 0;
    for components in ladder(k) {
        let fit = column.fit(components, em);
        let candidate = MarginalFit { gmm: fit.gmm, components };
        let score = fit.mean_log_prob - price * candidate.parameters() as f64;
        if score > best_score {
            (best, best_score, worse) = (candidate, score, 0);
        } else if components > 1 {
            // One step down may be a poor local optimum, two are a trend.
            worse += 1;
            if worse == 2 {
                break;
            }
        }
    }
    best
}

/// 1, 2, 3, 4, 6, 8, 12, 16, 24 ... up to k, and k itself.
fn ladder(k: usize) -> impl Iterator<Item = usize> {
    let steps = (0..).map(|i: u32| [2_usize, 3][i as usize % 2] << (i / 2));
    std::iter::once(1).chain(steps).take_while(move |&c| c < k).chain(std::iter::once(k))
}

/// The parameters of a marginal layer of k components: logits, means and ln σ, dimension-major.
pub(crate) fn layer_params(fits: &[MarginalFit], k: usize) -> Vec<f64> {
    let mixtures: Vec<Gmm> = fits.iter().map(|fit| fit.gmm.clone().padded(k)).collect();
    let logits = mixtures.iter().flat_map(|gmm| gmm.weights.iter().map(|w| w.ln()));
    let means = mixtures.iter().flat_map(|gmm| gmm.means.iter().copied());
    let log_sigmas = mixtures.iter().flat_map(|gmm| gmm.sigmas.iter().map(|s| s.ln()));
    logits.chain(means).chain(log_sigmas).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_ends_at_k() {
        assert_eq!(ladder(1).collect::<Vec<_>>(), [1]);
        assert_eq!(ladder(8).collect::<Vec<_>>(), [1, 2, 3, 4, 6, 8]);
        assert_eq!(ladder(10).collect::<Vec<_>>(), [1, 2, 3, 4, 6, 8, 10]);
    }

    #[test]
    fn normal_quantiles_need_no_component_and_two_bumps_two() {
        let normal: Vec<f64> = (0..2000)
            .map(|i| gauss_math::normal::quantile((f64::from(i) + 0.5) / 2000.0))
            .collect();
        let em = EmOptions::default();
        assert_eq!(fit_column(&normal, None, 8, Selection::Bic, &em).components, 0);
        let bumps: Vec<f64> =
            normal.iter().enumerate().map(|(i, z)| z * 0.3 + [-2.0, 2.0][i % 2]).collect();
        let fit = fit_column(&bumps, None, 8, Selection::Bic, &em);
        assert_eq!((fit.components, fit.gmm.len()), (2, 2));
        assert_eq!(layer_params(&[fit], 8).len(), 24);
    }
}
