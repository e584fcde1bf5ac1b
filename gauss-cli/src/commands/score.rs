//! `gauss score`: ln p(x) of every row, and how well the model does on the whole.

use clap::Args;
use faer::ColRef;
use gauss_model::diagnostics::mean::Mean;
use gauss_model::{Column, Kind, Model};
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::Error;
use crate::options::WeightArgs;
use crate::shared::defects::Caveats;
use crate::shared::evaluate::{Evaluation, Facts, data_columns};
use crate::shared::kinds::BaseMeasure;
use crate::shared::pieces;
use crate::table;
use crate::terminal::{Console, Remark};
use crate::words::{counted, decimals, line};

const EXAMPLES: &str = "\
Examples:
  gauss score model.gauss test.csv --out scores.csv   one ln p(x) per row
  gauss score model.gauss test.csv | sort -g | head   the least likely values
  gauss score model.gauss big.parquet --out s.npy     other formats, in and out
  gauss score model.gauss test.csv --json             mean, standard error, ...

p(x) is a density per unit of the real columns, in the table's own units, and the probability of \
the very value in integer and categorical columns; ln is natural, so ln p(x) is in nats. A value \
outside its column's support scores -inf. With --missing drop a row with a missing value keeps its \
place and scores NaN.

Columns are matched to the model's by name: their order does not matter, others are ignored. With \
--json and no --out only the object is printed.";

/// Log-densities of a table's rows under a model
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Score {
    #[command(flatten)]
    evaluation: Evaluation,
    #[command(flatten)]
    weights: WeightArgs,
}

/// What `--json` prints. Numbers that are not finite are null.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Summary {
    command: &'static str,
    #[serde(flatten)]
    facts: Facts,
    #[serde(flatten)]
    caveats: Caveats,
    /// Per what p(x) is a density.
    base_measure: BaseMeasure,
    #[serde(flatten)]
    statistics: Statistics,
    /// Whether a value of some column can be outside its support.
    #[serde(skip)]
    has_support: bool,
}

/// Statistics of the log-densities over the rows that have one, in nats.
#[derive(Serialize, JsonSchema)]
struct Statistics {
    /// The mean of ln p(x), in nats per row; null where a row is outside the support.
    mean_log_prob: f64,
    /// Of the mean, in nats: the standard deviation over √n.
    standard_error: f64,
    /// ln p(x) of the least likely row, in nats.
    min_log_prob: f64,
    /// ln p(x) of the likeliest row, in nats.
    max_log_prob: f64,
    /// Rows with all values present whose log-density is not finite: a value is outside its
    /// column's support, or beyond the range of a double.
    non_finite: usize,
    /// The mean over the others, in nats per row.
    finite_mean_log_prob: f64,
    /// Of that mean, in nats.
    finite_standard_error: f64,
}

impl Score {
    pub(super) fn run(&self, console: &Console) -> Result<(), Error> {
        let result = |_: &Model| vec![Column::real("log_prob")];
        let loaded = self.evaluation.load(console, data_columns, result, &self.weights)?;
        let x = loaded.table.data.as_ref();
        let log_prob = pieces::by_pieces(console, "scoring", x, |x| loaded.model.log_prob(x))
            .map_err(|source| loaded.refused(source))?
            .concat();

        // With --json and no --out the object alone is the result: it is a summary.
        let on_stdout = loaded.out.place.is_stdout();
        if !(console.json && on_stdout) {
            let scores = ColRef::from_slice(&log_prob).as_mat();
            let (encoding, columns) = (loaded.out.encoding, &loaded.columns);
            loaded.out.place.write(|writer| table::write(writer, encoding, columns, scores))?;
        }
        let weights = loaded.table.weights.as_deref();
        let statistics = summarise(&log_prob, weights, loaded.facts.missing_rows);
        let caveats = Caveats::of(&loaded.model);
        if let Some(text) = caveats.warning() {
            console.remark(&Remark::warning(text));
        }
        let base_measure = BaseMeasure::of(loaded.model.columns());
        let has_support =
            loaded.model.columns().iter().any(|column| column.kind != Kind::default());
        let facts = loaded.facts;
        let command = "score";
        let summary = Summary { command, facts, caveats, base_measure, statistics, has_support };
        console.finish(&summary, &line(&summary.prose()), on_stdout)?;
        Ok(())
    }
}

impl Summary {
    fn prose(&self) -> String {
        let statistics = &self.statistics;
        let nats = |value: f64| decimals(value, 6);
        let (mean, error) = (statistics.finite_mean_log_prob, statistics.finite_standard_error);
        // Of one row there is no standard error, of none no mean.
        let others = match (mean.is_nan(), error.is_nan()) {
            (true, _) => String::new(),
            (_, true) => format!("; the other has {}", nats(mean)),
            _ => format!("; the others have {} ± {}", nats(mean), nats(error)),
        };
        let mean = match statistics.non_finite {
            0 if mean.is_nan() => "no row has a density".to_owned(),
            0 if error.is_nan() => format!("ln p(x) = {} nats", nats(mean)),
            0 => format!("mean ln p(x) = {} ± {} nats", nats(mean), nats(error)),
            rows => format!(
                "mean ln p(x) = {:.6} nats: {} {}{}",
                statistics.mean_log_prob,
                counted(rows, "row"),
                if self.has_support {
                    "outside the model's support"
                } else {
                    "too far from the model for a density in a double"
                },
                others,
            ),
        };
        let measure = self.base_measure.sentence();
        let measure = measure.map(|text| format!("; {text}")).unwrap_or_default();
        format!("{}, {mean}{}{measure}", self.facts.subject(), self.facts.missing())
    }
}

/// Over the values that are not NaN, each by its weight.
fn summarise(log_prob: &[f64], weights: Option<&[f64]>, missing_rows: usize) -> Statistics {
    let scored = || log_prob.iter().copied().filter(|v| !v.is_nan());
    let over = |counts: fn(f64) -> bool| {
        let at = || (0..log_prob.len()).filter(|&i| counts(log_prob[i]));
        let values: Vec<f64> = at().map(|i| log_prob[i]).collect();
        let weights = weights.map(|weights| at().map(|i| weights[i]).collect::<Vec<f64>>());
        Mean::of_rows(&values, weights.as_deref())
    };
    let (all, finite) = (over(|v| !v.is_nan()), over(f64::is_finite));
    Statistics {
        mean_log_prob: all.mean,
        standard_error: all.standard_error,
        finite_mean_log_prob: finite.mean,
        finite_standard_error: finite.standard_error,
        min_log_prob: scored().fold(f64::INFINITY, f64::min),
        max_log_prob: scored().fold(f64::NEG_INFINITY, f64::max),
        non_finite: log_prob.iter().filter(|v| !v.is_finite()).count() - missing_rows,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_passes_over_nan() {
        let s = summarise(&[1.0, f64::NAN, 2.0, 3.0], None, 1);
        assert_eq!((s.mean_log_prob, s.min_log_prob, s.max_log_prob), (2.0, 1.0, 3.0));
        assert_eq!(s.non_finite, 0);
        assert!((s.standard_error - (1.0_f64 / 3.0).sqrt()).abs() < 1e-15);
    }

    #[test]
    fn weights_are_those_of_the_rows_that_are_scored() {
        let s = summarise(&[1.0, f64::NAN, 4.0], Some(&[2.0, 9.0, 1.0]), 1);
        assert_eq!(s.mean_log_prob, 2.0);
    }

    #[test]
    fn one_row_has_no_standard_error() {
        assert!(summarise(&[1.0], None, 0).standard_error.is_nan());
    }
}
