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
use std::time::Duration;

/// The part of a budget of time that EM may have: it is quick, and others need more.
const SHARE: f64 = 0.25;

/// Runs of EM of which those that gain are averaged.
const RUNS: usize = 4;
/// Nats per row that a mean of runs may gain: on ten tables the most was 0.07.
pub(super) const NEAR: f64 = 0.1;

/// How many runs: as of the candidate; who asks for K components shall have as many.
pub(super) fn runs(like: Option<Candidate>, recipe: &Recipe) -> usize {
    match like {
        Some(Candidate::MeanOfMixtures { runs, .. }) => runs,
        None if recipe.components.is_none() => RUNS,
        _ => 1,
    }
}

/// The mixture that the validation rows prefer.
pub(super) struct Mixed {
    pub flow: Flow,
    /// Mean log-density of the validation rows.
    pub score: f64,
    pub seconds: f64,
    pub found: Found,
    units: Units,
}

/// What the search and the flow know of the columns.
struct Units {
    /// `[2 d]`.
    standardization: Vec<f64>,
    /// Rounding errors, and the noise that is asked for `[d]`.
    blur: Vec<f64>,
}

impl Units {
    fn of(x: Rows<'_>, rounding: &[f64], recipe: &Recipe) -> Result<Self, Error> {
        let standardization = standardization(x)?;
        let log_scales = &standardization[rounding.len()..];
        let noise = recipe.noise.unwrap_or(0.0);
        let blur = blur(rounding, noise, |j| log_scales[j].exp());
        Ok(Self { standardization, blur })
    }
}

/// The best mixture, or one with the candidate's K; `None` where there is none, as of rows that span
/// no volume, and something else may do.
pub(super) fn find(
    (x, validation): (Rows<'_>, Rows<'_>),
    recipe: &Recipe,
    candidate: Option<Candidate>,
    rounding: &[f64],
    guard: &mut Guard<'_>,
) -> Result<Option<Mixed>, Error> {
    let begun = guard.now();
    let _ = guard.hear(&Event::Stage(Stage::Mixture));
    let units = Units::of(x, rounding, recipe)?;
    let components = match candidate {
        Some(Candidate::Mixture { components } | Candidate::MeanOfMixtures { components, .. }) => {
            Some(components)
        }
        _ => recipe.components,
    };
    let options = Options { seed: recipe.seed, components, ..Options::default() };
    let around = guard.lend(SHARE);
    let found = search(x, validation, &units.blur, &options, &mut || go_on(guard));
    guard.end_loan(around);
    let found = match found {
        Ok(found) => found,
        Err(_) if recipe.kind.is_none() => return Ok(None),
        Err(error) => return Err(error),
    };
    Mixed::of(found, validation, units, begun, guard).map(Some)
}

impl Mixed {
    fn of(
        found: Found,
        validation: Rows<'_>,
        units: Units,
        begun: Duration,
        guard: &Guard<'_>,
    ) -> Result<Self, Error> {
        let flow = found.mixture.to_flow(&units.standardization)?;
        let score = mean_log_prob(&flow, validation)?;
        let seconds = guard.now().saturating_sub(begun).as_secs_f64();
        Ok(Self { flow, score, seconds, found, units })
    }

    /// The mean of up to so many runs with its K.
    pub fn averaged(
        self,
        (x, validation): (Rows<'_>, Rows<'_>),
        runs: usize,
        guard: &mut Guard<'_>,
    ) -> Result<Self, Error> {
        let begun = guard.now();
        let around = guard.lend(SHARE);
        let blur = &self.units.blur;
        let found = self.found.average(x, validation, blur, runs, &mut || go_on(guard));
        guard.end_loan(around);
        let mixed = Self::of(found?, validation, self.units, begun, guard)?;
        Ok(Self { seconds: self.seconds + mixed.seconds, ..mixed })
    }

    /// What was found.
    pub fn candidate(&self) -> Candidate {
        match self.found.runs() {
            1 => of_runs(1, self.found.mixture.len()),
            runs => of_runs(runs, self.found.components()),
        }
    }

    /// What was tried.
    pub fn trials(&self) -> impl Iterator<Item = Trial> {
        let trials = &self.found.trials;
        trials.iter().map(|trial| Trial {
            round: 1,
            candidate: of_runs(trial.runs, trial.components),
            steps: trial.iterations,
            before: trials[0].score,
            after: trial.score,
            seconds: self.seconds / trials.len() as f64,
        })
    }
}

fn of_runs(runs: usize, components: usize) -> Candidate {
    match runs {
        1 => Candidate::Mixture { components },
        runs => Candidate::MeanOfMixtures { runs, components },
    }
}

/// The same fitted to all rows; `None` if it was ended.
pub(super) fn again(
    found: Found,
    x: Rows<'_>,
    recipe: &Recipe,
    guard: &mut Guard<'_>,
) -> Result<Option<Flow>, Error> {
    let Units { standardization, blur } = Units::of(x, &rounding_errors(x), recipe)?;
    let mixture = found.refit(x, &blur, &mut || go_on(guard))?;
    if guard.ended() { Ok(None) } else { mixture.to_flow(&standardization).map(Some) }
}

/// Whether neither the watch nor the time ends it.
fn go_on(guard: &mut Guard<'_>) -> ControlFlow<()> {
    guard.tell(&Event::Step { step: 0, steps: 1 })
}
