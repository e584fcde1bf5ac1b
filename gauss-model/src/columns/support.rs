//! Where a column's values lie, and the map from there onto the whole line:
//!
//! | support | y(x) | ln dy/dx | x(y) |
//! |---|---|---|---|
//! | the line | x | 0 | y |
//! | (a, ∞) | ln(x - a) | -y | a + eʸ |
//! | (-∞, b) | -ln(b - x) | y | b - e⁻ʸ |
//! | (a, b) | ln((x - a)/(b - x)) | ln(b - a) - ln(x - a) - ln(b - x) | a + (b - a)/(1 + e⁻ʸ) |
//!
//! Each is strictly increasing. The way back never leaves the open interval: where rounding would
//! put a value on its border, it becomes the nearest double within.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The interval that holds a column's values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Support {
    /// Every number.
    #[default]
    Line,
    /// Above a bound.
    Above(f64),
    /// Below a bound.
    Below(f64),
    /// Between two bounds.
    Within(f64, f64),
}

impl Support {
    /// Whether the bounds are finite and in order, with a double between them.
    #[must_use]
    pub fn is_valid(self) -> bool {
        match self {
            Support::Line => true,
            Support::Above(low) => low.is_finite() && low < f64::MAX,
            Support::Below(high) => high.is_finite() && high > f64::MIN,
            Support::Within(low, high) => low.next_up() < high && (high - low).is_finite(),
        }
    }

    /// Whether x is a finite number strictly within the bounds.
    #[must_use]
    pub fn contains(self, x: f64) -> bool {
        let (low, high) = self.bounds();
        low < x && x < high
    }

    /// The bounds, infinite where there are none.
    #[must_use]
    pub fn bounds(self) -> (f64, f64) {
        match self {
            Support::Line => (f64::NEG_INFINITY, f64::INFINITY),
            Support::Above(low) => (low, f64::INFINITY),
            Support::Below(high) => (f64::NEG_INFINITY, high),
            Support::Within(low, high) => (low, high),
        }
    }

    /// y(x) and ln dy/dx. NaN for a value that is not within the bounds.
    #[must_use]
    pub fn to_line(self, x: f64) -> (f64, f64) {
        if !self.contains(x) {
            return (f64::NAN, f64::NAN);
        }
        match self {
            Support::Line => (x, 0.0),
            Support::Above(low) => {
                let y = ln_difference(x, low);
                (y, -y)
            }
            Support::Below(high) => {
                let y = -ln_difference(high, x);
                (y, y)
            }
            Support::Within(low, high) => {
                let (below, above) = ((x - low).ln(), (high - x).ln());
                (below - above, (high - low).ln() - below - above)
            }
        }
    }

    /// dy/dx and d/dx ln dy/dx at x. NaN for a value that is not within the bounds.
    ///
    /// | support | dy/dx | d/dx ln dy/dx |
    /// |---|---|---|
    /// | the line | 1 | 0 |
    /// | (a, ∞) | 1/(x - a) | -1/(x - a) |
    /// | (-∞, b) | 1/(b - x) | 1/(b - x) |
    /// | (a, b) | 1/(x - a) + 1/(b - x) | 1/(b - x) - 1/(x - a) |
    pub(crate) fn slopes(self, x: f64) -> (f64, f64) {
        if !self.contains(x) {
            return (f64::NAN, f64::NAN);
        }
        let (low, high) = self.bounds();
        // Of an infinite bound: 0.
        let (from_low, from_high) = ((x - low).recip(), (high - x).recip());
        match self {
            Support::Line => (1.0, 0.0),
            _ => (from_low + from_high, from_high - from_low),
        }
    }

    /// x(y), within the bounds for every y. NaN for NaN.
    #[must_use]
    pub fn from_line(self, y: f64) -> f64 {
        let x = match self {
            Support::Line => return y,
            Support::Above(low) => low + y.exp(),
            Support::Below(high) => high - (-y).exp(),
            // From the nearer bound, so that the distance to it keeps its digits.
            Support::Within(low, high) if y < 0.0 => low + (high - low) / (1.0 + (-y).exp()),
            Support::Within(low, high) => high - (high - low) / (1.0 + y.exp()),
        };
        if x.is_nan() {
            return x;
        }
        let (low, high) = self.bounds();
        x.max(low.next_up()).min(high.next_down())
    }

    /// The interval with both bounds moved outwards.
    pub(super) fn widened(self, by: f64) -> Support {
        match self {
            Support::Line => Support::Line,
            Support::Above(low) => Support::Above(low - by),
            Support::Below(high) => Support::Below(high + by),
            Support::Within(low, high) => Support::Within(low - by, high + by),
        }
    }
}

/// ln(a - b) for a > b; the difference itself may be beyond a double.
fn ln_difference(a: f64, b: f64) -> f64 {
    let difference = a - b;
    if difference <= f64::MAX {
        difference.ln()
    } else {
        (a / 2.0 - b / 2.0).ln() + std::f64::consts::LN_2
    }
}

/// A number in its shortest exact form, with an exponent where it would have a page of digits.
pub(crate) fn short(x: f64) -> String {
    let size = x.abs();
    if size >= 1e16 || (size < 1e-6 && size > 0.0) { format!("{x:e}") } else { x.to_string() }
}

impl fmt::Display for Support {
    /// `> 0`, `< 1`, `in (0, 1)`; nothing for the line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Support::Line => Ok(()),
            Support::Above(low) => write!(f, "> {}", short(low)),
            Support::Below(high) => write!(f, "< {}", short(high)),
            Support::Within(low, high) => write!(f, "in ({}, {})", short(low), short(high)),
        }
    }
}
