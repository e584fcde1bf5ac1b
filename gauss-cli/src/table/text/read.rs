//! Reading text: blocks of the file parsed side by side and joined in the order of the file.
//!
//! ```text
//!   source ─▶ blocks (a thread) ─▶ parse, one block a core ─▶ append, in order ─▶ check
//! ```
//!
//! Every block counts its own rows and lines; they become those of the file when it is appended.
//! What is checked, and after which rows, follows from the blocks alone, so that the result and
//! every message are the same at any number of threads.

use std::io::Read;

use csv::ByteRecord;
use memchr::{memchr_iter, memchr2};
use rayon::prelude::*;

use super::blocks::{BLOCK, Block, Cut, blocks, line_breaks};
use super::dialect;
use super::header::Header;
use crate::table::cells::{Cells, Collected, Field};
use crate::table::input::ReadFault;
use crate::table::{Ending, Fault, Place, ReadOptions, Select, limits};
use crate::terminal::Reading;

/// Reads the wanted columns of a text.
pub fn read(
    mut source: Box<dyn Read + Send>,
    wanted: Select<'_>,
    options: &ReadOptions,
    reading: &Reading,
) -> Result<Collected, Fault> {
    let first = beginning(&mut source)?;
    let delimiter = options.delimiter;
    let delimiter = delimiter.unwrap_or_else(|| dialect::delimiter(&first, options.decimal_comma));
    let incoming = blocks(first, source, delimiter).map_err(ReadFault::from)?;
    let receive = |lines: usize| incoming.recv().ok().transpose().map_err(|cut| cut.after(lines));

    let Some(mut block) = receive(0)? else { return Err(Fault::Empty) };
    let Header { names, data, notes } = Header::read(&block.bytes, delimiter, wanted, options)?;
    let mut lines = line_breaks(&block.bytes[..data]);
    block.bytes.drain(..data);
    if block.unclosed && block.bytes.is_empty() {
        return Err(Fault::UnclosedHeader);
    }

    let mut chosen = wanted.fields(&names, data > 0, &[], options)?;
    chosen.notes.extend(notes);
    let mut table = Collected::new(chosen);
    let mut batch = vec![block];
    let mut failed: Option<Cut> = None;
    while !batch.is_empty() {
        let rows = Rows { names: &names, fields: &table.fields, delimiter };
        let parsed: Vec<Parsed> = batch.into_par_iter().map(|block| rows.parse(&block)).collect();
        for Parsed { cells, rows, lines: more, ragged, unclosed } in parsed {
            let before = table.rows;
            let of_file =
                |Place { row, line }: Place| Place { row: row + before, line: line + lines };
            // The cells of such a row are not to be believed, so this comes first.
            if let Some(place) = unclosed {
                return Err(Fault::Unclosed { place: of_file(place) });
            }
            table.append(cells, rows, lines);
            table.check(wanted.is_own())?;
            if let Some((place, got, blank_end)) = ragged {
                return Err(too_short_or_long(of_file(place), got, blank_end, &names));
            }
            lines += more;
        }
        reading.rows(table.rows);
        if let Some(cut) = failed.take() {
            return Err(cut.after(lines));
        }
        batch = receive(lines)?.into_iter().collect();
        while !batch.is_empty() && batch.len() < rayon::current_num_threads() {
            match incoming.try_recv() {
                Ok(Ok(block)) => batch.push(block),
                Ok(Err(cut)) => failed = Some(cut), // told behind the rows before it
                Err(_) => break,
            }
        }
    }
    if table.rows == 0 { Err(Fault::NoRows) } else { Ok(table) }
}

/// The first block's bytes, after the byte-order mark: at least one that is no blank.
fn beginning(source: &mut dyn Read) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::with_capacity(BLOCK);
    loop {
        let got = source.take(BLOCK as u64).read_to_end(&mut bytes).map_err(ReadFault::from)?;
        let text = dialect::strip_bom(&bytes);
        if !text.trim_ascii().is_empty() {
            let mark = bytes.len() - text.len();
            bytes.drain(..mark);
            return Ok(bytes);
        }
        if got == 0 {
            return Err(Fault::Empty);
        }
        if bytes.len() >= limits::RECORD {
            return Err(Fault::LongRecord { line: 1, most: limits::RECORD });
        }
    }
}

