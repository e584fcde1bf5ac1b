//! What a fit learns from, and its refusals in the words of the tables' files.

use gauss_model::{Column, Error as Refusal, Kind};

use super::kinds::KindsError;
use crate::error::Error;
use crate::table::{Fault, Table};

/// The rows of a fit; both tables have the same columns.
pub struct Data {
    pub table: Table,
    pub validation: Option<Table>,
}

impl Data {
    /// Why nothing can be learnt.
    pub fn refused(&self, refusal: Refusal) -> Error {
        match (refusal, &self.validation) {
            (Refusal::Validation(refusal), Some(validation)) => refused(validation, *refusal),
            (refusal, _) => refused(&self.table, refusal),
        }
    }
}

/// A refusal of the rows of one table.
fn refused(table: &Table, refusal: Refusal) -> Error {
    match refusal {
        Refusal::Cell { row, column, .. } => KindsError::of_cell(table, row, column).into(),
        Refusal::NoiseOutside { row, name: column, .. } => {
            let (file, row) = (table.file(), table.row_number(row));
            KindsError::NoiseOutside { file, row, column }.into()
        }
        Refusal::NoiseOnDiscrete { name, .. } => Error::Usage(format!(
            "--noise: column {name:?} is in --integer or --categorical, which have noise of their \
             own"
        )),
        Refusal::NoColumn { name } => table.no_column(&name).into(),
        Refusal::Span { name: column, span, least, most, .. } => {
            table.fault(Fault::Span { column, span, least, most }).into()
        }
        Refusal::Flow(gauss_flow::Error::ConstantColumn { column, value }) => {
            let Column { name, kind, .. } = &table.columns[column];
            let value = match kind {
                Kind::Category(levels) => format!("{:?}", levels[0]),
                _ => format!("{value:?}"),
            };
            let alone = table.columns.len() == 1;
            table.fault(Fault::Constant { column: name.clone(), value, alone }).into()
        }
        Refusal::Flow(gauss_flow::Error::Rows { needed, got }) => {
            table.fault(Fault::TooFewRows { needed, got }).into()
        }
        source => Error::of_file(table.file(), source),
    }
}
