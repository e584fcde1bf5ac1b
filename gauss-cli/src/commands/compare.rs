//! `gauss compare`: which of several models is better on a table.
//!
//! Every model scores the same rows, so the differences are taken row by row: what makes a row
//! likely or unlikely under all models cancels, and the standard error of the mean difference is
//! far below that of either mean.
//!
//! A row that a model gives no density at all (ln p = -∞, outside its support) would make its mean
//! -∞ and every difference with it. Such rows are counted; the means over the other rows, those
//! with a finite ln p under every model, stand beside.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use faer::{Mat, MatRef};
use gauss_flow::{Column, Kind, Model};
use schemars::JsonSchema;
use serde::Serialize;

use super::defects::Caveats;
use super::rows;
use crate::args::{OutArgs, TableArgs};
use crate::console::{Console, counted};
use crate::error::Error;
use crate::input;
use crate::model;
use crate::table::{self, Select, Table};

/// A difference counts from so many of its standard errors on.
const TOLD_APART: f64 = 2.0;

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
    /// Write every row's ln p and differences to this file: .csv, .tsv, .npy, .parquet
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Format of that file [default: by its name]
    #[arg(long, value_enum, value_name = "csv|tsv|npy|parquet", hide_possible_values = true)]
    #[arg(requires = "out")]
    format: Option<table::Format>,
    #[command(flatten)]
    reading: TableArgs,
}

/// Why models do not compare.
#[expect(missing_docs, reason = "the fields of a variant are what its sentence says")]
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

/// What `--json` prints. Numbers that are not finite are null.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Report {
    command: &'static str,
    table: String,
    /// Rows of the table.
    rows: usize,
    /// Rows that no model is asked about because a value is missing; `--missing drop` only.
    missing_rows: usize,
    /// Rows with a finite ln p under every model; all means but `mean_log_prob` are over them.
    common_rows: usize,
    /// The model with the highest mean ln p.
    best: String,
    /// Whether the best is better than every other by more than two standard errors, or by rows
    /// that only it has a density for.
    conclusive: bool,
    /// The same in words.
    verdict: String,
    /// In the order of the command line.
    models: Vec<Scored>,
    /// Where the rows went.
    out: Option<String>,
}

/// One model, in nats per row.
#[derive(Serialize, JsonSchema)]
struct Scored {
    model: String,
    /// Over all rows but the missing; null, for -∞, with a row outside the support.
    mean_log_prob: f64,
    /// Of the mean.
    standard_error: f64,
    /// Rows outside the model's support: ln p = -∞.
    outside: usize,
    /// Rows whose ln p is beyond the range of a double.
    undefined: usize,
    /// Mean over the common rows.
    common_mean_log_prob: f64,
    /// Mean over the common rows of this model's ln p less the best's; 0 for the best.
    difference: f64,
    /// Of the difference.
    difference_standard_error: f64,
    #[serde(flatten)]
    caveats: Caveats,
}

impl Compare {
    pub(super) fn run(&self, console: &Console) -> Result<(), Error> {
        let inputs: Vec<_> =
            self.models.iter().chain([&self.table]).map(PathBuf::as_path).collect();
        let out = OutArgs { out: self.out.clone(), format: self.format };
        let out = self.out.as_ref().map(|_| out.target(&inputs)).transpose()?;
        let names: Vec<String> = self.models.iter().map(|p| p.display().to_string()).collect();
        let models =
            self.models.iter().map(|p| model::load(p)).collect::<Result<Vec<Model>, Error>>()?;
        for (k, model) in models.iter().enumerate().skip(1) {
            check((&names[k], model), (&names[0], &models[0]))?;
        }
        for (name, model) in names.iter().zip(&models) {
            if let Some(warning) = Caveats::of(model).warning() {
                console.note(&warning.replacen("warning:", &format!("warning: {name}:"), 1));
            }
        }

        let table = self.read(&models[0])?;
        let mut log_probs = vec![score(console, &models[0], &table, table.data.as_ref())?];
        for (name, model) in names.iter().zip(&models).skip(1) {
            log_probs.push(match same_values(&models[0], model) {
                Ok(order) => {
                    let x =
                        Mat::from_fn(table.rows(), order.len(), |i, j| table.data[(i, order[j])]);
                    score(console, model, &table, x.as_ref())?
                }
                Err(column) if input::is_stdin(&self.table) => {
                    let (model, other) = (name.clone(), names[0].clone());
                    return Err(CompareFault::Stream { model, other, column }.into());
                }
                Err(_) => {
                    let table = self.read(model)?;
                    score(console, model, &table, table.data.as_ref())?
                }
            });
        }

        let mut report = Report::new(&table, &names, &models, &log_probs);
        if let Some(out) = &out {
            report.out = self.out.as_ref().map(|path| path.display().to_string());
            let (columns, cells) = per_row(&log_probs);
            let cells = cells.as_ref();
            out.place.write(|writer| table::write(writer, out.encoding, &columns, cells))?;
        }
        let on_stdout = out.is_some_and(|out| out.place.is_stdout());
        console.finish(&report, &report.prose(), on_stdout)?;
        Ok(())
    }

