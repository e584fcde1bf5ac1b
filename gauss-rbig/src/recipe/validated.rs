//! The fit that the validation rows judge.

use super::cycle::rounding_errors;
use super::entry::mean_log_prob;
use super::fitted::{Fitted, Winner};
use super::guard::Guard;
use super::judge;
use super::options::{Method, Recipe};
use super::rivals::rivals;
use super::search::Search;
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
    let mut fitted = if recipe.method == Method::Rbig {
        greedy(x, Some(validation), recipe, guard)?
    } else {
        search(x, validation, recipe, guard)?
    };
    // Who ends the fit waits: the first of them takes no time.
    let most = if guard.cancelled { 1 } else { usize::MAX };
    for found in rivals(x, validation).take(most) {
        let (rival, flow) = found?;
        if !(fitted.validation_log_prob >= Some(rival.score)) {
            fitted.winner = Winner::Baseline(rival.baseline);
            fitted.history = None; // of a flow that is not the result
            (fitted.flow, fitted.validation_log_prob) = (flow, Some(rival.score));
        }
        fitted.baselines.push(rival);
    }
    Ok(fitted)
}

/// The best that there is of every kind.
fn search(
    x: Rows<'_>,
    validation: Rows<'_>,
    recipe: &Recipe,
    guard: &mut Guard<'_>,
) -> Result<Fitted, Error> {
    let rounding = &rounding_errors(x);
    let mut trials = Vec::new();
    let search = Search::new(recipe, (x, validation), rounding, guard, &mut trials);
    let found = judge::choose(search.run(f64::NEG_INFINITY)?, validation)?;
    guard.winner_seconds = found.seconds;
    let trained = !trials.is_empty();
    let winner = if trained { Winner::Trained(found.candidate) } else { Winner::Greedy };
    Ok(Fitted {
        validation_log_prob: Some(found.score),
        trials,
        history: trained.then_some(found.history),
        train_rows: x.nrows(),
        validation_rows: validation.nrows(),
        cancelled: guard.cancelled,
        cycles: found.cycles,
        ..Fitted::of(found.flow, winner)
    })
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
