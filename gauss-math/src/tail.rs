//! A map of the line that makes its heavy tails normal, and is the identity between them.
//!
//! Beyond a threshold t that is exceeded with probability p, let the exceedance y = x - t have the
//! generalised Pareto survival function S(y) = (1 + ξ y/β)^(-1/ξ), ξ > 0, which is what the tail of
//! any distribution with power-law tails tends to (Balkema and de Haan 1974; Pickands 1975). With
//! Φ̄ = 1 - Φ, the Mills ratio R = Φ̄/φ and L = ln(1 + ξ y/β),
//!
//! ```text
//! T(x) = t + s (z - z_t)        ln Φ̄(z) = ln p - L/ξ        z_t = Φ̄⁻¹(p)
//! ln T'(x) = ln R(z)/R(z_t) - L                 s = β/R(z_t), so that T'(t) = 1
//! (ln T')'(x) = (z R(z) - 1 - ξ)/(β + ξ y)
//! x = t + β/ξ (e^L - 1)         L = ξ (ln Φ̄(z_t) - ln Φ̄(z)),  z = z_t + (T - t)/s
//! ```
//!
//! Error bounds are checked against `golden/tail.csv` (mpmath, 50 digits).
//!
//! The second line is dz/dy = p S(y)/((β + ξ y) φ(z)) with p S = Φ̄(z); the third R' = z R - 1. T is
//! monotone and continuously differentiable; a lower tail is the mirror image of an upper one. All
//! is in logarithms, so a tail goes as far as doubles do.
//!
//! ```
//! use gauss_math::tail::{ParetoTail, TailMap};
//! // Cauchy's upper tail beyond 3.08, which a tenth of it exceeds.
//! let upper = ParetoTail::new(0.1, 3.29, 1.0);
//! let map = TailMap::new(None, Some((3.08, upper)));
//! let (z, log_derivative) = map.gaussianize(1e300);
//! assert!((z - 209.76).abs() < 0.01 && (log_derivative + 692.64).abs() < 0.01);
//! assert!((map.invert(z) / 1e300 - 1.0).abs() < 1e-10);
//! assert_eq!(map.gaussianize(-7.5), (-7.5, 0.0));
//! ```

use crate::normal::{SQRT_2PI, mills, quantile_from_log};

/// e^L is a double up to here.
const L_MAX: f64 = 709.0;

/// The map of the exceedances of one tail, y >= 0 -> w = s (z - z_t) >= 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParetoTail {
    log_p: f64,
    /// β
    scale: f64,
    /// ξ
    index: f64,
    /// ln ξ/β
    log_rate: f64,
    /// z_t
    start: f64,
    /// R(z_t)/√(2π)
    mills_at_start: f64,
    /// s
    spread: f64,
}

impl ParetoTail {
    /// p in (0, ½], β > 0, ξ > 0; where one is not, NaN follows.
    #[must_use]
    pub fn new(probability: f64, scale: f64, index: f64) -> Self {
        let log_p = libm::log(probability);
        let start = -quantile_from_log(log_p);
        let mills_at_start = mills(start);
        Self {
            log_p,
            scale,
            index,
            log_rate: libm::log(index) - libm::log(scale),
            start,
            mills_at_start,
            spread: scale / (SQRT_2PI * mills_at_start),
        }
    }

    /// L and z.
    fn at(&self, y: f64) -> (f64, f64) {
        let u = y / self.scale * self.index;
        let l = if u <= f64::MAX { libm::log1p(u) } else { libm::log(y) + self.log_rate };
        (l, -quantile_from_log(self.log_p - l / self.index))
    }

    /// w and ln dw/dy for y >= 0; w errs by <= 4 ε s max(1, z), ln dw/dy by
    /// 4 ε max(1, |ln dw/dy|).
    #[must_use]
    pub fn gaussianize(&self, y: f64) -> (f64, f64) {
        let (l, z) = self.at(y);
        let log_derivative = libm::log(mills(z) / self.mills_at_start) - l;
        (self.spread * (z - self.start), log_derivative)
    }

    /// The y with [`ParetoTail::gaussianize`]`(y).0 = w`, w >= 0; errs by <= 2 ε of
    /// y + β + max(1, z) s dy/dw + L (y + β/ξ): what β, z and L are worth to it.
    #[must_use]
    pub fn invert(&self, w: f64) -> f64 {
        let d = w / self.spread;
        // ln Φ̄(z_t)/Φ̄(z), without the difference of two squares.
        let mills_ratio = mills(self.start + d) / self.mills_at_start;
        let l = self.index * (d * (self.start + 0.5 * d) - libm::log(mills_ratio));
        if l <= L_MAX {
            libm::expm1(l) * (self.scale / self.index)
        } else {
            libm::exp(l - self.log_rate)
        }
    }

