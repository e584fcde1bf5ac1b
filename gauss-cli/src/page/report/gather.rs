//! From a model and its tables to the numbers of a report, in the words of the program.

use faer::MatRef;
use gauss_flow::Rows;
use gauss_model::diagnostics::report::{self, Options, Part, Report};
use gauss_model::{Column, Model};

use super::cautions;
use super::findings::{Cell, Findings, ModelFacts, TableFacts, TrainFacts, Unlikely};
use crate::error::Error;
use crate::table::Table;
use crate::terminal::Stages;

/// Steps of [`Request::gather`].
pub const STAGES: usize = Part::ALL.len();

/// What the report is about, and how.
pub struct Request<'a> {
    pub model_file: String,
    pub model: &'a Model,
    pub table: &'a Table,
    pub train: Option<&'a Table>,
    pub out: String,
    /// Rows that the costly parts look at, at most.
    pub rows: usize,
    pub seed: u64,
}

impl Request<'_> {
    /// All of it, in [`STAGES`] steps.
    pub fn gather(&self, stages: &Stages) -> Result<Findings, Error> {
        let (model, table) = (self.model, self.table);
        let options = Options { rows: self.rows, seed: self.seed };
        let train = self.train.map(rows).transpose()?;
        let begin = &mut |part: Part| {
            if part != Part::ALL[0] {
                stages.done();
            }
            stages.begin(words(part));
        };
        let found = report::report(model, rows(table)?, train, &options, begin)
            .map_err(|source| Error::of_file(table.file(), source))?;
        stages.done();
        let Report {
            table: facts,
            train,
            likelihood,
            comparison,
            normality,
            round_trip,
            two_sample,
            least_likely,
            examined,
            ..
        } = found;
        let unlikely = |row: report::Unlikely| unlikely(model.columns(), table.data.as_ref(), &row);
        let train = self.train.zip(train);
        let mut findings = Findings {
            command: "report",
            program: concat!("gauss ", env!("CARGO_PKG_VERSION")),
            out: self.out.clone(),
            seed: self.seed,
            model: ModelFacts::of(self.model_file.clone(), model),
            table: TableFacts { file: table.file(), facts },
            train: train.map(|(table, facts)| TrainFacts { file: table.file(), facts }),
            likelihood,
            comparison,
            normality,
            round_trip,
            two_sample,
            least_likely: least_likely.into_iter().map(unlikely).collect(),
            cautions: Vec::new(),
        };
        let seen = cautions::Seen {
            model,
            examined: examined.x.as_ref(),
            z: examined.z.as_ref(),
            train: examined.train.as_ref().map(faer::Mat::as_ref),
        };
        findings.cautions = cautions::of(&findings, &seen);
        Ok(findings)
    }
}

/// The rows of a table, with their weights.
fn rows(table: &Table) -> Result<Rows<'_>, Error> {
    table.weighted().map_err(|fault| Error::of_file(table.file(), fault))
}

fn words(part: Part) -> &'static str {
    match part {
        Part::Scores => "scoring",
        Part::Baselines => "comparing with simple densities",
        Part::Normality => "testing z",
        _ => "telling samples from data",
    }
}

fn unlikely(columns: &[Column], x: MatRef<'_, f64>, found: &report::Unlikely) -> Unlikely {
    let report::Unlikely { row, log_prob, column, deviations } = *found;
    let values = columns.iter().zip(x.row(row).iter());
    Unlikely {
        row: row + 1,
        log_prob,
        values: values.map(|(column, &v)| Cell::of(column, v)).collect(),
        column: columns[column].name.clone(),
        deviations,
    }
}
