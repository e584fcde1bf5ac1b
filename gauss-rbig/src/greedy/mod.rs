//! The greedy loop: rotate, make every marginal normal, repeat.
//!
//! **One block.** The rows z [n, d] so far are rotated, x = Q z ([`crate::greedy::rotation`]), and each
//! coordinate is mapped to a standard normal by a mixture f_i fitted to it, z_i = Φ⁻¹(F_i(x_i))
//! ([`crate::marginal`]). Two new layers of the flow are done; the rows go through them, and the
//! next block begins.
//!
//! **What a block gains.** A rotation keeps ‖z‖ and hence Σ ln N(z_i; 0, 1), and the change of
//! variables gives ln f_i(x_i) = ln N(z_i; 0, 1) + ln dz_i/dx_i. So a block raises a row's
//! log-density by exactly
//!
//! g = Σ_i [ln f_i(x_i) - ln N(x_i; 0, 1)],
//!
//! and the mean of g over the rows, in nats, is the report's `negentropy_removed`: the estimate
//! of Σ_i KL(p_i ‖ N(0, 1)) over the rotated marginals p_i, and at once the difference of the
//! flow's mean log-density after and before the block. Its standard error is the deviation of g
//! over √n.
//!
//! **When to stop.** A gain on the rows that were fitted is too high by p/n on average, p the
//! block's free parameters (half of it because the fit follows the sample, half because the fit
//! misses the truth: Akaike 1974). A block counts as progress if what is left is positive and
//! more than `significance` standard errors; with validation rows, if their mean log-density
//! exceeds the best so far. (Noise is picked, too: the rotation and the numbers of components are
//! chosen for their gain, which is why two standard errors are asked for and not none.) A block
//! without parameters is none. After `patience` blocks without progress the loop ends, and the flow
//! is cut back to the best block.
//!
//! The rows are the only large thing in memory: one copy, mapped in place.

pub mod rotation;
pub(crate) mod state;

use crate::Error;
use crate::greedy::rotation::{Chosen, RotationKind, choose};
use crate::greedy::state::State;
use crate::linear::pca::with_determinant;
use crate::marginal::em::EmOptions;
use crate::marginal::{Selection, fit_columns, layer_params};
use crate::sampling::mix;
use faer::MatRef;
use gauss_flow::layers::rotation::params_for_orthogonal;
use gauss_flow::{BlockRecord, Event, Flow, LayerSpec, Rows, StopReason, Watch, column_scale};
use rayon::prelude::*;
use std::time::Instant;

/// How the greedy fit runs.
#[derive(Debug, Clone, PartialEq)]
pub struct RbigOptions {
    /// The most blocks.
    pub max_blocks: usize,
    /// K, the components of every marginal in the flow.
    pub components: usize,
    /// How many of the K are different.
    pub selection: Selection,
    /// The rotation of each block.
    pub rotation: RotationKind,
    /// Trainable reflections per rotation in the flow; the rest of the rotation is frozen. The
    /// flow's density is the greedy one for any number.
    pub reflections: usize,
    /// Whether the columns are first brought to mean 0 and deviation 1.
    pub standardize: bool,
    /// The most components of a marginal layer before the first rotation: what belongs to the
    /// columns one by one (bounds, spikes, heavy tails, an outlier) is dealt with before they are
    /// mixed. Their number is chosen for each column, by AIC where `selection` is fixed. 0: no such
    /// layer.
    pub initial_marginal: usize,
    /// Whether a frozen rotation to the principal components comes before the first block.
    pub initial_pca: bool,
    /// Progress must exceed this many standard errors, without validation rows.
    pub significance: f64,
    /// Blocks without progress before the loop ends; `None` to run all and keep all.
    pub patience: Option<usize>,
    /// How the mixtures are fitted. Its seed is ignored for `seed`.
    pub em: EmOptions,
    /// Seed of everything random.
    pub seed: u64,
}

impl Default for RbigOptions {
    fn default() -> Self {
        Self {
            max_blocks: 30,
            components: 8,
            selection: Selection::default(),
            rotation: RotationKind::default(),
            reflections: 2,
            standardize: true,
            initial_marginal: 0,
            initial_pca: false,
            significance: 2.0,
            patience: Some(3),
            em: EmOptions::default(),
            seed: 0,
        }
    }
}

impl RbigOptions {
    /// Whether every option is in its range.
    ///
    /// # Errors
    /// [`Error::Option`].
    pub fn validate(&self) -> Result<(), Error> {
        let bad = |option, value, expected| {
            Err(Error::Option { name: option, value, requirement: expected })
        };
        if self.components == 0 {
            return bad("components", 0.0, "at least 1");
        }
        if self.patience == Some(0) {
            return bad("patience", 0.0, "at least 1");
        }
        if !(self.significance >= 0.0 && self.significance.is_finite()) {
            return bad("significance", self.significance, "finite and at least 0");
        }
        self.em.validate()
    }
}

