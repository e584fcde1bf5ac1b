//! Text: a line of names, then a line of cells for each row, with commas, tabs or other separators
//! between; also packed by gzip or zstd.

mod blocks;
mod dialect;
mod header;
mod pack;
mod read;
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

/// The layout of text, with the separator that it is written with; a reader finds it.
pub struct Text(pub u8);

impl Layout for Text {
    fn signature(&self) -> Option<&'static [u8]> {
        None
    }

    fn read(
        &self,
        _: &Path,
        source: Source,
        wanted: Select<'_>,
        options: &ReadOptions,
        reading: &Arc<Reading>,
    ) -> Result<Collected, Fault> {
        read::read(source.bytes, wanted, options, reading)
    }

    fn begin<'w>(
        &self,
        out: Out<'w>,
        packing: Packing,
        columns: &[Column],
        _: usize,
    ) -> io::Result<Box<dyn RowSink + 'w>> {
        Ok(Box::new(write::Lines::begin(out, self.0, packing, columns)?))
    }
}
