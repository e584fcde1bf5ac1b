//! Ways out, as messages offer them: only those that lead out of the fault at hand.

use super::words::{separators, with_decimal_comma};
use super::{Leave, Rest, Sighting};
use crate::words::{counted, option};

/// What may be wrong with a table of one column where several are wanted.
pub fn single(expected: &[String], found: &[String]) -> String {
    let [only] = found else { return String::new() };
    match separators().find(|&c| expected.iter().all(|name| only.split(c).any(|n| n == name))) {
        Some('\t') => " (one column: --delimiter tab)".to_owned(),
        Some(c) => format!(" (one column: {})", option("--delimiter", [c.to_string()])),
        None => String::new(),
    }
}

/// The way out of a column that cannot be used, if there is one.
pub fn left_out(column: &str, leave: Leave) -> String {
    match leave {
        Leave::Alone => "; it is the only one in use, so there is nothing to learn".to_owned(),
        Leave::Model => String::new(),
        leave => format!("; leave it out {}", leave.by([column])),
    }
}

impl Leave {
    /// With which option.
    pub fn by(self, columns: impl IntoIterator<Item = impl AsRef<str>>) -> String {
        match self {
            Leave::Columns => "of --columns".to_owned(),
            _ => format!("with {}", option("--exclude", columns)),
        }
    }

    /// Before another way out.
    pub fn or(self, column: &str) -> String {
        match self {
            Leave::Alone | Leave::Model => String::new(),
            leave => format!("leave it out {}, or ", leave.by([column])),
        }
    }

    /// Behind another one.
    pub fn or_also(self, column: &str) -> String {
        match self {
            Leave::Alone | Leave::Model => String::new(),
            leave => format!(", or leave it out {}", leave.by([column])),
        }
    }
}

/// Each column of text with its first cell, and what can be done about all of them.
pub fn text_columns(columns: &[Sighting], few: bool, leave: Leave) -> String {
    const SHOWN: usize = 5;
    let mut parts: Vec<String> = columns
        .iter()
        .enumerate()
        .take(SHOWN)
        .map(|(k, sighting)| sighting.worded(if k == 0 { "holds text " } else { "" }))
        .collect();
    if columns.len() > SHOWN {
        parts.push(format!("{} more", columns.len() - SHOWN));
    }
    let last = if parts.len() > 1 { parts.pop() } else { None };
    let and = last.map_or_else(String::new, |last| format!(", and {last}"));
    let sentence = parts.join(", ") + &and;
    let many = columns.len() > 1;
    let (them, kind) = if many { ("them", "categories") } else { ("it", "a category") };
    let names = || columns.iter().map(|sighting| &sighting.column);
    // Excel writes so where people write so.
    if columns.iter().all(|sighting| with_decimal_comma(&sighting.cell).is_some()) {
        return format!("{sentence}; --decimal-comma reads {them} as numbers");
    }
    let out = format!("leave {them} out {}", leave.by(names()));
    let category = format!("take {them} as {kind} with {}", option("--categorical", names()));
    match (leave == Leave::Alone, few) {
        (false, true) => format!("{sentence}; {out}, or {category}"),
        (false, false) => format!("{sentence}; {out}"),
        (true, true) => format!("{sentence}; {category}"),
        (true, false) => format!("{sentence}; there is no column of numbers to learn from"),
    }
}

/// How many cells are missing, where the first one is, and the ways on.
pub fn missing(
    counts: &[(String, usize)],
    columns: usize,
    rows: usize,
    first: &Sighting,
    rest: Rest,
) -> String {
    const SHOWN: usize = 10;
    let parts: Vec<String> =
        counts.iter().take(SHOWN).map(|(name, count)| format!("{name:?} {count}")).collect();
    let more = if counts.len() > SHOWN { ", ..." } else { "" };
    let drop = (rest.complete > 0).then_some("--missing drop passes over such rows");
    let median = rest.fillable.then_some("--missing median fills in the column's median");
    let ways: Vec<&str> = drop.into_iter().chain(median).collect();
    let ways = match ways[..] {
        [] => "no row is whole, and no median can be taken".to_owned(),
        _ => ways.join(", "),
    };
    format!(
        "missing values in {} of {columns} columns: {}{more} (of {}; first: {}, column {:?}): {ways}",
        counts.len(),
        parts.join(", "),
        counted(rows, "row"),
        first.place,
        first.column,
    )
}
