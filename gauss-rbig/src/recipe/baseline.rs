//! What any fit must beat: one normal distribution, and the columns taken as independent.

use super::candidate::warm_start;
use super::mean_log_prob;
use crate::marginal::em::EmOptions;
use crate::{Error, RbigOptions, Selection, fit};
use faer::MatRef;
use gauss_flow::Flow;
use serde::{Deserialize, Serialize};

/// Components of an independent column, at most.
const COMPONENTS: usize = 32;

/// A simple model, and how it does on the validation rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// Its name.
    pub name: String,
    /// Mean log-density of the validation rows, in nats.
    pub score: f64,
}

/// Each baseline as a flow with its score, fitted when its turn comes; the quickest first.
pub(super) fn baselines(
    x: MatRef<'_, f64>,
    validation: MatRef<'_, f64>,
) -> impl Iterator<Item = Result<(Baseline, Flow), Error>> {
    // Principal axes, then one normal per axis by maximum likelihood: the multivariate normal.
    let normal = RbigOptions {
        max_blocks: 1,
        components: 1,
        reflections: 0,
        em: EmOptions { prior_rows: 0.0, binned_above: None, ..EmOptions::default() },
        ..warm_start()
    };
    let independent = RbigOptions {
        max_blocks: 0,
        initial_marginal: COMPONENTS,
        selection: Selection::Aic,
        em: EmOptions::default(),
        ..warm_start()
    };
    [("one normal distribution", normal), ("independent columns", independent)].into_iter().map(
        move |(name, options)| {
            let flow = fit(x, &options, &mut ())?.flow;
            let score = mean_log_prob(&flow, validation)?;
            Ok((Baseline { name: name.to_owned(), score }, flow))
        },
    )
}
