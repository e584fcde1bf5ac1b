//! The recommended fit: greedy blocks as a warm start, then joint training of all of them.
//!
//! 1. Some rows are set aside to validate, unless the caller brings their own.
//! 2. A greedy fit ([`crate::fit`]) brings every marginal near normal, block by block, without a
//!    gradient. It gets most of the way in a fraction of the time.
//! 3. All blocks are trained together on the exact likelihood. Training starts gently, so that
//!    the warm start is not lost to the optimiser's first steps, and keeps the parameters, raw or
//!    averaged, that do best on the validation rows; the start itself is a candidate, so the
//!    result is never worse there than the greedy fit. A weak prior pulls every marginal map
//!    towards the one that does nothing, which keeps a small table from being learnt by heart.
//! 4. Where the validation rows came out of the table, both steps are done again on all rows, for
//!    fewer epochs if the validation rows say so: no row is wasted.
//!
//! ```
//! use gauss_rbig::recipe::{Recipe, fit_recipe};
//! use std::ops::ControlFlow;
//! let x = faer::Mat::from_fn(600, 2, |i, j| {
//!     let t = (i as f64 * 0.754_877_666).fract() * 2.0 - 1.0;
//!     if j == 0 { t } else { t * t + 0.1 * (i as f64 * 0.569_840_291).fract() }
//! });
//! let recipe = Recipe { blocks: 3, epochs: Some(20), ..Recipe::default() };
//! let fitted = fit_recipe(x.as_ref(), None, &recipe, &mut |_| ControlFlow::Continue(()))?;
//! let log_p = fitted.flow.log_prob(x.as_ref())?;
//! # assert_eq!(log_p.len(), 600);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::em::EmOptions;
use crate::{BlockReport, Error, RbigOptions, RotationKind, Selection, fit_validated};
use faer::{Mat, MatRef};
use gauss_flow::{EpochRecord, Flow, History, Schedule, StopReason, TrainOptions, train};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::ControlFlow;

/// Rows below which none are set aside: the greedy fit then stands as it is.
const LEAST_TO_SPLIT: usize = 40;
/// Nats over all validation rows by which the best epoch must beat the last; see
/// [`epochs_worth`].
const SIGNIFICANT_GAIN: f64 = 18.0;
/// Steps of joint training to aim at.
const STEPS: usize = 12_000;

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
    /// Passes of joint training, at most; `None`: for some 12,000 steps, from 10 to 300.
    pub epochs: Option<usize>,
    /// Rows per step; `None`: a fortieth of the rows, from 64 to 1,024.
    pub batch_size: Option<usize>,
    /// Adam's rate at its height.
    pub learning_rate: f64,
    /// λ of the prior; see [`TrainOptions::prior`].
    pub prior: f64,
    /// Stop after this many epochs without a better validation score; `None`: never, as the rate
    /// comes down over a fixed number of epochs and the last of them gain the most.
    pub patience: Option<usize>,
    /// Whether to fit again on all rows where the validation rows came out of them.
    pub refit: bool,
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
            epochs: None,
            batch_size: None,
            learning_rate: 1e-2,
            prior: 3.0,
            patience: None,
            refit: true,
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
            write!(f, ", Adam at rate {}, prior {}", self.learning_rate, self.prior)?;
        }
        Ok(())
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
        /// Whether this is the second fit, on all rows.
        refit: bool,
    },
}

/// What a recipe made.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The model.
    pub flow: Flow,
    /// The greedy blocks.
    pub blocks: Vec<BlockReport>,
    /// How many of them the greedy fit kept.
    pub kept: usize,
    /// The joint training that was validated, if there was one.
    pub history: Option<History>,
    /// Whether the flow was then fitted again on all rows.
    pub refitted: bool,
    /// Rows the validated fit learnt from.
    pub train_rows: usize,
    /// Rows it validated on; 0 if there were too few.
    pub validation_rows: usize,
    /// Whether the observer ended the fit.
    pub cancelled: bool,
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
        return Err(Error::InvalidOption {
            option: "validation_fraction",
            value: fraction,
            expected,
        });
    }
    let mut fit = Fit { recipe, refit: false, observer };
    if validation.is_some() {
        return fit.run(x, validation);
    }
    if x.nrows() < LEAST_TO_SPLIT {
        let greedy = Recipe { method: Method::Rbig, ..recipe.clone() };
        return Fit { recipe: &greedy, refit: false, observer: fit.observer }.run(x, None);
    }
    let (training, held_out) = split(x, fraction, recipe.seed);
    let chosen = fit.run(training.as_ref(), Some(held_out.as_ref()))?;
    if !recipe.refit || chosen.cancelled {
        return Ok(chosen);
    }
    // What did best, now on everything.
    let again = Recipe {
        blocks: if recipe.method == Method::Rbig { chosen.kept } else { recipe.blocks },
        epochs: Some(chosen.history.as_ref().map_or(0, |h| epochs_worth(h, held_out.nrows()))),
        ..recipe.clone()
    };
    let all = Fit { recipe: &again, refit: true, observer: fit.observer }.run(x, None)?;
    if all.cancelled { Ok(chosen) } else { Ok(Fitted { flow: all.flow, refitted: true, ..chosen }) }
}

