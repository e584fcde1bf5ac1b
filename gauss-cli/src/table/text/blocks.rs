//! A text cut into blocks of whole records, ahead of those who parse them.
//!
//! A block ends behind the last line break that ends a record. Without a quote in the block that
//! is the last line break at all; otherwise the quotes are followed from the block's start, by
//! the rules of RFC 4180 as the `csv` crate reads it: a quote opens only at the start of a cell,
//! and two of them within quotes are one.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use memchr::{memchr, memrchr};

use crate::table::input::ReadFault;
use crate::table::{Fault, limits};

/// Bytes read at a time; a block is about as long. Not a matter of the number of threads: what is
/// said about a table must not depend on it.
pub const BLOCK: usize = 1 << 21;
/// Blocks that may wait.
const AHEAD: usize = 2;

/// Whole records.
pub struct Block {
    pub bytes: Vec<u8>,
    /// Whether there is a quote.
    pub quoted: bool,
    /// Whether the text ends within quotes.
    pub unclosed: bool,
}

/// Why there is no next block.
#[derive(Debug)]
pub enum Cut {
    /// The source has failed.
    Source(io::Error),
    /// The record is longer than [`limits::RECORD`].
    Long,
}

impl From<io::Error> for Cut {
    fn from(error: io::Error) -> Cut {
        Cut::Source(error)
    }
}

impl Cut {
    /// What is said of it behind so many lines of the file.
    pub fn after(self, lines: usize) -> Fault {
        match self {
            Cut::Source(error) => ReadFault::from(error).into(),
            Cut::Long => Fault::LongRecord { line: lines + 1, most: limits::RECORD },
        }
    }
}

/// Cuts what is in `first` and whatever follows in `source`, on a thread of its own, which ends
/// when nobody takes blocks any more.
pub fn blocks(
    first: Vec<u8>,
    source: Box<dyn Read + Send>,
    delimiter: u8,
) -> io::Result<Receiver<Result<Block, Cut>>> {
    let (sender, receiver) = sync_channel(AHEAD);
    let mut cutter = Cutter { source, rest: first, delimiter, at_end: false };
    thread::Builder::new().spawn(move || {
        while let Some(block) = cutter.next().transpose() {
            let failed = block.is_err();
            if sender.send(block).is_err() || failed {
                break;
            }
        }
    })?;
    Ok(receiver)
}

struct Cutter<R> {
    source: R,
    /// What has been read and is not in a block yet.
    rest: Vec<u8>,
    delimiter: u8,
    at_end: bool,
}

impl<R: Read> Cutter<R> {
    fn next(&mut self) -> Result<Option<Block>, Cut> {
        loop {
            let quoted = memchr(b'"', &self.rest).is_some();
            let enough = self.rest.len() >= BLOCK;
            let end = if self.at_end {
                Some(self.rest.len())
            } else if enough {
                last_end(&self.rest, quoted, self.delimiter)
            } else {
                None
            };
            match end {
                Some(0) => return Ok(None),
                Some(end) => {
                    let unclosed = self.at_end
                        && quoted
                        && follow_quotes(&self.rest, self.delimiter).1 == State::Quoted;
                    let rest = self.rest.split_off(end);
                    let bytes = std::mem::replace(&mut self.rest, rest);
                    return Ok(Some(Block { bytes, quoted, unclosed }));
                }
                None if self.rest.len() >= limits::RECORD => return Err(Cut::Long),
                // A record longer than a block: twice as much, so that the search stays linear.
                None if enough => self.more(self.rest.len())?,
                None => self.more(BLOCK - self.rest.len())?,
            }
        }
    }

    fn more(&mut self, bytes: usize) -> io::Result<()> {
        self.rest.reserve(bytes);
        let got = self.source.by_ref().take(bytes as u64).read_to_end(&mut self.rest)?;
        self.at_end = got < bytes;
        Ok(())
    }
}

/// Where the last whole record ends that more text cannot change: `\r` at the very end may be
/// half a line break.
fn last_end(bytes: &[u8], quoted: bool, delimiter: u8) -> Option<usize> {
    if quoted {
        return follow_quotes(bytes, delimiter).0;
    }
    let lone = || memrchr(b'\r', &bytes[..bytes.len().saturating_sub(1)]);
    memrchr(b'\n', bytes).or_else(lone).map(|at| at + 1)
}

/// Where in a record a byte stands.
#[derive(Clone, Copy, PartialEq)]
enum State {
    CellStart,
    Plain,
    Quoted,
    QuoteInQuoted,
}

/// Where the last whole record ends, and the state behind the last byte.
fn follow_quotes(bytes: &[u8], delimiter: u8) -> (Option<usize>, State) {
    let mut state = State::CellStart;
    let mut end = None;
    for (at, &byte) in bytes.iter().enumerate() {
        state = match (state, byte) {
            (State::Quoted, b'"') => State::QuoteInQuoted,
            (State::Quoted, _) | (State::QuoteInQuoted | State::CellStart, b'"') => State::Quoted,
            (_, b'\n') => {
                end = Some(at + 1);
                State::CellStart
            }
            (_, b'\r') => {
                if bytes.get(at + 1).is_some_and(|&next| next != b'\n') {
                    end = Some(at + 1);
                }
                State::CellStart
            }
            (_, byte) if byte == delimiter => State::CellStart,
            _ => State::Plain,
        };
    }
    (end, state)
}

/// Line breaks: `\n`, `\r\n` and a lone `\r` are one each.
pub fn line_breaks(bytes: &[u8]) -> usize {
    let mut previous = 0;
    let mut count = 0;
    for &byte in bytes {
        count += usize::from(byte == b'\r' || (byte == b'\n' && previous != b'\r'));
        previous = byte;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_ends_behind_a_record() {
        for (text, end) in [
            ("1,2\n3", Some(4)),
            ("1,2\r\n3", Some(5)),
            ("1,2\r", None),
            ("1\r2\r", Some(2)),
            ("1,\"a\nb", None),
            ("1,\"a\n\"\"b\"\n2,\"c\n", Some(10)),
            ("5\" pipe\n6\" pipe", Some(8)),
            ("\"a\"b\n\"", Some(5)),
            ("\"a\"\r\n", Some(5)),
            ("\"a\"\r", None),
        ] {
            assert_eq!(last_end(text.as_bytes(), text.contains('"'), b','), end, "{text:?}");
        }
    }

    /// The blocks together are the text, and every record is the same alone as it is in the text.
    #[test]
    fn blocks_keep_the_records_of_the_csv_crate() {
        let records = |bytes: &[u8]| -> Vec<csv::ByteRecord> {
            let mut reader = csv::ReaderBuilder::new();
            let mut reader = reader.has_headers(false).flexible(true).from_reader(bytes);
            reader.byte_records().map(|record| record.expect("memory")).collect()
        };
        let line = "1.5,\"a \"\"b\"\"\n, c\",2 \"x\"\r\n\"\",\"\r\"y,3\n";
        let text = line.repeat(3 * BLOCK / line.len());
        let source = Box::new(io::Cursor::new(text.clone().into_bytes()));
        let mut whole = Vec::new();
        let mut parts = Vec::new();
        for block in blocks(Vec::new(), source, b',').expect("a thread") {
            let block = block.expect("memory");
            parts.extend(records(&block.bytes));
            whole.extend(block.bytes);
        }
        assert_eq!(whole, text.as_bytes());
        assert_eq!(parts, records(text.as_bytes()));
    }
}
