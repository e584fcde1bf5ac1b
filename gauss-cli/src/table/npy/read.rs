//! Reading an array.

use std::io::Read;

use crate::table::cells::Collected;
use crate::table::input::ReadFault;
use crate::table::numbers::{half, number_text};
use crate::table::{Fault, Place, ReadOptions, Select, limits, memory, select};

/// Bytes of numbers read at a time.
const PIECE: usize = 1 << 20;
/// No header of a table of numbers is longer.
const LONGEST_HEADER: usize = 1 << 16;

/// Reads the wanted columns of an array.
pub fn read(
    mut bytes: Box<dyn Read + Send>,
    wanted: Select<'_>,
    options: &ReadOptions,
) -> Result<Collected, Fault> {
    let Header { element, by_column, rows, columns } = Header::read(&mut bytes)?;
    if rows == 0 || columns == 0 {
        return Err(Fault::NoNumbers);
    }
    if columns > limits::COLUMNS {
        return Err(Fault::NotATable { what: format!("{columns} columns") });
    }
    let names = select::data_names(columns);
    let mut table = Collected::new(wanted.fields(&names, false, &[], options)?);
    let wanted_bytes = rows.saturating_mul(table.fields.len()).saturating_mul(size_of::<f64>());
    memory::affordable(wanted_bytes).map_err(|short| Fault::memory(short, wanted.is_own()))?;
    // A run is what stands together: a row, or a column.
    let (runs, length) = if by_column { (columns, rows) } else { (rows, columns) };
    let is_own = wanted.is_own();
    let mut numbers = Numbers { bytes, element, buffer: Vec::new(), at: 0, is_own };
    let mut run = Vec::new();
    for k in 0..runs {
        run.clear();
        numbers.fill(&mut run, length)?;
        for (field, cells) in table.fields.iter().zip(&mut table.cells) {
            let (values, first) = match by_column {
                false => (&run[field.position..=field.position], k + 1),
                true if field.position == k => (&run[..], 1),
                true => continue,
            };
            for (&value, row) in values.iter().zip(first..) {
                let place = || Place { row, line: row };
                cells.take_number(&field.taking, value, || number_text(value), place);
            }
        }
    }
    numbers.end()?;
    table.rows = rows;
    table.check(wanted.is_own())?;
    Ok(table)
}

fn damaged(reason: impl Into<String>) -> Fault {
    Fault::Damaged { format: "NumPy", reason: reason.into() }
}

/// The type of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Element {
    kind: u8,
    size: usize,
    big_endian: bool,
}

impl Element {
    /// `<f8`, `|b1`, `>i4`.
    fn parse(descr: &str) -> Option<Element> {
        let (&order, rest) = descr.as_bytes().split_first()?;
        let (&kind, size) = rest.split_first()?;
        let size = std::str::from_utf8(size).ok()?.parse().ok()?;
        let known = match kind {
            b'f' => matches!(size, 2 | 4 | 8),
            b'i' | b'u' => matches!(size, 1 | 2 | 4 | 8),
            b'b' => size == 1,
            _ => false,
        };
        let big_endian = match order {
            b'>' => true,
            b'=' => cfg!(target_endian = "big"),
            b'<' | b'|' => false,
            _ => return None,
        };
        known.then_some(Element { kind, size, big_endian })
    }

    fn number(self, bytes: &[u8]) -> f64 {
        // In little-endian order, at the low end of eight bytes.
        let mut raw = [0; 8];
        raw[..self.size].copy_from_slice(bytes);
        if self.big_endian {
            raw[..self.size].reverse();
        }
        let bits = u64::from_le_bytes(raw);
        let unused = 64 - 8 * self.size as u32;
        match (self.kind, self.size) {
            (b'f', 2) => half(bits as u16),
            (b'f', 4) => f64::from(f32::from_bits(bits as u32)),
            (b'f', _) => f64::from_bits(bits),
            (b'i', _) => ((bits << unused) as i64 >> unused) as f64,
            (b'b', _) => f64::from(u8::from(bits != 0)),
            _ => bits as f64,
        }
    }
}

#[derive(Debug, PartialEq)]
struct Header {
    element: Element,
    by_column: bool,
    rows: usize,
    columns: usize,
}

impl Header {
    fn read(bytes: &mut dyn Read) -> Result<Header, Fault> {
        let mut exactly = |count: usize| {
            let mut buffer = Vec::new();
            let got = bytes.take(count as u64).read_to_end(&mut buffer).map_err(ReadFault::from)?;
            if got < count { Err(damaged("it ends within its header")) } else { Ok(buffer) }
        };
        let start = exactly(8)?;
        let length = match start[6] {
            1 => exactly(2)?,
            2 | 3 => exactly(4)?,
            version => return Err(damaged(format!("version {version} is not known"))),
        };
        let length = length.iter().rev().fold(0, |sum, &byte| sum << 8 | usize::from(byte));
        if length > LONGEST_HEADER {
            return Err(Fault::NotATable { what: "records".to_owned() });
        }
        let text = exactly(length)?;
        Header::parse(&String::from_utf8_lossy(&text))
    }

