//! The recommended fit: it needs no setting, and says what it tried.
//!
//! 1. Some rows are set aside to validate, unless the caller brings their own.
//! 2. A ladder of architectures and priors ([`Candidate`]) is begun: each from a greedy fit
//!    ([`crate::fit`]), which brings every marginal near normal, block by block, without a
//!    gradient, and gets most of the way in a fraction of the time.
//! 3. All blocks of a candidate are trained together on the exact likelihood, in rounds that leave
//!    fewer and fewer candidates and give them more and more time (`search.rs`). Training starts
//!    gently, so that a warm start is not lost to the optimiser's first steps, and keeps the
//!    parameters, raw or averaged, that do best on the validation rows; the start itself counts,
//!    so no round ends below its start there. A prior pulls every marginal map towards the one
//!    that does nothing, which keeps a small table from being learnt by heart.
//! 4. The winner is held against one normal distribution and against independent columns
//!    ([`Baseline`]); should one of them do better on the validation rows, it is the result.
//!    With fewer rows than can be split (40) there is nothing else: the one of the
//!    two that does better in cross-validation.
//! 5. Where the validation rows came out of the table, the winner's way is gone again on all rows,
//!    for as many steps: no row is wasted.
//!
//! ```
//! use gauss_rbig::recipe::{Budget, Recipe, fit_recipe};
//! let x = faer::Mat::from_fn(600, 2, |i, j| {
//!     let t = (i as f64 * 0.754_877_666).fract() * 2.0 - 1.0;
//!     if j == 0 { t } else { t * t + 0.1 * (i as f64 * 0.569_840_291).fract() }
//! });
//! let recipe = Recipe { budget: Budget::Epochs(30), ..Recipe::default() };
//! let fitted = fit_recipe(x.as_ref(), None, &recipe, &mut ())?;
//! let log_p = fitted.flow.log_prob(x.as_ref())?;
//! for trial in &fitted.trials {
//!     println!("{}: {:.3} nats", trial.candidate, trial.after);
//! }
//! # assert_eq!(log_p.len(), 600);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod baseline;
mod candidate;
mod cycle;
mod guard;
mod options;
mod search;

pub use baseline::Baseline;
pub use candidate::{Candidate, warm_start};
pub use options::{Budget, Method, Recipe, Refit};
pub use search::Trial;

use crate::greedy::mean;
use crate::{Error, RbigOptions, fit_validated};
use baseline::baselines;
use cycle::{Cycle, rounding_errors, train_options};
use faer::{Mat, MatRef};
use gauss_flow::stream::{Purpose, stream};
use gauss_flow::{Event, Flow, History, Rows, Stage, Watch, train};
use guard::Guard;
use rand::seq::SliceRandom;
use search::Search;
use std::ops::ControlFlow;
use std::time::Instant;

/// Rows below which none are set aside, and nothing is learnt that they could not judge.
const LEAST_TO_SPLIT: usize = 40;
/// Rows to set aside at least, where they are no more than a quarter: two models whose densities
/// differ by a hundredth of a nat are then told apart (for near densities the standard error of
/// a mean difference is √(2·KL/m)), and the second fit learns from these rows, too.
const LEAST_HELD_OUT: usize = 1000;
/// With more rows than this, a tenth more teaches nothing that could be measured: p parameters
/// fitted to n rows cost p/2n nats, and a tenth of that is saved.
const REFIT_ROWS: usize = 40_000;

