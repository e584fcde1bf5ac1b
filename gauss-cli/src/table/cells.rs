//! The cells of the wanted columns on their way into memory, whatever format they come from.
//!
//! A reader hands over cell by cell, of one row after the other or of one column after the other.
//! What is wrong with a cell is counted, and its first place kept, but decides nothing here: a
//! missing value is a matter of policy (`missing`), and whether a word is a slip in a column of
//! numbers or a column of words shows only when more of the column has been seen.

use std::collections::{HashMap, HashSet};

use super::memory::{self, Short};
use super::note::Note;
use super::numbers::{Number, comma_number, is_missing, number};
use super::select::{Chosen, Leave};
use super::{CellFault, Fault, Place, Sighting, limits};

/// Names that a category may have. Dequantised, more would hardly be a density.
const MAX_LEVELS: usize = 256;
/// The code of a name that is none of the known ones: outside every category's support.
const UNKNOWN: f64 = -1.0;

/// How the cells of a column are read.
#[derive(Debug)]
pub enum Taking {
    /// As numbers.
    Numbers,
    /// As numbers that have a decimal comma where they are text.
    CommaNumbers,
    /// As the weights of the rows: numbers, with a decimal comma or without, none below 0.
    Weights { comma: bool },
    /// As numbers that perhaps count the rows: then the column is none.
    Index { comma: bool },
    /// As nothing: a column without a name or a cell is none.
    Blank,
    /// As names that are found here.
    Levels,
    /// As names whose codes are known.
    Known(HashMap<String, f64>),
}

/// A wanted column.
#[derive(Debug)]
pub struct Field {
    /// Where it stands in the file.
    pub position: usize,
    pub name: String,
    pub taking: Taking,
}

impl Field {
    /// Whether it holds the weights of the rows.
    pub fn is_weight(&self) -> bool {
        matches!(self.taking, Taking::Weights { .. })
    }

    /// Whether its cells say whether it is a column at all.
    fn is_doubtful(&self) -> bool {
        matches!(self.taking, Taking::Index { .. } | Taking::Blank)
    }
}

/// Cells of one kind: how many, and the first.
#[derive(Debug, Default)]
pub struct Tally {
    pub count: usize,
    pub first: Option<(Place, String)>,
}

/// The cells of one column: NaN where one is missing or no number.
#[derive(Debug, Default)]
pub struct Cells {
    pub values: Vec<f64>,
    pub missing: Tally,
    pub infinite: Tally,
    pub text: Tally,
    pub unknown: Tally,
    /// Weights below 0.
    pub negative: Tally,
    /// Different cells of text, one more than a category may have at most.
    pub words: HashSet<Vec<u8>>,
    /// Names of categories that are too long to be names.
    pub long: Tally,
    /// Memory that was wanted and not to be had; the values since are lost.
    pub short: Option<Short>,
    pub levels: Levels,
}

/// The names of a category in the order in which they came.
#[derive(Debug, Default)]
pub struct Levels {
    names: Vec<String>,
    counts: Vec<usize>,
    codes: HashMap<String, usize>,
}

/// All wanted columns of a table, each with a cell per row.
#[derive(Debug)]
pub struct Collected {
    pub fields: Vec<Field>,
    pub cells: Vec<Cells>,
    pub rows: usize,
    /// What was passed over.
    pub notes: Vec<Note>,
    /// How a column is left out where there are others.
    pub leave: Leave,
    /// Names of columns that are not wanted.
    pub others: Vec<String>,
}

impl Tally {
    fn add(&mut self, place: impl FnOnce() -> Place, cell: impl FnOnce() -> String) {
        self.count += 1;
        self.first.get_or_insert_with(|| (place(), cell()));
    }

    fn append(&mut self, later: Tally, rows: usize, lines: usize) {
        self.count += later.count;
        self.first = self.first.take().or(later.first.map(|(Place { row, line }, cell)| {
            (Place { row: row + rows, line: line + lines }, cell)
        }));
    }

    /// The first cell for a message.
    pub fn sighting(&self, column: &str) -> Option<Sighting> {
        let (place, cell) = self.first.clone()?;
        Some(Sighting { column: column.to_owned(), place, cell })
    }
}

