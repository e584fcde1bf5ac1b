//! What a fit learns from, and its refusals in the words of the tables' files.

use gauss_model::{Column, Error as Refusal, Kind};

use super::kinds::KindsError;
use crate::error::Error;
use crate::table::{self, Fault, Table};

/// The rows of a fit; both tables have the same columns.
pub struct Data {
    pub table: Table,
    pub validation: Option<Table>,
}

/// How many times the table a fit holds beside it: the rows with noise, mapped to the line, split and
/// made ready. Measured of 200,000 rows of ten columns: 3.7, with bounds and noise 4.7.
const COPIES: usize = 5;

impl Data {
    /// That there is memory for what a fit makes of the rows, known before it begins.
    pub fn check_memory(&self) -> Result<(), Error> {
        let (table, columns) = (&self.table, self.table.columns.len());
        let rows = table.rows() + self.validation.as_ref().map_or(0, Table::rows);
        let bytes = rows.saturating_mul(columns).saturating_mul(COPIES * size_of::<f64>());
        let short = |short| table.fault(Fault::FitMemory { short, rows, columns });
        Ok(table::affordable(bytes).map_err(short)?)
    }

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
            "--noise: column {name:?} is in --integer or --categorical, whose values have \
             probabilities"
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
            let (column, leave) = (name.clone(), table.leave);
            table.fault(Fault::Constant { column, value, leave }).into()
        }
        Refusal::Flow(gauss_flow::Error::Rows { needed, got }) => {
            table.fault(Fault::TooFewRows { needed, got }).into()
        }
        source => Error::of_file(table.file(), source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Short;

    #[test]
    fn a_fit_without_room_says_how_much_it_wants() {
        let short = Short::of(1 << 60);
        let text = Fault::FitMemory { short, rows: 1 << 50, columns: 26 }.to_string();
        assert!(text.starts_with("1152921504.6 GB of memory are wanted, and "), "{text}");
        let end = "to learn from 1,125,899,906,842,624 rows of 26 columns: choose fewer columns with \
                   --columns, or fit to fewer rows";
        assert!(text.ends_with(end), "{text}");
    }
}
