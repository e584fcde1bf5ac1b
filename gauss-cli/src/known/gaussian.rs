//! A correlated normal distribution in eight dimensions, x_j = j + 2^j y_j, where y is a stationary
//! chain: y_0 ~ N(0, 1), y_j | y_{j-1} ~ N(ρ y_{j-1}, 1 - ρ²), so that the correlation of columns i
//! and j is ρ^|i - j|. The chain rule gives density and entropy without a matrix.

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use super::{log_normal, normal_entropy};

/// d.
pub(super) const DIM: usize = 8;
/// ρ.
const CORRELATION: f64 = 0.8;

/// The distribution.
#[derive(Clone, Debug)]
pub struct Gaussian;

/// Standard deviation of x_j.
fn scale(j: usize) -> f64 {
    2_f64.powi(j as i32)
}

/// Standard deviation of y_j given y_{j-1}.
fn innovation(j: usize) -> f64 {
    if j == 0 { 1.0 } else { (1.0 - CORRELATION * CORRELATION).sqrt() }
}

impl Gaussian {
    /// One point into x, of length d, overwritten.
    pub fn draw(&self, rng: &mut impl Rng, x: &mut [f64]) {
        let mut y = 0.0;
        for (j, x) in x.iter_mut().enumerate() {
            let normal: f64 = StandardNormal.sample(rng);
            y = CORRELATION * y + innovation(j) * normal;
            *x = j as f64 + scale(j) * y;
        }
    }

    /// ln p(x), x of length d.
    pub fn log_density(&self, x: &[f64]) -> f64 {
        let mut before = 0.0;
        let mut sum = 0.0;
        for (j, x) in x.iter().enumerate() {
            let y = (x - j as f64) / scale(j);
            sum += log_normal(y, CORRELATION * before, innovation(j)) - scale(j).ln();
            before = y;
        }
        sum
    }

    /// In nats.
    pub fn entropy(&self) -> f64 {
        (0..DIM).map(|j| normal_entropy(innovation(j)) + scale(j).ln()).sum()
    }
}
