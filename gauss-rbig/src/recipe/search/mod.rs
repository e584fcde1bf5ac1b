//! The search among what is trained: rounds of doubling length, each with fewer candidates.
//!
//! | round | who | steps each |
//! |---|---|---|
//! | 1 | every candidate | u |
//! | 2 | the best of each start; two that learn slowly | 2 u |
//! | 3, 4 | the best, and who may still catch up with it; one that learns slowly | 4 u, 8 u |
//! | 5 | the best, if it still gains and learns quickly | 16 u |
//! | 6, 7, ... | with a budget that allows it: the best, while it gains | 32 u, 64 u, ... |
//!
//! Nobody starts anew: a cycle goes on from where the last one ended, its learning rate up again
//! and down to 0 (warm restarts: Loshchilov & Hutter, 2017), so what a survivor has learnt in the
//! early rounds is not lost, and the end of every cycle is a model to be judged. A candidate may
//! still catch up if its last gain again would bring it level: cycles gain less and less, even
//! though they double. (After successive halving: Jamieson & Talwalkar, 2016; but starts differ in
//! how soon they show what they are worth, so round 1 does not choose between them.) All judging
//! is by the mean log-density of the validation rows, and a cycle never ends below its start there.
//!
//! A kind that learns more slowly has more steps to a u, as its pace says, and each of them costs
//! more: so fewer of its candidates go on, and none needs the longest cycle. Candidates of all kinds
//! begin in turn, and the first of each in its own share of the time: no kind is missing because
//! the budget was spent on another. Whoever cannot reach what needs no training
//! ([`Search::run`]'s `bar`) does not go on.
//!
//! The first three rounds see at most [`SEARCH_ROWS`](crate::sampling::SEARCH_ROWS) rows: to rank
//! candidates, more are not needed.

mod budget;
mod runner;

use super::candidate::{Candidate, WIDE};
use super::cycle::{Cycle, train_options, worth};
use super::guard::Guard;
use super::options::{Budget, Recipe};
use super::sample::Sample;
use crate::Error;
use crate::sampling::few;
use budget::EARLY_ROUNDS;
use gauss_flow::{Event, Flow, Stage, train};
pub(super) use runner::Runner;
use runner::{best_first, drop_twins, keep_best_of_slow};
use serde::{Deserialize, Serialize};

/// u without a budget: Adam moves a parameter by about its rate a step, so that 300 steps at 0.01
/// can take a warm start anywhere it has to go.
const UNIT_STEPS: usize = 300;
/// A cycle that gains less than this many nats per row is the last one: twice the time is not
/// worth it.
const LEAST_GAIN: f64 = 0.005;
/// The longest cycle without a budget, in units.
const LONGEST: usize = 16;

/// One candidate in one round, and how it did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Counted from 1.
    pub round: usize,
    /// What was tried.
    pub candidate: Candidate,
    /// Steps of the optimiser in this round; of a mixture, passes over the rows.
    pub steps: usize,
    /// Mean log-density of the validation rows before and after, in nats; before a mixture, that of one
    /// normal distribution.
    pub before: f64,
    /// See `before`; NaN where the candidate could not be fitted.
    pub after: f64,
    /// Time for the round; of a mixture, an equal part of what all sizes took.
    pub seconds: f64,
}

pub(super) struct Search<'a, 'o> {
    recipe: &'a Recipe,
    x: Sample<'a>,
    validation: Sample<'a>,
    /// The columns' rounding errors.
    rounding: &'a [f64],
    guard: &'a mut Guard<'o>,
    trials: &'a mut Vec<Trial>,
    /// Passes over all rows so far.
    passes: f64,
}

impl<'a, 'o> Search<'a, 'o> {
    pub fn new(
        recipe: &'a Recipe,
        (x, validation): (Sample<'a>, Sample<'a>),
        rounding: &'a [f64],
        guard: &'a mut Guard<'o>,
        trials: &'a mut Vec<Trial>,
    ) -> Self {
        Self { recipe, x, validation, rounding, guard, trials, passes: 0.0 }
    }