impl Cells {
    /// Takes a cell of text.
    pub fn take_text(&mut self, taking: &Taking, cell: &[u8], place: impl FnOnce() -> Place) {
        match taking {
            Taking::Numbers | Taking::Index { comma: false } => {
                self.take_written(cell, number(cell), place);
            }
            Taking::Blank if cell.trim_ascii().is_empty() => {
                self.take_missing(place, String::new);
            }
            Taking::Blank => self.take_written(cell, Number::Text, place),
            Taking::CommaNumbers | Taking::Index { comma: true } => {
                self.take_written(cell, comma_number(cell), place);
            }
            Taking::Weights { comma } => {
                let weight = if *comma { comma_number(cell) } else { number(cell) };
                match weight {
                    Number::Finite(value) if value < 0.0 => {
                        self.take_negative(value, place, || lossy(cell));
                    }
                    weight => self.take_written(cell, weight, place),
                }
            }
            Taking::Levels | Taking::Known(_) => {
                let text = String::from_utf8_lossy(cell);
                match text.trim() {
                    name if is_missing(name) => self.take_missing(place, || name.to_owned()),
                    name => self.take_name(taking, name, place),
                }
            }
        }
    }

    /// Takes a number; as a name it is what `written` says.
    pub fn take_number(
        &mut self,
        taking: &Taking,
        value: f64,
        written: impl FnOnce() -> String,
        place: impl FnOnce() -> Place,
    ) {
        match taking {
            _ if value.is_nan() => self.take_missing(place, || "NaN".to_owned()),
            Taking::Weights { .. } if value < 0.0 && value.is_finite() => {
                self.take_negative(value, place, written);
            }
            Taking::Blank => {
                self.text.add(place, written);
                self.push(value);
            }
            Taking::Numbers
            | Taking::CommaNumbers
            | Taking::Weights { .. }
            | Taking::Index { .. } => {
                if value.is_infinite() {
                    self.infinite.add(place, written);
                }
                self.push(value);
            }
            _ => self.take_name(taking, &written(), place),
        }
    }

    /// Takes a cell without a value.
    pub fn take_missing(&mut self, place: impl FnOnce() -> Place, cell: impl FnOnce() -> String) {
        self.missing.add(place, cell);
        self.push(f64::NAN);
    }

    fn take_negative(
        &mut self,
        value: f64,
        place: impl FnOnce() -> Place,
        written: impl FnOnce() -> String,
    ) {
        self.negative.add(place, written);
        self.push(value);
    }

    fn take_written(&mut self, cell: &[u8], number: Number, place: impl FnOnce() -> Place) {
        let written = || lossy(cell);
        match number {
            Number::Finite(value) => self.push(value),
            Number::Missing => self.take_missing(place, written),
            Number::Infinite(value) => {
                self.infinite.add(place, written);
                self.push(value);
            }
            Number::Text => {
                self.text.add(place, written);
                if self.words.len() <= MAX_LEVELS {
                    // As much of it as could be a name.
                    let word = cell.trim_ascii();
                    self.words.insert(word[..word.len().min(limits::NAME)].to_vec());
                }
                self.push(f64::NAN);
            }
        }
    }

    fn take_name(&mut self, taking: &Taking, name: &str, place: impl FnOnce() -> Place) {
        let code = match taking {
            _ if name.len() > limits::NAME => {
                self.long.add(place, || name.to_owned());
                f64::NAN
            }
            Taking::Known(codes) => codes.get(name).copied().unwrap_or_else(|| {
                self.unknown.add(place, || name.to_owned());
                UNKNOWN
            }),
            _ => self.levels.count(name, 1) as f64,
        };
        self.push(code);
    }

    /// Different cells, numbers and others; beyond the most that a category may have any number.
    fn different(&self) -> usize {
        let numbers = self.values.iter().filter(|value| !value.is_nan());
        let mut seen = HashSet::new();
        let kept = numbers.take_while(|value| {
            seen.insert(value.to_bits());
            seen.len() <= MAX_LEVELS
        });
        kept.for_each(drop);
        seen.len() + self.words.len()
    }

    fn push(&mut self, value: f64) {
        if self.reserve(1, 1) {
            self.values.push(value);
        }
    }

