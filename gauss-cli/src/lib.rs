//! The program `gauss`: tables in; models, densities, samples, figures and reports out.
//!
//! Its rooms, from the top: a file imports from its own room and from those further down, never
//! upwards. `tests/rooms` reads this list, and refuses an import that does.
//!
//! ```text
//! main      the process
//! lib       this file: a command line in, an exit code out
//! docs      docs/cli.md and docs/schema, made from the program itself
//! cli       the command line as a whole, its help and its usage errors
//! commands  one file per command
//! demo      the demonstration: two moons from data to density
//! page      HTML pages: the writer, and the report's page from findings to words
//! shared    what several commands use: models, kinds, defects, rows in pieces, schemas
//! figures   a model and a table, drawn
//! options   options that several commands share
//! known     distributions whose density is known
//! plot      figures from plain numbers: SVG and PNG
//! table     files in and out: tables of every format, and whatever else is read or written
//! terminal  what the person at the terminal sees, and Ctrl-C
//! error     why a command stops, and its exit code
//! words     counts and names in words
//! ```
//!
//! A command reads and checks everything first, computes, then writes: on an error nothing has
//! been written. Standard output carries results only (a table, a JSON object or a summary);
//! standard error carries progress, prose and one line for an error.

#![forbid(unsafe_code)]
// A program's own functions are all used; the libraries beneath do say what must be.
#![allow(clippy::must_use_candidate)]

pub mod cli;
pub mod commands;
pub mod demo;
pub mod docs;
pub mod error;
pub mod figures;
pub mod known;
pub(crate) mod options;
pub(crate) mod page;
pub mod plot;
pub(crate) mod shared;
pub mod table;
pub mod terminal;
pub mod words;

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the program on a command line, the program's name first.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    terminal::interrupt::install();
    let cli = match cli::parse(arguments) {
        Ok(cli) => cli,
        Err(usage) => {
            let usage = cli::printable(usage);
            let _ = usage.print(); // help, version or a usage error; a closed pipe is no matter
            return ExitCode::from(u8::try_from(usage.exit_code()).unwrap_or(2));
        }
    };
    match cli.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let code = error.exit_code();
            if code != 0 {
                terminal::complain("error:", &error.to_string());
            }
            ExitCode::from(code)
        }
    }
}

// The guide's example is a test.
#[cfg(doctest)]
#[doc = include_str!("../../docs/models.md")]
struct Guide;
