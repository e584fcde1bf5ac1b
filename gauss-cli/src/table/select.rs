//! Which columns of a table are wanted: by name, pattern or range wherever there are names.
//!
//! | written | selects |
//! |---|---|
//! | `height` | the column of that name, whatever the name looks like |
//! | `x*`, `temp_?` | every name of that form: `*` is any text, `?` any one character |
//! | `a:d`, `a:`, `:d` | from one column to another, both included, in the table's order |

use std::collections::{HashMap, HashSet};

use gauss_model::{Column, Kind};
use wildmatch::WildMatch;

use super::cells::{Field, Taking};
use super::note::Note;
use super::{Fault, ReadOptions, limits};

/// The columns that a command wants of a table.
#[derive(Debug, Clone, Copy)]
pub enum Select<'a> {
    /// Every column, in file order.
    All,
    /// These names, patterns and ranges, in this order; the user asked for them.
    Named(&'a [String]),
    /// Every column but those of these names, patterns and ranges, in file order.
    Except(&'a [String]),
    /// The columns a model was fitted to: by name, in the model's order, whatever else the table
    /// holds. Never by position, except where the table has no header at all.
    Model(&'a [Column]),
    /// The latent table of a model with so many columns: `z0, z1, ...` by name where they are all
    /// there, otherwise a table of exactly that width by position.
    Latent(usize),
}

/// How a column is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// By `--exclude`.
    Exclude,
    /// It is in `--columns`.
    Columns,
    /// Not at all: it is the only one in use.
    Alone,
    /// Not at all: a model wants it.
    Model,
}

/// The columns to read, and what was passed over.
#[derive(Debug)]
pub struct Chosen {
    pub fields: Vec<Field>,
    pub notes: Vec<Note>,
    /// How one of many is left out.
    pub leave: Leave,
    /// The names of the columns that are not wanted, of a table's own.
    pub others: Vec<String>,
}

/// The names of latent columns: `z0, z1, ...`.
pub fn latent_names(dim: usize) -> Vec<String> {
    numbered('z', dim)
}

/// The names of data columns that have no others: `x0, x1, ...`.
pub fn data_names(dim: usize) -> Vec<String> {
    numbered('x', dim)
}

fn numbered(prefix: char, count: usize) -> Vec<String> {
    (0..count).map(|k| format!("{prefix}{k}")).collect()
}

impl Select<'_> {
    /// Whether the columns are the table's own: it may be learnt from, and says itself what its
    /// text columns and its medians are.
    pub(super) fn is_own(self) -> bool {
        matches!(self, Select::All | Select::Named(_) | Select::Except(_))
    }

    /// How one of several columns is left out.
    fn leave(self) -> Leave {
        match self {
            Select::All | Select::Except(_) => Leave::Exclude,
            Select::Named(_) => Leave::Columns,
            Select::Model(_) | Select::Latent(_) => Leave::Model,
        }
    }

    /// The wanted columns among `names`, and how each is read; `named` says whether the file
    /// itself gave the names, `index` which of its columns it says to be an index of the rows.
    pub(super) fn fields(
        self,
        names: &[String],
        named: bool,
        index: &[usize],
        options: &ReadOptions,
    ) -> Result<Chosen, Fault> {
        let weights = options.weights.as_ref();
        let weights = weights.map(|name| exactly(names, name)).transpose()?;
        let mut positions = self.positions(names, named, weights)?;
        let text = if self.is_own() { matching(names, &options.categories)? } else { Vec::new() };
        let mut notes = Vec::new();
        let is_asked = |k: usize| matches!(self, Select::Named(_)) || text.contains(&k);
        let is_index = |k: usize| !is_asked(k) && (index.contains(&k) || is_level(&names[k]));
        if self.is_own() && !positions.iter().all(|&k| is_index(k)) {
            let found = positions.iter().filter(|&&k| is_index(k));
            notes.extend(found.map(|&k| Note::Index { column: names[k].clone() }));
            positions.retain(|&k| !is_index(k));
        }
        let doubtful = |k: usize| if is_asked(k) { None } else { doubtful(names, k, options) };
        let is_column = |&k: &usize| !self.is_own() || doubtful(k).is_none();
        let any = positions.iter().any(is_column);
        let is_unnamed = |&&k: &&usize| names[k].is_empty() && !(any && doubtful(k).is_some());
        if let (true, Some(&k)) = (self.is_own(), positions.iter().find(is_unnamed)) {
            let leave = self.leave().of(positions.len());
            return Err(Fault::Unnamed { position: k + 1, leave });
        }
        let numbers = || if options.decimal_comma { Taking::CommaNumbers } else { Taking::Numbers };
        let taking = |j: usize, k: usize| match self {
            Select::Model(columns) => match &columns[j].kind {
                Kind::Category(levels) => {
                    Taking::Known(levels.iter().cloned().zip((0..).map(f64::from)).collect())
                }
                _ => numbers(),
            },
            _ if text.contains(&k) => Taking::Levels,
            _ if self.is_own() && any => doubtful(k).unwrap_or_else(numbers),
            _ => numbers(),
        };
        let field = |(j, &position): (usize, &usize)| Field {
            position,
            // A column that is taken by its position is better known by the model's name.
            name: match self {
                Select::Model(columns) => columns[j].name.clone(),
                _ => names[position].clone(),
            },
            taking: taking(j, position),
        };
        let weights = weights.map(|position| Field {
            position,
            name: names[position].clone(),
            taking: Taking::Weights { comma: options.decimal_comma },
        });
        let fields = positions.iter().enumerate().map(field).chain(weights).collect();
        let used: HashSet<usize> = positions.iter().copied().collect();
        let unused = (0..names.len()).filter(|k| self.is_own() && !used.contains(k));
        let others = unused.map(|k| names[k].clone()).collect();
        Ok(Chosen { fields, notes, leave: self.leave(), others })
    }

    /// `weights`: a column that is none of the table's own.
    fn positions(
        self,
        names: &[String],
        named: bool,
        weights: Option<usize>,
    ) -> Result<Vec<usize>, Fault> {
        let found = || names.to_vec();
        let beside_weights = |mut positions: Vec<usize>| {
            positions.retain(|&k| Some(k) != weights);
            if positions.is_empty() { Err(Fault::NothingLeft) } else { Ok(positions) }
        };
        match self {
            Select::All => beside_weights((0..names.len()).collect()),
            Select::Named(wanted) => beside_weights(matching(names, wanted)?),
            Select::Except(excluded) => {
                let out = matching(names, excluded)?;
                beside_weights((0..names.len()).filter(|k| !out.contains(k)).collect())
            }
            Select::Model(wanted) if !named => by_position(names, wanted.len(), weights),
            Select::Model(columns) => {
                let wanted: Vec<String> = columns.iter().map(|c| c.name.clone()).collect();
                find(names, &wanted).map_err(|column| {
                    if wanted.iter().any(|name| names.contains(name)) {
                        Fault::ModelColumn { column, found: found() }
                    } else {
                        Fault::ModelColumns { expected: wanted, found: found() }
                    }
                })
            }
            Select::Latent(dim) => {
                find(names, &latent_names(dim)).or_else(|_| by_position(names, dim, weights))
            }
        }
    }
}

