//! The weights of the rows: a column that is set apart by its name and is no variable. A row of
//! weight w counts as w rows.
//!
//! It is read as the last of the wanted columns, so that the policy on missing values drops a row
//! and its weight together, and is taken out before the others become the matrix.

use super::cells::Collected;
use super::missing::Rest;
use super::{Fault, Missing, Sighting};

/// Refuses weights that are none. One that is missing is left to the policy that drops its row; an
/// infinite one is refused, or dropped, as in any column.
///
/// # Errors
/// [`Fault::NegativeWeight`] and [`Fault::NoWeight`].
pub fn check(table: &Collected, policy: Missing) -> Result<(), Fault> {
    if let Some(Sighting { column, place, cell }) = table.first(|cells| &cells.negative) {
        return Err(Fault::NegativeWeight { place, column, cell });
    }
    let drops = matches!(policy, Missing::DropRow | Missing::NanRow);
    let weights = table.fields.iter().zip(&table.cells).find(|(field, _)| field.is_weight());
    let missing = weights.and_then(|(field, cells)| cells.missing.sighting(&field.name));
    match missing {
        Some(Sighting { column, place, .. }) if !drops => {
            let rest = Rest::of(table, &[], false);
            Err(Fault::NoWeight { place, column, rest })
        }
        _ => Ok(()),
    }
}

/// Takes the weights out of the columns; 0 in a row that is kept as NaN, which counts for nothing.
///
/// # Errors
/// [`Fault::AllWeightsZero`].
pub fn take(table: &mut Collected) -> Result<Option<Vec<f64>>, Fault> {
    let Some(at) = table.fields.iter().position(super::cells::Field::is_weight) else {
        return Ok(None);
    };
    let column = table.fields.remove(at).name;
    let mut weights = table.cells.remove(at).values;
    for weight in &mut weights {
        *weight = if weight.is_finite() { *weight } else { 0.0 };
    }
    if weights.iter().all(|weight| *weight == 0.0) {
        return Err(Fault::AllWeightsZero { column });
    }
    Ok(Some(weights))
}
