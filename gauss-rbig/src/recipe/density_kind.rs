//! The kinds of density that a search chooses from.

use super::options::{Method, Recipe};
use crate::Error;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A kind of density. Each is an exact, invertible map to a standard normal; they differ in what
/// they are good at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DensityKind {
    /// Rotations and marginal maps in blocks: smooth dependence of many columns.
    Blocks,
    /// A mixture of normals with full covariances: clusters, rings, few rows.
    Mixture,
    /// Marginal maps whose shape depends on the earlier columns: one column sets another's scale,
    /// curves, edges.
    Conditioned,
}

impl DensityKind {
    /// All of them, those with the fewest parameters first.
    pub const ALL: [DensityKind; 3] =
        [DensityKind::Mixture, DensityKind::Blocks, DensityKind::Conditioned];

    /// In words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            DensityKind::Blocks => "blocks",
            DensityKind::Mixture => "mixture",
            DensityKind::Conditioned => "conditioned",
        }
    }

    /// What such a density is made of, in a sentence's second half.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            DensityKind::Blocks => {
                "rotations and maps of single directions, in turn, until all is normal"
            }
            DensityKind::Mixture => {
                "a sum of normal distributions, each with its own place, size and tilt"
            }
            DensityKind::Conditioned => {
                "each column's distribution has a shape set by the columns before it"
            }
        }
    }
}

impl fmt::Display for DensityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Recipe {
    /// Whether the search tries densities of this kind: the one that is asked for, or all, unless
    /// something is asked for that only blocks have.
    pub(super) fn tries(&self, kind: DensityKind) -> bool {
        match self.kind {
            Some(own) => own == kind,
            None => {
                kind == DensityKind::Blocks
                    || (self.of_blocks().is_none() && self.components.is_none())
            }
        }
    }

    /// What is asked for that only blocks have.
    fn of_blocks(&self) -> Option<&'static str> {
        let given = [
            ("method", self.method != Method::Warm),
            ("first", self.first.is_some()),
            ("blocks", self.blocks.is_some()),
            ("reflections", self.reflections.is_some()),
        ];
        given.into_iter().find_map(|(option, given)| given.then_some(option))
    }

    pub(super) fn validate_kind(&self) -> Result<(), Error> {
        let beside = match self.kind {
            None | Some(DensityKind::Blocks) => return Ok(()),
            Some(DensityKind::Mixture) => "kind = mixture",
            Some(DensityKind::Conditioned) => "kind = conditioned",
        };
        match self.of_blocks() {
            Some(option) => Err(Error::Meaningless { option, beside }),
            None => Ok(()),
        }
    }
}
