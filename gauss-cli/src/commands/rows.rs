//! Commands whose result is a table: where the rows go, and the JSON object beside them.

use faer::{Mat, MatRef};
use gauss_flow::{Column, Kind};
use serde::Serialize;

use crate::args::Target;
use crate::console::Console;
use crate::output::OutputError;
use crate::table::{Writer, integer};

/// A command's report; the rows themselves are in it where they go nowhere else.
#[derive(Serialize)]
struct WithData<'a, R> {
    #[serde(flatten)]
    report: &'a R,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Vec<Vec<Cell<'a>>>>,
}

/// A value in its column's own form; null where it is missing or infinite.
#[derive(Serialize)]
#[serde(untagged)]
enum Cell<'a> {
    Real(f64),
    Integer(Option<i64>),
    Name(Option<&'a str>),
}

/// Sends `rows` rows, in pieces `[n_i, d]`, to their destination and ends the command. With `--json` and
/// no file the rows become `data` in the object, a list per row, so that standard output still
/// holds one object.
pub fn deliver<R: Serialize>(
    console: &Console,
    out: &Target,
    columns: &[Column],
    rows: usize,
    pieces: impl IntoIterator<Item = Mat<f64>>,
    report: &R,
    prose: &str,
) -> Result<(), OutputError> {
    if console.json && out.place.is_stdout() {
        let lists = |piece: Mat<f64>| to_lists(columns, piece.as_ref());
        let data = Some(pieces.into_iter().flat_map(lists).collect());
        return console.finish(&WithData { report, data }, prose, false);
    }
    out.place.write(|writer| {
        let mut writer = Writer::begin(writer, out.encoding, columns, rows)?;
        pieces.into_iter().try_for_each(|piece| writer.rows(piece.as_ref()))?;
        writer.finish()
    })?;
    console.finish(&WithData { report, data: None }, prose, out.place.is_stdout())
}

fn to_lists<'a>(columns: &'a [Column], rows: MatRef<'_, f64>) -> Vec<Vec<Cell<'a>>> {
    let cell = |(column, &value): (&'a Column, &f64)| match &column.kind {
        Kind::Real(_) => Cell::Real(value),
        Kind::Integer(_) => Cell::Integer(integer(value)),
        Kind::Category(names) => {
            let name = integer(value).and_then(|k| names.get(usize::try_from(k).ok()?));
            Cell::Name(name.map(String::as_str))
        }
    };
    rows.row_iter().map(|row| columns.iter().zip(row.iter()).map(cell).collect()).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use gauss_flow::Support;

    #[test]
    fn lists_hold_values_of_the_columns_own_kind() {
        let kinds = [
            Kind::default(),
            Kind::Integer(Support::Line),
            Kind::Category(vec!["Oslo".into(), "Rome".into()]),
        ];
        let columns = kinds.map(|kind| Column { kind, ..Column::default() });
        let values = [[2.0, 2.0, 1.0], [f64::NAN, f64::NAN, -1.0]];
        let rows = Mat::from_fn(2, 3, |i, j| values[i][j]);
        let json = serde_json::to_string(&to_lists(&columns, rows.as_ref())).expect("numbers");
        assert_eq!(json, r#"[[2.0,2,"Rome"],[null,null,null]]"#);
    }
}
