//! `gauss fit`: a table in, a model out.
//!
//! Here are the options, and the order of the steps; `data.rs` makes of the tables what a flow
//! learns from, `report.rs` says how it went.

mod data;
mod report;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use gauss_rbig::recipe::{Budget, Method, Recipe, Refit};

use super::defects::Remedies;
use super::progress::Progress;
use crate::args::{TableArgs, count, each_once, not_negative, positive, positive_number};
use crate::console::Console;
use crate::error::Error;
use crate::input;
use crate::kinds::{Kinds, Offer};
use crate::output::Destination;
use crate::table::{self, ReadOptions, Select, Table};
use data::Data;
pub(crate) use report::Report;

const EXAMPLES: &str = "\
Nothing needs to be set. Several sizes of model are begun by a greedy fit (rotations to the \
principal axes and a mixture of normals per coordinate, block by block) and then trained as a whole \
on the exact likelihood; rows that they do not learn from decide which of them goes on, and when to \
stop. `gauss inspect` tells what was tried. Columns are standardised inside the model: densities \
are in the table's units.

Columns of text, and rows with missing cells, are refused until you say what to do: --categorical \
or --exclude, --missing drop or median. What the cells suggest (--integer, --support, --noise) is \
offered on standard error, and done only when asked for.

Ctrl-C ends the training and writes the best model so far (exit code 0, \"interrupted\": true in \
the JSON); a second one stops at once.

Examples:
  gauss fit train.csv --out model.gauss
  gauss fit train.csv --out model.gauss --validation valid.csv
  gauss fit train.csv --out model.gauss --columns height,weight
  gauss fit train.csv --out model.gauss --exclude 'id*' --missing median
  gauss fit sales.csv --out m.gauss --support 'price>0' 'share in [0,1]'
  gauss fit sales.csv --out m.gauss --integer visits --categorical country
  gauss fit train.csv --out best.gauss --budget 10m
  gauss fit train.csv --out quick.gauss --method rbig --blocks 4";

/// Learn a model from a table
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Fit {
    /// The table to learn from: CSV, TSV, Parquet or NumPy; `-` is standard input
    #[arg(value_name = "TRAIN")]
    table: PathBuf,
    /// Write the model to this file
    #[arg(long, short, value_name = "MODEL")]
    out: PathBuf,
    /// A table of rows that decide what to keep and when to stop [default: some of TRAIN's]
    #[arg(long, value_name = "TABLE")]
    validation: Option<PathBuf>,
    /// Learn these columns only, in this order: names, patterns (x*), ranges (a:d) [default: all]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    columns: Vec<String>,
    #[command(flatten)]
    kinds: Kinds,
    #[command(flatten)]
    remedies: Remedies,
    #[command(flatten)]
    shape: Shape,
    #[command(flatten)]
    training: Training,
    #[command(flatten)]
    reading: TableArgs,
}

/// Sizes of the model.
#[derive(Debug, Args)]
#[command(next_help_heading = "The model (what is not given is found by the search)")]
struct Shape {
    /// Blocks, each a rotation and a mixture per dimension
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = positive)]
    blocks: Option<usize>,
    /// Normal distributions in the mixture of each dimension
    #[arg(long, allow_negative_numbers = true, value_name = "K", value_parser = positive)]
    components: Option<usize>,
    /// Householder reflections that make each rotation [default: one per column, at most 16]
    #[arg(long, allow_negative_numbers = true, value_name = "R", value_parser = count::<usize>)]
    reflections: Option<usize>,
    /// How strongly to hold back from overfitting; 0 is not at all
    #[arg(long, allow_negative_numbers = true, value_name = "WEIGHT", value_parser = not_negative)]
    prior: Option<f64>,
}

/// How it learns.
#[derive(Debug, Args)]
#[command(next_help_heading = "The training")]
struct Training {
    /// Greedy fits, then training as a whole; the greedy fit alone; or training without one
    #[arg(long, value_enum, value_name = "warm|rbig|joint", hide_possible_values = true)]
    #[arg(default_value_t = MethodArg::Warm)]
    method: MethodArg,
    /// Time for the search and the training, as 60s or 5m, or passes over the rows of all
    /// candidates together, as 300epochs (reproducible) [default: while it gains; reproducible]
    #[arg(long, value_name = "60s|300epochs", value_parser = budget)]
    budget: Option<Budget>,
    /// Rows per step of the training [default: by the number of rows]
    #[arg(long, allow_negative_numbers = true, value_name = "ROWS", value_parser = positive)]
    batch_size: Option<usize>,
    /// Size of a step (of the optimiser Adam)
    #[arg(long, allow_negative_numbers = true, value_name = "RATE", value_parser = positive_number)]
    #[arg(default_value_t = Recipe::default().learning_rate)]
    learning_rate: f64,
    /// Fit again on all rows, those of --validation included
    #[arg(long, conflicts_with = "no_refit")]
    refit: bool,
    /// Keep the validated model; do not fit again on all rows
    #[arg(long)]
    no_refit: bool,
}

