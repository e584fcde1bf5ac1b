//! Two moons, with their exact density.
//!
//! Two interleaved half circles as scikit-learn draws them: the outer (cos t, sin t), the inner
//! (1 - cos t, ½ - sin t), t in [0, π], half of the points on each, plus isotropic normal noise
//! of standard deviation σ. The density of one arc is a one-dimensional integral: at the distance
//! r and angle θ from its centre,
//!
//! ```text
//! p(x) = 1/π ∫₀^π N(x; (cos t, sin t), σ²I) dt
//!      = exp(-(r - 1)²/2σ²)/(2π²σ²) · ∫₀^π exp(-r (1 - cos(t - θ))/σ²) dt
//! ```
//!
//! The integrand has one bump, at θ; where its exponent is more than 50 below its largest value
//! in [0, π] it counts for nothing, and what is left is integrated by Gauss and Legendre's rule.

use faer::{Mat, MatRef};
use rand::Rng;
use rand::seq::SliceRandom;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use std::f64::consts::PI;

/// Nodes of the Gauss-Legendre rule in each panel.
const NODES: usize = 20;
/// Panels over what counts of the integrand: at most some five standard deviations each.
const PANELS: usize = 6;
/// exp(-50) is below the last bit of the sum.
const NEGLIGIBLE: f64 = 50.0;

/// Two moons with noise σ.
#[derive(Clone, Debug)]
pub struct TwoMoons {
    noise: f64,
    /// (node, weight) on [-1, 1].
    rule: Vec<(f64, f64)>,
}

impl TwoMoons {
    /// With noise of this standard deviation, > 0.
    ///
    /// # Panics
    /// When it is not a positive number.
    pub fn new(noise: f64) -> Self {
        assert!(noise > 0.0 && noise.is_finite());
        Self { noise, rule: gauss_legendre(NODES) }
    }

    /// `rows` points in a random order, [rows, 2], and for each whether it is of the outer moon.
    /// The angles are equally spaced on each arc, as scikit-learn has them.
    pub fn sample(&self, rows: usize, rng: &mut impl Rng) -> (Mat<f64>, Vec<bool>) {
        let outer_rows = rows / 2;
        let angle = |i: usize, n: usize| PI * i as f64 / (n.max(2) - 1) as f64;
        let mut points: Vec<(f64, f64, bool)> = (0..rows)
            .map(|i| {
                let outer = i < outer_rows;
                let t = if outer {
                    angle(i, outer_rows)
                } else {
                    angle(i - outer_rows, rows - outer_rows)
                };
                if outer { (t.cos(), t.sin(), true) } else { (1.0 - t.cos(), 0.5 - t.sin(), false) }
            })
            .collect();
        for (x, y, _) in &mut points {
            let (dx, dy): (f64, f64) = (StandardNormal.sample(rng), StandardNormal.sample(rng));
            *x += self.noise * dx;
            *y += self.noise * dy;
        }
        points.shuffle(rng);
        let x = Mat::from_fn(rows, 2, |i, j| if j == 0 { points[i].0 } else { points[i].1 });
        (x, points.iter().map(|p| p.2).collect())
    }

    /// ln p(x, y), in nats.
    pub fn log_density(&self, x: f64, y: f64) -> f64 {
        // The inner moon is the outer one turned by half a turn about (½, ¼).
        let outer = self.log_arc(x, y);
        let inner = self.log_arc(1.0 - x, 0.5 - y);
        let (high, low) = if outer > inner { (outer, inner) } else { (inner, outer) };
        high + (low - high).exp().ln_1p() - std::f64::consts::LN_2
    }

    /// [`TwoMoons::log_density`] of every row of x [n, 2], spread over threads.
    pub fn log_densities(&self, x: MatRef<'_, f64>) -> Vec<f64> {
        let rows = 0..x.nrows();
        rows.into_par_iter().map(|i| self.log_density(x[(i, 0)], x[(i, 1)])).collect()
    }

    /// Differential entropy -∫ p ln p in nats, by the trapezoidal rule on a grid of step σ/4 to
    /// 12 σ beyond the arcs: for sums of Gaussians of width σ its error is below e^(-2π²·16).
    pub fn entropy(&self) -> f64 {
        let step = self.noise / 4.0;
        let margin = 12.0 * self.noise;
        let count = |length: f64| ((length + 2.0 * margin) / step).ceil() as usize;
        let (columns, rows) = (count(3.0), count(1.5));
        let line = |i: usize| -> f64 {
            let x = -1.0 - margin + i as f64 * step;
            (0..rows)
                .map(|j| {
                    let log_p = self.log_density(x, -0.5 - margin + j as f64 * step);
                    -log_p * log_p.exp()
                })
                .sum()
        };
        let lines: Vec<f64> = (0..columns).into_par_iter().map(line).collect();
        lines.iter().sum::<f64>() * step * step
    }

