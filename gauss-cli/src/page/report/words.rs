//! Numbers and columns as the page words them.

use super::findings::{Cell, ColumnFacts};
use crate::plot::{compact, number};
use gauss_model::diagnostics::mean::Mean;

/// Decimals of a log-density.
pub const NATS: usize = 4;

/// With `decimals`; one of more than nine digits with an exponent.
pub fn fixed(value: f64, decimals: usize) -> String {
    if value.abs() < 1e9 { number(value, decimals) } else { compact(value, decimals + 1) }
}

/// The same, or a dash where there is no number.
pub fn shown(value: f64, decimals: usize) -> String {
    if value.is_finite() { fixed(value, decimals) } else { "–".to_owned() }
}

/// `−1.2345 ± 0.0123`.
pub fn with_error(mean: Mean) -> String {
    let error = shown(mean.standard_error, NATS);
    format!("{} ± {error}", shown(mean.mean, NATS))
}

/// A p-value of a formula.
pub fn p_value(p: f64) -> String {
    const LEAST: f64 = 1e-4;
    if p < LEAST { format!("< {LEAST}") } else { number(p, 4) }
}

/// `12.3 %`.
pub fn percent(share: f64, decimals: usize) -> String {
    format!("{} %", number(100.0 * share, decimals))
}

/// A value, in at most six digits.
pub fn cell(cell: &Cell) -> String {
    const DIGITS: usize = 6;
    match cell {
        Cell::Text(text) => text.clone(),
        Cell::Number(value) => {
            let whole = format!("{value}");
            if whole.len() <= DIGITS + 2 {
                whole.replace('-', "−")
            } else {
                compact(*value, DIGITS)
            }
        }
    }
}

/// `> 0`, `0 to 1`, `red, green`; a dash where there are no bounds.
pub fn values(column: &ColumnFacts) -> String {
    /// Names listed.
    const LISTED: usize = 12;
    if let Some(levels) = &column.levels {
        let listed = levels[..levels.len().min(LISTED)].join(", ");
        return match levels.len().saturating_sub(LISTED) {
            0 => listed,
            more => format!("{listed} and {more} more"),
        };
    }
    let strict = column.kind == "real";
    match (column.low, column.high) {
        (None, None) => "any".to_owned(),
        (Some(low), None) => format!("{} {low}", if strict { ">" } else { "≥" }),
        (None, Some(high)) => format!("{} {high}", if strict { "<" } else { "≤" }),
        (Some(low), Some(high)) if strict => format!("between {low} and {high}"),
        (Some(low), Some(high)) => format!("{low} to {high}"),
    }
}
