//! Tails that fall like a power, found by the rows.
//!
//! Every map of a flow ends in normal tails. A row far out in a column that falls like x^(-1/ξ) then
//! costs thousands of nats, however many rows there are. Where the rows say that a side of a column
//! has such a tail, [`gauss_flow::LayerSpec::Tails`] makes it normal before anything is fitted.
//!
//! 1. Of each side the outermost tenth of the weight, of many rows less (`side.rs`), is fitted by a
//!    generalised Pareto distribution (`pareto.rs`).
//! 2. It is held against the exponential tail, ξ = 0, by the likelihood ratio. A column has tails
//!    where one of its sides exceeds what one table in a hundred without such tails would show on any
//!    side; the other side then has one where chance alone shows as much in one column of twenty. The
//!    farthest hundredth of the exceedances counts only as far, so that a few wild values make no tail.
//! 3. The validation rows may object: a column has no tails where a mixture of normals fitted to the
//!    column made normal gives them a lower mean log-density than one fitted to the column itself,
//!    by more than two standard errors.
//!
//! A side with less than 30 exceedances, or of which most repeat each other, has no tail.
//!
//! ```
//! use gauss_rbig::tails;
//! // Quantiles of a Cauchy distribution, and of a uniform one.
//! let quantiles = |n: usize| faer::Mat::from_fn(n, 2, |i, j| {
//!     let u = (i as f64 + 0.5) / n as f64 - 0.5;
//!     if j == 0 { (std::f64::consts::PI * u).tan() } else { u }
//! });
//! let found = tails::detect((&quantiles(2000)).into(), (&quantiles(501)).into())?;
//! assert_eq!((found.len(), found[0].column), (1, 0));
//! assert!((found[0].upper.unwrap().index - 1.0).abs() < 0.2);
//! # Ok::<(), gauss_rbig::Error>(())
//! ```

mod pareto;
mod side;

use crate::Error;
use crate::baseline::Baseline;
use crate::mean::Mean;
use gauss_flow::layers::tails::params;
use gauss_flow::rows::Counted;
use gauss_flow::{Flow, LayerSpec, OwnedRows, Rows};
use gauss_math::normal;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use side::Side;

pub use gauss_flow::layers::tails::Tail;

/// How often a table without power-law tails may seem to have one, at most.
const LEVEL: f64 = 0.01;
/// The same of the second side of a column whose first has a tail.
const OTHER_SIDE: f64 = 0.05;
/// Standard errors by which the validation rows must be less probable with a column's tails for it to
/// have none. That a tail is a power is seen by the few rows far out; in the mean over some hundred
/// rows it may make no difference.
const VETO: f64 = 2.0;
/// With fewer (effective) rows a side has less than 30 exceedances.
const LEAST_ROWS: f64 = 300.0;

/// The tails of one column: at least one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ColumnTails {
    /// The column, from 0.
    pub column: usize,
    /// Its lower tail.
    pub lower: Option<Tail>,
    /// Its upper tail.
    pub upper: Option<Tail>,
}

impl ColumnTails {
    /// Of a column, from 0.
    #[must_use]
    pub fn new(column: usize, lower: Option<Tail>, upper: Option<Tail>) -> Self {
        Self { column, lower, upper }
    }

    fn sides(&self) -> [Option<Tail>; 2] {
        [self.lower, self.upper]
    }
}

/// The columns of rows x `[n, d]` that have tails, as validation rows `[m, d]` confirm.
///
/// # Errors
/// [`Error::Columns`], [`Error::Rows`], [`Error::NonFinite`], [`Error::NoDimensions`].
pub fn detect(x: Rows<'_>, validation: Rows<'_>) -> Result<Vec<ColumnTails>, Error> {
    x.check(x.ncols())?;
    validation.check(x.ncols())?;
    let [x, validation] = [x, validation].map(Counted::of);
    let (x, validation) = (x.rows(), validation.rows());
    if x.effective() < LEAST_ROWS {
        return Ok(Vec::new());
    }
    let strict = LEVEL / (2 * x.ncols()) as f64;
    let found: Result<Vec<Option<ColumnTails>>, Error> = (0..x.ncols())
        .into_par_iter()
        .map(|column| {
            let [lower, upper] = of_column(x, column, strict);
            let tails = ColumnTails { column, lower, upper };
            let kept = tails.sides() != [None; 2] && pays(tails, x, validation)?;
            Ok(kept.then_some(tails))
        })
        .collect();
    Ok(found?.into_iter().flatten().collect())
}