    fn read(&self, model: &Model) -> Result<Table, Error> {
        let wanted = Select::Model(&model.columns);
        Ok(table::read(&self.table, wanted, &self.reading.to_evaluate())?)
    }
}

fn score(
    console: &Console,
    model: &Model,
    table: &Table,
    x: MatRef<'_, f64>,
) -> Result<Vec<f64>, Error> {
    let scores = rows::by_pieces(console, "scoring", x, |x| model.log_prob(x));
    Ok(scores.map_err(|source| Error::Flow { file: table.file(), source })?.concat())
}

/// The same columns, and the same of them discrete.
fn check(
    (name, model): (&str, &Model),
    (other_name, other): (&str, &Model),
) -> Result<(), CompareFault> {
    let missing = |a: &Model, b: &Model| {
        a.names().into_iter().find(|name| b.columns.iter().all(|column| column.name != *name))
    };
    for ((name, model), (other_name, other)) in
        [((name, model), (other_name, other)), ((other_name, other), (name, model))]
    {
        if let Some(column) = missing(other, model) {
            let (model, other) = (name.to_owned(), other_name.to_owned());
            return Err(CompareFault::Columns { model, other, column });
        }
    }
    for column in &model.columns {
        let theirs = other.columns.iter().find(|theirs| theirs.name == column.name);
        if let Some(theirs) = theirs.filter(|c| c.kind.is_discrete() != column.kind.is_discrete()) {
            return Err(CompareFault::Measure {
                model: name.to_owned(),
                other: other_name.to_owned(),
                column: column.name.clone(),
                kind: kind(&column.kind),
                other_kind: kind(&theirs.kind),
            });
        }
    }
    Ok(())
}

fn kind(kind: &Kind) -> &'static str {
    match kind {
        Kind::Real(_) => "real",
        Kind::Integer(_) => "integer",
        Kind::Category(_) => "a category",
    }
}

