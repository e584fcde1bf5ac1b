//! Where EM starts: components at the data's quantiles, or at seeds drawn by k-means++.

use crate::gmm::Gmm;
use crate::scale::Scale;
use gauss_math::expectation::Points;
use rand::{Rng, RngExt};

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

/// k-means++ (Arthur and Vassilvitskii 2007): each seed is a point drawn with probability
/// proportional to its weight times its squared distance from the seeds so far; then every
/// point goes to its nearest seed and each cluster gives one component.
pub(crate) fn plus_plus(k: usize, points: &Points, floor: f64, rng: &mut impl Rng) -> Gmm {
    let mut distance = vec![1.0; points.x().len()];
    let mut nearest = vec![0_usize; points.x().len()];
    let mut seeds: Vec<f64> = Vec::with_capacity(k);
    for seed in 0..k {
        let chosen = points.x()[draw(points.weights(), &distance, rng)];
        for (j, &u) in points.x().iter().enumerate() {
            let d = (u - chosen) * (u - chosen);
            if seed == 0 || d < distance[j] {
                distance[j] = d;
                nearest[j] = seed;
            }
        }
        seeds.push(chosen);
    }

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

/// An index with probability proportional to weight · distance; by weight if all are zero.
fn draw(weight: &[f64], distance: &[f64], rng: &mut impl Rng) -> usize {
    let total: f64 = weight.iter().zip(distance).map(|(w, d)| w * d).sum();
    let uniform: f64 = rng.random();
    let by_weight = !(total > 0.0 && total.is_finite());
    let sum = if by_weight { weight.iter().sum() } else { total };
    let mut left = uniform * sum;
    let mut last = 0;
    for (j, (&w, &d)) in weight.iter().zip(distance).enumerate() {
        let mass = if by_weight { w } else { w * d };
        if mass > 0.0 {
            last = j;
            left -= mass;
            if left < 0.0 {
                return j;
            }
        }
    }
    last
}
