//! Blocks: rotations and marginal maps, from a greedy start.
//!
//! A **smooth** start is a greedy fit with half of the components, every one of which is then split
//! into two that differ a little: joint training decides what they become. A **sharp** one has all
//! components from the greedy fit, with a marginal layer in front of the first rotation that takes
//! up what belongs to the columns one by one: bounds, spikes, heavy tails. Where the shape is in the
//! joint distribution (two moons), what a greedy fit carves into single directions is in the way,
//! and the smooth start ends well ahead; where it is in the columns, the sharp one does. The prior
//! decides how much a small table in many dimensions may teach. None of this can be known before
//! the data are seen, and each of it decides some table.

use crate::greedy::fit_any;
use crate::marginal::em::EmOptions;
use crate::recipe::guard::Guard;
use crate::recipe::options::{Method, Recipe};
use crate::{Error, Rbig, RbigOptions, RotationKind, Selection};
use gauss_flow::{Event, Flow, LayerSpec, Rows};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Reflections of a rotation: as many as make any rotation up to this dimension; beyond, the
/// fixed part in front of them has the rest.
const MOST_REFLECTIONS: usize = 16;
/// Components at most, in each column, of a marginal layer before the first rotation.
const FIRST: usize = 8;
/// Blocks and components where nothing else is asked for.
const BLOCKS: usize = 16;
const COMPONENTS: usize = 4;
/// Two priors a factor of ten apart: one that lets some thousand rows speak, and one for tables
/// with few rows for their columns.
const PRIORS: [f64; 2] = [3.0, 30.0];
/// The halves of a split component lie this many of its standard deviations off its mean: enough
/// for their gradients to differ, too little to change the density (by 1e-4 of a component).
const SPLIT: f64 = 0.1;

/// Blocks of rotations and marginal maps, and how they are begun and held back.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Blocks {
    /// Whether the start is smooth: half of the components, split.
    pub smooth: bool,
    /// The most components that a marginal layer before the first rotation may have; 0: there is
    /// none.
    pub first: usize,
    /// Blocks, each a rotation and a marginal layer.
    pub blocks: usize,
    /// Components of their marginals.
    pub components: usize,
    /// Trainable reflections of their rotations.
    pub reflections: usize,
    /// λ of the prior; see [`gauss_flow::TrainOptions::prior`].
    pub prior: f64,
    /// Noise added in training, in standard deviations of each column.
    pub noise: f64,
}

impl fmt::Display for Blocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.smooth { "smooth start" } else { "sharp start" })?;
        f.write_str(if self.first > 0 { ", columns first: " } else { ": " })?;
        let Self { blocks, components, reflections, prior, noise, .. } = self;
        write!(f, "{blocks} × {components} components, {reflections} reflections, prior {prior}")?;
        if *noise > 0.0 {
            write!(f, ", noise {noise}")?;
        }
        Ok(())
    }
}

/// The ladder for d columns, with what the recipe fixes held fixed; never empty, none twice.
pub(super) fn ladder(recipe: &Recipe, dim: usize) -> Vec<Blocks> {
    let mut ladder: Vec<Blocks> = Vec::new();
    // Hundreds of columns need a strong prior, and each candidate costs minutes.
    let priors = if dim > super::WIDE { &PRIORS[1..] } else { &PRIORS[..] };
    for (smooth, first) in [(true, 0), (false, FIRST)] {
        for &prior in priors {
            let candidate = Blocks {
                smooth: smooth && recipe.method == Method::Warm,
                first: recipe.first.unwrap_or(first),
                blocks: recipe.blocks.unwrap_or(BLOCKS),
                components: recipe.components.unwrap_or(COMPONENTS),
                reflections: recipe.reflections.unwrap_or(dim.min(MOST_REFLECTIONS)),
                prior: recipe.prior.unwrap_or(prior),
                noise: recipe.noise.unwrap_or(0.0),
            };
            if !ladder.contains(&candidate) {
                ladder.push(candidate);
            }
        }
    }
    ladder
}

impl Blocks {
    /// Whether two candidates begin alike.
    pub(super) fn same_start(&self, other: &Self) -> bool {
        Self { prior: 0.0, noise: 0.0, ..*self } == Self { prior: 0.0, noise: 0.0, ..*other }
    }

