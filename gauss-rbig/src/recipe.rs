//! The recommended fit: greedy blocks as a warm start, then joint training of all of them.
//!
//! 1. Some rows are set aside to validate, unless the caller brings their own.
//! 2. A greedy fit ([`crate::fit`]) brings every marginal near normal, block by block, without a
//!    gradient. It gets most of the way in a fraction of the time.
//! 3. All blocks are trained together on the exact likelihood. Training starts gently, so that
//!    the warm start is not lost to the optimiser's first steps, and keeps the parameters, raw or
//!    averaged, that do best on the validation rows; the start itself is a candidate, so the
//!    result is never worse there than the greedy fit.
//!
//! ```
//! use gauss_rbig::recipe::{Recipe, fit_recipe};
//! use std::ops::ControlFlow;
//! let x = faer::Mat::from_fn(600, 2, |i, j| {
//!     let t = (i as f64 * 0.754_877_666).fract() * 2.0 - 1.0;
//!     if j == 0 { t } else { t * t + 0.1 * (i as f64 * 0.569_840_291).fract() }
//! });
//! let recipe = Recipe { blocks: 3, epochs: 20, ..Recipe::default() };
//! let fitted = fit_recipe(x.as_ref(), None, &recipe, &mut |_| ControlFlow::Continue(()))?;
//! let log_p = fitted.flow.log_prob(x.as_ref())?;
//! # assert_eq!(log_p.len(), 600);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::{BlockReport, Error, RbigOptions, Selection, fit_validated};
use faer::{Mat, MatRef};
use gauss_flow::{EpochRecord, Flow, History, Schedule, TrainOptions, train};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::ControlFlow;

/// Rows below which none are set aside: the greedy fit then stands as it is.
const LEAST_TO_SPLIT: usize = 40;

/// Which of the two fits is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    /// The greedy fit, then joint training.
    #[default]
    Warm,
    /// The greedy fit alone.
    Rbig,
    /// Joint training from the data's quantiles and random rotations.
    Joint,
}

/// How to fit a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// Which fits.
    pub method: Method,
    /// Blocks, each a rotation and a marginal layer.
    pub blocks: usize,
    /// Components of every marginal.
    pub components: usize,
    /// Trainable reflections of every rotation; `None`: as many as there are columns, up to 16.
    pub reflections: Option<usize>,
    /// Passes of joint training, at most.
    pub epochs: usize,
    /// Rows per step.
    pub batch_size: usize,
    /// Adam's rate at its height.
    pub learning_rate: f64,
    /// Stop after this many epochs without a better validation score.
    pub patience: Option<usize>,
    /// Fraction of the rows set aside where the caller brings no validation rows.
    pub validation_fraction: f64,
    /// Seed of everything random.
    pub seed: u64,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            method: Method::Warm,
            blocks: 8,
            components: 8,
            reflections: None,
            epochs: 200,
            batch_size: 512,
            learning_rate: 5e-3,
            patience: Some(40),
            validation_fraction: 0.1,
            seed: 0,
        }
    }
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.method {
            Method::Warm => "greedy fit, then joint training",
            Method::Rbig => "greedy fit",
            Method::Joint => "joint training from quantiles",
        };
        write!(f, "{name}: at most {} blocks of {} components", self.blocks, self.components)?;
        if self.method != Method::Rbig {
            let (epochs, batch, rate) = (self.epochs, self.batch_size, self.learning_rate);
            write!(f, ", {epochs} epochs in batches of {batch}, rate {rate}")?;
        }
        write!(f, ", seed {}", self.seed)
    }
}

/// A fit as it happens.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    /// A greedy block is done.
    Block {
        /// Counted from 1.
        block: usize,
        /// At most this many.
        blocks: usize,
        /// Of the training rows, in nats.
        mean_log_prob: f64,
    },
    /// An epoch of joint training is done.
    Epoch {
        /// The epoch.
        record: &'a EpochRecord,
        /// At most this many.
        epochs: usize,
    },
}

/// What a recipe made.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The model.
    pub flow: Flow,
    /// The greedy blocks.
    pub blocks: Vec<BlockReport>,
    /// The joint training, if there was one.
    pub history: Option<History>,
    /// Rows it learnt from.
    pub train_rows: usize,
    /// Rows it validated on; 0 if there were too few.
    pub validation_rows: usize,
}

/// The fewest rows that [`fit_recipe`] takes for d columns: with fewer the covariance has no
/// full rank.
pub fn min_rows(dim: usize) -> usize {
    dim + 2
}

