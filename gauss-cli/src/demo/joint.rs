//! The greedy fit and joint training by hand: one architecture, two starts.

use faer::{Mat, MatRef};
use gauss_flow::{Flow, LayerSpec, Schedule, TrainOptions, standardization};
use gauss_rbig::RbigOptions;
use gauss_rbig::recipe::warm_start;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::fits::{NOISE, ROWS, standardized};
use crate::known::TwoMoons;

/// Blocks of a rotation and a marginal layer.
const BLOCKS: usize = 8;
/// Components of each mixture.
const COMPONENTS: usize = 8;
/// Trainable reflections of each rotation.
const REFLECTIONS: usize = 2;

/// The demonstration's joint training from the warm start, ready to run; for benchmarks.
pub struct JointTraining {
    /// [5,000, 2], standardised.
    pub data: Mat<f64>,
    /// The greedy fit of these.
    pub start: Flow,
    /// 200 epochs in batches of 512.
    pub options: TrainOptions,
}

impl JointTraining {
    /// Draws the data and does the greedy fit.
    ///
    /// # Errors
    /// When the fit fails.
    pub fn new(seed: u64) -> anyhow::Result<Self> {
        let (raw, _) = TwoMoons::new(NOISE).sample(ROWS, &mut ChaCha8Rng::seed_from_u64(seed));
        let data = standardized(&raw, &standardization(raw.as_ref())?);
        let start = gauss_rbig::fit(data.as_ref(), &greedy(seed), &mut ())?.flow;
        Ok(Self { data, start, options: joint(seed) })
    }
}

/// Principal axes once, then the blocks; all of them kept, so that the flow is the one above.
pub fn greedy(seed: u64) -> RbigOptions {
    RbigOptions {
        max_blocks: BLOCKS,
        components: COMPONENTS,
        reflections: REFLECTIONS,
        standardize: false,
        initial_pca: true,
        seed,
        ..warm_start()
    }
}

/// The reference's rate, batch and epochs. The parameters reported are averaged over the last ten
/// epochs or so, and a weak prior holds the maps back: with 5,000 points, 416 parameters fitted
/// to the end would cost about p/2n = 0.04 nats on fresh ones.
pub fn joint(seed: u64) -> TrainOptions {
    TrainOptions {
        epochs: 200,
        batch_size: 512,
        learning_rate: 5e-3,
        schedule: Schedule::Constant,
        average_epochs: Some(10.0),
        prior: 3.0,
        seed,
        ..TrainOptions::default()
    }
}

/// The flow of the reference before it learns: the principal axes, as the greedy fit has them, random reflections, and every
/// mixture alike, its means at the quantiles of the data, its outermost σ at least 1.
/// ([`FlowBuilder`] takes the quantiles of what reaches each layer instead, which is a greedy fit of
/// sorts.)
///
/// [`FlowBuilder`]: gauss_flow::FlowBuilder
pub fn quantile_start(data: MatRef<'_, f64>, greedy: &Flow, seed: u64) -> anyhow::Result<Flow> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let axes = rotation_of(greedy);
    let block =
        Flow::builder(2).orthogonal(axes.as_ref()).marginal(COMPONENTS).build(data, &mut rng)?;
    let [rotation, marginal] = [0, 1].map(|layer| block.layers()[layer]);
    let mut mixtures = block.layer_params(1).to_vec();
    for own in mixtures[4 * COMPONENTS..].chunks_exact_mut(COMPONENTS) {
        // The tails of what reaches later layers are those of a normal: catch them.
        own[0] = own[0].max(0.0);
        own[COMPONENTS - 1] = own[COMPONENTS - 1].max(0.0);
    }
    let mut layers = vec![rotation];
    let mut params = block.layer_params(0).to_vec();
    for _ in 0..BLOCKS {
        layers.push(LayerSpec::Rotation { reflections: REFLECTIONS, base: false });
        params.extend((0..2 * REFLECTIONS).map(|_| -> f64 { StandardNormal.sample(&mut rng) }));
        layers.push(marginal);
        params.extend_from_slice(&mixtures);
    }
    Ok(Flow::from_parts(2, layers, params)?)
}

/// The largest |log p| difference between the greedy recursion and its flow, whatever part of
/// each rotation is trainable.
pub fn deviation(data: MatRef<'_, f64>, options: &RbigOptions) -> anyhow::Result<f64> {
    let mut largest = 0.0_f64;
    for reflections in 0..=4 {
        let options = RbigOptions { reflections, ..options.clone() };
        let rbig = gauss_rbig::fit(data, &options, &mut ())?;
        for (flow, greedy) in rbig.flow.log_prob(data)?.iter().zip(&rbig.log_prob) {
            largest = largest.max((flow - greedy).abs());
        }
    }
    Ok(largest)
}

/// The frozen matrix of a flow's first layer.
fn rotation_of(flow: &Flow) -> Mat<f64> {
    let q = flow.layer_params(0);
    Mat::from_fn(2, 2, |i, j| q[2 * i + j])
}
