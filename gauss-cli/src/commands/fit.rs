//! `gauss fit`: a table in, a model out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use faer::Mat;
use gauss_flow::{Metadata, Model, columns};
use gauss_rbig::recipe::{self, Budget, Fitted, Method, Recipe, Refit};
use schemars::JsonSchema;
use serde::Serialize;

use super::defects::{Examined, Remedies};
use super::evaluate;
use super::progress::Progress;
use super::units::Units;
use super::{generator, search};
use crate::args::{TableArgs, not_negative, positive, positive_number};
use crate::console::{Console, aligned, counted, grouped};
use crate::error::Error;
use crate::input;
use crate::kinds::{self, BaseMeasure, ColumnReport, Kinds, KindsError};
use crate::output::Destination;
use crate::table::{self, ReadOptions, Select, Table};

const EXAMPLES: &str = "\
Nothing needs to be set. Several sizes of model are begun by a greedy fit (PCA rotations and \
one-dimensional mixtures, block by block) and trained jointly on the exact likelihood; rows that \
they do not learn from decide which of them goes on, and when to stop. `gauss inspect` tells what \
was tried. Columns are standardised inside the model: densities are in the table's units.

Ctrl-C ends the training and writes the best model so far (exit code 0, \"interrupted\": true in \
the JSON); a second one stops at once.

Examples:
  gauss fit train.csv --out model.gauss
  gauss fit train.csv --out model.gauss --validation valid.csv
  gauss fit train.csv --out model.gauss --columns height,weight
  gauss fit sales.csv --out m.gauss --support 'price>0' 'share in [0,1]'
  gauss fit sales.csv --out m.gauss --integer visits --categorical country
  gauss fit train.csv --out best.gauss --budget 10m
  gauss fit train.csv --out quick.gauss --method rbig --blocks 4";

/// Offers printed one by one; all are in the JSON.
const OFFERS_SHOWN: usize = 4;

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
    /// Rows that decide what to keep and when to stop [default: some of the table's, set aside]
    #[arg(long, value_name = "CSV")]
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
    /// Normal components in the mixture of each dimension
    #[arg(long, allow_negative_numbers = true, value_name = "K", value_parser = positive)]
    components: Option<usize>,
    /// Trainable reflections in each rotation [default: one per column, at most 16]
    #[arg(long, allow_negative_numbers = true, value_name = "R")]
    reflections: Option<usize>,
    /// Weight of the prior against overfitting; 0 is none
    #[arg(long, allow_negative_numbers = true, value_name = "WEIGHT", value_parser = not_negative)]
    prior: Option<f64>,
}

/// How it learns.
#[derive(Debug, Args)]
#[command(next_help_heading = "The training")]
struct Training {
    /// Greedy starts then joint, greedy alone, or joint from quantiles and random rotations
    #[arg(long, value_enum, value_name = "warm|rbig|joint", hide_possible_values = true)]
    #[arg(default_value_t = MethodArg::Warm)]
    method: MethodArg,
    /// Time for the search and the training, as 60s or 5m, or passes over the rows of all
    /// candidates together, as 300epochs (reproducible) [default: while it gains; reproducible]
    #[arg(long, value_name = "60s|300epochs", value_parser = budget)]
    budget: Option<Budget>,
    /// Rows per step [default: by the number of rows]
    #[arg(long, allow_negative_numbers = true, value_name = "ROWS", value_parser = positive)]
    batch_size: Option<usize>,
    /// Step size of Adam
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

#[derive(Serialize, JsonSchema)]
pub(crate) struct Report<'a> {
    command: &'static str,
    table: String,
    model: String,
    rows: usize,
    /// Rows left out because a value is missing; `--missing drop` only.
    missing_rows: usize,
    /// Missing cells that were filled, by column; `--missing median` only.
    filled: BTreeMap<String, usize>,
    /// Rows that decided when to stop: from --validation, or set aside.
    validation_rows: usize,
    /// Whether the flow was then fitted again on all rows.
    refitted: bool,
    /// Whether Ctrl-C ended the fit: the model is the best until then.
    interrupted: bool,
    columns: Vec<String>,
    /// What each of them is.
    kinds: Vec<ColumnReport>,
    /// With respect to what the densities are meant.
    base_measure: BaseMeasure,
    /// Options for columns that look like more than real numbers.
    offers: Vec<String>,
    #[serde(flatten)]
    examined: &'a Examined,
    layers: usize,
    parameters: usize,
    trainable_parameters: usize,
    epochs: usize,
    best_epoch: Option<usize>,
    /// At the best epoch, in nats; of the validated fit.
    train_nll: Option<f64>,
    /// The same of the validation rows.
    validation_nll: Option<f64>,
    /// What the search chose, and everything it tried.
    search: search::Search,
    seed: u64,
    seconds: f64,
}

