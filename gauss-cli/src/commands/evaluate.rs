//! What score, transform and inverse share: a model, a table for it, and a place for a row per row.

use std::path::PathBuf;

use clap::Args;
use gauss_flow::Model;
use schemars::JsonSchema;
use serde::Serialize;

use crate::args::TableArgs;
use crate::console::counted;
use crate::error::Error;
use crate::model;
use crate::output::Destination;
use crate::table::{self, Select, Table};

/// The arguments.
#[derive(Debug, Clone, Args)]
pub struct Evaluation {
    /// The model, as `gauss fit` wrote it
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// The table; `-` is standard input
    #[arg(value_name = "TABLE")]
    table: PathBuf,
    /// Write the result to this CSV file [default: standard output]
    #[arg(long, short, value_name = "CSV")]
    out: Option<PathBuf>,
    #[command(flatten)]
    reading: TableArgs,
}

/// What the arguments name, read and checked.
pub struct Loaded {
    pub model: Model,
    pub table: Table,
    pub out: Destination,
    pub facts: Facts,
}

/// What each of the three reports in `--json`.
#[derive(Serialize, JsonSchema)]
pub struct Facts {
    pub model: String,
    pub table: String,
    /// Rows of the table, and of the result.
    pub rows: usize,
    /// Rows whose result is NaN because a value is missing; `--missing drop` only.
    pub missing_rows: usize,
    pub out: Option<String>,
}

impl Evaluation {
    /// Reads model and table; `select` says which columns the model wants.
    pub fn load(&self, select: fn(&Model) -> Select<'_>) -> Result<Loaded, Error> {
        let out = Destination::new(self.out.as_deref(), &[&self.model, &self.table])?;
        let model = model::load(&self.model)?;
        let table = table::read(&self.table, select(&model), &self.reading.to_evaluate())?;
        let facts = Facts {
            model: self.model.display().to_string(),
            table: table.file(),
            rows: table.rows(),
            missing_rows: table.missing_rows,
            out: self.out.as_ref().map(|path| path.display().to_string()),
        };
        Ok(Loaded { model, table, out, facts })
    }
}

impl Loaded {
    /// A refusal of the flow, with the table's name.
    pub fn refused(&self, source: gauss_flow::Error) -> Error {
        Error::Flow { file: self.table.file(), source }
    }
}

impl Facts {
    /// `test.csv: 1,000 rows`.
    pub fn subject(&self) -> String {
        format!("{}: {}", self.table, counted(self.rows, "row"))
    }

    /// What there is to say about missing values, if anything.
    pub fn missing(&self) -> String {
        match self.missing_rows {
            0 => String::new(),
            rows => format!("; {} with missing values gave NaN", counted(rows, "row")),
        }
    }
}

/// The columns that a model was fitted to.
pub fn data_columns(model: &Model) -> Select<'_> {
    Select::Model(&model.columns)
}

/// The columns of its latent space.
pub fn latent_columns(model: &Model) -> Select<'_> {
    Select::Latent(model.flow.dim())
}
