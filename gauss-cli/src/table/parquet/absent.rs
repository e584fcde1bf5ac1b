//! Parquet in a program that was built without it: known, and refused.

use std::io;
use std::path::Path;
use std::sync::Arc;

use gauss_model::Column;

use super::cells::Collected;
use super::format::{Layout, Packing};
use super::input::Source;
use super::write::RowSink;
use super::{Fault, Out, ReadOptions, Select, Unwritable};
use crate::terminal::Reading;

/// The layout of a Parquet file.
pub struct Parquet;

impl Layout for Parquet {
    fn signature(&self) -> Option<&'static [u8]> {
        Some(b"PAR1")
    }

    fn read(
        &self,
        _: &Path,
        _: Source,
        _: Select<'_>,
        _: &ReadOptions,
        _: &Arc<Reading>,
    ) -> Result<Collected, Fault> {
        Err(Fault::NoParquet)
    }

    fn check(&self, _: &[Column]) -> Result<(), Unwritable> {
        Err(Unwritable::NoParquet)
    }

    fn begin<'w>(
        &self,
        _: Out<'w>,
        _: Packing,
        _: &[Column],
        _: usize,
    ) -> io::Result<Box<dyn RowSink + 'w>> {
        Err(io::Error::other(Unwritable::NoParquet))
    }
}
