//! `gauss inverse`: z -> x, latent rows back to data.

use clap::Args;
use gauss_model::Model;
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::Error;
use crate::options::WeightArgs;
use crate::shared::evaluate::{Evaluation, Facts, latent_columns};
use crate::shared::pieces;
use crate::terminal::Console;
use crate::words::line;

const EXAMPLES: &str = "\
Examples:
  gauss inverse model.gauss z.csv --out x.csv
  gauss transform model.gauss test.csv | gauss inverse model.gauss -

The second gives the model's columns of test.csv again: real values to rounding, integers and \
categories as they were. The latent columns are found as z0, z1, ... where the table has \
all of them; a table with exactly as many columns as the model is read by position.";

/// Map latent rows back to data
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Inverse {
    #[command(flatten)]
    evaluation: Evaluation,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Summary {
    command: &'static str,
    #[serde(flatten)]
    facts: Facts,
    /// The columns' names, in the model's order.
    columns: Vec<String>,
}

impl Inverse {
    pub(super) fn run(&self, console: &Console) -> Result<(), Error> {
        let result = |model: &Model| model.columns().to_vec();
        let loaded =
            self.evaluation.load(console, latent_columns, result, &WeightArgs::default())?;
        let z = loaded.table.data.as_ref();
        let x = pieces::by_pieces(console, "inverting", z, |z| loaded.model.inverse(z))
            .map_err(|source| loaded.refused(source))?;

        let prose = format!("{} back to data{}", loaded.facts.subject(), loaded.facts.missing());
        let columns = loaded.model.names();
        let rows = loaded.table.rows();
        let summary = Summary { command: "inverse", facts: loaded.facts, columns };
        let x = x.into_iter().map(Ok);
        let prose = line(&prose);
        pieces::deliver(console, &loaded.out, &loaded.columns, rows, x, &summary, &prose)?;
        Ok(())
    }
}
