//! A layer of a flow, as `gauss inspect` and `gauss report` show it.

use gauss_flow::LayerSpec;
use schemars::JsonSchema;
use serde::Serialize;

use crate::words::counted;

/// A layer, as `gauss report` shows it, too.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Layer {
    /// `standardize`, `rotation` or `marginal`.
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
    pub fn new(layer: &LayerSpec, dim: usize) -> Layer {
        let detail = match *layer {
            LayerSpec::Standardize => "shift and scale per column".to_owned(),
            LayerSpec::Rotation { reflections: 0, base: true } => "fixed".to_owned(),
            LayerSpec::Rotation { reflections, base } => {
                let base = if base { " after a fixed rotation" } else { "" };
                format!("{}{base}", counted(reflections, "reflection"))
            }
            LayerSpec::Marginal { components } => {
                format!("{} per dimension", counted(components, "component"))
            }
        };
        Layer {
            kind: layer.name(),
            detail,
            parameters: layer.n_params(dim),
            trainable_parameters: layer.n_trainable(dim),
        }
    }
}
