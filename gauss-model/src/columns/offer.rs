//! What the cells suggest that a column is. Offered, never forced: a column of whole numbers may
//! be a rounded measurement, and one of positive numbers a difference that happens to be.

use super::{Column, Kind, Support};
use faer::{ColRef, MatRef};
use serde::{Deserialize, Serialize};

/// Rows below which nothing is offered: any few numbers look like something.
const LEAST_ROWS: usize = 50;
/// A column of more distinct integers than this share of its rows is as good as real.
const MOST_DISTINCT: f64 = 0.5;
/// Skewness from which a logarithm is worth the word; that of an exponential distribution is 2.
const SKEWED: f64 = 1.5;
/// Of the skewness that the logarithm may leave, either way: an exponential distribution keeps 0.57.
const LESS: f64 = 0.75;
/// How much of an interval the values must fill for its bounds to be theirs.
const FILLED: f64 = 0.95;

/// What a column could be rather than real numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Offer {
    /// The column, from 0.
    pub column: usize,
    /// What its cells look like.
    pub looks: Looks,
}

/// What the cells of a column look like.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Looks {
    /// Counts, ranks or codes.
    WholeNumbers {
        /// Whether they begin at 0, or so near that no other bound is likely.
        from_zero: bool,
    },
    /// They fill the interval from 0 to `high`.
    Interval {
        /// 1 or 100.
        high: f64,
    },
    /// Positive, with a long tail that their logarithms have not.
    Skewed,
}

impl Looks {
    /// The kind that is offered.
    ///
    /// ```
    /// use gauss_model::{Kind, Support, columns::Looks};
    /// let counts = Looks::WholeNumbers { from_zero: true };
    /// assert_eq!(counts.kind(), Kind::Integer(Support::Above(0.0)));
    /// ```
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Looks::WholeNumbers { from_zero: true } => Kind::Integer(Support::Above(0.0)),
            Looks::WholeNumbers { from_zero: false } => Kind::Integer(Support::Line),
            Looks::Interval { high } => Kind::Real(Support::Within(0.0, high)),
            Looks::Skewed => Kind::Real(Support::Above(0.0)),
        }
    }
}

/// An offer for each real column without bounds that could be more, in the order of the columns.
/// `x` is `[n, d]`, all finite.
///
/// ```
/// use gauss_model::columns::{self, Looks};
/// let x = faer::Mat::from_fn(60, 2, |i, j| if j == 0 { (i % 7) as f64 } else { (i as f64).sin() });
/// let offers = columns::offers(&columns::unnamed(2), x.as_ref());
/// assert_eq!(offers.len(), 1);
/// assert_eq!((offers[0].column, offers[0].looks), (0, Looks::WholeNumbers { from_zero: true }));
/// ```
#[must_use]
pub fn offers(columns: &[Column], x: MatRef<'_, f64>) -> Vec<Offer> {
    if x.nrows() < LEAST_ROWS {
        return Vec::new();
    }
    let plain = |column: &Column| column.kind == Kind::default();
    let cells = columns.iter().zip(x.col_iter()).enumerate();
    cells
        .filter(|(_, (column, _))| plain(column))
        .filter_map(|(column, (_, cells))| Some(Offer { column, looks: looks(cells)? }))
        .collect()
}

fn looks(cells: ColRef<'_, f64>) -> Option<Looks> {
    let shape = Shape::of(cells)?;
    if shape.whole {
        let from_zero = shape.begins_at_zero();
        return are_counts(cells).then_some(Looks::WholeNumbers { from_zero });
    }
    for high in [1.0, 100.0] {
        if shape.low > 0.0 && shape.high < high && shape.high - shape.low > FILLED * high {
            return Some(Looks::Interval { high });
        }
    }
    let skewed = shape.low > 0.0 && shape.skewness > SKEWED;
    (skewed && shape.log_skewness.abs() < LESS * shape.skewness).then_some(Looks::Skewed)
}

/// Whether whole numbers are few beside their rows, and on no coarser grid: multiples of 25 are
/// measurements rather than counts.
fn are_counts(cells: ColRef<'_, f64>) -> bool {
    let mut distinct: Vec<f64> = cells.iter().copied().collect();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    let few = distinct.len() as f64 <= MOST_DISTINCT * cells.nrows() as f64;
    few && distinct.windows(2).fold(0.0, |step, pair| common(step, pair[1] - pair[0])) == 1.0
}

/// What decides.
struct Shape {
    low: f64,
    high: f64,
    whole: bool,
    skewness: f64,
    /// Of the logarithms; only where all values are positive.
    log_skewness: f64,
}

impl Shape {
    /// Of a column of finite numbers that are not all the same.
    fn of(cells: ColRef<'_, f64>) -> Option<Shape> {
        let low = cells.iter().copied().fold(f64::INFINITY, f64::min);
        let high = cells.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        (low < high && (high - low).is_finite()).then(|| Shape {
            low,
            high,
            whole: cells.iter().all(|v| v.fract() == 0.0),
            skewness: skewness(cells, |v| v),
            log_skewness: if low > 0.0 { skewness(cells, f64::ln) } else { 0.0 },
        })
    }

    /// Whether 0 is the end of the values rather than a number far below them, as it is of years.
    fn begins_at_zero(&self) -> bool {
        self.low >= 0.0 && self.low <= self.high - self.low
    }
}

fn skewness(cells: ColRef<'_, f64>, map: fn(f64) -> f64) -> f64 {
    let n = cells.nrows() as f64;
    let values = || cells.iter().map(|&v| map(v));
    let mean = values().sum::<f64>() / n;
    let moment = |k: i32| values().map(|v| (v - mean).powi(k)).sum::<f64>() / n;
    moment(3) / moment(2).powf(1.5)
}

/// The greatest common divisor of whole numbers.
fn common(a: f64, b: f64) -> f64 {
    if b == 0.0 { a } else { common(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use faer::Mat;

    /// What a column of these values looks like, n of them for u = 1/(n+1), 2/(n+1), ...
    fn of(value: impl Fn(f64) -> f64) -> Option<Looks> {
        const N: usize = 500;
        let x = Mat::from_fn(N, 1, |i, _| value((i + 1) as f64 / (N + 1) as f64));
        offers(&[Column::real("v")], x.as_ref()).first().map(|offer| offer.looks)
    }

    #[test]
    fn what_the_cells_suggest_is_offered() {
        let whole = |from_zero| Some(Looks::WholeNumbers { from_zero });
        assert_eq!(of(|u| (10.0 * u).floor()), whole(true));
        assert_eq!(of(|u| (10.0 * u).floor() - 5.0), whole(false));
        assert_eq!(of(|u| (10.0 * u).floor() + 2000.0), whole(false), "years");
        assert_eq!(of(|u| -(1.0 - u).ln()), Some(Looks::Skewed), "exponential");
        assert_eq!(of(|u| u), Some(Looks::Interval { high: 1.0 }));
        assert_eq!(of(|u| 100.0 * u), Some(Looks::Interval { high: 100.0 }));
    }

    #[test]
    fn nothing_is_offered_where_nothing_shows() {
        assert_eq!(of(|u| u - 0.5), None);
        assert_eq!(of(|u| 0.2 + 0.5 * u), None);
        assert_eq!(of(|u| (500.0 * u).round()), None, "every integer once");
        assert_eq!(of(|u| 25.0 * (10.0 * u).floor()), None, "a grid");
        assert_eq!(of(|u| 5.0 + u * u), None, "positive, hardly skewed");
        assert_eq!(of(|_| 3.0), None);
    }
}