    /// Where joint training begins, from the rows of x. If the observer ends it, a greedy start
    /// has the blocks that were done.
    pub(super) fn start(
        &self,
        x: Rows<'_>,
        recipe: &Recipe,
        guard: &mut Guard<'_>,
    ) -> Result<Flow, Error> {
        let seed = recipe.seed;
        if recipe.method == Method::Joint {
            let mut builder = Flow::builder(x.ncols()).standardize();
            if self.first > 0 {
                builder = builder.marginal(self.first);
            }
            for _ in 0..self.blocks {
                builder = builder.rotation(self.reflections).marginal(self.components);
            }
            return builder.build(x, &mut ChaCha8Rng::seed_from_u64(seed));
        }
        let components = if self.smooth { self.components.div_ceil(2) } else { self.components };
        let options = RbigOptions {
            max_blocks: self.blocks,
            components,
            reflections: self.reflections,
            initial_marginal: self.first,
            initial_pca: self.first == 0,
            seed,
            ..warm_start()
        };
        let mut tell = |event: &Event<'_>| guard.tell(event);
        // A column may be constant in a part of the rows.
        let Rbig { flow, kept, .. } = fit_any(x, None, &options, &mut tell)?;
        let blocks = flow.layers().len() - 2 * kept;
        if self.smooth { with_split(&flow, blocks, self.components) } else { Ok(flow) }
    }
}

/// The flow with k components in every marginal layer from layer `from` on: the heaviest are
/// split into two that lie [`SPLIT`] of their σ to either side.
fn with_split(flow: &Flow, from: usize, k: usize) -> Result<Flow, Error> {
    let dim = flow.dim();
    let (mut layers, mut params) = (Vec::new(), Vec::new());
    for (index, layer) in flow.layers().iter().enumerate() {
        let own = flow.layer_params(index);
        match *layer {
            LayerSpec::Marginal { components } if index >= from => {
                let (logits, rest) = own.split_at(dim * components);
                let (means, log_sigmas) = rest.split_at(dim * components);
                let mut split: [Vec<f64>; 3] = Default::default();
                for j in 0..dim {
                    let own = j * components..(j + 1) * components;
                    let all = [&logits[own.clone()], &means[own.clone()], &log_sigmas[own]];
                    for (to, from) in split.iter_mut().zip(split_column(all, k)) {
                        to.extend(from);
                    }
                }
                layers.push(LayerSpec::Marginal { components: k });
                params.extend(split.into_iter().flatten());
            }
            layer => {
                layers.push(layer);
                params.extend_from_slice(own);
            }
        }
    }
    Flow::from_parts(dim, layers, params)
}

/// Logits, means and ln σ of one mixture, its heaviest components split until there are k. Mean
/// and variance stay.
fn split_column(mixture: [&[f64]; 3], k: usize) -> [Vec<f64>; 3] {
    let [mut logits, mut means, mut log_sigmas] = mixture.map(<[f64]>::to_vec);
    while logits.len() < k {
        let heaviest = (0..logits.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b]));
        let i = heaviest.expect("a mixture has components");
        let offset = SPLIT * log_sigmas[i].exp();
        logits[i] -= std::f64::consts::LN_2;
        log_sigmas[i] += 0.5 * (1.0 - SPLIT * SPLIT).ln();
        logits.push(logits[i]);
        log_sigmas.push(log_sigmas[i]);
        means.push(means[i] + offset);
        means[i] -= offset;
    }
    [logits, means, log_sigmas]
}

/// A greedy fit that is to be trained further. Joint training may make use of every block and
/// component, so all are kept; and EM ends early, at smooth mixtures: what it would carve out
/// in its last hundred iterations is mostly noise, which training then has to unlearn.
#[must_use]
pub fn warm_start() -> RbigOptions {
    RbigOptions {
        rotation: RotationKind::Pca,
        selection: Selection::Fixed,
        patience: None,
        em: EmOptions { max_iterations: 20, restarts: 0, prior_rows: 2.0, ..EmOptions::default() },
        ..RbigOptions::default()
    }
}
