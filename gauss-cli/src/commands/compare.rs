//! `gauss compare`: which of several models is better on a table.
//!
//! Here the models are checked, and each scores the same rows; `shared/comparison.rs` compares.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use faer::{Mat, MatRef};
use gauss_model::compare::{self, CompareError};
use gauss_model::{Column, Kind, Model};

use schemars::JsonSchema;
use serde::Serialize;

use crate::error::{Error, Failure};
use crate::options::{OutArgs, TableArgs, WeightArgs};
use crate::shared::comparison::Comparison;
use crate::shared::defects::Caveats;
use crate::shared::evaluate::stdin_once;
use crate::shared::{model, pieces};
use crate::table::{self, Select, Table};
use crate::terminal::{Console, Remark};
use crate::words::{counted, line, weighted};

const EXAMPLES: &str = "\
Examples:
  gauss compare small.gauss large.gauss test.csv
  gauss compare a.gauss b.gauss c.gauss test.csv --json
  gauss compare a.gauss b.gauss test.csv --out differences.csv

Use rows that no model has learnt from. The last file is the table, all before it are models; they \
must have the same columns, in any order, and agree on which of them are discrete: a probability \
does not compare with a density. Differences are taken row by row; one of more than two standard \
errors is called one.

--out writes a row per row: log_prob_1, log_prob_2, ... in the order of the models, then \
difference_2, ...: each less log_prob_1.";

/// Say which of several models is better on a table
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Compare {
    /// Two models or more, as `gauss fit` wrote them
    #[arg(value_name = "MODEL", required = true, num_args = 2..)]
    models: Vec<PathBuf>,
    /// The table to compare them on; `-` is standard input
    #[arg(value_name = "TABLE", required = true)]
    table: PathBuf,
    #[arg(long, short, value_name = "FILE")]
    #[arg(help = format!("Write every row's ln p and differences to this file: {}", *table::EXTENSIONS))]
    out: Option<PathBuf>,
    /// Format of that file [default: by its name]
    #[arg(long, value_enum, value_name = table::NAMES.as_str(), hide_possible_values = true)]
    #[arg(requires = "out")]
    format: Option<table::Format>,
    #[command(flatten)]
    weights: WeightArgs,
    #[command(flatten)]
    reading: TableArgs,
}

/// Why models do not compare.
#[derive(Debug, thiserror::Error)]
pub enum CompareFault {
    /// A column of one is missing in the other.
    #[error(
        "{model}: has no column {column:?}, which {other} has; only models of the same columns \
         compare"
    )]
    Columns { model: String, other: String, column: String },
    /// Densities against probabilities.
    #[error(
        "{model}: column {column:?} is {kind}, but {other} has it {other_kind}: a probability does \
         not compare with a density; fit both in the same way"
    )]
    Measure {
        model: String,
        other: String,
        column: String,
        kind: &'static str,
        other_kind: &'static str,
    },
    /// Categories that need a second look at a stream.
    #[error(
        "standard input can be read only once, but {model} and {other} know different values of \
         the category {column:?}; give the table as a file"
    )]
    Stream { model: String, other: String, column: String },
}

impl Failure for CompareFault {}

impl CompareFault {
    /// A refusal of models with these names.
    fn of(refusal: CompareError, names: &[String]) -> Error {
        let name = |k: usize| names[k].clone();
        match refusal {
            CompareError::Column { with, without, column } => {
                let (model, other) = (name(without), name(with));
                CompareFault::Columns { model, other, column }.into()
            }
            CompareError::Measure { model, column, kind: own, first } => CompareFault::Measure {
                model: name(model),
                other: name(0),
                column,
                kind: kind(&own),
                other_kind: kind(&first),
            }
            .into(),
            other => anyhow::Error::from(other).into(),
        }
    }
}

/// What `--json` prints. Numbers that are not finite are null.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Summary {
    command: &'static str,
    /// The table.
    table: String,
    /// Rows of the table.
    rows: usize,
    /// The effective number of rows, (Σw)²/Σw²; absent without --weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    effective_rows: Option<f64>,
    /// Rows that no model is asked about because a value is missing; `--missing drop` only.
    missing_rows: usize,
    #[serde(flatten)]
    comparison: Comparison,
    /// Where the rows went.
    out: Option<String>,
}

