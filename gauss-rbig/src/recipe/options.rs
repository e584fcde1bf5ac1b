//! How to fit a table: what may be said about it. Nothing has to be.

use super::density_kind::DensityKind;
use crate::Error;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// Which of the two fits is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Method {
    /// The greedy fit, then joint training.
    #[default]
    Warm,
    /// The greedy fit alone.
    Rbig,
    /// Joint training from the data's quantiles and random rotations.
    Joint,
}

/// How long joint training may take, all candidates together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Budget {
    /// As long as it gains: some thousands of steps for the winner, in cycles that double. The
    /// same seed gives the same bits.
    #[default]
    Auto,
    /// So many passes over the rows. The same seed gives the same bits.
    Epochs(usize),
    /// So much time for all of it, the second fit on all rows included, which is done if there is
    /// time. What is reached in it depends on the machine.
    Time(Duration),
}

/// Whether to fit again on all rows, those that validated included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Refit {
    /// Where the validation rows came out of the table, and it is not so large that they would
    /// add nothing.
    #[default]
    Auto,
    /// Always: also with validation rows of the caller's.
    Always,
    /// Never.
    Never,
}

/// How to fit a table. What is `None` is found by the search. Plain data: write what matters and
/// `..Recipe::default()`, for there may be more in a later version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// Which fits.
    pub method: Method,
    /// The kind of density; `None`: the search chooses.
    pub kind: Option<DensityKind>,
    /// The most components of a marginal layer before the first rotation; 0: no such layer.
    pub first: Option<usize>,
    /// Blocks, each a rotation and a marginal layer.
    pub blocks: Option<usize>,
    /// Components of every marginal.
    pub components: Option<usize>,
    /// Trainable reflections of every rotation; `None`: as many as there are columns, up to 16.
    pub reflections: Option<usize>,
    /// λ of the prior; see [`gauss_flow::TrainOptions::prior`].
    pub prior: Option<f64>,
    /// Noise added in training, in standard deviations of each column; `None`: none. Columns whose
    /// values repeat are blurred by their own rounding error in any case.
    pub noise: Option<f64>,
    /// How long to train.
    pub budget: Budget,
    /// Rows per step; `None`: a fortieth of the rows, from 64 to 1,024.
    pub batch_size: Option<usize>,
    /// Adam's rate at its height.
    pub learning_rate: f64,
    /// Whether to fit again on all rows.
    pub refit: Refit,
    /// Fraction of the rows set aside where the caller brings no validation rows; more, up to a
    /// quarter, where that would be fewer than 1,000.
    pub validation_fraction: f64,
    /// Seed of everything random.
    pub seed: u64,
    /// Whether tails that fall like a power are looked for; see [`crate::tails`].
    pub tails: bool,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            method: Method::Warm,
            kind: None,
            first: None,
            blocks: None,
            components: None,
            reflections: None,
            prior: None,
            noise: None,
            budget: Budget::Auto,
            batch_size: None,
            learning_rate: 1e-2,
            refit: Refit::Auto,
            validation_fraction: 0.1,
            seed: 0,
            tails: true,
        }
    }
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let only = |kind: DensityKind| {
            DensityKind::ALL.iter().all(|other| self.tries(*other) == (*other == kind))
        };
        f.write_str(match self.method {
            Method::Warm if only(DensityKind::Blocks) => "greedy starts, then joint training",
            Method::Warm if only(DensityKind::Mixture) => "expectation and maximisation",
            Method::Warm if only(DensityKind::Conditioned) => "training of conditioned layers",
            Method::Warm => "the best of blocks, mixtures and conditioned layers",
            Method::Rbig => "greedy fit",
            Method::Joint => "joint training from quantiles",
        })
    }
}

impl Recipe {
    /// Whether every option is in its range, and none without a meaning.
    ///
    /// # Errors
    /// [`Error::Option`], [`Error::Meaningless`].
    pub fn validate(&self) -> Result<(), Error> {
        let refuse = |option, value, expected| {
            Err(Error::Option { name: option, value, requirement: expected })
        };
        let fraction = self.validation_fraction;
        if !(fraction > 0.0 && fraction < 1.0) {
            return refuse("validation_fraction", fraction, "in (0, 1)");
        }
        for (option, value) in [("blocks", self.blocks), ("components", self.components)] {
            if value == Some(0) {
                return refuse(option, 0.0, "at least 1");
            }
        }
        self.validate_kind()?;
        if self.batch_size == Some(0) {
            return refuse("batch_size", 0.0, "at least 1");
        }
        for (option, value) in [("prior", self.prior), ("noise", self.noise)] {
            if let Some(value) = value
                && !(value >= 0.0 && value.is_finite())
            {
                return refuse(option, value, "a number from 0 up");
            }
        }
        if self.budget == Budget::Epochs(0) {
            return refuse("budget", 0.0, "at least one epoch");
        }
        Ok(())
    }
}
