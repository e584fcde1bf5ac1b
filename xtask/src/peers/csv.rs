//! Numbers out of the CSV files that the systems write: a header, then comma-separated numbers.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};

/// The rows.
///
/// # Errors
/// When the file cannot be read or a cell is no number.
pub fn rows(path: &Path) -> anyhow::Result<Vec<Vec<f64>>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let row = |line: &str| line.split(',').map(|cell| cell.trim().parse()).collect();
    let rows: Result<_, _> = text.lines().skip(1).map(row).collect();
    rows.with_context(|| format!("{}: a cell is no number", path.display()))
}

/// The values of a table of one column.
///
/// # Errors
/// As [`rows`], and when a row has another number of cells.
pub fn column(path: &Path) -> anyhow::Result<Vec<f64>> {
    let rows = rows(path)?;
    if let Some(i) = rows.iter().position(|row| row.len() != 1) {
        bail!("{}: row {} has {} cells, not one", path.display(), i + 1, rows[i].len());
    }
    Ok(rows.into_iter().map(|row| row[0]).collect())
}

/// Writes a table of one column; what is read back has the same bits.
///
/// # Errors
/// Those of the file system.
pub fn write_column(path: &Path, name: &str, values: &[f64]) -> anyhow::Result<()> {
    let lines = values.iter().map(|value| format!("{value:?}\n"));
    let text: String = std::iter::once(format!("{name}\n")).chain(lines).collect();
    fs::write(path, text).with_context(|| path.display().to_string())
}
