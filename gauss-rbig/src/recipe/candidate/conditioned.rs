//! Conditioned layers: marginal maps whose shape depends on the earlier columns.
//!
//! The first layer starts as the marginal map of each column by EM, those after it near the
//! identity, every second one with the columns in reverse. What a network can learn by heart is
//! bounded by few components, by weight decay and by the validation rows, which stop it; and where
//! edges are sharp many components in one layer do better than several layers of few.

use crate::greedy::fit_any;
use crate::recipe::guard::Guard;
use crate::recipe::options::Recipe;
use crate::recipe::sample::Sample;
use crate::{Error, Rbig, RbigOptions, Selection};
use gauss_flow::layers::conditioned::{marginal_near_identity, params_for_marginal};
use gauss_flow::{Event, Flow, LayerSpec};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Layers and the components of the first one.
const SIZES: [(usize, usize); 3] = [(2, 6), (1, 32), (3, 6)];
/// Components of the layers after it.
const LATER: usize = 4;
/// Units in each of a network's two hidden layers, for so many columns at most. With one or two inputs
/// 64 units learn nothing that 32 do not, in twice the time: a checkerboard was 0.089 nats from the
/// truth instead of 0.095, a banana 0.0044 instead of 0.0055. With four, a funnel lost 0.007.
const FEW: (usize, usize) = (3, 32);
/// The same for more columns.
const HIDDEN: usize = 64;
/// Decoupled weight decay of the networks.
const DECAY: f64 = 1e-2;
/// The same of most of those that see features of discrete columns, which tell rows apart: three tables of
/// 4,000 rows, three discrete columns and three that depend on them, were 0.04, 0.07 and 0.06 nats nearer to
/// the truth with 0.5 than with 0.01, and farther with 2. Without features a table of ten columns
/// (gamma rays) lost 0.3.
const GIVEN_DECAY: f64 = 0.5;
/// Adam's rate for the networks and for the mixtures, as parts of the recipe's.
pub(super) const NETWORK_RATE: f64 = 0.3;
pub(super) const MIXTURE_RATE: f64 = 0.5;

/// Layers of conditioned marginal maps, and how they are held back.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conditioned {
    /// Layers.
    pub layers: usize,
    /// Components per column in the first of them.
    pub components: usize,
    /// Components per column in those after it.
    pub later: usize,
    /// Units in each of the two hidden layers of a network.
    pub hidden: usize,
    /// Decoupled weight decay; see [`gauss_flow::TrainOptions::weight_decay`].
    pub decay: f64,
    /// λ of the prior; see [`gauss_flow::TrainOptions::prior`].
    pub prior: f64,
    /// Noise added in training, in standard deviations of each column.
    pub noise: f64,
}

impl fmt::Display for Conditioned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { layers, components, later, hidden, prior, noise, .. } = self;
        let plural = if *layers == 1 { "" } else { "s" };
        write!(f, "{layers} conditioned layer{plural}, {components} components")?;
        if *layers > 1 {
            write!(f, ", then {later}")?;
        }
        write!(f, ", {hidden} hidden units")?;
        if *prior > 0.0 {
            write!(f, ", prior {prior}")?;
        }
        if *noise > 0.0 {
            write!(f, ", noise {noise}")?;
        }
        Ok(())
    }
}

/// Units for d columns.
fn hidden(dim: usize) -> usize {
    if dim <= FEW.0 { FEW.1 } else { HIDDEN }
}

/// The ladder for d columns given others, with what the recipe fixes held fixed, none twice. One
/// column that nothing is given with has no earlier ones: there is nothing to try, unless it is asked
/// for.
pub(super) fn ladder(recipe: &Recipe, dim: usize, given: usize) -> Vec<Conditioned> {
    let mut ladder: Vec<Conditioned> = Vec::new();
    let [first, ..] = SIZES;
    let sizes: Vec<((usize, usize), f64)> = match given {
        0 => SIZES.map(|size| (size, DECAY)).to_vec(),
        _ => std::iter::once((first, DECAY)).chain(SIZES.map(|size| (size, GIVEN_DECAY))).collect(),
    };
    for ((layers, components), decay) in sizes {
        let candidate = Conditioned {
            layers,
            components: recipe.components.unwrap_or(components),
            later: recipe.components.unwrap_or(LATER),
            hidden: hidden(dim + given),
            decay,
            prior: recipe.prior.unwrap_or(0.0),
            noise: recipe.noise.unwrap_or(0.0),
        };
        let has_earlier = dim + given > 1 || recipe.kind.is_some();
        if has_earlier && !ladder.contains(&candidate) {
            ladder.push(candidate);
        }
    }
    ladder
}

impl Conditioned {
    /// Where training begins, from the rows of x.
    pub(super) fn start(
        &self,
        sample: Sample<'_>,
        recipe: &Recipe,
        guard: &mut Guard<'_>,
    ) -> Result<Flow, Error> {
        let (dim, context) = (sample.dim, sample.n_given());
        let options = RbigOptions {
            max_blocks: 0,
            initial_marginal: self.components,
            selection: Selection::Fixed,
            seed: recipe.seed,
            ..super::warm_start()
        };
        let mut tell = |event: &Event<'_>| guard.tell(event);
        let Rbig { flow: columns, .. } = fit_any(sample.x(), None, &options, &mut tell)?;
        let mut layers = vec![LayerSpec::Standardize];
        let mut params = columns.layer_params(0).to_vec();
        let scales = scales(sample);
        let mut rng = ChaCha8Rng::seed_from_u64(recipe.seed);
        for index in 0..self.layers {
            // EM may have fewer components than it is asked for.
            let (components, marginal) = match columns.layers().get(1) {
                Some(LayerSpec::Marginal { components }) if index == 0 => {
                    (*components, columns.layer_params(1).to_vec())
                }
                _ => (self.later, marginal_near_identity(dim, self.later)),
            };
            let reversed = index % 2 == 1;
            let spec =
                LayerSpec::Conditioned { components, hidden: self.hidden, context, reversed };
            layers.push(spec);
            params.extend(params_for_marginal(spec, dim, &marginal, &scales, &mut rng)?);
        }
        Flow::from_parts(dim, layers, params)
    }
}

/// Shift and log scale of what is given `[2 c]`; a feature that is constant here stays as it is.
fn scales(sample: Sample<'_>) -> Vec<f64> {
    let c = sample.n_given();
    let mut scales = vec![0.0; 2 * c];
    for (k, column) in sample.given().col_iter().enumerate() {
        let values: Vec<f64> = column.iter().copied().collect();
        let mean = sample.all().mean(&values);
        let squares: Vec<f64> = values.iter().map(|v| (v - mean).powi(2)).collect();
        let deviation = sample.all().mean(&squares).sqrt();
        if deviation > 0.0 {
            (scales[k], scales[c + k]) = (mean, deviation.ln());
        }
    }
    scales
}
