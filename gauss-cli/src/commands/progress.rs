//! A fit as it happens: a bar on standard error when someone watches it there.

use std::ops::ControlFlow;

use gauss_rbig::recipe::{Progress as Step, Stage};
use indicatif::{ProgressBar, ProgressStyle};

use crate::console::Console;

/// The live display of one fit, or nothing.
pub struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    /// A bar where standard error is a terminal and `--quiet` is not given.
    pub fn new(console: &Console) -> Progress {
        Progress {
            bar: console.live().then(ProgressBar::no_length).inspect(|bar| bar.set_style(style())),
        }
    }

    /// Shows a step; never ends the fit.
    pub fn show(&self, step: &Step<'_>) -> ControlFlow<()> {
        let Some(bar) = &self.bar else { return ControlFlow::Continue(()) };
        match step {
            Step::Block { block, blocks, mean_log_prob } => {
                bar.set_prefix("greedy blocks");
                bar.set_length(*blocks as u64);
                bar.set_position(*block as u64);
                bar.set_message(format!("loss {:.4}", -mean_log_prob));
            }
            Step::Epoch { record, epochs, stage } => {
                bar.set_prefix(match stage {
                    Some(Stage { round, candidate, of: 2.. }) => {
                        format!("round {round}, no. {candidate}")
                    }
                    Some(Stage { round, .. }) => format!("round {round}"),
                    None => "on all rows".to_owned(),
                });
                bar.set_length(*epochs as u64);
                bar.set_position(record.epoch as u64);
                if let Some(nll) = record.validation_nll {
                    bar.set_message(format!("loss {:.4}, validation {nll:.4}", record.train_nll));
                } else if stage.is_none() {
                    bar.set_message(format!("loss {:.4}", record.train_nll));
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// Clears the display.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{prefix:13} {bar:20} {pos}/{len}  {elapsed}  {wide_msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