impl Compare {
    pub(super) fn run(&self, console: &Console) -> Result<(), Error> {
        let inputs: Vec<_> =
            self.models.iter().chain([&self.table]).map(PathBuf::as_path).collect();
        stdin_once(self.models.iter().chain([&self.table]))?;
        let out = OutArgs { out: self.out.clone(), format: self.format };
        let out = self.out.as_ref().map(|_| out.target(&inputs)).transpose()?;
        let names: Vec<String> = self.models.iter().map(|p| p.display().to_string()).collect();
        let models =
            self.models.iter().map(|p| model::load(p)).collect::<Result<Vec<Model>, Error>>()?;
        compare::check(&models.iter().collect::<Vec<&Model>>())
            .map_err(|refusal| CompareFault::of(refusal, &names))?;
        for (name, model) in names.iter().zip(&models) {
            if let Some(text) = Caveats::of(model).warning() {
                console.remark(&Remark::warning(format!("{name}: {text}")));
            }
        }

        let table = self.read(console, &models[0])?;
        let mut log_probs = vec![score(console, &models[0], &table, table.data.as_ref())?];
        for (name, model) in names.iter().zip(&models).skip(1) {
            log_probs.push(match compare::order(&models[0], model) {
                Ok(order) => {
                    let x =
                        Mat::from_fn(table.rows(), order.len(), |i, j| table.data[(i, order[j])]);
                    score(console, model, &table, x.as_ref())?
                }
                Err(column) if table::is_stdin(&self.table) => {
                    let (model, other) = (name.clone(), names[0].clone());
                    return Err(CompareFault::Stream { model, other, column }.into());
                }
                Err(_) => {
                    let table = self.read(console, model)?;
                    score(console, model, &table, table.data.as_ref())?
                }
            });
        }

        let rows = table.weighted().map_err(|fault| Error::of_file(table.file(), fault))?;
        let found = compare::Comparison::of(rows, &log_probs);
        let summary = Summary {
            command: "compare",
            table: table.file(),
            rows: table.rows(),
            effective_rows: table.effective_rows(),
            missing_rows: table.missing_rows,
            comparison: Comparison::new(&found, &names, &models),
            out: self.out.as_ref().map(|path| path.display().to_string()),
        };
        if let Some(out) = &out {
            let (columns, cells) = per_row(&log_probs);
            let cells = cells.as_ref();
            out.place.write(|writer| table::write(writer, out.encoding, &columns, cells))?;
        }
        let on_stdout = out.is_some_and(|out| out.place.is_stdout());
        console.finish(&summary, &summary.prose(), on_stdout)?;
        Ok(())
    }

    fn read(&self, console: &Console, model: &Model) -> Result<Table, Error> {
        let wanted = Select::Model(model.columns());
        let options = self.weights.apart(self.reading.to_evaluate(console));
        Ok(table::read(&self.table, wanted, &options)?)
    }
}

impl Summary {
    fn prose(&self) -> String {
        let rows = counted(self.rows, "row");
        let mut text = format!("{}: {rows}{}", line(&self.table), weighted(self.effective_rows));
        if self.missing_rows > 0 {
            let _ = write!(text, ", {} with missing values", counted(self.missing_rows, "row"));
        }
        format!("{text}; nats per row\n\n{}", self.comparison.prose())
    }
}

fn score(
    console: &Console,
    model: &Model,
    table: &Table,
    x: MatRef<'_, f64>,
) -> Result<Vec<f64>, Error> {
    let scores = pieces::by_pieces(console, "scoring", x, |x| model.log_prob(x));
    Ok(scores.map_err(|source| Error::of_file(table.file(), source))?.concat())
}

fn kind(kind: &Kind) -> &'static str {
    match kind {
        Kind::Real(_) => "real",
        Kind::Integer(_) => "integer",
        Kind::Category(_) => "a category",
    }
}

/// The table of `--out`.
fn per_row(log_probs: &[Vec<f64>]) -> (Vec<Column>, Mat<f64>) {
    let models = log_probs.len();
    let columns = (1..=models)
        .map(|k| format!("log_prob_{k}"))
        .chain((2..=models).map(|k| format!("difference_{k}")))
        .map(Column::real)
        .collect();
    let cells =
        Mat::from_fn(log_probs[0].len(), 2 * models - 1, |i, j| match j.checked_sub(models) {
            None => log_probs[j][i],
            Some(k) => log_probs[k + 1][i] - log_probs[0][i],
        });
    (columns, cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_to_the_first_model() {
        const INF: f64 = f64::INFINITY;
        let (columns, cells) = per_row(&[vec![1.0, -INF], vec![3.0, 0.5], vec![0.0, -INF]]);
        let names: Vec<String> = columns.into_iter().map(|c| c.name).collect();
        assert_eq!(names.join(" "), "log_prob_1 log_prob_2 log_prob_3 difference_2 difference_3");
        assert_eq!((cells[(0, 3)], cells[(0, 4)], cells[(1, 3)]), (2.0, -1.0, INF));
        assert!(cells[(1, 4)].is_nan());
    }
}
