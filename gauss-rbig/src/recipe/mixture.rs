//! The kind that needs no training: a mixture of normals with full covariances.

use super::candidate::Candidate;
use super::cycle::{blur, rounding_errors};
use super::entry::mean_log_prob;
use super::guard::Guard;
use super::options::Recipe;
use super::search::Trial;
use crate::Error;
use crate::multivariate::mixture::{Found, Options, search};
use gauss_flow::{Event, Flow, Rows, Stage, standardization};
use std::ops::ControlFlow;

/// The part of a budget of time that EM may have: it is quick, and others need more.
const SHARE: f64 = 0.25;

/// The mixture that the validation rows prefer.
pub(super) struct Mixed {
    pub candidate: Candidate,
    pub flow: Flow,
    /// Mean log-density of the validation rows.
    pub score: f64,
    pub seconds: f64,
    pub found: Found,
}

/// The best mixture; `None` where there is none, as of rows that span no volume, and something else
/// may do.
pub(super) fn find(
    (x, validation): (Rows<'_>, Rows<'_>),
    recipe: &Recipe,
    rounding: &[f64],
    guard: &mut Guard<'_>,
    trials: &mut Vec<Trial>,
) -> Result<Option<Mixed>, Error> {
    let begun = guard.now();
    let _ = guard.hear(&Event::Stage(Stage::Mixture));
    let standardization = standardization(x)?;
    let blur = blurred(rounding, recipe, &standardization);
    let options =
        Options { seed: recipe.seed, components: recipe.components, ..Options::default() };
    let around = guard.lend(SHARE);
    let found = search(x, validation, &blur, &options, &mut || go_on(guard));
    guard.end_loan(around);
    let found = match found {
        Ok(found) => found,
        Err(_) if recipe.kind.is_none() => return Ok(None),
        Err(error) => return Err(error),
    };
    let flow = found.mixture.to_flow(&standardization)?;
    let seconds = guard.now().saturating_sub(begun).as_secs_f64();
    let one_normal = found.trials[0].score;
    trials.extend(found.trials.iter().map(|trial| Trial {
        round: 1,
        candidate: Candidate::Mixture { components: trial.components },
        steps: trial.iterations,
        before: one_normal,
        after: trial.score,
        seconds: seconds / found.trials.len() as f64,
    }));
    let candidate = Candidate::Mixture { components: found.mixture.len() };
    let score = mean_log_prob(&flow, validation)?;
    Ok(Some(Mixed { candidate, flow, score, seconds, found }))
}

/// The same fitted to all rows; `None` if it was ended.
pub(super) fn again(
    found: Found,
    x: Rows<'_>,
    recipe: &Recipe,
    guard: &mut Guard<'_>,
) -> Result<Option<Flow>, Error> {
    let standardization = standardization(x)?;
    let blur = blurred(&rounding_errors(x), recipe, &standardization);
    let mixture = found.refit(x, &blur, &mut || go_on(guard))?;
    if guard.ended() { Ok(None) } else { mixture.to_flow(&standardization).map(Some) }
}

/// Whether neither the watch nor the time ends it.
fn go_on(guard: &mut Guard<'_>) -> ControlFlow<()> {
    guard.tell(&Event::Step { step: 0, steps: 1 })
}

/// What blurs the columns `[d]`: their rounding errors and the noise that is asked for.
fn blurred(rounding: &[f64], recipe: &Recipe, standardization: &[f64]) -> Vec<f64> {
    let log_scales = &standardization[rounding.len()..];
    blur(rounding, recipe.noise.unwrap_or(0.0), |j| log_scales[j].exp())
}
