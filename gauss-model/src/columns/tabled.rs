//! Which discrete columns have probabilities of their own, and which are made continuous by noise.
//!
//! Of a category every name is a value of a table; so is every whole number where there are few, and
//! rows enough to tell them apart. Counts of a wider range have a density over the cells of their
//! values, which is smooth where a table would have as many parameters as rows.

use super::{Column, Kind, Support};
use gauss_flow::Rows;
use gauss_flow::layers::tables::Values;
use gauss_rbig::recipe::Discrete;

/// Whole numbers in a table, at most, and the rows that each needs: p parameters cost p/2n nats, a
/// tenth of one here at most.
const MOST_NUMBERS: f64 = 64.0;
const ROWS_EACH: f64 = 5.0;
/// A table reaches to a bound that is no farther than this from what the rows show.
const NEAR: f64 = 16.0;
/// What no row shows beyond the table is expected at this many deviations from its end, on average.
const BEYOND: f64 = 0.5;
/// The least of that, in numbers.
const LEAST_BEYOND: f64 = 2.0;

/// The columns whose values have probabilities of their own, by what rows `[n, d]` show.
pub(crate) fn tabled(columns: &[Column], rows: Rows<'_>) -> Vec<Discrete> {
    let of = |(column, Column { kind, .. }): (usize, &Column)| match kind {
        Kind::Real(_) => None,
        Kind::Category(levels) => {
            let count = levels.len();
            let values = Values { column, count, first: 0.0, below: 0.0, above: 0.0 };
            Some(Discrete { values, is_number: false })
        }
        Kind::Integer(support) => Some(Discrete {
            values: numbers(column, *support, rows)?,
            is_number: true,
        }),
    };
    columns.iter().enumerate().filter_map(of).collect()
}

/// The table of a column of whole numbers; `None` where there are too many.
fn numbers(column: usize, support: Support, rows: Rows<'_>) -> Option<Values> {
    let cells: Vec<f64> = rows.x().col(column).iter().copied().collect();
    let present = || (0..cells.len()).filter(|i| rows.weight(*i) > 0.0).map(|i| cells[i]);
    let (min, max) = (present().reduce(f64::min)?, present().reduce(f64::max)?);
    let span = max - min + 1.0;
    if !(span <= MOST_NUMBERS && span * ROWS_EACH <= rows.effective()) {
        return None;
    }
    let mean = rows.mean(&cells);
    let squares: Vec<f64> = cells.iter().map(|v| (v - mean).powi(2)).collect();
    let excess = (BEYOND * rows.mean(&squares).sqrt()).max(LEAST_BEYOND);
    let ratio = 1.0 - 1.0 / excess;
    let (low, high) = support.bounds();
    let (first, below) = if min - low <= NEAR { (low, 0.0) } else { (min, ratio) };
    let (last, above) = if high - max <= NEAR { (high, 0.0) } else { (max, ratio) };
    let beyond = usize::from(below > 0.0) + usize::from(above > 0.0);
    let count = (last - first) as usize + 1 + beyond;
    Some(Values { column, count, first, below, above })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(support: Support, cells: &[f64]) -> Option<Values> {
        numbers(0, support, cells.into())
    }

    #[test]
    fn few_numbers_have_a_table_and_many_none() {
        let counts: Vec<f64> = (0..200).map(|i| f64::from(i % 7)).collect();
        let open = values(Support::Line, &counts).unwrap();
        assert_eq!((open.first, open.count), (0.0, 9));
        assert!(open.below >= 0.5 && open.below == open.above);
        let from_zero = values(Support::Above(0.0), &counts).unwrap();
        assert_eq!((from_zero.first, from_zero.count, from_zero.below), (0.0, 8, 0.0));
        let ratings = values(Support::Within(-2.0, 10.0), &counts).unwrap();
        assert_eq!((ratings.first, ratings.count, ratings.above), (-2.0, 13, 0.0));
        let few = values(Support::Line, &counts[..30]);
        let wide: Vec<f64> = (0..2000).map(|i| f64::from(i % 100)).collect();
        assert_eq!((few, values(Support::Line, &wide)), (None, None));
    }
}
