//! A model with everything that derives from its parameters computed once.

use super::cell::Cell;
use crate::columns::{self, Column, Encoded, Kind, Support};
use crate::error::Error;
use faer::{Mat, MatRef};
use gauss_flow::rows::check_columns;
use gauss_flow::{BoundFlow, Flow};
use rand::Rng;
use std::sync::Arc;

/// Points of ℝᵈ evaluated at once where rows have cells.
const BATCH: usize = 1 << 15;

/// A model ready for many calls; see [`Model::bind`](super::Model::bind). It is immutable, owns
/// what it needs, and may be cloned, cheaply, and shared between threads.
///
/// Every method spreads its rows over rayon's current threads; the result does not depend on how
/// many there are. Rows x are `[n, d]` in the table's own values: a category's is the position of
/// its level.
#[derive(Clone, Debug)]
pub struct BoundModel {
    flow: BoundFlow,
    columns: Arc<[Column]>,
    /// Of the columns' maps to the line.
    supports: Arc<[Support]>,
    /// The discrete columns whose values have no probabilities of their own, and the lattice in the
    /// cells of their values, if there are such columns.
    dequantized: Arc<[usize]>,
    cell: Option<Arc<Cell>>,
}

impl BoundModel {
    pub(super) fn new(flow: &Flow, columns: &[Column]) -> Self {
        let tabled = flow.discrete();
        let supports = columns::supports(columns, &tabled);
        let dequantized: Vec<usize> = columns::dequantized(columns, &tabled).collect();
        let cell = (!dequantized.is_empty()).then(|| Arc::new(Cell::new(dequantized.len())));
        Self {
            flow: flow.bind(),
            columns: columns.into(),
            supports: supports.into(),
            dequantized: dequantized.into(),
            cell,
        }
    }

    /// The columns, d of them.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// What each column's map to the line begins with; see [`crate::columns::supports`].
    #[must_use]
    pub fn supports(&self) -> &[Support] {
        &self.supports
    }

    /// ln p(x) `[n]` in nats. -∞ for a row with a value outside its column's support, NaN for one
    /// with a NaN.
    ///
    /// # Errors
    /// When x has another number of columns than the model.
    pub fn log_prob(&self, x: MatRef<'_, f64>) -> Result<Vec<f64>, Error> {
        self.check(x)?;
        if self.is_flow() {
            return Ok(self.flow.log_prob(x)?);
        }
        let mut log_prob = match &self.cell {
            Some(cell) => self.of_cells(cell, x)?,
            None => self.of_points(x)?,
        };
        for (i, value) in log_prob.iter_mut().enumerate() {
            match self.standing(x, i) {
                Standing::Within => {}
                Standing::Missing => *value = f64::NAN,
                Standing::Outside => *value = f64::NEG_INFINITY,
            }
        }
        Ok(log_prob)
    }

    /// [`BoundModel::log_prob`]. log_prob `[n]`: overwritten.
    ///
    /// # Errors
    /// When x has another number of columns than the model, or of rows than `log_prob` has room
    /// for.
    pub fn log_prob_into(&self, x: MatRef<'_, f64>, log_prob: &mut [f64]) -> Result<(), Error> {
        let (expected, got) = (x.nrows(), log_prob.len());
        if expected != got {
            return Err(gauss_flow::Error::RowMismatch { expected, got }.into());
        }
        log_prob.copy_from_slice(&self.log_prob(x)?);
        Ok(())
    }

    /// z `[n, d]` of x; a discrete value is given noise within its cell first, from `rng`. NaN in
    /// a row with a value outside its column's support, or a NaN.
    ///
    /// # Errors
    /// When x has another number of columns than the model.
    pub fn forward(&self, x: MatRef<'_, f64>, rng: &mut impl Rng) -> Result<Mat<f64>, Error> {
        self.check(x)?;
        let z = if self.is_flow() {
            self.flow.forward(x)?
        } else {
            self.flow.forward(self.encode(x, rng)?.y.as_ref())?
        };
        Ok(z.0)
    }

    /// x `[n, d]` of z `[n, d]`, always within the columns' supports.
    ///
    /// # Errors
    /// When z has another number of columns than the model.
    pub fn inverse(&self, z: MatRef<'_, f64>) -> Result<Mat<f64>, Error> {
        self.check(z)?;
        Ok(columns::decode(&self.columns, &self.supports, self.flow.inverse(z)?))
    }

