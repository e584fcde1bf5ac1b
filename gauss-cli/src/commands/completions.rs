//! `gauss completions`: the shell completes commands, options and their values.

use clap::Args;
use clap_complete::{Shell, generate};
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::Error;
use crate::terminal::Console;

const EXAMPLES: &str = "\
Examples, for new shells:
  gauss completions bash > ~/.local/share/bash-completion/completions/gauss
  gauss completions zsh > ~/.zfunc/_gauss           with ~/.zfunc in fpath
  gauss completions fish > ~/.config/fish/completions/gauss.fish
  gauss completions powershell >> $PROFILE

For the shell at hand only: source <(gauss completions bash)";

/// Print a script that completes commands in a shell
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Summary {
    command: &'static str,
    /// The shell.
    shell: String,
    /// What to put where that shell looks for completions.
    script: String,
}

impl Completions {
    /// `gauss` is the command line to complete.
    pub(super) fn run(&self, console: &Console, mut gauss: clap::Command) -> Result<(), Error> {
        let mut script = Vec::new();
        generate(self.shell, &mut gauss, "gauss", &mut script);
        let script = String::from_utf8_lossy(&script).trim_end().to_owned();
        let summary = Summary { command: "completions", shell: self.shell.to_string(), script };
        console.show(&summary, &summary.script)?;
        Ok(())
    }
}
