//! The search: rounds of doubling length, each with fewer candidates.
//!
//! | round | who | steps each |
//! |---|---|---|
//! | 1 | every candidate | u |
//! | 2 | the best of each kind of start | 2 u |
//! | 3, 4 | the best, and who may still catch up with it | 4 u, 8 u |
//! | 5 | the best, if it still gains | 16 u |
//! | 6, 7, ... | with a budget that allows it: the best, while it gains | 32 u, 64 u, ... |
//!
//! Nobody starts anew: a cycle goes on from where the last one ended, its learning rate up again
//! and down to 0 (warm restarts: Loshchilov & Hutter, 2017), so what a survivor has learnt in the
//! early rounds is not lost, and the end of every cycle is a model to be judged. A candidate may
//! still catch up if its last gain again would bring it level: cycles gain less and less, even
//! though they double. (After successive halving: Jamieson & Talwalkar, 2016; but kinds of start
//! differ in how soon they show what they are worth, so round 1 does not choose between them.) All judging
//! is by the mean log-density of the validation rows, and a cycle never ends below its start there.
//!
//! The first three rounds see at most [`SEARCH_ROWS`] rows: to rank candidates, more are not needed.

use super::candidate::{Candidate, ladder};
use super::cycle::{Cycle, train_options, worth};
use super::entry::mean_log_prob;
use super::guard::Guard;
use super::options::{Budget, Recipe};
use crate::Error;
use crate::sampling::stratified;
use gauss_flow::{EpochRecord, Event, Flow, History, OwnedRows, Rows, Stage, StopReason, train};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Rows that the first three rounds learn from, at most.
const SEARCH_ROWS: usize = 40_000;
/// u without a budget: Adam moves a parameter by about its rate a step, so that 300 steps at 0.01
/// can take a warm start anywhere it has to go.
const UNIT_STEPS: usize = 300;
/// Rounds on few rows and in small batches.
const EARLY_ROUNDS: usize = 3;
/// A cycle that gains less than this many nats per row is the last one: twice the time is not
/// worth it.
const LEAST_GAIN: f64 = 0.005;
/// The longest cycle without a budget, in units.
const LONGEST: usize = 16;
/// What a prior costs shows late, what it saves even later: two that differ by less than this
/// part of what they both gained in a round go on together.
const TWIN: f64 = 0.05;
/// One candidate in one round, and how it did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Counted from 1.
    pub round: usize,
    /// What was trained.
    pub candidate: Candidate,
    /// Steps of the optimiser in this round.
    pub steps: usize,
    /// Mean log-density of the validation rows before and after, in nats.
    pub before: f64,
    /// See `before`; NaN where the candidate could not be fitted.
    pub after: f64,
    /// Time for the round.
    pub seconds: f64,
}

/// A candidate on its way.
#[derive(Clone)]
struct Runner {
    candidate: Candidate,
    flow: Flow,
    /// Of the validation rows.
    score: f64,
    /// What the last cycle added to it.
    last_gain: f64,
    history: History,
    cycles: Vec<Cycle>,
    /// Spent on it.
    seconds: f64,
}

/// What the search found.
pub(super) struct Found {
    /// `None`, as the history, where not even the first candidate was trained.
    pub candidate: Option<Candidate>,
    pub flow: Flow,
    pub score: f64,
    pub history: Option<History>,
    pub cycles: Vec<Cycle>,
    pub trials: Vec<Trial>,
    pub cancelled: bool,
}

pub(super) struct Search<'a, 'o> {
    recipe: &'a Recipe,
    x: Rows<'a>,
    validation: Rows<'a>,
    /// The columns' rounding errors.
    rounding: &'a [f64],
    guard: &'a mut Guard<'o>,
    trials: Vec<Trial>,
    /// Passes over all rows so far.
    passes: f64,
}

impl<'a, 'o> Search<'a, 'o> {
    pub fn new(
        recipe: &'a Recipe,
        x: Rows<'a>,
        validation: Rows<'a>,
        rounding: &'a [f64],
        guard: &'a mut Guard<'o>,
    ) -> Self {
        Self { recipe, x, validation, rounding, guard, trials: Vec::new(), passes: 0.0 }
    }

