//! The header: whether there is one, and the names that it holds.
//!
//! | first line | is |
//! |---|---|
//! | holds all names of the model's columns | the header, whatever it looks like |
//! | anything, with `--header` / `--no-header` | the header / a row |
//! | holds numbers only | refused: nobody knows |
//! | anything else | the header |

use std::collections::HashSet;
use std::io;

use csv::ByteRecord;

use super::dialect;
use super::read::records;
use crate::table::input::ReadFault;
use crate::table::note::Note;
use crate::table::{Fault, ReadOptions, Select, limits, select};

/// The names of all columns.
pub struct Header {
    pub names: Vec<String>,
    /// Where the rows of data begin: 0 where there is no header.
    pub data: usize,
    pub notes: Vec<Note>,
}

impl Header {
    /// Of a text that begins with `bytes`.
    pub fn read(
        bytes: &[u8],
        delimiter: u8,
        wanted: Select<'_>,
        options: &ReadOptions,
    ) -> Result<Header, Fault> {
        let mut record = ByteRecord::new();
        let mut records = records(bytes, delimiter);
        let refused = |error| ReadFault::Refused(io::Error::other::<csv::Error>(error));
        records.read_byte_record(&mut record).map_err(refused)?;
        if record.len() > limits::COLUMNS {
            return Err(Fault::TooWide { got: record.len(), most: limits::COLUMNS });
        }
        let own: HashSet<&str> = match wanted {
            Select::Model(columns) => columns.iter().map(|column| &column.name[..]).collect(),
            _ => HashSet::new(),
        };
        let met: HashSet<&str> = record.iter().filter_map(|cell| own_name(cell, &own)).collect();
        let is_models = !own.is_empty() && met.len() == own.len();
        if options.no_header && !is_models {
            let names = select::data_names(record.len());
            return Ok(Header { names, data: 0, notes: Vec::new() });
        }
        let names = names(&record, &own)?;
        if dialect::is_numeric(&names) && !is_models && !options.header {
            // A model's columns are taken by position only if they are as many, and a header that
            // has half of their names is theirs: the others are missing.
            let beside = names.len() - usize::from(options.weights.is_some()).min(names.len());
            let is_model = !own.is_empty();
            if !is_model || (beside == own.len() && 2 * met.len() < own.len()) {
                let as_names =
                    !is_model && select::check(&names).is_ok() && data_follow(bytes, &records);
                return Err(Fault::NoHeader {
                    first: beginning(&names),
                    is_model,
                    names: as_names,
                });
            }
        }
        select::check(&names)?;
        let mut data = records.position().byte() as usize;
        if bytes[..data].ends_with(b"\r") && bytes[data..].starts_with(b"\n") {
            data += 1; // the reader stops within the line break
        }
        let note = options.no_header.then(|| Note::Header { first: beginning(&names) });
        Ok(Header { names, data, notes: note.into_iter().collect() })
    }
}

/// Whether anything follows the first record.
fn data_follow(bytes: &[u8], records: &csv::Reader<&[u8]>) -> bool {
    let end = records.position().byte() as usize;
    bytes.get(end..).is_some_and(|rest| !rest.trim_ascii().is_empty())
}

/// The names, trimmed, but for one that is a model's with the blanks around it.
fn names(record: &ByteRecord, own: &HashSet<&str>) -> Result<Vec<String>, Fault> {
    let name = |(k, cell): (usize, &[u8])| match std::str::from_utf8(cell) {
        Ok(name) if own.contains(name) => Ok(name.to_owned()),
        Ok(name) => Ok(name.trim().to_owned()),
        Err(_) => Err(Fault::NameNotUtf8 {
            position: k + 1,
            lossy: String::from_utf8_lossy(cell).into_owned(),
        }),
    };
    record.iter().enumerate().map(name).collect()
}

/// The model's name that a cell holds.
fn own_name<'a>(cell: &[u8], own: &HashSet<&'a str>) -> Option<&'a str> {
    let cell = std::str::from_utf8(cell).ok()?;
    own.get(cell).or_else(|| own.get(cell.trim())).copied()
}

/// The first names for a message.
fn beginning(names: &[String]) -> String {
    const SHOWN: usize = 4;
    let more = if names.len() > SHOWN { ", ..." } else { "" };
    names[..names.len().min(SHOWN)].join(", ") + more
}
