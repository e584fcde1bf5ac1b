//! Distributions whose density is known: what a fitted density can be held against.
//!
//! | name | columns | what it asks of a model |
//! |---|---|---|
//! | `two_moons` | 2 | two thin curves |
//! | `rings` | 2 | three closed curves: a hole in the middle of each |
//! | `checkerboard` | 2 | edges: the density jumps from 1/32 to nothing |
//! | `banana` | 2 | one bent ridge |
//! | `gaussian` | 8 | correlation, and columns of scales from 1 to 128 |
//! | `clusters` | 10 | four overlapping clusters of unlike shapes |
//!
//! With the truth p known, the mean of ln p(x) - ln q(x) over fresh x estimates KL(p ‖ q), whose
//! floor is zero, without the entropy of p standing in between.

mod banana;
mod checkerboard;
mod gaussian;
mod mixture;
mod moons;
mod rings;

use faer::{Mat, MatRef};
use rand::Rng;
use rayon::prelude::*;

pub use banana::Banana;
pub use checkerboard::Checkerboard;
pub use gaussian::Gaussian;
pub use mixture::Mixture;
pub use moons::TwoMoons;
pub use rings::Rings;

/// One of them.
#[derive(Clone, Debug)]
pub enum Known {
    /// Two interleaved half circles with noise.
    TwoMoons(TwoMoons),
    /// Three concentric circles with noise.
    Rings(Rings),
    /// Eight squares of a board.
    Checkerboard(Checkerboard),
    /// A parabola with noise.
    Banana(Banana),
    /// A correlated normal distribution.
    Gaussian(Gaussian),
    /// A mixture of four normal distributions.
    Mixture(Mixture),
}

impl Known {
    /// All of them, each with its customary parameters.
    pub fn all() -> Vec<Self> {
        vec![
            Self::TwoMoons(TwoMoons::new(0.05)),
            Self::Rings(Rings),
            Self::Checkerboard(Checkerboard),
            Self::Banana(Banana),
            Self::Gaussian(Gaussian),
            Self::Mixture(Mixture::new()),
        ]
    }

    /// A word for files and tables.
    pub fn name(&self) -> &'static str {
        match self {
            Self::TwoMoons(_) => "two_moons",
            Self::Rings(_) => "rings",
            Self::Checkerboard(_) => "checkerboard",
            Self::Banana(_) => "banana",
            Self::Gaussian(_) => "gaussian",
            Self::Mixture(_) => "clusters",
        }
    }

    /// Its number of columns, d.
    pub fn dim(&self) -> usize {
        match self {
            Self::TwoMoons(_) | Self::Rings(_) | Self::Checkerboard(_) | Self::Banana(_) => 2,
            Self::Gaussian(_) => gaussian::DIM,
            Self::Mixture(_) => mixture::DIM,
        }
    }

    /// `rows` draws, [rows, d].
    pub fn sample(&self, rows: usize, rng: &mut impl Rng) -> Mat<f64> {
        let mut x = Mat::zeros(rows, self.dim());
        let mut fill = |draw: &mut dyn FnMut(&mut [f64])| {
            let mut point = vec![0.0; self.dim()];
            for i in 0..rows {
                draw(&mut point);
                for (j, value) in point.iter().enumerate() {
                    x[(i, j)] = *value;
                }
            }
        };
        match self {
            Self::TwoMoons(moons) => return moons.sample(rows, rng).0,
            Self::Rings(rings) => fill(&mut |point| point.copy_from_slice(&rings.draw(rng))),
            Self::Checkerboard(board) => fill(&mut |point| point.copy_from_slice(&board.draw(rng))),
            Self::Banana(banana) => fill(&mut |point| point.copy_from_slice(&banana.draw(rng))),
            Self::Gaussian(gaussian) => fill(&mut |point| gaussian.draw(rng, point)),
            Self::Mixture(mixture) => fill(&mut |point| mixture.draw(rng, point)),
        }
        x
    }

    /// ln p(x) in nats, x of length d; -∞ where there is no density.
    pub fn log_density(&self, x: &[f64]) -> f64 {
        match self {
            Self::TwoMoons(moons) => moons.log_density(x[0], x[1]),
            Self::Rings(rings) => rings.log_density(x[0], x[1]),
            Self::Checkerboard(board) => board.log_density(x[0], x[1]),
            Self::Banana(banana) => banana.log_density(x[0], x[1]),
            Self::Gaussian(gaussian) => gaussian.log_density(x),
            Self::Mixture(mixture) => mixture.log_density(x),
        }
    }

    /// [`Known::log_density`] of every row of x [n, d], spread over threads.
    pub fn log_densities(&self, x: MatRef<'_, f64>) -> Vec<f64> {
        let row = |i: usize| (0..x.ncols()).map(|j| x[(i, j)]).collect::<Vec<f64>>();
        (0..x.nrows()).into_par_iter().map(|i| self.log_density(&row(i))).collect()
    }

    /// Differential entropy -∫ p ln p in nats, where there is a closed form or a quadrature; a
    /// mixture has neither.
    pub fn entropy(&self) -> Option<f64> {
        match self {
            Self::TwoMoons(moons) => Some(moons.entropy()),
            Self::Rings(rings) => Some(rings.entropy()),
            Self::Checkerboard(board) => Some(board.entropy()),
            Self::Banana(banana) => Some(banana.entropy()),
            Self::Gaussian(gaussian) => Some(gaussian.entropy()),
            Self::Mixture(_) => None,
        }
    }
}

