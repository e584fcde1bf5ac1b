//! A mixture of four normal distributions in ten dimensions, x = m_k + L_k ε with the weights
//! 0.4, 0.3, 0.2, 0.1. Means and lower triangular factors are drawn once, from a fixed seed:
//! m ~ N(0, 1.5²), the diagonal of L uniform on [0.3, 1], below it N(0, 0.3²). The clusters
//! overlap in every pair of columns and differ in shape.
//!
//! ln p(x) = ln Σ_k w_k exp(-‖L_k⁻¹(x - m_k)‖²/2) / ((2π)^(d/2) |L_k|), by forward substitution.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::{log_normal, log_sum_exp};

/// d.
pub(super) const DIM: usize = 10;
const WEIGHTS: [f64; 4] = [0.4, 0.3, 0.2, 0.1];
/// Of means and factors; it is part of the definition.
const SEED: u64 = 10;
const MEAN_SPREAD: f64 = 1.5;
const BELOW_DIAGONAL: f64 = 0.3;

#[derive(Clone, Debug)]
struct Component {
    mean: [f64; DIM],
    /// L, zero above the diagonal.
    factor: [[f64; DIM]; DIM],
}

/// The distribution.
#[derive(Clone, Debug)]
pub struct Mixture {
    components: Vec<Component>,
}

impl Default for Mixture {
    fn default() -> Self {
        Self::new()
    }
}

impl Mixture {
    /// The one there is.
    pub fn new() -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(SEED);
        let mut component = || {
            let mut component = Component { mean: [0.0; DIM], factor: [[0.0; DIM]; DIM] };
            for i in 0..DIM {
                component.mean[i] = MEAN_SPREAD * normal(&mut rng);
                for j in 0..i {
                    component.factor[i][j] = BELOW_DIAGONAL * normal(&mut rng);
                }
                component.factor[i][i] = rng.random_range(0.3..1.0);
            }
            component
        };
        Self { components: WEIGHTS.iter().map(|_| component()).collect() }
    }

    /// One point into x, of length d, overwritten.
    pub fn draw(&self, rng: &mut impl Rng, x: &mut [f64]) {
        let share: f64 = rng.random();
        let mut below = 0.0;
        let mut chosen = WEIGHTS.len() - 1;
        for (k, weight) in WEIGHTS.iter().enumerate() {
            below += weight;
            if share < below {
                chosen = k;
                break;
            }
        }
        let Component { mean, factor } = &self.components[chosen];
        let noise: [f64; DIM] = std::array::from_fn(|_| normal(rng));
        for (i, x) in x.iter_mut().enumerate() {
            *x = mean[i] + (0..=i).map(|j| factor[i][j] * noise[j]).sum::<f64>();
        }
    }

    /// ln p(x), x of length d.
    pub fn log_density(&self, x: &[f64]) -> f64 {
        let terms = self.components.iter().zip(&WEIGHTS);
        log_sum_exp(terms.map(|(component, weight)| weight.ln() + component.log_density(x)))
    }
}

impl Component {
    fn log_density(&self, x: &[f64]) -> f64 {
        let mut z = [0.0; DIM];
        let mut sum = 0.0;
        for i in 0..DIM {
            let row = &self.factor[i];
            let known: f64 = (0..i).map(|j| row[j] * z[j]).sum();
            z[i] = (x[i] - self.mean[i] - known) / row[i];
            sum += log_normal(z[i], 0.0, 1.0) - row[i].ln();
        }
        sum
    }
}

fn normal(rng: &mut impl Rng) -> f64 {
    StandardNormal.sample(rng)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// E_p[q/p] = 1 for every q, here a component: draws and density are of one distribution.
    #[test]
    fn draws_follow_the_density() {
        let mixture = Mixture::new();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut x = [0.0; DIM];
        let draws: Vec<[f64; DIM]> = (0..20_000)
            .map(|_| {
                mixture.draw(&mut rng, &mut x);
                x
            })
            .collect();
        for (component, weight) in mixture.components.iter().zip(WEIGHTS) {
            let ratio = |x: &[f64; DIM]| (component.log_density(x) - mixture.log_density(x)).exp();
            let n = draws.len() as f64;
            let mean = draws.iter().map(ratio).sum::<f64>() / n;
            // 0 <= q/p <= 1/w bounds the variance by 1/w - 1.
            let bound = 4.0 * ((1.0 / weight - 1.0) / n).sqrt();
            assert!((mean - 1.0).abs() < bound, "{mean} {bound}");
        }
    }
}
