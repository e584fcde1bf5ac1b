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
use super::sample::Sample;
use super::search::{Runner, Search};
use super::wild::is_wild;
use crate::baseline::Baseline;
use crate::greedy::fit_any;
use crate::{Error, RbigOptions};
use gauss_flow::{Event, Rows};

/// The search, or the greedy fit that was asked for, held against the simple models.
pub(super) fn fit(
    x: Sample<'_>,
    validation: Sample<'_>,
    recipe: &Recipe,
    guard: &mut Guard<'_>,
) -> Result<Fitted, Error> {
    fit_among(&ladder(recipe, x.dim, x.n_given()), (x, validation), recipe, guard)
}

/// The same for what won on rows in other units, and nothing else.
pub(super) fn fit_alone(
    winner: Winner,
    rows: (Sample<'_>, Sample<'_>),
    recipe: &Recipe,
    guard: &mut Guard<'_>,
) -> Result<Fitted, Error> {
    let Winner::Trained(candidate) = winner else {
        return fit_among(&[], rows, &Recipe { method: Method::Rbig, ..recipe.clone() }, guard);
    };
    let recipe = Recipe { kind: Some(candidate.kind()), ..recipe.clone() };
    fit_among(&[candidate], rows, &recipe, guard)
}

/// candidates: what is tried; a mixture that is not among them has its own search.
fn fit_among(
    candidates: &[Candidate],
    rows: (Sample<'_>, Sample<'_>),
    recipe: &Recipe,
    guard: &mut Guard<'_>,
) -> Result<Fitted, Error> {
    let fitted = if recipe.method == Method::Rbig {
        greedy(rows.0.x(), Some(rows.1.x()), recipe, guard)?
    } else {
        search(candidates, rows, recipe, guard)?
    };
    against_baselines(fitted, rows, recipe.seed, guard)
}

/// The same, or a simple model that it is not ahead of, or a shrunk normal that is well ahead; the best
/// of these where it draws what is not like its rows.
fn against_baselines(
    fitted: Fitted,
    (x, validation): (Sample<'_>, Sample<'_>),
    seed: u64,
    guard: &Guard<'_>,
) -> Result<Fitted, Error> {
    let mut wild = is_wild(&fitted.flow, x, seed)?;
    let mut fitted = Fitted {
        train_rows: x.nrows(),
        validation_rows: validation.nrows(),
        cancelled: guard.cancelled,
        ..fitted
    };
    let mut log_prob = validation.log_prob(&fitted.flow)?;
    // Who ends the fit waits: the first of them takes no time.
    let most = if guard.cancelled { 1 } else { usize::MAX };
    for found in rivals(x.x(), validation.x()).take(most) {
        let (rival, flow) = found?;
        let own = validation.log_prob(&flow)?;
        let better = match fitted.winner {
            _ if wild => true,
            _ if rival.baseline == Baseline::Shrunk => {
                judge::is_well_ahead(&own, &log_prob, validation.all())
            }
            Winner::Baseline(_) => fitted.validation_log_prob < Some(rival.score),
            _ => !judge::is_surely_ahead(&log_prob, &own, validation.all()),
        };
        if better {
            fitted.winner = Winner::Baseline(rival.baseline);
            fitted.history = None; // of a flow that is not the result
            (fitted.flow, fitted.validation_log_prob) = (flow, Some(rival.score));
            log_prob = own;
            wild = false;
        }
        fitted.baselines.push(rival);
    }
    Ok(fitted)
}

/// The best of every kind that the recipe tries: what was trained, unless a mixture is ahead of it.
fn search(
    candidates: &[Candidate],
    rows: (Sample<'_>, Sample<'_>),
    recipe: &Recipe,
    guard: &mut Guard<'_>,
) -> Result<Fitted, Error> {
    let rounding = &rounding_errors(rows.0.x());
    let plain = (rows.0.x(), rows.1.x());
    let like = candidates.iter().copied().find(|c| c.kind() == DensityKind::Mixture);
    let mixed = if recipe.tries(DensityKind::Mixture) {
        mixture::find(plain, recipe, like, rounding, guard)?
    } else {
        None
    };
    let mut trials = Vec::new();
    let mut train = |bar, guard: &mut Guard<'_>| {
        let search = Search::new(recipe, rows, rounding, guard, &mut trials);
        judge::choose(search.run(candidates, bar)?, rows.1)
    };
    let Some(mut mixed) = mixed else {
        let runner = train(f64::NEG_INFINITY, guard)?;
        let trained = !trials.is_empty();
        return Ok(Fitted { trials, ..of_runner(runner, trained, guard) });
    };
    let runner = match recipe.kind {
        None => Some(train(mixed.score, guard)?),
        Some(_) => None,
    };
    let trained = !trials.is_empty();
    if runner.as_ref().is_none_or(|runner| mixed.score + mixture::NEAR > runner.score) {
        mixed = mixed.averaged(plain, mixture::runs(like, recipe), guard)?;
    }
    trials.splice(0..0, mixed.trials());
    let fitted = match runner {
        Some(runner)
            if !judge::is_better(&mixed, &runner, rows.1)?
                && !is_wild(&runner.flow, rows.0, recipe.seed)? =>
        {
            of_runner(runner, trained, guard)
        }
        _ => of_mixture(mixed, guard),
    };
    Ok(Fitted { trials, ..fitted })
}

fn of_mixture(mixed: Mixed, guard: &mut Guard<'_>) -> Fitted {
    guard.winner_seconds = mixed.seconds;
    let winner = Winner::Trained(mixed.candidate());
    Fitted {
        validation_log_prob: Some(mixed.score),
        way: Way::Mixture(mixed.found),
        ..Fitted::of(mixed.flow, winner)
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