    /// ln of the outer arc's density.
    fn log_arc(&self, x: f64, y: f64) -> f64 {
        let variance = self.noise * self.noise;
        let (r, theta) = (x.hypot(y), y.atan2(x));
        let sharpness = r / variance;
        // 1 - cos as 2 sin² keeps its digits near the bump.
        let exponent = |t: f64| -2.0 * sharpness * ((t - theta) / 2.0).sin().powi(2);
        let peak = if theta >= 0.0 { 0.0 } else { exponent(0.0).max(exponent(PI)) };

        // exponent >= peak - 50 where |t - θ| <= width, up to whole turns.
        let lowest = (NEGLIGIBLE - peak) / (2.0 * sharpness);
        let width = if lowest < 1.0 { 2.0 * lowest.sqrt().asin() } else { PI };
        let mut integral = 0.0;
        for turn in [-2.0 * PI, 0.0, 2.0 * PI] {
            let from = (theta + turn - width).max(0.0);
            let to = (theta + turn + width).min(PI);
            let half = (to - from) / (2 * PANELS) as f64;
            for panel in 0..PANELS {
                if half > 0.0 {
                    let middle = from + (2 * panel + 1) as f64 * half;
                    let terms = self
                        .rule
                        .iter()
                        .map(|(u, w)| w * (exponent(middle + half * u) - peak).exp());
                    integral += half * terms.sum::<f64>();
                }
            }
        }
        integral.ln() + peak
            - (r - 1.0).powi(2) / (2.0 * variance)
            - (2.0 * PI * PI * variance).ln()
    }
}

/// Nodes and weights of the n-point Gauss-Legendre rule on [-1, 1]: Newton's method on P_n from
/// Tricomi's guess.
fn gauss_legendre(n: usize) -> Vec<(f64, f64)> {
    let node = |i: usize| {
        let mut x = (PI * (i as f64 + 0.75) / (n as f64 + 0.5)).cos();
        let mut slope = 1.0;
        for _ in 0..8 {
            let (mut p, mut before) = (x, 1.0);
            for k in 2..=n {
                let k = k as f64;
                (p, before) = (((2.0 * k - 1.0) * x * p - (k - 1.0) * before) / k, p);
            }
            slope = n as f64 * (x * p - before) / (x * x - 1.0);
            x -= p / slope;
        }
        (x, 2.0 / ((1.0 - x * x) * slope * slope))
    };
    (0..n).map(node).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    /// Rounding in some 240 terms and in exponents of up to a few thousand.
    const TOL: f64 = 1e-10;

    #[test]
    fn the_density_is_that_of_the_golden_table() {
        let golden = include_str!("../../golden/two_moons.csv");
        let moons = TwoMoons::new(0.05);
        let mut checked = 0;
        for line in golden.lines().skip(1) {
            let cells: Vec<f64> = line.split(',').map(|c| c.parse().unwrap()).collect();
            let got = moons.log_density(cells[0], cells[1]);
            let bound = TOL * cells[2].abs().max(1.0);
            assert!((got - cells[2]).abs() <= bound, "{line}: got {got}");
            checked += 1;
        }
        assert!(checked > 100);
    }

    #[test]
    fn the_entropy_is_the_mean_of_minus_the_log_density() {
        let moons = TwoMoons::new(0.05);
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        let (x, _) = moons.sample(40_000, &mut rng);
        let log_p = moons.log_densities(x.as_ref());
        let mean = -log_p.iter().sum::<f64>() / log_p.len() as f64;
        // The standard deviation of ln p is near 1: four standard errors are 0.02.
        assert!((moons.entropy() - mean).abs() < 0.02, "{} {mean}", moons.entropy());
    }

    #[test]
    fn the_arcs_are_where_scikit_learn_has_them() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        let (x, outer) = TwoMoons::new(1e-9).sample(1000, &mut rng);
        assert_eq!(outer.iter().filter(|o| **o).count(), 500);
        for (i, outer) in outer.iter().enumerate() {
            let (x, y) = (x[(i, 0)], x[(i, 1)]);
            let (r, above) =
                if *outer { (x.hypot(y), y) } else { ((1.0 - x).hypot(0.5 - y), 0.5 - y) };
            assert!((r - 1.0).abs() < 1e-7 && above > -1e-7);
        }
    }
}
