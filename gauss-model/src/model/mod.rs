//! A model: a flow, the columns it speaks of, and where it comes from.
//!
//! [`Flow`] is a density on ℝᵈ; a [`Model`] is one on the user's own table, with respect to the
//! product of the length in real columns and the count in integer and categorical ones. With R the
//! real columns and the cell of a discrete value x_j the interval x_j ± 1/2,
//!
//! ```text
//! ln p(x) = ln ∫ exp( ln p_flow(y(u)) + Σ_j ln dy_j/du_j ) du_discrete     over the cell of x
//! ```
//!
//! Without discrete columns there is no integral and the value is exact. So it is where the values of
//! discrete columns have probabilities of their own, the density being constant on their cells
//! ([`gauss_flow::layers::tables`]). With m that have none it is a weighted mean over the points of a
//! lattice in the cell (`cell.rs`), the same for every row.

mod bound;
mod cell;

pub use bound::BoundModel;

use crate::columns::{self, Column, Encoded};
use crate::error::Error;
use crate::provenance::Provenance;
use faer::{Mat, MatRef};
use gauss_flow::Flow;
use gauss_flow::stream::{Purpose, stream};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

/// The length of the latents that a model must have an inverse at: a standard normal in one
/// dimension is longer once in 10¹⁵ draws.
const REACH: f64 = 8.0;
/// Latents of either sort: sign patterns of that length, and draws.
const PROBES: usize = 16;

/// Latents `[32, d]`.
fn probes(dim: usize) -> Mat<f64> {
    let mut rng = stream(0, Purpose::Probe);
    let each = REACH / (dim as f64).sqrt();
    Mat::from_fn(2 * PROBES, dim, |i, j| match i.checked_sub(PROBES) {
        // Walsh's functions and their negatives.
        None if ((i / 2) & (j + 1)).count_ones() as usize % 2 == i % 2 => each,
        None => -each,
        Some(_) => StandardNormal.sample(&mut rng),
    })
}

/// A flow over the columns of a table: what a model file holds. One that exists is valid: as many
/// columns as the flow has dimensions, no two of one name, each of a kind that can be.
///
/// The methods here derive what they need from the parameters at every call; [`Model::bind`] does
/// so once, for many calls.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    flow: Flow,
    columns: Vec<Column>,
    provenance: Provenance,
}

impl Model {
    /// A model of its parts, checked.
    ///
    /// ```
    /// use gauss_flow::Flow;
    /// use gauss_model::{Column, Kind, Model, Provenance, Support};
    /// // Of no layers: y = ln x is standard normal, and x lognormal.
    /// let flow = Flow::from_parts(1, Vec::new(), Vec::new())?;
    /// let columns = vec![Column::of("x", Kind::Real(Support::Above(0.0)))];
    /// let model = Model::new(flow, columns, Provenance::default())?;
    /// let log_prob = model.log_prob(faer::mat![[1.0]].as_ref())?;
    /// assert!((log_prob[0] + 0.918_938_533_204_672_7).abs() < 1e-15); // -ln √2π
    /// # Ok::<(), gauss_model::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`gauss_flow::Error::Columns`] for another number of columns than the flow has dimensions,
    /// [`Error::InvalidKind`], [`Error::ColumnTwice`], [`Error::Fill`]; [`Error::Draw`] for a flow
    /// whose inverse is no number somewhere within 8 standard deviations.
    pub fn new(flow: Flow, columns: Vec<Column>, provenance: Provenance) -> Result<Self, Error> {
        let (expected, got) = (flow.dim(), columns.len());
        if expected != got {
            return Err(gauss_flow::Error::Columns { expected, got }.into());
        }
        columns::validate(&columns)?;
        for (column, Column { name, kind, fill }) in columns.iter().enumerate() {
            if let Some(value) = fill.filter(|fill| !kind.contains(*fill)) {
                let (name, kind) = (name.clone(), kind.clone());
                return Err(Error::Fill { column, name, value, kind });
            }
        }
        let model = Self { flow, columns, provenance };
        model.check_draws()?;
        Ok(model)
    }

    /// Refuses numbers that are well formed each, and together carry a draw beyond a double.
    fn check_draws(&self) -> Result<(), Error> {
        if self.flow.context() > 0 {
            return Ok(()); // nothing can be drawn of it alone
        }
        let y = self.flow.inverse(probes(self.flow.dim()).as_ref())?;
        for (column, values) in y.col_iter().enumerate() {
            if let Some(&value) = values.iter().find(|value| !value.is_finite()) {
                let name = self.columns[column].name.clone();
                return Err(Error::Draw { column, name, value });
            }
        }
        Ok(())
    }

    /// The flow, over the points that [`Model::encode`] makes of rows.
    #[must_use]
    pub fn flow(&self) -> &Flow {
        &self.flow
    }

    /// The columns, d of them.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Where it comes from.
    #[must_use]
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// The columns' names.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.name.clone()).collect()
    }

    /// Whether some column has probabilities rather than densities.
    #[must_use]
    pub fn is_discrete(&self) -> bool {
        self.columns.iter().any(|column| column.kind.is_discrete())
    }

    /// Whether some column's probabilities are means of a density over the cells of its values, and
    /// not the numbers of a table.
    #[must_use]
    pub fn is_dequantized(&self) -> bool {
        columns::dequantized(&self.columns, &self.flow.discrete()).next().is_some()
    }

    /// The model ready for many calls, and for many threads.
    #[must_use]
    pub fn bind(&self) -> BoundModel {
        BoundModel::new(&self.flow, &self.columns)
    }

    /// [`BoundModel::log_prob`], once.
    ///
    /// # Errors
    /// When x has another number of columns than the model.
    pub fn log_prob(&self, x: MatRef<'_, f64>) -> Result<Vec<f64>, Error> {
        self.bind().log_prob(x)
    }

    /// [`BoundModel::score`], once.
    ///
    /// # Errors
    /// When x has another number of columns than the model.
    pub fn score(&self, x: MatRef<'_, f64>) -> Result<Mat<f64>, Error> {
        self.bind().score(x)
    }

    /// [`BoundModel::forward`], once.
    ///
    /// # Errors
    /// When x has another number of columns than the model.
    pub fn forward(&self, x: MatRef<'_, f64>, rng: &mut impl Rng) -> Result<Mat<f64>, Error> {
        self.bind().forward(x, rng)
    }

    /// [`BoundModel::inverse`], once.
    ///
    /// # Errors
    /// When z has another number of columns than the model.
    pub fn inverse(&self, z: MatRef<'_, f64>) -> Result<Mat<f64>, Error> {
        self.bind().inverse(z)
    }

    /// [`BoundModel::sample`], once.
    #[must_use]
    pub fn sample(&self, rows: usize, rng: &mut impl Rng) -> Mat<f64> {
        self.bind().sample(rows, rng)
    }

    /// [`BoundModel::sample_and_log_prob`], once.
    #[must_use]
    pub fn sample_and_log_prob(&self, rows: usize, rng: &mut impl Rng) -> (Mat<f64>, Vec<f64>) {
        self.bind().sample_and_log_prob(rows, rng)
    }

    /// [`BoundModel::encode`], once.
    ///
    /// # Errors
    /// When x has another number of columns than the model.
    pub fn encode(&self, x: MatRef<'_, f64>, rng: &mut impl Rng) -> Result<Encoded, Error> {
        let supports = columns::supports(&self.columns, &self.flow.discrete());
        bound::encode(&self.columns, &supports, x, rng)
    }
}
