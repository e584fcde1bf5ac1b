//! A banana: x ~ N(0, 1) and y | x ~ N(x², σ²) with σ = 1/2. The map (x, y - x²) has the
//! determinant 1, so density and entropy are those of two independent normals.

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use super::{log_normal, normal_entropy};

/// σ.
const NOISE: f64 = 0.5;

/// The distribution.
#[derive(Clone, Debug)]
pub struct Banana;

impl Banana {
    /// One point.
    pub fn draw(&self, rng: &mut impl Rng) -> [f64; 2] {
        let (x, normal): (f64, f64) = (StandardNormal.sample(rng), StandardNormal.sample(rng));
        [x, x * x + NOISE * normal]
    }

    /// ln p(x, y).
    pub fn log_density(&self, x: f64, y: f64) -> f64 {
        log_normal(x, 0.0, 1.0) + log_normal(y, x * x, NOISE)
    }

    /// In nats.
    pub fn entropy(&self) -> f64 {
        normal_entropy(1.0) + normal_entropy(NOISE)
    }
}
