//! The rows of a report, by what the model can say of them.

use super::Options;
use crate::columns::Column;
use crate::error::Error;
use crate::model::BoundModel;
use faer::{ColRef, MatRef};
use gauss_rbig::sampling;
use serde::Serialize;
use std::collections::HashSet;

/// Rows listed as the least likely.
const LEAST_LIKELY: usize = 10;

/// Rows of a table, sorted.
pub(super) struct Sorted {
    /// ln p(x) of every row `[n]`; NaN where a value is missing.
    pub log_prob: Vec<f64>,
    /// Positions of the rows with a finite ln p(x).
    pub usable: Vec<usize>,
    /// How many have a missing value.
    pub missing: usize,
    /// How many have a value outside its column's support.
    pub outside_support: usize,
    /// How many have ln p(x) = -∞ or a z that is not finite for another reason: they are so far
    /// out that it is beyond a double.
    pub beyond_range: usize,
}

impl Sorted {
    pub fn of(model: &BoundModel, x: MatRef<'_, f64>) -> Result<Sorted, Error> {
        let log_prob = model.log_prob(x)?;
        let (mut usable, mut missing) = (Vec::new(), 0);
        let (mut outside_support, mut beyond_range) = (0, 0);
        for i in 0..x.nrows() {
            let row = || x.row(i).iter().zip(model.columns());
            if row().any(|(v, _)| v.is_nan()) {
                missing += 1;
            } else if row().any(|(&v, column)| column.kind.excludes(v)) {
                outside_support += 1;
            } else if log_prob[i].is_finite() {
                usable.push(i);
            } else {
                beyond_range += 1;
            }
        }
        Ok(Sorted { log_prob, usable, missing, outside_support, beyond_range })
    }

    /// Positions of some of the usable rows.
    pub fn some(&self, options: &Options) -> Vec<usize> {
        let at = sampling::choose(self.usable.len(), options.rows, options.seed);
        at.into_iter().map(|k| self.usable[k]).collect()
    }
}

/// An unlikely row.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Unlikely {
    /// Its row, from 0.
    pub row: usize,
    /// In nats; -∞ outside the support.
    pub log_prob: f64,
    /// The column, from 0, that lies farthest from its mean, or outside its support.
    pub column: usize,
    /// How far, in standard deviations of the column on the model's scale; none where the value
    /// is outside the support.
    pub deviations: Option<f64>,
}

/// Positions of the training rows that a baseline can learn from, at most as many as are to be
/// looked at.
pub(super) fn usable_training(
    columns: &[Column],
    x: MatRef<'_, f64>,
    options: &Options,
) -> Vec<usize> {
    let within = |i: usize| {
        let row = || x.row(i).iter().zip(columns);
        row().all(|(&v, column)| v.is_finite() && !column.kind.excludes(v))
    };
    let inside: Vec<usize> = (0..x.nrows()).filter(|&i| within(i)).collect();
    let at = sampling::choose(inside.len(), options.rows, options.seed);
    at.into_iter().map(|k| inside[k]).collect()
}

/// How many of the rows `at` of x stand in `train`, to the last bit.
pub(super) fn shared(train: MatRef<'_, f64>, x: MatRef<'_, f64>, at: &[usize]) -> usize {
    let bits = |rows: MatRef<'_, f64>, i: usize| -> Vec<u64> {
        rows.row(i).iter().map(|v| (v + 0.0).to_bits()).collect() // no -0
    };
    let known: HashSet<Vec<u64>> = (0..train.nrows()).map(|i| bits(train, i)).collect();
    at.iter().filter(|&&i| known.contains(&bits(x, i))).count()
}

/// The lowest ln p(x), of all rows of x without missing values; y are some of its usable rows on
/// the model's scale.
pub(super) fn least_likely(
    model: &BoundModel,
    x: MatRef<'_, f64>,
    rows: &Sorted,
    y: MatRef<'_, f64>,
) -> Vec<Unlikely> {
    let (columns, supports) = (model.columns(), model.supports());
    let moments: Vec<(f64, f64)> = y.col_iter().map(moments).collect();
    let mut order: Vec<usize> = (0..x.nrows()).filter(|&i| !rows.log_prob[i].is_nan()).collect();
    order.sort_by(|&a, &b| rows.log_prob[a].total_cmp(&rows.log_prob[b]));
    order.truncate(LEAST_LIKELY);
    order
        .into_iter()
        .map(|i| {
            let row = || columns.iter().enumerate().map(|(j, column)| (j, column, x[(i, j)]));
            let outside = row().find(|(_, column, v)| column.kind.excludes(*v)).map(|(j, _, _)| j);
            let deviations = |&(j, _, v): &(usize, &Column, f64)| {
                let (mean, deviation) = moments[j];
                (supports[j].to_line(v).0 - mean) / deviation
            };
            let farthest = row()
                .map(|cell| (cell.0, deviations(&cell)))
                .filter(|(_, deviations)| deviations.is_finite())
                .max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
            Unlikely {
                row: i,
                log_prob: rows.log_prob[i],
                column: outside.or(farthest.map(|(j, _)| j)).unwrap_or(0),
                deviations: if outside.is_some() { None } else { farthest.map(|f| f.1) },
            }
        })
        .collect()
}

/// Mean and standard deviation.
fn moments(column: ColRef<'_, f64>) -> (f64, f64) {
    let n = column.nrows() as f64;
    let mean = column.iter().sum::<f64>() / n;
    (mean, (column.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt())
}
