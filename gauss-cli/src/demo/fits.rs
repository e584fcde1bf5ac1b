//! The data, the truth, and the fits: three by hand of one flow, three by the recipe.

use std::time::Instant;

use faer::Mat;
use gauss_flow::{BlockRecord, Flow, LayerSpec, standardization, train};
use gauss_rbig::recipe::{DensityKind, Fitted, Recipe, Winner, fit_recipe};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::joint::{deviation, greedy, joint, quantile_start};
use super::way::{Judge, Made, Way};
use crate::known::TwoMoons;
use crate::terminal::FitProgress;

/// Points to learn from.
pub const ROWS: usize = 5_000;
/// Fresh points to judge by.
const HELD_OUT: usize = 50_000;
/// Standard deviation of the noise.
pub const NOISE: f64 = 0.05;

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
    /// The best mixture of normals.
    pub mixture: Way,
    /// The best conditioned layers.
    pub conditioned: Way,
    /// What `gauss fit` does.
    pub recommended: Way,
    /// How it does it, and what comes out, of the data as drawn.
    pub recipe: Recipe,
    pub fitted: Fitted,
    pub rbig_blocks: Vec<BlockRecord>,
    /// Largest difference between RBIG's own log p and its flow's, at 0 to 4 reflections.
    pub rbig_deviation: f64,
}

impl Fits {
    /// Draws the data and does the fits, telling `progress`.
    ///
    /// # Errors
    /// When a fit fails.
    pub fn run(seed: u64, progress: &FitProgress) -> anyhow::Result<Self> {
        let moons = TwoMoons::new(NOISE);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (raw, outer) = moons.sample(ROWS, &mut rng);
        let (raw_fresh, _) = moons.sample(HELD_OUT, &mut rng);
        let units = standardization(raw.as_ref())?;
        let log_scales = units[2..].iter().sum::<f64>();
        let truth = moons.log_densities(raw_fresh.as_ref());
        let judge = Judge {
            data: standardized(&raw, &units),
            fresh: standardized(&raw_fresh, &units),
            truth: truth.iter().map(|l| l + log_scales).collect(),
        };
        let data = judge.data.as_ref();
        let nothing = standard_normal();

        // The greedy fit, and the flow it is.
        let clock = Instant::now();
        let options = greedy(seed);
        let greedy = gauss_rbig::fit(data, &options, &mut &*progress)?;
        let greedy_seconds = clock.elapsed().as_secs_f64();
        let rbig_deviation = deviation(data, &options)?;
        let by_hand = |name: &'static str, flow: Flow, seconds: f64| {
            let model = format!("{} blocks of {}", options.max_blocks, options.components);
            let parameters = flow.n_params();
            Made { name, model, flow, parameters, seconds, history: None }
        };
        let rbig = by_hand("RBIG alone", greedy.flow.clone(), greedy_seconds);
        let rbig = judge.judge(&nothing, rbig)?;

        // Joint training from either start, which took `before` seconds.
        let training = joint(seed);
        let trained = |name: &'static str, start: &Flow, before: f64| -> anyhow::Result<Way> {
            let clock = Instant::now();
            let mut flow = start.clone();
            let history = train(&mut flow, data, None, &training, &mut &*progress)?;
            let seconds = before + clock.elapsed().as_secs_f64();
            judge.judge(start, Made { history: Some(history), ..by_hand(name, flow, seconds) })
        };
        let quantiles = quantile_start(data, &greedy.flow, seed)?;
        let quantile_start = trained("quantile start", &quantiles, 0.0)?;
        let warm_start = trained("warm start", &greedy.flow, greedy_seconds)?;

        // The recipe, on the data as drawn.
        let recipe = Recipe { seed, ..Recipe::default() };
        let by_recipe = |name: &'static str, recipe: &Recipe| -> anyhow::Result<(Way, Fitted)> {
            let clock = Instant::now();
            let fitted = fit_recipe(raw.as_ref(), None, recipe, &mut &*progress)?;
            let made = Made {
                name,
                seconds: clock.elapsed().as_secs_f64(),
                model: words(&fitted.winner),
                flow: from_standardized(&fitted.flow, &units)?,
                parameters: fitted.flow.n_params(),
                history: fitted.history.clone(),
            };
            Ok((judge.judge(&nothing, made)?, fitted))
        };
        let of_kind = |kind: DensityKind| {
            let recipe = Recipe { kind: Some(kind), ..recipe.clone() };
            by_recipe(kind.name(), &recipe).map(|(way, _)| way)
        };
        let mixture = of_kind(DensityKind::Mixture)?;
        let conditioned = of_kind(DensityKind::Conditioned)?;
        let (recommended, fitted) = by_recipe("recommended", &recipe)?;

        Ok(Self {
            entropy: moons.entropy() - log_scales,
            data: judge.data,
            raw,
            outer,
            quantile_start,
            warm_start,
            rbig,
            mixture,
            conditioned,
            recommended,
            recipe,
            fitted,
            rbig_blocks: greedy.blocks,
            rbig_deviation,
        })
    }

    /// All of them, as printed.
    pub fn ways(&self) -> [&Way; 6] {
        [
            &self.quantile_start,
            &self.warm_start,
            &self.rbig,
            &self.mixture,
            &self.conditioned,
            &self.recommended,
        ]
    }
}

/// x [n, 2] by the parameters of a standardize layer: shift, ln scale.
pub fn standardized(x: &Mat<f64>, units: &[f64]) -> Mat<f64> {
    let (shift, log_scale) = units.split_at(2);
    Mat::from_fn(x.nrows(), 2, |i, j| (x[(i, j)] - shift[j]) / log_scale[j].exp())
}

/// A flow of the data as drawn, as one of the standardised data: they are first brought back, by a
/// layer whose shift is -shift/scale and whose scale is 1/scale.
fn from_standardized(flow: &Flow, units: &[f64]) -> anyhow::Result<Flow> {
    let (shift, log_scale) = units.split_at(2);
    let back = shift.iter().zip(log_scale).map(|(m, s)| -m * (-s).exp());
    let back = back.chain(log_scale.iter().map(|s| -s));
    let params = back.chain(flow.params().iter().copied()).collect();
    let layers = [&[LayerSpec::Standardize], flow.layers()].concat();
    Ok(Flow::from_parts(2, layers, params)?)
}

/// What the recipe's density is made of.
fn words(winner: &Winner) -> String {
    match winner {
        Winner::Trained(candidate) => candidate.to_string(),
        Winner::Baseline(baseline) => baseline.to_string(),
        // Nothing was trained.
        _ => "greedy fit".to_owned(),
    }
}

/// The flow that does nothing.
fn standard_normal() -> Flow {
    Flow::from_parts(2, Vec::new(), Vec::new()).expect("no layer is a flow")
}
