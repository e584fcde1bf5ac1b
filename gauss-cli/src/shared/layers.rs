//! A layer of a flow, as `gauss inspect` and `gauss report` show it.

use gauss_flow::{Flow, LayerSpec};
use schemars::JsonSchema;
use serde::Serialize;

/// A layer, as `gauss report` shows it, too.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Layer {
    /// `standardize`, `rotation`, `marginal`, `conditioned`, `rosenblatt`, `tails`, `shifted` or `tables`.
    pub kind: &'static str,
    /// Its size, for a person.
    pub detail: String,
    /// Numbers in it.
    pub parameters: usize,
    /// Those of them that training moves.
    pub trainable_parameters: usize,
}

impl Layer {
    /// Of a flow of `dim` columns.
    fn new(layer: &LayerSpec, dim: usize) -> Layer {
        Layer {
            kind: layer.name(),
            detail: layer.describe(),
            parameters: layer.n_params(dim),
            trainable_parameters: layer.n_trainable(dim),
        }
    }

    /// Of each of a flow's.
    pub fn of(flow: &Flow) -> Vec<Layer> {
        let layers = flow.layers().iter().enumerate();
        layers.map(|(at, layer)| Layer::new(layer, flow.layer_dim(at))).collect()
    }
}
