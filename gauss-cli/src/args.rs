//! The command line: one subcommand, the options every command shares, and the texts of `--help`.

use std::ffi::OsString;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::error::{ContextKind, ContextValue};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use gauss_model::Column;

use crate::commands::{
    compare, completions, demo, fit, inspect, inverse, man, plot, report, sample, score, transform,
};
use crate::console::Console;
use crate::error::Error;
use crate::output::{Destination, OutputError};
use crate::{input, table};

/// The commands as `gauss --help` shows them: in groups, in the order of use.
const GROUPS: [(&str, &[&str]); 4] = [
    ("Learn", &["fit"]),
    ("Use", &["score", "sample", "transform", "inverse"]),
    ("Look", &["inspect", "plot", "report", "compare"]),
    ("More", &["demo", "completions", "man", "help"]),
];

const WORKFLOW: &str = "  \
  gauss fit train.csv --out model.gauss                learn p(x) from a table
  gauss score model.gauss test.csv --out scores.csv    ln p(x) of every row
  gauss sample model.gauss --rows 5000 --out new.csv   draw new rows
  gauss report model.gauss test.csv --out report.html  how good it is

Results go to standard output or to --out, all else to standard error. Every
command takes --json, --seed, --threads and --quiet; `gauss help COMMAND` has
the rest, with examples. Exit codes: 0 done, 1 the data or a file is at fault,
2 the command line is, 130 interrupted.";

/// Learn the probability density of a table of numbers: exact densities, new rows, and an
/// invertible map to independent standard normal variables
#[derive(Debug, Parser)]
#[command(name = "gauss", version, arg_required_else_help = true, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What every command understands.
    #[command(flatten)]
    pub common: Common,
}

/// The command line's description, with its commands in groups.
pub fn command() -> clap::Command {
    let command = Cli::command();
    let help = overview(&command);
    command.help_template(help)
}

/// Parses a command line, the program's name first.
///
/// # Errors
/// What is wrong with it; also help and version, where they are asked for.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let mut command = command();
    let matches = command
        .try_get_matches_from_mut(arguments)
        .map_err(|error| with_meant_command(error, &command))?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// Names the command that was meant where clap does not: it finds few slips in short words, and
/// none behind `help`.
fn with_meant_command(mut error: clap::Error, command: &clap::Command) -> clap::Error {
    if let Some(ContextValue::String(given)) = error.get(ContextKind::InvalidSubcommand)
        && error.get(ContextKind::SuggestedSubcommand).is_none()
    {
        let names: Vec<String> =
            command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
        if let Some(meant) = table::nearest(given, &names) {
            let meant = ContextValue::Strings(vec![meant.clone()]);
            error.insert(ContextKind::SuggestedSubcommand, meant);
        }
    }
    error
}

/// The text of `gauss --help`: one screen.
fn overview(command: &clap::Command) -> String {
    let header = command.get_styles().get_header();
    let literal = command.get_styles().get_literal();
    let mut text = "{about}\n\n{usage-heading} gauss <COMMAND> [OPTIONS]\n\n".to_owned();
    for (group, names) in GROUPS {
        for (k, name) in names.iter().enumerate() {
            let group = if k == 0 { group } else { "" };
            let about = match command.find_subcommand(name).and_then(clap::Command::get_about) {
                Some(about) => about.to_string(),
                None => "Explain a command, with examples".to_owned(), // clap's own `help`
            };
            let pad = " ".repeat(7 - group.len());
            let _ = writeln!(
                text,
                "  {header}{group}{header:#}{pad}{literal}{name}{literal:#}{:gap$}{about}",
                "",
                gap = 13 - name.len(),
            );
        }
    }
    let _ = write!(text, "\n{header}Example:{header:#}\n{WORKFLOW}");
    text
}

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

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Common {
    /// Print exactly one JSON object on standard output, prose on standard error
    #[arg(long, global = true)]
    pub json: bool,
    /// Seed of everything random; the same seed gives the same results at any --threads
    #[arg(long, global = true, value_name = "S", default_value_t = 0, value_parser = count::<u64>)]
    #[arg(allow_negative_numbers = true)]
    pub seed: u64,
    /// Threads to compute with [default: one per core]
    #[arg(long, global = true, value_name = "T", value_parser = positive)]
    #[arg(allow_negative_numbers = true)]
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
    /// Numbers have a decimal comma: 1,5 is one and a half
    #[arg(long)]
    pub decimal_comma: bool,
    /// Empty, NaN, NA or null cells: stop, go on without such rows, or fill in the column's median (of a category: its commonest name)
    #[arg(long, value_enum, value_name = "error|drop|median", hide_possible_values = true)]
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
    Median,
}

