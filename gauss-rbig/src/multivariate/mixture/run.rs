//! Iterations of EM, and how they end.
//!
//! Several starts run a few iterations each and the one of the highest objective goes on (Biernacki,
//! Celeux and Govaert 2003).

use super::frame::Frame;
use super::packed::Packed;
use super::{Mixture, start};
use crate::sampling::mix;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::ops::ControlFlow;

/// A run ends where an iteration raises the objective of all rows together by less than this, nats:
/// the data can tell apart mixtures that differ by about one.
const TOLERANCE: f64 = 0.02;

/// How EM runs. Plain data: write what matters and `..Options::default()`, for there may be more in a
/// later version.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Components at most, in a search.
    pub most: usize,
    /// Weight of the prior on the covariances, in rows; 0 for maximum likelihood.
    pub prior_rows: f64,
    /// Starts by k-means++.
    pub starts: usize,
    /// Iterations of each start before the best is chosen.
    pub burn_in: usize,
    /// The most iterations of the long run.
    pub max_iterations: usize,
    /// Of the starts.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { most: 64, prior_rows: 3.0, starts: 5, burn_in: 10, max_iterations: 200, seed: 0 }
    }
}

/// Who may end it.
pub(super) type Watch<'a> = &'a mut dyn FnMut() -> ControlFlow<()>;

/// EM on standardised rows.
#[derive(Clone, Copy)]
pub(super) struct Run<'a> {
    pub rows: &'a Packed,
    pub frame: &'a Frame,
    pub options: &'a Options,
}

impl Run<'_> {
    /// k components after their burn-in, from seeds or from `fewer`, whichever is best.
    pub fn begin(&self, k: usize, fewer: Option<&Mixture>, watch: Watch<'_>) -> Mixture {
        let (starts, burn_in) =
            if k == 1 { (1, 0) } else { (self.options.starts.max(1), self.options.burn_in) };
        let mut best: Option<(f64, Mixture)> = None;
        for at in 0..=starts {
            let start = if at < starts {
                let seed = mix(self.options.seed ^ mix((k * 1000 + at) as u64));
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                start::seeded(self.rows, k, &mut rng).maximise(self.frame)
            } else {
                match fewer {
                    Some(fewer) => start::split(fewer.clone(), k),
                    None => break,
                }
            };
            let (mixture, objective) = self.iterate(start, burn_in, watch);
            if best.as_ref().is_none_or(|(before, _)| objective > *before) {
                best = Some((objective, mixture));
            }
            if watch().is_break() {
                break;
            }
        }
        match best {
            Some((_, mixture)) => mixture,
            None => unreachable!("there is at least one start"),
        }
    }

    /// At most so many iterations, for as long as they gain; the objective of the one before the last.
    pub fn iterate(
        &self,
        mut mixture: Mixture,
        iterations: usize,
        watch: Watch<'_>,
    ) -> (Mixture, f64) {
        let mut before = f64::NEG_INFINITY;
        for _ in 0..iterations {
            let (next, objective) = self.step(&mixture);
            let gain = objective - before;
            before = objective;
            mixture = next;
            if gain < TOLERANCE || watch().is_break() {
                break;
            }
        }
        (mixture, before)
    }

    /// One iteration, and the objective before it.
    pub fn step(&self, mixture: &Mixture) -> (Mixture, f64) {
        let sums = self.rows.accumulate(&mixture.normals());
        (sums.maximise(self.frame), sums.value(mixture, self.frame))
    }
}
