//! What a comparison finds, in words and in JSON; `gauss_model::compare` computes it.

use std::fmt::Write;

use gauss_model::Model;
use schemars::JsonSchema;
use serde::Serialize;

use super::defects::Caveats;
use crate::words::{counted, decimals, line};
use gauss_model::compare::{self, Compared, Standing};
use gauss_model::diagnostics::mean::Mean;

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
    /// Of the models with these names.
    pub fn new(found: &compare::Comparison, names: &[String], models: &[Model]) -> Comparison {
        let scored = |((name, model), of_model): ((&String, &Model), &Compared)| Scored {
            model: name.clone(),
            mean_log_prob: of_model.log_prob.mean,
            standard_error: of_model.log_prob.standard_error,
            outside: of_model.outside,
            undefined: of_model.undefined,
            common_mean_log_prob: of_model.common_log_prob.mean,
            difference: of_model.difference.mean,
            difference_standard_error: of_model.difference.standard_error,
            caveats: Caveats::of(model),
        };
        let printed: Vec<String> = names.iter().map(|name| line(name).into_owned()).collect();
        Comparison {
            common_rows: found.common_rows,
            best: names[found.best].clone(),
            conclusive: found.conclusive,
            verdict: verdict(found, &printed),
            models: names.iter().zip(models).zip(&found.models).map(scored).collect(),
        }
    }

    /// A line for each model, and the verdict.
    pub fn prose(&self) -> String {
        let width =
            self.models.iter().map(|m| line(&m.model).chars().count()).max().unwrap_or(0).max(5);
        let mut text = format!("  {:width$}  {:<24}less the best", "model", "mean ln p(x)");
        for of_model in &self.models {
            let Scored { model, mean_log_prob, standard_error, .. } = of_model;
            let mean = if mean_log_prob.is_finite() {
                format!("{} ± {}", decimals(*mean_log_prob, 4), decimals(*standard_error, 4))
            } else {
                mean_log_prob.to_string()
            };
            let difference = if *model == self.best {
                "the best".to_owned()
            } else {
                plus_minus(of_model.difference, of_model.difference_standard_error)
            };
            let model = line(model);
            let _ = write!(text, "\n  {model:width$}  {mean:<24}{difference}");
        }
        let _ = write!(text, "\n\n{}", self.verdict);
        text
    }
}

/// What the rows say of the models with these names, a line each.
fn verdict(found: &compare::Comparison, names: &[String]) -> String {
    let best = &names[found.best];
    let (common, all) = (found.common_rows, found.common_rows == found.present_rows);
    let rows = counted(common, "row");
    let named = || names.iter().zip(&found.models);
    let without = named().filter(|(_, of_model)| of_model.without_density() > 0);
    let mut lines: Vec<String> = without
        .map(|(name, Compared { outside, undefined, .. })| {
            let undefined = match undefined {
                0 => String::new(),
                rows => format!("; for {} its ln p is beyond a double", counted(*rows, "row")),
            };
            format!("{name} has no density for {}{undefined}", counted(*outside, "row"))
        })
        .collect();
    for (name, other) in named().filter(|(_, other)| other.standing != Standing::Best) {
        let Mean { mean, standard_error: error, .. } = other.difference;
        let gap = plus_minus(0.0 - mean, error); // no -0
        let finite = match (common, other.apart) {
            (0, _) => "no row has a finite ln p under both".to_owned(),
            (_, false) => format!("{best} and {name}: no difference that {rows} can tell: {gap}"),
            (_, true) if mean < 0.0 => {
                format!("{best} is better than {name} by {gap} nats per row")
            }
            (_, true) => {
                let gap = plus_minus(mean, error);
                format!("{name} is better than {best} by {gap} nats per row")
            }
        };
        lines.push(match other.standing {
            Standing::InfinitelyWorse => format!(
                "{best} is better than {name}: the difference is infinite; on the {rows} with a \
                 density under all: {finite}"
            ),
            Standing::Undecided => format!(
                "{best} and {name} each have no density for rows that the other has; on the {rows} \
                 with a density under all: {finite}"
            ),
            _ if all => finite,
            _ => format!("on the {rows} with a density under all: {finite}"),
        });
    }
    lines.join("\n")
}

fn plus_minus(value: f64, error: f64) -> String {
    if value.is_nan() {
        "not known".to_owned()
    } else {
        format!("{} ± {}", decimals(value, 4), decimals(error, 4))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use faer::Mat;

    /// The verdict on two models, of 50 rows with these ln p.
    fn of_two(log_prob: impl Fn(usize) -> [f64; 2]) -> (bool, String) {
        let x = Mat::<f64>::zeros(50, 1);
        let column = |k: usize| (0..50).map(|i| log_prob(i)[k]).collect::<Vec<f64>>();
        let found = compare::Comparison::of((&x).into(), &[column(0), column(1)]);
        (found.conclusive, verdict(&found, &["m0".to_owned(), "m1".to_owned()]))
    }

    #[test]
    fn two_standard_errors_tell_models_apart() {
        let wave = |i: usize| if i.is_multiple_of(2) { 1.0 } else { -1.0 };
        for (difference, apart) in [(-0.5, true), (-0.1, false)] {
            let (conclusive, line) = of_two(|i| [0.0, wave(i) + difference]);
            assert_eq!(conclusive, apart, "{line}");
            assert_eq!(line.contains("is better than"), apart, "{line}");
        }
    }

    #[test]
    fn a_row_without_density_decides_and_the_others_are_told() {
        const NONE: f64 = f64::NEG_INFINITY;
        let wave = |i: usize| if i.is_multiple_of(2) { 0.3 } else { 0.1 };
        let (conclusive, lines) = of_two(|i| [0.0, if i < 4 { NONE } else { wave(i) }]);
        assert!(conclusive);
        let expected = "m1 has no density for 4 rows\n\
            m0 is better than m1: the difference is infinite; on the 46 rows with a density under \
            all: m1 is better than m0 by 0.2000 ± 0.0149 nats per row";
        assert_eq!(lines, expected);
        let (conclusive, lines) = of_two(|_| [0.0, NONE]);
        assert!(conclusive && lines.ends_with("no row has a finite ln p under both"), "{lines}");
        // Each loses rows of its own: no mean difference exists.
        let (conclusive, lines) = of_two(|i| match i {
            0 => [NONE, 0.0],
            1 | 2 => [0.0, NONE],
            _ => [0.0, wave(i)],
        });
        assert!(!conclusive && lines.contains("each have no density"), "{lines}");
    }
}
