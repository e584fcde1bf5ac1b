//! What any fit must beat: one normal distribution, and the columns taken as independent.

use super::candidate::warm_start;
use super::entry::mean_log_prob;
use crate::marginal::em::EmOptions;
use crate::{Error, RbigOptions, Selection, fit};
use gauss_flow::{Flow, Rows};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Components of an independent column, at most.
const COMPONENTS: usize = 32;

/// A model that takes no search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Simple {
    /// One multivariate normal distribution.
    Normal,
    /// Every column by itself: a mixture of normals each.
    Independent,
}

/// A simple model, and how it does on the validation rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// Which.
    pub model: Simple,
    /// Mean log-density of the validation rows, in nats.
    pub score: f64,
}

impl Simple {
    /// All of them, the quickest first.
    pub const ALL: [Simple; 2] = [Simple::Normal, Simple::Independent];
}

impl fmt::Display for Simple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Simple::Normal => "one normal distribution",
            Simple::Independent => "independent columns",
        })
    }
}

/// Fits a simple model to the rows of x, as a flow.
pub(super) fn fit_simple(simple: Simple, x: Rows<'_>) -> Result<Flow, Error> {
    let options = match simple {
        // Principal axes, then one normal per axis by maximum likelihood: the multivariate normal.
        Simple::Normal => RbigOptions {
            max_blocks: 1,
            components: 1,
            reflections: 0,
            em: EmOptions { prior_rows: 0.0, binned_above: None, ..EmOptions::default() },
            ..warm_start()
        },
        Simple::Independent => RbigOptions {
            max_blocks: 0,
            initial_marginal: COMPONENTS,
            selection: Selection::Aic,
            em: EmOptions::default(),
            ..warm_start()
        },
    };
    Ok(fit(x, &options, &mut ())?.flow)
}

/// Each simple model as a flow with its score, fitted when its turn comes.
pub(super) fn baselines(
    x: Rows<'_>,
    validation: Rows<'_>,
) -> impl Iterator<Item = Result<(Baseline, Flow), Error>> {
    Simple::ALL.into_iter().map(move |model| {
        let flow = fit_simple(model, x)?;
        let score = mean_log_prob(&flow, validation)?;
        Ok((Baseline { model, score }, flow))
    })
}
