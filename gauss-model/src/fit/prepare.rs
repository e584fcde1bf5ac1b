//! What a fit learns from: the table and the rows that validate, made ready in the same steps.

use super::units::Units;
use super::{Fit, Fitted, Timings};
use crate::columns::{self, Column, Offer, Support};
use crate::error::Error;
use crate::provenance::Noise;
use faer::{Mat, MatRef};
use gauss_flow::layers::tables::Values;
use gauss_flow::rows::check_columns;
use gauss_flow::stream::{Purpose, stream};
use gauss_flow::{Rows, Watch};
use gauss_rbig::defects::{self, Caution, Defect};
use gauss_rbig::recipe::{self, Discrete, Recipe};
use std::time::Instant;

/// The span of a column's values, at least and at most: a double holds the squares of differences
/// in between.
const SPAN: (f64, f64) = (1e-150, 1e150);

/// A table that is ready to be learnt: checked, examined, and mapped to the line.
pub struct Prepared<'a> {
    pub(super) columns: Vec<Column>,
    pub(super) recipe: Recipe,
    pub(super) noise: Vec<Noise>,
    pub(super) weight_column: Option<String>,
    pub(super) created_by: String,
    pub(super) defects: Vec<Defect>,
    cautions: Vec<Caution>,
    validation_cautions: Vec<Caution>,
    pub(super) table: Ready<'a>,
    pub(super) validation: Option<Ready<'a>>,
    pub(super) seconds: f64,
    offers: Vec<Offer>,
    discrete: Vec<Discrete>,
}

impl<'a> Fit<'a> {
    /// Makes the rows x `[n, d]` ready: all of [`Fit::run`] that takes no time, so that somebody
    /// can be told of [`Prepared::defects`] before the search begins.
    ///
    /// # Errors
    /// - [`Error::InvalidKind`], [`Error::ColumnTwice`], [`Error::Fill`]: columns that cannot be;
    /// - [`gauss_flow::Error::Columns`], [`gauss_flow::Error::Rows`],
    ///   [`gauss_flow::Error::NonFinite`], [`gauss_flow::Error::RowMismatch`],
    ///   [`gauss_flow::Error::Weight`], [`gauss_flow::Error::NoWeight`],
    ///   [`gauss_flow::Error::ConstantColumn`], [`Error::Span`]: rows that nothing can be learnt
    ///   from;
    /// - [`Error::Cell`]: a value that is none of its column's;
    /// - [`Error::NoColumn`], [`Error::NoiseOnDiscrete`], [`Error::NoiseOutside`],
    ///   [`gauss_flow::Error::Option`]: noise, or a recipe, that cannot be.
    ///
    /// Of the validation rows, within [`Error::Validation`].
    pub fn prepare<'x>(self, x: impl Into<Rows<'x>>) -> Result<Prepared<'x>, Error>
    where
        'a: 'x,
    {
        let begun = Instant::now();
        let Fit { mut columns, recipe, noise, weight_column, created_by, .. } = self;
        let mut rows: Rows<'x> = x.into();
        if let Some(weights) = self.weights {
            rows = Rows::weighted(rows.x(), weights)?;
        }
        columns::validate(&columns)?;
        recipe.validate()?;
        let noise = located(noise, &columns)?;
        check_columns(columns.len(), rows.x())?;
        if rows.nrows() > 1 {
            check_spread(&columns, rows.x())?; // of one row every column is constant
        }
        let (needed, got) = (recipe::MIN_ROWS, rows.nrows());
        if got < needed {
            return Err(gauss_flow::Error::Rows { needed, got }.into());
        }
        check_cells(&columns, rows)?;

        let u = with_noise(&columns, rows.x(), &noise, recipe.seed)?;
        let seen = u.as_ref().map_or(rows.x(), Mat::as_ref);
        let defects = defects::examine(with_weights(seen, rows.weights())?)?;
        let offers = columns::offers(&columns, seen);
        let discrete = columns::tabled(&columns, rows, self.validation.as_ref().map(Rows::x));
        let values: Vec<Values> = discrete.iter().map(|own| own.values.clone()).collect();
        let supports = columns::supports(&columns, &values);
        let table = Ready::of(&columns, &supports, rows, u)?;
        let cautions = defects::cautions(table.rows()?)?;
        let validation = match self.validation {
            None => None,
            Some(rows) => {
                let ready = || {
                    check_cells(&columns, rows)?;
                    // One seed would give both the same noise.
                    let u = with_noise(&columns, rows.x(), &noise, !recipe.seed)?;
                    Ready::of(&columns, &supports, rows, u)
                };
                Some(ready().map_err(|error| Error::Validation(Box::new(error)))?)
            }
        };
        let validation_cautions = match &validation {
            Some(validation) => defects::cautions(validation.rows()?)?,
            None => Vec::new(),
        };
        // Few rows judge badly, but nothing is learnt from them.
        let learns = |caution: &Caution| !matches!(caution, Caution::FewRows { .. });
        let validation_cautions = validation_cautions.into_iter().filter(learns).collect();
        for (column, values) in columns.iter_mut().zip(rows.x().col_iter()) {
            if column.fill.is_none() {
                let values: Vec<f64> = values.iter().copied().collect();
                column.fill = columns::typical(&column.kind, &values, rows.weights());
            }
        }
        let seconds = begun.elapsed().as_secs_f64();
        Ok(Prepared {
            columns,
            recipe,
            noise,
            weight_column,
            created_by,
            defects,
            cautions,
            validation_cautions,
            table,
            validation,
            seconds,
            offers,
            discrete,
        })
    }
}