    pub fn run(mut self) -> Result<Found, Error> {
        let few = few_rows(self.x, self.recipe.seed);
        let rows = few.as_ref().map_or(self.x, OwnedRows::rows);
        let candidates = ladder(self.recipe, self.x.ncols());
        // All rounds, should two candidates get as far as the third.
        let plan = candidates.len() + 2 * 2 + 2 * 4 + 8 + 16;
        let unit = match self.recipe.budget {
            Budget::Epochs(epochs) => (self.steps(epochs) / plan).max(1),
            Budget::Auto | Budget::Time(_) => UNIT_STEPS,
        };
        let (mut runners, unit) = self.first_round(&candidates, rows, unit, plan)?;
        drop_twins(&mut runners);
        for round in 2.. {
            let length = 1 << (round - 1);
            if length > LONGEST && self.recipe.budget == Budget::Auto {
                break;
            }
            let x = if round <= EARLY_ROUNDS { rows } else { self.x };
            let before = runners[0].score;
            let steps = self.steps_in_time(length * unit, runners.len());
            if steps < unit || !self.round(&mut runners, x, steps, round)? {
                break;
            }
            drop_twins(&mut runners);
            let best = runners[0].score;
            runners.retain(|runner| runner.score + runner.last_gain >= best);
            if round > EARLY_ROUNDS {
                runners.truncate(1);
                if !(best - before >= LEAST_GAIN) {
                    break;
                }
            }
        }
        runners.truncate(1);
        let Runner { candidate, flow, score, history, cycles, seconds, .. } =
            runners.swap_remove(0);
        self.guard.winner_seconds = seconds;
        let (trials, cancelled) = (self.trials, self.guard.cancelled);
        let (candidate, history) =
            if trials.is_empty() { (None, None) } else { (Some(candidate), Some(history)) };
        Ok(Found { candidate, flow, score, history, cycles, trials, cancelled })
    }

    /// Begins every candidate, for u steps; u is less than `unit` where time is short.
    fn first_round(
        &mut self,
        candidates: &[Candidate],
        rows: Rows<'_>,
        mut unit: usize,
        plan: usize,
    ) -> Result<(Vec<Runner>, usize), Error> {
        let mut runners: Vec<Runner> = Vec::new();
        let mut failure = None;
        // The last start, and the seconds it took.
        let mut last: Option<(Candidate, Flow, f64)> = None;
        for (i, candidate) in candidates.iter().enumerate() {
            if i > 0 && self.is_over(unit, 1) {
                break;
            }
            let begun = self.guard.now();
            let stage = Stage::Candidate { round: 1, candidate: i + 1, of: candidates.len() };
            let _ = self.guard.hear(&Event::Stage(stage)); // asked below
            let start = match &last {
                Some((other, flow, seconds)) if other.same_start(candidate) => {
                    Ok((flow.clone(), *seconds))
                }
                _ => candidate
                    .start(rows, self.recipe, self.guard)
                    .map(|flow| (flow, self.guard.now().saturating_sub(begun).as_secs_f64())),
            };
            if self.guard.cancelled && !runners.is_empty() {
                break;
            }
            last = start.as_ref().ok().map(|(flow, seconds)| (*candidate, flow.clone(), *seconds));
            let tried = start.and_then(|(flow, seconds)| {
                let mut runner = self.runner(*candidate, flow)?;
                runner.seconds = seconds * self.more_rows(rows);
                if !self.guard.cancelled {
                    self.cycle(&mut runner, rows, unit, 1)?;
                }
                Ok(runner)
            });
            match tried {
                Ok(runner) => runners.push(runner),
                Err(error) => failure = Some(error), // another candidate may do
            }
            if i == 0 {
                unit = self.fit_to_time(unit, self.guard.now().saturating_sub(begun), plan);
            }
        }
        match failure {
            Some(failure) if runners.is_empty() => Err(failure),
            _ => Ok((runners, unit)),
        }
    }

