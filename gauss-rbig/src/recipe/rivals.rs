//! What the result is held against.

use super::entry::mean_log_prob;
use crate::Error;
use crate::baseline::Baseline;
use gauss_flow::{Flow, Rows};
use serde::{Deserialize, Serialize};

/// A simple model, and how it does on the validation rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rival {
    /// Which.
    pub baseline: Baseline,
    /// Mean log-density of the validation rows, in nats.
    pub score: f64,
}

/// Each baseline that is a flow with its score, fitted when its turn comes; without those that these
/// rows have none of.
pub(super) fn rivals(
    x: Rows<'_>,
    validation: Rows<'_>,
) -> impl Iterator<Item = Result<(Rival, Flow), Error>> {
    Baseline::FLOWS.into_iter().filter_map(move |baseline| {
        let scored = |flow: Flow| {
            let score = mean_log_prob(&flow, validation)?;
            Ok((Rival { baseline, score }, flow))
        };
        Some(baseline.flow(x).transpose()?.and_then(scored))
    })
}
