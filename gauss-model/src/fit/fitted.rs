//! What a fit made.

use super::Prepared;
use crate::error::Error;
use crate::model::Model;
use crate::provenance::{HeldOut, How, Provenance, Trial, Weights};
use gauss_rbig::recipe;

/// A model, and how it came about.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Fitted {
    /// The model.
    pub model: Model,
    /// What the search tried and chose; its flow is the model's, its log-densities are means in
    /// nats per row and in the table's units. Of columns with noise they are those of the noisy
    /// values: of counts too many for a table, lower bounds.
    pub search: recipe::Fitted,
    /// What took how long.
    pub timings: Timings,
}

/// Wall-clock times, in seconds.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Timings {
    /// Checking and encoding the rows.
    pub prepare: f64,
    /// The search, and what followed it.
    pub fit: f64,
}

impl Fitted {
    /// Whether the watch ended the fit: the model is then the best until that moment.
    #[must_use]
    pub fn cancelled(&self) -> bool {
        self.search.cancelled
    }

    /// The rows of x that the fit was judged by, where they came out of it.
    #[must_use]
    pub fn held_out(&self) -> &[usize] {
        &self.search.held_out
    }

    pub(super) fn new(
        prepared: Prepared<'_>,
        search: recipe::Fitted,
        timings: Timings,
    ) -> Result<Self, Error> {
        let rows = prepared.table.table();
        let validation_rows = search.validation_rows as u64;
        let provenance = Provenance {
            rows: rows.nrows() as u64,
            effective_rows: rows.effective(),
            weights: rows.weights().map(|_| Weights { column: prepared.weight_column }),
            seed: prepared.recipe.seed,
            how: How::Recipe(prepared.recipe),
            created_by: prepared.created_by,
            defects: prepared.defects,
            noise: prepared.noise,
            tails: search.tails.clone(),
            held_out: match (validation_rows, &prepared.validation) {
                (0, _) => HeldOut::None,
                (rows, Some(_)) => HeldOut::Given { rows },
                (rows, None) => HeldOut::Split { rows },
            },
            held_out_log_prob: search.validation_log_prob,
            winner: Some(search.winner),
            refitted: search.refitted,
            cancelled: search.cancelled,
            trials: search.trials.iter().map(Trial::from).collect(),
            baselines: search.baselines.clone(),
            training: search.history.as_ref().map(Into::into),
            notes: Vec::new(),
        };
        let model = Model::new(search.flow.clone(), prepared.columns, provenance)?;
        Ok(Self { model, search, timings })
    }
}

impl From<&recipe::Trial> for Trial {
    fn from(trial: &recipe::Trial) -> Self {
        let recipe::Trial { round, candidate, steps, before, after, .. } = *trial;
        Trial { round, candidate, steps, before, after }
    }
}
