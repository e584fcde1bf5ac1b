//! Everything that is learned is a sum over rows: the loss and its gradient, to be merged.

use crate::error::Error;
use serde::{Deserialize, Serialize};

/// Σ -w log p over rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Loss {
    /// How many rows.
    pub rows: u64,
    /// Σ w: as many without weights.
    pub weight: f64,
    /// Σ -w log p, in nats.
    pub nll: f64,
}

impl Loss {
    /// Adds what other rows gave.
    pub fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        self.weight += other.weight;
        self.nll += other.nll;
    }

    /// -Σ w log p / Σ w, in nats per row; NaN of no rows.
    #[must_use]
    pub fn mean_nll(&self) -> f64 {
        self.nll / self.weight
    }
}

/// Σ -w log p over rows, and its gradient; see [`BoundFlow::sums`](crate::BoundFlow::sums).
///
/// Sums over parts of the rows, from a file or from other machines, merge into those of the whole,
/// which is all that a [`Trainer`](crate::Trainer) asks for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// The loss.
    pub loss: Loss,
    /// Σ -w ∂ log p/∂θ `[n_params]`; 0 for frozen parameters.
    pub grad: Vec<f64>,
}

impl Sums {
    /// Of no rows, for n parameters.
    #[must_use]
    pub fn none(n_params: usize) -> Self {
        Self { loss: Loss::default(), grad: vec![0.0; n_params] }
    }

    /// Adds what other rows gave.
    ///
    /// # Errors
    /// [`Error::Parameters`] for sums of another flow.
    pub fn merge(&mut self, other: &Self) -> Result<(), Error> {
        if self.grad.len() != other.grad.len() {
            let (expected, got) = (self.grad.len(), other.grad.len());
            return Err(Error::Parameters { expected, got });
        }
        self.loss.merge(&other.loss);
        self.grad.iter_mut().zip(&other.grad).for_each(|(a, b)| *a += b);
        Ok(())
    }

    /// The gradient of [`Loss::mean_nll`] `[n_params]`.
    #[must_use]
    pub fn mean_grad(&self) -> Vec<f64> {
        let scale = 1.0 / self.loss.weight;
        self.grad.iter().map(|g| g * scale).collect()
    }
}