/// `60s`, `1.5m`, `2h` or `300epochs`.
fn budget(text: &str) -> Result<Budget, String> {
    let expected = || "must be a time as 60s, 5m or 1h, or passes as 300epochs".to_owned();
    let digits = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(expected)?;
    let (number, unit) = text.split_at(digits);
    if let "epochs" | "epoch" = unit {
        return positive(number).map(Budget::Epochs);
    }
    let seconds = match unit {
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(expected()),
    };
    let time = positive_number(number)? * seconds;
    Duration::try_from_secs_f64(time).map(Budget::Time).map_err(|error| error.to_string())
}

/// `--method`; the values are explained by the option, which keeps `--help` to a line each.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum MethodArg {
    Warm,
    Rbig,
    Joint,
}

impl Fit {
    pub(super) fn run(&self, console: &Console) -> Result<(), Error> {
        self.check_usage()?;
        let inputs: Vec<&Path> =
            std::iter::once(&self.table).chain(&self.validation).map(PathBuf::as_path).collect();
        let out = Destination::file(&self.out, &inputs)?;

        let mut table = self.read_table(console)?;
        let validation = self.read_validation(console, &table)?;
        self.kinds.declare(&mut table)?;
        let data = Data { table, validation };
        let table = &data.table;

        let mut fit = gauss_model::Fit::new(table.columns.clone())
            .recipe(self.recipe(console.seed))
            .created_by(concat!("gauss ", env!("CARGO_PKG_VERSION")));
        fit = self.remedies.add_noise(fit);
        if let Some(validation) = &data.validation {
            fit = fit.validation(&validation.data);
        }
        let prepared = fit.prepare(&table.data).map_err(|refusal| data.refused(refusal))?;
        let names = &table.names();
        let offers: Vec<Offer> =
            prepared.offers().iter().map(|offer| Offer::new(offer, names)).collect();
        let examined = self.remedies.examine(&table.file(), names, &prepared, &offers, console);
        let progress = Progress::interruptible(console);
        let fitted = prepared.run(&mut &progress).map_err(|refusal| data.refused(refusal))?;
        drop(progress);

        let report = Report::new(&self.out, table, offers, &examined, &fitted);
        let bytes = (fitted.model.to_bytes())
            .map_err(|fault| Error::Model { file: report.model.clone(), source: fault.into() })?;
        out.write(|writer| writer.write_all(&bytes))?;
        console.finish(&report, &report.prose(), false)?;
        Ok(())
    }

    /// What clap cannot see.
    fn check_usage(&self) -> Result<(), Error> {
        let usage = |text: String| Err(Error::Usage(text));
        self.remedies.check_usage()?;
        self.kinds.check_usage()?;
        each_once("--columns", &self.columns)?;
        if input::is_stdin(&self.out) {
            return usage("--out: a model goes to a file, not to standard output".to_owned());
        }
        if input::is_stdin(&self.table) && self.validation.as_deref().is_some_and(input::is_stdin) {
            return usage("standard input cannot be both TRAIN and --validation".to_owned());
        }
        Ok(())
    }

    fn read_table(&self, console: &Console) -> Result<Table, Error> {
        let wanted = self.remedies.select(&self.columns);
        let categories = self.kinds.categorical().to_vec();
        let options = ReadOptions { categories, ..self.reading.to_learn(console) };
        Ok(table::read(&self.table, wanted, &options)?)
    }

    fn read_validation(&self, console: &Console, table: &Table) -> Result<Option<Table>, Error> {
        let Some(path) = &self.validation else { return Ok(None) };
        let wanted = Select::Model(&table.columns);
        Ok(Some(table::read(path, wanted, &self.reading.to_learn(console))?))
    }

    /// The library's recipe, with what the command line changes.
    fn recipe(&self, seed: u64) -> Recipe {
        let Shape { blocks, components, reflections, prior } = self.shape;
        let Training { budget, batch_size, learning_rate, refit, no_refit, .. } = self.training;
        Recipe {
            method: match self.training.method {
                MethodArg::Warm => Method::Warm,
                MethodArg::Rbig => Method::Rbig,
                MethodArg::Joint => Method::Joint,
            },
            blocks,
            components,
            reflections,
            prior,
            budget: budget.unwrap_or_default(),
            batch_size,
            learning_rate,
            refit: match (refit, no_refit) {
                (true, _) => Refit::Always,
                (_, true) => Refit::Never,
                _ => Refit::Auto,
            },
            seed,
            ..Recipe::default()
        }
    }
}
