//! What score, transform and inverse share: a model, a table for it, and a place for a row per row.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use gauss_model::{Column, Kind, Model};
use schemars::JsonSchema;
use serde::Serialize;

use super::model;
use crate::error::Error;
use crate::options::{OutArgs, TableArgs, Target, WeightArgs};
use crate::table::{self, Select, Table, Unknown};
use crate::terminal::Console;
use crate::words::{counted, grouped, weighted};

/// The arguments.
#[derive(Debug, Clone, Args)]
pub struct Evaluation {
    /// The model, as `gauss fit` wrote it
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// The table; `-` is standard input
    #[arg(value_name = "TABLE")]
    table: PathBuf,
    #[command(flatten)]
    out: OutArgs,
    #[command(flatten)]
    reading: TableArgs,
}

/// What the arguments name, read and checked.
pub struct Loaded {
    pub model: Model,
    pub table: Table,
    pub out: Target,
    /// The columns of the result.
    pub columns: Vec<Column>,
    pub facts: Facts,
}

/// What each of the three reports in `--json`.
#[derive(Serialize, JsonSchema)]
pub struct Facts {
    /// The model file.
    pub model: String,
    /// The table, as it was named on the command line.
    pub table: String,
    /// Rows of the table, and of the result.
    pub rows: usize,
    /// The effective number of rows, (Σw)²/Σw²; absent without --weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_rows: Option<f64>,
    /// Rows whose result is NaN because a value is missing; `--missing drop` only.
    pub missing_rows: usize,
    /// Missing cells that were filled, by column; `--missing median` only.
    pub filled: BTreeMap<String, usize>,
    /// Cells that hold no name the model knows, in its categories.
    pub unknown_cells: usize,
    #[serde(skip)]
    unknown: Option<Unknown>,
    /// The first value that its column of the model excludes.
    #[serde(skip)]
    outside: Option<String>,
    /// The file that now holds the result; null where there is none.
    pub out: Option<String>,
}

impl Evaluation {
    /// Reads model and table; `select` says which columns the model wants, `result` which ones
    /// the command will write.
    pub fn load(
        &self,
        console: &Console,
        select: fn(&Model) -> Select<'_>,
        result: fn(&Model) -> Vec<Column>,
        weights: &WeightArgs,
    ) -> Result<Loaded, Error> {
        stdin_once([&self.model, &self.table])?;
        let out = self.out.target(&[&self.model, &self.table])?;
        let model = model::load(&self.model)?;
        let columns = result(&model);
        out.check(&columns)?;
        let options = weights.apart(self.reading.to_evaluate(console));
        let table = table::read(&self.table, select(&model), &options)?;
        let facts = Facts {
            model: self.model.display().to_string(),
            table: table.file(),
            rows: table.rows(),
            effective_rows: table.effective_rows(),
            missing_rows: table.missing_rows,
            filled: table.filled_by_name(),
            unknown_cells: table.unknown.as_ref().map_or(0, |unknown| unknown.cells),
            unknown: table.unknown.clone(),
            outside: outside(&table),
            out: self.out.name(),
        };
        Ok(Loaded { model, table, out, columns, facts })
    }
}

impl Loaded {
    /// A refusal of the flow, with the table's name.
    pub fn refused(&self, source: gauss_model::Error) -> Error {
        Error::of_file(self.table.file(), source)
    }
}

impl Facts {
    /// `test.csv: 1,000 rows`.
    pub fn subject(&self) -> String {
        format!("{}: {}{}", self.table, counted(self.rows, "row"), weighted(self.effective_rows))
    }

    /// What there is to say about missing values and unknown names, if anything.
    pub fn missing(&self) -> String {
        let mut parts = Vec::new();
        if self.missing_rows > 0 {
            let rows = counted(self.missing_rows, "row");
            parts.push(format!("; {rows} with missing values gave NaN"));
        }
        if !self.filled.is_empty() {
            let filled = filled(&self.filled);
            parts.push(format!(
                "; missing cells filled with the median or commonest name: {filled}"
            ));
        }
        if let Some(outside) = &self.outside {
            parts.push(format!("; first value outside its column's support: {outside}"));
        }
        if let Some(Unknown { cells, first }) = &self.unknown {
            let cells = counted(*cells, "cell");
            parts.push(format!("; {cells} with a name that the model does not know: {first}"));
        }
        parts.concat()
    }
}

/// `row 4, column "price" (real > 0): -1`; names that are not known have words of their own.
fn outside(table: &Table) -> Option<String> {
    let columns: Vec<usize> = (0..table.columns.len())
        .filter(|&j| matches!(&table.columns[j].kind, Kind::Integer(_) | Kind::Real(_)))
        .filter(|&j| table.columns[j].kind != Kind::default())
        .collect();
    let excluded = |i: usize, j: usize| table.columns[j].kind.excludes(table.data[(i, j)]);
    let first = |i| columns.iter().find(|&&j| excluded(i, j)).map(|&j| (i, j));
    let (i, j) = if columns.is_empty() { None } else { (0..table.rows()).find_map(first) }?;
    let Column { name, kind, .. } = &table.columns[j];
    let (row, value) = (grouped(table.row_number(i)), table.data[(i, j)]);
    Some(format!("row {row}, column {name:?} ({kind}): {value}"))
}

/// Standard input, which ends where it was read to, is one input at most.
pub fn stdin_once<'a>(inputs: impl IntoIterator<Item = &'a PathBuf>) -> Result<(), Error> {
    match inputs.into_iter().filter(|path| table::is_stdin(path)).count() {
        0 | 1 => Ok(()),
        _ => Err(Error::Usage("standard input (-) can be read only once".to_owned())),
    }
}

/// `12 in "b", 3 in "c"`.
pub fn filled(by_name: &BTreeMap<String, usize>) -> String {
    let parts: Vec<String> =
        by_name.iter().map(|(name, &cells)| format!("{} in {name:?}", grouped(cells))).collect();
    parts.join(", ")
}

/// The columns that a model was fitted to.
pub fn data_columns(model: &Model) -> Select<'_> {
    Select::Model(model.columns())
}

/// The columns of its latent space.
pub fn latent_columns(model: &Model) -> Select<'_> {
    Select::Latent(model.flow().dim())
}
