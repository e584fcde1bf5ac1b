//! The marginal map of a one-dimensional mixture of normals, z = Φ⁻¹(F(x)).
//!
//! With K components of weight π_k = softmax(logits)_k, mean μ_k and σ_k = exp(log_sigma_k), and
//! t_k = (x - μ_k)/σ_k,
//!
//! - density f(x) = Σ π_k/σ_k φ(t_k), distribution F(x) = Σ π_k Φ(t_k),
//! - z = Φ⁻¹(F(x)), a strictly increasing bijection of the line,
//! - ln dz/dx = ln f(x) - ln φ(z): what the map adds to a flow's `log_det`.
//!
//! **Both tails are summed**, L = Σ π_k Φ(t_k) and U = Σ π_k Φ(-t_k), each from its own small
//! terms; z comes from the smaller, p = min(L, U), whose side gives the sign. The derivative
//! needs no φ(z): with M of [`crate::normal::mills`], φ(z) = p/(√(2π) M(|z|)), so
//! dz/dx = (Σ π_k/σ_k e_k)·M(|z|)/p with e_k = exp(-t_k²/2), from numbers already at hand.
//!
//! | file | what |
//! |---|---|
//! | `mod.rs` | the mixture, and one value at a time |
//! | `component.rs` | its components, as the kernels read them |
//! | `near.rs` | the arithmetic of a row, lane by lane |
//! | `far.rs` | the same in logarithms, where p or f would underflow: no clamp, ever |
//! | `gather.rs` | which rows those are, sixteen at a time |
//! | `forward.rs` | z and ln dz/dx over slices |
//! | `row.rs` | the same of one row, a mixture for each of its dimensions |
//! | `backward.rs` | the gradient |
//! | `inverse.rs` | x from z by safeguarded Newton steps on the z scale |

mod backward;
mod component;
pub(crate) mod far;
pub(crate) mod forward;
pub(crate) mod gather;
pub(crate) mod inverse;
pub(crate) mod near;
mod row;

pub use backward::Gradient;
pub use inverse::Inverter;
pub use row::forward_row;

use crate::normal::{self, number};
use crate::simd::{LOGICAL_LANES, TINY};
use crate::slice;
use component::{Component, Components};
use pulp::Scalar;

/// What the clamp at |t| = 37 leaves of a far component's density, 5e-298 of its height, must be
/// nothing even after multiplication by t²/σ in the gradient, with t up to 1e14.
pub(crate) const TINY_SLOPE: f64 = 1e-240;

/// ln σ beyond this is refused by callers: 1/σ and π/σ must stay far from overflow.
pub const MAX_ABS_LOG_SIGMA: f64 = 300.0;

/// A mixture of normals with what derives from its parameters computed once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mixture {
    components: Components,
    /// Below this Σ π_k/σ_k e_k goes to log space: [`TINY_SLOPE`] of the largest it can be.
    tiny_slope: f64,
    /// The largest ln σ.
    widest: f64,
}

impl Mixture {
    /// The mixture with these parameters `[K each]`: weights are softmax(logits).
    ///
    /// # Panics
    /// When the slices' lengths differ or are 0.
    #[must_use]
    pub fn new(logits: &[f64], means: &[f64], log_sigmas: &[f64]) -> Self {
        let mut mixture = Self::default();
        mixture.set(logits, means, log_sigmas);
        mixture
    }

    /// [`Mixture::new`] into the memory at hand.
    ///
    /// # Panics
    /// As [`Mixture::new`].
    pub fn set(&mut self, logits: &[f64], means: &[f64], log_sigmas: &[f64]) {
        assert!(!logits.is_empty() && logits.len() == means.len());
        assert_eq!(means.len(), log_sigmas.len());
        let max = logits.iter().fold(f64::NEG_INFINITY, |m, &l| m.max(l));
        self.components.clear();
        let mut sum = 0.0;
        // π_k over the largest weight and 1/σ_k, sixteen exponentials at a time.
        let mut exponents = [0.0; 2 * LOGICAL_LANES];
        let mut powers = [0.0; 2 * LOGICAL_LANES];
        for start in (0..logits.len()).step_by(LOGICAL_LANES) {
            let count = LOGICAL_LANES.min(logits.len() - start);
            for i in 0..count {
                exponents[i] = logits[start + i] - max;
                exponents[count + i] = -log_sigmas[start + i];
            }
            slice::exp(&exponents[..2 * count], &mut powers[..2 * count]);
            for i in 0..count {
                self.components.push(Component {
                    mean: means[start + i],
                    inv_sigma: powers[count + i],
                    weight: powers[i],
                    slope: 0.0,
                    log_weight: exponents[i],
                    log_sigma: log_sigmas[start + i],
                });
            }
            sum = powers[..count].iter().fold(sum, |sum, e| sum + e);
        }
        self.components.normalise(sum);
        let largest: f64 = self.components.iter().map(|c| c.slope).sum();
        // With σ near e^300 the product underflows; the inverse of a subnormal would overflow.
        self.tiny_slope = (TINY_SLOPE * largest).max(f64::MIN_POSITIVE);
        self.widest = log_sigmas.iter().fold(f64::NEG_INFINITY, |m, &l| m.max(l));
    }