    /// Makes room for more values, as so many columns do that grow alike; whether there is any.
    pub fn reserve(&mut self, more: usize, columns: usize) -> bool {
        if let Err(short) = memory::reserve(&mut self.values, more, columns) {
            self.short = Some(short);
        }
        self.short.is_none()
    }

    /// Appends the cells that follow after so many rows and lines, as so many columns do.
    fn append(&mut self, later: Cells, rows: usize, lines: usize, columns: usize) {
        self.missing.append(later.missing, rows, lines);
        self.infinite.append(later.infinite, rows, lines);
        self.text.append(later.text, rows, lines);
        self.unknown.append(later.unknown, rows, lines);
        self.negative.append(later.negative, rows, lines);
        self.words.extend(later.words);
        self.long.append(later.long, rows, lines);
        self.short = self.short.or(later.short);
        if !self.reserve(later.values.len(), columns) {
            return;
        }
        let Levels { names, counts, .. } = later.levels;
        if names.is_empty() {
            self.values.extend_from_slice(&later.values);
            return;
        }
        let codes: Vec<f64> =
            names.iter().zip(counts).map(|(name, n)| self.levels.count(name, n) as f64).collect();
        self.values.extend(later.values.iter().map(|&code| recoded(&codes, code)));
    }
}

fn lossy(cell: &[u8]) -> String {
    String::from_utf8_lossy(cell).trim().to_owned()
}

/// A code in another order of the names; NaN stays.
fn recoded(codes: &[f64], code: f64) -> f64 {
    if code.is_nan() { code } else { codes[code as usize] }
}

impl Levels {
    /// Counts `more` cells with this name and gives its code. Names beyond the most that a
    /// category may have are not kept apart: they are too many, however many.
    fn count(&mut self, name: &str, more: usize) -> usize {
        let code = match self.codes.get(name) {
            Some(&code) => code,
            None if self.names.len() > MAX_LEVELS => MAX_LEVELS,
            None => {
                self.names.push(name.to_owned());
                self.counts.push(0);
                self.codes.insert(name.to_owned(), self.names.len() - 1);
                self.names.len() - 1
            }
        };
        self.counts[code] += more;
        code
    }
}

impl Collected {
    pub fn new(chosen: Chosen) -> Collected {
        let Chosen { fields, notes, leave, others } = chosen;
        let cells = fields.iter().map(|_| Cells::default()).collect();
        Collected { fields, cells, rows: 0, notes, leave, others }
    }

    /// How a column is left out of those in use, the weights not among them.
    pub fn leave(&self) -> Leave {
        self.leave.of(self.fields.iter().filter(|field| !field.is_weight()).count())
    }

    /// Appends the rows of a block that begins after so many lines of the file.
    pub fn append(&mut self, block: Vec<Cells>, rows: usize, lines: usize) {
        let columns = self.cells.len();
        for (cells, later) in self.cells.iter_mut().zip(block) {
            cells.append(later, self.rows, lines, columns);
        }
        self.rows += rows;
    }

    /// Whether the cells are what the columns are to hold, as far as can be seen. Of a table's
    /// own columns (`is_own`) those that hold more words than numbers are columns of text, all of
    /// them named at once; any other word is a bad cell, the first of which is named.
    ///
    /// # Errors
    /// [`Fault::TextColumns`], [`Fault::Cell`] or [`Fault::TooManyLevels`].
    pub fn check(&self, is_own: bool) -> Result<(), Fault> {
        if let Some(short) = self.cells.iter().find_map(|cells| cells.short) {
            return Err(Fault::memory(short, is_own));
        }
        if let Some(Sighting { column, place, cell }) = self.first(|cells| &cells.long) {
            let (bytes, most, leave) = (cell.len(), limits::NAME, self.leave());
            return Err(Fault::LongLevel { place, column, bytes, most, leave });
        }
        let columns = || self.fields.iter().zip(&self.cells).filter(|(f, _)| !f.is_doubtful());
        if let Some((field, _)) = columns().find(|(_, c)| c.levels.names.len() > MAX_LEVELS) {
            let (column, most, leave) = (field.name.clone(), MAX_LEVELS, self.leave());
            return Err(Fault::TooManyLevels { column, most, leave });
        }
        let is_text = |c: &Cells| is_own && 2 * c.text.count > c.values.len() - c.missing.count;
        let text: Vec<Sighting> = columns()
            .filter(|(field, cells)| !field.is_weight() && is_text(cells))
            .filter_map(|(field, cells)| cells.text.sighting(&field.name))
            .collect();
        if !text.is_empty() {
            let own = || columns().filter(|(field, _)| !field.is_weight());
            let few = own().all(|(_, cells)| !is_text(cells) || cells.different() <= MAX_LEVELS);
            let alone = text.len() == own().count();
            let leave = if alone { Leave::Alone } else { self.leave() };
            return Err(Fault::TextColumns { columns: text, few, leave });
        }
        let text = columns().filter_map(|(field, cells)| cells.text.sighting(&field.name));
        match text.min_by_key(|sighting| sighting.place.row) {
            Some(Sighting { column, place, cell }) => {
                Err(Fault::Cell { place, column, cell, fault: CellFault::Text })
            }
            None => Ok(()),
        }
    }