/// Where each column of `model` stands among those of `first`, if a row read for `first` means the
/// same to it; otherwise the category whose values differ.
fn same_values(first: &Model, model: &Model) -> Result<Vec<usize>, String> {
    let at = |name: &str| first.columns.iter().position(|column| column.name == name);
    let levels = |kind: &Kind| match kind {
        Kind::Category(levels) => Some(levels.clone()),
        _ => None,
    };
    model
        .columns
        .iter()
        .map(|column| {
            at(&column.name)
                .filter(|&j| levels(&first.columns[j].kind) == levels(&column.kind))
                .ok_or_else(|| column.name.clone())
        })
        .collect()
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

impl Report {
    /// `log_probs[k][i]` of the k-th model and the i-th row.
    fn new(table: &Table, names: &[String], models: &[Model], log_probs: &[Vec<f64>]) -> Report {
        let is_missing = |i: usize| table.data.row(i).iter().any(|v| v.is_nan());
        let present: Vec<usize> = (0..table.rows()).filter(|&i| !is_missing(i)).collect();
        let common: Vec<usize> = (present.iter().copied())
            .filter(|&i| log_probs.iter().all(|of_model| of_model[i].is_finite()))
            .collect();
        let over = |rows: &[usize], value: &dyn Fn(usize) -> f64| {
            mean_and_error(&rows.iter().map(|&i| value(i)).collect::<Vec<f64>>())
        };
        let mut scored: Vec<Scored> = (names.iter().zip(models).zip(log_probs))
            .map(|((name, model), log_prob)| {
                let count = |which: fn(f64) -> bool| {
                    present.iter().filter(|&&i| which(log_prob[i])).count()
                };
                let (mean_log_prob, standard_error) = over(&present, &|i| log_prob[i]);
                Scored {
                    model: name.clone(),
                    mean_log_prob,
                    standard_error,
                    outside: count(|v| v == f64::NEG_INFINITY),
                    undefined: count(|v| v.is_nan() || v == f64::INFINITY),
                    common_mean_log_prob: over(&common, &|i| log_prob[i]).0,
                    difference: 0.0,
                    difference_standard_error: 0.0,
                    caveats: Caveats::of(model),
                }
            })
            .collect();

        // A mean of -∞ loses against any other; among such the fewest rows lost, then the rest.
        let key = |k: usize| {
            let Scored { outside, undefined, common_mean_log_prob, .. } = scored[k];
            (outside + undefined, -common_mean_log_prob)
        };
        let best = (0..scored.len())
            .min_by(|&a, &b| {
                let ((lost_a, loss_a), (lost_b, loss_b)) = (key(a), key(b));
                lost_a.cmp(&lost_b).then(loss_a.total_cmp(&loss_b))
            })
            .unwrap_or(0);
        for (k, of_model) in scored.iter_mut().enumerate().filter(|(k, _)| *k != best) {
            let difference = |i: usize| log_probs[k][i] - log_probs[best][i];
            (of_model.difference, of_model.difference_standard_error) = over(&common, &difference);
        }
        let alone = |a: usize, b: usize| {
            let lost = |&&i: &&usize| !log_probs[a][i].is_finite() && log_probs[b][i].is_finite();
            present.iter().filter(lost).count()
        };
        let alone: Vec<_> = (0..models.len()).map(|k| (alone(k, best), alone(best, k))).collect();
        let (conclusive, verdict) = verdict(&scored, &alone, best, common.len(), present.len());
        Report {
            command: "compare",
            table: table.file(),
            rows: table.rows(),
            missing_rows: table.missing_rows,
            common_rows: common.len(),
            best: names[best].clone(),
            conclusive,
            verdict,
            models: scored,
            out: None,
        }
    }

    fn prose(&self) -> String {
        let width = self.models.iter().map(|m| m.model.chars().count()).max().unwrap_or(0).max(5);
        let mut text = format!("{}: {}", self.table, counted(self.rows, "row"));
        if self.missing_rows > 0 {
            let _ = write!(text, ", {} with missing values", counted(self.missing_rows, "row"));
        }
        let _ = write!(
            text,
            "; nats per row\n\n  {:width$}  {:<24}less the best",
            "model", "mean ln p(x)"
        );
        for of_model in &self.models {
            let Scored { model, mean_log_prob, standard_error, .. } = of_model;
            let mean = if mean_log_prob.is_finite() {
                format!("{mean_log_prob:.4} ± {standard_error:.4}")
            } else {
                mean_log_prob.to_string()
            };
            let difference = if *model == self.best {
                "the best".to_owned()
            } else {
                plus_minus(of_model.difference, of_model.difference_standard_error)
            };
            let _ = write!(text, "\n  {model:width$}  {mean:<24}{difference}");
        }
        let _ = write!(text, "\n\n{}", self.verdict);
        text
    }
}

/// Whether the rows tell the models apart, and what they say. `alone[k]`: rows for which only the
/// k-th model, or only the best, of the two has no density.
fn verdict(
    scored: &[Scored],
    alone: &[(usize, usize)],
    best: usize,
    common: usize,
    present: usize,
) -> (bool, String) {
    let winner = &scored[best];
    let lost = |of_model: &Scored| of_model.outside + of_model.undefined;
    let mut conclusive = true;
    let mut lines: Vec<String> = scored
        .iter()
        .filter(|of_model| lost(of_model) > 0)
        .map(|of_model| {
            let Scored { model, outside, undefined, .. } = of_model;
            let undefined = match undefined {
                0 => String::new(),
                rows => format!("; for {} its ln p is beyond a double", counted(*rows, "row")),
            };
            format!("{model} has no density for {}{undefined}", counted(*outside, "row"))
        })
        .collect();
    for (k, other) in scored.iter().enumerate().filter(|(k, _)| *k != best) {
        let (names, rows) = ((&winner.model, &other.model), counted(common, "row"));
        let Scored { difference, difference_standard_error: error, .. } = *other;
        let gap = plus_minus(0.0 - difference, error); // no -0
        let apart = difference.abs() > TOLD_APART * error;
        let infinite = alone[k].0 > 0 && alone[k].1 == 0;
        let undecided = alone[k].0 > 0 && alone[k].1 > 0;
        conclusive &= (apart || infinite) && !undecided;
        let finite = match (common, apart) {
            (0, _) => "no row has a finite ln p under both".to_owned(),
            (_, false) => {
                format!("{} and {}: no difference that {rows} can tell: {gap}", names.0, names.1)
            }
            (_, true) if difference < 0.0 => {
                format!("{} is better than {} by {gap} nats per row", names.0, names.1)
            }
            (_, true) => format!(
                "{} is better than {} by {} nats per row",
                names.1,
                names.0,
                plus_minus(difference, error)
            ),
        };
        lines.push(match (infinite, common == present) {
            (true, _) => format!(
                "{} is better than {}: the difference is infinite; on the {rows} with a density \
                 under all: {finite}",
                names.0, names.1
            ),
            (false, _) if undecided => format!(
                "{} and {} each have no density for rows that the other has; on the {rows} with a \
                 density under all: {finite}",
                names.0, names.1
            ),
            (false, false) => format!("on the {rows} with a density under all: {finite}"),
            (false, true) => finite,
        });
    }
    (conclusive, lines.join("\n"))
}

fn plus_minus(value: f64, error: f64) -> String {
    format!("{value:.4} ± {error:.4}")
}

/// The mean and its standard error; NaN for none, and for the error of one.
fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    const INF: f64 = f64::INFINITY;

    fn scored(outside: usize, difference: f64, error: f64) -> Scored {
        Scored {
            model: format!("m{outside}"),
            mean_log_prob: 0.0,
            standard_error: 0.0,
            outside,
            undefined: 0,
            common_mean_log_prob: 0.0,
            difference,
            difference_standard_error: error,
            caveats: Caveats::default(),
        }
    }

    /// The verdict on a best model and another, of 50 rows.
    fn of_two(
        lost: [usize; 2],
        alone: (usize, usize),
        difference: f64,
        error: f64,
    ) -> (bool, String) {
        let models = [scored(lost[0], 0.0, 0.0), scored(lost[1], difference, error)];
        verdict(&models, &[(0, 0), alone], 0, 50 - alone.0 - alone.1, 50)
    }

    #[test]
    fn two_standard_errors_tell_models_apart() {
        for (difference, error, apart) in
            [(-0.12, 0.03, true), (-0.05, 0.03, false), (0.0, 0.0, false)]
        {
            let (conclusive, line) = of_two([0, 0], (0, 0), difference, error);
            assert_eq!(conclusive, apart, "{line}");
            assert_eq!(line.contains("is better than"), apart, "{line}");
        }
    }

    #[test]
    fn a_row_without_density_decides_and_the_others_are_told() {
        let (conclusive, lines) = of_two([0, 3], (3, 0), 0.2, 0.01);
        assert!(conclusive);
        let expected = "m3 has no density for 3 rows\n\
            m0 is better than m3: the difference is infinite; on the 47 rows with a density under \
            all: m3 is better than m0 by 0.2000 ± 0.0100 nats per row";
        assert_eq!(lines, expected);
        let (conclusive, lines) = of_two([0, 50], (50, 0), f64::NAN, f64::NAN);
        assert!(conclusive && lines.ends_with("no row has a finite ln p under both"), "{lines}");
        // Each loses rows of its own: no mean difference exists.
        let (conclusive, lines) = of_two([1, 2], (2, 1), -0.2, 0.01);
        assert!(!conclusive && lines.contains("each have no density"), "{lines}");
    }

    #[test]
    fn the_error_is_that_of_the_paired_differences() {
        let (mean, error) = mean_and_error(&[1.0, 2.0, 3.0]);
        assert_eq!(mean, 2.0);
        assert!((error - (1.0_f64 / 3.0).sqrt()).abs() < 1e-15);
        let (columns, cells) = per_row(&[vec![1.0, -INF], vec![3.0, 0.5], vec![0.0, -INF]]);
        let names: Vec<String> = columns.into_iter().map(|c| c.name).collect();
        assert_eq!(names.join(" "), "log_prob_1 log_prob_2 log_prob_3 difference_2 difference_3");
        assert_eq!((cells[(0, 3)], cells[(0, 4)], cells[(1, 3)]), (2.0, -1.0, INF));
        assert!(cells[(1, 4)].is_nan());
    }
}