    /// `rows` draws `[rows, d]` in the table's own values.
    #[must_use]
    pub fn sample(&self, rows: usize, rng: &mut impl Rng) -> Mat<f64> {
        columns::decode(&self.columns, &self.supports, self.flow.sample(rows, rng))
    }

    /// The draws of [`BoundModel::sample`] `[rows, d]` with ln p of each `[rows]`: what
    /// [`BoundModel::log_prob`] gives for them, to rounding, in one pass. With discrete columns
    /// there is no such pass, and the probability of each draw is evaluated for itself.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "draws have the model's columns")]
    pub fn sample_and_log_prob(&self, rows: usize, rng: &mut impl Rng) -> (Mat<f64>, Vec<f64>) {
        if self.cell.is_some() {
            let x = self.sample(rows, rng);
            let log_prob = self.log_prob(x.as_ref()).expect("draws have the model's columns");
            return (x, log_prob);
        }
        let (y, mut log_prob) = self.flow.sample_and_log_prob(rows, rng);
        let x = columns::decode(&self.columns, &self.supports, y);
        for (j, support) in self.supports.iter().enumerate() {
            if *support != Support::Line {
                for (i, total) in log_prob.iter_mut().enumerate() {
                    *total += support.to_line(x[(i, j)]).1;
                }
            }
        }
        (x, log_prob)
    }

    /// The points that the flow sees for the rows x: dequantised, with noise from `rng`, and mapped
    /// to the line. A row with a value outside its column's support is all NaN.
    ///
    /// # Errors
    /// When x has another number of columns than the model.
    pub fn encode(&self, x: MatRef<'_, f64>, rng: &mut impl Rng) -> Result<Encoded, Error> {
        encode(&self.columns, &self.supports, x, rng)
    }

    /// The score ∂ ln p(x)/∂x `[n, d]`, in nats per unit of each real column, the discrete values
    /// held fixed. NaN in the discrete columns, whose values have no neighbours to differ from by a
    /// little, and in a row with a value outside its column's support, or a NaN.
    ///
    /// With s the score of the flow at y, each real column adds what its map to the line does:
    ///
    /// ```text
    /// ∂ ln p/∂u_j = s_j · dy_j/du_j + d/du_j ln dy_j/du_j
    /// ```
    ///
    /// and over a cell the mean of these is taken, each point weighted by its part of p(x): the
    /// derivative of the very ln p(x) that [`BoundModel::log_prob`] gives.
    ///
    /// # Errors
    /// When x has another number of columns than the model.
    pub fn score(&self, x: MatRef<'_, f64>) -> Result<Mat<f64>, Error> {
        self.check(x)?;
        let mut score = match &self.cell {
            Some(cell) => self.score_of_cells(cell, x)?,
            None => self.score_of_points(x)?,
        };
        for i in 0..x.nrows() {
            if self.standing(x, i) != Standing::Within {
                score.row_mut(i).fill(f64::NAN);
            }
        }
        for (j, _) in self.columns.iter().enumerate().filter(|(_, c)| c.kind.is_discrete()) {
            score.col_mut(j).fill(f64::NAN);
        }
        Ok(score)
    }

    /// Whether there is nothing between the table and the flow: real columns without bounds.
    fn is_flow(&self) -> bool {
        self.columns.iter().all(|column| column.kind == Kind::default())
    }

    fn check(&self, x: MatRef<'_, f64>) -> Result<(), Error> {
        Ok(check_columns(self.columns.len(), x)?)
    }

    fn standing(&self, x: MatRef<'_, f64>, i: usize) -> Standing {
        let row = || x.row(i).iter().zip(&*self.columns);
        if row().any(|(v, _)| v.is_nan()) {
            Standing::Missing
        } else if row().any(|(&v, column)| column.kind.excludes(v)) {
            Standing::Outside
        } else {
            Standing::Within
        }
    }