impl Prepared<'_> {
    /// The columns, each with the value that fills its missing cells.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// What is wrong with the table as it will be fitted, noise included: where it has no density
    /// of its own, ln p(x) can be as large as one likes.
    #[must_use]
    pub fn defects(&self) -> &[Defect] {
        &self.defects
    }

    /// What to beware of: next to no rows, and values, as the flow sees them, that lie so far from the
    /// others of their column that the fit may go wrong.
    #[must_use]
    pub fn cautions(&self) -> &[Caution] {
        &self.cautions
    }

    /// The same of the validation rows.
    #[must_use]
    pub fn validation_cautions(&self) -> &[Caution] {
        &self.validation_cautions
    }

    /// What the cells of real columns suggest that they are; nothing is done about it.
    #[must_use]
    pub fn offers(&self) -> &[Offer] {
        &self.offers
    }

    /// Fits. `watch` hears how it goes, and may end it: what there is then is the result.
    ///
    /// # Errors
    /// [`gauss_flow::Error::Diverged`] where the training of every candidate did, and whatever
    /// [`gauss_rbig::recipe::fit_recipe`] refuses.
    pub fn run(self, watch: &mut dyn Watch) -> Result<Fitted, Error> {
        let begun = Instant::now();
        let validation = self.validation.as_ref().map(Ready::rows).transpose()?;
        let (rows, recipe) = (self.table.rows()?, &self.recipe);
        let mut search = recipe::fit_discrete(rows, validation, &self.discrete, recipe, watch)?;
        let units = Units {
            table: &self.table.log_det,
            weights: self.table.x.weights(),
            validation: self.validation.as_ref().map(|v| (&v.log_det[..], v.x.weights())),
        };
        units.apply(&mut search);
        let (prepare, fit) = (self.seconds, begun.elapsed().as_secs_f64());
        Fitted::new(self, search, Timings { prepare, fit })
    }
}

/// Rows as the flow sees them.
pub(super) struct Ready<'a> {
    /// In the table's own values.
    x: Rows<'a>,
    /// Encoded; `None` where that is x itself.
    y: Option<Mat<f64>>,
    /// ln|det ∂y/∂u| of each row.
    log_det: Vec<f64>,
}

