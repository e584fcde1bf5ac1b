//! The command line as a whole: what is typed becomes a [`Cli`], or a usage error that names what
//! was meant; the text of `gauss --help`.

use std::ffi::OsString;
use std::fmt::Write;

use anyhow::Context;
use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, FromArgMatches, Parser};

use crate::commands::{Command, GROUPS};
use crate::error::Error;
use crate::options::Common;
use crate::words::{self, nearest};

const WORKFLOW: &str = "  \
  gauss fit train.csv --out model.gauss                learn p(x) from a table
  gauss score model.gauss test.csv --out scores.csv    ln p(x) of every row
  gauss sample model.gauss --rows 5000 --out new.csv   draw new rows
  gauss report model.gauss test.csv --out report.html  how good it is

Results go to standard output or to --out, all else to standard error. Every
command takes --json, --seed, --threads and --quiet; `gauss help COMMAND` has
the rest, with examples. Exit codes: 0 done, 1 the data or a file is at fault,
2 the command line is, 130 interrupted (143 by SIGTERM).";

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

impl Cli {
    /// Runs the command.
    ///
    /// # Errors
    /// Whatever stopped it; nothing has been written then.
    pub fn run(&self) -> Result<(), Error> {
        if let Some(threads) = self.common.threads {
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build_global()
                .context("the threads cannot be started")?;
        }
        self.command.run(&self.common.console(), command)
    }
}

/// The error with what the user typed as a terminal may show it.
pub fn printable(mut error: clap::Error) -> clap::Error {
    let line = |text: &String| words::line(text).into_owned();
    let typed: Vec<(ContextKind, ContextValue)> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) => Some((kind, ContextValue::String(line(text)))),
            ContextValue::Strings(texts) => {
                Some((kind, ContextValue::Strings(texts.iter().map(line).collect())))
            }
            _ => None,
        })
        .collect();
    for (kind, value) in typed {
        error.insert(kind, value);
    }
    error
}

/// Names the command that was meant where clap does not: it finds few slips in short words, and
/// none behind `help`.
fn with_meant_command(mut error: clap::Error, command: &clap::Command) -> clap::Error {
    if let Some(ContextValue::String(given)) = error.get(ContextKind::InvalidSubcommand)
        && error.get(ContextKind::SuggestedSubcommand).is_none()
    {
        let names: Vec<String> =
            command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
        if let Some(meant) = nearest(given, &names) {
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
