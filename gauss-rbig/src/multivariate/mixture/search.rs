//! How many components, by rows held out.
//!
//! K goes through [`GRID`] while K (d + 1)(d + 2)/2 < n/2, about the number of parameters. Every
//! [`EVERY`] iterations the validation rows score the mixture: both K and the iteration of the best
//! score are taken. Two K in turn that gain nothing end the search.

use super::Mixture;
use super::frame::Frame;
use super::packed::Packed;
use super::run::{Options, Run, Watch};
use crate::Error;
use crate::linear::moments::Moments;
use crate::sampling::stratified;
use gauss_flow::rows::Counted;
use gauss_flow::{OwnedRows, Rows};
use serde::{Deserialize, Serialize};

const GRID: [usize; 11] = [1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64];
/// Sizes in turn that gain nothing, after which no larger one is tried: one may be a bad start.
const PATIENCE: usize = 2;
/// Iterations between two looks at the validation rows.
const EVERY: usize = 5;
/// Looks in turn that gain nothing, after which a run ends.
const LOOKS: usize = 4;
/// Rows that the search learns from, and is judged by, at most.
const SEARCH_ROWS: usize = 40_000;

/// One number of components, and how it did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// K.
    pub components: usize,
    /// The best mean log-density of the validation rows, in nats.
    pub score: f64,
    /// The iterations after which it was reached, the burn-in included.
    pub iterations: usize,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The mixture of the best score.
    pub mixture: Mixture,
    /// Mean ln p of the validation rows, in nats, by their weights.
    pub score: f64,
    /// EM's iterations, the burn-in included.
    pub iterations: usize,
    /// What was tried, in order.
    pub trials: Vec<Trial>,
    /// Whether the watch ended the search.
    pub ended: bool,
    pub(super) options: Options,
}

/// The mixture that the validation rows prefer.
///
/// # Errors
/// todo
pub fn search(
    x: Rows<'_>,
    validation: Rows<'_>,
    rounding: &[f64],
    options: &Options,
    watch: Watch<'_>,
) -> Result<Found, Error> {
    x.check(x.ncols())?;
    validation.check(x.ncols())?;
    let (x, validation) = (few(x, options.seed), few(validation, options.seed));
    let (x, validation) = (Counted::of(x.rows()), Counted::of(validation.rows()));
    let frame = Frame::of(&Moments::of(x.rows()), rounding, options.prior_rows)?;
    let pack = |rows: &Counted<'_>| Packed::of(rows.rows(), &frame.centre, &frame.scale);
    let (rows, validation) = (pack(&x), pack(&validation));
    let score = |mixture: &Mixture| {
        validation.log_prob(&mixture.normals()) / validation.total() - frame.log_det()
    };
    let run = Run { rows: &rows, frame: &frame, options };
    let mut found: Option<Found> = None;
    let (mut in_vain, mut ended) = (0, false);
    let mut trials = Vec::new();
    let mut fewer: Option<Mixture> = None;
    for k in GRID {
        let size = k * (frame.dim() + 1) * (frame.dim() + 2) / 2;
        if k > 1 && (k > options.most || size as f64 >= 0.5 * rows.total()) {
            break;
        }
        let mut mixture = run.begin(k, fewer.as_ref(), watch);
        let mut trial =
            Trial { components: k, score: score(&mixture), iterations: options.burn_in };
        let mut best = mixture.clone();
        let (mut looks, mut before) = (0, f64::NEG_INFINITY);
        for i in 1..=(if k == 1 { 0 } else { options.max_iterations }) {
            let (next, objective) = run.step(&mixture);
            let done = objective - before < 0.02;
            before = objective;
            mixture = next;
            ended = watch().is_break();
            if i % EVERY == 0 || done || ended {
                let now = score(&mixture);
                if now > trial.score {
                    (trial.score, trial.iterations, looks) = (now, options.burn_in + i, 0);
                    best = mixture.clone();
                } else {
                    looks += 1;
                }
                if looks >= LOOKS || done || ended {
                    break;
                }
            }
        }
        fewer = Some(mixture);
        trials.push(trial.clone());
        if found.as_ref().is_none_or(|found| trial.score > found.score) {
            in_vain = 0;
            found = Some(Found {
                mixture: frame.outward(best),
                score: trial.score,
                iterations: trial.iterations,
                trials: Vec::new(),
                ended: false,
                options: options.clone(),
            });
        } else {
            in_vain += 1;
        }
        if in_vain >= PATIENCE || ended {
            break;
        }
    }
    let Some(found) = found else { return Err(Error::Rows { needed: 1, got: 0 }) };
    Ok(Found { trials, ended, ..found })
}

impl Found {
    /// refit
    ///
    /// # Errors
    /// todo
    pub fn refit(self, x: Rows<'_>, rounding: &[f64], watch: Watch<'_>) -> Result<Mixture, Error> {
        x.check(self.mixture.dim())?;
        let counted = Counted::of(x);
        let x = counted.rows();
        let frame = Frame::of(&Moments::of(x), rounding, self.options.prior_rows)?;
        let rows = Packed::of(x, &frame.centre, &frame.scale);
        let run = Run { rows: &rows, frame: &frame, options: &self.options };
        let start = frame.inward(&self.mixture);
        Ok(frame.outward(run.iterate(start, self.iterations, watch).0))
    }
}

/// At most [`SEARCH_ROWS`] of the rows.
fn few(x: Rows<'_>, seed: u64) -> OwnedRows {
    x.pick(&stratified(x.nrows(), SEARCH_ROWS, seed).collect::<Vec<usize>>())
}
