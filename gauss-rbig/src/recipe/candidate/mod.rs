//! What is tried.
//!
//! Each kind of density decides some tables and loses others, and nothing of it can be known before
//! the data are seen: so a search tries them all, each kind by a small ladder of its own.

mod blocks;

use super::density_kind::DensityKind;
use super::guard::Guard;
use super::options::Recipe;
use crate::Error;
pub use blocks::{Blocks, warm_start};
use gauss_flow::{Flow, Rows};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A density of some kind and size, and how it is fitted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Candidate {
    /// Of [`DensityKind::Blocks`].
    Blocks(Blocks),
}

impl Candidate {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> DensityKind {
        match self {
            Candidate::Blocks(_) => DensityKind::Blocks,
        }
    }

    /// λ of the prior that training is held back by.
    pub(super) fn prior(&self) -> f64 {
        match self {
            Candidate::Blocks(blocks) => blocks.prior,
        }
    }

    /// Noise added in training, in standard deviations of each column.
    pub(super) fn noise(&self) -> f64 {
        match self {
            Candidate::Blocks(blocks) => blocks.noise,
        }
    }

    /// Steps in place of one of blocks before it can be judged.
    pub(super) fn pace(&self) -> usize {
        match self {
            Candidate::Blocks(_) => 1,
        }
    }

    /// Whether two candidates begin alike.
    pub(super) fn same_start(&self, other: &Self) -> bool {
        match (self, other) {
            (Candidate::Blocks(one), Candidate::Blocks(other)) => one.same_start(other),
        }
    }

    /// Where joint training begins, from the rows of x. If the watch ends it, a greedy start has
    /// the blocks that were done.
    pub(super) fn start(
        &self,
        x: Rows<'_>,
        recipe: &Recipe,
        guard: &mut Guard<'_>,
    ) -> Result<Flow, Error> {
        match self {
            Candidate::Blocks(blocks) => blocks.start(x, recipe, guard),
        }
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Candidate::Blocks(blocks) => blocks.fmt(f),
        }
    }
}

/// What joint training begins with for d columns, with what the recipe fixes held fixed; none
/// twice.
pub(super) fn ladder(recipe: &Recipe, dim: usize) -> Vec<Candidate> {
    blocks::ladder(recipe, dim).into_iter().map(Candidate::Blocks).collect()
}