/// How many epochs a second fit should have. For two near densities the variance of ln p/q is
/// about twice their divergence, so over m rows a mean gain of g nats has a standard error of √(2g/m),
/// and is three of them at g = 18/m. The best of some hundred epochs must beat the last by that
/// much before it counts as overfitting rather than luck.
fn epochs_worth(history: &History, validation_rows: usize) -> usize {
    let score = |epoch: usize| history.epochs[epoch].validation_nll.unwrap_or(f64::NAN);
    let last = history.epochs.len() - 1;
    let gain = score(last) - score(history.best_epoch);
    if gain * validation_rows as f64 > SIGNIFICANT_GAIN { history.best_epoch } else { last }
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

/// One fit on given rows.
struct Fit<'a> {
    recipe: &'a Recipe,
    refit: bool,
    observer: &'a mut (dyn FnMut(&Progress<'_>) -> ControlFlow<()> + Send),
}

impl Fit<'_> {
    fn run(
        &mut self,
        x: MatRef<'_, f64>,
        validation: Option<MatRef<'_, f64>>,
    ) -> Result<Fitted, Error> {
        let recipe = self.recipe;
        let reflections = recipe.reflections.unwrap_or(x.ncols().min(16));
        let mut cancelled = false;
        let (mut flow, blocks, kept) = if recipe.method == Method::Joint {
            (from_quantiles(x, reflections, recipe)?, Vec::new(), 0)
        } else {
            let options = greedy_options(recipe, reflections);
            let rbig = fit_validated(x, validation, &options, &mut |report| {
                let step = Progress::Block {
                    block: report.block + 1,
                    blocks: options.max_blocks,
                    mean_log_prob: report.mean_log_prob,
                };
                let flow = (self.observer)(&step);
                cancelled |= flow.is_break();
                flow
            })?;
            (rbig.flow, rbig.blocks, rbig.kept)
        };
        let history = if recipe.method == Method::Rbig || cancelled {
            None
        } else {
            let options = train_options(recipe, x.nrows());
            let (epochs, refit) = (options.epochs, self.refit);
            let mut tell =
                |record: &EpochRecord| (self.observer)(&Progress::Epoch { record, epochs, refit });
            Some(train(&mut flow, x, validation, &options, &mut tell)?)
        };
        cancelled |= history.as_ref().is_some_and(|h| h.stopped == StopReason::Cancelled);
        Ok(Fitted {
            flow,
            blocks,
            kept,
            history,
            refitted: false,
            cancelled,
            train_rows: x.nrows(),
            validation_rows: validation.map_or(0, |v| v.nrows()),
        })
    }
}

/// The greedy fit of a recipe: alone it keeps what pays, as a start it keeps everything.
fn greedy_options(recipe: &Recipe, reflections: usize) -> RbigOptions {
    let start = RbigOptions {
        max_blocks: recipe.blocks,
        components: recipe.components,
        reflections,
        seed: recipe.seed,
        initial_pca: true,
        ..warm_start()
    };
    if recipe.method == Method::Warm {
        return start;
    }
    let RbigOptions { selection, rotation, patience, em, .. } = RbigOptions::default();
    RbigOptions { selection, rotation, patience, em, ..start }
}

/// A greedy fit that is to be trained further. Joint training may make use of every block and
/// component, so all are kept; and EM ends early, at smooth mixtures: what it would carve out
/// in its last hundred iterations is mostly noise, which training then has to unlearn.
pub fn warm_start() -> RbigOptions {
    RbigOptions {
        rotation: RotationKind::Pca,
        selection: Selection::Fixed,
        patience: None,
        em: EmOptions { max_iterations: 20, restarts: 0, prior_rows: 2.0, ..EmOptions::default() },
        ..RbigOptions::default()
    }
}

fn train_options(recipe: &Recipe, rows: usize) -> TrainOptions {
    let batch_size = recipe.batch_size.unwrap_or((rows / 40).clamp(64, 1024));
    let epochs = recipe.epochs.unwrap_or((STEPS * batch_size / rows).clamp(10, 300));
    TrainOptions {
        epochs,
        batch_size,
        learning_rate: recipe.learning_rate,
        schedule: Schedule::Cosine { warmup: 0.05 },
        seed: recipe.seed,
        patience: recipe.patience,
        clip_norm: Some(10.0),
        average_epochs: Some(epochs as f64 / 60.0).filter(|epochs| *epochs > 0.0),
        prior: recipe.prior,
    }
}

fn from_quantiles(x: MatRef<'_, f64>, reflections: usize, recipe: &Recipe) -> Result<Flow, Error> {
    let mut builder = Flow::builder(x.ncols()).standardize();
    for _ in 0..recipe.blocks {
        builder = builder.rotation(reflections).marginal(recipe.components);
    }
    Ok(builder.build(x, &mut ChaCha8Rng::seed_from_u64(recipe.seed))?)
}
