//! `gauss sample`: new rows, drawn by mapping standard normal draws backwards.

use std::path::PathBuf;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::Error;
use crate::options::{self, OutArgs};
use crate::shared::pieces::{self, PIECE};
use crate::shared::{generator, model};
use crate::terminal::Console;
use crate::words::{counted, line};

const EXAMPLES: &str = "\
Examples:
  gauss sample model.gauss --rows 5000 --out samples.csv
  gauss sample model.gauss --rows 10 --seed 7
  gauss sample model.gauss --rows 1000000 --out new.parquet
  gauss sample model.gauss --rows 1000 | gauss score model.gauss -

The columns are the model's, in the form and the units of the table it was fitted to: integers are \
whole, categories are names, bounded values lie within their bounds.";

/// Draw new rows from a model
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Sample {
    /// The model, as `gauss fit` wrote it
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// How many rows to draw
    #[arg(long, short = 'n', allow_negative_numbers = true, value_name = "N")]
    #[arg(value_parser = options::rows)]
    rows: usize,
    #[command(flatten)]
    out: OutArgs,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Summary<'a> {
    command: &'static str,
    /// The model file.
    model: String,
    /// Rows drawn.
    rows: usize,
    /// The columns' names, in the order of the values of a row.
    columns: &'a [String],
    /// The --seed.
    seed: u64,
    /// The file that now holds the rows; null where they are in `data`, or on standard output.
    out: Option<String>,
}

impl Sample {
    pub(super) fn run(&self, console: &Console) -> Result<(), Error> {
        let out = self.out.target(&[&self.model])?;
        let model = model::load(&self.model)?;
        out.check(model.columns())?;
        if console.json && out.place.is_stdout() {
            pieces::check_memory(self.rows, model.columns().len()).map_err(|short| {
                Error::Usage(format!(
                    "{short} for the rows in one JSON object: fewer --rows, or --out"
                ))
            })?;
        }
        let mut rng = generator(console.seed);
        // Drawn as they are written, so that any number of rows fits into memory.
        let progress = console.progress("sampling", self.rows);
        let pieces = (0..self.rows)
            .step_by(PIECE)
            .map(|start| model.sample(PIECE.min(self.rows - start), &mut rng))
            .inspect(|piece| progress.advance(piece.nrows()))
            .map(|piece| pieces::drawn(model.columns(), piece));

        let summary = Summary {
            command: "sample",
            model: self.model.display().to_string(),
            rows: self.rows,
            columns: &model.names(),
            seed: console.seed,
            out: self.out.name(),
        };
        let rows = counted(self.rows, "row");
        let prose = format!("{rows} drawn from {} with seed {}", summary.model, console.seed);
        pieces::deliver(
            console,
            &out,
            model.columns(),
            self.rows,
            pieces,
            &summary,
            &line(&prose),
        )?;
        Ok(())
    }
}
