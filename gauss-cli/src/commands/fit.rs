//! `gauss fit`: a table in, a model out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use gauss_model::Fitted;
use gauss_model::provenance::Training;
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::Error;
use crate::options::{TableArgs, WeightArgs, each_once};
use crate::shared::cautions::{self, Told};
use crate::shared::data::Data;
use crate::shared::defects::{Examined, Remedies};
use crate::shared::evaluate;
use crate::shared::kinds::{BaseMeasure, ColumnStatement, Kinds, Offer};
use crate::shared::recipe::RecipeArgs;
use crate::shared::trials::Trials;
use crate::shared::weights;
use crate::table::{self, Destination, ReadOptions, Select, Table};
use crate::terminal::{Console, FitProgress, Remark};
use crate::words::{aligned, counted, decimals, grouped, line, weighted};

const EXAMPLES: &str = "\
Nothing needs to be set. Several sizes of model are begun by a greedy fit (rotations to the \
principal axes and a mixture of normals per coordinate, block by block) and then trained as a whole \
on the exact likelihood; rows that they do not learn from decide which of them goes on, and when to \
stop. `gauss inspect` tells what was tried. Columns are standardised inside the model: densities \
are in the table's units.

Columns of text, and rows with missing cells, are refused until you say what to do: --categorical \
or --exclude, --missing drop or median. What the cells suggest (--integer, --support, --noise) is \
offered on standard error, and done only when asked for. What a fit may get wrong (a value far from \
all others, groups too far apart, a handful of rows) is warned of, with row and column.

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
    recipe: RecipeArgs,
    #[command(flatten)]
    weights: WeightArgs,
    #[command(flatten)]
    reading: TableArgs,
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
        data.check_memory()?;
        let table = &data.table;

        let mut fit = gauss_model::Fit::new(table.columns.clone())
            .recipe(self.recipe.recipe(console.seed))
            .created_by(concat!("gauss ", env!("CARGO_PKG_VERSION")));
        fit = self.remedies.add_noise(fit);
        if let Some(name) = self.weights.column() {
            fit = fit.weight_column(name);
        }
        let refused = |refusal| data.refused(refusal);
        if let Some(validation) = &data.validation {
            fit = fit.validation(validation.weighted().map_err(|e| refused(e.into()))?);
        }
        let rows = table.weighted().map_err(|e| refused(e.into()))?;
        let prepared = fit.prepare(rows).map_err(refused)?;
        let names = &table.names();
        let offers: Vec<Offer> =
            prepared.offers().iter().filter_map(|offer| Offer::new(offer, names)).collect();
        let examined = self.remedies.examine(table, &prepared, &offers, console);
        let cautions = cautions::warn(&data, &prepared, console);
        if let Some(text) = weights::hint(table) {
            console.remark(&Remark::hint(format!("{}: {text}", table.file())));
        }
        let progress = FitProgress::interruptible(console);
        let fitted = prepared.run(&mut &progress).map_err(|refusal| data.refused(refusal))?;
        drop(progress);

        let summary = Summary::new(&self.out, table, (offers, cautions), &examined, &fitted);
        let bytes =
            (fitted.model.to_bytes()).map_err(|fault| Error::of_file(&summary.model, fault))?;
        out.write(|writer| writer.write_all(&bytes))?;
        console.finish(&summary, &summary.prose(), false)?;
        Ok(())
    }

    /// What clap cannot see.
    fn check_usage(&self) -> Result<(), Error> {
        let usage = |text: String| Err(Error::Usage(text));
        self.recipe.check_usage()?;
        self.remedies.check_usage()?;
        self.kinds.check_usage()?;
        each_once("--columns", &self.columns)?;
        if table::is_stdin(&self.out) {
            return usage("--out: a model goes to a file, not to standard output".to_owned());
        }
        if table::is_stdin(&self.table) && self.validation.as_deref().is_some_and(table::is_stdin) {
            return usage("standard input cannot be both TRAIN and --validation".to_owned());
        }
        Ok(())
    }

    fn read_table(&self, console: &Console) -> Result<Table, Error> {
        let wanted = self.remedies.select(&self.columns);
        let categories = self.kinds.categorical().to_vec();
        let options = ReadOptions { categories, ..self.read_options(console) };
        Ok(table::read(&self.table, wanted, &options)?)
    }

    fn read_validation(&self, console: &Console, table: &Table) -> Result<Option<Table>, Error> {
        let Some(path) = &self.validation else { return Ok(None) };
        let wanted = Select::Model(&table.columns);
        Ok(Some(table::read(path, wanted, &self.read_options(console))?))
    }

    fn read_options(&self, console: &Console) -> ReadOptions {
        self.weights.apart(self.reading.to_learn(console))
    }
}