    /// The runners of the last round, the best first, of which there is at least one. candidates: those
    /// to begin with, at least one; `bar`: the score of what needed no training.
    pub fn run(mut self, candidates: &[Candidate], bar: f64) -> Result<Vec<Runner>, Error> {
        let some = few(self.x.all(), self.recipe.seed);
        let rows = some.as_ref().map_or(self.x, |some| Sample::new(some.rows(), self.x.dim));
        let plan = plan(candidates);
        let unit = match self.recipe.budget {
            Budget::Epochs(epochs) => (self.steps(epochs) / plan).max(1),
            Budget::Auto if self.x.dim > WIDE => (UNIT_STEPS * WIDE / self.x.dim).max(1),
            Budget::Auto | Budget::Time(_) => UNIT_STEPS,
        };
        let (mut runners, unit) = self.first_round(candidates, rows, unit, plan)?;
        drop_twins(&mut runners);
        keep_best_of_slow(&mut runners, 2);
        for round in 2.. {
            let length = 1 << (round - 1);
            let longest = LONGEST / runners[0].candidate.pace();
            if length > longest && self.recipe.budget == Budget::Auto {
                break;
            }
            let x = if round <= EARLY_ROUNDS { rows } else { self.x };
            let steps = self.steps_in_time(length * unit, &runners);
            if steps < unit || !self.round(&mut runners, x, steps, round)? {
                break;
            }
            drop_twins(&mut runners);
            let best = runners[0].score;
            runners.retain(|runner| runner.may_reach(best));
            keep_best_of_slow(&mut runners, 1);
            let near = |runner: &Runner| runner.may_reach(bar - LEAST_GAIN);
            if !runners.iter().any(near) {
                break;
            }
            runners.retain(near);
            if round > EARLY_ROUNDS {
                runners.truncate(1);
            }
            let gains = |runner: &Runner| runner.last_gain >= LEAST_GAIN;
            if round >= EARLY_ROUNDS && !runners.iter().any(gains) {
                break;
            }
        }
        Ok(runners)
    }

    /// Begins every candidate, for u steps times its pace; u is less than `unit` where time is short.
    fn first_round(
        &mut self,
        candidates: &[Candidate],
        rows: Sample<'_>,
        mut unit: usize,
        plan: usize,
    ) -> Result<(Vec<Runner>, usize), Error> {
        let mut runners: Vec<Runner> = Vec::new();
        let mut failure = None;
        // The starts, and the seconds they took.
        let mut starts: Vec<(Candidate, Flow, f64)> = Vec::new();
        for (i, candidate) in candidates.iter().enumerate() {
            let new_kind = !candidates[..i].iter().any(|other| other.kind() == candidate.kind());
            let steps = unit * candidate.pace();
            if i > 0 && self.is_over(steps, 1) {
                break;
            }
            let begun = self.guard.now();
            let stage = Stage::Candidate { round: 1, candidate: i + 1, of: candidates.len() };
            let _ = self.guard.hear(&Event::Stage(stage)); // asked below
            // The first of a kind leaves the others of its kind, and other kinds, their part.
            let part = if new_kind { 1.0 / kinds(&candidates[i..]) as f64 } else { 1.0 };
            let around = self.guard.lend(part);
            let known = starts.iter().find(|(other, ..)| other.same_start(candidate));
            let start = match known {
                Some((_, flow, seconds)) => Ok((flow.clone(), *seconds)),
                None => candidate
                    .start(rows, self.recipe, self.guard)
                    .map(|flow| (flow, self.guard.now().saturating_sub(begun).as_secs_f64())),
            };
            if self.guard.cancelled && !runners.is_empty() {
                break;
            }
            if let (Ok((flow, seconds)), None) = (&start, known) {
                starts.push((*candidate, flow.clone(), *seconds));
            }
            let tried = start.and_then(|(flow, seconds)| {
                let mut runner = Runner::new(*candidate, flow, self.validation)?;
                runner.seconds = seconds * self.more_rows(rows);
                if !self.guard.cancelled {
                    self.cycle(&mut runner, rows, steps, 1)?;
                }
                Ok(runner)
            });
            self.guard.end_loan(around);
            match tried {
                Ok(runner) => runners.push(runner),
                Err(error) => failure = Some(error), // another candidate may do
            }
            if i == 0 {
                let taken = self.guard.now().saturating_sub(begun) / candidate.pace() as u32;
                unit = self.fit_to_time(unit, taken, plan.saturating_sub(candidate.pace()));
            }
        }
        match failure {
            Some(failure) if runners.is_empty() => Err(failure),
            _ => Ok((runners, unit)),
        }
    }

