//! Writing: names, then rows, every number in the shortest form that reads back to the same bits.

use std::io::{self, Write};

use faer::MatRef;

/// Writes the header (quoted where it must be) and nothing else.
///
/// # Errors
/// Those of the writer.
pub fn write_header(writer: &mut dyn Write, columns: &[String]) -> io::Result<()> {
    let mut header = csv::Writer::from_writer(writer);
    header.write_record(columns)?;
    header.flush()
}

/// Writes rows `[n, d]` without a header.
///
/// # Errors
/// Those of the writer.
pub fn write_rows(writer: &mut dyn Write, rows: MatRef<'_, f64>) -> io::Result<()> {
    for i in 0..rows.nrows() {
        for j in 0..rows.ncols() {
            if j > 0 {
                writer.write_all(b",")?;
            }
            write!(writer, "{:?}", rows[(i, j)])?;
        }
        writer.write_all(b"\n")?;
    }
    Ok(())
}

/// Writes a whole table: header and rows `[n, d]`.
///
/// # Errors
/// Those of the writer.
pub fn write(writer: &mut dyn Write, columns: &[String], rows: MatRef<'_, f64>) -> io::Result<()> {
    write_header(writer, columns)?;
    write_rows(writer, rows)
}