/// What `--json` prints. Numbers that are not finite are null.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Summary<'a> {
    command: &'static str,
    /// The table, as it was named on the command line.
    table: String,
    /// The file that now holds the model.
    model: String,
    /// Rows of the table that were used, those set aside included.
    rows: usize,
    /// The effective number of rows, (Σw)²/Σw²; absent without --weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    effective_rows: Option<f64>,
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
    /// The columns' names, in the model's order.
    columns: Vec<String>,
    /// What each of them is.
    kinds: Vec<ColumnStatement>,
    /// Per what a density is one: the units of every nat below.
    base_measure: BaseMeasure,
    #[serde(skip)]
    is_dequantized: bool,
    /// Options for columns that look like more than real numbers; none was applied.
    offers: Vec<Offer>,
    /// What to beware of in the tables: a fit may get them wrong.
    cautions: Vec<Told>,
    #[serde(flatten)]
    examined: &'a Examined,
    /// Layers of the flow.
    layers: usize,
    /// Numbers in it.
    parameters: usize,
    /// Those of them that training moves.
    trainable_parameters: usize,
    /// Passes over the rows in the training of the validated fit; 0 where none was trained.
    epochs: usize,
    /// The pass after which the model was kept.
    best_epoch: Option<usize>,
    /// The mean of -ln p(x) over the rows it learnt from, at the best epoch, in nats per row. Of
    /// counts of a wide range, which carry noise in a fit, an upper bound.
    train_nll: Option<f64>,
    /// The same over the validation rows, at the end of the validated fit.
    validation_nll: Option<f64>,
    /// What the search chose, and everything it tried.
    search: Trials,
    /// The --seed.
    seed: u64,
    /// Wall-clock time of the fit, reading and writing left out.
    seconds: f64,
}

impl<'a> Summary<'a> {
    fn new(
        out: &Path,
        table: &Table,
        (offers, cautions): (Vec<Offer>, Vec<Told>),
        examined: &'a Examined,
        fitted: &Fitted,
    ) -> Summary<'a> {
        let (search, provenance) = (&fitted.search, fitted.model.provenance());
        let flow = fitted.model.flow();
        let training = provenance.training.as_ref();
        let best = training.and_then(Training::best);
        Summary {
            command: "fit",
            table: table.file(),
            model: out.display().to_string(),
            rows: table.rows(),
            effective_rows: table.effective_rows(),
            missing_rows: table.missing_rows,
            filled: table.filled_by_name(),
            validation_rows: search.validation_rows,
            refitted: search.refitted,
            interrupted: search.cancelled,
            columns: table.names(),
            kinds: ColumnStatement::of(&table.columns),
            base_measure: BaseMeasure::of(&table.columns),
            is_dequantized: fitted.model.is_dequantized(),
            offers,
            cautions,
            examined,
            layers: flow.layers().len(),
            parameters: flow.n_params(),
            trainable_parameters: flow.n_trainable(),
            epochs: training.map_or(0, |training| training.epochs.len().saturating_sub(1)),
            best_epoch: best.map(|record| record.epoch),
            train_nll: best.map(|record| record.train_nll),
            validation_nll: search.validation_log_prob.map(|log_p| -log_p),
            search: Trials::of(fitted),
            seed: provenance.seed,
            seconds: fitted.timings.fit,
        }
    }

    /// For a person.
    fn prose(&self) -> String {
        let mut facts = vec![
            ("rows", format!("{}{}", grouped(self.rows), weighted(self.effective_rows))),
            ("columns", format!("{}: {}", self.columns.len(), self.columns.join(", "))),
        ];
        facts.extend(self.kinds.iter().filter_map(ColumnStatement::prose).map(|kind| ("", kind)));
        facts.extend(self.search.meaning.iter().map(|kind| ("kind", kind.clone())));
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
            facts.push((
                "filled",
                format!("missing cells with the median or commonest name: {filled}"),
            ));
        }
        facts.extend(self.search.chosen.iter().map(|chosen| ("search", chosen.clone())));
        if let Some(loss) = self.train_nll {
            facts.push((
                "mean ln p(x)",
                format!("{} nats on the rows it learnt from", decimals(-loss, 4)),
            ));
        }
        if let Some(loss) = self.validation_nll {
            let rows = counted(self.validation_rows, "validation row");
            facts.push(("", format!("{} nats on {rows}", decimals(-loss, 4))));
            facts.extend(self.search.baselines.iter().map(|b| ("", b.prose(-loss))));
        }
        if self.is_dequantized {
            let text = "lower bounds: counts of a wide range carry noise in a fit".to_owned();
            facts.push(("", text));
        }
        for noise in self.examined.noise() {
            facts.push(("noise", noise));
        }
        if let Some(name) = &self.search.fallback {
            let text = if self.validation_rows > 0 {
                format!("nothing trained did better than {name}: that is the model")
            } else {
                format!("too few rows to judge more than a simple model by: it is {name}")
            };
            facts.push(("note", text));
        }
        if self.refitted {
            facts.push(("", "then fitted again on all rows".to_owned()));
        }
        if self.interrupted {
            facts.push(("note", "interrupted: this is the best model until then".to_owned()));
        }
        facts.push(("time", format!("{:.1} s", self.seconds)));
        format!("{}: fitted to {}\n{}", line(&self.model), line(&self.table), aligned(&facts))
    }
}
