//! Writing an array `[n, d]` of little-endian doubles, row after row.

use std::io;

use faer::MatRef;

use crate::table::Out;
use crate::table::write::RowSink;

/// Rows turned into bytes at once.
const CHUNK: usize = 1 << 12;

/// An array being written.
pub struct Array<'w>(Out<'w>);

impl<'w> Array<'w> {
    pub fn begin(out: Out<'w>, rows: usize, columns: usize) -> io::Result<Array<'w>> {
        /// The numbers are to begin at a multiple of this.
        const ALIGNMENT: usize = 64;
        const PREAMBLE: usize = 10;
        let dict =
            format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
        let end = (PREAMBLE + dict.len() + 1).next_multiple_of(ALIGNMENT);
        let length = end - PREAMBLE;
        out.write_all(b"\x93NUMPY\x01\x00")?;
        out.write_all(&(length as u16).to_le_bytes())?; // at most two numbers long
        writeln!(out, "{dict:width$}", width = length - 1)?;
        Ok(Array(out))
    }
}

impl RowSink for Array<'_> {
    fn rows(&mut self, rows: MatRef<'_, f64>) -> io::Result<()> {
        for start in (0..rows.nrows()).step_by(CHUNK) {
            let chunk = rows.subrows(start, CHUNK.min(rows.nrows() - start));
            let mut bytes = Vec::with_capacity(chunk.nrows() * chunk.ncols() * size_of::<f64>());
            for i in 0..chunk.nrows() {
                for j in 0..chunk.ncols() {
                    bytes.extend_from_slice(&chunk[(i, j)].to_le_bytes());
                }
            }
            self.0.write_all(&bytes)?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        Ok(())
    }
}
