//! What the cells suggest that a column is. Offered, never forced: a column of whole numbers may
//! be a rounded measurement, and one of positive numbers a difference that happens to be.

use std::fmt;

use faer::ColRef;
use gauss_model::{Column, Kind, Support};
use schemars::JsonSchema;
use serde::Serialize;

use crate::table::Table;
use crate::words::argument;

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

/// [`Offer::kind`] of a column of counts, ranks or codes.
pub const WHOLE_NUMBERS: &str = "whole_numbers";

/// What a column could be rather than real numbers, and how to say so.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Offer {
    /// The column.
    pub column: String,
    /// What its cells look like: `whole_numbers`, `interval` (they fill one) or `skewed` (positive,
    /// and their logarithms are less so).
    pub kind: &'static str,
    /// Options of `gauss fit`, as a shell takes them.
    pub options: String,
    /// The finding, for a person.
    pub sentence: String,
    /// What the options change, for a person.
    pub effect: &'static str,
}

impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.sentence, self.options, self.effect)
    }
}

/// An offer for each column that could be more than real numbers, in the order of the columns.
pub fn offers(table: &Table) -> Vec<Offer> {
    if table.rows() < LEAST_ROWS {
        return Vec::new();
    }
    let columns = table.columns.iter().zip(table.data.col_iter());
    columns.filter_map(|(column, cells)| offer(column, cells)).collect()
}

fn offer(column: &Column, cells: ColRef<'_, f64>) -> Option<Offer> {
    if column.kind != Kind::Real(Support::Line) {
        return None;
    }
    let name = &column.name;
    let shape = Shape::of(cells)?;
    let made = |kind, options: String, looks: String, effect| {
        let sentence = format!("column {name:?} {looks}");
        Some(Offer { column: name.clone(), kind, options, sentence, effect })
    };
    if shape.whole {
        let mut options = format!("--integer {}", quoted(name));
        if shape.begins_at_zero() {
            options = format!("{options} --support {}", quoted(&format!("{name}>=0")));
        }
        let effect = "makes densities probabilities and samples whole";
        let looks = "holds whole numbers".to_owned();
        return if are_counts(cells) { made(WHOLE_NUMBERS, options, looks, effect) } else { None };
    }
    for high in [1.0, 100.0] {
        if shape.low > 0.0 && shape.high < high && shape.high - shape.low > FILLED * high {
            let options = format!("--support {}", quoted(&format!("{name} in [0,{high}]")));
            let looks = format!("fills the interval from 0 to {high}");
            return made("interval", options, looks, "keeps the model within it");
        }
    }
    let skewed = shape.low > 0.0 && shape.skewness > SKEWED;
    if skewed && shape.log_skewness.abs() < LESS * shape.skewness {
        let options = format!("--support {}", quoted(&format!("{name}>0")));
        let looks = "is positive and skewed".to_owned();
        return made("skewed", options, looks, "keeps the model above 0");
    }
    None
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

/// A word of a command line.
fn quoted(word: &str) -> String {
    argument([word])
}

#[cfg(test)]
mod tests {
    use super::*;
    use faer::Mat;

    /// The offer for a column of these values, n of them for u = 1/(n+1), 2/(n+1), ...
    fn of(value: impl Fn(f64) -> f64) -> Option<Offer> {
        const N: usize = 500;
        let data = Mat::from_fn(N, 1, |i, _| value((i + 1) as f64 / (N + 1) as f64));
        offer(&Column::real("v"), data.col(0))
    }

    #[test]
    fn what_the_cells_suggest_is_offered() {
        let has = |offer: Option<Offer>, option: &str| {
            let offer = offer.expect(option).to_string();
            assert!(offer.contains(option), "{offer}");
        };
        has(of(|u| (10.0 * u).floor()), "--integer v --support 'v>=0'");
        has(of(|u| (10.0 * u).floor() - 5.0), "--integer v makes");
        has(of(|u| (10.0 * u).floor() + 2000.0), "--integer v makes"); // years
        has(of(|u| -(1.0 - u).ln()), "--support 'v>0'"); // exponential
        has(of(|u| u), "--support 'v in [0,1]'");
        has(of(|u| 100.0 * u), "--support 'v in [0,100]'");
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