/// Where a table goes, and how.
#[derive(Debug, Clone, Args)]
pub struct OutArgs {
    /// Write the result to this file: .csv or .tsv (also .gz, .zst), .npy or .parquet [default:
    /// standard output]
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Format of the result [default: by the name of --out, otherwise csv]
    #[arg(long, value_enum, value_name = "csv|tsv|npy|parquet", hide_possible_values = true)]
    pub format: Option<table::Format>,
}

/// A checked place for a table, and how it is written.
#[derive(Debug)]
pub struct Target {
    /// The place.
    pub place: Destination,
    /// The format.
    pub encoding: table::Encoding,
}

impl OutArgs {
    /// Checks that a table can be put there.
    ///
    /// # Errors
    /// Those of [`Destination::new`], and [`OutputError::Unsuitable`].
    pub fn target(&self, inputs: &[&Path]) -> Result<Target, OutputError> {
        let path = self.out.as_deref().filter(|path| !input::is_stdin(path));
        let encoding = table::Encoding::of(path, self.format).map_err(|source| {
            let file = path.map_or_else(String::new, |path| path.display().to_string());
            OutputError::Unsuitable { file, source }
        })?;
        Ok(Target { place: Destination::new(path, inputs)?, encoding })
    }

    /// The file, for a report.
    pub fn name(&self) -> Option<String> {
        self.out.as_ref().map(|path| path.display().to_string())
    }
}

impl Target {
    /// Whether the format holds such columns; asked before the work.
    ///
    /// # Errors
    /// [`OutputError::Unsuitable`].
    pub fn check(&self, columns: &[Column]) -> Result<(), OutputError> {
        let file = || self.place.name();
        self.encoding
            .check(columns)
            .map_err(|source| OutputError::Unsuitable { file: file(), source })
    }
}

impl TableArgs {
    /// For learning: a row with a missing value is left out.
    pub fn to_learn(&self, console: &Console) -> table::ReadOptions {
        self.options(console, table::Missing::DropRow)
    }

    /// For evaluating: a row with a missing value keeps its place, so that results stay in step.
    pub fn to_evaluate(&self, console: &Console) -> table::ReadOptions {
        self.options(console, table::Missing::NanRow)
    }

    fn options(&self, console: &Console, dropped: table::Missing) -> table::ReadOptions {
        table::ReadOptions {
            no_header: self.no_header,
            delimiter: self.delimiter,
            decimal_comma: self.decimal_comma,
            missing: match self.missing {
                MissingArg::Error => table::Missing::Reject,
                MissingArg::Drop => dropped,
                MissingArg::Median => table::Missing::Median,
            },
            categories: Vec::new(),
            progress: !console.quiet,
        }
    }
}

/// That an option names nothing twice.
///
/// # Errors
/// [`Error::Usage`] with the first that it does.
pub(crate) fn each_once(option: &str, names: &[impl AsRef<str>]) -> Result<(), Error> {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match (1..names.len()).find(|&k| names[..k].contains(&names[k])) {
        None => Ok(()),
        Some(k) => Err(Error::Usage(format!("{option} names {:?} twice", names[k]))),
    }
}

/// A count of at least one.
pub(crate) fn positive(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err("must be a whole number, 1 or more".to_owned()),
    }
}

/// A count of zero or more.
pub(crate) fn count<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| "must be a whole number, 0 or more".to_owned())
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
        _ => Err(requirement.to_owned()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_in_a_group_and_the_help_fits_a_screen() {
        let mut command = command();
        command.clone().debug_assert();
        command.build();
        let mut commands: Vec<&str> =
            command.get_subcommands().map(clap::Command::get_name).collect();
        let mut grouped: Vec<&str> =
            GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        commands.sort_unstable();
        grouped.sort_unstable();
        assert_eq!(grouped, commands);
        let help = command.clone().term_width(80).render_long_help().to_string();
        assert!(help.lines().count() <= 30, "{help}");
        for command in command.get_subcommands().chain([&command]) {
            let help = command.clone().term_width(80).render_long_help().to_string();
            let wide = help.lines().find(|line| line.chars().count() > 80);
            assert_eq!(wide, None, "{}", command.get_name());
        }
    }
}
