//! Which of several models is better on the same rows.
//!
//! The differences are taken row by row: what makes a row likely or unlikely under all models
//! cancels, and the standard error of the mean difference is far below that of either mean.
//!
//! A row that a model gives no density at all (ln p = -∞, outside its support) would make its mean
//! -∞ and every difference with it. Such rows are counted; the means over the other rows, those
//! with a finite ln p under every model, stand beside.

use crate::columns::Kind;
use crate::error::Error;
use crate::model::Model;
use faer::Mat;
use gauss_flow::Rows;
use gauss_rbig::mean::Mean;
use serde::{Deserialize, Serialize};
use thiserror::Error as ThisError;

/// A difference counts from so many of its standard errors on.
pub const TOLD_APART: f64 = 2.0;

/// Why a model does not compare with the first one. Models count from 0.
#[derive(Clone, Debug, PartialEq, ThisError)]
#[non_exhaustive]
pub enum CompareError {
    /// A column that one of the two has and the other has not.
    #[error("model {without} has no column {column:?}, which model {with} has")]
    Column {
        /// The model that has it.
        with: usize,
        /// The other.
        without: usize,
        /// The column's name.
        column: String,
    },
    /// A column with a density under one and probabilities under the other.
    #[error("column {column:?} is {kind} to model {model}, and {first} to model 0")]
    Measure {
        /// The model.
        model: usize,
        /// The column's name.
        column: String,
        /// What it is to that model.
        kind: Kind,
        /// What it is to the first.
        first: Kind,
    },
    /// A category whose values have not the same positions under both.
    #[error("model {model} lists other values of the category {column:?} than model 0")]
    Levels {
        /// The model.
        model: usize,
        /// The column's name.
        column: String,
    },
    /// Refused by a model.
    #[error(transparent)]
    Model(#[from] Error),
}

/// What a comparison found; all in nats per row.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Comparison {
    /// All rows.
    pub rows: usize,
    /// Those without a missing value.
    pub present_rows: usize,
    /// Those of them with a finite ln p under every model.
    pub common_rows: usize,
    /// The model with the highest mean ln p; among those that give some rows no density, the one
    /// with the fewest such rows.
    pub best: usize,
    /// Whether the best is better than every other.
    pub conclusive: bool,
    /// In the order in which they were given.
    pub models: Vec<Compared>,
}

/// One model of a comparison.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Compared {
    /// Mean ln p over the present rows: -∞ with a row outside the support.
    pub log_prob: Mean,
    /// Rows outside the model's support: ln p = -∞.
    pub outside: usize,
    /// Rows whose ln p is beyond the range of a double.
    pub undefined: usize,
    /// Mean ln p over the common rows.
    pub common_log_prob: Mean,
    /// Over the common rows: this model's ln p less the best's; 0 ± 0 for the best.
    pub difference: Mean,
    /// Whether that is more than [`TOLD_APART`] of its standard errors.
    pub apart: bool,
    /// Rows that have a density under the best and none under this model.
    pub lost: usize,
    /// Rows that have a density under this model and none under the best.
    pub won: usize,
    /// What follows.
    pub standing: Standing,
}

/// How a model stands to the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Standing {
    /// It is the best.
    Best,
    /// It is worse, by a mean difference that the rows can tell.
    Worse,
    /// It is worse without end: it gives no density to rows that the best has one for, and the
    /// best none the other way round.
    InfinitelyWorse,
    /// No difference that the rows can tell.
    Level,
    /// Each gives no density to rows that the other has one for.
    Undecided,
}

impl Standing {
    /// Whether the best is better than it.
    #[must_use]
    pub fn is_settled(self) -> bool {
        matches!(self, Standing::Best | Standing::Worse | Standing::InfinitelyWorse)
    }
}

/// Whether a model speaks of the same columns as the first, and of densities where that does.
///
/// # Errors
/// [`CompareError::Column`], [`CompareError::Measure`].
pub fn check(models: &[&Model]) -> Result<(), CompareError> {
    let Some((first, others)) = models.split_first() else { return Ok(()) };
    for (k, other) in others.iter().enumerate().map(|(k, other)| (k + 1, other)) {
        let missing = |from: &Model, all: &Model| {
            let lacks = |name: &String| from.columns().iter().all(|column| column.name != *name);
            all.names().into_iter().find(lacks)
        };
        if let Some(column) = missing(other, first) {
            return Err(CompareError::Column { with: 0, without: k, column });
        }
        if let Some(column) = missing(first, other) {
            return Err(CompareError::Column { with: k, without: 0, column });
        }
        for column in other.columns() {
            let theirs = first.columns().iter().find(|theirs| theirs.name == column.name);
            let differs = |kind: &Kind| kind.is_discrete() != column.kind.is_discrete();
            if let Some(theirs) = theirs.filter(|theirs| differs(&theirs.kind)) {
                return Err(CompareError::Measure {
                    model: k,
                    column: column.name.clone(),
                    kind: column.kind.clone(),
                    first: theirs.kind.clone(),
                });
            }
        }
    }
    Ok(())
}

