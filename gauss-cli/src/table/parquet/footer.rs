//! The footer's schema, looked through before it is built.
//!
//! The crate makes room for as many children as an element of the schema says it has, and calls
//! itself for each: a few bytes may claim 2³¹ of them, or nest a hundred thousand, and the program
//! would end. Here the elements are counted off against their claims.
//!
//! The footer is a structure in Thrift's compact protocol: fields of a byte for what they hold (low
//! half) and the step to their number (high half), up to a byte of 0.

use parquet::errors::{ParquetError, Result};
use parquet::file::reader::ChunkReader;

/// Groups within groups; tables have none.
const DEPTH: usize = 64;
/// The length of the footer, and `PAR1`.
const TAIL: u64 = 8;
/// The schema among the footer's fields, and the number of children among those of its elements.
const SCHEMA: i64 = 2;
const CHILDREN: i64 = 5;

/// That the schema of the file holds what it claims. Where the footer itself cannot be followed
/// nothing is said: whoever reads it says so better.
pub fn check<R: ChunkReader>(file: &R) -> Result<()> {
    match children(file) {
        None => Ok(()),
        Some(children) if holds(&children) => Ok(()),
        Some(_) => Err(ParquetError::General("its schema claims more than it holds".to_owned())),
    }
}

/// Whether the elements, each with the number of its children, make up groups no deeper than
/// [`DEPTH`].
fn holds(children: &[usize]) -> bool {
    let mut open: Vec<usize> = Vec::new();
    for (k, &own) in children.iter().enumerate() {
        while open.last() == Some(&0) {
            open.pop();
        }
        if let Some(left) = open.last_mut() {
            *left -= 1;
        }
        if own > children.len() - k - 1 || open.len() > DEPTH {
            return false;
        }
        if own > 0 {
            open.push(own);
        }
    }
    true
}

/// The number of children of each element of the schema, in the order of the file.
fn children<R: ChunkReader>(file: &R) -> Option<Vec<usize>> {
    let tail = file.get_bytes(file.len().checked_sub(TAIL)?, TAIL as usize).ok()?;
    let length = u32::from_le_bytes(*tail.first_chunk()?);
    let start = file.len().checked_sub(TAIL + u64::from(length))?;
    let bytes = file.get_bytes(start, length as usize).ok()?;
    let mut footer = Thrift { rest: &bytes };
    let mut id = 0;
    loop {
        let kind = footer.field(&mut id)?;
        if (id, kind) == (SCHEMA, Thrift::LIST) {
            break;
        }
        footer.skip(kind, DEPTH)?;
    }
    let (count, kind) = footer.list()?;
    let mut children = Vec::new();
    for _ in 0..count {
        children.push(footer.element(kind)?);
    }
    Some(children)
}

/// What is left of a structure.
struct Thrift<'a> {
    rest: &'a [u8],
}

impl Thrift<'_> {
    const LIST: u8 = 9;
    const STRUCT: u8 = 12;

    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    fn bytes(&mut self, count: u64) -> Option<()> {
        self.rest = self.rest.get(usize::try_from(count).ok()?..)?;
        Some(())
    }

    /// Seven bits a byte, the lowest first.
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    /// With the sign in the lowest bit.
    fn signed(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1).cast_signed() ^ -((value & 1).cast_signed()))
    }

    /// What the next field holds, if there is one; `id` becomes its number.
    fn field(&mut self, id: &mut i64) -> Option<u8> {
        let head = self.byte()?;
        let kind = head % 16;
        *id = match head / 16 {
            _ if kind == 0 => return None,
            0 => self.signed()?,
            step => id.checked_add(i64::from(step))?,
        };
        Some(kind)
    }

    /// How many items follow, and what they are.
    fn list(&mut self) -> Option<(u64, u8)> {
        let head = self.byte()?;
        let count = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
        Some((count, head & 15))
    }

    /// The number of children of an element of the schema.
    fn element(&mut self, kind: u8) -> Option<usize> {
        if kind != Self::STRUCT {
            return None;
        }
        let (mut children, mut id) = (0, 0);
        while let Some(kind) = self.next(&mut id)? {
            if id == CHILDREN && matches!(kind, 4..=6) {
                children = usize::try_from(self.signed()?).unwrap_or(0); // below 0 it is refused
            } else {
                self.skip(kind, DEPTH)?;
            }
        }
        Some(children)
    }

    /// The next field, `Some(None)` at the end of the structure.
    #[expect(clippy::option_option, reason = "the end of a structure is not the end of the bytes")]
    fn next(&mut self, id: &mut i64) -> Option<Option<u8>> {
        if self.rest.first()? % 16 == 0 {
            self.byte()?;
            return Some(None);
        }
        self.field(id).map(Some)
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match kind {
            1 | 2 => Some(()), // true and false are their own values
            3 => self.bytes(1),
            4..=6 => self.varint().map(drop),
            7 => self.bytes(8),
            8 => {
                let length = self.varint()?;
                self.bytes(length)
            }
            9 | 10 => {
                let (count, kind) = self.list()?;
                (0..count).try_for_each(|_| self.item(kind, depth))
            }
            11 => {
                let count = self.varint()?;
                let kinds = if count > 0 { self.byte()? } else { 0 };
                (0..count).try_for_each(|_| {
                    self.item(kinds >> 4, depth)?;
                    self.item(kinds & 15, depth)
                })
            }
            Self::STRUCT => {
                let mut id = 0;
                while let Some(kind) = self.next(&mut id)? {
                    self.skip(kind, depth)?;
                }
                Some(())
            }
            _ => None,
        }
    }

    /// An item of a list: there a truth takes a byte.
    fn item(&mut self, kind: u8, depth: usize) -> Option<()> {
        if matches!(kind, 1 | 2) { self.bytes(1) } else { self.skip(kind, depth) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    /// A file whose schema has elements with so many children each.
    fn file(children: &[u32]) -> Bytes {
        let mut footer = vec![0x15, 2, 0x19, 0xfc]; // version 1; a list of structures
        let varint = |footer: &mut Vec<u8>, mut value: u64| {
            while value >= 0x80 {
                footer.push(value as u8 | 0x80);
                value >>= 7;
            }
            footer.push(value as u8);
        };
        varint(&mut footer, children.len() as u64);
        for &own in children {
            footer.extend([0x48, 1, b'a']); // a name
            if own > 0 {
                footer.push(0x15);
                varint(&mut footer, 2 * u64::from(own));
            }
            footer.push(0);
        }
        footer.push(0);
        let length = (footer.len() as u32).to_le_bytes();
        Bytes::from([b"PAR1", &footer[..], &length, b"PAR1"].concat())
    }

    #[test]
    fn a_schema_holds_what_it_claims() {
        let deep = vec![1; DEPTH + 2];
        assert_eq!(children(&file(&[2, 0, 0])), Some(vec![2, 0, 0]));
        for (elements, good) in [
            (&[2, 0, 0][..], true),
            (&[2, 2, 0, 0, 0], true),
            (&[0x7fff_ffff, 0], false),
            (&[1, 0x7fff_ffff], false),
            (&[2, 0], false),
            (&[&deep[..], &[0]].concat(), false),
        ] {
            assert_eq!(check(&file(elements)).is_ok(), good, "{elements:?}");
        }
    }

    #[test]
    fn nonsense_is_left_to_others() {
        let whole = file(&[2, 0, 0]);
        for end in 0..whole.len() {
            let cut = [&whole[..end], &[9, 0, 0, 0], b"PAR1"].concat();
            assert!(check(&Bytes::from(cut)).is_ok());
        }
    }
}
