//! Reading: bytes to names and a matrix, in one pass over the cells.
//!
//! The file is in memory while it is read, so the number of rows is bounded by its line breaks
//! and the matrix is allocated once; the line number of a faulty row is counted only when one is
//! found.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use csv::ByteRecord;
use faer::Mat;
use gauss_flow::Column;

use crate::input::{self, ReadFault};

use super::{
    CellFault, Fault, Missing, Place, ReadOptions, Select, Table, TableError, dialect, select,
};

/// Cells that stand for "no value", besides the empty cell; compared without regard to case.
const MISSING_WORDS: [&str; 6] = ["nan", "na", "n/a", "null", "none", "?"];

/// Reads the wanted columns of the table at `path` (`-`: standard input).
///
/// # Errors
/// The first thing that is wrong with the file, its header or one of its rows.
pub fn read(path: &Path, wanted: Select<'_>, options: &ReadOptions) -> Result<Table, TableError> {
    input::read(path)
        .map_err(Fault::from)
        .and_then(|bytes| parse(dialect::strip_bom(&bytes), wanted, options))
        .map(|(columns, data, missing_rows)| Table {
            path: path.to_owned(),
            columns: columns.into_iter().map(Column::real).collect(),
            data,
            missing_rows,
        })
        .map_err(|fault| TableError { file: input::display_name(path), fault })
}

/// Names and values of the wanted columns, and the number of rows with a missing value.
fn parse(
    bytes: &[u8],
    wanted: Select<'_>,
    options: &ReadOptions,
) -> Result<(Vec<String>, Mat<f64>, usize), Fault> {
    if let Some((kind, advice)) = dialect::other_format(bytes) {
        return Err(Fault::OtherFormat { kind, advice });
    }
    if bytes.trim_ascii().is_empty() {
        return Err(Fault::Empty);
    }
    let delimiter = options.delimiter.unwrap_or_else(|| dialect::delimiter(bytes));
    let mut first = ByteRecord::new();
    let mut records = records(bytes, delimiter);
    advance(&mut records, &mut first)?;
    let names = if options.no_header {
        records = self::records(bytes, delimiter);
        select::data_names(first.len())
    } else {
        header(&first)?
    };
    let fields = wanted.positions(&names, !options.no_header)?;
    if let Some(&k) = fields.iter().find(|&&k| names[k].is_empty()) {
        return Err(Fault::Unnamed { position: k + 1 });
    }
    let rows = Rows { bytes, names: &names, fields: &fields, missing: options.missing };
    let (data, missing_rows) = rows.read(&mut records)?;
    let columns = fields.iter().map(|&k| names[k].clone()).collect();
    Ok((columns, data, missing_rows))
}

fn records(bytes: &[u8], delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true) // ragged rows are reported in this module's words
        .delimiter(delimiter)
        .from_reader(bytes)
}

fn advance(records: &mut csv::Reader<&[u8]>, record: &mut ByteRecord) -> Result<bool, Fault> {
    records
        .read_byte_record(record)
        .map_err(|error| ReadFault::Refused(io::Error::other(error)).into())
}

/// The header's names, trimmed; no name stands twice.
fn header(record: &ByteRecord) -> Result<Vec<String>, Fault> {
    let mut names = Vec::with_capacity(record.len());
    for (k, field) in record.iter().enumerate() {
        let name = std::str::from_utf8(field).map_err(|_| Fault::NameNotUtf8 {
            position: k + 1,
            lossy: String::from_utf8_lossy(field).into_owned(),
        })?;
        names.push(name.trim().to_owned());
    }
    if dialect::is_numeric(&names) {
        const SHOWN: usize = 4;
        let more = if names.len() > SHOWN { ", ..." } else { "" };
        let first = names[..names.len().min(SHOWN)].join(", ") + more;
        return Err(Fault::NoHeader { first });
    }
    let mut seen = HashMap::with_capacity(names.len());
    for (second, column) in names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
        if let Some(first) = seen.insert(column, second) {
            let column = column.clone();
            return Err(Fault::Duplicate { column, first: first + 1, second: second + 1 });
        }
    }
    Ok(names)
}