/// Where each column of `model` stands among those of `first`, if rows for `first` mean the same to
/// it.
///
/// # Errors
/// The name of a column that `first` has not, or of a category with other levels there.
pub fn order(first: &Model, model: &Model) -> Result<Vec<usize>, String> {
    let levels = |kind: &Kind| match kind {
        Kind::Category(levels) => Some(levels.clone()),
        _ => None,
    };
    let place = |column: &crate::Column| {
        let at = first.columns().iter().position(|theirs| theirs.name == column.name);
        at.filter(|&j| levels(&first.columns()[j].kind) == levels(&column.kind))
            .ok_or_else(|| column.name.clone())
    };
    model.columns().iter().map(place).collect()
}

/// Compares models, one at least, on rows in the values and the order of the first one's columns.
///
/// # Errors
/// [`CompareError`]: models that do not compare, or rows that a model refuses.
///
/// # Panics
/// Without a model.
pub fn compare<'a>(
    models: &[&Model],
    rows: impl Into<Rows<'a>>,
) -> Result<Comparison, CompareError> {
    let rows = rows.into();
    check(models)?;
    let score = |(k, model): (usize, &&Model)| -> Result<Vec<f64>, CompareError> {
        let place =
            order(models[0], model).map_err(|column| CompareError::Levels { model: k, column })?;
        let x = Mat::from_fn(rows.nrows(), place.len(), |i, j| rows.x()[(i, place[j])]);
        Ok(model.log_prob(x.as_ref())?)
    };
    let log_probs = models.iter().enumerate().map(score).collect::<Result<Vec<_>, _>>()?;
    Ok(Comparison::of(rows, &log_probs))
}

impl Comparison {
    /// Of `log_probs[k][i]`, ln p of the i-th row under the k-th model, one model at least. A row
    /// with a NaN in x is missing.
    ///
    /// # Panics
    /// Without a model, or with another number of values than of rows.
    #[must_use]
    pub fn of(rows: Rows<'_>, log_probs: &[Vec<f64>]) -> Comparison {
        assert!(!log_probs.is_empty(), "a model");
        let is_missing = |i: usize| rows.x().row(i).iter().any(|v| v.is_nan());
        let present: Vec<usize> = (0..rows.nrows()).filter(|&i| !is_missing(i)).collect();
        let common: Vec<usize> = (present.iter().copied())
            .filter(|&i| log_probs.iter().all(|of_model| of_model[i].is_finite()))
            .collect();
        let over = |at: &[usize], value: &dyn Fn(usize) -> f64| {
            mean_of(&at.iter().map(|&i| value(i)).collect::<Vec<f64>>(), at, rows)
        };
        let mut models: Vec<Compared> = log_probs
            .iter()
            .map(|log_prob| {
                let count = |which: fn(f64) -> bool| {
                    present.iter().filter(|&&i| which(log_prob[i])).count()
                };
                Compared {
                    log_prob: over(&present, &|i| log_prob[i]),
                    outside: count(|v| v == f64::NEG_INFINITY),
                    undefined: count(|v| v.is_nan() || v == f64::INFINITY),
                    common_log_prob: over(&common, &|i| log_prob[i]),
                    difference: Mean { standard_error: 0.0, mean: 0.0, ..over(&common, &|_| 0.0) },
                    apart: false,
                    lost: 0,
                    won: 0,
                    standing: Standing::Best,
                }
            })
            .collect();
        let best = best(&models);
        for (k, of_model) in models.iter_mut().enumerate().filter(|(k, _)| *k != best) {
            let alone = |a: usize, b: usize| {
                let lost =
                    |&&i: &&usize| !log_probs[a][i].is_finite() && log_probs[b][i].is_finite();
                present.iter().filter(lost).count()
            };
            (of_model.lost, of_model.won) = (alone(k, best), alone(best, k));
            of_model.difference = over(&common, &|i| log_probs[k][i] - log_probs[best][i]);
            let Mean { mean, standard_error, .. } = of_model.difference;
            of_model.apart = mean.abs() > TOLD_APART * standard_error;
            of_model.standing = of_model.standing();
        }
        Comparison {
            rows: rows.nrows(),
            present_rows: present.len(),
            common_rows: common.len(),
            best,
            conclusive: models.iter().all(|of_model| of_model.standing.is_settled()),
            models,
        }
    }
}

