//! The data, the truth, and the flow fitted in four ways.

use std::time::Instant;

use anyhow::Context;
use faer::{Mat, MatRef};
use gauss_flow::{
    BlockRecord, Flow, History, LayerSpec, Schedule, TrainOptions, standardization, train,
};
use gauss_rbig::RbigOptions;
use gauss_rbig::recipe::{Recipe, fit_recipe, warm_start};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::known::TwoMoons;
use crate::terminal::FitProgress;

/// Points to learn from.
const ROWS: usize = 5_000;
/// Fresh points to judge by.
const HELD_OUT: usize = 50_000;
/// Standard deviation of the noise.
pub const NOISE: f64 = 0.05;
/// Blocks of a rotation and a marginal layer.
const BLOCKS: usize = 8;
/// Components of each mixture.
const COMPONENTS: usize = 8;
/// Trainable reflections of each rotation.
const REFLECTIONS: usize = 2;

/// One way of fitting, and how it went. Nats per row, for standardised data.
pub struct Way {
    /// What came out; the recommended one takes the raw data.
    pub flow: Flow,
    /// Training loss before and after.
    pub nll_initial: f64,
    pub nll_final: f64,
    /// KL(true || model) on the fresh points, and its standard error.
    pub kl: f64,
    pub kl_error: f64,
    pub seconds: f64,
    pub history: Option<History>,
}

/// The data and all fits.
pub struct Fits {
    /// [5,000, 2]: as drawn, and standardised per column.
    pub raw: Mat<f64>,
    pub data: Mat<f64>,
    /// Of each point, whether it is of the outer moon.
    pub outer: Vec<bool>,
    /// Differential entropy of the standardised truth.
    pub entropy: f64,
    /// Joint training from quantiles and random reflections.
    pub quantile_start: Way,
    /// Joint training from the greedy fit.
    pub warm_start: Way,
    /// The greedy fit alone.
    pub rbig: Way,
    /// What `gauss fit` does.
    pub recommended: Way,
    pub recipe: Recipe,
    pub rbig_blocks: Vec<BlockRecord>,
    /// Largest difference between RBIG's own log p and its flow's, at 0 to 4 reflections.
    pub rbig_deviation: f64,
}

/// What every fit is judged by.
struct Judge {
    data: Mat<f64>,
    fresh: Mat<f64>,
    /// ln p of the fresh points, standardised.
    truth: Vec<f64>,
}

impl Judge {
    /// `log_scale` is what the flow's log p needs added to be that of standardised data.
    fn judge(
        &self,
        start: &Flow,
        flow: Flow,
        raw: Option<&Raw>,
        seconds: f64,
    ) -> anyhow::Result<Way> {
        let (data, fresh, log_scale) = match raw {
            Some(raw) => (&raw.data, &raw.fresh, raw.log_scale),
            None => (&self.data, &self.fresh, 0.0),
        };
        let nll = |flow: &Flow| -> anyhow::Result<f64> {
            Ok(-mean(&flow.log_prob(data.as_ref())?) - log_scale)
        };
        let log_p = flow.log_prob(fresh.as_ref())?;
        let gaps: Vec<f64> =
            self.truth.iter().zip(&log_p).map(|(truth, p)| truth - (p + log_scale)).collect();
        let kl = mean(&gaps);
        let variance = gaps.iter().map(|g| (g - kl).powi(2)).sum::<f64>() / gaps.len() as f64;
        Ok(Way {
            nll_initial: nll(start)?,
            nll_final: nll(&flow)?,
            flow,
            kl,
            kl_error: (variance / gaps.len() as f64).sqrt(),
            seconds,
            history: None,
        })
    }
}

/// The same points as drawn.
struct Raw {
    data: Mat<f64>,
    fresh: Mat<f64>,
    log_scale: f64,
}

