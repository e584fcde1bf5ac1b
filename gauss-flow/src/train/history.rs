//! What a run leaves behind.

use crate::watch::{EpochRecord, StopReason};
use serde::{Deserialize, Serialize};

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
