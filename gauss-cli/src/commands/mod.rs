//! One file per command: its options, its help, its work.

pub mod compare;
pub mod completions;
mod defects;
pub mod demo;
mod evaluate;
pub mod fit;
pub mod inspect;
pub mod inverse;
pub mod man;
pub mod plot;
pub(crate) mod progress;
pub mod report;
pub(crate) mod rows;
pub mod sample;
pub mod score;
mod search;
mod stages;
pub mod transform;

use anyhow::Context;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::args::{Cli, Command};
use crate::console::Console;
use crate::error::Error;

/// Runs the command.
///
/// # Errors
/// Whatever stopped it; nothing has been written then.
pub fn run(cli: &Cli) -> Result<(), Error> {
    if let Some(threads) = cli.common.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
            .context("the threads cannot be started")?;
    }
    let console = Console::new(&cli.common);
    match &cli.command {
        Command::Fit(fit) => fit.run(&console),
        Command::Score(score) => score.run(&console),
        Command::Sample(sample) => sample.run(&console),
        Command::Transform(transform) => transform.run(&console),
        Command::Inverse(inverse) => inverse.run(&console),
        Command::Inspect(inspect) => inspect.run(&console),
        Command::Compare(compare) => compare.run(&console),
        Command::Plot(plot) => plot.run(&console),
        Command::Report(report) => report.run(&console),
        Command::Demo(demo) => demo.run(&console),
        Command::Completions(completions) => completions.run(&console),
        Command::Man(man) => man.run(&console),
    }
}

/// The generator of `--seed`; its stream stays the same from version to version.
fn generator(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}