/// The same sides of the same columns, fitted to other rows x `[n, d]`; a column of which a side
/// then has no tail stays as it is.
pub(crate) fn again(tails: &[ColumnTails], x: Rows<'_>) -> Vec<ColumnTails> {
    let x = Counted::of(x);
    let of_column = |old: &ColumnTails| {
        let [lower, upper] = sides(x.rows(), old.column);
        let fit = |side: Side, old: Option<Tail>| match old {
            None => Some(None),
            Some(_) => side.tail().map(Some),
        };
        match (fit(lower, old.lower), fit(upper, old.upper)) {
            (Some(lower), Some(upper)) => ColumnTails { lower, upper, ..*old },
            _ => *old,
        }
    };
    tails.par_iter().map(of_column).collect()
}

/// The layer that makes these tails of d columns normal.
pub(crate) fn layer(dim: usize, tails: &[ColumnTails]) -> Result<Flow, Error> {
    let mut columns = vec![[None; 2]; dim];
    for tails in tails {
        columns[tails.column] = tails.sides();
    }
    Flow::from_parts(dim, vec![LayerSpec::Tails], params(&columns))
}

/// What the likelihood says of a column of counted rows.
fn of_column(x: Rows<'_>, column: usize, strict: f64) -> [Option<Tail>; 2] {
    let sides = sides(x, column);
    // The likelihood ratio of ξ = 0, at the edge of ξ >= 0, is that of half a normal.
    let chances = [0, 1].map(|i| normal::sf(sides[i].likelihood_ratio().sqrt()));
    if !chances.iter().any(|chance| *chance < strict) {
        return [None; 2];
    }
    let [lower, upper] = sides;
    let tail = |side: Side, chance: f64| if chance < OTHER_SIDE { side.tail() } else { None };
    [tail(lower, chances[0]), tail(upper, chances[1])]
}

/// Both sides of a column of counted rows.
fn sides(x: Rows<'_>, column: usize) -> [Side; 2] {
    let values: Vec<f64> = x.x().col(column).iter().copied().collect();
    [-1.0, 1.0].map(|sign| Side::of(&values, x.weights(), sign))
}

/// Whether the validation rows' column is not less probable with these tails, by more than
/// [`VETO`] standard errors of the mean difference.
fn pays(tails: ColumnTails, x: Rows<'_>, validation: Rows<'_>) -> Result<bool, Error> {
    let own = |rows: Rows<'_>| {
        let x = rows.x().subcols(tails.column, 1).to_owned();
        OwnedRows::new(x, rows.weights().map(<[f64]>::to_vec))
    };
    let (x, validation) = (own(x)?, own(validation)?);
    let tails = layer(1, &[ColumnTails { column: 0, ..tails }])?;
    let log_prob = |x: Rows<'_>, validation: Rows<'_>| {
        let flow = Baseline::Independent.flow(x)?.expect("independent columns are a flow");
        flow.log_prob(validation.x())
    };
    let without = log_prob(x.rows(), validation.rows())?;
    let (normal, _) = map(&tails, x.rows())?;
    let (normal_validation, log_det) = map(&tails, validation.rows())?;
    let with = log_prob(normal.rows(), normal_validation.rows())?;
    let gain: Vec<f64> = (0..log_det.len()).map(|i| with[i] + log_det[i] - without[i]).collect();
    let gain = Mean::of_rows(&gain, validation.rows().weights());
    // An infinite gain has no error.
    Ok(gain.mean > f64::NEG_INFINITY && !(gain.mean < -VETO * gain.standard_error))
}

/// The rows as they leave the layer, and ln|det| of each.
pub(crate) fn map(layer: &Flow, x: Rows<'_>) -> Result<(OwnedRows, Vec<f64>), Error> {
    let (z, log_det) = layer.forward(x.x())?;
    let weights = x.weights().map(<[f64]>::to_vec);
    Ok((OwnedRows::new(z, weights)?, log_det))
}