/// ln N(x; mean, sd²).
fn log_normal(x: f64, mean: f64, sd: f64) -> f64 {
    let z = (x - mean) / sd;
    -0.5 * z * z - sd.ln() - 0.5 * (2.0 * std::f64::consts::PI).ln()
}

/// Entropy of N(·, sd²).
fn normal_entropy(sd: f64) -> f64 {
    0.5 * (2.0 * std::f64::consts::PI * std::f64::consts::E).ln() + sd.ln()
}

/// ln Σ exp(terms); -∞ for none.
fn log_sum_exp(terms: impl Iterator<Item = f64> + Clone) -> f64 {
    let most = terms.clone().fold(f64::NEG_INFINITY, f64::max);
    if most == f64::NEG_INFINITY {
        return most;
    }
    most + terms.map(|term| (term - most).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    const ROWS: usize = 20_000;

    fn log_densities(known: &Known) -> (Mat<f64>, Vec<f64>) {
        let x = known.sample(ROWS, &mut ChaCha8Rng::seed_from_u64(3));
        let log_p = known.log_densities(x.as_ref());
        (x, log_p)
    }

    #[test]
    fn entropies_are_means_of_minus_the_log_density() {
        let mut checked = 0;
        for known in Known::all() {
            let Some(entropy) = known.entropy() else { continue };
            let (_, log_p) = log_densities(&known);
            let n = log_p.len() as f64;
            let mean = log_p.iter().sum::<f64>() / n;
            let variance = log_p.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / n;
            // The checkerboard's density is constant: its mean has rounding alone.
            let bound = 4.0 * (variance / n).sqrt() + 1e-10;
            assert!((entropy + mean).abs() < bound, "{}: {entropy} {mean}", known.name());
            checked += 1;
        }
        assert_eq!(checked, 5);
    }

    /// The midpoint rule: smooth densities to rounding, for their bumps are wider than two steps,
    /// and the checkerboard exactly, for the cells tile its squares.
    #[test]
    fn densities_of_the_plane_integrate_to_one() {
        // (name, x from and to, y from and to, step)
        let boxes = [
            ("two_moons", (-2.0, 3.0), (-1.5, 2.0), 0.02),
            ("rings", (-4.0, 4.0), (-4.0, 4.0), 0.04),
            ("checkerboard", (-5.0, 5.0), (-5.0, 5.0), 0.1),
            ("banana", (-6.0, 6.0), (-4.0, 40.0), 0.1),
        ];
        let plane: Vec<Known> = Known::all().into_iter().filter(|k| k.dim() == 2).collect();
        assert_eq!(plane.len(), boxes.len());
        for (known, (name, xs, ys, step)) in plane.iter().zip(boxes) {
            assert_eq!(known.name(), name);
            let count = |(from, to): (f64, f64)| ((to - from) / step).round() as usize;
            let (columns, rows) = (count(xs), count(ys));
            let at = |from: f64, i: usize| from + (i as f64 + 0.5) * step;
            let centres = Mat::from_fn(columns * rows, 2, |i, j| {
                if j == 0 { at(xs.0, i % columns) } else { at(ys.0, i / columns) }
            });
            let log_p = known.log_densities(centres.as_ref());
            let mass = log_p.iter().map(|l| l.exp()).sum::<f64>() * step * step;
            // The banana's tail beyond six standard deviations is 2e-9.
            assert!((mass - 1.0).abs() < 1e-8, "{name}: {mass}");
        }
    }
}