/// What a recipe made.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The model.
    pub flow: Flow,
    /// Mean log-density of the validation rows under the validated model, in nats; `None` without
    /// such rows.
    pub validation_log_prob: Option<f64>,
    /// What won; `None` where nothing was trained jointly.
    pub candidate: Option<Candidate>,
    /// Everything that was tried, in order.
    pub trials: Vec<Trial>,
    /// The simple models and how they do.
    pub baselines: Vec<Baseline>,
    /// The baseline that did better than anything trained, and is the result.
    pub fallback: Option<String>,
    /// The winner's joint training, all cycles in a row; `None` where a baseline is the result.
    pub history: Option<History>,
    /// Whether the flow was then fitted again on all rows.
    pub refitted: bool,
    /// Rows the validated fit learnt from.
    pub train_rows: usize,
    /// Rows it validated on; 0 if there were too few.
    pub validation_rows: usize,
    /// Which rows of x those were, where they came out of it.
    pub held_out: Vec<usize>,
    /// Whether the observer ended the fit.
    pub cancelled: bool,
    /// The winner's way.
    cycles: Vec<Cycle>,
}

/// The fewest rows that [`fit_recipe`] takes for d columns: with fewer the covariance has no
/// full rank.
pub fn min_rows(dim: usize) -> usize {
    dim + 2
}

/// Fits the rows of x [n, d]. `observer` may end the fit; what there is then is returned.
///
/// # Errors
/// Too few rows, a constant column, a value that is not finite, an option out of range, or a
/// training that diverged for every candidate.
pub fn fit_recipe<'a>(
    x: impl Into<Rows<'a>>,
    validation: Option<Rows<'a>>,
    recipe: &Recipe,
    watch: &mut dyn Watch,
) -> Result<Fitted, Error> {
    let (x, validation) = (x.into().x(), validation.map(|v| v.x()));
    let needed = min_rows(x.ncols());
    if x.nrows() < needed {
        return Err(gauss_flow::Error::Rows { needed, got: x.nrows() }.into());
    }
    recipe.validate()?;
    let deadline = match recipe.budget {
        Budget::Time(time) => Some(Instant::now() + time),
        Budget::Auto | Budget::Epochs(_) => None,
    };
    let mut guard = Guard { watch, deadline, cancelled: false };
    if let Some(validation) = validation {
        let chosen = validated(x, validation, recipe, &mut guard)?;
        if recipe.refit != Refit::Always {
            return Ok(chosen);
        }
        let all = Mat::from_fn(x.nrows() + validation.nrows(), x.ncols(), |i, j| {
            if i < x.nrows() { x[(i, j)] } else { validation[(i - x.nrows(), j)] }
        });
        return refit(chosen, all.as_ref(), recipe, &mut guard);
    }
    if x.nrows() < LEAST_TO_SPLIT {
        return match recipe.method {
            Method::Rbig => greedy(x, None, recipe, &mut guard),
            Method::Warm | Method::Joint => few(x),
        };
    }
    let (training, held_out) = split(x.nrows(), recipe.validation_fraction, recipe.seed);
    let take = |rows: &[usize]| Mat::from_fn(rows.len(), x.ncols(), |i, j| x[(rows[i], j)]);
    let validation = take(&held_out);
    let chosen = validated(take(&training).as_ref(), validation.as_ref(), recipe, &mut guard)?;
    let chosen = Fitted { held_out, ..chosen };
    match recipe.refit {
        Refit::Never => Ok(chosen),
        Refit::Auto if x.nrows() > REFIT_ROWS => Ok(chosen),
        Refit::Auto | Refit::Always => refit(chosen, x, recipe, &mut guard),
    }
}

