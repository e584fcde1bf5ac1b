//! The layer without its numbers.

use super::Conditioned;
use super::masks::{self, Masks};
use super::network::Network;
use crate::error::InvalidLayer;
use crate::layer::{Shape as _, counted};
use crate::layers::{BoundLayer, marginal, standardize};
use std::ops::Range;

pub(crate) struct Shape {
    pub components: usize,
    pub hidden: usize,
    pub context: usize,
    pub reversed: bool,
}

impl Shape {
    fn n_marginal(&self, dim: usize) -> usize {
        marginal::Shape { components: self.components }.n_params(dim)
    }

    fn n_network(&self, dim: usize) -> usize {
        masks::n_network(dim, self.context, self.hidden, self.components)
    }
}

impl crate::layer::Shape for Shape {
    fn name(&self) -> &'static str {
        "conditioned"
    }

    fn describe(&self) -> String {
        let components = counted(self.components, "component");
        let hidden = counted(self.hidden, "hidden unit");
        let given = match self.context {
            0 => String::new(),
            c => format!(", {}", counted(c, "given column")),
        };
        let reversed = if self.reversed { ", reversed" } else { "" };
        format!("{components} per dimension, {hidden}{given}{reversed}")
    }

    fn n_params(&self, dim: usize) -> usize {
        self.n_trainable(dim).saturating_add(self.context.saturating_mul(2))
    }

    fn n_trainable(&self, dim: usize) -> usize {
        self.n_marginal(dim).saturating_add(self.n_network(dim))
    }

    fn n_prior(&self, dim: usize) -> usize {
        self.n_marginal(dim)
    }

    fn network(&self, dim: usize) -> Range<usize> {
        self.n_marginal(dim)..self.n_trainable(dim)
    }

    fn context(&self) -> usize {
        self.context
    }

    fn validate(&self, dim: usize, params: &[f64]) -> Result<(), InvalidLayer> {
        let marginal = marginal::Shape { components: self.components };
        marginal.validate(dim, &params[..self.n_marginal(dim)])?;
        standardize::Shape.validate(self.context, &params[self.n_trainable(dim)..])
    }

    fn bind(&self, dim: usize) -> BoundLayer {
        let masks = Masks::new(dim, self.context, self.hidden);
        BoundLayer::Conditioned(Conditioned {
            dim,
            components: self.components,
            context: self.context,
            reversed: self.reversed,
            marginal: Vec::new(),
            network: Network::new(masks, dim, 3 * self.components),
            shift: Vec::new(),
            scale: Vec::new(),
        })
    }
}