    /// Trains every runner for `steps` times its pace and sorts them, the best first. Returns whether
    /// there was budget for all.
    fn round(
        &mut self,
        runners: &mut [Runner],
        rows: Sample<'_>,
        steps: usize,
        round: usize,
    ) -> Result<bool, Error> {
        let of = runners.len();
        let mut complete = true;
        let going = runners.iter_mut().enumerate();
        for (i, runner) in going.filter(|(_, runner)| !runner.is_done()) {
            let steps = steps * runner.candidate.pace();
            if self.is_over(steps, round) {
                complete = false;
                break;
            }
            let stage = Stage::Candidate { round, candidate: i + 1, of };
            if self.guard.hear(&Event::Stage(stage)).is_break() {
                complete = false;
                break;
            }
            self.cycle(runner, rows, steps, round)?;
        }
        best_first(runners);
        Ok(complete && !self.guard.cancelled)
    }

    /// One cycle of `steps` steps. A run that diverges leaves the runner as it was.
    fn cycle(
        &mut self,
        runner: &mut Runner,
        x: Sample<'_>,
        steps: usize,
        round: usize,
    ) -> Result<(), Error> {
        let begun = self.guard.now();
        let before = runner.score;
        let batch_size = self.batch_size(x.nrows(), round);
        let epochs = (steps * batch_size).div_ceil(x.nrows()).max(1);
        let cycle = Cycle { batch_size, epochs, stop: epochs };
        let (candidate, index) = (&runner.candidate, runner.cycles.len());
        let subject = (&runner.flow, self.rounding);
        let options = train_options(self.recipe, candidate, cycle, index, subject);
        let mut flow = runner.flow.clone();
        let guard = &mut *self.guard;
        let mut hear = |event: &Event<'_>| guard.tell(event);
        let (learn, judge) = (x.of(&flow), self.validation.of(&flow));
        match train(&mut flow, learn, Some(judge), &options, &mut hear) {
            Ok(history) => {
                let best = history.epochs[history.best_epoch].validation_nll;
                let score = best.map_or(f64::NEG_INFINITY, |nll| -nll);
                if score > runner.score || !runner.score.is_finite() {
                    (runner.flow, runner.score) = (flow, score);
                }
                let stop = worth(&history, self.validation.all().effective());
                runner.cycles.push(Cycle { stop, ..cycle });
                runner.append(history);
            }
            Err(Error::Diverged { .. }) => runner.cycles.push(Cycle { stop: 0, ..cycle }),
            Err(error) => return Err(error),
        }
        let seen = runner.history.epochs.len().min(cycle.epochs); // less if it was ended
        self.passes += (seen * x.nrows()) as f64 / self.x.nrows() as f64;
        runner.last_gain = runner.score - before;
        let seconds = self.guard.now().saturating_sub(begun).as_secs_f64();
        let steps = cycle.epochs * x.nrows().div_ceil(cycle.batch_size);
        runner.seconds += seconds * self.more_rows(x);
        runner.step_seconds = seconds / steps as f64;
        self.trials.push(Trial {
            round,
            candidate: runner.candidate,
            steps,
            before,
            after: runner.score,
            seconds,
        });
        Ok(())
    }
}

/// How many u all rounds take together, should two candidates get as far as the third.
fn plan(candidates: &[Candidate]) -> usize {
    let mut starts: Vec<Candidate> = Vec::new();
    for candidate in candidates {
        if !starts.iter().any(|other| other.same_start(candidate)) {
            starts.push(*candidate);
        }
    }
    let paces = |of: &[Candidate]| of.iter().map(Candidate::pace).sum::<usize>();
    let slowest = candidates.iter().map(Candidate::pace).max().unwrap_or(1);
    paces(candidates) + 2 * paces(&starts) + (2 * 4 + 8 + 16) * slowest
}

/// How many kinds there are among candidates.
fn kinds(candidates: &[Candidate]) -> usize {
    let first =
        |i: &usize| !candidates[..*i].iter().any(|other| other.kind() == candidates[*i].kind());
    (0..candidates.len()).filter(first).count()
}
