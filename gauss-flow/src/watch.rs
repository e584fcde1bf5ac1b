//! What a fit tells while it runs, and how it is ended.
//!
//! One trait for every fit, greedy, joint or searched: [`Watch`]. `()` watches nothing; a closure
//! over [`Event`] watches everything.
//!
//! ```
//! use gauss_flow::{Event, Watch};
//! use std::ops::ControlFlow;
//! let mut epochs = 0;
//! let mut ten = |event: &Event<'_>| {
//!     epochs += usize::from(matches!(event, Event::Epoch { .. }));
//!     if epochs < 10 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
//! };
//! let watch: &mut dyn Watch = &mut ten;
//! # assert!(watch.hear(&Event::Step { step: 1, steps: 2 }).is_continue());
//! ```

use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// Hears of a fit as it happens. [`ControlFlow::Break`] ends it, at any moment, with the best it
/// has found so far.
pub trait Watch: Send {
    /// What has just happened.
    fn hear(&mut self, event: &Event<'_>) -> ControlFlow<()>;
}

impl Watch for () {
    fn hear(&mut self, _: &Event<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

impl<F: FnMut(&Event<'_>) -> ControlFlow<()> + Send> Watch for F {
    fn hear(&mut self, event: &Event<'_>) -> ControlFlow<()> {
        self(event)
    }
}

/// Hears of every epoch, the start included, and of nothing else.
///
/// ```
/// use std::ops::ControlFlow;
/// let mut loss = f64::INFINITY;
/// let mut watch = gauss_flow::watch::epochs(|record| {
///     loss = record.train_nll;
///     ControlFlow::Continue(())
/// });
/// # let _: &mut dyn gauss_flow::Watch = &mut watch;
/// ```
pub fn epochs(mut f: impl FnMut(&EpochRecord) -> ControlFlow<()> + Send) -> impl Watch {
    move |event: &Event<'_>| match event {
        Event::Epoch { record, .. } => f(record),
        _ => ControlFlow::Continue(()),
    }
}

/// Hears of every block of a greedy fit, and of nothing else.
pub fn blocks(mut f: impl FnMut(&BlockRecord) -> ControlFlow<()> + Send) -> impl Watch {
    move |event: &Event<'_>| match event {
        Event::Block { record, .. } => f(record),
        _ => ControlFlow::Continue(()),
    }
}

/// What can happen in a fit. All counts begin with 1, but for epoch 0, which is the start.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Another part of a search begins; what follows belongs to it.
    Stage(Stage),
    /// A block of a greedy fit is done.
    Block {
        /// What it did.
        record: &'a BlockRecord,
        /// At most this many.
        blocks: usize,
    },
    /// A step of joint training is done; said often, so that a run on many rows can be ended
    /// within an epoch.
    Step {
        /// Of this epoch.
        step: usize,
        /// In an epoch.
        steps: usize,
    },
    /// An epoch of joint training is done, or the start was looked at.
    Epoch {
        /// What it did.
        record: &'a EpochRecord,
        /// Epochs of this run.
        epochs: usize,
    },
}

/// A part of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// A candidate's turn in a round.
    Candidate {
        /// The round.
        round: usize,
        /// Which candidate of the round.
        candidate: usize,
        /// Candidates in this round.
        of: usize,
    },
    /// The search for a mixture of normals.
    Mixture,
    /// The second fit, on all rows.
    Refit,
}

/// What one block of a greedy fit did. Nats per row throughout, densities in the units of the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BlockRecord {
    /// Counted from 1.
    pub block: usize,
    /// Mean gain of a row's log-density: Σ_i KL(marginal_i ‖ N(0, 1)), estimated.
    pub negentropy_removed: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Free parameters of the block's mixtures.
    pub parameters: usize,
    /// Directions without variance, left as they are.
    pub degenerate: usize,
    /// Mean log-density of the rows after the block.
    pub mean_log_prob: f64,
    /// The same of the validation rows.
    pub validation_log_prob: Option<f64>,
    /// Time for the block.
    pub seconds: f64,
}

/// One epoch of a training; epoch 0 is the start.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// 0, 1, 2, ...
    pub epoch: usize,
    /// Mean negative log-likelihood of the training rows, in nats, each row at the parameters of
    /// the step that used it.
    pub train_nll: f64,
    /// The same of the validation rows at the end of the epoch: the better of the raw and the
    /// averaged parameters.
    pub validation_nll: Option<f64>,
    /// The rate of the epoch's last step.
    pub learning_rate: f64,
    /// Since the run began.
    pub seconds: f64,
}

/// Why a fit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum StopReason {
    /// All epochs or blocks done.
    Finished,
    /// None better for as many epochs or blocks as patience allows.
    NoImprovement,
    /// [`Watch`] said so.
    Cancelled,
}

impl StopReason {
    /// A word for programs: `finished`, `no_improvement` or `cancelled`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::NoImprovement => "no_improvement",
            Self::Cancelled => "cancelled",
        }
    }
}
