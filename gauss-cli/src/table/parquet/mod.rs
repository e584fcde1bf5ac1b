//! Parquet: flat columns of numbers, booleans (0 and 1) and text, each read on its own.
//!
//! Decimals are read as the nearest double. Nested columns, dates, times and raw bytes hold no
//! number that would be the same to everyone: they are refused by name where they are wanted, and
//! ignored where they are not.

mod deltas;
mod footer;
mod guard;
mod pages;
mod read;
mod unpack;
mod write;

use std::io;
use std::path::Path;
use std::sync::Arc;

use gauss_model::Column;

use super::cells::Collected;
use super::format::{Layout, Packing};
use super::input::Source;
use super::write::RowSink;
use super::{Fault, Out, ReadOptions, Select};
use crate::terminal::Reading;

/// The layout of a Parquet file.
pub struct Parquet;

impl Layout for Parquet {
    fn signature(&self) -> Option<&'static [u8]> {
        Some(b"PAR1")
    }

    fn read(
        &self,
        path: &Path,
        source: Source,
        wanted: Select<'_>,
        options: &ReadOptions,
        reading: &Arc<Reading>,
    ) -> Result<Collected, Fault> {
        read::read(path, source, wanted, options, reading)
    }

    fn begin<'w>(
        &self,
        out: Out<'w>,
        _: Packing,
        columns: &[Column],
        _: usize,
    ) -> io::Result<Box<dyn RowSink + 'w>> {
        Ok(Box::new(write::Groups::begin(out, columns)?))
    }
}
