//! Names and cells as messages show them.

use crate::words::nearest;

/// Names for a message: all of a few, the first of many.
pub fn list(names: &[String]) -> String {
    const SHOWN: usize = 10;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("{name:?}")).collect();
    let more =
        if names.len() > SHOWN { format!(", ... ({} in all)", names.len()) } else { String::new() };
    shown.join(", ") + &more
}

/// What follows a name that is not there: the one that was meant, if one is near, and what there is.
pub fn among(name: &str, found: &[String]) -> String {
    format!("{}; the table has {}", meant(name, found), list(found))
}

/// The name that was meant, if one is near.
pub fn meant(name: &str, found: &[String]) -> String {
    nearest(name, found).map(|near| format!(" (did you mean {near:?}?)")).unwrap_or_default()
}

/// A cell for a message: quoted, on one line, cut where it runs on.
pub fn shown(cell: &str) -> String {
    const SHOWN: usize = 40;
    if cell.is_empty() {
        return "the cell is empty".to_owned();
    }
    match cell.char_indices().nth(SHOWN) {
        None => format!("{cell:?}"),
        Some((cut, _)) => format!("{:?}...", &cell[..cut]),
    }
}

/// The number that a cell is with a decimal comma, if it looks like one.
pub fn with_decimal_comma(cell: &str) -> Option<f64> {
    let (whole, fraction) = cell.split_once(',')?;
    let is_number = fraction.starts_with(|c: char| c.is_ascii_digit()) && !whole.contains('.');
    // 1,234 is a thousand to many.
    if !is_number || (fraction.len() == 3 && !whole.ends_with('0')) {
        return None;
    }
    format!("{whole}.{fraction}").parse().ok()
}

/// What may stand between cells, as `--delimiter` takes it.
pub fn separators() -> impl Iterator<Item = char> {
    (0..0x7f)
        .map(char::from)
        .filter(|c| (c.is_ascii_punctuation() || "\t ".contains(*c)) && *c != '"')
}
