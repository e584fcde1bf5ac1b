//! Where EM starts: components at the data's quantiles, or at seeds drawn by k-means++.

use crate::marginal::gmm::Gmm;
use crate::marginal::scale::Scale;
use crate::seeds::{Seeds, draw, plus_plus_seeds};
use gauss_math::expectation::Points;
use rand::Rng;

/// Component k gets the k-th of K equal shares of the sorted values: its median, and 1.155 times
/// the interquartile range, twice the standard deviation of a uniform share. Neighbours overlap,
/// without which EM starts slowly, and no share's deviation follows an outlier.
pub(crate) fn quantile(k: usize, scale: &Scale, floor: f64) -> Gmm {
    let share = 1.0 / k as f64;
    let at = |i: usize, part: f64| scale.unit_quantile((i as f64 + part) * share);
    Gmm {
        weights: vec![share; k],
        means: (0..k).map(|i| at(i, 0.5)).collect(),
        sigmas: (0..k)
            .map(|i| (1.155 * (at(i, 0.75) - at(i, 0.25))).max(0.1 * share).max(floor))
            .collect(),
    }
}

/// Seeds of [`crate::seeds`]; then every point goes to its nearest seed and each cluster gives one
/// component.
pub(crate) fn plus_plus(k: usize, points: &Points, floor: f64, rng: &mut impl Rng) -> Gmm {
    let mass = points.weights().iter().copied();
    let first = draw(mass.clone(), rng).unwrap_or(0);
    let x = points.x();
    let square = |j: usize, seed: usize| (x[j] - x[seed]) * (x[j] - x[seed]);
    let Seeds { at, nearest } = plus_plus_seeds(first, k, mass, square, rng);
    let seeds: Vec<f64> = at.iter().map(|&j| x[j]).collect();

    let mut sums = vec![[0.0_f64; 3]; k];
    for ((&u, &w), &c) in points.x().iter().zip(points.weights()).zip(&nearest) {
        let delta = u - seeds[c];
        sums[c][0] += w;
        sums[c][1] += w * delta;
        sums[c][2] += w * delta * delta;
    }
    let total = points.total() + k as f64; // every cluster counts one point more: none is empty
    let least = floor.max(0.1 / k as f64);
    let mut gmm = Gmm { weights: vec![], means: vec![], sigmas: vec![] };
    for (c, [w, first, second]) in sums.into_iter().enumerate() {
        let count = w.max(f64::MIN_POSITIVE);
        let offset = first / count;
        let variance = (second / count - offset * offset).max(0.0);
        gmm.weights.push((w + 1.0) / total);
        gmm.means.push(seeds[c] + offset);
        gmm.sigmas.push(variance.sqrt().max(least));
    }
    gmm
}