/// The fit judged by the validation rows.
fn validated(
    x: MatRef<'_, f64>,
    validation: MatRef<'_, f64>,
    recipe: &Recipe,
    guard: &mut Guard<'_>,
) -> Result<Fitted, Error> {
    if validation.ncols() != x.ncols() {
        return Err(Error::Columns { expected: x.ncols(), got: validation.ncols() });
    }
    Rows::from(x).check(x.ncols())?;
    Rows::from(validation).check(x.ncols())?;
    let mut fitted = if recipe.method == Method::Rbig {
        greedy(x, Some(validation), recipe, guard)?
    } else {
        let rounding = &rounding_errors(x);
        let (trials, passes) = (Vec::new(), 0.0);
        let search = Search { recipe, x, validation, rounding, guard, trials, passes };
        let found = search.run()?;
        Fitted {
            flow: found.flow,
            validation_log_prob: Some(found.score),
            candidate: found.candidate,
            trials: found.trials,
            baselines: Vec::new(),
            fallback: None,
            history: found.history,
            refitted: false,
            train_rows: x.nrows(),
            validation_rows: validation.nrows(),
            held_out: Vec::new(),
            cancelled: found.cancelled,
            cycles: found.cycles,
        }
    };
    // Who ends the fit waits: the first baseline takes no time.
    let most = if guard.cancelled { 1 } else { usize::MAX };
    for found in baselines(x, validation).take(most) {
        let (baseline, flow) = found?;
        if !(fitted.validation_log_prob >= Some(baseline.score)) {
            fitted.fallback = Some(baseline.name.clone());
            fitted.history = None; // of a flow that is not the result
            (fitted.flow, fitted.validation_log_prob) = (flow, Some(baseline.score));
        }
        fitted.baselines.push(baseline);
    }
    Ok(fitted)
}

/// The greedy fit alone: it keeps the blocks that pay.
fn greedy(
    x: MatRef<'_, f64>,
    validation: Option<MatRef<'_, f64>>,
    recipe: &Recipe,
    guard: &mut Guard<'_>,
) -> Result<Fitted, Error> {
    let default = RbigOptions::default();
    let options = RbigOptions {
        max_blocks: recipe.blocks.unwrap_or(default.max_blocks),
        components: recipe.components.unwrap_or(default.components),
        reflections: recipe.reflections.unwrap_or(x.ncols().min(16)),
        initial_marginal: recipe.first.unwrap_or(0),
        initial_pca: true,
        seed: recipe.seed,
        ..default
    };
    let rbig = fit_validated(x, validation.map(Rows::from), &options, &mut |event: &Event<'_>| {
        guard.tell(event)
    })?;
    let validation_log_prob = match validation {
        None => None,
        Some(rows) => Some(mean_log_prob(&rbig.flow, rows)?),
    };
    Ok(Fitted {
        flow: rbig.flow,
        validation_log_prob,
        candidate: None,
        trials: Vec::new(),
        baselines: Vec::new(),
        fallback: None,
        history: None,
        refitted: false,
        train_rows: x.nrows(),
        validation_rows: validation.map_or(0, |v| v.nrows()),
        held_out: Vec::new(),
        cancelled: guard.cancelled,
        cycles: Vec::new(),
    })
}

/// The simple model that does better in cross-validation: a handful of rows can be learnt by heart
/// by anything else.
fn few(x: MatRef<'_, f64>) -> Result<Fitted, Error> {
    const FOLDS: usize = 5;
    Rows::from(x).check(x.ncols())?;
    let folds = x.nrows().min(FOLDS);
    let take = |rows: &[usize]| Mat::from_fn(rows.len(), x.ncols(), |i, j| x[(rows[i], j)]);
    let mut totals: Vec<f64> = Vec::new();
    for fold in 0..folds {
        let (own, others): (Vec<usize>, Vec<usize>) =
            (0..x.nrows()).partition(|i| i % folds == fold);
        for (k, found) in baselines(take(&others).as_ref(), take(&own).as_ref()).enumerate() {
            // A column may be constant in what a fold leaves, or the rows span no volume.
            let score = found.map_or(f64::NEG_INFINITY, |(baseline, _)| baseline.score);
            let score = if score.is_nan() { f64::NEG_INFINITY } else { score };
            totals.resize(totals.len().max(k + 1), 0.0);
            totals[k] += score * own.len() as f64;
        }
    }
    let mut found = Vec::new();
    for (total, fitted) in totals.into_iter().zip(baselines(x, x)) {
        let (Baseline { name, .. }, flow) = fitted?;
        found.push((Baseline { name, score: total / x.nrows() as f64 }, flow));
    }
    let best = found.iter().enumerate().max_by(|a, b| a.1.0.score.total_cmp(&b.1.0.score));
    let best = best.map_or(0, |(k, _)| k);
    let (baselines, mut flows): (Vec<Baseline>, Vec<Flow>) = found.into_iter().unzip();
    Ok(Fitted {
        flow: flows.swap_remove(best),
        validation_log_prob: None,
        candidate: None,
        trials: Vec::new(),
        fallback: Some(baselines[best].name.clone()),
        baselines,
        history: None,
        refitted: false,
        train_rows: x.nrows(),
        validation_rows: 0,
        held_out: Vec::new(),
        cancelled: false,
        cycles: Vec::new(),
    })
}