pub fn records(bytes: &[u8], delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true) // ragged rows are reported in this module's words
        .delimiter(delimiter)
        .from_reader(bytes)
}

fn too_short_or_long(place: Place, got: usize, blank_end: bool, names: &[String]) -> Fault {
    let expected = names.len();
    let ending = match got.checked_sub(1) {
        Some(last) if got < expected => Ending::At(names[last].clone()),
        Some(_) if blank_end && got == expected + 1 => Ending::Delimiter,
        _ => Ending::Unknown,
    };
    Fault::Ragged { place, expected, got, ending }
}

/// How rows of data are taken in.
struct Rows<'a> {
    /// All columns of the file.
    names: &'a [String],
    /// The wanted ones.
    fields: &'a [Field],
    delimiter: u8,
}

/// What a block holds, up to its first ragged row.
struct Parsed {
    /// Of each field.
    cells: Vec<Cells>,
    rows: usize,
    /// Line breaks.
    lines: usize,
    /// The ragged row, how many cells it has, and whether the last of them is empty.
    ragged: Option<(Place, usize, bool)>,
    /// The row whose quotes are never closed.
    unclosed: Option<Place>,
}

impl Rows<'_> {
    fn parse(&self, block: &Block) -> Parsed {
        let cells = self.fields.iter().map(|_| Cells::default()).collect();
        let mut parsed = Parsed { cells, rows: 0, lines: 0, ragged: None, unclosed: None };
        if block.quoted {
            self.parse_quoted(block, &mut parsed);
        } else {
            self.parse_plain(&block.bytes, &mut parsed);
        }
        parsed
    }

    fn parse_plain(&self, bytes: &[u8], parsed: &mut Parsed) {
        let mut ends = Vec::with_capacity(self.names.len());
        let mut start = 0;
        while start < bytes.len() && parsed.ragged.is_none() {
            let rest = &bytes[start..];
            let length = memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
            let line = &rest[..length];
            if !line.is_empty() {
                ends.clear();
                ends.extend(memchr_iter(self.delimiter, line));
                ends.push(length);
                let cell = |k: usize| {
                    let start = if k == 0 { 0 } else { ends[k - 1] + 1 };
                    &line[start..ends[k]]
                };
                let number = parsed.lines + 1;
                self.row(cell, ends.len(), || number, parsed);
            }
            parsed.lines += 1;
            start += length + if rest[length..].starts_with(b"\r\n") { 2 } else { 1 };
        }
    }

    fn parse_quoted(&self, block: &Block, parsed: &mut Parsed) {
        let bytes = &block.bytes[..];
        let mut record = ByteRecord::new();
        let mut records = records(bytes, self.delimiter);
        // Reading from memory does not fail.
        while parsed.ragged.is_none() && records.read_byte_record(&mut record).unwrap_or(false) {
            // The record's position stands before any blank lines.
            let start = record.position().map_or(0, |at| at.byte() as usize).min(bytes.len());
            let line = || {
                let blank = bytes[start..].iter().take_while(|b| matches!(b, b'\n' | b'\r'));
                line_breaks(&bytes[..start + blank.count()]) + 1
            };
            let row = parsed.rows + 1;
            self.row(|k| &record[k], record.len(), line, parsed);
            if block.unclosed && records.position().byte() as usize >= bytes.len() {
                parsed.unclosed = Some(Place { row, line: line() });
            }
        }
        parsed.lines = line_breaks(bytes);
    }

    /// Takes in one row of `got` cells.
    fn row<'b>(
        &self,
        cell: impl Fn(usize) -> &'b [u8],
        got: usize,
        line: impl Fn() -> usize,
        parsed: &mut Parsed,
    ) {
        let expected = self.names.len();
        if expected > 1 && got == 1 && cell(0).trim_ascii().is_empty() {
            return; // a line of blanks
        }
        let row = parsed.rows + 1;
        let place = || Place { row, line: line() };
        if got != expected {
            parsed.ragged = Some((place(), got, cell(got - 1).is_empty()));
            return;
        }
        for (cells, field) in parsed.cells.iter_mut().zip(self.fields) {
            cells.take_text(&field.taking, cell(field.position), place);
        }
        parsed.rows = row;
    }
}
