//! `gauss plot`: what there is to see of a model and a table, as SVG and PNG.

use std::path::{Path, PathBuf};

use clap::Args;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::Error;
use crate::figures::{Chart, Drawn, Settings, Subject};
use crate::options::{self, TableArgs, each_once};
use crate::shared::evaluate::stdin_once;
use crate::shared::model;
use crate::table::{self, Directory, Select, Table};
use crate::terminal::{Console, Remark, Stages};
use crate::words::{aligned, counted, line};

const EXAMPLES: &str = "\
Examples:
  gauss plot model.gauss test.csv --out figures
  gauss plot model.gauss test.csv --out figures --only pairs,qq
  gauss plot model.gauss test.csv --out figures --pair height,weight
  gauss plot model.gauss test.csv --out figures --columns 'height,temp_*,a:d'

Each figure becomes NAME.svg and NAME.png in the directory, in place of files of these names; other
files there are left alone. Figures that a model or a table gives no reason for (a training history
of a model that was not trained, pairs of a single column) are left out with a note.";

/// Draw a model against a table: samples, densities, latent space, training
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Plot {
    /// The model, as `gauss fit` wrote it
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// The table; `-` is standard input
    #[arg(value_name = "TABLE")]
    table: PathBuf,
    /// Put the figures into this directory; it is made if it is not there
    #[arg(long, short, value_name = "DIR")]
    out: PathBuf,
    /// Make these figures only [default: all]
    #[arg(long, value_name = "FIGURES", value_enum, value_delimiter = ',')]
    only: Vec<Chart>,
    /// Show these columns only, in this order: names, patterns, ranges [default: all; where they
    /// are too many, the telling ones]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    columns: Vec<String>,
    /// The two columns of `density` and `layers` [default: the most dependent, the first]
    #[arg(long, value_name = "A,B")]
    pair: Option<String>,
    /// Most rows of the table to draw, chosen evenly
    #[arg(long, value_name = "N", value_parser = options::rows, default_value_t = Settings::default().rows)]
    rows: usize,
    #[command(flatten)]
    reading: TableArgs,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Summary {
    command: &'static str,
    /// The model file.
    model: String,
    /// The table.
    table: String,
    /// Rows of the table that have all their values.
    rows: usize,
    /// Rows left out because a value is missing; `--missing drop` only.
    missing_rows: usize,
    /// Of the samples, the noise and the choice of rows.
    seed: u64,
    /// The directory of the figures.
    out: String,
    /// What was drawn, in the order of `--help`.
    figures: Vec<Made>,
    /// What was not, and why.
    left_out: Vec<LeftOut>,
}

/// A figure and its files.
#[derive(Serialize, JsonSchema)]
struct Made {
    /// Its name: `pairs`, `marginals`, ...
    figure: &'static str,
    /// Its title, for a person.
    title: String,
    /// How to read it, for a person.
    caption: String,
    /// The file with the drawing.
    svg: String,
    /// The file with the picture.
    png: String,
}

/// A figure that there is no reason for.
#[derive(Serialize, JsonSchema)]
struct LeftOut {
    /// Its name.
    figure: &'static str,
    /// What it would need, for a person.
    needs: &'static str,
}

impl Plot {
    pub(super) fn run(&self, console: &Console) -> Result<(), Error> {
        let charts: Vec<Chart> = Chart::ALL
            .into_iter()
            .filter(|c| self.only.is_empty() || self.only.contains(c))
            .collect();
        let names = charts.iter().flat_map(|c| [file(c.name(), "svg"), file(c.name(), "png")]);
        stdin_once([&self.model, &self.table])?;
        let out = Directory::new(&self.out, names, &[&self.model, &self.table])?;
        each_once("--columns", &self.columns)?;

        let model = model::load(&self.model)?;
        let options = self.reading.to_learn(console);
        let table = table::read(&self.table, Select::Model(model.columns()), &options)?;
        let settings = Settings {
            seed: console.seed,
            rows: self.rows,
            columns: table.positions(&self.columns)?,
            pair: self.pair.as_deref().map(|text| pair(&table, text)).transpose()?,
            ..Settings::of(model.columns().len())
        };
        let stages = Stages::new(console, 1 + 2 * charts.len());
        stages.begin("sampling");
        let subject = Subject::new(&model, table.data.as_ref(), settings)
            .map_err(|source| Error::of_file(table.file(), source))?;
        stages.done();

        // Everything is drawn before anything is written.
        let draw = |chart: &Chart| {
            stages.begin(&format!("drawing {}", chart.name()));
            let drawn = subject.draw(*chart);
            stages.done();
            drawn
        };
        let drawn: Vec<Option<Drawn>> = charts.par_iter().map(draw).collect();
        let left_out = charts.iter().zip(&drawn).filter(|(_, drawn)| drawn.is_none());
        let left_out: Vec<LeftOut> =
            left_out.map(|(c, _)| LeftOut { figure: c.name(), needs: c.needs() }).collect();
        let drawn: Vec<Drawn> = drawn.into_iter().flatten().collect();
        let paint = |drawn: &Drawn| {
            stages.begin(&format!("painting {}", drawn.name));
            let png = drawn.figure.png();
            stages.done();
            png
        };
        let images = drawn.par_iter().map(paint).collect::<anyhow::Result<Vec<Vec<u8>>>>()?;
        drop(stages);
        if !drawn.is_empty() {
            out.create()?;
        }
        for (drawn, png) in drawn.iter().zip(&images) {
            out.write(&file(drawn.name, "svg"), drawn.figure.svg.as_bytes())?;
            out.write(&file(drawn.name, "png"), png)?;
        }

        let summary = Summary {
            command: "plot",
            model: self.model.display().to_string(),
            table: table.file(),
            rows: table.rows(),
            missing_rows: table.missing_rows,
            seed: console.seed,
            out: self.out.display().to_string(),
            figures: drawn.into_iter().map(|drawn| Made::new(drawn, &self.out)).collect(),
            left_out,
        };
        for left_out in &summary.left_out {
            let LeftOut { figure, needs } = left_out;
            console.remark(&Remark::note(format!("{figure} is left out: it needs {needs}")));
        }
        if summary.missing_rows > 0 {
            let rows = counted(summary.missing_rows, "row");
            console.remark(&Remark::note(format!("{rows} with missing values left out")));
        }
        console.finish(&summary, &summary.prose(), false)?;
        Ok(())
    }
}

fn file(name: &str, extension: &str) -> String {
    format!("{name}.{extension}")
}

/// The two columns that `text` selects: names, which may hold commas themselves, or whatever
/// selects two.
fn pair(table: &Table, text: &str) -> Result<[usize; 2], Error> {
    let names = table.names();
    let named = |name: &str| names.iter().position(|other| other == name);
    let two_names = text
        .match_indices(',')
        .find_map(|(at, _)| Some([named(&text[..at])?, named(&text[at + 1..])?]));
    let positions = match two_names {
        Some([a, b]) if a == b => vec![a],
        Some(pair) => pair.to_vec(),
        None => table.positions(&text.split(',').map(str::to_owned).collect::<Vec<_>>())?,
    };
    match positions[..] {
        [a, b] => Ok([a, b]),
        _ => Err(Error::Usage(format!(
            "--pair wants two columns, as --pair a,b; {text:?} selects {}",
            counted(positions.len(), "column")
        ))),
    }
}

impl Made {
    fn new(drawn: Drawn, out: &Path) -> Made {
        let path = |extension: &str| out.join(file(drawn.name, extension)).display().to_string();
        let (svg, png) = (path("svg"), path("png"));
        Made { figure: drawn.name, title: drawn.title, caption: drawn.caption, svg, png }
    }
}

impl Summary {
    fn prose(&self) -> String {
        let count = counted(self.figures.len(), "figure");
        let made: Vec<(&str, String)> =
            self.figures.iter().map(|made| (made.figure, made.svg.clone())).collect();
        let title = format!("{}: {count}, each as SVG and PNG", line(&self.out));
        if made.is_empty() { title } else { format!("{title}\n{}", aligned(&made)) }
    }
}
