//! NumPy arrays: one of `n` or `n × d` numbers is a table with the columns `x0, x1, ...`
//! (<https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>).
//!
//! ```text
//!   \x93NUMPY 1 0 length {'descr': '<f8', 'fortran_order': False, 'shape': (1000, 2), } ... numbers
//! ```
//!
//! Read here rather than by a crate: those on offer parse the header with a grammar of Python
//! literals whose build needs an assembler.

mod read;
mod write;

use std::io;
use std::path::Path;
use std::sync::Arc;

use gauss_model::{Column, Kind};

use super::cells::Collected;
use super::format::{Layout, Packing};
use super::input::Source;
use super::write::RowSink;
use super::{Fault, Out, ReadOptions, Select, Unwritable};
use crate::terminal::Reading;

/// The layout of an array.
pub struct Npy;

impl Layout for Npy {
    fn signature(&self) -> Option<&'static [u8]> {
        Some(b"\x93NUMPY")
    }

    fn read(
        &self,
        _: &Path,
        source: Source,
        wanted: Select<'_>,
        options: &ReadOptions,
        _: &Arc<Reading>,
    ) -> Result<Collected, Fault> {
        read::read(source.bytes, wanted, options)
    }

    fn check(&self, columns: &[Column]) -> Result<(), Unwritable> {
        match columns.iter().find(|column| matches!(column.kind, Kind::Category(_))) {
            Some(column) => Err(Unwritable::Text { column: column.name.clone() }),
            None => Ok(()),
        }
    }

    fn begin<'w>(
        &self,
        out: Out<'w>,
        _: Packing,
        columns: &[Column],
        rows: usize,
    ) -> io::Result<Box<dyn RowSink + 'w>> {
        Ok(Box::new(write::Array::begin(out, rows, columns.len())?))
    }
}