impl Leave {
    /// The same where so many are in use.
    #[must_use]
    pub fn of(self, columns: usize) -> Leave {
        match self {
            Leave::Exclude | Leave::Columns if columns < 2 => Leave::Alone,
            leave => leave,
        }
    }
}

/// The name that pandas gives to a level of its index that has none.
fn is_level(name: &str) -> bool {
    let level = name.strip_prefix("__index_level_").and_then(|rest| rest.strip_suffix("__"));
    level.is_some_and(|level| !level.is_empty() && level.bytes().all(|b| b.is_ascii_digit()))
}

/// How a column is read that is perhaps none: a first one that counts the rows, as data-frame
/// libraries write it, or a last one that a delimiter at the end of every line makes.
fn doubtful(names: &[String], k: usize, options: &ReadOptions) -> Option<Taking> {
    /// What pandas calls a first column without a name.
    const UNNAMED: &str = "Unnamed: 0";
    if k == 0 && (names[0].is_empty() || names[0] == UNNAMED) {
        return Some(Taking::Index { comma: options.decimal_comma });
    }
    names[k..].iter().all(String::is_empty).then_some(Taking::Blank)
}

/// The columns that names, patterns and ranges select, in their order, each once.
pub(super) fn matching(names: &[String], wanted: &[String]) -> Result<Vec<usize>, Fault> {
    let mut positions = Vec::new();
    for text in wanted {
        for k in one(names, text)? {
            if !positions.contains(&k) {
                positions.push(k);
            }
        }
    }
    Ok(positions)
}

/// What one name, pattern or range selects: at least one column.
fn one(names: &[String], text: &String) -> Result<Vec<usize>, Fault> {
    let of_name: Vec<usize> = (0..names.len()).filter(|&k| names[k] == *text).collect();
    if !of_name.is_empty() {
        return Ok(of_name); // several have the empty name only
    }
    if text.contains(['*', '?']) {
        let pattern = WildMatch::new(text);
        let found: Vec<usize> = (0..names.len()).filter(|&k| pattern.matches(&names[k])).collect();
        return if found.is_empty() {
            Err(Fault::NoMatch { pattern: text.clone(), found: names.to_vec() })
        } else {
            Ok(found)
        };
    }
    range(names, text)
}