impl Compared {
    /// Rows to which the model gives no density.
    #[must_use]
    pub fn without_density(&self) -> usize {
        self.outside + self.undefined
    }

    fn standing(&self) -> Standing {
        match (self.lost > 0, self.won > 0) {
            (true, true) => Standing::Undecided,
            (true, false) => Standing::InfinitelyWorse,
            _ if self.apart => Standing::Worse, // the best has the highest mean over these rows
            _ => Standing::Level,
        }
    }
}

/// A mean of -∞ loses against any other; among such the fewest rows lost, then the rest.
fn best(models: &[Compared]) -> usize {
    let key = |of_model: &Compared| (of_model.without_density(), -of_model.common_log_prob.mean);
    let by = |&a: &usize, &b: &usize| {
        let ((lost_a, loss_a), (lost_b, loss_b)) = (key(&models[a]), key(&models[b]));
        lost_a.cmp(&lost_b).then(loss_a.total_cmp(&loss_b))
    };
    (0..models.len()).min_by(by).unwrap_or(0)
}

/// The mean of values, one for each of the rows `at`.
fn mean_of(values: &[f64], at: &[usize], rows: Rows<'_>) -> Mean {
    let weights: Option<Vec<f64>> = rows.weights().map(|w| at.iter().map(|&i| w[i]).collect());
    Mean::of_rows(values, weights.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of 50 rows of zeros: the standings under a first model with ln p = 0 and these.
    fn of(log_prob: impl Fn(usize) -> [f64; 2]) -> Comparison {
        let x = Mat::<f64>::zeros(50, 1);
        let column = |k: usize| (0..50).map(|i| log_prob(i)[k]).collect::<Vec<f64>>();
        Comparison::of((&x).into(), &[column(0), column(1)])
    }

    #[test]
    fn two_standard_errors_tell_models_apart() {
        // ±1 around the difference: a deviation of 1, an error of about 1/7.
        let wave = |i: usize| if i.is_multiple_of(2) { 1.0 } else { -1.0 };
        for (difference, standing) in [(-0.5, Standing::Worse), (-0.1, Standing::Level)] {
            let found = of(|i| [0.0, wave(i) + difference]);
            assert_eq!((found.best, found.models[1].standing), (0, standing));
            assert_eq!(found.conclusive, standing == Standing::Worse);
            let Mean { mean, standard_error, .. } = found.models[1].difference;
            assert!(
                (mean - difference).abs() < 1e-15 && (standard_error - 1.0 / 7.0).abs() < 1e-15
            );
        }
        let alike = of(|_| [1.0, 1.0]);
        assert_eq!(alike.models[1].standing, Standing::Level);
    }

    #[test]
    fn a_row_without_density_decides() {
        const NONE: f64 = f64::NEG_INFINITY;
        let found = of(|i| [0.0, if i < 3 { NONE } else { 0.2 }]);
        assert_eq!((found.best, found.common_rows), (0, 47));
        assert_eq!((found.models[1].lost, found.models[1].outside), (3, 3));
        assert_eq!(found.models[1].standing, Standing::InfinitelyWorse);
        // Each loses rows of its own: no mean difference exists.
        let found = of(|i| [if i == 4 { NONE } else { 0.0 }, if i < 2 { NONE } else { 0.2 }]);
        assert_eq!(found.models[1].standing, Standing::Undecided);
        assert!(!found.conclusive);
        let found = of(|_| [NONE, NONE]);
        assert_eq!((found.common_rows, found.conclusive), (0, false));
    }

    #[test]
    fn whole_weights_are_repeated_rows() {
        let x = faer::mat![[0.0], [1.0], [2.0]];
        let [a, b] = [vec![1.0, 2.0, 4.0], vec![1.5, 1.0, 3.0]];
        let weights = [1.0, 3.0, 2.0];
        let rows = Rows::weighted(x.as_ref(), &weights).expect("weights");
        let weighted = Comparison::of(rows, &[a.clone(), b.clone()]);
        let often = |v: &[f64]| vec![v[0], v[1], v[1], v[1], v[2], v[2]];
        let six = Mat::<f64>::zeros(6, 1);
        let repeated = Comparison::of((&six).into(), &[often(&a), often(&b)]);
        let mean = |found: &Comparison| found.models[1].difference.mean;
        assert!((mean(&weighted) - mean(&repeated)).abs() < 1e-15);
    }
}
