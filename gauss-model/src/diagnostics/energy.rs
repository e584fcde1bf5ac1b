//! Whether rows are draws of N(0, I), all dimensions at once: the energy test of Székely and Rizzo
//! (2005).
//!
//! For rows X, X' and standard normal Z, Z', all independent, the energy distance
//!
//! ```text
//! 𝓔 = 2 E|X - Z| - E|X - X'| - E|Z - Z'|  >= 0
//! ```
//!
//! is 0 only if X is standard normal, too. Its plug-in over n rows has a null distribution that
//! depends on n and d alone, taken here from seeded draws. With c(m) the mean length of a normal
//! vector in m dimensions, E|Z - Z'| = √2 c(d), and since |x - Z|² is a mixture of χ² with
//! Poisson weights of mean |x|²/2, so is its root:
//!
//! ```text
//! E|x - Z| = Σ_k Poisson(k; |x|²/2) c(d + 2k)
//! ```

use faer::{Mat, MatRef};
use gauss_flow::rows;
use gauss_flow::stream::{Purpose, stream};
use gauss_rbig::sampling;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use serde::Serialize;
use std::f64::consts::{PI, SQRT_2};

/// Draws of the null distribution: p-values down to 1/200.
pub const REPLICATES: usize = 199;
/// Rows at most, and fewer in many dimensions: each replicate costs n² d.
const MOST_ROWS: usize = 1000;
const MOST_PRODUCTS: usize = 10_000_000;

/// The energy test of rows against N(0, I).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Energy {
    /// Rows it was done on.
    pub rows: usize,
    /// n·𝓔.
    pub statistic: f64,
    /// 𝓔 / (2 E|X - Z|), between 0 and 1: how large the departure is, whatever n.
    pub coefficient: f64,
    /// The mean coefficient of draws that are normal: what n rows give by chance.
    pub coefficient_by_chance: f64,
    /// The share of normal draws, the rows included, whose statistic is as large.
    pub p_value: f64,
    /// Normal draws.
    pub replicates: usize,
}

/// The test of z `[n, d]`, n >= 2, on some of the rows where there are many.
#[must_use]
pub fn test(z: MatRef<'_, f64>, seed: u64) -> Energy {
    let dim = z.ncols();
    let most = MOST_ROWS.min((MOST_PRODUCTS / dim).isqrt());
    let z = rows::pick(z, &sampling::choose(z.nrows(), most, seed));
    let n = z.nrows();
    let (distance, coefficient) = distance(z.as_ref());
    let null: Vec<(f64, f64)> = (0..REPLICATES as u64)
        .into_par_iter()
        .map(|replicate| {
            let mut rng = stream(seed, Purpose::EnergyNull { replicate });
            let draw = Mat::from_fn(n, dim, |_, _| StandardNormal.sample(&mut rng));
            self::distance(draw.as_ref())
        })
        .collect();
    let as_large = null.iter().filter(|null| null.0 >= distance).count();
    Energy {
        rows: n,
        statistic: n as f64 * distance,
        coefficient,
        coefficient_by_chance: null.iter().map(|null| null.1).sum::<f64>() / REPLICATES as f64,
        p_value: (1 + as_large) as f64 / (1 + REPLICATES) as f64,
        replicates: REPLICATES,
    }
}

/// 𝓔 and its coefficient.
fn distance(z: MatRef<'_, f64>) -> (f64, f64) {
    let (n, dim) = (z.nrows(), z.ncols());
    let points: Vec<f64> = z.row_iter().flat_map(|row| row.iter().copied()).collect();
    let points: Vec<&[f64]> = points.chunks_exact(dim).collect();
    let square =
        |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum() };
    let pairs: f64 = (1..n)
        .map(|i| points[..i].iter().map(|other| square(points[i], other).sqrt()).sum::<f64>())
        .sum();
    let within = 2.0 * pairs / (n * n) as f64;
    let to_normal = points
        .iter()
        .map(|point| mean_distance(point.iter().map(|v| v * v).sum(), dim))
        .sum::<f64>()
        / n as f64;
    let distance = 2.0 * to_normal - within - SQRT_2 * mean_length(dim);
    (distance, distance / (2.0 * to_normal))
}

