//! Commands whose result is a table: where the rows go, and the JSON object beside them.

use faer::{Mat, MatRef};
use serde::Serialize;

use crate::console::Console;
use crate::output::{Destination, OutputError};
use crate::table;

/// A command's report; the rows themselves are in it where they go nowhere else.
#[derive(Serialize)]
struct WithData<'a, R> {
    #[serde(flatten)]
    report: &'a R,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Vec<Vec<f64>>>,
}

/// Sends rows, in pieces `[n_i, d]`, to their destination and ends the command. With `--json` and
/// no file the rows become `data` in the object, a list per row, so that standard output still
/// holds one object.
pub fn deliver<R: Serialize>(
    console: &Console,
    out: &Destination,
    columns: &[String],
    pieces: impl IntoIterator<Item = Mat<f64>>,
    report: &R,
    prose: &str,
) -> Result<(), OutputError> {
    if console.json && out.is_stdout() {
        let data = Some(pieces.into_iter().flat_map(|piece| to_lists(piece.as_ref())).collect());
        return console.finish(&WithData { report, data }, prose, false);
    }
    out.write(|writer| {
        table::write_header(writer, columns)?;
        pieces.into_iter().try_for_each(|piece| table::write_rows(writer, piece.as_ref()))
    })?;
    console.finish(&WithData { report, data: None }, prose, out.is_stdout())
}

fn to_lists(rows: MatRef<'_, f64>) -> Vec<Vec<f64>> {
    rows.row_iter().map(|row| row.iter().copied().collect()).collect()
}

/// Mean and standard deviation of each column over the rows that are not NaN.
pub fn moments(rows: MatRef<'_, f64>) -> (Vec<f64>, Vec<f64>) {
    rows.col_iter()
        .map(|column| {
            let present = || column.iter().copied().filter(|v| !v.is_nan());
            let n = present().count() as f64;
            let mean = present().sum::<f64>() / n;
            let square = present().map(|v| (v - mean).powi(2)).sum::<f64>();
            (mean, (square / n).sqrt())
        })
        .unzip()
}
