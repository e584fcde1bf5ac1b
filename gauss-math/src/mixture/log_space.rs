//! The marginal map where a tail probability or the density would underflow.
//!
//! Far out, ln F and ln f are both near -t²/2 with t up to 1e6 and beyond, and their difference
//! would lose everything to cancellation. So every logarithm is carried as a pair (τ, c) that
//! stands for -τ²/2 + c, and two of them are compared by
//! -(τ - τ*)(τ + τ*)/2 + (c - c*). The dominant term's τ* is factored out of F and f alike and
//! cancels in ln dz/dx; z solves (τ*² - z²)/2 + ln M(z) = C by Newton's method.
//!
//! In a gap between components F is not small but f is: z then is a plateau of equal doubles and
//! ln dz/dx an honest, hugely negative number.

use super::Mixture;
use crate::{normal, simd::TINY};

/// What the map and its gradient need at one far-out x.
pub(super) struct LogSpace {
    pub z: f64,
    pub log_det: f64,
    pub log_pdf: f64,
    /// ln of the smaller tail of F.
    pub log_tail: f64,
    /// Whether the smaller tail is the lower one, F itself.
    pub lower: bool,
    /// M(|z|)
    pub mills: f64,
    /// `[K]` share of each component in the density: π_k f_k / f.
    pub density_share: Vec<f64>,
    /// `[K]` share of each component in the smaller tail.
    pub tail_share: Vec<f64>,
}

/// Stands for exp(-τ²/2 + c).
#[derive(Clone, Copy)]
struct LogTerm {
    tau: f64,
    c: f64,
}

impl LogTerm {
    fn minus(self, other: Self) -> f64 {
        -0.5 * (self.tau - other.tau) * (self.tau + other.tau) + (self.c - other.c)
    }

    fn value(self) -> f64 {
        -0.5 * self.tau * self.tau + self.c
    }
}

/// The sum of the terms as a [`LogTerm`], and each one's share of it.
fn sum(terms: &[LogTerm]) -> (LogTerm, Vec<f64>) {
    let largest = terms.iter().copied().reduce(|a, b| if b.minus(a) > 0.0 { b } else { a });
    let largest = largest.expect("a mixture has components");
    let mut shares: Vec<f64> = terms.iter().map(|t| libm::exp(t.minus(largest))).collect();
    let total: f64 = shares.iter().sum();
    for share in &mut shares {
        *share /= total;
    }
    (LogTerm { tau: largest.tau, c: largest.c + libm::log(total) }, shares)
}

impl Mixture {
    /// The map at any finite x. Otherwise z and ln dz/dx are NaN; f and the smaller tail are 0 at
    /// an infinity.
    #[cold]
    #[inline(never)]
    pub(super) fn log_space(&self, x: f64) -> LogSpace {
        let k = self.components.len();
        if !x.is_finite() {
            let nan = f64::NAN;
            let ln_zero = if x.is_nan() { nan } else { f64::NEG_INFINITY };
            let shares = || vec![nan; k];
            return LogSpace {
                z: nan,
                log_det: nan,
                log_pdf: ln_zero,
                log_tail: ln_zero,
                lower: true,
                mills: nan,
                density_share: shares(),
                tail_share: shares(),
            };
        }
        let (sum_lower, sum_upper, _) = self.sums(x);
        let lower = sum_lower <= sum_upper;

        let density: Vec<LogTerm> = (self.components.iter())
            .map(|c| LogTerm {
                tau: ((x - c.mean) * c.inv_sigma).abs(),
                c: c.log_weight - c.log_sigma - normal::HALF_LN_2PI,
            })
            .collect();
        let tail: Vec<LogTerm> = (self.components.iter())
            .map(|c| {
                // Far on the tail's side, or (for a component of tiny weight) on the other.
                let out = (x - c.mean) * c.inv_sigma * if lower { -1.0 } else { 1.0 };
                if out > 0.0 {
                    LogTerm { tau: out, c: c.log_weight + libm::log(normal::mills(out)) }
                } else {
                    LogTerm { tau: 0.0, c: c.log_weight + normal::log_cdf(-out) }
                }
            })
            .collect();
        let (f, density_share) = sum(&density);
        let (p, tail_share) = sum(&tail);

        let log_tail = p.value();
        let a = if log_tail >= TINY.ln() {
            normal::upper_quantile(libm::exp(log_tail).min(0.5))
        } else {
            upper_quantile(p)
        };
        let mills = normal::mills(a);
        // ln φ(z) = ln p - ln M - ½ ln 2π
        let log_det = f.minus(p) + libm::log(mills) + normal::HALF_LN_2PI;
        LogSpace {
            z: if lower { -a } else { a },
            log_det,
            log_pdf: f.value(),
            log_tail,
            lower,
            mills,
            density_share,
            tail_share,
        }
    }
}

/// The z > 0 with ln Φ(-z) = -τ²/2 + c, far out. Newton's method: the left side is nearly a
/// parabola, so a few steps from max(τ, √(τ² - 2c)) reach the last bit.
fn upper_quantile(p: LogTerm) -> f64 {
    if p.tau > 1e100 {
        return p.tau; // c is nothing beside τ², which may overflow
    }
    let mut z = (p.tau * p.tau - 2.0 * p.c).max(1.0).sqrt();
    for _ in 0..6 {
        let m = normal::mills(z);
        let residual = 0.5 * (p.tau - z) * (p.tau + z) + (libm::log(m) - p.c);
        let step = residual * m * normal::SQRT_2PI;
        z += step;
        if !(step.abs() > f64::EPSILON * z) {
            break;
        }
    }
    z
}
