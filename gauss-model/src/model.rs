//! A model: a flow, the columns it speaks of, and what it remembers of its fit.
//!
//! [`Flow`] is a density on ℝᵈ; a [`Model`] is one on the user's own table, with respect to the
//! product of the length in real columns and the count in integer and categorical ones. With R the
//! real columns and the cell of a discrete value x_j the interval x_j ± 1/2,
//!
//! ```text
//! ln p(x) = ln ∫ exp( ln p_flow(y(u)) + Σ_j ln dy_j/du_j ) du_discrete     over the cell of x
//! ```
//!
//! Without discrete columns there is no integral and the value is exact. With m of them it is a
//! weighted mean over the points of a lattice in the cell (`cell.rs`), the same for every row.

mod cell;

use crate::columns::{self, Column, Kind, Support};
use crate::file::Metadata;
use cell::Cell;
use faer::{Mat, MatRef};
use gauss_flow::{BoundFlow, Error, Flow};
use rand::Rng;

/// Points of ℝᵈ evaluated at once where rows have cells.
const BATCH: usize = 1 << 15;

/// A flow with its columns and its metadata: what a model file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The flow.
    pub flow: Flow,
    /// Its columns, d of them.
    pub columns: Vec<Column>,
    /// What it remembers.
    pub metadata: Metadata,
}

impl Model {
    /// The columns' names.
    pub fn names(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.name.clone()).collect()
    }

    /// Whether some column has probabilities rather than densities.
    pub fn is_discrete(&self) -> bool {
        self.columns.iter().any(|column| column.kind.is_discrete())
    }

    /// ln p(x) `[n]` in nats, of the rows x `[n, d]` in the table's own values. -∞ for a row with
    /// a value outside its column's support, NaN for one with a NaN.
    ///
    /// # Errors
    /// When x has another number of columns than the model.
    pub fn log_prob(&self, x: MatRef<'_, f64>) -> Result<Vec<f64>, Error> {
        self.check(x)?;
        let flow = self.flow.bind();
        if self.is_flow() {
            return flow.log_prob(x);
        }
        let mut log_prob =
            if self.is_discrete() { self.of_cells(&flow, x)? } else { self.of_points(&flow, x)? };
        for (i, value) in log_prob.iter_mut().enumerate() {
            let row = || x.row(i).iter().zip(&self.columns);
            if row().any(|(v, _)| v.is_nan()) {
                *value = f64::NAN;
            } else if row().any(|(&v, column)| column.kind.excludes(v)) {
                *value = f64::NEG_INFINITY;
            }
        }
        Ok(log_prob)
    }

    /// z `[n, d]` of x `[n, d]`; a discrete value is given noise within its cell first, from
    /// `rng`. NaN in a row with a value outside its column's support, or a NaN.
    ///
    /// # Errors
    /// When x has another number of columns than the model.
    pub fn forward(&self, x: MatRef<'_, f64>, rng: &mut impl Rng) -> Result<Mat<f64>, Error> {
        self.check(x)?;
        let z = if self.is_flow() {
            self.flow.forward(x)?
        } else {
            self.flow.forward(self.encode(x, rng).as_ref())?
        };
        Ok(z.0)
    }

    /// x `[n, d]` of z `[n, d]`, always within the columns' supports.
    ///
    /// # Errors
    /// When z has another number of columns than the model.
    pub fn inverse(&self, z: MatRef<'_, f64>) -> Result<Mat<f64>, Error> {
        self.check(z)?;
        Ok(columns::decode(&self.columns, self.flow.inverse(z)?))
    }

    /// `rows` draws `[rows, d]` in the table's own values.
    pub fn sample(&self, rows: usize, rng: &mut impl Rng) -> Mat<f64> {
        columns::decode(&self.columns, self.flow.sample(rows, rng))
    }

    /// y `[n, d]`, the points that the flow sees for the rows x `[n, d]`: dequantised and mapped
    /// to the line. A row with a value outside its column's support is all NaN.
    ///
    /// # Panics
    /// When x has another number of columns than the model.
    pub fn encode(&self, x: MatRef<'_, f64>, rng: &mut impl Rng) -> Mat<f64> {
        let u = columns::dequantize(&self.columns, x, rng);
        let (mut y, _log_det) = columns::encode(&self.columns, u);
        for i in 0..x.nrows() {
            if self.columns.iter().zip(x.row(i).iter()).any(|(c, &v)| c.kind.excludes(v)) {
                y.row_mut(i).fill(f64::NAN);
            }
        }
        y
    }

    /// Whether there is nothing between the table and the flow: real columns without bounds.
    fn is_flow(&self) -> bool {
        self.columns.iter().all(|column| column.kind == Kind::default())
    }

    fn check(&self, x: MatRef<'_, f64>) -> Result<(), Error> {
        let (expected, got) = (self.columns.len(), x.ncols());
        if expected == got { Ok(()) } else { Err(Error::Columns { expected, got }) }
    }

    /// ln of the density at the points u `[n, d]`.
    fn of_points(&self, flow: &BoundFlow, u: MatRef<'_, f64>) -> Result<Vec<f64>, Error> {
        if self.columns.iter().all(|column| column.kind.support() == Support::Line) {
            return flow.log_prob(u); // u is y, and no copy is needed
        }
        let (y, log_det) = columns::encode(&self.columns, u.to_owned());
        let mut log_prob = flow.log_prob(y.as_ref())?;
        for (total, ln_slope) in log_prob.iter_mut().zip(log_det) {
            *total += ln_slope;
        }
        Ok(log_prob)
    }

    /// ln of the density's mean over the cell of each row of x `[n, d]`.
    fn of_cells(&self, flow: &BoundFlow, x: MatRef<'_, f64>) -> Result<Vec<f64>, Error> {
        let discrete = |column: &&Column| column.kind.is_discrete();
        let cell = Cell::new(self.columns.iter().filter(discrete).count());
        let points = cell.len();
        let batch = BATCH / points;
        let mut log_prob = Vec::with_capacity(x.nrows());
        for start in (0..x.nrows()).step_by(batch) {
            let rows = x.subrows(start, batch.min(x.nrows() - start));
            let u = self.points_in_cells(&cell, rows);
            let densities = self.of_points(flow, u.as_ref())?;
            log_prob.extend(densities.chunks_exact(points).map(|own| cell.ln_mean(own)));
        }
        Ok(log_prob)
    }

    /// u `[n · m, d]`: the m points of the cell of each row of x `[n, d]`, row after row.
    fn points_in_cells(&self, cell: &Cell, x: MatRef<'_, f64>) -> Mat<f64> {
        let points = cell.len();
        let mut u = Mat::zeros(x.nrows() * points, x.ncols());
        let mut axis = 0; // of the cell: discrete columns only
        for (j, Column { kind, .. }) in self.columns.iter().enumerate() {
            for i in 0..u.nrows() {
                let x = x[(i / points, j)];
                u[(i, j)] = if kind.is_discrete() {
                    kind.dequantize(x, cell.point(i % points)[axis])
                } else {
                    x
                };
            }
            axis += usize::from(kind.is_discrete());
        }
        u
    }
}
