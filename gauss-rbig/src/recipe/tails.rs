//! A fit to rows whose power-law tails were made normal first.
//!
//! Everything between runs on x' = T(x) as it would on x; the flow then begins with T, and every mean
//! log-density gets the mean of ln|det T'| over its rows. Where no column has such a tail, nothing
//! is changed.

use super::fitted::Fitted;
use super::guard::Guard;
use super::options::Recipe;
use super::{refit, validated};
use crate::Error;
use crate::tails::{ColumnTails, again, detect, layer, map};
use gauss_flow::{Flow, Rows};

/// [`validated::fit`] of rows with the tails that they have.
pub(super) fn fit(
    x: Rows<'_>,
    validation: Rows<'_>,
    recipe: &Recipe,
    guard: &mut Guard<'_>,
) -> Result<Fitted, Error> {
    let tails = if recipe.tails { detect(x, validation)? } else { Vec::new() };
    if tails.is_empty() {
        return validated::fit(x, validation, recipe, guard);
    }
    let first = layer(x.ncols(), &tails)?;
    let (x, learnt) = map(&first, x)?;
    let (validation, held_out) = map(&first, validation)?;
    let (x, validation) = (x.rows(), validation.rows());
    let fitted = validated::fit(x, validation, recipe, guard)?;
    let fitted = moved(fitted, x.mean(&learnt), validation.mean(&held_out));
    let flow = joined(&first, &fitted.flow)?;
    Ok(Fitted { flow, tails, ..fitted })
}

/// [`refit::fit`] of all rows. The same sides have tails, since the validation rows have said so;
/// their indices are fitted again, since an index gains by every row.
pub(super) fn fit_again(
    chosen: Fitted,
    x: Rows<'_>,
    recipe: &Recipe,
    guard: &mut Guard<'_>,
) -> Result<Fitted, Error> {
    if chosen.tails.is_empty() {
        return refit::fit(chosen, x, recipe, guard);
    }
    let tails: Vec<ColumnTails> = again(&chosen.tails, x);
    let first = layer(x.ncols(), &tails)?;
    let (normal, _) = map(&first, x)?;
    let old = layer(x.ncols(), &chosen.tails)?;
    let flow = rest(&chosen.flow)?;
    let fitted = refit::fit(Fitted { flow, ..chosen }, normal.rows(), recipe, guard)?;
    if fitted.refitted {
        let flow = joined(&first, &fitted.flow)?;
        Ok(Fitted { flow, tails, ..fitted })
    } else {
        let flow = joined(&old, &fitted.flow)?;
        Ok(Fitted { flow, ..fitted })
    }
}

/// Every mean log-density of a fit, by the mean ln|det T'| of the rows it learnt from and of those it
/// was judged by. What was tried on a part of the rows is moved by the mean over all of them.
fn moved(mut fitted: Fitted, learnt: f64, held_out: f64) -> Fitted {
    fitted.validation_log_prob.iter_mut().for_each(|log_prob| *log_prob += held_out);
    for baseline in &mut fitted.baselines {
        baseline.score += held_out;
    }
    for trial in &mut fitted.trials {
        trial.before += held_out;
        trial.after += held_out;
    }
    for record in fitted.history.iter_mut().flat_map(|history| &mut history.epochs) {
        record.train_nll -= learnt;
        record.validation_nll.iter_mut().for_each(|nll| *nll -= held_out);
    }
    fitted
}

/// One flow after the other.
fn joined(first: &Flow, then: &Flow) -> Result<Flow, Error> {
    let layers = [first.layers(), then.layers()].concat();
    Flow::from_parts(then.dim(), layers, [first.params(), then.params()].concat())
}

/// A flow without its first layer.
fn rest(flow: &Flow) -> Result<Flow, Error> {
    let params = flow.params()[flow.layer_range(0).end..].to_vec();
    Flow::from_parts(flow.dim(), flow.layers()[1..].to_vec(), params)
}
