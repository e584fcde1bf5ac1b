//! Rows in pieces, so that any number of them passes through: evaluated with live progress, and
//! delivered as a table, with the JSON object beside it.

use std::io;

use faer::{Mat, MatRef};
use gauss_model::{Column, Value};
use schemars::JsonSchema;
use serde::Serialize;

use crate::options::Target;
use crate::table::{self, OutputError, Short};
use crate::terminal::Console;

/// A command's report; the rows themselves are in it where they go nowhere else.
#[derive(Serialize, JsonSchema)]
pub(crate) struct WithData<'a, R> {
    #[serde(flatten)]
    summary: &'a R,
    /// The rows, each a list in the order of `columns`; absent where they went to a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Vec<Vec<Cell<'a>>>>,
}

/// A value in its column's own form; null where it is missing or infinite.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum Cell<'a> {
    Real(f64),
    Integer(Option<i64>),
    Name(Option<&'a str>),
}

/// Rows evaluated at a time: whole blocks of the flow's, so that no bit depends on the pieces.
pub(crate) const PIECE: usize = 1 << 16;

/// Whether there is memory for so many rows in a JSON object.
///
/// # Errors
/// What they take.
pub fn check_memory(rows: usize, columns: usize) -> Result<(), Short> {
    let row = size_of::<Vec<Cell<'_>>>() + columns * size_of::<Cell<'_>>();
    table::affordable(rows.saturating_mul(row))
}

/// What `f` makes of the rows of x, piece by piece, with live progress of `what`.
///
/// # Errors
/// The first of `f`.
pub fn by_pieces<T, E>(
    console: &Console,
    what: &'static str,
    x: MatRef<'_, f64>,
    mut f: impl FnMut(MatRef<'_, f64>) -> Result<T, E>,
) -> Result<Vec<T>, E> {
    let progress = console.progress(what, x.nrows());
    (0..x.nrows())
        .step_by(PIECE)
        .map(|start| {
            let piece = x.subrows(start, PIECE.min(x.nrows() - start));
            let result = f(piece)?;
            progress.advance(piece.nrows());
            Ok(result)
        })
        .collect()
}

/// Rows `[n, d]` that a model drew, if each is one.
///
/// # Errors
/// The first value that is no finite number: whoever reads the rows would take it for data.
pub fn drawn(columns: &[Column], rows: Mat<f64>) -> io::Result<Mat<f64>> {
    let fault = rows.col_iter().zip(columns).find_map(|(values, column)| {
        let value = values.iter().find(|value| !value.is_finite())?;
        Some(format!("the model draws {value} in column {:?}, which is no number", column.name))
    });
    fault.map_or(Ok(rows), |fault| Err(io::Error::other(fault)))
}

/// Sends `rows` rows, in pieces `[n_i, d]`, to their destination and ends the command. With `--json` and
/// no file the rows become `data` in the object, a list per row, so that standard output still
/// holds one object.
pub fn deliver<R: Serialize>(
    console: &Console,
    out: &Target,
    columns: &[Column],
    rows: usize,
    pieces: impl IntoIterator<Item = io::Result<Mat<f64>>>,
    summary: &R,
    prose: &str,
) -> Result<(), OutputError> {
    if console.json && out.place.is_stdout() {
        let mut lists = Vec::new();
        for piece in pieces {
            let refused = |source| OutputError::Refused { file: out.place.name(), source };
            lists.extend(to_lists(columns, piece.map_err(refused)?.as_ref()));
        }
        let data = Some(lists);
        return Ok(console.finish(&WithData { summary, data }, prose, false)?);
    }
    out.place.write(|writer| {
        let mut writer = out.encoding.begin(writer, columns, rows)?;
        pieces.into_iter().try_for_each(|piece| writer.rows(piece?.as_ref()))?;
        writer.finish()
    })?;
    Ok(console.finish(&WithData { summary, data: None }, prose, out.place.is_stdout())?)
}

fn to_lists<'a>(columns: &'a [Column], rows: MatRef<'_, f64>) -> Vec<Vec<Cell<'a>>> {
    let cell = |(column, &value): (&'a Column, &f64)| match column.kind.value(value) {
        Value::Real(value) => Cell::Real(value),
        Value::Integer(value) => Cell::Integer(Some(value)),
        Value::Level(_, name) => Cell::Name(Some(name)),
        Value::NoLevel => Cell::Name(None),
    };
    rows.row_iter().map(|row| columns.iter().zip(row.iter()).map(cell).collect()).collect()
}

/// Mean and standard deviation of each of `dim` columns over the rows that are not NaN; the rows
/// come in pieces `[n_i, dim]`.
pub fn moments(pieces: &[Mat<f64>], dim: usize) -> (Vec<f64>, Vec<f64>) {
    (0..dim)
        .map(|j| {
            let values = || pieces.iter().flat_map(|piece| piece.col(j).iter().copied());
            let present = || values().filter(|v| !v.is_nan());
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
    use gauss_model::{Kind, Support};
    use std::convert::Infallible;

    #[test]
    fn no_bit_depends_on_the_pieces() {
        let console = Console { json: false, quiet: true, seed: 0 };
        let x = Mat::from_fn(PIECE + 333, 2, |i, j| ((i * 7 + j) as f64).sin());
        let builder = gauss_flow::Flow::builder(2).standardize().marginal(2);
        let learn = x.as_ref().subrows(0, 100);
        let flow = builder.build(learn, &mut crate::shared::generator(0)).expect("a flow");
        let whole = flow.log_prob(x.as_ref()).expect("columns");
        let pieces = by_pieces(&console, "scoring", x.as_ref(), |x| flow.log_prob(x));
        assert!(pieces.expect("columns").concat() == whole);
    }

    #[test]
    fn pieces_cover_every_row_once_in_order() {
        let console = Console { json: false, quiet: true, seed: 0 };
        for rows in [0, 1, PIECE, PIECE + 1, 2 * PIECE + 7] {
            let x = Mat::from_fn(rows, 1, |i, _| i as f64);
            let copy = |piece: MatRef<'_, f64>| {
                Ok::<_, Infallible>(piece.col(0).iter().copied().collect::<Vec<_>>())
            };
            let Ok(pieces) = by_pieces(&console, "copying", x.as_ref(), copy);
            let expected: Vec<f64> = x.col(0).iter().copied().collect();
            assert_eq!(pieces.concat(), expected);
        }
    }

    #[test]
    fn what_is_no_number_is_not_delivered() {
        let columns = [Column::real("a"), Column::real("b")];
        let rows = Mat::from_fn(5, 2, |i, j| (i + j) as f64);
        assert!(drawn(&columns, rows.clone()).is_ok_and(|same| same == rows));
        for value in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            let mut rows = rows.clone();
            rows[(3, 1)] = value;
            let error = drawn(&columns, rows).expect_err("no number");
            assert!(error.to_string().contains("column \"b\""), "{error}");
        }
    }

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
