//! What becomes of cells without a value, once a whole table has been read: one policy for all
//! formats. An infinite cell is no value either, but nothing stands in for it.

use gauss_model::Column;
use gauss_model::columns::typical;
use rayon::prelude::*;

use super::cells::{Cells, Collected};
use super::{CellFault, Fault, Missing};

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
        return Err(infinite.into_fault(CellFault::Infinite));
    }
    let filled = vec![0; columns.len()];
    let mut outcome = Outcome { missing_rows: 0, dropped: Vec::new(), filled };
    if drops {
        let without = drop_rows(table, policy)?;
        outcome.missing_rows = without.len();
        outcome.dropped = if policy == Missing::DropRow { without } else { Vec::new() };
    } else if let (Missing::Reject, Some(first)) = (policy, table.first(|cells| &cells.missing)) {
        let counted = columns.iter().zip(&table.cells).filter(|(_, c)| c.missing.count > 0);
        return Err(Fault::Missing {
            counts: counted.map(|(column, c)| (column.name.clone(), c.missing.count)).collect(),
            columns: columns.len(),
            rows: table.rows,
            first: Box::new(first),
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
        let alone = columns.len() == 1;
        for ((column, cells), filled) in
            columns.iter().zip(&mut table.cells).zip(&mut outcome.filled)
        {
            *filled = fill(column, cells, is_own, alone)?;
        }
    }
    Ok(outcome)
}

/// Leaves out the rows without a value, or makes all of such a row NaN. Which ones.
fn drop_rows(table: &mut Collected, policy: Missing) -> Result<Vec<usize>, Fault> {
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
            return Err(Fault::AllMissing { rows: table.rows });
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

/// Fills the missing cells of a column. How many there were.
fn fill(column: &Column, cells: &mut Cells, is_own: bool, alone: bool) -> Result<usize, Fault> {
    if cells.missing.count == 0 {
        return Ok(0);
    }
    let Some(fill) = column.fill else {
        let column = column.name.clone();
        return Err(if is_own {
            Fault::NoValues { column, alone }
        } else {
            Fault::NoFill { column }
        });
    };
    for value in cells.values.iter_mut().filter(|value| value.is_nan()) {
        *value = fill;
    }
    Ok(cells.missing.count)
}
