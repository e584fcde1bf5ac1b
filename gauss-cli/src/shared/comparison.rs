//! What a comparison finds.
//!
//! The differences are taken row by row: what makes a row likely or unlikely under all models
//! cancels, and the standard error of the mean difference is far below that of either mean.
//!
//! A row that a model gives no density at all (ln p = -∞, outside its support) would make its mean
//! -∞ and every difference with it. Such rows are counted; the means over the other rows, those
//! with a finite ln p under every model, stand beside.

use std::fmt::Write;

use gauss_model::Model;
use schemars::JsonSchema;
use serde::Serialize;

use super::defects::Caveats;
use crate::table::Table;
use crate::words::counted;
use gauss_model::diagnostics::mean::Mean;

/// A difference counts from so many of its standard errors on.
const TOLD_APART: f64 = 2.0;

/// Several models on the same rows, as `compare --json` shows it.
#[derive(Serialize, JsonSchema)]
pub struct Comparison {
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
}

/// One model, in nats per row.
#[derive(Serialize, JsonSchema)]
struct Scored {
    /// The model file.
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

impl Comparison {
    /// `log_probs[k][i]` of the k-th model and the i-th row.
    pub fn new(
        table: &Table,
        names: &[String],
        models: &[Model],
        log_probs: &[Vec<f64>],
    ) -> Comparison {
        let is_missing = |i: usize| table.data.row(i).iter().any(|v| v.is_nan());
        let present: Vec<usize> = (0..table.rows()).filter(|&i| !is_missing(i)).collect();
        let common: Vec<usize> = (present.iter().copied())
            .filter(|&i| log_probs.iter().all(|of_model| of_model[i].is_finite()))
            .collect();
        let over = |rows: &[usize], value: &dyn Fn(usize) -> f64| {
            Mean::of(&rows.iter().map(|&i| value(i)).collect::<Vec<f64>>())
        };
        let mut scored: Vec<Scored> = (names.iter().zip(models).zip(log_probs))
            .map(|((name, model), log_prob)| {
                let count = |which: fn(f64) -> bool| {
                    present.iter().filter(|&&i| which(log_prob[i])).count()
                };
                let mean = over(&present, &|i| log_prob[i]);
                Scored {
                    model: name.clone(),
                    mean_log_prob: mean.mean,
                    standard_error: mean.standard_error,
                    outside: count(|v| v == f64::NEG_INFINITY),
                    undefined: count(|v| v.is_nan() || v == f64::INFINITY),
                    common_mean_log_prob: over(&common, &|i| log_prob[i]).mean,
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
            let difference = over(&common, &difference);
            of_model.difference = difference.mean;
            of_model.difference_standard_error = difference.standard_error;
        }
        let alone = |a: usize, b: usize| {
            let lost = |&&i: &&usize| !log_probs[a][i].is_finite() && log_probs[b][i].is_finite();
            present.iter().filter(lost).count()
        };
        let alone: Vec<_> = (0..models.len()).map(|k| (alone(k, best), alone(best, k))).collect();
        let (conclusive, verdict) = verdict(&scored, &alone, best, common.len(), present.len());
        Comparison {
            common_rows: common.len(),
            best: names[best].clone(),
            conclusive,
            verdict,
            models: scored,
        }
    }

    /// A line for each model, and the verdict.
    pub fn prose(&self) -> String {
        let width = self.models.iter().map(|m| m.model.chars().count()).max().unwrap_or(0).max(5);
        let mut text = format!("  {:width$}  {:<24}less the best", "model", "mean ln p(x)");
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
    if value.is_nan() { "not known".to_owned() } else { format!("{value:.4} ± {error:.4}") }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let Mean { mean, standard_error: error, .. } = Mean::of(&[1.0, 2.0, 3.0]);
        assert_eq!(mean, 2.0);
        assert!((error - (1.0_f64 / 3.0).sqrt()).abs() < 1e-15);
    }
}
