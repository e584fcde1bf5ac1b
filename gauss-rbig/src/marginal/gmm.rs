//! Mixtures of normals in one dimension.
//!
//! p(x) = Σ_k π_k N(x; μ_k, σ_k²) with π_k > 0, Σ π_k = 1, σ_k > 0, fitted to a column by
//! [`fit`]; how is told in [`crate::marginal::em`].

use crate::Error;
use crate::marginal::em::{Column, EmOptions, check_components};
use gauss_flow::Rows;
use gauss_flow::rows::Counted;

/// ½ ln 2π as ln of the library gives it, an ulp below `gauss_math::normal::HALF_LN_2PI`: a table and a
/// seed give the bits that they always gave.
pub(crate) const HALF_LN_2PI: f64 = 0.918_938_533_204_672_7;

/// A mixture of K normals.
#[derive(Debug, Clone, PartialEq)]
pub struct Gmm {
    /// π `[K]`, positive, of sum one.
    pub weights: Vec<f64>,
    /// μ `[K]`.
    pub means: Vec<f64>,
    /// σ `[K]`, positive.
    pub sigmas: Vec<f64>,
}

/// A fitted mixture and how the fit went.
#[derive(Debug, Clone, PartialEq)]
pub struct EmFit {
    /// The mixture, in the units of the data.
    pub gmm: Gmm,
    /// Mean log-density of the values, nats, of the histogram's points where one was used.
    pub mean_log_prob: f64,
    /// The objective (mean log-likelihood and prior, in units of the column's spread) at every
    /// iteration of the last run: never decreasing.
    pub trace: Vec<f64>,
    /// Whether the gain fell below the tolerance before the iterations ran out.
    pub converged: bool,
}

impl Gmm {
    /// The standard normal, in `k` equal parts.
    #[must_use]
    pub fn standard(k: usize) -> Self {
        let one = Self { weights: vec![1.0], means: vec![0.0], sigmas: vec![1.0] };
        one.padded(k)
    }

    /// The number of components, K.
    #[must_use]
    pub fn len(&self) -> usize {
        self.weights.len()
    }

    /// Whether there is no component.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.weights.is_empty()
    }

    /// ln p(x), nats.
    ///
    /// ```
    /// use gauss_rbig::gmm::Gmm;
    /// let normal = Gmm::standard(3);
    /// assert!((normal.log_pdf(2.0) + 2.0 + gauss_math::normal::HALF_LN_2PI).abs() < 1e-15);
    /// ```
    #[must_use]
    pub fn log_pdf(&self, x: f64) -> f64 {
        let log_term = |k: usize| {
            let t = (x - self.means[k]) / self.sigmas[k];
            self.weights[k].ln() - self.sigmas[k].ln() - 0.5 * t * t
        };
        let largest = (0..self.len()).map(log_term).fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = (0..self.len()).map(|k| (log_term(k) - largest).exp()).sum();
        largest + sum.ln() - HALF_LN_2PI
    }

    /// The same density with `k` >= K components: the heaviest is halved until there are enough.
    /// A layer has equally many components in every dimension; halves, unlike components of
    /// weight zero, can be trained.
    #[must_use]
    pub fn padded(mut self, k: usize) -> Self {
        while self.len() < k {
            let heaviest =
                (0..self.len()).max_by(|&a, &b| self.weights[a].total_cmp(&self.weights[b]));
            let Some(i) = heaviest else { break };
            self.weights[i] *= 0.5;
            self.weights.push(self.weights[i]);
            self.means.push(self.means[i]);
            self.sigmas.push(self.sigmas[i]);
        }
        self
    }

    /// Without components of less than `least` weight; the heaviest always stays.
    #[must_use]
    pub(crate) fn without_empty(&self, least: f64) -> Self {
        let heaviest = self.weights.iter().fold(0.0_f64, |a, &b| a.max(b));
        let kept: Vec<usize> =
            (0..self.len()).filter(|&k| self.weights[k] >= least.min(heaviest)).collect();
        let total: f64 = kept.iter().map(|&k| self.weights[k]).sum();
        Self {
            weights: kept.iter().map(|&k| self.weights[k] / total).collect(),
            means: kept.iter().map(|&k| self.means[k]).collect(),
            sigmas: kept.iter().map(|&k| self.sigmas[k]).collect(),
        }
    }

    /// The mixture of centre + spread · u, this being that of u.
    #[must_use]
    pub(crate) fn rescaled(mut self, centre: f64, spread: f64) -> Self {
        self.means.iter_mut().for_each(|m| *m = centre + spread * *m);
        self.sigmas.iter_mut().for_each(|s| *s *= spread);
        self
    }
}

/// Fits `components` normals to values by EM: rows `[n, 1]`, with weights if they have any, or a slice.
///
/// A constant column has no scale: it gets σ = 1. With fewer distinct values than components,
/// components coincide.
///
/// ```
/// use gauss_rbig::{em::EmOptions, gmm};
/// // Two clumps, at 0 and at 10.
/// let x: Vec<f64> = (0..1000).map(|i| f64::from(i % 2) * 10.0 + f64::from(i) / 1000.0).collect();
/// let fit = gmm::fit(&x, 2, &EmOptions::default())?;
/// assert!((fit.gmm.weights[0] - 0.5).abs() < 1e-6);
/// # Ok::<(), gauss_rbig::Error>(())
/// ```
///
/// # Errors
/// [`Error::Rows`] without values, [`Error::NonFinite`], [`Error::Columns`], [`Error::Option`].
pub fn fit<'a>(
    x: impl Into<Rows<'a>>,
    components: usize,
    options: &EmOptions,
) -> Result<EmFit, Error> {
    let x = x.into();
    options.validate()?;
    x.check(1)?;
    check_components(components)?;
    let counted = Counted::of(x);
    let values: Vec<f64> = counted.rows().x().col(0).iter().copied().collect();
    Ok(Column::new(&values, counted.rows().weights(), options).fit(components, options))
}
