//! Three concentric rings.
//!
//! The angle θ is uniform, and independently ρ is a mixture of N(R_k, σ²), equal weights, R = 1,
//! 2, 3. The point is (ρ cos θ, ρ sin θ). It has the norm r when ρ = r or ρ = -r, so that
//!
//! ```text
//! p(x) = Σ_k w_k [N(r; R_k, σ²) + N(-r; R_k, σ²)] / (2π r),   r = ‖x‖
//! ```

use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use std::f64::consts::PI;

use super::{log_normal, log_sum_exp};

const RADII: [f64; 3] = [1.0, 2.0, 3.0];
/// σ.
const NOISE: f64 = 0.1;

/// The distribution.
#[derive(Clone, Debug)]
pub struct Rings;

impl Rings {
    /// One point.
    pub fn draw(&self, rng: &mut impl Rng) -> [f64; 2] {
        let radius = RADII[rng.random_range(0..RADII.len())];
        let normal: f64 = StandardNormal.sample(rng);
        let (rho, theta) = (radius + NOISE * normal, 2.0 * PI * rng.random::<f64>());
        [rho * theta.cos(), rho * theta.sin()]
    }

    /// ln p(x, y).
    pub fn log_density(&self, x: f64, y: f64) -> f64 {
        let r = x.hypot(y);
        log_radius(r) - (2.0 * PI * r).ln()
    }

    /// E[-ln p] is one integral over r, whose integrand is smooth and vanishes at both ends: the
    /// trapezoidal rule of step σ/50 leaves rounding.
    pub fn entropy(&self) -> f64 {
        let step = NOISE / 50.0;
        let count = ((RADII[2] + 1.0) / step) as usize;
        let term = |i: usize| {
            let r = i as f64 * step;
            let log_radius = log_radius(r);
            -log_radius.exp() * (log_radius - (2.0 * PI * r).ln())
        };
        (1..count).map(term).sum::<f64>() * step
    }
}

/// ln of the density of r.
fn log_radius(r: f64) -> f64 {
    let terms = RADII
        .iter()
        .flat_map(|radius| [log_normal(r, *radius, NOISE), log_normal(-r, *radius, NOISE)]);
    log_sum_exp(terms) - (RADII.len() as f64).ln()
}
