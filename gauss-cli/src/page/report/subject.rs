//! What a report is about: a model, the rows of a table, and what the flow sees of them.

use faer::{Mat, MatRef};
use gauss_model::columns::{self, Encoded};
use gauss_model::{Column, Model};
use rand::Rng;

use crate::table::Table;
use gauss_flow::rows;
use gauss_rbig::sampling;

/// Rows x `[n, d]` within the columns' supports as the flow sees them; a discrete value gets noise
/// from `rng`.
pub fn encoded(columns: &[Column], x: MatRef<'_, f64>, rng: &mut impl Rng) -> Encoded {
    columns::encode(columns, columns::dequantize(columns, x, rng))
}

/// The rows of a table, sorted by what the model can say of them.
pub struct Rows {
    /// ln p(x) of every row `[n]`; NaN where a value is missing.
    pub log_prob: Vec<f64>,
    /// Positions of the rows with a finite ln p(x).
    pub usable: Vec<usize>,
    /// How many have a value outside its column's support.
    pub outside_support: usize,
    /// How many have ln p(x) = -∞ or a z that is not finite for another reason: they are so far
    /// out that it is beyond a double.
    pub beyond_range: usize,
}

impl Rows {
    pub fn of(model: &Model, x: MatRef<'_, f64>) -> Result<Rows, gauss_model::Error> {
        let log_prob = model.log_prob(x)?;
        let mut rows = Rows { log_prob, usable: Vec::new(), outside_support: 0, beyond_range: 0 };
        for i in 0..x.nrows() {
            let row = || x.row(i).iter().zip(model.columns());
            if row().any(|(v, _)| v.is_nan()) {
                continue;
            }
            if row().any(|(&v, column)| column.kind.excludes(v)) {
                rows.outside_support += 1;
            } else if rows.log_prob[i].is_finite() {
                rows.usable.push(i);
            } else {
                rows.beyond_range += 1;
            }
        }
        Ok(rows)
    }

    /// Some of the usable rows of x: their positions, and they themselves.
    pub fn some(&self, x: MatRef<'_, f64>, most: usize, seed: u64) -> (Vec<usize>, Mat<f64>) {
        let at = sampling::choose(self.usable.len(), most, seed);
        let at: Vec<usize> = at.into_iter().map(|k| self.usable[k]).collect();
        let chosen = rows::pick(x, &at);
        (at, chosen)
    }
}

/// The rows of a training table that a baseline can learn from, at most `most` of them.
pub fn training_rows(columns: &[Column], table: &Table, most: usize, seed: u64) -> Mat<f64> {
    let x = table.data.as_ref();
    let within = |i: usize| {
        let row = || x.row(i).iter().zip(columns);
        row().all(|(&v, column)| v.is_finite() && !column.kind.excludes(v))
    };
    let inside: Vec<usize> = (0..x.nrows()).filter(|&i| within(i)).collect();
    let at: Vec<usize> =
        sampling::choose(inside.len(), most, seed).into_iter().map(|k| inside[k]).collect();
    rows::pick(x, &at)
}
