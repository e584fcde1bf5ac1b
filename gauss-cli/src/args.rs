//! The command line: one subcommand, the options every command shares, and the texts of `--help`.

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands::{demo, fit, inspect, inverse, plot, report, sample, score, transform};
use crate::table;

const WORKFLOW: &str = "\
From a table to densities, samples and latent coordinates:
  gauss fit train.csv --out model.gauss                 learn p(x) from the rows of a table
  gauss score model.gauss test.csv --out scores.csv     ln p(x), one per row, in row order
  gauss sample model.gauss --rows 5000 --out new.csv    draw new rows
  gauss transform model.gauss test.csv --out z.csv      rows to standard normal coordinates
  gauss inverse model.gauss z.csv --out x.csv           and exactly back
  gauss plot model.gauss test.csv --out figures         see how well it does
  gauss report model.gauss test.csv --out report.html   and read how well, on one page

Tables are CSV files with a header row: comma, semicolon or tab, found from the header; `-` is
standard input. Densities are in nats and in the units of the table.

Exit codes: 0 done, 1 the data or a file is at fault, 2 the command line is.";

/// Learn the probability density of a table of numbers: exact densities, new rows, and an
/// invertible map to independent standard normal variables
#[derive(Debug, Parser)]
#[command(name = "gauss", version, after_help = WORKFLOW)]
#[command(arg_required_else_help = true, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What every command understands.
    #[command(flatten)]
    pub common: Common,
}

/// The commands, in the order in which they are used.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Learn a model from a table
    Fit(fit::Fit),
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
    /// Draw a model against a table
    Plot(plot::Plot),
    /// Write a page on how well a model describes a table
    Report(report::Report),
    /// Watch a flow learn two moons: fits, figures and a report.
    Demo(demo::Demo),
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Common {
    /// Print exactly one JSON object on standard output, prose on standard error
    #[arg(long, global = true)]
    pub json: bool,
    /// Seed of everything random; the same seed gives the same bits at any --threads
    #[arg(long, global = true, value_name = "S", default_value_t = 0)]
    pub seed: u64,
    /// Threads to compute with [default: one per core]
    #[arg(long, global = true, value_name = "T", value_parser = positive)]
    pub threads: Option<usize>,
    /// No progress and no prose; results and errors only
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

/// How a table is read.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Reading the table")]
pub struct TableArgs {
    /// The first line is data already; columns are named x0, x1, ...
    #[arg(long)]
    pub no_header: bool,
    /// Separator of cells: a character or `tab` [default: found from the first line]
    #[arg(long, value_name = "C", value_parser = delimiter)]
    pub delimiter: Option<u8>,
    /// A row with an empty, NaN, NA or infinite cell: stop there, or go on without it
    #[arg(long, value_enum, value_name = "error|drop", hide_possible_values = true)]
    #[arg(default_value_t = MissingArg::Error)]
    pub missing: MissingArg,
}

// The values are explained by the option, which keeps `--help` to a line each.
/// `--missing`.
#[expect(missing_docs, reason = "a sentence here would become a paragraph in the help")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MissingArg {
    Error,
    Drop,
}

impl TableArgs {
    /// For learning: a row with a missing value is left out.
    pub fn to_learn(&self) -> table::ReadOptions {
        self.options(table::Missing::DropRow)
    }

    /// For evaluating: a row with a missing value keeps its place, so that results stay in step.
    pub fn to_evaluate(&self) -> table::ReadOptions {
        self.options(table::Missing::NanRow)
    }

    fn options(&self, dropped: table::Missing) -> table::ReadOptions {
        table::ReadOptions {
            no_header: self.no_header,
            delimiter: self.delimiter,
            missing: match self.missing {
                MissingArg::Error => table::Missing::Reject,
                MissingArg::Drop => dropped,
            },
        }
    }
}

/// A count of at least one.
pub(crate) fn positive(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(count) if count > 0 => Ok(count),
        Ok(_) => Err("must be at least 1".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// A finite number above zero.
pub(crate) fn positive_number(text: &str) -> Result<f64, String> {
    finite(text, |value| value > 0.0, "must be a finite number above 0")
}

/// A finite number, zero or more.
pub(crate) fn not_negative(text: &str) -> Result<f64, String> {
    finite(text, |value| value >= 0.0, "must be a finite number, 0 or more")
}

fn finite(text: &str, valid: fn(f64) -> bool, requirement: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if valid(value) && value.is_finite() => Ok(value),
        Ok(_) => Err(requirement.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text {
        "tab" | "\\t" => Ok(b'\t'),
        _ => match *text.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(byte),
            _ => Err("must be one ASCII character, or `tab`".to_owned()),
        },
    }
}
