//! Rows as text. They are formatted in parallel, a chunk of rows a core, and written in order.

use std::io;

use faer::MatRef;
use gauss_model::{Column, Kind};
use rayon::prelude::*;

use super::pack::Packer;
use super::{Out, integer};
use crate::table::Packing;

/// Rows formatted at once.
const CHUNK: usize = 1 << 12;

/// A table of text being written.
pub struct Text<'w> {
    out: Packer<'w>,
    style: Style,
}

/// How rows are laid out.
struct Style {
    delimiter: u8,
    /// Of each column.
    forms: Vec<Form>,
}

/// How the values of a column are written.
enum Form {
    Real,
    Integer,
    /// The names as they stand in the file, in quotes where they must be.
    Names(Vec<Vec<u8>>),
}

impl<'w> Text<'w> {
    pub fn begin(
        out: Out<'w>,
        delimiter: u8,
        packing: Packing,
        columns: &[Column],
    ) -> io::Result<Text<'w>> {
        let form = |column: &Column| match &column.kind {
            Kind::Real(_) => Form::Real,
            Kind::Integer(_) => Form::Integer,
            Kind::Category(names) => {
                Form::Names(names.iter().map(|name| quoted(name, delimiter)).collect())
            }
        };
        let forms = columns.iter().map(form).collect();
        let mut out = Packer::new(out, packing)?;
        let names: Vec<Vec<u8>> =
            columns.iter().map(|column| quoted(&column.name, delimiter)).collect();
        let mut header = names.join(&delimiter);
        header.push(b'\n');
        out.put(header)?;
        Ok(Text { out, style: Style { delimiter, forms } })
    }

    pub fn rows(&mut self, rows: MatRef<'_, f64>) -> io::Result<()> {
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

    pub fn finish(self) -> io::Result<()> {
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
            for (j, form) in self.forms.iter().enumerate() {
                if j > 0 {
                    text.push(self.delimiter);
                }
                let value = rows[(i, j)];
                match form {
                    Form::Names(names) => {
                        if let Some(name) = integer(value).and_then(|k| names.get(k as usize)) {
                            text.extend_from_slice(name);
                        }
                    }
                    Form::Integer if integer(value).is_some() => {
                        // The digits of a whole number, less the ".0" that makes it a real one.
                        let digits = (value as i64).to_string();
                        text.extend_from_slice(digits.as_bytes());
                    }
                    _ => text.extend_from_slice(number.format(value).as_bytes()),
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
    let separator = |&b: &u8| matches!(b, b',' | b';' | b'\t');
    if !text.is_empty() && !text.as_bytes().iter().any(|b| special(b) || separator(b)) {
        return text.as_bytes().to_vec();
    }
    format!("\"{}\"", text.replace('"', "\"\"")).into_bytes()
}
