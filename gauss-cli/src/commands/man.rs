//! `gauss man`: manual pages, made from the same texts as `--help`.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use clap_mangen::Man as Page;
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::Error;
use crate::table::Directory;
use crate::terminal::Console;
use crate::words::{counted, line};

const EXAMPLES: &str = "\
Examples:
  gauss man | man -l -                       read gauss(1)
  gauss man --out ~/.local/share/man/man1    then: man gauss, man gauss-fit

Without --out the page of gauss itself goes to standard output; with it there is a page for every \
command, gauss.1, gauss-fit.1, ..., in the directory, which is made if it is not there.";

/// Print gauss's manual page, or write those of all commands
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Man {
    /// Write all pages to this directory
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Summary {
    command: &'static str,
    /// The directory of --out.
    out: Option<String>,
    /// The files in it.
    files: Vec<String>,
    /// The page of gauss itself, without --out.
    page: Option<String>,
}

impl Man {
    /// `gauss` is the command line to describe.
    pub(super) fn run(&self, console: &Console, gauss: clap::Command) -> Result<(), Error> {
        let mut gauss = gauss.disable_help_subcommand(true);
        gauss.build();
        let Some(directory) = &self.out else {
            let page = String::from_utf8_lossy(&render(gauss)?).trim_end().to_owned();
            let summary = Summary { command: "man", out: None, files: Vec::new(), page: None };
            console.show(&Summary { page: Some(page.clone()), ..summary }, &page)?;
            return Ok(());
        };
        let out = directory.display().to_string();
        let directory = Directory::made(directory)?;
        let commands: Vec<clap::Command> = gauss.get_subcommands().cloned().collect();
        let files = std::iter::once(gauss)
            .chain(commands)
            .map(|command| write(command, &directory))
            .collect::<Result<Vec<String>, Error>>()?;
        let prose = format!("{out}: {}", counted(files.len(), "page"));
        let summary = Summary { command: "man", out: Some(out), files, page: None };
        console.finish(&summary, &line(&prose), false)?;
        Ok(())
    }
}

/// The name of the file.
fn write(command: clap::Command, directory: &Directory) -> Result<String, Error> {
    let name = Page::new(command.clone()).get_filename();
    let page = render(command)?;
    directory.write(&name, &page)?;
    Ok(name)
}

fn render(command: clap::Command) -> Result<Vec<u8>, Error> {
    let mut page = Vec::new();
    Page::new(command).render(&mut page).context("the manual page")?;
    Ok(page)
}
