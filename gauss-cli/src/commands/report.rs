//! `gauss report`: what a model makes of a table, as one page.
//!
//! ```text
//! model, table ──gather──▶ Findings ──page──▶ HTML
//!              ──Subject─▶ figures ───▲   └──▶ --json
//! ```

use std::path::{Path, PathBuf};

use clap::Args;

use gauss_model::diagnostics::two_sample;

use crate::error::Error;
use crate::figures::{Settings, Subject};
use crate::options::{self, TableArgs, WeightArgs};
pub(super) use crate::page::report::Findings;
use crate::page::report::{self, Request, percent, with_error};
use crate::shared::evaluate::stdin_once;
use crate::shared::model;
use crate::table::{self, Destination, Select, Table};
use crate::terminal::{Console, Stages};
use crate::words::{aligned, counted, line};

const EXAMPLES: &str = "\
Examples:
  gauss report model.gauss test.csv --out report.html
  gauss report model.gauss test.csv --train train.csv --out report.html
  gauss report model.gauss test.csv --out report.html --json    every number of the page

The page needs nothing else: no network, no scripts. It holds ln p(x) against simple densities,
figures, tests of z, the round trip, samples against data, the least likely rows, and where not to
trust the model. With --train the simple densities learn from the rows the model learnt from;
without it from the other four fifths of TABLE. Give rows that the model has not seen.";

/// What [`Request::gather`] says it begins, and the drawing.
const STAGES: usize = report::STAGES + 1;

/// Write a page on how well a model describes a table
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Report {
    /// The model, as `gauss fit` wrote it
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// The table, best of rows that the model has not seen; `-` is standard input
    #[arg(value_name = "TABLE")]
    table: PathBuf,
    /// Write the page to this HTML file
    #[arg(long, short, value_name = "HTML")]
    out: PathBuf,
    /// The table that the model was fitted to, for the simple densities to learn from
    #[arg(long, value_name = "TABLE")]
    train: Option<PathBuf>,
    /// Rows that the costly parts look at, at most, chosen at random
    #[arg(long, value_name = "N", value_parser = options::rows, default_value_t = 20_000)]
    rows: usize,
    #[command(flatten)]
    weights: WeightArgs,
    #[command(flatten)]
    reading: TableArgs,
}

impl Report {
    pub(super) fn run(&self, console: &Console) -> Result<(), Error> {
        self.check_usage()?;
        let inputs: Vec<&Path> = [&self.model, &self.table]
            .into_iter()
            .chain(&self.train)
            .map(PathBuf::as_path)
            .collect();
        let out = Destination::file(&self.out, &inputs)?;
        let model = model::load(&self.model)?;
        let table = self.read(console, &self.table, &model)?;
        let train = match &self.train {
            Some(path) => Some(self.read(console, path, &model)?),
            None => None,
        };
        let request = Request {
            model_file: table::display_name(&self.model),
            model: &model,
            table: &table,
            train: train.as_ref(),
            out: self.out.display().to_string(),
            rows: self.rows,
            seed: console.seed,
        };
        let stages = Stages::new(console, STAGES);
        let findings = request.gather(&stages)?;
        stages.begin("drawing");
        let settings = Settings::of(model.columns().len());
        let rows = settings.rows.min(self.rows);
        let settings = Settings { seed: console.seed, rows, ..settings };
        let subject = Subject::new(&model, table.data.as_ref(), settings)
            .map_err(|source| Error::of_file(table.file(), source))?;
        let html = report::page(&findings, subject.all()).to_html();
        drop(stages);
        out.write(|writer| writer.write_all(html.as_bytes()))?;
        console.finish(&findings, &prose(&findings), false)?;
        Ok(())
    }

    /// What clap cannot see.
    fn check_usage(&self) -> Result<(), Error> {
        let usage = |text: &str| Err(Error::Usage(text.to_owned()));
        if table::is_stdin(&self.out) {
            return usage("--out: a page goes to a file, not to standard output");
        }
        stdin_once([&self.model, &self.table])?;
        let Some(train) = &self.train else { return Ok(()) };
        if table::is_stdin(train) && table::is_stdin(&self.table) {
            return usage("standard input cannot be both TABLE and --train");
        }
        let file = |path: &Path| std::fs::canonicalize(path).ok();
        if file(train).is_some_and(|train| file(&self.table) == Some(train)) {
            return usage(
                "--train is TABLE itself: the simple densities would be scored on the rows they \
                 learnt from; without --train they are cross-fitted",
            );
        }
        Ok(())
    }

    fn read(
        &self,
        console: &Console,
        path: &Path,
        model: &gauss_model::Model,
    ) -> Result<Table, Error> {
        let wanted = Select::Model(model.columns());
        let options = self.weights.apart(self.reading.to_evaluate(console));
        Ok(table::read(path, wanted, &options)?)
    }
}

fn prose(findings: &Findings) -> String {
    let likelihood = &findings.likelihood;
    let mean = match findings.table.facts.usable_rows {
        0 => "none: the model gives a density to none of these rows".to_owned(),
        _ => format!("{} nats", with_error(likelihood.log_prob).replace('−', "-")),
    };
    let mut facts = vec![("mean ln p(x)", mean)];
    let baselines = findings.comparison.iter().flat_map(|comparison| &comparison.baselines);
    facts.extend(baselines.filter_map(|against| {
        let gain = with_error(against.gain?).replace('−', "-");
        Some(("", format!("{gain} above {}", against.baseline.name())))
    }));
    if let Some(two_sample::TwoSample { accuracy, standard_error, .. }) = &findings.two_sample {
        let (accuracy, error) = (percent(*accuracy, 1), percent(*standard_error, 1));
        facts.push(("told apart", format!("{accuracy} ± {error} of samples and rows")));
    }
    let table = &findings.table;
    let left_out = [
        (table.facts.missing_rows, "with missing values left out"),
        (
            table.facts.outside_support,
            "outside the model's support: ln p(x) = -inf, not in the mean",
        ),
        (table.facts.beyond_range, "beyond the range of a double, not in the mean"),
    ];
    for (rows, why) in left_out.into_iter().filter(|(rows, _)| *rows > 0) {
        facts.push(("", format!("{} {why}", counted(rows, "row"))));
    }
    let subject = format!("{}: {}", table.file, counted(table.facts.rows, "row"));
    let cautions = match findings.cautions.len() {
        0 => String::new(),
        count => format!("\n{} to beware of, at the end of the page", counted(count, "thing")),
    };
    format!("{}: {}\n{}{cautions}", line(&findings.out), line(&subject), aligned(&facts))
}
