//! `gauss transform`: x -> z, rows to the latent space.

use clap::Args;
use faer::MatRef;
use gauss_model::{Column, Model};
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::Error;
use crate::options::WeightArgs;
use crate::shared::evaluate::{Evaluation, Facts, data_columns};
use crate::shared::{generator, pieces};
use crate::table;
use crate::terminal::Console;
use crate::words::{decimals, line};

const EXAMPLES: &str = "\
Examples:
  gauss transform model.gauss test.csv --out z.csv
  gauss transform model.gauss test.csv --out z.npy    for Python

The result has the columns z0, z1, ... and a row per row. Where the model is right they are \
independent standard normal variables: mean 0, standard deviation 1. `gauss inverse` leads back. \
An integer or a category is given noise within its cell, by --seed; the way back rounds it off. \
A row with a value outside its column's support becomes NaN. \
With --missing drop a row with a missing value keeps its place and becomes NaN.";

/// Map rows to the standard normal latent space
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Transform {
    #[command(flatten)]
    evaluation: Evaluation,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Summary {
    command: &'static str,
    #[serde(flatten)]
    facts: Facts,
    /// The latent columns' names: z0, z1, ...
    columns: Vec<String>,
    /// Of each latent column; 0 where the model is right.
    mean: Vec<f64>,
    /// Of each latent column; 1 where the model is right.
    standard_deviation: Vec<f64>,
}

impl Transform {
    pub(super) fn run(&self, console: &Console) -> Result<(), Error> {
        let loaded = self.evaluation.load(console, data_columns, latent, &WeightArgs::default())?;
        let mut rng = generator(console.seed);
        let forward = |x: MatRef<'_, f64>| loaded.model.forward(x, &mut rng);
        let z = pieces::by_pieces(console, "transforming", loaded.table.data.as_ref(), forward)
            .map_err(|source| loaded.refused(source))?;

        let columns = table::latent_names(loaded.model.columns().len());
        let rows = loaded.table.rows();
        let (mean, standard_deviation) = pieces::moments(&z, columns.len());
        let facts = loaded.facts;
        let summary = Summary { command: "transform", facts, columns, mean, standard_deviation };
        let prose = summary.prose();
        let z = z.into_iter().map(Ok);
        let prose = line(&prose);
        pieces::deliver(console, &loaded.out, &loaded.columns, rows, z, &summary, &prose)?;
        Ok(())
    }
}

fn latent(model: &Model) -> Vec<Column> {
    table::latent_names(model.flow().dim()).into_iter().map(Column::real).collect()
}

impl Summary {
    fn prose(&self) -> String {
        let farthest =
            |values: &[f64], from: f64| values.iter().map(|v| (v - from).abs()).fold(0.0, f64::max);
        // Of no rows there is no mean, of one no deviation.
        let known = |values: &[f64]| values.iter().any(|v| !v.is_nan());
        let mut parts = vec![format!("{} to the latent space", self.facts.subject())];
        if known(&self.mean) {
            let farthest = decimals(farthest(&self.mean, 0.0), 3);
            parts.push(format!("; means within {farthest} of 0"));
        }
        if known(&self.standard_deviation) {
            let farthest = decimals(farthest(&self.standard_deviation, 1.0), 3);
            parts.push(format!(", standard deviations within {farthest} of 1"));
        }
        parts.push(self.facts.missing());
        parts.concat()
    }
}