/// What was chosen, fitted to all rows in the same way.
fn refit(
    chosen: Fitted,
    x: MatRef<'_, f64>,
    recipe: &Recipe,
    guard: &mut Guard<'_>,
) -> Result<Fitted, Error> {
    if chosen.cancelled {
        return Ok(chosen);
    }
    guard.deadline = None;
    if guard.hear(&Event::Stage(Stage::Refit)).is_break() {
        return Ok(Fitted { cancelled: true, ..chosen });
    }
    let flow = if let Some(name) = &chosen.fallback {
        let simple = baselines(x, x.subrows(0, 1)).collect::<Result<Vec<_>, Error>>()?;
        simple.into_iter().find(|(b, _)| b.name == *name).map(|(_, flow)| flow)
    } else if let Some(candidate) = chosen.candidate {
        again(&candidate, &chosen.cycles, x, recipe, guard)?
    } else {
        let blocks = chosen.flow.layers().len() / 2 - 1;
        let recipe = Recipe { blocks: Some(blocks), ..recipe.clone() };
        Some(greedy(x, None, &recipe, guard)?.flow)
    };
    match flow {
        Some(flow) if !guard.cancelled => Ok(Fitted { flow, refitted: true, ..chosen }),
        _ => Ok(Fitted { cancelled: guard.cancelled, ..chosen }),
    }
}

/// A candidate's way from its start through all its cycles; `None` if it was cancelled.
fn again(
    candidate: &Candidate,
    cycles: &[Cycle],
    x: MatRef<'_, f64>,
    recipe: &Recipe,
    guard: &mut Guard<'_>,
) -> Result<Option<Flow>, Error> {
    let mut flow = candidate.start(x, recipe, guard)?;
    if guard.cancelled {
        return Ok(None);
    }
    let rounding = rounding_errors(x);
    for (index, cycle) in cycles.iter().enumerate().filter(|(_, cycle)| cycle.stop > 0) {
        let options = train_options(recipe, candidate, *cycle, index, (&flow, &rounding));
        let mut hear = |event: &Event<'_>| match event {
            Event::Epoch { record, .. } => {
                let told = guard.tell(event);
                if record.epoch >= cycle.stop { ControlFlow::Break(()) } else { told }
            }
            _ => guard.hear(event),
        };
        train(&mut flow, x, None, &options, &mut hear)?;
        if guard.cancelled {
            return Ok(None);
        }
    }
    Ok(Some(flow))
}

/// Two parts of n rows, the second of them of `fraction` or a little more, drawn by the seed.
fn split(n: usize, fraction: f64, seed: u64) -> (Vec<usize>, Vec<usize>) {
    let mut order: Vec<usize> = (0..n).collect();
    order.shuffle(&mut stream(seed, Purpose::Split));
    let share = (n as f64 * fraction).round() as usize;
    let held_out = share.max(LEAST_HELD_OUT.min(n / 4)).clamp(1, n - 1);
    let training = order.split_off(held_out);
    (training, order)
}

/// Mean log-density of the rows, in nats.
fn mean_log_prob(flow: &Flow, rows: MatRef<'_, f64>) -> Result<f64, Error> {
    Ok(mean(&flow.log_prob(rows)?))
}
