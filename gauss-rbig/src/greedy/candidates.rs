//! The rotations that the default chooses from, and the gain it chooses by.

use crate::Error;
use crate::greedy::rotation::haar;
use crate::linear::ica::{Contrast, fast_ica};
use crate::linear::product;
use faer::Mat;
use gauss_math::normal;
use rand::{Rng, RngExt};
use rayon::prelude::*;

/// Random candidates.
const RANDOM: usize = 4;
/// Angles in [0, π/2) tried in two dimensions.
const ANGLES: usize = 32;

/// R, and the contrast that it maximises on the rows it was found on.
pub(super) type Candidate = (Option<Contrast>, Mat<f64>);

/// Rows in components of variance 1.
pub(super) struct White {
    /// [m, r].
    pub y: Mat<f64>,
    /// [m].
    pub weights: Vec<f64>,
}

impl White {
    /// The independent components of a contrast, sought from R.
    pub fn independent(&self, contrast: Contrast, r: Mat<f64>) -> Result<Mat<f64>, Error> {
        fast_ica(&self.y, &self.weights, contrast, r)
    }
}

/// What the default compares.
pub(super) fn candidates(white: &White, rng: &mut impl Rng) -> Result<Vec<Candidate>, Error> {
    let r = white.y.ncols();
    if r == 2 {
        let offset: f64 = rng.random();
        let turn = |i: usize| {
            let angle = std::f64::consts::FRAC_PI_2 * (i as f64 + offset) / ANGLES as f64;
            let (sin, cos) = angle.sin_cos();
            (None, faer::mat![[cos, sin], [-sin, cos]])
        };
        return Ok((0..ANGLES).map(turn).collect());
    }
    let mut candidates = vec![(None, Mat::identity(r, r))];
    let starts = [Contrast::Tails, Contrast::Skewness].map(|contrast| (contrast, haar(r, rng)));
    let found: Result<Vec<Candidate>, Error> = starts
        .into_par_iter()
        .map(|(contrast, start)| Ok((Some(contrast), white.independent(contrast, start)?)))
        .collect();
    candidates.extend(found?);
    candidates.extend((0..RANDOM).map(|_| (None, haar(r, rng))));
    Ok(candidates)
}

/// The candidate with the greatest Σ_i KL(p_i ‖ N(0, 1)) on rows y [m, r] with weights [m].
pub(super) fn greatest_gain(
    mut candidates: Vec<Candidate>,
    y: &Mat<f64>,
    weights: &[f64],
) -> Candidate {
    let gains: Vec<f64> = candidates
        .par_iter()
        .map(|(_, r)| {
            let x = product(y.as_ref(), r.transpose());
            x.col_iter().map(|column| divergence(column.iter().copied(), weights)).sum()
        })
        .collect();
    let best = (1..gains.len()).fold(0, |best, i| if gains[i] > gains[best] { i } else { best });
    candidates.swap_remove(best)
}

/// KL(p ‖ N(0, 1)) of the values' distribution from a histogram of bins ¼ wide, nats. Its bias
/// is about the same for every distribution compared.
fn divergence(values: impl Iterator<Item = f64>, weights: &[f64]) -> f64 {
    const BINS: usize = 34; // [-4, 4] and the two tails
    let mut counts = [0.0; BINS];
    let mut n = 0.0;
    for (v, w) in values.zip(weights) {
        counts[(4.0 * v + 17.0).clamp(0.0, 33.0) as usize] += w;
        n += w;
    }
    let edge = |bin: usize| match bin {
        0 => 0.0,
        BINS => 1.0,
        _ => normal::cdf(0.25 * (bin as f64 - 17.0)),
    };
    let occupied = counts.iter().enumerate().filter(|&(_, &count)| count > 0.0);
    occupied
        .map(|(bin, &count)| {
            let p = count / n;
            p * (p / (edge(bin + 1) - edge(bin))).ln()
        })
        .sum()
}
