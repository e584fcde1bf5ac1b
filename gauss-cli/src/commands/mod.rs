//! One file per command: its options, its help, its work, and the summary that `--json` prints.
//!
//! A new command is a file here and, below, a line in each of: the modules, [`GROUPS`],
//! [`Command`] (two, with what it is for), [`Command::run`] and [`schemas`].

mod compare;
mod completions;
mod demo;
mod fit;
mod inspect;
mod inverse;
mod man;
mod plot;
mod report;
mod sample;
mod score;
mod transform;

use clap::Subcommand;
use serde_json::Value;

use crate::error::Error;
use crate::shared::pieces::WithData;
use crate::shared::schema::of;
use crate::terminal::Console;

/// The commands as `gauss --help` shows them: in groups, in the order of use.
pub const GROUPS: [(&str, &[&str]); 4] = [
    ("Learn", &["fit"]),
    ("Use", &["score", "sample", "transform", "inverse"]),
    ("Look", &["inspect", "plot", "report", "compare"]),
    ("More", &["demo", "completions", "man", "help"]),
];

/// The commands, in the order in which they are used.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Learn a model from a table
    Fit(Box<fit::Fit>),
    /// Log-densities of a table's rows under a model
    Score(score::Score),
    /// Draw new rows from a model
    Sample(sample::Sample),
    /// Map rows to the standard normal latent space
    Transform(transform::Transform),
    /// Map latent rows back to data
    Inverse(inverse::Inverse),
    /// Show what a model file holds
    Inspect(inspect::Inspect),
    /// Draw a model against a table: SVG and PNG
    Plot(plot::Plot),
    /// Write a page on how well a model describes a table
    Report(report::Report),
    /// Say which of several models is better on a table
    #[command(visible_alias = "diff")]
    Compare(compare::Compare),
    /// Watch a flow learn two moons: fits, figures and a report
    Demo(demo::Demo),
    /// Print a script that completes commands in a shell
    Completions(completions::Completions),
    /// Print the manual page, or write those of all commands
    Man(man::Man),
}

impl Command {
    /// Runs the command; `gauss` describes the command line that it is part of.
    ///
    /// # Errors
    /// Whatever stopped it; nothing has been written then.
    pub fn run(&self, console: &Console, gauss: fn() -> clap::Command) -> Result<(), Error> {
        match self {
            Command::Fit(fit) => fit.run(console),
            Command::Score(score) => score.run(console),
            Command::Sample(sample) => sample.run(console),
            Command::Transform(transform) => transform.run(console),
            Command::Inverse(inverse) => inverse.run(console),
            Command::Inspect(inspect) => inspect.run(console),
            Command::Plot(plot) => plot.run(console),
            Command::Report(report) => report.run(console),
            Command::Compare(compare) => compare.run(console),
            Command::Demo(demo) => demo.run(console),
            Command::Completions(completions) => completions.run(console, gauss()),
            Command::Man(man) => man.run(console, gauss()),
        }
    }
}

/// Every command with the JSON Schema of its summary, made from the very struct that is printed.
pub fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        of::<fit::Summary<'_>>("fit"),
        of::<score::Summary>("score"),
        of::<WithData<'_, sample::Summary<'_>>>("sample"),
        of::<WithData<'_, transform::Summary>>("transform"),
        of::<WithData<'_, inverse::Summary>>("inverse"),
        of::<inspect::Summary<'_>>("inspect"),
        of::<plot::Summary>("plot"),
        of::<report::Findings>("report"),
        of::<compare::Summary>("compare"),
        of::<demo::Summary>("demo"),
        of::<completions::Summary>("completions"),
        of::<man::Summary>("man"),
    ]
}
