//! What a fit learns from: the table and the rows of --validation, made ready in the same steps.
//!
//! ```text
//!   read -> kinds declared and checked -> noise within discrete cells -> --noise -> encoded
//! ```

use faer::Mat;
use gauss_model::columns;
use gauss_rbig::recipe::{self, Fitted, Recipe};

use super::defects::Remedies;
use super::generator;
use super::kinds::{self, Kinds, KindsError};
use super::units::Units;
use crate::error::Error;
use crate::table::Table;
use crate::terminal::{Console, FitProgress};

/// The rows of a fit; both tables have the same columns.
pub struct Data {
    pub table: Table,
    pub validation: Option<Table>,
    /// Of all noise.
    pub seed: u64,
}

impl Data {
    /// Gives the columns their kinds, and holds every cell against them.
    pub fn declare(&mut self, kinds: &Kinds) -> Result<(), Error> {
        kinds.declare(&mut self.table)?;
        kinds::check(&self.table)?;
        if let Some(validation) = &mut self.validation {
            validation.columns.clone_from(&self.table.columns);
            kinds::check(validation)?;
        }
        Ok(())
    }

    /// Noise within the cell of every discrete value.
    pub fn dequantize(&mut self) {
        for (table, seed) in self.each() {
            if table.columns.iter().any(|column| column.kind.is_discrete()) {
                let mut rng = generator(seed);
                table.data = columns::dequantize(&table.columns, table.data.as_ref(), &mut rng);
            }
        }
    }

    /// The noise of --noise.
    pub fn add_noise(&mut self, remedies: &Remedies) -> Result<(), Error> {
        self.each().try_for_each(|(table, seed)| remedies.add_noise(table, seed))
    }

    /// Maps every column to the line, and tells the units.
    pub fn encode(&mut self) -> Result<Units, Error> {
        let table = encode(&mut self.table)?;
        let validation = self.validation.as_mut().map(encode).transpose()?;
        Ok(Units { table, validation })
    }

    /// Fits a flow, with live progress, until it is done or Ctrl-C ends it.
    pub fn fit(&self, recipe: &Recipe, console: &Console) -> Result<Fitted, Error> {
        let progress = FitProgress::interruptible(console);
        // Where the recipe takes rows with weights, it takes them here.
        let rows = self.table.weighted().map_err(|error| self.refused(error))?;
        recipe::fit_recipe(
            rows.x(),
            self.validation.as_ref().map(|table| (&table.data).into()),
            recipe,
            &mut &progress,
        )
        .map_err(|error| self.refused(error))
    }

    fn refused(&self, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::of_file(self.table.file(), error)
    }

    /// Each table with the seed of its noise: one seed would give both the same noise.
    fn each(&mut self) -> impl Iterator<Item = (&mut Table, u64)> {
        let validation = self.validation.as_mut().map(|table| (table, !self.seed));
        std::iter::once((&mut self.table, self.seed)).chain(validation)
    }
}

/// Maps the columns of one table to the line, in place; ln|det ∂y/∂x| of its rows.
fn encode(table: &mut Table) -> Result<Vec<f64>, Error> {
    let (y, log_det) =
        columns::encode(&table.columns, std::mem::replace(&mut table.data, Mat::new()));
    table.data = y;
    // The noise of --noise can carry a value over a bound.
    match log_det.iter().position(|v| !v.is_finite()) {
        None => Ok(log_det),
        Some(row) => {
            let outside = |j: &usize| !table.data[(row, *j)].is_finite();
            let column = (0..table.columns.len()).find(outside).unwrap_or(0);
            let column = table.columns[column].name.clone();
            let (file, row) = (table.file(), table.row_number(row));
            Err(KindsError::NoiseOutside { file, row, column }.into())
        }
    }
}