/// c(m) = √2 Γ((m+1)/2) / Γ(m/2), by c(m) c(m+1) = m from c(1), and by Stirling's series, to
/// 1e-12, where m is large.
fn mean_length(m: usize) -> f64 {
    const LARGE: usize = 200;
    if m >= LARGE {
        let m = m as f64;
        let r = 1.0 / (4.0 * m);
        return m.sqrt() * (1.0 - r + r * r / 2.0 + 2.5 * r.powi(3) - 2.625 * r.powi(4));
    }
    (1..m).fold((2.0 / PI).sqrt(), |c, m| m as f64 / c)
}

/// E|x - Z| for |x|² = `square` in `dim` dimensions.
fn mean_distance(square: f64, dim: usize) -> f64 {
    /// Beyond, |x| + (d-1)/(2|x|) is within 1e-6 of it for any d up to 100.
    const FAR: f64 = 20_000.0;
    /// Weights below this share of the largest are left out.
    const LEAST: f64 = 1e-17;
    if square > FAR.max((200 * dim) as f64) {
        return square.sqrt() + (dim as f64 - 1.0) / (2.0 * square.sqrt());
    }
    let mean = square / 2.0;
    let mode = mean.floor() as usize;
    let at_mode = mean_length(dim + 2 * mode);
    // c(m+2) = c(m) (m+1)/m.
    let (mut weights, mut sum) = (1.0, at_mode);
    let (mut weight, mut length) = (1.0, at_mode);
    for k in mode + 1.. {
        let m = (dim + 2 * k - 2) as f64;
        weight *= mean / k as f64;
        length *= (m + 1.0) / m;
        if weight < LEAST {
            break;
        }
        weights += weight;
        sum += weight * length;
    }
    (weight, length) = (1.0, at_mode);
    for k in (0..mode).rev() {
        let m = (dim + 2 * k) as f64;
        weight *= (k + 1) as f64 / mean;
        length *= m / (m + 1.0);
        if weight < LEAST {
            break;
        }
        weights += weight;
        sum += weight * length;
    }
    sum / weights
}

#[cfg(test)]
mod tests {
    use super::*;
    use gauss_math::normal;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn mean_lengths_follow_from_the_gamma_function() {
        for m in [1, 2, 3, 10, 199, 200, 1000] {
            let exact =
                SQRT_2 * (libm::lgamma(m as f64 / 2.0 + 0.5) - libm::lgamma(m as f64 / 2.0)).exp();
            // lgamma of some hundreds loses three digits.
            assert!((mean_length(m) / exact - 1.0).abs() < 1e-11, "{m}");
        }
    }

    #[test]
    fn the_mean_distance_in_one_dimension_is_the_folded_normals() {
        for x in [0.0, 0.3, 1.0, 4.0, 30.0, 140.0, 150.0] {
            let exact = 2.0 * normal::pdf(x) + x * (1.0 - 2.0 * normal::cdf(-x));
            let got = mean_distance(x * x, 1);
            assert!((got - exact).abs() < 1e-12 * exact, "{x}: {got} {exact}");
        }
        // The far formula meets the sum: in three dimensions they differ by less than rounding.
        let (near, far) = (mean_distance(19_999.0, 3), mean_distance(20_001.0, 3));
        assert!((far - near - 1.0 / 20_000_f64.sqrt()).abs() < 1e-6, "{near} {far}");
    }

    #[test]
    fn the_level_holds_and_a_shift_or_a_dependence_is_found() {
        const ROWS: usize = 80;
        const RUNS: u64 = 40;
        let draw = |seed: u64, shape: &dyn Fn(f64, f64) -> [f64; 2]| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let rows: Vec<[f64; 2]> = (0..ROWS)
                .map(|_| shape(StandardNormal.sample(&mut rng), StandardNormal.sample(&mut rng)))
                .collect();
            Mat::from_fn(ROWS, 2, |i, j| rows[i][j])
        };
        let p = |seed, shape: &dyn Fn(f64, f64) -> [f64; 2]| {
            test(draw(seed, shape).as_ref(), seed).p_value
        };
        let rejected = (0..RUNS).filter(|&seed| p(seed, &|a, b| [a, b]) < 0.25).count();
        // A quarter of 40 is 10; three standard deviations are 8.
        assert!((2..=18).contains(&rejected), "{rejected}");
        assert!(p(1, &|a, b| [a + 0.7, b]) < 0.01);
        assert!(p(1, &|a, b| [a, 0.95 * a + 0.31 * b]) < 0.01);
    }
}
