//! What a command says, and where: results on standard output, everything else on standard error.

use std::io::{self, Write};

use clap::builder::styling::AnsiColor;
use serde::Serialize;

use crate::words::{is_obeyed, line, printable};

use super::{Level, Remark, RowProgress, StdoutError, to_stdout};

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
    /// A remark on standard error, behind a word for its level. A closed standard error is nobody's
    /// loss.
    pub fn remark(&self, remark: &Remark) {
        if !self.quiet {
            say(remark);
        }
    }

    /// Lines on standard error; the names in them are a line each.
    pub fn tell(&self, lines: &str) {
        if !self.quiet {
            let _ = writeln!(io::stderr(), "{}", printable(lines));
        }
    }

    /// Live progress of `what` over `rows` rows, for whoever is to advance it.
    pub fn progress(&self, what: &'static str, rows: usize) -> RowProgress {
        RowProgress::new(self, what, rows)
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
    ) -> Result<(), StdoutError> {
        if self.json || table_on_stdout {
            self.tell(prose);
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
    pub fn show(&self, report: &impl Serialize, text: &str) -> Result<(), StdoutError> {
        if self.json { print_json(report) } else { print_text(text) }
    }
}

/// A remark on standard error: a line, whatever is in it.
pub fn say(remark: &Remark) {
    let text = line(&remark.text);
    let _ = match remark.level {
        Level::Warning => {
            complain("warning:", &text);
            Ok(())
        }
        Level::Hint => writeln!(io::stderr(), "hint: {text}"),
        Level::Note => writeln!(io::stderr(), "{text}"),
    };
}

/// A line on standard error that begins with `error:` or `warning:`, in colour on a terminal unless
/// NO_COLOR is set.
pub fn complain(prefix: &str, text: &str) {
    let colour = if prefix == "error:" { AnsiColor::Red } else { AnsiColor::Yellow };
    let style = colour.on_default().bold();
    let _ = writeln!(anstream::stderr(), "{style}{prefix}{style:#} {}", line(text));
}

fn print_json(report: &impl Serialize) -> Result<(), StdoutError> {
    to_stdout(|out| {
        report.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, Escaped))?;
        out.write_all(b"\n")
    })
}

fn print_text(text: &str) -> Result<(), StdoutError> {
    to_stdout(|out| writeln!(out, "{}", printable(text)))
}

/// JSON in a line, in whose strings nothing is left that a terminal obeys: the language itself asks
/// only for the control characters below the blank.
struct Escaped;

impl serde_json::ser::Formatter for Escaped {
    fn write_string_fragment<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, c)) = rest.char_indices().find(|&(_, c)| is_obeyed(c)) {
            write!(out, "{}\\u{:04x}", &rest[..at], u32::from(c))?; // none is beyond U+FFFF
            rest = &rest[at + c.len_utf8()..];
        }
        out.write_all(rest.as_bytes())
    }
}
