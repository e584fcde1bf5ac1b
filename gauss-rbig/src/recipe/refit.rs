//! What was chosen, fitted to all rows in the same way.

use super::candidate::Candidate;
use super::cycle::{Cycle, rounding_errors, train_options};
use super::fitted::{Fitted, Way, Winner};
use super::guard::Guard;
use super::mixture;
use super::options::{Method, Recipe};
use super::sample::Sample;
use super::validated;
use crate::Error;
use gauss_flow::{Event, Flow, Stage, train};
use std::ops::ControlFlow;

/// The same on the rows of x, for which the guard has kept time; where that does not do, or the
/// fit is ended, what was chosen stays.
pub(super) fn fit(
    chosen: Fitted,
    x: Sample<'_>,
    recipe: &Recipe,
    guard: &mut Guard<'_>,
) -> Result<Fitted, Error> {
    if chosen.cancelled || !guard.begin_refit() {
        return Ok(chosen);
    }
    if guard.hear(&Event::Stage(Stage::Refit)).is_break() {
        return Ok(Fitted { cancelled: true, ..chosen });
    }
    let flow = match chosen.winner {
        Winner::Baseline(baseline) => baseline.flow(x.x())?,
        Winner::Trained(candidate) => match &chosen.way {
            Way::Cycles(cycles) => again(&candidate, cycles, x, recipe, guard)?,
            Way::Mixture(found) => mixture::again(found.clone(), x.x(), recipe, guard)?,
        },
        // Warm starts whose training never began.
        Winner::Greedy if recipe.method != Method::Rbig => None,
        Winner::Greedy => {
            let blocks = chosen.flow.layers().len() / 2 - 1;
            let recipe = Recipe { blocks: Some(blocks), ..recipe.clone() };
            Some(validated::greedy(x.x(), None, &recipe, guard)?.flow)
        }
    };
    match flow {
        Some(flow) if !guard.ended() => Ok(Fitted { flow, refitted: true, ..chosen }),
        _ => Ok(Fitted { cancelled: guard.cancelled, ..chosen }),
    }
}

/// A candidate's way from its start through all its cycles; `None` if it was ended.
fn again(
    candidate: &Candidate,
    cycles: &[Cycle],
    x: Sample<'_>,
    recipe: &Recipe,
    guard: &mut Guard<'_>,
) -> Result<Option<Flow>, Error> {
    let mut flow = candidate.start(x, recipe, guard)?;
    if guard.ended() {
        return Ok(None);
    }
    let rounding = rounding_errors(x.x());
    for (index, cycle) in cycles.iter().enumerate().filter(|(_, cycle)| cycle.stop > 0) {
        let options = train_options(recipe, candidate, *cycle, index, (&flow, &rounding));
        let mut hear = |event: &Event<'_>| {
            guard.tell(event)?;
            match event {
                Event::Epoch { record, .. } if record.epoch >= cycle.stop => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        };
        let learn = x.of(&flow);
        train(&mut flow, learn, None, &options, &mut hear)?;
        if guard.ended() {
            return Ok(None);
        }
    }
    Ok(Some(flow))
}
