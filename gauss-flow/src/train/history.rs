//! What a run leaves behind.

use serde::{Deserialize, Serialize};

/// One epoch of a run; epoch 0 is the start.
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

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StopReason {
    /// All epochs done.
    Finished,
    /// No better validation score for `patience` epochs.
    NoImprovement,
    /// The observer said so.
    Cancelled,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// One record an epoch, the start included.
    pub epochs: Vec<EpochRecord>,
    /// The epoch whose parameters were kept.
    pub best_epoch: usize,
    /// Why the run ended.
    pub stopped: StopReason,
}