/// Fits the rows of x [n, d]. `observer` may end the fit; what there is then is returned.
///
/// # Errors
/// Too few rows, a constant column, a value that is not finite, an option out of range, or a
/// training that diverged.
pub fn fit_recipe(
    x: MatRef<'_, f64>,
    validation: Option<MatRef<'_, f64>>,
    recipe: &Recipe,
    observer: &mut (dyn FnMut(&Progress<'_>) -> ControlFlow<()> + Send),
) -> Result<Fitted, Error> {
    let needed = min_rows(x.ncols());
    if x.nrows() < needed {
        return Err(gauss_flow::Error::Rows { needed, got: x.nrows() }.into());
    }
    let fraction = recipe.validation_fraction;
    if !(fraction > 0.0 && fraction < 1.0) {
        let expected = "in (0, 1)";
        return Err(Error::InvalidOption { option: "validation_fraction", value: fraction, expected });
    }
    if validation.is_some() {
        return fit_split(x, validation, recipe, observer);
    }
    if x.nrows() < LEAST_TO_SPLIT {
        let greedy = Recipe { method: Method::Rbig, ..recipe.clone() };
        return fit_split(x, None, &greedy, observer);
    }
    let (training, held_out) = split(x, fraction, recipe.seed);
    fit_split(training.as_ref(), Some(held_out.as_ref()), recipe, observer)
}

/// Two parts of the rows, the second of them of `fraction`, drawn by the seed.
fn split(x: MatRef<'_, f64>, fraction: f64, seed: u64) -> (Mat<f64>, Mat<f64>) {
    let mut order: Vec<usize> = (0..x.nrows()).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(u64::MAX); // apart from the streams of the epochs
    order.shuffle(&mut rng);
    let held_out = ((x.nrows() as f64 * fraction).round() as usize).clamp(1, x.nrows() - 1);
    let take = |rows: &[usize]| Mat::from_fn(rows.len(), x.ncols(), |i, j| x[(rows[i], j)]);
    (take(&order[held_out..]), take(&order[..held_out]))
}

fn fit_split(
    x: MatRef<'_, f64>,
    validation: Option<MatRef<'_, f64>>,
    recipe: &Recipe,
    observer: &mut (dyn FnMut(&Progress<'_>) -> ControlFlow<()> + Send),
) -> Result<Fitted, Error> {
    let dim = x.ncols();
    let reflections = recipe.reflections.unwrap_or(dim.min(16));
    let mut cancelled = false;
    let (mut flow, blocks) = if recipe.method == Method::Joint {
        (from_quantiles(x, reflections, recipe)?, Vec::new())
    } else {
        let options = greedy_options(recipe, reflections);
        let rbig = fit_validated(x, validation, &options, &mut |report| {
            let flow = observer(&Progress::Block {
                block: report.block + 1,
                blocks: options.max_blocks,
                mean_log_prob: report.mean_log_prob,
            });
            cancelled |= flow.is_break();
            flow
        })?;
        (rbig.flow, rbig.blocks)
    };
    let history = if recipe.method == Method::Rbig || cancelled {
        None
    } else {
        let options = train_options(recipe);
        let mut tell = |record: &EpochRecord| {
            observer(&Progress::Epoch { record, epochs: options.epochs })
        };
        Some(train(&mut flow, x, validation, &options, &mut tell)?)
    };
    let validation_rows = validation.map_or(0, |v| v.nrows());
    Ok(Fitted { flow, blocks, history, train_rows: x.nrows(), validation_rows })
}

/// The greedy fit of a recipe. Joint training may make use of every block, so a warm start
/// keeps them all; a greedy fit alone ends at the best one.
fn greedy_options(recipe: &Recipe, reflections: usize) -> RbigOptions {
    let warm = recipe.method == Method::Warm;
    RbigOptions {
        max_blocks: recipe.blocks,
        components: recipe.components,
        reflections,
        selection: if warm { Selection::Fixed } else { Selection::default() },
        patience: if warm { None } else { Some(3) },
        seed: recipe.seed,
        ..RbigOptions::default()
    }
}

fn train_options(recipe: &Recipe) -> TrainOptions {
    TrainOptions {
        epochs: recipe.epochs,
        batch_size: recipe.batch_size,
        learning_rate: recipe.learning_rate,
        schedule: Schedule::Cosine { warmup: 0.05 },
        seed: recipe.seed,
        patience: recipe.patience,
        clip_norm: Some(10.0),
        average_epochs: Some(5.0),
        prior: 0.0,
    }
}

fn from_quantiles(
    x: MatRef<'_, f64>,
    reflections: usize,
    recipe: &Recipe,
) -> Result<Flow, Error> {
    let mut builder = Flow::builder(x.ncols()).standardize();
    for _ in 0..recipe.blocks {
        builder = builder.rotation(reflections).marginal(recipe.components);
    }
    Ok(builder.build(x, &mut ChaCha8Rng::seed_from_u64(recipe.seed))?)
}
