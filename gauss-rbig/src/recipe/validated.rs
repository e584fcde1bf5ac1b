//! The fit that the validation rows judge.

use super::candidate::{Candidate, ladder};
use super::cycle::rounding_errors;
use super::density_kind::DensityKind;
use super::entry::mean_log_prob;
use super::fitted::{Fitted, Way, Winner};
use super::guard::Guard;
use super::judge;
use super::mixture::{self, Mixed};
use super::options::{Method, Recipe};
use super::rivals::rivals;
use super::search::{Runner, Search};
use crate::greedy::fit_any;
use crate::{Error, RbigOptions};
use gauss_flow::{Event, Rows};

/// The search, or the greedy fit that was asked for, held against the simple models.
pub(super) fn fit(
    x: Rows<'_>,
    validation: Rows<'_>,
    recipe: &Recipe,
    guard: &mut Guard<'_>,
) -> Result<Fitted, Error> {
    fit_among(&ladder(recipe, x.ncols()), (x, validation), recipe, guard)
}

/// The same for what won on rows in other units, and nothing else.
pub(super) fn fit_alone(
    winner: Winner,
    rows: (Rows<'_>, Rows<'_>),
    recipe: &Recipe,
    guard: &mut Guard<'_>,
) -> Result<Fitted, Error> {
    let Winner::Trained(candidate) = winner else {
        return fit_among(&[], rows, &Recipe { method: Method::Rbig, ..recipe.clone() }, guard);
    };
    let components = match candidate {
        Candidate::Mixture { components } => Some(components),
        _ => recipe.components,
    };
    let recipe = Recipe { kind: Some(candidate.kind()), components, ..recipe.clone() };
    fit_among(&[candidate], rows, &recipe, guard)
}

/// candidates: for training.
fn fit_among(
    candidates: &[Candidate],
    rows: (Rows<'_>, Rows<'_>),
    recipe: &Recipe,
    guard: &mut Guard<'_>,
) -> Result<Fitted, Error> {
    let fitted = if recipe.method == Method::Rbig {
        greedy(rows.0, Some(rows.1), recipe, guard)?
    } else {
        search(candidates, rows, recipe, guard)?
    };
    against_baselines(fitted, rows, guard)
}

/// The same, or a simple model that it is not ahead of.
fn against_baselines(
    fitted: Fitted,
    (x, validation): (Rows<'_>, Rows<'_>),
    guard: &Guard<'_>,
) -> Result<Fitted, Error> {
    let mut fitted = Fitted {
        train_rows: x.nrows(),
        validation_rows: validation.nrows(),
        cancelled: guard.cancelled,
        ..fitted
    };
    let log_prob = fitted.flow.log_prob(validation.x())?;
    // Who ends the fit waits: the first of them takes no time.
    let most = if guard.cancelled { 1 } else { usize::MAX };
    for found in rivals(x, validation).take(most) {
        let (rival, flow) = found?;
        let simpler = match fitted.winner {
            Winner::Baseline(_) => fitted.validation_log_prob < Some(rival.score),
            _ => !judge::is_ahead(&log_prob, &flow.log_prob(validation.x())?, validation),
        };
        if simpler {
            fitted.winner = Winner::Baseline(rival.baseline);
            fitted.history = None; // of a flow that is not the result
            (fitted.flow, fitted.validation_log_prob) = (flow, Some(rival.score));
        }
        fitted.baselines.push(rival);
    }
    Ok(fitted)
}

/// The best of every kind that the recipe tries: what was trained, unless a mixture is ahead of it.
fn search(
    candidates: &[Candidate],
    rows: (Rows<'_>, Rows<'_>),
    recipe: &Recipe,
    guard: &mut Guard<'_>,
) -> Result<Fitted, Error> {
    let (rounding, mut trials) = (&rounding_errors(rows.0), Vec::new());
    let mixed = if recipe.tries(DensityKind::Mixture) {
        mixture::find(rows, recipe, rounding, guard, &mut trials)?
    } else {
        None
    };
    let fitted = match mixed {
        Some(mixed) if recipe.kind.is_some() => of_mixture(mixed, guard),
        mixed => {
            let bar = mixed.as_ref().map_or(f64::NEG_INFINITY, |mixed| mixed.score);
            let begun = trials.len();
            let search = Search::new(recipe, rows, rounding, guard, &mut trials);
            let runner = judge::choose(search.run(candidates, bar)?, rows.1)?;
            match mixed {
                Some(mixed) if judge::is_better(&mixed, &runner, rows.1)? => {
                    of_mixture(mixed, guard)
                }
                _ => of_runner(runner, trials.len() > begun, guard),
            }
        }
    };
    Ok(Fitted { trials, ..fitted })
}

fn of_mixture(mixed: Mixed, guard: &mut Guard<'_>) -> Fitted {
    guard.winner_seconds = mixed.seconds;
    Fitted {
        validation_log_prob: Some(mixed.score),
        way: Way::Mixture(mixed.found),
        ..Fitted::of(mixed.flow, Winner::Trained(mixed.candidate))
    }
}

/// trained: whether any training began.
fn of_runner(runner: Runner, trained: bool, guard: &mut Guard<'_>) -> Fitted {
    guard.winner_seconds = runner.seconds;
    let winner = if trained { Winner::Trained(runner.candidate) } else { Winner::Greedy };
    Fitted {
        validation_log_prob: Some(runner.score),
        history: trained.then_some(runner.history),
        way: Way::Cycles(runner.cycles),
        ..Fitted::of(runner.flow, winner)
    }
}

/// The greedy fit alone: it keeps the blocks that pay.
pub(super) fn greedy(
    x: Rows<'_>,
    validation: Option<Rows<'_>>,
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
    let rbig = fit_any(x, validation, &options, &mut |event: &Event<'_>| guard.tell(event))?;
    let validation_log_prob = match validation {
        None => None,
        Some(rows) => Some(mean_log_prob(&rbig.flow, rows)?),
    };
    Ok(Fitted {
        validation_log_prob,
        train_rows: x.nrows(),
        validation_rows: validation.map_or(0, |rows| rows.nrows()),
        cancelled: guard.cancelled,
        ..Fitted::of(rbig.flow, Winner::Greedy)
    })
}
