//! What is tried.
//!
//! Each kind of density decides some tables and loses others, and nothing of it can be known before
//! the data are seen: so a search tries them all, each kind by a small ladder of its own.

mod blocks;
mod conditioned;

use super::density_kind::DensityKind;
use super::guard::Guard;
use super::options::Recipe;
use super::sample::Sample;
use crate::Error;
pub use blocks::{Blocks, warm_start};
pub use conditioned::Conditioned;
use gauss_flow::{Flow, TrainOptions};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Columns beyond which a search without a budget tries less, and less long: a step's cost grows with
/// their number, and what can be learnt of each falls.
pub(super) const WIDE: usize = 50;

/// A density of some kind and size, and how it is fitted. Files know the variants by their order.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Candidate {
    /// Of [`DensityKind::Blocks`].
    Blocks(Blocks),
    /// Of [`DensityKind::Mixture`].
    Mixture {
        /// K.
        components: usize,
    },
    /// Of [`DensityKind::Conditioned`].
    Conditioned(Conditioned),
    /// Of [`DensityKind::Mixture`]: the mean of the densities of several runs.
    MeanOfMixtures {
        /// How many.
        runs: usize,
        /// K of each, at most.
        components: usize,
    },
    /// Of [`DensityKind::Conditioned`], given features of the discrete columns, too.
    Given {
        /// The layers.
        conditioned: Conditioned,
        /// How many features.
        features: usize,
    },
    /// Of [`DensityKind::Mixture`], of discrete columns alone: latent classes.
    Classes {
        /// How many.
        classes: usize,
    },
}

impl Candidate {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> DensityKind {
        match self {
            Candidate::Blocks(_) => DensityKind::Blocks,
            Candidate::Mixture { .. }
            | Candidate::MeanOfMixtures { .. }
            | Candidate::Classes { .. } => DensityKind::Mixture,
            Candidate::Conditioned(_) | Candidate::Given { .. } => DensityKind::Conditioned,
        }
    }

    /// What it makes of the rows, in a few words.
    #[must_use]
    pub fn meaning(&self) -> &'static str {
        match self {
            Candidate::Classes { .. } => {
                "a sum of classes, in each of which every column has probabilities of its own"
            }
            other => other.kind().meaning(),
        }
    }

    /// Noise added in training, in standard deviations of each column.
    pub(super) fn noise(&self) -> f64 {
        match self {
            Candidate::Blocks(blocks) => blocks.noise,
            Candidate::Conditioned(conditioned) | Candidate::Given { conditioned, .. } => {
                conditioned.noise
            }
            Candidate::Mixture { .. }
            | Candidate::MeanOfMixtures { .. }
            | Candidate::Classes { .. } => 0.0,
        }
    }

    /// The options with the rates and priors of its own.
    pub(super) fn tuned(&self, options: TrainOptions) -> TrainOptions {
        let rate = options.learning_rate;
        match self {
            Candidate::Blocks(Blocks { prior, .. }) => TrainOptions { prior: *prior, ..options },
            Candidate::Conditioned(Conditioned { prior, decay, .. })
            | Candidate::Given { conditioned: Conditioned { prior, decay, .. }, .. } => {
                TrainOptions {
                    prior: *prior,
                    weight_decay: *decay,
                    learning_rate: conditioned::MIXTURE_RATE * rate,
                    network_rate: Some(conditioned::NETWORK_RATE * rate),
                    ..options
                }
            }
            Candidate::Mixture { .. }
            | Candidate::MeanOfMixtures { .. }
            | Candidate::Classes { .. } => options,
        }
    }

    /// Steps in place of one of blocks before it can be judged.
    pub(super) fn pace(&self) -> usize {
        match self {
            Candidate::Conditioned(_) | Candidate::Given { .. } => 2,
            _ => 1,
        }
    }

    /// Whether two candidates begin alike.
    pub(super) fn same_start(&self, other: &Self) -> bool {
        match (self, other) {
            (Candidate::Blocks(one), Candidate::Blocks(other)) => one.same_start(other),
            (one, other) => one == other,
        }
    }

    /// Where training begins, from the rows of x; a mixture is not trained, and on no ladder. If the
    /// watch ends it, a greedy start has the blocks that were done.
    pub(super) fn start(
        &self,
        x: Sample<'_>,
        recipe: &Recipe,
        guard: &mut Guard<'_>,
    ) -> Result<Flow, Error> {
        match self {
            Candidate::Blocks(blocks) => blocks.start(x.x(), recipe, guard),
            Candidate::Conditioned(conditioned) => {
                conditioned.start(Sample::plain(x.x()), recipe, guard)
            }
            Candidate::Given { conditioned, .. } => conditioned.start(x, recipe, guard),
            Candidate::Mixture { .. }
            | Candidate::MeanOfMixtures { .. }
            | Candidate::Classes { .. } => unreachable!("no ladder has a mixture"),
        }
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Candidate::Blocks(blocks) => blocks.fmt(f),
            Candidate::Conditioned(conditioned) => conditioned.fmt(f),
            Candidate::Mixture { components: 1 } => f.write_str("one normal"),
            Candidate::Mixture { components } => write!(f, "mixture of {components} normals"),
            Candidate::MeanOfMixtures { runs, components } => {
                write!(f, "mean of {runs} mixtures of {components} normals")
            }
            Candidate::Given { conditioned, .. } => {
                write!(f, "{conditioned}, given the discrete columns")
            }
            Candidate::Classes { classes: 1 } => f.write_str("one class"),
            Candidate::Classes { classes } => write!(f, "{classes} latent classes"),
        }
    }
}

/// What is trained, for d columns given others, with what the recipe fixes held fixed; none twice. The kinds take
/// turns: each begins before any has had much of the budget.
pub(super) fn ladder(recipe: &Recipe, dim: usize, given: usize) -> Vec<Candidate> {
    let blocks = blocks::ladder(recipe, dim).into_iter().map(Candidate::Blocks);
    let conditioned =
        conditioned::ladder(recipe, dim, given).into_iter().map(|conditioned| match given {
            0 => Candidate::Conditioned(conditioned),
            features => Candidate::Given { conditioned, features },
        });
    let mut kinds: [Vec<Candidate>; 2] = [blocks.collect(), conditioned.collect()];
    for own in &mut kinds {
        own.retain(|candidate| recipe.tries(candidate.kind()));
    }
    let longest = kinds.iter().map(Vec::len).max().unwrap_or(0);
    (0..longest).flat_map(|i| kinds.iter().filter_map(move |own| own.get(i)).copied()).collect()
}
