//! The program `gauss`: tables in; models, densities, samples, figures and reports out.
//!
//! ```text
//! args -> commands/{fit, score, sample, transform, inverse, inspect, plot, report, compare, ...}
//!             table (in)   kinds, gauss-rbig, gauss-flow   diagnostics, figures, output, console (out)
//! ```
//!
//! A command reads and checks everything first, computes, then writes: on an error nothing has
//! been written. Standard output carries results only (a table, a JSON object or a summary);
//! standard error carries progress, prose and one line for an error.

#![forbid(unsafe_code)]

pub mod args;
pub mod commands;
pub mod console;
pub mod demo;
pub mod docs;
pub mod error;
pub mod figures;
pub mod input;
pub mod interrupt;
pub mod kinds;
pub mod known;
pub mod model;
pub mod moons;
pub mod output;
pub mod plot;
pub mod progress;
pub mod report;
pub mod schema;
pub mod table;

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the program on a command line, the program's name first.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    interrupt::install();
    let cli = match args::parse(arguments) {
        Ok(cli) => cli,
        Err(usage) => {
            let _ = usage.print(); // help, version or a usage error; a closed pipe is no matter
            return ExitCode::from(u8::try_from(usage.exit_code()).unwrap_or(2));
        }
    };
    match commands::run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let code = error.exit_code();
            if code != 0 {
                let line = error.to_string().replace(['\n', '\r'], " ");
                console::complain("error:", &line);
            }
            ExitCode::from(code)
        }
    }
}
