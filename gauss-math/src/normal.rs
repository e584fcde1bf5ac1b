//! The standard normal distribution, one number at a time, accurate in both tails.
//!
//! Every function is built on M(a) = Φ(-a)/exp(-a²/2) for a >= 0 (the Mills ratio over √(2π)):
//! Φ(-a) = exp(-a²/2)·M(a) while that is representable, ln Φ(-a) = -a²/2 + ln M(a) always. Nothing is ever
//! computed as `1 - p`, so a tail keeps its relative accuracy until it underflows.
//!
//! ```
//! use gauss_math::normal;
//! assert_eq!(normal::cdf(0.0), 0.5);
//! // Ten standard deviations out, where 1 - Φ(x) would be 0:
//! assert!((normal::sf(10.0) / 7.619853024160527e-24 - 1.0).abs() < 1e-14);
//! assert!((normal::quantile_from_log(normal::log_cdf(-1e6)) + 1e6).abs() < 1e-9);
//! ```
//!
//! Error bounds are checked against `golden/normal.csv`, `golden/quantile.csv` and
//! `golden/quantile_log.csv` (mpmath, 50 digits). ε is 2⁻⁵², a bound is relative unless it says
//! otherwise, and a result below the smallest normal number is good to one subnormal unit.

use crate::simd::{self, Pack};
use pulp::Scalar;

/// 1/√(2π).
pub const INV_SQRT_2PI: f64 = 0.398_942_280_401_432_7;
/// √(2π).
pub const SQRT_2PI: f64 = 2.506_628_274_631_000_7;
/// ½ ln(2π).
pub const HALF_LN_2PI: f64 = 0.918_938_533_204_672_8;

/// From here on exp(-x²/2) is 0: less than half the smallest subnormal.
const VANISHED: f64 = 39.0;

/// One number for the vector functions.
pub(crate) fn one(x: f64) -> Pack<Scalar, 1> {
    Pack::splat(Scalar::new(), x)
}

/// The number in it.
pub(crate) fn number(x: Pack<Scalar, 1>) -> f64 {
    x.registers()[0]
}

/// exp(-x²/2) for any x, subnormal results included; relative error <= 2 ε.
pub(crate) fn exp_neg_half_square(x: f64) -> f64 {
    let a = x.abs();
    if a <= simd::T_MAX {
        return number(simd::exp_neg_half_square(one(a)));
    }
    if a >= VANISHED {
        return 0.0;
    }
    let hi = f64::from_bits(a.to_bits() & !((1 << 27) - 1));
    libm::exp(-0.5 * hi * hi) * libm::exp(-0.5 * (a - hi) * (a + hi))
}

/// M(a) = Φ(-a)/exp(-a²/2) for any a >= 0; relative error <= 4 ε.
pub fn mills(a: f64) -> f64 {
    number(simd::mills_anywhere(one(a)))
}

/// Density φ(x); relative error <= 2.5 ε.
pub fn pdf(x: f64) -> f64 {
    INV_SQRT_2PI * exp_neg_half_square(x)
}

/// ln φ(x); relative error <= 1.5 ε.
pub fn log_pdf(x: f64) -> f64 {
    -0.5 * x * x - HALF_LN_2PI
}

/// Φ(x) = P(Z <= x); relative error <= 4.5 ε.
pub fn cdf(x: f64) -> f64 {
    if x > 0.0 { 1.0 - tail(x) } else { tail(-x) }
}

/// Survival function 1 - Φ(x) = Φ(-x); relative error <= 4.5 ε.
pub fn sf(x: f64) -> f64 {
    cdf(-x)
}

/// Φ(-a) for a >= 0.
fn tail(a: f64) -> f64 {
    exp_neg_half_square(a) * mills(a)
}

/// ln Φ(x); relative error <= 4.5 ε.
pub fn log_cdf(x: f64) -> f64 {
    if x > 0.0 {
        libm::log1p(-tail(x))
    } else if x == f64::NEG_INFINITY {
        x
    } else {
        -0.5 * x * x + libm::log(mills(-x))
    }
}

/// ln(1 - Φ(x)); relative error <= 4.5 ε.
pub fn log_sf(x: f64) -> f64 {
    log_cdf(-x)
}

/// Φ⁻¹(p); error <= 4.5 ε max(1, |z|) for every p in (0, 1); ∓∞ at 0 and 1; NaN outside [0, 1].
pub fn quantile(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        f64::NAN
    } else if p <= 0.5 {
        -upper_quantile(p)
    } else {
        upper_quantile(1.0 - p) // exact: Sterbenz
    }
}

/// Φ⁻¹(e^l) for l <= 0, where e^l may underflow; error <= 4.5 ε max(1, |z|); NaN for l > 0.
pub fn quantile_from_log(l: f64) -> f64 {
    if !(l <= 0.0) {
        f64::NAN
    } else if l > -std::f64::consts::LN_2 {
        upper_quantile(-libm::expm1(l))
    } else if l > -690.0 {
        -upper_quantile(libm::exp(l))
    } else {
        -upper_quantile_from_log(l)
    }
}

/// -Φ⁻¹(p) for p in [0, ½].
pub(crate) fn upper_quantile(p: f64) -> f64 {
    if p >= 1e-300 {
        number(simd::upper_quantile(one(p)))
    } else if p > 0.0 {
        upper_quantile_from_log(libm::log(p))
    } else {
        f64::INFINITY
    }
}

/// The z > 0 with ln Φ(-z) = l, for l <= -600: Newton's method on -z²/2 + ln M(z) = l, whose
/// left side is concave and nearly a parabola: three steps from √(-2l) reach the last bit.
fn upper_quantile_from_log(l: f64) -> f64 {
    if l == f64::NEG_INFINITY {
        return f64::INFINITY;
    }
    let mut z = (-2.0 * l).sqrt();
    for _ in 0..4 {
        let m = mills(z);
        let residual = (-0.5 * z * z - l) + libm::log(m);
        z += residual * m * SQRT_2PI; // d/dz ln Φ(-z) = -φ(z)/Φ(-z) = -1/(√(2π) M)
    }
    z
}