    fn parse(text: &str) -> Result<Header, Fault> {
        let no_table = |what: String| Err(Fault::NotATable { what });
        let value = |key: &str| {
            let (_, rest) = text.split_once(&format!("'{key}':"))?;
            Some(rest.trim_start())
        };
        let incomplete = || damaged("its header is not complete");
        let descr = value("descr").ok_or_else(incomplete)?;
        if descr.starts_with('[') {
            return no_table("records".to_owned());
        }
        let descr = descr.split('\'').nth(1).ok_or_else(incomplete)?;
        let Some(element) = Element::parse(descr) else {
            return no_table(format!("elements of type {descr:?}"));
        };
        let by_column = value("fortran_order").ok_or_else(incomplete)?.starts_with("True");
        let shape = value("shape").and_then(|rest| rest.strip_prefix('('));
        let (shape, _) = shape.and_then(|rest| rest.split_once(')')).ok_or_else(incomplete)?;
        let shape: Option<Vec<usize>> = shape
            .split(',')
            .map(str::trim)
            .filter(|count| !count.is_empty())
            .map(|count| count.trim_end_matches('L').parse().ok())
            .collect();
        match shape.as_deref() {
            Some(&[rows]) => Ok(Header { element, by_column: false, rows, columns: 1 }),
            Some(&[rows, columns]) => Ok(Header { element, by_column, rows, columns }),
            Some(shape) => no_table(format!("{} dimensions", shape.len())),
            None => Err(incomplete()),
        }
    }
}

/// The numbers, one after the other.
struct Numbers {
    bytes: Box<dyn Read + Send>,
    element: Element,
    buffer: Vec<u8>,
    /// What of the buffer has been used.
    at: usize,
    /// Whether the table's columns are its own, for a message.
    is_own: bool,
}

impl Numbers {
    /// Appends the next `count` numbers to `run`.
    fn fill(&mut self, run: &mut Vec<f64>, count: usize) -> Result<(), Fault> {
        let size = self.element.size;
        while run.len() < count {
            // A piece is a whole number of elements, unless the file ends with it.
            if self.buffer.len() - self.at < size {
                let cut = self.at < self.buffer.len();
                self.buffer.clear();
                self.at = 0;
                let piece = self.bytes.by_ref().take(PIECE as u64);
                { piece }.read_to_end(&mut self.buffer).map_err(ReadFault::from)?;
                if cut || self.buffer.len() < size {
                    return Err(damaged("it ends before its last number"));
                }
            }
            let ready = (count - run.len()).min((self.buffer.len() - self.at) / size);
            let end = self.at + ready * size;
            memory::more(run, ready).map_err(|short| Fault::memory(short, self.is_own))?;
            let numbers = self.buffer[self.at..end].chunks_exact(size);
            run.extend(numbers.map(|bytes| self.element.number(bytes)));
            self.at = end;
        }
        Ok(())
    }

    /// Nothing follows the last number.
    fn end(mut self) -> Result<(), Fault> {
        let more = self.bytes.read(&mut [0]).map_err(ReadFault::from)?;
        if more > 0 || self.at < self.buffer.len() {
            return Err(damaged("more follows its last number"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_as_numpy_writes_them() {
        let element = Element { kind: b'f', size: 8, big_endian: false };
        for (text, rows, columns, by_column) in [
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }", 3, 2, false),
            ("{'descr': '<f8', 'fortran_order': True, 'shape': (3, 2), }    \n", 3, 2, true),
            ("{'descr': '<f8', 'fortran_order': True, 'shape': (3,), }", 3, 1, false),
        ] {
            let header = Header { element, by_column, rows, columns };
            assert_eq!(Header::parse(text).expect("a table"), header);
        }
        for (text, message) in [
            ("{'descr': '<c16', 'fortran_order': False, 'shape': (3,), }", "type \"<c16\""),
            ("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (3,), }", "records"),
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2, 1), }", "3 dimensions"),
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (), }", "0 dimensions"),
            ("{'descr': '<f8', 'fortran_order': False}", "not complete"),
        ] {
            let fault = Header::parse(text).expect_err("no table").to_string();
            assert!(fault.contains(message), "{fault}");
        }
    }

    #[test]
    fn every_type_of_number() {
        let number = |descr: &str, bytes: &[u8]| {
            Element::parse(descr).expect("a type of number").number(bytes)
        };
        assert_eq!(number("<f8", &(-1.5_f64).to_le_bytes()), -1.5);
        assert_eq!(number(">f8", &1e300_f64.to_be_bytes()), 1e300);
        assert_eq!(number("<f4", &0.1_f32.to_le_bytes()), f64::from(0.1_f32));
        assert_eq!(number("<f2", &[0x00, 0x3e]), 1.5);
        assert_eq!(number(">f2", &[0xfb, 0xff]), -65504.0);
        assert_eq!(number("<f2", &[0x01, 0x00]), 2.0_f64.powi(-24));
        assert_eq!(number("<f2", &[0x00, 0x7c]), f64::INFINITY);
        assert!(number("<f2", &[0x00, 0x7e]).is_nan());
        assert_eq!(number("<i2", &(-300_i16).to_le_bytes()), -300.0);
        assert_eq!(number(">i4", &(-70000_i32).to_be_bytes()), -70000.0);
        assert_eq!(number("|i1", &[0xff]), -1.0);
        assert_eq!(number("|u1", &[0xff]), 255.0);
        assert_eq!(number("<u8", &u64::MAX.to_le_bytes()), u64::MAX as f64);
        assert_eq!(number("<i8", &i64::MIN.to_le_bytes()), i64::MIN as f64);
        assert_eq!(number("|b1", &[1]), 1.0);
    }
}
