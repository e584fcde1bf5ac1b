//! `gauss demo`: two moons from data to density, samples and figures.

use std::path::PathBuf;

use clap::Args;

pub(super) use crate::demo::Summary;
use crate::error::Error;
use crate::terminal::Console;

const EXAMPLES: &str = "\
Example:
  gauss demo --out demo

It takes about half a minute, most of it the search, and leaves report.html, the figures as SVG \
and PNG, metrics.json, the data moons.csv and the model model.gauss.";

/// Watch a flow learn two moons: fits, figures and a report
///
/// Draws 5,000 points of a known density, fits flows to them in six ways, and measures each against
/// the truth on fresh points.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Demo {
    /// Where to put the files; made if it is not there
    #[arg(long, short, value_name = "DIR", default_value = "gauss-demo")]
    out: PathBuf,
}

impl Demo {
    pub(super) fn run(&self, console: &Console) -> Result<(), Error> {
        crate::demo::run(&self.out, console)
    }
}