impl Fit {
    pub(super) fn run(&self, console: &Console) -> Result<(), Error> {
        self.check_usage()?;
        let inputs: Vec<&Path> =
            std::iter::once(&self.table).chain(&self.validation).map(PathBuf::as_path).collect();
        let out = Destination::file(&self.out, &inputs)?;
        let mut table = self.read_table(console)?;
        let mut validation = self.read_validation(console, &table)?;
        self.kinds.declare(&mut table)?;
        kinds::check(&table)?;
        if let Some(validation) = &mut validation {
            validation.columns.clone_from(&table.columns);
            kinds::check(validation)?;
        }
        let offers = kinds::offers(&table);
        for offer in offers.iter().take(OFFERS_SHOWN) {
            console.note(&format!("hint: {}: {offer}", table.file()));
        }
        dequantize(&mut table, console.seed);
        if let Some(validation) = &mut validation {
            dequantize(validation, !console.seed); // noise of their own
        }
        let examined = self.remedies.apply(&mut table, validation.as_mut(), console)?;
        let units = encode(&mut table, validation.as_mut())?;

        let recipe = self.recipe(console.seed);
        let started = Instant::now();
        let progress = Progress::interruptible(console);
        let result = recipe::fit_recipe(
            table.data.as_ref(),
            validation.as_ref().map(|table| table.data.as_ref()),
            &recipe,
            &mut |step| progress.show(step),
        );
        drop(progress);
        let mut fitted = result.map_err(|source| Error::Fit { file: table.file(), source })?;
        units.apply(&mut fitted);

        let seconds = started.elapsed().as_secs_f64();
        let mut report = Report::new(&self.out, &table, &examined, &fitted, console.seed, seconds);
        report.offers = offers;
        let mut model = model(&table, &fitted, &recipe);
        model.metadata.notes.extend(examined.notes());
        let bytes = model
            .to_bytes()
            .map_err(|fault| Error::Model { file: report.model.clone(), source: fault.into() })?;
        out.write(|writer| writer.write_all(&bytes))?;
        console.finish(&report, &report.prose(), false)?;
        Ok(())
    }