    /// d/dy ln dw/dy for y >= 0; errs by <= 4 ε (1 + ξ)/(β + ξ y).
    #[must_use]
    pub fn bend(&self, y: f64) -> f64 {
        let (_, z) = self.at(y);
        (z * (SQRT_2PI * mills(z)) - 1.0 - self.index) / (self.scale + self.index * y)
    }
}

/// A tail and where it begins.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Side {
    /// -1 for the lower tail, 1 for the upper.
    sign: f64,
    threshold: f64,
    tail: ParetoTail,
}

impl Side {
    /// How far v lies beyond the threshold; NaN for NaN.
    fn exceedance(&self, v: f64) -> f64 {
        self.sign * (v - self.threshold)
    }

    fn back(&self, exceedance: f64) -> f64 {
        self.threshold + self.sign * exceedance
    }
}

/// T: the identity between the thresholds, a [`ParetoTail`] beyond one or both.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TailMap {
    lower: Option<Side>,
    upper: Option<Side>,
}

impl TailMap {
    /// Each side with its threshold, the lower threshold not above the upper.
    #[must_use]
    pub fn new(lower: Option<(f64, ParetoTail)>, upper: Option<(f64, ParetoTail)>) -> Self {
        let side = |sign| move |(threshold, tail)| Side { sign, threshold, tail };
        Self { lower: lower.map(side(-1.0)), upper: upper.map(side(1.0)) }
    }

    /// The side that v, an x or a T(x), lies beyond, and how far.
    fn beyond(&self, v: f64) -> Option<(&Side, f64)> {
        [&self.lower, &self.upper].into_iter().flatten().find_map(|side| {
            let exceedance = side.exceedance(v);
            (exceedance > 0.0).then_some((side, exceedance))
        })
    }

    /// T(x) and ln T'(x). NaN gives NaN and 0, an infinity beyond a tail's threshold an infinity.
    #[must_use]
    pub fn gaussianize(&self, x: f64) -> (f64, f64) {
        self.beyond(x).map_or((x, 0.0), |(side, y)| {
            let (w, log_derivative) = side.tail.gaussianize(y);
            (side.back(w), log_derivative)
        })
    }

    /// T⁻¹(z).
    #[must_use]
    pub fn invert(&self, z: f64) -> f64 {
        self.beyond(z).map_or(z, |(side, w)| side.back(side.tail.invert(w)))
    }

    /// x `[n]` -> z `[n]` = T(x): overwritten; log_det `[n]`: ln T'(x) ADDED to.
    ///
    /// # Panics
    /// When the lengths differ.
    pub fn forward(&self, x: &[f64], z: &mut [f64], log_det: &mut [f64]) {
        assert!(x.len() == z.len() && x.len() == log_det.len());
        z.copy_from_slice(x);
        for (z, log_det) in z.iter_mut().zip(log_det) {
            let own;
            (*z, own) = self.gaussianize(*z);
            *log_det += own;
        }
    }

    /// z `[n]` -> x `[n]` = T⁻¹(z): overwritten.
    ///
    /// # Panics
    /// When the lengths differ.
    pub fn inverse(&self, z: &[f64], x: &mut [f64]) {
        assert_eq!(x.len(), z.len());
        x.iter_mut().zip(z).for_each(|(x, z)| *x = self.invert(*z));
    }

    /// x `[n]`, z_bar `[n]` = ∂L/∂z, log_det_bar `[n]` = ∂L/∂log_det -> x_bar `[n]` = ∂L/∂x:
    /// overwritten.
    ///
    /// # Panics
    /// When the lengths differ.
    pub fn backward(&self, x: &[f64], z_bar: &[f64], log_det_bar: &[f64], x_bar: &mut [f64]) {
        assert!(x.len() == z_bar.len() && x.len() == log_det_bar.len() && x.len() == x_bar.len());
        for (((x, z_bar), log_det_bar), x_bar) in x.iter().zip(z_bar).zip(log_det_bar).zip(x_bar) {
            *x_bar = self.beyond(*x).map_or(*z_bar, |(side, y)| {
                let slope = libm::exp(side.tail.gaussianize(y).1);
                z_bar * slope + log_det_bar * (side.sign * side.tail.bend(y))
            });
        }
    }
}
