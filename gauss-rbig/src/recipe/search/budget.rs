//! How much of a budget a search may spend on what comes next.

use super::super::options::Budget;
use super::super::sample::Sample;
use super::Search;
use super::runner::Runner;
use std::time::Duration;

/// Rounds on few rows and in small batches.
pub(super) const EARLY_ROUNDS: usize = 3;

impl Search<'_, '_> {
    /// How many times as many rows the second fit takes as one on these.
    pub(super) fn more_rows(&self, rows: Sample<'_>) -> f64 {
        (self.x.nrows() as f64 / rows.nrows() as f64).max(1.0)
    }

    /// A fortieth of the rows: enough noise to leave poor optima; at most what keeps the steps
    /// cheap while they are many.
    pub(super) fn batch_size(&self, rows: usize, round: usize) -> usize {
        let most = if round <= EARLY_ROUNDS { 128 } else { 1024 };
        self.recipe.batch_size.unwrap_or((rows / 40).clamp(64, most)).min(rows)
    }

    /// Steps of an early round that make so many passes over all rows.
    pub(super) fn steps(&self, epochs: usize) -> usize {
        epochs * self.x.nrows().div_ceil(self.batch_size(self.x.nrows(), 1))
    }

    /// u where the first candidate's first u took `taken`, for what time there is to do the `rest`
    /// of them.
    pub(super) fn fit_to_time(&self, unit: usize, taken: Duration, rest: usize) -> usize {
        let Some(left) = self.guard.left() else { return unit };
        let share = left.as_secs_f64() / (taken.as_secs_f64().max(1e-6) * rest.max(1) as f64);
        ((unit as f64 * share.min(1.0)) as usize).max(1)
    }

    /// `steps`, or as many as the time left allows to each of `runners`, going by their last cycles.
    pub(super) fn steps_in_time(&self, steps: usize, runners: &[Runner]) -> usize {
        let Some(left) = self.guard.left() else { return steps };
        let each = |runner: &Runner| runner.step_seconds * runner.candidate.pace() as f64;
        let all: f64 = runners.iter().map(each).sum();
        steps.min((left.as_secs_f64() / all.max(1e-9)) as usize)
    }

    /// Whether the fit was cancelled, or has no budget left for `steps` more.
    pub(super) fn is_over(&self, steps: usize, round: usize) -> bool {
        let spent = match self.recipe.budget {
            Budget::Epochs(most) => {
                let rows = steps * self.batch_size(self.x.nrows(), round);
                self.passes + rows as f64 / self.x.nrows() as f64 > most as f64
            }
            Budget::Auto | Budget::Time(_) => false,
        };
        spent || self.guard.cancelled || self.guard.over()
    }
}