    /// What clap cannot see.
    fn check_usage(&self) -> Result<(), Error> {
        let usage = |text: String| Err(Error::Usage(text));
        self.remedies.check_usage()?;
        if let Some(twice) =
            (1..self.columns.len()).find(|&k| self.columns[..k].contains(&self.columns[k]))
        {
            return usage(format!("--columns names {:?} twice", self.columns[twice]));
        }
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
        let table = table::read(&self.table, wanted, &options)?;
        if table.rows() > 1 {
            table.require_spread()?; // of one row every column is constant
        }
        table.require_rows(recipe::min_rows(table.columns.len()))?;
        Ok(table)
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

/// Noise within the cell of every discrete value, in place.
fn dequantize(table: &mut Table, seed: u64) {
    if table.columns.iter().any(|column| column.kind.is_discrete()) {
        table.data = columns::dequantize(&table.columns, table.data.as_ref(), &mut generator(seed));
    }
}

/// Maps every column to the line, in place, and tells the units.
fn encode(table: &mut Table, validation: Option<&mut Table>) -> Result<Units, Error> {
    let one = |table: &mut Table| -> Result<Vec<f64>, Error> {
        let (y, log_det) =
            columns::encode(&table.columns, std::mem::replace(&mut table.data, Mat::new()));
        table.data = y;
        // The noise of --noise can carry a value over a bound.
        match log_det.iter().position(|v| !v.is_finite()) {
            None => Ok(log_det),
            Some(row) => {
                Err(KindsError::NoiseOutside { file: table.file(), row: table.row_number(row) }
                    .into())
            }
        }
    };
    let own = one(table)?;
    let validation = validation.map(one).transpose()?;
    Ok(Units { table: own, validation })
}

/// What the model file remembers beside the flow.
fn model(table: &Table, fitted: &Fitted, recipe: &Recipe) -> Model {
    Model {
        flow: fitted.flow.clone(),
        columns: table.columns.clone(),
        metadata: Metadata {
            rows: table.rows() as u64,
            seed: recipe.seed,
            recipe: recipe.to_string(),
            created_by: concat!("gauss ", env!("CARGO_PKG_VERSION")).to_owned(),
            history: fitted.history.clone(),
            notes: search::notes(fitted),
        },
    }
}

impl<'a> Report<'a> {
    fn new(
        out: &Path,
        table: &'a Table,
        examined: &'a Examined,
        fitted: &Fitted,
        seed: u64,
        seconds: f64,
    ) -> Report<'a> {
        let history = fitted.history.as_ref();
        let best = history
            .and_then(|history| history.epochs.iter().find(|r| r.epoch == history.best_epoch));
        Report {
            command: "fit",
            table: table.file(),
            model: out.display().to_string(),
            rows: table.rows(),
            missing_rows: table.missing_rows,
            filled: table.filled_by_name(),
            validation_rows: fitted.validation_rows,
            refitted: fitted.refitted,
            interrupted: fitted.cancelled,
            columns: table.names(),
            kinds: ColumnReport::of(&table.columns),
            base_measure: BaseMeasure::of(&table.columns),
            offers: Vec::new(),
            examined,
            layers: fitted.flow.layers().len(),
            parameters: fitted.flow.n_params(),
            trainable_parameters: fitted.flow.n_trainable(),
            epochs: history.map_or(0, |history| history.epochs.len().saturating_sub(1)),
            best_epoch: best.map(|record| record.epoch),
            train_nll: best.map(|record| record.train_nll),
            validation_nll: fitted.validation_log_prob.map(|log_p| -log_p),
            search: search::Search::of(fitted),
            seed,
            seconds,
        }
    }

    fn prose(&self) -> String {
        let mut facts = vec![
            ("rows", grouped(self.rows)),
            ("columns", format!("{}: {}", self.columns.len(), self.columns.join(", "))),
        ];
        facts.extend(self.kinds.iter().filter_map(ColumnReport::prose).map(|kind| ("", kind)));
        facts.extend([(
            "flow",
            format!(
                "{}, {}",
                counted(self.layers, "layer"),
                counted(self.trainable_parameters, "trainable parameter"),
            ),
        )]);
        if self.missing_rows > 0 {
            facts.push((
                "left out",
                format!("{} with missing values", counted(self.missing_rows, "row")),
            ));
        }
        if !self.filled.is_empty() {
            let filled = evaluate::filled(&self.filled);
            facts.push(("filled", format!("missing cells with the median: {filled}")));
        }
        facts.extend(self.search.chosen.iter().map(|chosen| ("search", chosen.clone())));
        if let Some(loss) = self.train_nll {
            facts.push(("mean ln p(x)", format!("{:.4} nats on the rows it learnt from", -loss)));
        }
        if let Some(loss) = self.validation_nll {
            let rows = counted(self.validation_rows, "validation row");
            facts.push(("", format!("{:.4} nats on {rows}", -loss)));
            facts.extend(self.search.baselines.iter().map(|b| ("", b.prose(-loss))));
        }
        if !self.base_measure.count.is_empty() {
            let text = "integers and categories with noise: lower bounds of ln p(x)".to_owned();
            facts.push(("", text));
        }
        if let Some(name) = &self.search.fallback {
            let text = format!("nothing trained did better than {name}: that is the model");
            facts.push(("note", text));
        }
        if self.refitted {
            facts.push(("", "then fitted again on all rows".to_owned()));
        }
        if self.interrupted {
            facts.push(("note", "interrupted: this is the best model until then".to_owned()));
        }
        facts.push(("time", format!("{:.1} s", self.seconds)));
        format!("{}: fitted to {}\n{}", self.model, self.table, aligned(&facts))
    }
}
