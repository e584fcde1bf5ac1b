//! `gauss sample`: new rows, drawn by mapping standard normal draws backwards.

use std::path::PathBuf;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::generator;
use super::rows::{self, PIECE};
use crate::args::positive;
use crate::console::{Console, counted};
use crate::error::Error;
use crate::model;
use crate::output::Destination;

const EXAMPLES: &str = "\
Examples:
  gauss sample model.gauss --rows 5000 --out samples.csv
  gauss sample model.gauss --rows 10 --seed 7
  gauss sample model.gauss --rows 1000 | gauss score model.gauss -

The columns are the model's, in the units of the table it was fitted to.";

/// Draw new rows from a model
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Sample {
    /// The model, as `gauss fit` wrote it
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// How many rows to draw
    #[arg(long, short = 'n', allow_negative_numbers = true, value_name = "N")]
    #[arg(value_parser = positive)]
    rows: usize,
    /// Write the rows to this CSV file [default: standard output]
    #[arg(long, short, value_name = "CSV")]
    out: Option<PathBuf>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Report<'a> {
    command: &'static str,
    model: String,
    rows: usize,
    columns: &'a [String],
    seed: u64,
    out: Option<String>,
}

impl Sample {
    pub(super) fn run(&self, console: &Console) -> Result<(), Error> {
        let out = Destination::new(self.out.as_deref(), &[&self.model])?;
        let model = model::load(&self.model)?;
        let flow = model.flow.bind();
        let mut rng = generator(console.seed);
        // Drawn as they are written, so that any number of rows fits into memory.
        let progress = console.progress("sampling", self.rows);
        let pieces = (0..self.rows)
            .step_by(PIECE)
            .map(|start| flow.sample(PIECE.min(self.rows - start), &mut rng))
            .inspect(|piece| progress.advance(piece.nrows()));

        let report = Report {
            command: "sample",
            model: self.model.display().to_string(),
            rows: self.rows,
            columns: &model.names(),
            seed: console.seed,
            out: self.out.as_ref().map(|path| path.display().to_string()),
        };
        let rows = counted(self.rows, "row");
        let prose = format!("{rows} drawn from {} with seed {}", report.model, console.seed);
        rows::deliver(console, &out, report.columns, pieces, &report, &prose)?;
        Ok(())
    }
}
