//! A fit as it happens: a bar on standard error when someone watches it there.

use std::ops::ControlFlow;

use gauss_rbig::recipe::Progress as Step;
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
            Step::Epoch { record, epochs, refit } => {
                bar.set_prefix(if *refit { "on all rows" } else { "joint epochs" });
                bar.set_length(*epochs as u64);
                bar.set_position(record.epoch as u64);
                let validation = record
                    .validation_nll
                    .map_or_else(String::new, |nll| format!(", validation {nll:.4}"));
                bar.set_message(format!("loss {:.4}{validation}", record.train_nll));
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
