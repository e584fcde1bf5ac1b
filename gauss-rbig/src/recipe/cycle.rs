//! One cycle of joint training: its options, its noise, and what of it is worth repeating.

use super::candidate::Candidate;
use super::options::Recipe;
use crate::marginal::scale::rounding;
use gauss_flow::{Flow, History, LayerSpec, Rows, Schedule, TrainOptions};
use rayon::prelude::*;

/// Nats over all validation rows by which the best epoch must beat the last to count as
/// overfitting rather than luck. For two near densities the variance of ln p/q is about twice
/// their divergence, so over m rows a mean gain of g nats has a standard error of √(2g/m), and is
/// three of them at g = 18/m.
const SIGNIFICANT_GAIN: f64 = 18.0;

/// One cycle of training, to be repeated on other rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cycle {
    pub batch_size: usize,
    pub epochs: usize,
    /// The epoch to stop after: earlier than `epochs` where the validation rows said so.
    pub stop: usize,
}

/// Joint training of the `index`-th cycle of `flow`, of columns with these rounding errors.
pub(super) fn train_options(
    recipe: &Recipe,
    candidate: &Candidate,
    cycle: Cycle,
    index: usize,
    (flow, rounding): (&Flow, &[f64]),
) -> TrainOptions {
    candidate.tuned(TrainOptions {
        epochs: cycle.epochs,
        batch_size: cycle.batch_size,
        learning_rate: recipe.learning_rate,
        schedule: Schedule::Cosine { warmup: 0.05 },
        // Every cycle has an order of its own.
        seed: recipe.seed.wrapping_add((index as u64) << 32),
        patience: None,
        clip_norm: Some(10.0),
        average_epochs: Some(cycle.epochs as f64 / 60.0),
        validate_every: cycle.epochs.div_ceil(20),
        noise: noise(flow, candidate.noise(), rounding),
        ..TrainOptions::default()
    })
}

/// Deviations of the noise `[d]`, in the units of the columns: `fraction` of what the flow
/// standardises by, and the rounding error of columns whose values repeat. What was rounded has no
/// density of its own, and would else seem the likelier the narrower a spike stands on every
/// value; blurred by its own rounding error it has one.
fn noise(flow: &Flow, fraction: f64, rounding: &[f64]) -> Option<Vec<f64>> {
    let standardizes = flow.layers().first() == Some(&LayerSpec::Standardize);
    let scale =
        |j: usize| if standardizes { flow.layer_params(0)[flow.dim() + j].exp() } else { 1.0 };
    let sigmas = blur(rounding, fraction, scale);
    sigmas.iter().any(|sigma| *sigma > 0.0).then_some(sigmas)
}

/// The rounding errors of the columns `[d]` and noise of so many of their scales, together.
pub(super) fn blur(rounding: &[f64], fraction: f64, scale: impl Fn(usize) -> f64) -> Vec<f64> {
    rounding.iter().enumerate().map(|(j, r)| (fraction * scale(j)).hypot(*r)).collect()
}

/// The rounding error of each column.
pub(super) fn rounding_errors(rows: Rows<'_>) -> Vec<f64> {
    (0..rows.ncols())
        .into_par_iter()
        .map(|j| {
            let values: Vec<f64> = rows.x().col(j).iter().copied().collect();
            rounding(&values, rows.weights())
        })
        .collect()
}

/// How many epochs of a cycle are worth repeating on other rows.
pub(super) fn worth(history: &History, validation_rows: f64) -> usize {
    let last = history.epochs.len() - 1;
    let score = |epoch: usize| history.epochs[epoch].validation_nll.unwrap_or(f64::NAN);
    let gain = score(last) - score(history.best_epoch);
    if gain * validation_rows > SIGNIFICANT_GAIN { history.best_epoch } else { last }
}
