//! A candidate on its way, and who of several goes on.

use super::super::candidate::Candidate;
use super::super::cycle::Cycle;
use super::super::sample::Sample;
use crate::Error;
use gauss_flow::{EpochRecord, Flow, History, StopReason};

/// What a prior costs shows late, what it saves even later: two that differ by less than this
/// part of what they both gained in a round go on together.
const TWIN: f64 = 0.05;
/// Nats per row that no cycle is worth.
const NOTHING: f64 = 1e-3;

/// A candidate on its way.
#[derive(Clone)]
pub(in crate::recipe) struct Runner {
    pub candidate: Candidate,
    pub flow: Flow,
    /// Of the validation rows.
    pub score: f64,
    /// What the last cycle added to it.
    pub last_gain: f64,
    pub history: History,
    pub cycles: Vec<Cycle>,
    /// Spent on it, at as many rows as the second fit will have.
    pub seconds: f64,
    /// What a step of the last cycle took.
    pub step_seconds: f64,
}

impl Runner {
    pub fn new(candidate: Candidate, flow: Flow, validation: Sample<'_>) -> Result<Self, Error> {
        let score = validation.mean_log_prob(&flow)?;
        let history = History { epochs: Vec::new(), best_epoch: 0, stopped: StopReason::Finished };
        Ok(Self {
            candidate,
            flow,
            score,
            last_gain: 0.0,
            history,
            cycles: Vec::new(),
            seconds: 0.0,
            step_seconds: 0.0,
        })
    }

    /// Whether its last gain again would bring it level with `score`: cycles gain less and less, even
    /// though they double.
    pub fn may_reach(&self, score: f64) -> bool {
        self.score + self.last_gain >= score
    }

    /// Whether a cycle beyond the first gained next to nothing: it has nothing left to learn, or
    /// overfits from its start, and a longer one would, too.
    pub fn is_done(&self) -> bool {
        self.cycles.len() > 1 && self.last_gain < NOTHING
    }

    /// Adds a cycle's epochs, but for its start, which is the end of the one before.
    pub fn append(&mut self, cycle: History) {
        let all = &mut self.history;
        let last = all.epochs.last();
        let (epochs, seconds) = last.map_or((0, 0.0), |last| (last.epoch, last.seconds));
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
}

/// By falling score, ties in the order of the ladder.
pub(super) fn best_first(runners: &mut [Runner]) {
    runners.sort_by(|a, b| b.score.total_cmp(&a.score));
}

/// Sorts the runners, the best first, and drops all but the best of every kind of start, and
/// those that differ from it in the prior and trail it by less than a [`TWIN`]th of its last gain.
pub(super) fn drop_twins(runners: &mut Vec<Runner>) {
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

/// Of runners, the best first, whose kind learns slowly the best `most`.
pub(super) fn keep_best_of_slow(runners: &mut Vec<Runner>, most: usize) {
    let mut slow = 0;
    runners.retain(|runner| {
        slow += usize::from(runner.candidate.pace() > 1);
        runner.candidate.pace() == 1 || slow <= most
    });
}
