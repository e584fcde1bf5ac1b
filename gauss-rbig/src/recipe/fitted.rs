//! What a recipe makes, and what it tells of the way there.

use super::candidate::Candidate;
use super::cycle::Cycle;
use super::given::Parted;
use super::rivals::Rival;
use super::search::Trial;
use crate::baseline::Baseline;
use crate::multivariate::mixture::Found;
use crate::tails::ColumnTails;
use gauss_flow::{Flow, History};
use serde::{Deserialize, Serialize};

/// What became the result.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Winner {
    /// A candidate of the search.
    Trained(Candidate),
    /// A greedy fit: nothing else was asked for, or the fit was ended before anything was trained.
    Greedy,
    /// A baseline that did better than anything trained.
    Baseline(Baseline),
}

/// What a second fit has to go through again.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Way {
    /// Training.
    Cycles(Vec<Cycle>),
    /// Expectation and maximisation.
    Mixture(Found),
}

impl Default for Way {
    fn default() -> Self {
        Way::Cycles(Vec::new())
    }
}

/// What a recipe made. All log-densities are means in nats per row.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Fitted {
    /// The model.
    pub flow: Flow,
    /// What it is.
    pub winner: Winner,
    /// Mean log-density of the validation rows under the validated model; `None` without such rows.
    pub validation_log_prob: Option<f64>,
    /// Everything that was tried, in order.
    pub trials: Vec<Trial>,
    /// The baselines and how they do.
    pub baselines: Vec<Rival>,
    /// The winner's joint training, all cycles in a row; `None` where it was not trained.
    pub history: Option<History>,
    /// Whether the flow was then fitted again on all rows.
    pub refitted: bool,
    /// Rows the validated fit learnt from.
    pub train_rows: usize,
    /// Rows it validated on; 0 if there were too few.
    pub validation_rows: usize,
    /// Which rows of x those were, where they came out of it.
    pub held_out: Vec<usize>,
    /// The columns whose power-law tails the flow's first layer makes normal; where there are none,
    /// it has no such layer.
    pub tails: Vec<ColumnTails>,
    /// Whether the watch ended the fit.
    pub cancelled: bool,
    /// How the winner came about.
    pub(super) way: Way,
    /// Of rows with discrete columns.
    pub(super) given: Option<Box<Parted>>,
}

impl Fitted {
    /// A flow, and nothing else known of it.
    pub(super) fn of(flow: Flow, winner: Winner) -> Self {
        Self {
            flow,
            winner,
            validation_log_prob: None,
            trials: Vec::new(),
            baselines: Vec::new(),
            history: None,
            refitted: false,
            train_rows: 0,
            validation_rows: 0,
            held_out: Vec::new(),
            tails: Vec::new(),
            cancelled: false,
            way: Way::default(),
            given: None,
        }
    }

    /// The same without what was measured in seconds (all 0): of two fits with one seed, equal.
    #[must_use]
    pub fn without_timings(mut self) -> Self {
        self.trials.iter_mut().for_each(|trial| trial.seconds = 0.0);
        let records = self.history.iter_mut().flat_map(|history| &mut history.epochs);
        records.for_each(|record| record.seconds = 0.0);
        self
    }

    /// Moves every mean log-density: by `learnt` those of the rows it learnt from, by `held_out` those of
    /// the rows it was judged by, where both were seen in other units and these are the means of
    /// ln|det| of the map between them. What was tried on a part of the rows is moved by the mean over
    /// all of them.
    pub fn shift(&mut self, learnt: f64, held_out: f64) {
        self.validation_log_prob.iter_mut().for_each(|log_prob| *log_prob += held_out);
        for baseline in &mut self.baselines {
            baseline.score += held_out;
        }
        for trial in &mut self.trials {
            trial.before += held_out;
            trial.after += held_out;
        }
        for record in self.history.iter_mut().flat_map(|history| &mut history.epochs) {
            record.train_nll -= learnt;
            record.validation_nll.iter_mut().for_each(|nll| *nll -= held_out);
        }
    }

    /// The candidate that won; `None` where something simpler did.
    #[must_use]
    pub fn candidate(&self) -> Option<Candidate> {
        match self.winner {
            Winner::Trained(candidate) => Some(candidate),
            _ => None,
        }
    }

    /// The baseline that won; `None` where something better did.
    #[must_use]
    pub fn fallback(&self) -> Option<Baseline> {
        match self.winner {
            Winner::Baseline(baseline) => Some(baseline),
            _ => None,
        }
    }
}
