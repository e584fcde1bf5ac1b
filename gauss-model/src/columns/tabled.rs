//! Which discrete columns have probabilities of their own, and which are made continuous by noise.
//!
//! Of a category every name is a value of a table; so is every whole number where there are few, and
//! rows enough to tell them apart. Counts of a wider range have a density over the cells of their
//! values, which is smooth where a table would have as many parameters as rows.

use super::{Column, Kind, Support};
use faer::MatRef;
use gauss_flow::Rows;
use gauss_flow::layers::tables::Values;
use gauss_rbig::recipe::Discrete;

/// Whole numbers in a table, at most, and the rows that each needs: p parameters cost p/2n nats, a
/// tenth of one here at most.
const MOST_NUMBERS: usize = 64;
const ROWS_EACH: f64 = 5.0;
/// A table may have gaps where next to no rows hold numbers that hardly any other row has: what else
/// there may be between them is then as rare.
const SCARCE: f64 = 3.0;
const SCARCE_PART: f64 = 1e-3;
/// A table reaches to a bound that is no farther than this from what the rows show.
const NEAR: f64 = 16.0;
/// What no row shows beyond the table is expected at this many deviations from its end, on average.
const BEYOND: f64 = 0.5;
/// The least of that, in numbers.
const LEAST_BEYOND: f64 = 2.0;

/// The columns whose values have probabilities of their own, by what rows `[n, d]` show; numbers that only
/// validation rows show have a place in the tables, too.
pub(crate) fn tabled(
    columns: &[Column],
    rows: Rows<'_>,
    validation: Option<MatRef<'_, f64>>,
) -> Vec<Discrete> {
    let of = |(column, Column { kind, .. }): (usize, &Column)| match kind {
        Kind::Real(_) => None,
        Kind::Category(levels) => {
            let own = (0..levels.len()).map(|level| level as f64).collect();
            let values = Values { column, own, below: 0.0, above: 0.0 };
            Some(Discrete { values, is_number: false })
        }
        Kind::Integer(support) => {
            Some(Discrete { values: numbers(column, *support, rows, validation)?, is_number: true })
        }
    };
    columns.iter().enumerate().filter_map(of).collect()
}

/// The table of a column of whole numbers; `None` where there are too many.
fn numbers(
    column: usize,
    support: Support,
    rows: Rows<'_>,
    validation: Option<MatRef<'_, f64>>,
) -> Option<Values> {
    let cells: Vec<f64> = rows.x().col(column).iter().copied().collect();
    let mut own: Vec<(f64, f64)> = Vec::new(); // numbers and the weight of their rows
    for i in (0..cells.len()).filter(|i| rows.weight(*i) > 0.0) {
        let cell = cells[i] + 0.0; // no -0
        match own.binary_search_by(|(number, _)| number.total_cmp(&cell)) {
            Ok(at) => own[at].1 += rows.weight(i),
            Err(_) if own.len() == MOST_NUMBERS => return None,
            Err(at) => own.insert(at, (cell, rows.weight(i))),
        }
    }
    for cell in validation.iter().flat_map(|x| x.col(column).iter()).filter(|v| v.is_finite()) {
        let cell = cell + 0.0;
        match own.binary_search_by(|(number, _)| number.total_cmp(&cell)) {
            Ok(_) => {}
            Err(_) if own.len() == MOST_NUMBERS => return None,
            Err(at) => own.insert(at, (cell, 0.0)),
        }
    }
    let n = rows.effective();
    let (min, max) = (own.first()?.0, own.last()?.0);
    let span = max - min + 1.0;
    let to_rows = n / rows.total();
    let scarce: f64 = own.iter().map(|own| own.1 * to_rows).filter(|rows| *rows < SCARCE).sum();
    let full = span <= MOST_NUMBERS as f64 && span * ROWS_EACH <= n;
    let own: Vec<f64> = if full {
        (0..span as usize).map(|k| min + k as f64).collect()
    } else if own.len() as f64 * ROWS_EACH <= n && scarce <= SCARCE_PART * n {
        own.into_iter().map(|(number, _)| number).collect()
    } else {
        return None;
    };
    let mean = rows.mean(&cells);
    let squares: Vec<f64> = cells.iter().map(|v| (v - mean).powi(2)).collect();
    let excess = (BEYOND * rows.mean(&squares).sqrt()).max(LEAST_BEYOND);
    let ratio = 1.0 - 1.0 / excess;
    let (low, high) = support.bounds();
    let more = |from: f64, to: f64| (0..(to - from) as usize).map(move |k| from + k as f64);
    let (first, below) = if min - low <= NEAR { (low, 0.0) } else { (min, ratio) };
    let (last, above) = if high - max <= NEAR { (high, 0.0) } else { (max, ratio) };
    let own = more(first, min).chain(own).chain(more(max + 1.0, last + 1.0)).collect();
    Some(Values { column, own, below, above })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(support: Support, cells: &[f64]) -> Option<Values> {
        numbers(0, support, cells.into(), None)
    }

    #[test]
    fn few_numbers_have_a_table_and_many_none() {
        let counts: Vec<f64> = (0..200).map(|i| f64::from(i % 7)).collect();
        let upto = |first: i32, last: i32| (first..=last).map(f64::from).collect::<Vec<f64>>();
        let open = values(Support::Line, &counts).unwrap();
        assert_eq!(open.own, upto(0, 6));
        assert!(open.below >= 0.5 && open.below == open.above);
        let from_zero = values(Support::Above(0.0), &counts).unwrap();
        assert_eq!((from_zero.own, from_zero.below), (upto(0, 6), 0.0));
        let ratings = values(Support::Within(-2.0, 10.0), &counts).unwrap();
        assert_eq!((ratings.own, ratings.above), (upto(-2, 10), 0.0));
        let wide: Vec<f64> = (0..2000).map(|i| f64::from(i % 100)).collect();
        assert_eq!(values(Support::Line, &counts[..30]), None);
        assert_eq!(values(Support::Line, &wide), None);
        // A code far out, and tens.
        let coded: Vec<f64> = (0..900).map(|i| [0.0, 1.0, 999.0][i % 3]).collect();
        assert_eq!(values(Support::Line, &coded).unwrap().own, [0.0, 1.0, 999.0]);
        // Numbers that one row has each are a sample of more.
        let lone: Vec<f64> =
            (0..900).map(|i| if i < 60 { f64::from(i * i) } else { 0.0 }).collect();
        assert_eq!(values(Support::Line, &lone), None);
    }
}
