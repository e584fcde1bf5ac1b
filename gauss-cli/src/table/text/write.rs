//! Rows as text. They are formatted in parallel, a chunk of rows a core, and written in order.

use std::io;

use faer::MatRef;
use gauss_model::{Column, Kind, Value};
use rayon::prelude::*;

use super::pack::Packer;
use crate::table::signature::{self, Content};
use crate::table::write::RowSink;
use crate::table::{Format, Out, Packing};

/// Rows formatted at once.
const CHUNK: usize = 1 << 12;

/// A table of text being written.
pub struct Lines<'w> {
    out: Packer<'w>,
    style: Style,
}

/// How rows are laid out.
struct Style {
    delimiter: u8,
    /// Of each column, its kind, and the names of a category as they stand in the file, in quotes
    /// where they must be.
    columns: Vec<(Kind, Vec<Vec<u8>>)>,
}

impl<'w> Lines<'w> {
    pub fn begin(
        out: Out<'w>,
        delimiter: u8,
        packing: Packing,
        columns: &[Column],
    ) -> io::Result<Lines<'w>> {
        let style = |column: &Column| {
            let names = match &column.kind {
                Kind::Category(names) => names.iter().map(|name| quoted(name, delimiter)).collect(),
                _ => Vec::new(),
            };
            (column.kind.clone(), names)
        };
        let style = Style { delimiter, columns: columns.iter().map(style).collect() };
        let mut out = Packer::new(out, packing)?;
        let names: Vec<Vec<u8>> =
            columns.iter().map(|column| quoted(&column.name, delimiter)).collect();
        let mut header = names.join(&delimiter);
        header.push(b'\n');
        out.put(header)?;
        Ok(Lines { out, style })
    }
}

impl RowSink for Lines<'_> {
    fn rows(&mut self, rows: MatRef<'_, f64>) -> io::Result<()> {
        let style = &self.style;
        let starts: Vec<usize> = (0..rows.nrows()).step_by(CHUNK).collect();
        for starts in starts.chunks(2 * rayon::current_num_threads()) {
            let chunk =
                |&start: &usize| style.format(rows.subrows(start, CHUNK.min(rows.nrows() - start)));
            let chunks: Vec<Vec<u8>> = starts.par_iter().map(chunk).collect();
            chunks.into_iter().try_for_each(|chunk| self.out.put(chunk))?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.out.finish()
    }
}

impl Style {
    fn format(&self, rows: MatRef<'_, f64>) -> Vec<u8> {
        const DIGITS: usize = 24; // of the longest double, with its separator about
        let mut text = Vec::with_capacity(rows.nrows() * rows.ncols() * DIGITS);
        let mut number = zmij::Buffer::new();
        for i in 0..rows.nrows() {
            let start = text.len();
            for (j, (kind, names)) in self.columns.iter().enumerate() {
                if j > 0 {
                    text.push(self.delimiter);
                }
                match kind.value(rows[(i, j)]) {
                    Value::Real(value) => text.extend_from_slice(number.format(value).as_bytes()),
                    Value::Integer(value) => text.extend_from_slice(value.to_string().as_bytes()),
                    Value::Level(at, _) => text.extend_from_slice(&names[at]),
                    Value::NoLevel => {}
                }
            }
            if text.len() == start {
                text.extend_from_slice(b"\"\""); // an empty line would be no row
            }
            text.push(b'\n');
        }
        text
    }
}

/// A cell of text, in quotes where it would not be read back without them.
fn quoted(text: &str, delimiter: u8) -> Vec<u8> {
    let special = |&b: &u8| b == delimiter || matches!(b, b'"' | b'\n' | b'\r');
    // The other separators too, so that they do not count where the separator is looked for.
    let separator = |&b: &u8| matches!(b, b',' | b';' | b'\t' | b'|');
    // Nor must a name at the beginning of the file make it look like one of another kind.
    let ends = text.trim() != text || text.starts_with(['\u{feff}', '#']);
    let foreign = signature::content(text.as_bytes()) != Content::Table(Format::default());
    let plain = !text.is_empty() && !ends && !foreign;
    if plain && !text.as_bytes().iter().any(|b| special(b) || separator(b)) {
        return text.as_bytes().to_vec();
    }
    format!("\"{}\"", text.replace('"', "\"\"")).into_bytes()
}