/// How rows of data are taken in.
struct Rows<'a> {
    /// The whole file, from which the rows come.
    bytes: &'a [u8],
    /// All columns of the file.
    names: &'a [String],
    /// Positions of the wanted columns.
    fields: &'a [usize],
    missing: Missing,
}

impl Rows<'_> {
    /// All rows `[n, fields]`, and how many have a missing value.
    fn read(&self, records: &mut csv::Reader<&[u8]>) -> Result<(Mat<f64>, usize), Fault> {
        let bound = line_breaks(self.bytes) + 1;
        let mut data = Mat::<f64>::zeros(bound, self.fields.len());
        let mut values = vec![0.0; self.fields.len()];
        let (mut seen, mut kept, mut missing_rows) = (0, 0, 0);
        let mut record = ByteRecord::new();
        while advance(records, &mut record)? {
            if self.is_blank(&record) {
                continue;
            }
            seen += 1;
            if !self.row(&record, seen, &mut values)? {
                missing_rows += 1;
                if self.missing == Missing::DropRow {
                    continue;
                }
                values.fill(f64::NAN);
            }
            for (j, &value) in values.iter().enumerate() {
                data[(kept, j)] = value;
            }
            kept += 1;
        }
        if seen == 0 {
            return Err(Fault::NoRows);
        }
        if kept == 0 {
            return Err(Fault::AllMissing { rows: seen });
        }
        data.truncate(kept, self.fields.len());
        Ok((data, missing_rows))
    }

    /// A line of blanks, which the reader takes for one cell; empty lines it skips by itself.
    fn is_blank(&self, record: &ByteRecord) -> bool {
        self.names.len() > 1 && record.len() == 1 && record[0].trim_ascii().is_empty()
    }

    /// The wanted values of one row; `false` where one of them is missing.
    fn row(&self, record: &ByteRecord, row: usize, values: &mut [f64]) -> Result<bool, Fault> {
        let (expected, got) = (self.names.len(), record.len());
        if got != expected {
            let last = got.checked_sub(1).filter(|_| got < expected);
            let last = last.map(|k| self.names[k].clone());
            return Err(Fault::Ragged { place: self.place(record, row), expected, got, last });
        }
        let mut whole = true;
        for (value, &k) in values.iter_mut().zip(self.fields) {
            match number(&record[k]) {
                Ok(number) => *value = number,
                Err(fault) if fault == CellFault::Text || self.missing == Missing::Reject => {
                    return Err(Fault::Cell {
                        place: self.place(record, row),
                        column: self.names[k].clone(),
                        cell: String::from_utf8_lossy(&record[k]).trim().to_owned(),
                        fault,
                    });
                }
                Err(_) => whole = false,
            }
        }
        Ok(whole)
    }

    /// Counts the lines before the record, whose position stands before any blank lines.
    fn place(&self, record: &ByteRecord, row: usize) -> Place {
        let start = record.position().map_or(0, |at| at.byte() as usize).min(self.bytes.len());
        let blank = self.bytes[start..].iter().take_while(|b| matches!(b, b'\n' | b'\r')).count();
        Place { row, line: line_breaks(&self.bytes[..start + blank]) + 1 }
    }
}

/// Line breaks: `\n`, `\r\n` and a lone `\r` are one each.
fn line_breaks(bytes: &[u8]) -> usize {
    let mut previous = 0;
    let mut count = 0;
    for &byte in bytes {
        count += usize::from(byte == b'\r' || (byte == b'\n' && previous != b'\r'));
        previous = byte;
    }
    count
}

/// The finite number in a cell, blanks around it ignored.
fn number(cell: &[u8]) -> Result<f64, CellFault> {
    let text = std::str::from_utf8(cell).map_err(|_| CellFault::Text)?.trim();
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(value) if value.is_nan() => Err(CellFault::Missing),
        Ok(_) => Err(CellFault::Infinite),
        Err(_) if text.is_empty() => Err(CellFault::Missing),
        Err(_) if MISSING_WORDS.iter().any(|word| text.eq_ignore_ascii_case(word)) => {
            Err(CellFault::Missing)
        }
        Err(_) => Err(CellFault::Text),
    }
}
