//! Tables of the user's own kind: positive and bounded quantities, integers and categories, on
//! the way to a flow, which knows nothing but points of ℝᵈ.
//!
//! ```text
//!   x ── dequantize (noise within the cell of a discrete value) ──▶ u ── to_line ──▶ y ── flow ──▶ z
//! ```
//!
//! `x`, `u` and `y` are `[n, d]`, a column each of the model's. A categorical value is the
//! position of its name among the levels. A column whose values have probabilities of their own
//! ([`gauss_flow::layers::tables`]) is not mapped to the line: y is u, any point of the value's cell.

mod fill;
mod kind;
mod offer;
mod support;
mod tabled;

pub use fill::{commonest_first, typical};
pub(crate) use kind::validate;
pub use kind::{Column, Kind, MAX_INTEGER, Value, unnamed};
pub use offer::{Looks, Offer, offers};
pub use support::Support;
pub(crate) use support::short;
pub(crate) use tabled::tabled;

use faer::{Mat, MatRef};
use gauss_flow::layers::tables::Values;
use rand::{Rng, RngExt};

/// Rows as the flow sees them.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// `[n, d]`: on the line in every column. NaN outside the support.
    pub y: Mat<f64>,
    /// ln|det ∂y/∂u| of each row `[n]`: what a log-density of y needs to be one of u.
    pub log_det: Vec<f64>,
}

impl Encoded {
    /// Log-densities `[n]` of y as those of u, per unit of the table's columns.
    ///
    /// # Panics
    /// When there is another number of them than of rows.
    #[must_use]
    pub fn in_units(&self, mut log_prob: Vec<f64>) -> Vec<f64> {
        assert_eq!(log_prob.len(), self.log_det.len(), "one per row");
        for (total, ln_slope) in log_prob.iter_mut().zip(&self.log_det) {
            *total += ln_slope;
        }
        log_prob
    }
}

/// u `[n, d]`: x with uniform noise within the cell of every discrete value.
///
/// # Panics
/// When x has more columns than there are.
#[must_use]
pub fn dequantize(columns: &[Column], x: MatRef<'_, f64>, rng: &mut impl Rng) -> Mat<f64> {
    let mut u = x.to_owned();
    // Row by row, so that the first rows do not depend on how many there are.
    if columns.iter().any(|column| column.kind.is_discrete()) {
        for i in 0..x.nrows() {
            for (j, column) in columns.iter().enumerate() {
                if column.kind.is_discrete() {
                    u[(i, j)] = column.kind.dequantize(x[(i, j)], rng.random::<f64>());
                }
            }
        }
    }
    u
}

/// What each column's map to the line begins with; the line itself where the values have
/// probabilities of their own.
#[must_use]
pub fn supports(columns: &[Column], discrete: &[Values]) -> Vec<Support> {
    let of = |(j, column): (usize, &Column)| {
        let tabled = discrete.iter().any(|values| values.column == j);
        if tabled { Support::Line } else { column.kind.support() }
    };
    columns.iter().enumerate().map(of).collect()
}

/// The discrete columns whose values have no probabilities of their own, but a density over their
/// cells.
pub(crate) fn dequantized<'a>(
    columns: &'a [Column],
    discrete: &'a [Values],
) -> impl Iterator<Item = usize> + 'a {
    let tabled = |j: usize| discrete.iter().any(|values| values.column == j);
    (0..columns.len()).filter(move |j| columns[*j].kind.is_discrete() && !tabled(*j))
}

/// The points that a flow is fitted to, of u `[n, d]`: mapped to the line, column by column.
///
/// # Panics
/// When u has fewer columns than there are supports.
#[must_use]
pub fn encode(supports: &[Support], mut u: Mat<f64>) -> Encoded {
    let mut log_det = vec![0.0; u.nrows()];
    for (j, support) in supports.iter().enumerate() {
        if *support != Support::Line {
            for (i, total) in log_det.iter_mut().enumerate() {
                let (y, ln_slope) = support.to_line(u[(i, j)]);
                u[(i, j)] = y;
                *total += ln_slope;
            }
        }
    }
    Encoded { y: u, log_det }
}

/// x `[n, d]` in place of y: back within the support, discrete values rounded.
///
/// # Panics
/// When y has fewer columns than there are.
#[must_use]
pub fn decode(columns: &[Column], supports: &[Support], mut y: Mat<f64>) -> Mat<f64> {
    for (j, (Column { kind, .. }, support)) in columns.iter().zip(supports).enumerate() {
        if *support != Support::Line || kind.is_discrete() {
            for i in 0..y.nrows() {
                y[(i, j)] = kind.quantize(support.from_line(y[(i, j)]));
            }
        }
    }
    y
}

/// The first value, row by row, that is a number and no value of its column's kind: its row and
/// its column.
///
/// # Panics
/// When x has more columns than there are.
#[must_use]
pub fn first_outside(columns: &[Column], x: MatRef<'_, f64>) -> Option<(usize, usize)> {
    let outside = |i: usize, j: usize| columns[j].kind.excludes(x[(i, j)]);
    (0..x.nrows()).find_map(|i| (0..x.ncols()).find(|&j| outside(i, j)).map(|j| (i, j)))
}
