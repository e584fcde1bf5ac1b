//! What there is to see of a model and a table: each figure from the two, with its caption.
//!
//! ```text
//! Model, x ── Subject (rows drawn, z, draws) ──▶ pairs, marginals, ... ──▶ Drawn (plot::Figure)
//! ```
//!
//! A [`Subject`] does once what figures share: it chooses the rows to draw, maps them to the
//! latent space and draws from the model. Everything random comes from its seed.

mod column;
mod density;
mod dependence;
mod latent;
mod layers;
mod marginals;
mod order;
mod pairs;
mod smooth;
mod subject;
#[cfg(test)]
mod tests;
mod training;

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::Serialize;

use crate::plot::Figure;
pub use subject::{Settings, Subject};

/// A figure with its words.
#[derive(Debug, Clone)]
pub struct Drawn {
    /// The name of its files.
    pub name: &'static str,
    /// Its title, which stands in the figure, too.
    pub title: String,
    /// How to read it.
    pub caption: String,
    /// The figure.
    pub figure: Figure,
}

/// The figures, in reading order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Chart {
    /// Every two columns, data and samples
    Pairs,
    /// Each column with its fitted density
    Marginals,
    /// Density of two columns in colour
    Density,
    /// Each latent variable against N(0, 1)
    Pushforward,
    /// Q-Q plots of the latent variables
    Qq,
    /// The two most dependent latent variables
    Latent,
    /// The data on their way through the layers
    Layers,
    /// The training, epoch by epoch
    History,
}

impl Chart {
    /// All of them, in reading order.
    pub const ALL: [Chart; 8] = [
        Chart::Pairs,
        Chart::Marginals,
        Chart::Density,
        Chart::Pushforward,
        Chart::Qq,
        Chart::Latent,
        Chart::Layers,
        Chart::History,
    ];

    /// The name of its files.
    pub fn name(self) -> &'static str {
        match self {
            Chart::Pairs => "pairs",
            Chart::Marginals => "marginals",
            Chart::Density => "density",
            Chart::Pushforward => "pushforward",
            Chart::Qq => "qq",
            Chart::Latent => "latent",
            Chart::Layers => "layers",
            Chart::History => "history",
        }
    }

    /// What it is left out without.
    pub fn needs(self) -> &'static str {
        match self {
            Chart::Pairs | Chart::Density | Chart::Layers => "two columns and a row",
            Chart::Latent => "two latent variables and a row within the model's supports",
            Chart::Marginals => "a row",
            Chart::Pushforward | Chart::Qq => "a row within the model's supports",
            Chart::History => "a joint training; the model was fitted without one",
        }
    }
}
