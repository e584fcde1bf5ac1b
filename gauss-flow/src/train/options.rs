//! How to train.

use crate::error::Error;
use serde::{Deserialize, Serialize};

/// How the learning rate moves over a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Schedule {
    /// The same rate at every step.
    Constant,
    /// A linear rise over the first `warmup` of all steps, then half a cosine down to 0
    /// (Loshchilov & Hutter, 2017): the noise of the minibatches dies out towards the end.
    Cosine {
        /// Fraction of all steps in [0, 1).
        warmup: f64,
    },
}

impl Schedule {
    /// The factor on the rate when `done` in [0, 1) of all steps are done.
    pub(super) fn factor(self, done: f64) -> f64 {
        match self {
            Self::Constant => 1.0,
            // Half a step's grace, so that the first step of a warm-up is not lost.
            Self::Cosine { warmup } if done < warmup => (done / warmup).max(1e-3),
            Self::Cosine { warmup } => {
                0.5 * (1.0 + (std::f64::consts::PI * (done - warmup) / (1.0 - warmup)).cos())
            }
        }
    }
}

/// How to train.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainOptions {
    /// Passes over the rows.
    pub epochs: usize,
    /// Rows per step.
    pub batch_size: usize,
    /// Adam's rate at its height.
    pub learning_rate: f64,
    /// How the rate moves.
    pub schedule: Schedule,
    /// Decides the order of the rows.
    pub seed: u64,
    /// Stop after this many epochs without a better validation score; `None`: never.
    pub patience: Option<usize>,
    /// Scale a gradient longer than this down to it; `None`: never.
    pub clip_norm: Option<f64>,
    /// Time constant of the parameters' moving average in epochs; `None`: no average.
    pub average_epochs: Option<f64>,
    /// Score the validation rows after every so many epochs, and after the last.
    pub validate_every: usize,
    /// Standard deviations `[d]`, in the units of the columns, of normal noise that is drawn anew and
    /// added to a row whenever a step uses it; `None`: none. The density learnt is that of the
    /// data so blurred, which keeps it from resolving single rows (Bishop, 1995).
    pub noise: Option<Vec<f64>>,
    /// λ of the prior on every logit, mean and ln σ of the marginal and conditioned layers: around 0 it is normal
    /// with variance 1/λ, further out it has the tails of Student's t, so that the one component
    /// that sits on a far outlier is left there. It adds λ/2n Σ c² ln(1 + θ²/c²) to the loss, c =
    /// 10. With all θ = 0 the marginal maps do nothing, so it is the doing of something that must
    /// pay. 0: maximum likelihood.
    pub prior: f64,
    /// Adam's rate for the networks of conditioned layers, at its height; `None`: as all others.
    pub network_rate: Option<f64>,
    /// What each step takes off a network's numbers, as a multiple of its rate: decoupled from the
    /// gradient, so that it is not divided by the gradient's size (Loshchilov & Hutter, 2019).
    pub weight_decay: f64,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self {
            epochs: 200,
            batch_size: 512,
            learning_rate: 5e-3,
            schedule: Schedule::Cosine { warmup: 0.05 },
            seed: 0,
            patience: None,
            clip_norm: Some(10.0),
            average_epochs: None,
            validate_every: 1,
            noise: None,
            prior: 0.0,
            network_rate: None,
            weight_decay: 0.0,
        }
    }
}

impl TrainOptions {
    pub(super) fn validate(&self, dim: usize) -> Result<(), Error> {
        let check = |ok: bool, name, requirement, value| {
            if ok { Ok(()) } else { Err(Error::Option { name, requirement, value }) }
        };
        let positive = |x: f64| x > 0.0 && x.is_finite();
        let rate = self.learning_rate;
        check(positive(rate), "learning_rate", "a positive number", rate)?;
        check(self.batch_size > 0, "batch_size", "at least 1", 0.0)?;
        if let Schedule::Cosine { warmup } = self.schedule {
            check((0.0..1.0).contains(&warmup), "warmup", "in [0, 1)", warmup)?;
        }
        let prior = self.prior;
        check(prior >= 0.0 && prior.is_finite(), "prior", "a number from 0 up", prior)?;
        if let Some(rate) = self.network_rate {
            check(positive(rate), "network_rate", "a positive number", rate)?;
        }
        let decay = self.weight_decay;
        check(decay >= 0.0 && decay.is_finite(), "weight_decay", "a number from 0 up", decay)?;
        check(self.validate_every > 0, "validate_every", "at least 1", 0.0)?;
        if let Some(noise) = &self.noise {
            if noise.len() != dim {
                return Err(Error::Columns { expected: dim, got: noise.len() });
            }
            for &sigma in noise {
                check(sigma >= 0.0 && sigma.is_finite(), "noise", "a number from 0 up", sigma)?;
            }
        }
        check(self.patience != Some(0), "patience", "at least 1", 0.0)?;
        if let Some(norm) = self.clip_norm {
            check(positive(norm), "clip_norm", "a positive number", norm)?;
        }
        if let Some(epochs) = self.average_epochs {
            check(positive(epochs), "average_epochs", "a positive number", epochs)?;
        }
        Ok(())
    }

    /// Whether epoch `epoch` of the run ends with a look at the validation rows.
    pub(super) fn validates(&self, epoch: usize) -> bool {
        epoch.is_multiple_of(self.validate_every) || epoch == self.epochs
    }
}
