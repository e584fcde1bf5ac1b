//! Options that several commands share, and the forms of their values.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Args, ValueEnum};
use gauss_model::Column;

use crate::error::Error;
use crate::table::{self, Destination, OutputError};
use crate::terminal::Console;

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
    #[arg(long, global = true, value_name = "T", value_parser = threads)]
    #[arg(allow_negative_numbers = true)]
    pub threads: Option<usize>,
    /// No progress and no prose; results and errors only
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

impl Common {
    /// The console that they ask for.
    pub fn console(&self) -> Console {
        Console { json: self.json, quiet: self.quiet, seed: self.seed }
    }
}

/// How a table is read.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Reading the table")]
pub struct TableArgs {
    /// The first line is data already; columns are named x0, x1, ...
    #[arg(long)]
    pub no_header: bool,
    /// The first line holds the columns' names, also if they are numbers (wavelengths, years)
    #[arg(long, conflicts_with = "no_header")]
    pub header: bool,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MissingArg {
    Error,
    Drop,
    Median,
}

/// A column that is no variable.
#[derive(Debug, Clone, Default, Args)]
pub struct WeightArgs {
    /// The column that says how many rows each row counts for; it is none of the model's
    #[arg(long, value_name = "NAME")]
    weights: Option<String>,
}

impl WeightArgs {
    /// `options`, with the weights set apart.
    pub fn apart(&self, options: table::ReadOptions) -> table::ReadOptions {
        table::ReadOptions { weights: self.weights.clone(), ..options }
    }

    /// The column's name.
    pub fn column(&self) -> Option<&str> {
        self.weights.as_deref()
    }
}

/// Where a table goes, and how.
#[derive(Debug, Clone, Args)]
pub struct OutArgs {
    // The formats are those of the list in `table`.
    #[arg(long, short, value_name = "FILE")]
    #[arg(help = format!("Write the result to this file: {} [default: standard output]", *table::WRITABLE))]
    pub out: Option<PathBuf>,
    /// Format of the result [default: by the name of --out, otherwise csv]
    #[arg(long, value_enum, value_name = table::NAMES.as_str(), hide_possible_values = true)]
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
        let path = self.out.as_deref().filter(|path| !table::is_stdin(path));
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
            header: self.header,
            delimiter: self.delimiter,
            decimal_comma: self.decimal_comma,
            missing: match self.missing {
                MissingArg::Error => table::Missing::Reject,
                MissingArg::Drop => dropped,
                MissingArg::Median => table::Missing::Median,
            },
            categories: Vec::new(),
            weights: None,
            progress: !console.quiet,
        }
    }
}

/// That an option names nothing twice.
///
/// # Errors
/// [`Error::Usage`] with the first that it does.
pub fn each_once(option: &str, names: &[impl AsRef<str>]) -> Result<(), Error> {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match (1..names.len()).find(|&k| names[..k].contains(&names[k])) {
        None => Ok(()),
        Some(k) => Err(Error::Usage(format!("{option} names {:?} twice", names[k]))),
    }
}

/// A count of at least one.
pub fn positive(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err("must be a whole number, 1 or more".to_owned()),
    }
}

/// What `parse` makes of a count, up to `most`; `why` no more than that.
pub fn up_to(
    most: usize,
    why: &str,
    text: &str,
    parse: fn(&str) -> Result<usize, String>,
) -> Result<usize, String> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let beyond_any = digits && text.parse::<usize>().is_err();
    match parse(text) {
        Ok(count) if count <= most => Ok(count),
        Err(fault) if !beyond_any => Err(fault),
        _ => Err(format!("must be at most {most}: {why}")),
    }
}

/// As many rows as anyone can have.
pub fn rows(text: &str) -> Result<usize, String> {
    up_to(1_000_000_000_000, "as many are terabytes", text, positive)
}

/// As many threads as a processor may have cores, and no more.
fn threads(text: &str) -> Result<usize, String> {
    up_to(1024, "more threads than cores gain nothing", text, positive)
}

/// A count of zero or more.
pub fn count<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| "must be a whole number, 0 or more".to_owned())
}

/// A number above zero, up to `most`.
pub fn positive_number(text: &str, most: f64) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value > 0.0 && value <= most => Ok(value),
        _ => Err(format!("must be a number above 0, at most {}", short(most))),
    }
}

/// A number from zero up to `most`.
pub fn not_negative(text: &str, most: f64) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value >= 0.0 && value <= most => Ok(value),
        _ => Err(format!("must be a number from 0 to {}", short(most))),
    }
}

fn short(value: f64) -> String {
    if value < 1e9 { value.to_string() } else { format!("{value:e}") }
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