impl<'a> Ready<'a> {
    /// Of rows x, and u, the same with noise, if there is any. Encodes.
    fn of(
        columns: &[Column],
        supports: &[Support],
        x: Rows<'a>,
        u: Option<Mat<f64>>,
    ) -> Result<Self, Error> {
        if supports.iter().all(|support| *support == Support::Line) {
            return Ok(Self { x, y: u, log_det: vec![0.0; x.nrows()] });
        }
        let u = u.unwrap_or_else(|| x.x().to_owned());
        let encoded = columns::encode(supports, u);
        // Noise can carry a value over a bound.
        if let Some(row) = encoded.log_det.iter().position(|v| !v.is_finite()) {
            let outside = |j: &usize| !encoded.y[(row, *j)].is_finite();
            let column = (0..columns.len()).find(outside).unwrap_or(0);
            let name = columns[column].name.clone();
            return Err(Error::NoiseOutside { row, column, name });
        }
        Ok(Self { x, y: Some(encoded.y), log_det: encoded.log_det })
    }

    fn rows(&self) -> Result<Rows<'_>, Error> {
        with_weights(self.y.as_ref().map_or(self.x.x(), Mat::as_ref), self.x.weights())
    }

    /// The rows in the table's own values.
    pub(super) fn table(&self) -> Rows<'_> {
        self.x
    }
}

fn with_weights<'a>(x: MatRef<'a, f64>, weights: Option<&'a [f64]>) -> Result<Rows<'a>, Error> {
    Ok(match weights {
        None => x.into(),
        Some(weights) => Rows::weighted(x, weights)?,
    })
}

/// The columns of the noise.
fn located(noise: Vec<(String, f64)>, columns: &[Column]) -> Result<Vec<Noise>, Error> {
    let located = |(name, width): (String, f64)| {
        let Some(column) = columns.iter().position(|column| column.name == name) else {
            return Err(Error::NoColumn { name });
        };
        let kind = &columns[column].kind;
        if kind.is_discrete() {
            return Err(Error::NoiseOnDiscrete { name, kind: kind.clone() });
        }
        Ok(Noise { column, width })
    };
    noise.into_iter().map(located).collect()
}

/// Whether every column spreads as learning needs it: more than one value, for a density on a line
/// has no finite logarithm off it, and a span that can be squared.
fn check_spread(columns: &[Column], x: MatRef<'_, f64>) -> Result<(), Error> {
    let (least, most) = SPAN;
    for (column, (Column { name, .. }, cells)) in columns.iter().zip(x.col_iter()).enumerate() {
        let min = cells.iter().copied().fold(f64::INFINITY, f64::min);
        let max = cells.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if min == max {
            return Err(gauss_flow::Error::ConstantColumn { column, value: min }.into());
        }
        let span = max - min;
        // An infinite cell is refused as such; the span of finite ones can be infinite, too.
        if min.is_finite() && max.is_finite() && !(least..=most).contains(&span) {
            return Err(Error::Span { column, name: name.clone(), span, least, most });
        }
    }
    Ok(())
}

/// Whether every cell is a value of its column's.
fn check_cells(columns: &[Column], rows: Rows<'_>) -> Result<(), Error> {
    rows.check(columns.len())?;
    let beyond = || {
        let x = rows.x();
        let too_large = |i: usize, j: usize| !columns[j].kind.teaches(x[(i, j)]);
        (0..x.nrows()).find_map(|i| (0..x.ncols()).find(|&j| too_large(i, j)).map(|j| (i, j)))
    };
    match columns::first_outside(columns, rows.x()).or_else(beyond) {
        None => Ok(()),
        Some((row, column)) => {
            let Column { name, kind, .. } = columns[column].clone();
            Err(Error::Cell { row, column, name, value: rows.x()[(row, column)], kind })
        }
    }
}

/// u `[n, d]`: x with noise within the cells of discrete values, and the noise of some columns;
/// `None` where there is none of either.
fn with_noise(
    columns: &[Column],
    x: MatRef<'_, f64>,
    noise: &[Noise],
    seed: u64,
) -> Result<Option<Mat<f64>>, Error> {
    let discrete = columns.iter().any(|column| column.kind.is_discrete());
    if !discrete && noise.is_empty() {
        return Ok(None);
    }
    let mut u = columns::dequantize(columns, x, &mut stream(seed, Purpose::Draws));
    for Noise { column, width } in noise {
        defects::add_noise(&mut u, *column, *width, seed)?;
    }
    Ok(Some(u))
}
