//! Where EM begins.
//!
//! **Seeds.** Standardised rows drawn far from each other (`seeds.rs`), each with the rows nearest to
//! it, then [`LLOYD`] rounds of k-means, which even out what a random draw leaves uneven.
//!
//! **Splits.** A mixture of fewer components, the heaviest of them cut in two across their longest
//! axis until there are enough.

use super::packed::Packed;
use super::sums::Sums;
use super::{Mixture, triangle};
use crate::seeds::{draw, plus_plus_seeds};
use faer::{Mat, Side};
use rand::{Rng, RngExt};
use rayon::prelude::*;

/// Rounds of k-means.
const LLOYD: usize = 3;

/// The sums of k components, each of the rows nearest to one of k seeds.
pub(super) fn seeded(rows: &Packed, k: usize, rng: &mut impl Rng) -> Sums {
    let n = rows.nrows();
    let points: Vec<Vec<f64>> = (0..n).map(|i| rows.row(i).collect()).collect();
    let weight = (0..n).map(|i| rows.weight(i));
    let first = draw(weight.clone(), rng).unwrap_or_else(|| rng.random_range(0..n));
    let square = |i: usize, seed: usize| distance(&points[i], &points[seed]);
    let mut sums = rows.of_parts(k, &plus_plus_seeds(first, k, &weight, square, rng).nearest);
    for _ in 0..LLOYD {
        let centres: Vec<Vec<f64>> = sums.means();
        let nearest: Vec<usize> = points
            .par_iter()
            .map(|x| {
                let mut best = (f64::INFINITY, 0);
                for (k, centre) in centres.iter().enumerate() {
                    let square = distance(x, centre);
                    if square < best.0 {
                        best = (square, k);
                    }
                }
                best.1
            })
            .collect();
        sums = rows.of_parts(k, &nearest);
    }
    sums
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum()
}

/// k components from fewer.
pub(super) fn split(mut mixture: Mixture, k: usize) -> Mixture {
    while mixture.len() < k {
        let heaviest = (0..mixture.len())
            .max_by(|&a, &b| mixture.log_weights[a].total_cmp(&mixture.log_weights[b]))
            .unwrap_or(0);
        split_one(&mut mixture, heaviest);
    }
    mixture
}

/// Cuts component k in two halves of the same mean and covariance together: along the longest axis
/// e, of variance λ, the means are m ± ½ √λ e and the variance is ¾ λ.
fn split_one(mixture: &mut Mixture, k: usize) {
    let dim = mixture.dim;
    let size = triangle::len(dim);
    let a = &mixture.factors[k * size..][..size];
    let factor = triangle::inverse(a, dim);
    let covariance = Mat::from_fn(dim, dim, |i, j| triangle::square(&factor, i, j));
    let Ok(eigen) = covariance.self_adjoint_eigen(Side::Lower) else { return };
    let largest = dim - 1;
    let variance = eigen.S().column_vector()[largest];
    let axis: Vec<f64> = (0..dim).map(|i| eigen.U()[(i, largest)] * variance.sqrt()).collect();
    let mut half: Vec<f64> = triangle::entries(dim)
        .map(|(i, j)| covariance[(i, j)] - 0.25 * axis[i] * axis[j])
        .collect();
    if triangle::cholesky(&mut half, dim).is_err() {
        half.copy_from_slice(&factor);
    }
    let half = triangle::inverse(&half, dim);
    mixture.factors[k * size..][..size].copy_from_slice(&half);
    mixture.factors.extend(half);
    mixture.log_weights[k] -= std::f64::consts::LN_2;
    mixture.log_weights.push(mixture.log_weights[k]);
    for i in 0..dim {
        let mean = mixture.means[k * dim + i];
        mixture.means[k * dim + i] = mean - 0.5 * axis[i];
        mixture.means.push(mean + 0.5 * axis[i]);
    }
}