/// A greedy fit.
#[derive(Debug, Clone)]
pub struct Rbig {
    /// The model: standardize, principal components (each if asked for), then a rotation and a
    /// marginal layer for each block kept.
    pub flow: Flow,
    /// Every block that was run, also those cut off.
    pub blocks: Vec<BlockRecord>,
    /// How many of them the flow contains.
    pub kept: usize,
    /// ln p of each row `[n]` by the greedy recursion; the flow's `log_prob` to rounding.
    pub log_prob: Vec<f64>,
    /// Why the loop ended.
    pub stopped: StopReason,
}

/// Fits a flow to the rows of `x` [n, d], block by block.
///
/// ```
/// use gauss_rbig::{RbigOptions, fit};
/// // A parabola with noise: uncorrelated, yet dependent.
/// let x = faer::Mat::from_fn(500, 2, |i, j| {
///     let t = (i as f64 * 0.754_877_666).fract() * 2.0 - 1.0;
///     if j == 0 { t } else { t * t + 0.1 * (i as f64 * 0.569_840_291).fract() }
/// });
/// let rbig = fit(x.as_ref(), &RbigOptions::default(), &mut ())?;
/// let log_p = rbig.flow.log_prob(x.as_ref())?;
/// assert!((log_p[0] - rbig.log_prob[0]).abs() < 1e-10);
/// # Ok::<(), gauss_rbig::Error>(())
/// ```
///
/// # Errors
/// [`Error::Rows`], [`Error::NonFinite`], [`Error::Option`].
pub fn fit<'a>(
    x: impl Into<Rows<'a>>,
    options: &RbigOptions,
    watch: &mut dyn Watch,
) -> Result<Rbig, Error> {
    fit_validated(x, None, options, watch)
}

/// [`fit`], stopped by the log-density of `validation` rows [m, d] that are not fitted.
///
/// # Errors
/// As [`fit`], for both matrices, and [`Error::Columns`].
pub fn fit_validated<'a>(
    x: impl Into<Rows<'a>>,
    validation: Option<Rows<'a>>,
    options: &RbigOptions,
    watch: &mut dyn Watch,
) -> Result<Rbig, Error> {
    let x = x.into();
    options.validate()?;
    x.check(x.ncols())?;
    if let Some(validation) = validation {
        validation.check(x.ncols())?;
    }
    Greedy::begin(x.x(), validation.map(|v| v.x()), options)?.run(watch)
}

/// The layers so far, and the rows as they leave the last one.
struct Greedy<'a> {
    options: &'a RbigOptions,
    dim: usize,
    specs: Vec<LayerSpec>,
    params: Vec<f64>,
    train: State,
    validation: Option<State>,
}

/// Where the flow is cut back to.
struct Best {
    blocks: usize,
    layers: usize,
    params: usize,
    log_prob: Vec<f64>,
    validation: f64,
}

impl<'a> Greedy<'a> {
    fn begin(
        x: MatRef<'_, f64>,
        validation: Option<MatRef<'_, f64>>,
        options: &'a RbigOptions,
    ) -> Result<Self, Error> {
        let mut greedy = Self {
            options,
            dim: x.ncols(),
            specs: Vec::new(),
            params: Vec::new(),
            train: State::new(x),
            validation: validation.map(State::new),
        };
        if options.standardize {
            greedy.push(LayerSpec::Standardize, standardization(x))?;
        }
        if options.initial_marginal > 0 {
            let components = options.initial_marginal;
            let em = EmOptions { seed: options.seed, ..options.em.clone() };
            let columns = greedy.train.columns();
            let selection = match options.selection {
                Selection::Fixed => Selection::Aic,
                other => other,
            };
            let fits = fit_columns(&columns, columns.len(), components, selection, &em);
            let used = fits.iter().map(|fit| fit.components.max(1)).max().unwrap_or(1);
            let params = layer_params(&fits, used);
            greedy.push(LayerSpec::Marginal { components: used }, params)?;
        }
        if options.initial_pca {
            let Chosen { q, .. } = choose(RotationKind::Pca, greedy.train.rows(), true, 0)?;
            let params = params_for_orthogonal(q.as_ref(), 0, true)?;
            greedy.push(LayerSpec::Rotation { reflections: 0, base: true }, params)?;
        }
        Ok(greedy)
    }

    /// Adds a layer and sends all rows through it.
    fn push(&mut self, spec: LayerSpec, params: Vec<f64>) -> Result<(), Error> {
        let layer = Flow::from_parts(self.dim, vec![spec], params)?;
        self.train.apply(&layer)?;
        if let Some(validation) = &mut self.validation {
            validation.apply(&layer)?;
        }
        self.specs.push(spec);
        self.params.extend_from_slice(layer.params());
        Ok(())
    }

