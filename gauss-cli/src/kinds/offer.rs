//! What the cells suggest that a column is. Offered, never forced: a column of whole numbers may
//! be a rounded measurement, and one of positive numbers a difference that happens to be.

use faer::ColRef;
use gauss_flow::{Column, Kind, Support};

use crate::table::Table;

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

/// An option for each column that could be more than a real number, in the order of the columns.
pub fn offers(table: &Table) -> Vec<String> {
    if table.rows() < LEAST_ROWS {
        return Vec::new();
    }
    let columns = table.columns.iter().zip(table.data.col_iter());
    columns.filter_map(|(column, cells)| offer(column, cells)).collect()
}

fn offer(column: &Column, cells: ColRef<'_, f64>) -> Option<String> {
    let name = &column.name;
    if column.kind != Kind::Real(Support::Line) {
        return None;
    }
    let shape = Shape::of(cells)?;
    if shape.whole {
        let mut distinct: Vec<f64> = cells.iter().copied().collect();
        distinct.sort_by(f64::total_cmp);
        distinct.dedup();
        let few = distinct.len() as f64 <= MOST_DISTINCT * cells.nrows() as f64;
        // Multiples of 25 are measurements on a grid, not counts.
        let counts = distinct.windows(2).fold(0.0, |step, pair| common(step, pair[1] - pair[0]));
        let few = few && counts == 1.0;
        let sign = if shape.low >= 0.0 {
            format!(" --support {}", quoted(&format!("{name}>=0")))
        } else {
            String::new()
        };
        return few.then(|| {
            format!(
                "column {name:?} holds whole numbers: --integer {}{sign} makes densities \
                 probabilities and samples whole",
                quoted(name)
            )
        });
    }
    for high in [1.0, 100.0] {
        if shape.low > 0.0 && shape.high < high && shape.high - shape.low > FILLED * high {
            return Some(format!(
                "column {name:?} fills the interval from 0 to {high}: --support {} keeps the \
                 model within it",
                quoted(&format!("{name} in [0,{high}]"))
            ));
        }
    }
    let skewed = shape.low > 0.0 && shape.skewness > SKEWED;
    (skewed && shape.log_skewness.abs() < LESS * shape.skewness).then(|| {
        format!(
            "column {name:?} is positive and skewed: --support {} keeps the model above 0",
            quoted(&format!("{name}>0"))
        )
    })
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
    let safe = |c: char| c.is_alphanumeric() || "_-.:%@/".contains(c);
    if word.chars().all(safe) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use faer::Mat;

    /// The offer for a column of these values, n of them for u = 1/(n+1), 2/(n+1), ...
    fn of(value: impl Fn(f64) -> f64) -> Option<String> {
        const N: usize = 500;
        let data = Mat::from_fn(N, 1, |i, _| value((i + 1) as f64 / (N + 1) as f64));
        offer(&Column::real("v"), data.col(0))
    }

    #[test]
    fn what_the_cells_suggest_is_offered() {
        let has = |offer: Option<String>, option: &str| {
            let offer = offer.expect(option);
            assert!(offer.contains(option), "{offer}");
        };
        has(of(|u| (10.0 * u).floor()), "--integer v --support 'v>=0'");
        has(of(|u| (10.0 * u).floor() - 5.0), "--integer v makes");
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