    /// Trains every runner and sorts them, the best first. Returns whether there was budget for
    /// all.
    fn round(
        &mut self,
        runners: &mut [Runner],
        rows: Rows<'_>,
        steps: usize,
        round: usize,
    ) -> Result<bool, Error> {
        let of = runners.len();
        let mut complete = true;
        for (i, runner) in runners.iter_mut().enumerate() {
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

    fn runner(&self, candidate: Candidate, flow: Flow) -> Result<Runner, Error> {
        let score = mean_log_prob(&flow, self.validation)?;
        let history = History { epochs: Vec::new(), best_epoch: 0, stopped: StopReason::Finished };
        Ok(Runner {
            candidate,
            flow,
            score,
            last_gain: 0.0,
            history,
            cycles: Vec::new(),
            seconds: 0.0,
        })
    }

    /// One cycle of `steps` steps. A run that diverges leaves the runner as it was.
    fn cycle(
        &mut self,
        runner: &mut Runner,
        x: Rows<'_>,
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
        match train(&mut flow, x, Some(self.validation), &options, &mut hear) {
            Ok(history) => {
                let best = history.epochs[history.best_epoch].validation_nll;
                let score = best.map_or(f64::NEG_INFINITY, |nll| -nll);
                if score > runner.score || !runner.score.is_finite() {
                    (runner.flow, runner.score) = (flow, score);
                }
                let stop = worth(&history, self.validation.effective());
                runner.cycles.push(Cycle { stop, ..cycle });
                append(&mut runner.history, history);
            }
            Err(Error::Diverged { .. }) => runner.cycles.push(Cycle { stop: 0, ..cycle }),
            Err(error) => return Err(error),
        }
        let seen = runner.history.epochs.len().min(cycle.epochs); // less if it was ended
        self.passes += (seen * x.nrows()) as f64 / self.x.nrows() as f64;
        runner.last_gain = runner.score - before;
        let seconds = self.guard.now().saturating_sub(begun).as_secs_f64();
        runner.seconds += seconds * self.more_rows(x);
        self.trials.push(Trial {
            round,
            candidate: runner.candidate,
            steps: cycle.epochs * x.nrows().div_ceil(cycle.batch_size),
            before,
            after: runner.score,
            seconds,
        });
        Ok(())
    }

    /// How many times as many rows the second fit takes as one on these.
    fn more_rows(&self, rows: Rows<'_>) -> f64 {
        (self.x.nrows() as f64 / rows.nrows() as f64).max(1.0)
    }

    /// A fortieth of the rows: enough noise to leave poor optima; at most what keeps the steps
    /// cheap while they are many.
    fn batch_size(&self, rows: usize, round: usize) -> usize {
        let most = if round <= EARLY_ROUNDS { 128 } else { 1024 };
        self.recipe.batch_size.unwrap_or((rows / 40).clamp(64, most)).min(rows)
    }

    /// Steps of an early round that make so many passes over all rows.
    fn steps(&self, epochs: usize) -> usize {
        epochs * self.x.nrows().div_ceil(self.batch_size(self.x.nrows(), 1))
    }

    /// u where the first candidate's first round took `taken`, for what time there is.
    fn fit_to_time(&self, unit: usize, taken: Duration, plan: usize) -> usize {
        let Some(left) = self.guard.left() else { return unit };
        let rest = plan.saturating_sub(1).max(1) as f64;
        let share = left.as_secs_f64() / (taken.as_secs_f64().max(1e-6) * rest);
        ((unit as f64 * share.min(1.0)) as usize).max(1)
    }

    /// `steps`, or as many as the time left allows to each of `runners`, going by the last cycle.
    fn steps_in_time(&self, steps: usize, runners: usize) -> usize {
        let (Some(left), Some(last)) = (self.guard.left(), self.trials.last()) else {
            return steps;
        };
        let each = last.seconds.max(1e-6) / last.steps as f64 * runners as f64;
        steps.min((left.as_secs_f64() / each) as usize)
    }

    /// Whether the fit was cancelled, or has no budget left for `steps` more.
    fn is_over(&self, steps: usize, round: usize) -> bool {
        let spent = match self.recipe.budget {
            Budget::Epochs(most) => {
                let rows = steps * self.batch_size(self.x.nrows(), round);
                self.passes + rows as f64 / self.x.nrows() as f64 > most as f64
            }
            Budget::Auto | Budget::Time(_) => false,
        };
        spent || self.guard.cancelled || self.guard.over()
    }
}

/// At most [`SEARCH_ROWS`] of the rows; `None` for all of them.
fn few_rows(x: Rows<'_>, seed: u64) -> Option<OwnedRows> {
    (x.nrows() > SEARCH_ROWS)
        .then(|| x.pick(&stratified(x.nrows(), SEARCH_ROWS, seed).collect::<Vec<usize>>()))
}

/// By falling score, ties in the order of the ladder.
fn best_first(runners: &mut [Runner]) {
    runners.sort_by(|a, b| b.score.total_cmp(&a.score));
}

/// Sorts the runners, the best first, and drops all but the best of every kind of start, and
/// those that differ from it in the prior and trail it by less than a [`TWIN`]th of its last gain.
fn drop_twins(runners: &mut Vec<Runner>) {
    best_first(runners);
    // Of the best of each kind: the candidate, its score, and how far another may trail it.
    let mut best: Vec<(Candidate, f64, f64)> = Vec::new();
    runners.retain(|runner| {
        let twin = best.iter().find(|(other, ..)| other.same_start(&runner.candidate));
        let stays = twin.is_none_or(|(_, score, most)| score - runner.score <= *most);
        if twin.is_none() {
            best.push((runner.candidate, runner.score, TWIN * runner.last_gain));
        }
        stays
    });
}

/// Adds a cycle's epochs, but for its start, which is the end of the one before.
fn append(all: &mut History, cycle: History) {
    let (epochs, seconds) = all.epochs.last().map_or((0, 0.0), |last| (last.epoch, last.seconds));
    let skip = usize::from(!all.epochs.is_empty());
    if skip == 0 || cycle.best_epoch > 0 {
        all.best_epoch = epochs + cycle.best_epoch;
    }
    all.stopped = cycle.stopped;
    all.epochs.extend(cycle.epochs.into_iter().skip(skip).map(|record| EpochRecord {
        epoch: epochs + record.epoch,
        seconds: seconds + record.seconds,
        ..record
    }));
}