    /// K.
    #[must_use]
    pub fn len(&self) -> usize {
        self.components.len()
    }

    /// Whether there is no component: only of [`Mixture::default`], before [`Mixture::set`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// (L, U, Σ π_k/σ_k e_k) at x: both tails of F, and f·√(2π).
    fn sums(&self, x: f64) -> (f64, f64, f64) {
        let (mut lower, mut upper, mut slope) = (0.0, 0.0, 0.0);
        for c in self.components.iter() {
            let t = (x - c.mean) * c.inv_sigma;
            let e = normal::exp_neg_half_square(t);
            let tail = c.weight * (e * normal::mills(t.abs()));
            slope += c.slope * e;
            lower += if t < 0.0 { tail } else { c.weight - tail };
            upper += if t < 0.0 { c.weight - tail } else { tail };
        }
        (lower, upper, slope)
    }

    /// Both sums in log space at a finite x, z's side -1 or 1.
    #[cold]
    #[inline(never)]
    fn far(&self, x: f64, side: f64) -> far::Sums<Scalar, 1> {
        self.far_sums(Scalar::new(), x, side)
    }

    /// ln f(x), in nats; error <= 4.5 ε max(1, |ln f|). -∞ at an infinity, NaN for NaN.
    #[must_use]
    pub fn log_pdf(&self, x: f64) -> f64 {
        let (lower, upper, slope) = self.sums(x);
        if slope >= self.tiny_slope {
            libm::log(slope) - normal::HALF_LN_2PI
        } else if x.is_finite() {
            number(self.far(x, side(lower, upper)).log_pdf())
        } else {
            -x.abs() // NaN stays NaN
        }
    }

    /// ln F(x); error <= 4.5 ε max(1, |ln F|).
    #[must_use]
    pub fn log_cdf(&self, x: f64) -> f64 {
        let (lower, upper, _) = self.sums(x);
        if upper < 0.5 {
            libm::log1p(-upper)
        } else if lower >= TINY {
            libm::log(lower)
        } else if x.is_finite() {
            number(self.far(x, -1.0).log_tail())
        } else {
            x
        }
    }

    /// ln(1 - F(x)); error <= 4.5 ε max(1, |ln(1 - F)|).
    #[must_use]
    pub fn log_sf(&self, x: f64) -> f64 {
        let (lower, upper, _) = self.sums(x);
        if lower < 0.5 {
            libm::log1p(-lower)
        } else if upper >= TINY {
            libm::log(upper)
        } else if x.is_finite() {
            number(self.far(x, 1.0).log_tail())
        } else {
            -x
        }
    }

    /// f(x); relative error <= 4.5 ε max(1, |ln f|).
    ///
    /// ```
    /// use gauss_math::mixture::Mixture;
    /// // Two equal halves, at -2 and 2, of σ = 1.
    /// let halves = Mixture::new(&[0.0, 0.0], &[-2.0, 2.0], &[0.0, 0.0]);
    /// assert!((halves.cdf(0.0) - 0.5).abs() < 1e-15);
    /// assert!((halves.cdf(halves.quantile(0.9)) - 0.9).abs() < 1e-14);
    /// assert!(halves.pdf(2.0) > halves.pdf(0.0));
    /// ```
    #[must_use]
    pub fn pdf(&self, x: f64) -> f64 {
        libm::exp(self.log_pdf(x))
    }

    /// F(x); relative error <= 4.5 ε max(1, |ln F|).
    #[must_use]
    pub fn cdf(&self, x: f64) -> f64 {
        libm::exp(self.log_cdf(x))
    }

    /// 1 - F(x); relative error <= 4.5 ε max(1, |ln(1 - F)|).
    #[must_use]
    pub fn sf(&self, x: f64) -> f64 {
        libm::exp(self.log_sf(x))
    }

    /// F⁻¹(p), as [`Mixture::invert`] of Φ⁻¹(p): ∓∞ at 0 and 1, NaN outside.
    #[must_use]
    pub fn quantile(&self, p: f64) -> f64 {
        self.invert(normal::quantile(p))
    }

    /// (z, ln dz/dx) at x; errors <= 4.5 ε max(1, |z|) and 32 ε max(1, |ln dz/dx|). NaN for a NaN or
    /// infinite x.
    #[must_use]
    pub fn gaussianize(&self, x: f64) -> (f64, f64) {
        let (lower, upper, slope) = self.sums(x);
        let (p, side) = (lower.min(upper), side(lower, upper));
        if !x.is_finite() {
            (f64::NAN, f64::NAN)
        } else if p >= TINY && slope >= self.tiny_slope {
            let a = normal::upper_quantile(p.min(0.5));
            (side * a, libm::log(slope * normal::mills(a) / p))
        } else {
            let at = self.far(x, side).map(self.widest);
            (side * number(at.a), number(at.log_det))
        }
    }
}

/// The side of z, from both tails.
fn side(lower: f64, upper: f64) -> f64 {
    if lower <= upper { -1.0 } else { 1.0 }
}
