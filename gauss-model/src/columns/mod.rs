//! Tables of the user's own kind: positive and bounded quantities, integers and categories, on
//! the way to a flow, which knows nothing but points of ℝᵈ.
//!
//! ```text
//!   x ── dequantize (noise within the cell of a discrete value) ──▶ u ── to_line ──▶ y ── flow ──▶ z
//! ```
//!
//! `x`, `u` and `y` are `[n, d]`, a column each of the model's. A categorical value is the
//! position of its name among the levels.

mod kind;
mod support;

pub(crate) use kind::validate;
pub use kind::{Column, Kind, Value, unnamed};
pub use support::Support;

use faer::{Mat, MatRef};
use rand::{Rng, RngExt};

/// u `[n, d]`: x with uniform noise within the cell of every discrete value.
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

/// y `[n, d]` of u `[n, d]`, the points that a flow is fitted to, and ln|det ∂y/∂u| `[n]`. NaN
/// outside the support.
pub fn encode(columns: &[Column], mut u: Mat<f64>) -> (Mat<f64>, Vec<f64>) {
    let mut log_det = vec![0.0; u.nrows()];
    for (j, column) in columns.iter().enumerate() {
        let support = column.kind.support();
        if support != Support::Line {
            for (i, total) in log_det.iter_mut().enumerate() {
                let (y, ln_slope) = support.to_line(u[(i, j)]);
                u[(i, j)] = y;
                *total += ln_slope;
            }
        }
    }
    (u, log_det)
}

/// x `[n, d]` in place of y: back within the support, discrete values rounded.
pub fn decode(columns: &[Column], mut y: Mat<f64>) -> Mat<f64> {
    for (j, Column { kind, .. }) in columns.iter().enumerate() {
        let support = kind.support();
        if support != Support::Line || kind.is_discrete() {
            for i in 0..y.nrows() {
                y[(i, j)] = kind.quantize(support.from_line(y[(i, j)]));
            }
        }
    }
    y
}

/// The first value, row by row, that is a number and no value of its column's kind.
pub fn first_outside(columns: &[Column], x: MatRef<'_, f64>) -> Option<(usize, usize)> {
    let outside = |i: usize, j: usize| columns[j].kind.excludes(x[(i, j)]);
    (0..x.nrows()).find_map(|i| (0..x.ncols()).find(|&j| outside(i, j)).map(|j| (i, j)))
}
