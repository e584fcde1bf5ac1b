//! What becomes of cells without a value, once a whole table has been read: one policy for all
//! formats. An infinite cell is no value either, but nothing stands in for it.

use gauss_model::Column;
use gauss_model::columns::typical;
use rayon::prelude::*;

use super::cells::{Cells, Collected};
use super::{Fault, Missing, Sighting};

/// What could be done about cells without a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rest {
    /// Rows that have all their values.
    pub complete: usize,
    /// Whether every column that misses some has a value to fill them with.
    pub fillable: bool,
}

impl Rest {
    /// Of a table; its columns' own values count where they are its own (`is_own`).
    pub fn of(table: &Collected, columns: &[Column], is_own: bool) -> Rest {
        let complete = |i: &usize| table.cells.iter().all(|cells| cells.values[*i].is_finite());
        let columns = table.cells.iter().zip(columns);
        let mut gaps = columns.filter(|(cells, _)| cells.missing.count > 0);
        let fillable = gaps.all(|(cells, column)| {
            column.fill.is_some() || (is_own && cells.missing.count < table.rows)
        });
        let infinite = table.cells.iter().any(|cells| cells.infinite.count > 0);
        Rest { complete: (0..table.rows).filter(complete).count(), fillable: fillable && !infinite }
    }
}

/// What was done.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Rows with a cell that stayed without a value.
    pub missing_rows: usize,
    /// Which of them are gone, in rising order.
    pub dropped: Vec<usize>,
    /// Cells filled, of each column.
    pub filled: Vec<usize>,
}

/// Applies the policy, and where the columns are the table's own (`is_own`) gives each the value
/// that fills its missing cells.
pub fn apply(
    table: &mut Collected,
    columns: &mut [Column],
    is_own: bool,
    policy: Missing,
) -> Result<Outcome, Fault> {
    let drops = matches!(policy, Missing::DropRow | Missing::NanRow);
    if let (false, Some(infinite)) = (drops, table.first(|cells| &cells.infinite)) {
        let Sighting { column, place, cell } = infinite;
        let rest = Rest::of(table, columns, is_own);
        return Err(Fault::Infinite { place, column, cell, rest });
    }
    let filled = vec![0; columns.len()];
    let mut outcome = Outcome { missing_rows: 0, dropped: Vec::new(), filled };
    if drops {
        let without = drop_rows(table, columns, is_own, policy)?;
        outcome.missing_rows = without.len();
        outcome.dropped = if policy == Missing::DropRow { without } else { Vec::new() };
    } else if let (Missing::Reject, Some(first)) = (policy, table.first(|cells| &cells.missing)) {
        let counted = columns.iter().zip(&table.cells).filter(|(_, c)| c.missing.count > 0);
        return Err(Fault::Missing {
            counts: counted.map(|(column, c)| (column.name.clone(), c.missing.count)).collect(),
            columns: columns.len(),
            rows: table.rows,
            first: Box::new(first),
            rest: Rest::of(table, columns, is_own),
        });
    }
    if is_own {
        let fills: Vec<Option<f64>> = table
            .cells
            .par_iter()
            .zip(&*columns)
            .map(|(cells, column)| typical(&column.kind, &cells.values, None))
            .collect();
        for (column, fill) in columns.iter_mut().zip(fills) {
            column.fill = fill;
        }
    }
    if policy == Missing::Median {
        let mut both = columns.iter().zip(&table.cells);
        let without =
            |(column, cells): &(&Column, &Cells)| cells.missing.count > 0 && column.fill.is_none();
        if let Some((column, _)) = both.find(without) {
            let column = column.name.clone();
            return Err(if is_own {
                Fault::NoValues { column, leave: table.leave() }
            } else {
                Fault::NoFill { column, rest: Rest::of(table, columns, is_own) }
            });
        }
        for ((column, cells), filled) in
            columns.iter().zip(&mut table.cells).zip(&mut outcome.filled)
        {
            *filled = fill(column, cells);
        }
    }
    Ok(outcome)
}

/// Leaves out the rows without a value, or makes all of such a row NaN. Which ones.
fn drop_rows(
    table: &mut Collected,
    columns: &[Column],
    is_own: bool,
    policy: Missing,
) -> Result<Vec<usize>, Fault> {
    let touched = table.cells.iter().any(|cells| cells.missing.count + cells.infinite.count > 0);
    if !touched {
        return Ok(Vec::new());
    }
    let mut whole = vec![true; table.rows];
    for cells in &table.cells {
        for (whole, value) in whole.iter_mut().zip(&cells.values) {
            *whole &= value.is_finite();
        }
    }
    let without: Vec<usize> = (0..table.rows).filter(|&i| !whole[i]).collect();
    if policy == Missing::DropRow {
        if without.len() == table.rows {
            let Rest { fillable, .. } = Rest::of(table, columns, is_own);
            return Err(Fault::AllMissing { rows: table.rows, fillable });
        }
        table.rows -= without.len();
    }
    table.cells.par_iter_mut().for_each(|cells| {
        if policy == Missing::DropRow {
            let mut kept = whole.iter();
            cells.values.retain(|_| kept.next().is_some_and(|&whole| whole));
        } else {
            for (value, whole) in cells.values.iter_mut().zip(&whole) {
                *value = if *whole { *value } else { f64::NAN };
            }
        }
    });
    Ok(without)
}

/// Fills the missing cells of a column that has a value for them. How many there were.
fn fill(column: &Column, cells: &mut Cells) -> usize {
    let Some(fill) = column.fill.filter(|_| cells.missing.count > 0) else { return 0 };
    for value in cells.values.iter_mut().filter(|value| value.is_nan()) {
        *value = fill;
    }
    cells.missing.count
}