/// A range, both ends included. A name may hold a colon itself: the first one that splits the
/// text into two names counts.
fn range(names: &[String], text: &str) -> Result<Vec<usize>, Fault> {
    let no_such = |column: &str| {
        Err(Fault::NoSuchColumn { column: column.to_owned(), found: names.to_vec() })
    };
    let end = |name: &str, open: usize| match name {
        "" => Some(open),
        _ => names.iter().position(|other| other == name),
    };
    let splits = || text.match_indices(':').map(|(at, _)| (&text[..at], &text[at + 1..]));
    for (first, last) in splits() {
        if let (Some(from), Some(to)) = (end(first, 0), end(last, names.len() - 1)) {
            if from > to {
                let (first, last) = (names[from].clone(), names[to].clone());
                return Err(Fault::Backwards { range: text.to_owned(), first, last });
            }
            return Ok((from..=to).collect());
        }
    }
    // Of a range with one good end the other is the misspelt one.
    match splits().next() {
        Some((first, last)) if end(first, 0).is_some() => no_such(last),
        Some((first, last)) if end(last, 0).is_some() => no_such(first),
        _ => no_such(text),
    }
}

/// The position of each wanted name, or the first name that is not there.
fn find(names: &[String], wanted: &[String]) -> Result<Vec<usize>, String> {
    wanted
        .iter()
        .map(|name| names.iter().position(|n| n == name).ok_or_else(|| name.clone()))
        .collect()
}

/// All columns of a table that must have `dim` of them beside its weights.
fn by_position(names: &[String], dim: usize, weights: Option<usize>) -> Result<Vec<usize>, Fault> {
    let positions: Vec<usize> = (0..names.len()).filter(|&k| Some(k) != weights).collect();
    if positions.len() == dim {
        return Ok(positions);
    }
    let found = positions.iter().map(|&k| names[k].clone()).collect();
    Err(Fault::Width { expected: dim, got: positions.len(), found })
}

/// The position of the one column of this name.
fn exactly(names: &[String], name: &str) -> Result<usize, Fault> {
    names
        .iter()
        .position(|other| other == name)
        .ok_or_else(|| Fault::NoSuchColumn { column: name.to_owned(), found: names.to_vec() })
}

/// That names can be told apart and printed.
///
/// # Errors
/// [`Fault::TooWide`], [`Fault::LongName`], and [`Fault::Duplicate`] for the first name that
/// stands twice; empty names may.
pub(super) fn check(names: &[String]) -> Result<(), Fault> {
    if names.len() > limits::COLUMNS {
        return Err(Fault::TooWide { got: names.len(), most: limits::COLUMNS });
    }
    if let Some(k) = names.iter().position(|name| name.len() > limits::NAME) {
        let (bytes, most) = (names[k].len(), limits::NAME);
        return Err(Fault::LongName { position: k + 1, bytes, most });
    }
    let mut seen = HashMap::with_capacity(names.len());
    for (second, column) in names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
        if let Some(first) = seen.insert(column, second) {
            let column = column.clone();
            return Err(Fault::Duplicate { column, first: first + 1, second: second + 1 });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[track_caller]
    fn selected(names: &str, wanted: &str) -> String {
        let names = strings(names);
        match matching(&names, &strings(wanted)) {
            Ok(found) => found.iter().map(|&k| names[k].as_str()).collect::<Vec<_>>().join(" "),
            Err(fault) => fault.to_string(),
        }
    }

    #[test]
    fn names_patterns_and_ranges() {
        for (names, wanted, found) in [
            ("a b c d", "c a", "c a"),
            ("x1 y x2 x10", "x*", "x1 x2 x10"),
            ("x1 y x2 x10", "x? y", "x1 x2 y"),
            ("a b c d", "b:c", "b c"),
            ("a b c d", "c: :b", "c d a b"),
            ("a b c d", "d b:d", "d b c"),
            ("a:b a b", "a:b", "a:b"),
            ("a:b c d", "a:b:c", "a:b c"),
            ("x* x1 x2", "x*", "x*"),
        ] {
            assert_eq!(selected(names, wanted), found, "{wanted} of {names}");
        }
    }

    #[test]
    fn what_selects_nothing_is_named() {
        let table = "the table has \"height\", \"width\"";
        for (wanted, message) in [
            ("hieght", format!("no column \"hieght\" (did you mean \"height\"?); {table}")),
            ("depth", format!("no column \"depth\"; {table}")),
            ("z*", format!("no column matches \"z*\"; {table}")),
            ("height:widht", format!("no column \"widht\" (did you mean \"width\"?); {table}")),
            (
                "width:height",
                "\"width:height\" selects nothing: in the table \"height\" stands before \"width\""
                    .to_owned(),
            ),
        ] {
            assert_eq!(selected("height width", wanted), message);
        }
    }
}