    /// Leaves out the columns that turn out to be none, and notes it; the others of them stay.
    ///
    /// # Errors
    /// [`Fault::Unnamed`] for one that holds something under no name, and those of
    /// [`Collected::check`].
    pub fn settle_doubtful(&mut self) -> Result<(), Fault> {
        let mut blank = 0;
        for k in (0..self.fields.len()).rev() {
            let (field, cells) = (&mut self.fields[k], &self.cells[k]);
            let is_none = match field.taking {
                Taking::Index { .. } => counts_rows(&cells.values),
                Taking::Blank => cells.missing.count == self.rows,
                _ => continue,
            };
            if !is_none && field.name.is_empty() {
                let position = field.position + 1;
                return Err(Fault::Unnamed { position, leave: self.leave() });
            }
            if is_none {
                blank += usize::from(matches!(field.taking, Taking::Blank));
                let Field { name: column, taking, .. } = self.fields.remove(k);
                self.cells.remove(k);
                if matches!(taking, Taking::Index { .. }) {
                    self.notes.push(Note::Index { column });
                }
            } else {
                field.taking = Taking::Numbers;
                self.check(true)?;
            }
        }
        if blank > 0 {
            self.notes.push(Note::Blank { columns: blank });
        }
        Ok(())
    }

    /// The first cell of a kind, row by row.
    pub fn first(&self, kind: impl Fn(&Cells) -> &Tally) -> Option<Sighting> {
        let sightings = self.fields.iter().zip(&self.cells);
        sightings
            .filter_map(|(field, cells)| kind(cells).sighting(&field.name))
            .min_by_key(|sighting| sighting.place.row)
    }

    /// Puts the names of the categories in their order, the commonest first, ties by name, and
    /// gives them to the fields' columns: `None` for a column of numbers or of known names.
    pub fn settle_levels(&mut self) -> Vec<Option<Vec<String>>> {
        let settle = |(field, cells): (&Field, &mut Cells)| {
            if !matches!(field.taking, Taking::Levels) {
                return None;
            }
            let Levels { names, counts, .. } = std::mem::take(&mut cells.levels);
            let mut order: Vec<usize> = (0..names.len()).collect();
            order.sort_by(|&a, &b| counts[b].cmp(&counts[a]).then(names[a].cmp(&names[b])));
            let mut codes = vec![0.0; names.len()];
            for (code, &old) in order.iter().enumerate() {
                codes[old] = code as f64;
            }
            for value in &mut cells.values {
                *value = recoded(&codes, *value);
            }
            Some(order.into_iter().map(|old| names[old].clone()).collect())
        };
        self.fields.iter().zip(&mut self.cells).map(settle).collect()
    }
}

/// Whether they are 0, 1, 2, ... or 1, 2, 3, ...
fn counts_rows(values: &[f64]) -> bool {
    let first = values.first().copied().unwrap_or(f64::NAN);
    let counts = |(i, &value): (usize, &f64)| value == first + i as f64;
    (first == 0.0 || first == 1.0) && values.len() > 1 && values.iter().enumerate().all(counts)
}