    fn run(mut self, watch: &mut dyn Watch) -> Result<Rbig, Error> {
        let mut blocks = Vec::new();
        let mut best = self.here(0);
        let mut without_progress = 0;
        let mut stopped = StopReason::Finished;
        for block in 0..self.options.max_blocks {
            let before = self.train.log_prob();
            let report = self.block(block, &before)?;
            let told = Event::Block { record: &report, blocks: self.options.max_blocks };
            let cancelled = watch.hear(&told).is_break();
            if self.is_progress(&report, &best) {
                best = self.here(block + 1);
                without_progress = 0;
            } else {
                without_progress += 1;
            }
            blocks.push(report);
            if cancelled {
                stopped = StopReason::Cancelled;
                break;
            }
            if self.options.patience.is_some_and(|patience| without_progress >= patience) {
                stopped = StopReason::NoImprovement;
                break;
            }
        }
        self.specs.truncate(best.layers);
        self.params.truncate(best.params);
        let flow = Flow::from_parts(self.dim, self.specs, self.params)?;
        Ok(Rbig { flow, blocks, kept: best.blocks, log_prob: best.log_prob, stopped })
    }

    /// Rotates, fits and maps once.
    fn block(&mut self, block: usize, before: &[f64]) -> Result<BlockRecord, Error> {
        let clock = Instant::now();
        let options = self.options;
        let seed = seed_of(options.seed, block);
        let first = block == 0;
        let Chosen { q, rank } = choose(options.rotation, self.train.rows(), first, seed)?;

        let reflections = options.reflections;
        let base = reflections + 1 < self.dim;
        let q = if base { q } else { with_determinant(q.as_ref(), reflections.is_multiple_of(2)) };
        let params = params_for_orthogonal(q.as_ref(), reflections, base)?;
        self.push(LayerSpec::Rotation { reflections, base }, params)?;

        let em = EmOptions { seed, ..options.em.clone() };
        let columns = self.train.columns();
        let fits = fit_columns(&columns, rank, options.components, options.selection, &em);
        let spec = LayerSpec::Marginal { components: options.components };
        self.push(spec, layer_params(&fits, options.components))?;

        let after = self.train.log_prob();
        let (negentropy_removed, standard_error) = mean_gain(before, &after);
        Ok(BlockRecord {
            block: block + 1,
            negentropy_removed,
            standard_error,
            parameters: fits.iter().map(crate::marginal::MarginalFit::parameters).sum(),
            degenerate: self.dim - rank,
            mean_log_prob: mean(&after),
            validation_log_prob: self.validation.as_ref().map(|v| mean(&v.log_prob())),
            seconds: clock.elapsed().as_secs_f64(),
        })
    }

    fn is_progress(&self, report: &BlockRecord, best: &Best) -> bool {
        if self.options.patience.is_none() {
            return true;
        }
        if report.parameters == 0 {
            return false; // what it gained is rounding
        }
        if let Some(validation) = report.validation_log_prob {
            return validation > best.validation;
        }
        let optimism = report.parameters as f64 / self.train.rows().nrows() as f64;
        let gain = report.negentropy_removed - optimism;
        gain > 0.0 && gain > self.options.significance * report.standard_error
    }

    fn here(&self, blocks: usize) -> Best {
        Best {
            blocks,
            layers: self.specs.len(),
            params: self.params.len(),
            log_prob: self.train.log_prob(),
            validation: self.validation.as_ref().map_or(f64::NEG_INFINITY, |v| mean(&v.log_prob())),
        }
    }
}

/// Parameters of the standardize layer; a constant column is only shifted.
pub(crate) fn standardization(x: MatRef<'_, f64>) -> Vec<f64> {
    let scales: Vec<(f64, f64)> = (0..x.ncols())
        .into_par_iter()
        .map(|j| {
            let values: Vec<f64> = x.col(j).iter().copied().collect();
            column_scale(values).unwrap_or((x[(0, j)], 0.0))
        })
        .collect();
    scales.iter().map(|s| s.0).chain(scales.iter().map(|s| s.1)).collect()
}

/// A seed for each block, far apart whatever the user's seed.
fn seed_of(seed: u64, block: usize) -> u64 {
    mix(seed ^ mix(block as u64))
}

/// Arithmetic mean.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Mean of after - before and its standard error.
fn mean_gain(before: &[f64], after: &[f64]) -> (f64, f64) {
    let n = before.len() as f64;
    let gain = || before.iter().zip(after).map(|(b, a)| a - b);
    let mean = gain().sum::<f64>() / n;
    let variance = gain().map(|g| (g - mean) * (g - mean)).sum::<f64>() / n;
    (mean, (variance / n).sqrt())
}
