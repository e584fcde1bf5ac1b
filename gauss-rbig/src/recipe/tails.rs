//! A fit to rows whose power-law tails were made normal first.
//!
//! Everything between runs on x' = T(x) as it would on x; the flow then begins with T, and every mean
//! log-density gets the mean of ln|det T'| over its rows. Where no column has such a tail, nothing
//! is changed.
//!
//! A column may have a power's tail because another one sets its scale (a funnel), and once that
//! is modelled, T is in the way. So what won on x' is fitted to x as well, and where it does as well
//! there by the validation rows, that is the result.

use super::fitted::{Fitted, Winner};
use super::guard::Guard;
use super::options::{Budget, Recipe};
use super::sample::Sample;
use super::{refit, validated};
use crate::Error;
use crate::tails::{ColumnTails, again, detect, layer, map};
use gauss_flow::{Flow, OwnedRows};

/// The part of the budget for the fit with tails.
const SHARE: f64 = 0.6;

/// [`validated::fit`] of rows with the tails that they have.
pub(super) fn fit(
    x: Sample<'_>,
    validation: Sample<'_>,
    recipe: &Recipe,
    guard: &mut Guard<'_>,
) -> Result<Fitted, Error> {
    let tails = if recipe.tails { detect(x.x(), validation.x())? } else { Vec::new() };
    if tails.is_empty() {
        return validated::fit(x, validation, recipe, guard);
    }
    let (first, second) = shared(recipe);
    let around = guard.lend(SHARE);
    let with = with_tails((x, validation), tails, &first, guard);
    guard.end_loan(around);
    let with = with?;
    let simple = matches!(with.winner, Winner::Baseline(_));
    if simple || guard.cancelled || guard.over() {
        return Ok(with);
    }
    let seconds = guard.winner_seconds;
    // What fits rows that were made normal may not fit them as they are.
    let Ok(without) = validated::fit_alone(with.winner, (x, validation), &second, guard) else {
        guard.winner_seconds = seconds;
        return Ok(Fitted { cancelled: guard.cancelled, ..with });
    };
    let trials = [&with.trials[..], &without.trials].concat();
    if without.validation_log_prob >= with.validation_log_prob {
        Ok(Fitted { trials, ..without })
    } else {
        guard.winner_seconds = seconds;
        Ok(Fitted { trials, cancelled: without.cancelled, ..with })
    }
}

/// The recipe with its passes over the rows shared among both fits.
fn shared(recipe: &Recipe) -> (Recipe, Recipe) {
    let with = |budget| Recipe { budget, ..recipe.clone() };
    match recipe.budget {
        Budget::Epochs(epochs) => {
            let first = ((epochs as f64 * SHARE) as usize).max(1);
            let second = epochs.saturating_sub(first).max(1);
            (with(Budget::Epochs(first)), with(Budget::Epochs(second)))
        }
        Budget::Auto | Budget::Time(_) => (recipe.clone(), recipe.clone()),
    }
}

/// A fit to rows with these tails made normal.
fn with_tails(
    (x, validation): (Sample<'_>, Sample<'_>),
    tails: Vec<ColumnTails>,
    recipe: &Recipe,
    guard: &mut Guard<'_>,
) -> Result<Fitted, Error> {
    let dim = x.dim;
    let first = layer(dim, &tails)?;
    let (x, learnt) = normal(&first, x)?;
    let (validation, held_out) = normal(&first, validation)?;
    let [x, validation] = [&x, &validation].map(|rows| Sample::new(rows.rows(), dim));
    let mut fitted = validated::fit(x, validation, recipe, guard)?;
    fitted.shift(x.all().mean(&learnt), validation.all().mean(&held_out));
    let flow = joined(&first, &fitted.flow)?;
    Ok(Fitted { flow, tails, ..fitted })
}

/// [`refit::fit`] of all rows. The same sides have tails, since the validation rows have said so;
/// their indices are fitted again, since an index gains by every row.
pub(super) fn fit_again(
    chosen: Fitted,
    x: Sample<'_>,
    recipe: &Recipe,
    guard: &mut Guard<'_>,
) -> Result<Fitted, Error> {
    if chosen.tails.is_empty() {
        return refit::fit(chosen, x, recipe, guard);
    }
    let tails: Vec<ColumnTails> = again(&chosen.tails, x.x());
    let first = layer(x.dim, &tails)?;
    let (normal, _) = normal(&first, x)?;
    let (kept, flow) = (chosen.flow.clone(), rest(&chosen.flow)?);
    let normal = Sample::new(normal.rows(), x.dim);
    let fitted = refit::fit(Fitted { flow, ..chosen }, normal, recipe, guard)?;
    if fitted.refitted {
        let flow = joined(&first, &fitted.flow)?;
        Ok(Fitted { flow, tails, ..fitted })
    } else {
        Ok(Fitted { flow: kept, ..fitted })
    }
}

/// The rows as they leave the layer, with what is given, and ln|det| of each.
fn normal(layer: &Flow, x: Sample<'_>) -> Result<(OwnedRows, Vec<f64>), Error> {
    let (normal, log_det) = map(layer, x.x())?;
    Ok((x.with(normal.rows())?, log_det))
}

/// One flow after the other.
pub(super) fn joined(first: &Flow, then: &Flow) -> Result<Flow, Error> {
    let layers = [first.layers(), then.layers()].concat();
    Flow::from_parts(then.dim(), layers, [first.params(), then.params()].concat())
}

/// A flow without its first layer.
fn rest(flow: &Flow) -> Result<Flow, Error> {
    let params = flow.params()[flow.layer_range(0).end..].to_vec();
    Flow::from_parts(flow.dim(), flow.layers()[1..].to_vec(), params)
}