impl Fits {
    /// Draws the data and does the fits, telling `progress`.
    ///
    /// # Errors
    /// When a fit fails.
    pub fn run(seed: u64, progress: &FitProgress) -> anyhow::Result<Self> {
        let moons = TwoMoons::new(NOISE);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (raw_data, outer) = moons.sample(ROWS, &mut rng);
        let (raw_fresh, _) = moons.sample(HELD_OUT, &mut rng);
        let params = standardization(raw_data.as_ref())?;
        let standardize = |x: &Mat<f64>| standardized(x, &params);
        let log_scales = params[2..].iter().sum::<f64>();
        let truth = moons.log_densities(raw_fresh.as_ref());
        let judge = Judge {
            data: standardize(&raw_data),
            fresh: standardize(&raw_fresh),
            truth: truth.iter().map(|l| l + log_scales).collect(),
        };
        let data = judge.data.as_ref();

        // The greedy fit, and the flow it is.
        let clock = Instant::now();
        let options = greedy(seed);
        let rbig = gauss_rbig::fit(data, &options, &mut &*progress)?;
        let greedy_seconds = clock.elapsed().as_secs_f64();
        let rbig_deviation = deviation(data, &options)?;
        let nothing = standard_normal();
        let rbig_way = judge.judge(&nothing, rbig.flow.clone(), None, greedy_seconds)?;

        // Joint training from either start.
        let axes = rotation_of(&rbig.flow);
        let quantiles = quantile_start(data, &axes, seed)?;
        let options = joint(seed);
        let joint = |start: &Flow| -> anyhow::Result<Way> {
            let clock = Instant::now();
            let mut flow = start.clone();
            let history = train(&mut flow, data, None, &options, &mut &*progress)?;
            let seconds = clock.elapsed().as_secs_f64();
            Ok(Way { history: Some(history), ..judge.judge(start, flow, None, seconds)? })
        };
        let quantile_start = joint(&quantiles)?;
        let mut warm_start = joint(&rbig.flow)?;
        warm_start.seconds += greedy_seconds;

        // What `gauss fit` does, on the data as drawn.
        let raw = Raw { data: raw_data, fresh: raw_fresh, log_scale: log_scales };
        let clock = Instant::now();
        let recipe = Recipe { seed, ..Recipe::default() };
        let fitted = fit_recipe(raw.data.as_ref(), None, &recipe, &mut &*progress)?;
        let seconds = clock.elapsed().as_secs_f64();
        let normal = Flow::builder(2).standardize().build(raw.data.as_ref(), &mut rng)?;
        let judged = judge.judge(&normal, fitted.flow, Some(&raw), seconds)?;
        let history = fitted.history.context("the recipe trains jointly")?;
        let recommended = Way {
            nll_initial: history.epochs[0].train_nll - log_scales,
            history: Some(history),
            ..judged
        };

        Ok(Self {
            entropy: moons.entropy() - log_scales,
            data: judge.data,
            raw: raw.data,
            outer,
            quantile_start,
            warm_start,
            rbig: rbig_way,
            recommended,
            recipe,
            rbig_blocks: rbig.blocks,
            rbig_deviation,
        })
    }

    /// The four with their names, as printed.
    pub fn ways(&self) -> [(&'static str, &Way); 4] {
        [
            ("quantile start", &self.quantile_start),
            ("warm start", &self.warm_start),
            ("RBIG alone", &self.rbig),
            ("recommended", &self.recommended),
        ]
    }
}

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

/// x [n, 2] by the parameters of a standardize layer: shift, ln scale.
fn standardized(x: &Mat<f64>, params: &[f64]) -> Mat<f64> {
    let (shift, log_scale) = params.split_at(2);
    Mat::from_fn(x.nrows(), 2, |i, j| (x[(i, j)] - shift[j]) / log_scale[j].exp())
}

/// Principal axes once, then the blocks; all of them kept, so that the flow is the one above.
fn greedy(seed: u64) -> RbigOptions {
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
fn joint(seed: u64) -> TrainOptions {
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

/// The flow of the reference before it learns: the principal axes, random reflections, and every
/// mixture alike, its means at the quantiles of the data, its outermost σ at least 1. ([`FlowBuilder`] takes the quantiles of
/// what reaches each layer instead, which is a greedy fit of sorts.)
///
/// [`FlowBuilder`]: gauss_flow::FlowBuilder
fn quantile_start(data: MatRef<'_, f64>, axes: &Mat<f64>, seed: u64) -> anyhow::Result<Flow> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
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
fn deviation(data: MatRef<'_, f64>, options: &RbigOptions) -> anyhow::Result<f64> {
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

/// The flow that does nothing.
fn standard_normal() -> Flow {
    Flow::from_parts(2, Vec::new(), Vec::new()).expect("no layer is a flow")
}

/// The frozen matrix of a flow's first layer.
fn rotation_of(flow: &Flow) -> Mat<f64> {
    let q = flow.layer_params(0);
    Mat::from_fn(2, 2, |i, j| q[2 * i + j])
}

/// Arithmetic mean.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
