//! What a command says, and where: results on standard output, everything else on standard error.

use std::fmt::Write as _;
use std::io::{self, Write};

use clap::builder::styling::AnsiColor;
use serde::Serialize;

use crate::args::Common;
use crate::output::{OutputError, to_stdout};
use crate::progress::Rows;

/// The options of every command, and the way out for its words.
#[derive(Debug, Clone)]
pub struct Console {
    /// One JSON object on standard output.
    pub json: bool,
    /// No prose.
    pub quiet: bool,
    /// The seed of everything random.
    pub seed: u64,
}

impl Console {
    /// A console as the command line wants it.
    pub fn new(common: &Common) -> Console {
        Console { json: common.json, quiet: common.quiet, seed: common.seed }
    }

    /// A remark on standard error. A closed standard error is nobody's loss.
    pub fn note(&self, text: &str) {
        if self.quiet {
            return;
        }
        match text.strip_prefix("warning:") {
            Some(rest) => complain("warning:", rest.trim_start()),
            None => {
                let _ = writeln!(io::stderr(), "{text}");
            }
        }
    }

    /// Live progress of `what` over `rows` rows, for whoever is to advance it.
    pub fn progress(&self, what: &'static str, rows: usize) -> Rows {
        Rows::new(self, what, rows)
    }

    /// Ends a command whose result is elsewhere: `--json` prints `report` on standard output and
    /// `prose` on standard error; otherwise `prose` goes to standard output, or to standard error
    /// when a table is there.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn finish(
        &self,
        report: &impl Serialize,
        prose: &str,
        table_on_stdout: bool,
    ) -> Result<(), OutputError> {
        if self.json || table_on_stdout {
            self.note(prose);
        }
        match (self.json, table_on_stdout || self.quiet) {
            (true, _) => print_json(report),
            (false, true) => Ok(()),
            (false, false) => print_text(prose),
        }
    }

    /// Ends a command whose result is `text` itself, or `report` with `--json`.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn show(&self, report: &impl Serialize, text: &str) -> Result<(), OutputError> {
        if self.json { print_json(report) } else { print_text(text) }
    }
}

/// A line on standard error that begins with `error:` or `warning:`, in colour on a terminal unless
/// NO_COLOR is set.
pub fn complain(prefix: &str, text: &str) {
    let colour = if prefix == "error:" { AnsiColor::Red } else { AnsiColor::Yellow };
    let style = colour.on_default().bold();
    let _ = writeln!(anstream::stderr(), "{style}{prefix}{style:#} {text}");
}

fn print_json(report: &impl Serialize) -> Result<(), OutputError> {
    to_stdout(|out| {
        serde_json::to_writer(&mut *out, report)?;
        out.write_all(b"\n")
    })
}

fn print_text(text: &str) -> Result<(), OutputError> {
    to_stdout(|out| writeln!(out, "{text}"))
}

/// Thousands grouped for reading: `12,345`.
pub fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (k, digit) in digits.chars().enumerate() {
        if k > 0 && (digits.len() - k).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 row`, `2 rows`.
pub fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(count))
}

/// Lines of `name  value` with the names aligned.
pub fn aligned(pairs: &[(&str, String)]) -> String {
    let width = pairs.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value) in pairs {
        let _ = writeln!(text, "  {name:width$}  {value}");
    }
    text.truncate(text.trim_end().len());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_by_thousands() {
        let shown: Vec<_> = [0, 12, 999, 1000, 1234567].into_iter().map(grouped).collect();
        assert_eq!(shown, ["0", "12", "999", "1,000", "1,234,567"]);
        assert_eq!(counted(1, "row"), "1 row");
    }
}