    /// ln of the density at the points u `[n, d]`.
    fn of_points(&self, u: MatRef<'_, f64>) -> Result<Vec<f64>, Error> {
        if self.supports.iter().all(|support| *support == Support::Line) {
            return Ok(self.flow.log_prob(u)?); // u is y, and no copy is needed
        }
        let encoded = columns::encode(&self.supports, u.to_owned());
        Ok(encoded.in_units(self.flow.log_prob(encoded.y.as_ref())?))
    }

    /// The score at the points u `[n, d]`, per unit of u.
    fn score_of_points(&self, u: MatRef<'_, f64>) -> Result<Mat<f64>, Error> {
        let y = columns::encode(&self.supports, u.to_owned()).y;
        let mut score = self.flow.score(y.as_ref())?;
        for (j, support) in self.supports.iter().enumerate() {
            if *support != Support::Line {
                for i in 0..u.nrows() {
                    let (slope, ln_slope) = support.slopes(u[(i, j)]);
                    score[(i, j)] = score[(i, j)] * slope + ln_slope;
                }
            }
        }
        Ok(score)
    }

    /// ln of the density's mean over the cell of each row of x `[n, d]`.
    fn of_cells(&self, cell: &Cell, x: MatRef<'_, f64>) -> Result<Vec<f64>, Error> {
        let mut log_prob = Vec::with_capacity(x.nrows());
        for rows in batches(cell, x) {
            let densities = self.of_points(self.points_in_cells(cell, rows).as_ref())?;
            log_prob.extend(densities.chunks_exact(cell.len()).map(|own| cell.ln_mean(own)));
        }
        Ok(log_prob)
    }

    /// The mean score over the cell of each row of x `[n, d]`, by each point's part of p(x).
    fn score_of_cells(&self, cell: &Cell, x: MatRef<'_, f64>) -> Result<Mat<f64>, Error> {
        let mut mean = Mat::zeros(x.nrows(), x.ncols());
        let mut row = 0;
        for rows in batches(cell, x) {
            let u = self.points_in_cells(cell, rows);
            let densities = self.of_points(u.as_ref())?;
            let score = self.score_of_points(u.as_ref())?;
            for (k, own) in densities.chunks_exact(cell.len()).enumerate() {
                for (point, part) in cell.parts(own).enumerate() {
                    for j in 0..x.ncols() {
                        mean[(row, j)] += part * score[(k * cell.len() + point, j)];
                    }
                }
                row += 1;
            }
        }
        Ok(mean)
    }

    /// u `[n · m, d]`: the m points of the cell of each row of x `[n, d]`, row after row.
    fn points_in_cells(&self, cell: &Cell, x: MatRef<'_, f64>) -> Mat<f64> {
        let points = cell.len();
        let mut u = Mat::zeros(x.nrows() * points, x.ncols());
        for (j, Column { kind, .. }) in self.columns.iter().enumerate() {
            let axis = self.dequantized.iter().position(|own| *own == j);
            for i in 0..u.nrows() {
                let x = x[(i / points, j)];
                u[(i, j)] = match axis {
                    Some(axis) => kind.dequantize(x, cell.point(i % points)[axis]),
                    None => x,
                };
            }
        }
        u
    }
}

/// What a row is to the columns.
#[derive(PartialEq)]
enum Standing {
    Within,
    /// It has a NaN.
    Missing,
    /// It has a value outside its column's support.
    Outside,
}

/// The rows of x, so many at a time that their cells' points are no more than [`BATCH`].
fn batches<'a>(cell: &Cell, x: MatRef<'a, f64>) -> impl Iterator<Item = MatRef<'a, f64>> {
    let batch = BATCH / cell.len();
    let starts = (0..x.nrows()).step_by(batch);
    starts.map(move |start| x.subrows(start, batch.min(x.nrows() - start)))
}

/// See [`BoundModel::encode`].
pub(super) fn encode(
    columns: &[Column],
    supports: &[Support],
    x: MatRef<'_, f64>,
    rng: &mut impl Rng,
) -> Result<Encoded, Error> {
    check_columns(columns.len(), x)?;
    let mut encoded = columns::encode(supports, columns::dequantize(columns, x, rng));
    for i in 0..x.nrows() {
        if columns.iter().zip(x.row(i).iter()).any(|(column, &v)| column.kind.excludes(v)) {
            encoded.y.row_mut(i).fill(f64::NAN);
        }
    }
    Ok(encoded)
}
