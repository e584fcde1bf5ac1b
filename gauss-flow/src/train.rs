//! Joint training: minibatch Adam on the exact mean negative log-likelihood.
//!
//! An epoch visits every row once, in an order drawn from (seed, epoch). The starting point
//! counts as epoch 0. With validation rows the parameters that did best on them are the ones
//! kept, so a fit never ends below its own start there; with an average, the exponential moving
//! average of the parameters (Polyak & Juditsky, 1992) is tried beside the raw ones and the better
//! of the two kept. The result does not depend on the number of threads.

use crate::adam::{Adam, norm};
use crate::bound::Derived;
use crate::error::Error;
use crate::flow::Flow;
use crate::gradient::GradientSum;
use crate::layer::{LayerSpec, segments, validate};
use crate::rows;
use faer::MatRef;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use std::time::Instant;
use thiserror::Error as ThisError;

/// c of [`TrainOptions::prior`]: what lies this far out is an outlier in latent units.
const PRIOR_TAIL: f64 = 10.0;

/// How the learning rate moves over a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Schedule {
    /// The same rate at every step.
    Constant,
    /// A linear rise over the first `warmup` of all steps, then half a cosine down to 0
    /// (Loshchilov & Hutter, 2017): the noise of the minibatches dies out towards the end.
    Cosine {
        /// Fraction of all steps in [0, 1).
        warmup: f64,
    },
}

impl Schedule {
    /// The factor on the rate when `done` in [0, 1) of all steps are done.
    fn factor(self, done: f64) -> f64 {
        match self {
            Self::Constant => 1.0,
            // Half a step's grace, so that the first step of a warm-up is not lost.
            Self::Cosine { warmup } if done < warmup => (done / warmup).max(1e-3),
            Self::Cosine { warmup } => {
                0.5 * (1.0 + (std::f64::consts::PI * (done - warmup) / (1.0 - warmup)).cos())
            }
        }
    }
}

/// How to train.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainOptions {
    /// Passes over the rows.
    pub epochs: usize,
    /// Rows per step.
    pub batch_size: usize,
    /// Adam's rate at its height.
    pub learning_rate: f64,
    /// How the rate moves.
    pub schedule: Schedule,
    /// Decides the order of the rows.
    pub seed: u64,
    /// Stop after this many epochs without a better validation score; `None`: never.
    pub patience: Option<usize>,
    /// Scale a gradient longer than this down to it; `None`: never.
    pub clip_norm: Option<f64>,
    /// Time constant of the parameters' moving average in epochs; `None`: no average.
    pub average_epochs: Option<f64>,
    /// λ of the prior on every logit, mean and ln σ of the marginal layers: around 0 it is normal
    /// with variance 1/λ, further out it has the tails of Student's t, so that the one component
    /// that sits on a far outlier is left there. It adds λ/2n Σ c² ln(1 + θ²/c²) to the loss, c =
    /// 10. With all θ = 0 the marginal maps do nothing, so it is the doing of something that must
    /// pay. 0: maximum likelihood.
    pub prior: f64,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self {
            epochs: 200,
            batch_size: 512,
            learning_rate: 5e-3,
            schedule: Schedule::Cosine { warmup: 0.05 },
            seed: 0,
            patience: None,
            clip_norm: Some(10.0),
            average_epochs: None,
            prior: 0.0,
        }
    }
}

/// One epoch of a run; epoch 0 is the start.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// 0, 1, 2, ...
    pub epoch: usize,
    /// Mean negative log-likelihood of the training rows, in nats, each row at the parameters of
    /// the step that used it.
    pub train_nll: f64,
    /// The same of the validation rows at the end of the epoch: the better of the raw and the
    /// averaged parameters.
    pub validation_nll: Option<f64>,
    /// The rate of the epoch's last step.
    pub learning_rate: f64,
    /// Since the run began.
    pub seconds: f64,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StopReason {
    /// All epochs done.
    Finished,
    /// No better validation score for `patience` epochs.
    NoImprovement,
    /// The observer said so.
    Cancelled,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// One record an epoch, the start included.
    pub epochs: Vec<EpochRecord>,
    /// The epoch whose parameters were kept.
    pub best_epoch: usize,
    /// Why the run ended.
    pub stopped: StopReason,
}

/// A run that could not go on. The flow then has the best parameters so far.
#[derive(Clone, Debug, ThisError, PartialEq)]
pub enum TrainError {
    /// The data or the options are refused.
    #[error(transparent)]
    Invalid(#[from] Error),
    /// The loss became NaN or infinite.
    #[error("the loss became {loss} in epoch {epoch}; a lower learning rate may help")]
    Diverged {
        /// In this epoch.
        epoch: usize,
        /// The loss.
        loss: f64,
    },
}

/// What is told of each epoch; it may end the run.
pub type Observer<'a> = &'a mut (dyn FnMut(&EpochRecord) -> ControlFlow<()> + Send);

impl TrainOptions {
    fn validate(&self) -> Result<(), Error> {
        let check = |ok: bool, name, requirement, value| {
            if ok { Ok(()) } else { Err(Error::Option { name, requirement, value }) }
        };
        let positive = |x: f64| x > 0.0 && x.is_finite();
        let rate = self.learning_rate;
        check(positive(rate), "learning_rate", "a positive number", rate)?;
        check(self.batch_size > 0, "batch_size", "at least 1", 0.0)?;
        if let Schedule::Cosine { warmup } = self.schedule {
            check((0.0..1.0).contains(&warmup), "warmup", "in [0, 1)", warmup)?;
        }
        let prior = self.prior;
        check(prior >= 0.0 && prior.is_finite(), "prior", "a number from 0 up", prior)?;
        check(self.patience != Some(0), "patience", "at least 1", 0.0)?;
        if let Some(norm) = self.clip_norm {
            check(positive(norm), "clip_norm", "a positive number", norm)?;
        }
        if let Some(epochs) = self.average_epochs {
            check(positive(epochs), "average_epochs", "a positive number", epochs)?;
        }
        Ok(())
    }
}

/// Refuses a matrix that nothing can be learnt from.
pub(crate) fn check_data(dim: usize, x: MatRef<'_, f64>) -> Result<(), Error> {
    if x.ncols() != dim {
        return Err(Error::Columns { expected: dim, got: x.ncols() });
    }
    if x.nrows() == 0 {
        return Err(Error::Rows { needed: 1, got: 0 });
    }
    for row in 0..x.nrows() {
        for column in 0..dim {
            let value = x[(row, column)];
            if !value.is_finite() {
                return Err(Error::NonFinite { row, column, value });
            }
        }
    }
    Ok(())
}

/// Trains all trainable parameters of `flow` together on the rows of `x`.
///
/// `observer` is told of each epoch, the start included, and may end the run. Without validation
/// rows the last parameters are kept (the averaged ones, if there is an average) whose loss is
/// finite.
///
/// # Errors
/// [`TrainError::Invalid`] before anything is done; [`TrainError::Diverged`] with the best
/// parameters so far in `flow`.
pub fn train(
    flow: &mut Flow,
    x: MatRef<'_, f64>,
    validation: Option<MatRef<'_, f64>>,
    options: &TrainOptions,
    observer: Observer<'_>,
) -> Result<History, TrainError> {
    options.validate()?;
    check_data(flow.dim(), x)?;
    if let Some(validation) = validation {
        check_data(flow.dim(), validation)?;
    }
    let mut run = Run::new(flow, x, validation, options);
    // Inside one of rayon's own threads the many small steps start without a hand-over.
    let result = rayon::scope(|_| run.epochs(observer));
    let lost = run.settle(flow.params());
    let Run { best, records, .. } = run;
    flow.set_params(best.params)?;
    let stopped = result?;
    if let Some(error) = lost {
        return Err(error);
    }
    Ok(History { epochs: records, best_epoch: best.epoch, stopped })
}

struct Best {
    params: Vec<f64>,
    epoch: usize,
    score: f64,
}

struct Run<'a> {
    flow: Flow,
    derived: Derived,
    x: MatRef<'a, f64>,
    validation: Option<MatRef<'a, f64>>,
    options: &'a TrainOptions,
    params: Vec<f64>,
    average: Vec<f64>,
    grad: Vec<f64>,
    adam: Adam,
    sum: GradientSum,
    best: Best,
    /// What was the best before `best`, without validation.
    previous: Best,
    records: Vec<EpochRecord>,
    start: Instant,
}

impl<'a> Run<'a> {
    fn new(
        flow: &Flow,
        x: MatRef<'a, f64>,
        validation: Option<MatRef<'a, f64>>,
        options: &'a TrainOptions,
    ) -> Self {
        let derived = Derived::new(flow.dim(), flow.layers(), flow.params());
        let params = flow.params().to_vec();
        Self {
            flow: flow.clone(),
            sum: GradientSum::new(&derived),
            derived,
            x,
            validation,
            options,
            average: params.clone(),
            grad: vec![0.0; params.len()],
            adam: Adam::new(params.len()),
            best: Best { params: params.clone(), epoch: 0, score: f64::INFINITY },
            previous: Best { params: params.clone(), epoch: 0, score: f64::INFINITY },
            params,
            records: Vec::new(),
            start: Instant::now(),
        }
    }

    fn epochs(&mut self, observer: Observer<'_>) -> Result<StopReason, TrainError> {
        let start_nll = self.mean_nll(self.x);
        self.finish_epoch(0, start_nll, self.options.learning_rate)?;
        if observer(&self.records[0]).is_break() {
            return Ok(StopReason::Cancelled);
        }
        let mut order: Vec<u32> = (0..self.x.nrows() as u32).collect();
        for epoch in 1..=self.options.epochs {
            let (nll, rate) = self.epoch(epoch, &mut order)?;
            self.finish_epoch(epoch, nll, rate)?;
            if observer(&self.records[epoch]).is_break() {
                return Ok(StopReason::Cancelled);
            }
            if let (Some(patience), Some(_)) = (self.options.patience, self.validation)
                && epoch - self.best.epoch >= patience
            {
                return Ok(StopReason::NoImprovement);
            }
        }
        Ok(StopReason::Finished)
    }

    /// One pass over the rows: (mean loss, the last rate).
    fn epoch(&mut self, epoch: usize, order: &mut [u32]) -> Result<(f64, f64), TrainError> {
        let options = self.options;
        let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
        rng.set_stream(epoch as u64);
        order.shuffle(&mut rng);

        let steps = order.len().div_ceil(options.batch_size);
        let decay = options.average_epochs.map(|epochs| (-1.0 / (epochs * steps as f64)).exp());
        let mut total = 0.0;
        let mut rate = 0.0;
        for (step, batch) in order.chunks(options.batch_size).enumerate() {
            let done = ((epoch - 1) * steps + step) as f64 / (options.epochs * steps) as f64;
            rate = options.learning_rate * options.schedule.factor(done);
            let row = |i: usize| batch[i] as usize;
            let nll = self.sum.nll(&self.derived, self.x, batch.len(), row);
            self.sum.finish(&mut self.derived, self.flow.layers(), batch.len(), &mut self.grad);
            self.add_prior();
            let norm = norm(&self.grad);
            if !nll.is_finite() || !norm.is_finite() {
                let loss = if nll.is_finite() { norm } else { nll };
                return Err(TrainError::Diverged { epoch, loss });
            }
            if let Some(clip) = options.clip_norm
                && norm > clip
            {
                self.grad.iter_mut().for_each(|g| *g *= clip / norm);
            }
            self.adam.step(rate, &self.grad, &mut self.params);
            if !self.params.iter().all(|p| p.is_finite()) {
                return Err(TrainError::Diverged { epoch, loss: f64::NAN });
            }
            self.derived.update(self.flow.layers(), &self.params);
            if let Some(decay) = decay {
                for (a, p) in self.average.iter_mut().zip(&self.params) {
                    *a += (1.0 - decay) * (p - *a);
                }
            }
            total += nll * batch.len() as f64;
        }
        Ok((total / order.len() as f64, rate))
    }

    /// Adds the prior's part to the gradient: λ/n θ/(1 + θ²/c²) for the marginal layers.
    fn add_prior(&mut self) {
        let pull = self.options.prior / self.x.nrows() as f64;
        if pull > 0.0 {
            let layers = self.flow.layers();
            for (layer, own) in layers.iter().zip(segments(self.flow.dim(), layers)) {
                if let LayerSpec::Marginal { .. } = layer {
                    let grad = &mut self.grad[own.clone()];
                    grad.iter_mut().zip(&self.params[own]).for_each(|(g, p)| {
                        *g += pull * p / (1.0 + (p / PRIOR_TAIL).powi(2));
                    });
                }
            }
        }
    }

    /// Scores the epoch's parameters, keeps them if they are the best, and records the epoch.
    fn finish_epoch(&mut self, epoch: usize, nll: f64, rate: f64) -> Result<(), TrainError> {
        let averaged = self.options.average_epochs.is_some();
        let validation_nll = if let Some(validation) = self.validation {
            let mut score = self.mean_nll(validation);
            let mut params = &self.params;
            if averaged && epoch > 0 {
                self.derived.update(self.flow.layers(), &self.average);
                let other = self.mean_nll(validation);
                self.derived.update(self.flow.layers(), &self.params);
                if other < score {
                    (score, params) = (other, &self.average);
                }
            }
            if score < self.best.score && self.is_valid(params) || epoch == 0 {
                self.best.params.copy_from_slice(params);
                (self.best.epoch, self.best.score) = (epoch, score);
            }
            Some(score)
        } else {
            let params = if averaged { &self.average } else { &self.params };
            if !self.is_valid(params) {
                return Err(TrainError::Diverged { epoch, loss: f64::NAN });
            }
            if nll.is_finite() {
                std::mem::swap(&mut self.previous, &mut self.best);
                self.best.params.copy_from_slice(params);
                self.best.epoch = epoch;
            }
            None
        };
        self.records.push(EpochRecord {
            epoch,
            train_nll: nll,
            validation_nll,
            learning_rate: rate,
            seconds: self.start.elapsed().as_secs_f64(),
        });
        let loss = validation_nll.filter(|l| !l.is_finite()).unwrap_or(nll);
        if loss.is_finite() { Ok(()) } else { Err(TrainError::Diverged { epoch, loss }) }
    }

    /// Whether a flow may have these parameters: a wild step can take them out of range.
    fn is_valid(&self, params: &[f64]) -> bool {
        validate(self.flow.dim(), self.flow.layers(), params).is_ok()
    }

    /// Without validation rows nobody has looked at the loss of the last parameters yet: goes back
    /// to the ones before, or to the start, until it is finite. Returns the error to report if
    /// the last ones are lost.
    fn settle(&mut self, start: &[f64]) -> Option<TrainError> {
        if self.validation.is_some() || self.best.epoch == 0 {
            return None;
        }
        self.derived.update(self.flow.layers(), &self.best.params);
        let loss = self.mean_nll(self.x);
        if loss.is_finite() {
            return None;
        }
        let error = TrainError::Diverged { epoch: self.best.epoch, loss };
        std::mem::swap(&mut self.previous, &mut self.best);
        self.derived.update(self.flow.layers(), &self.best.params);
        if !self.mean_nll(self.x).is_finite() {
            self.best.params.copy_from_slice(start);
            self.best.epoch = 0;
        }
        Some(error)
    }

    /// -1/n Σ log p at the bound parameters.
    fn mean_nll(&self, x: MatRef<'_, f64>) -> f64 {
        -rows::log_prob(&self.derived, x).iter().sum::<f64>() / x.nrows() as f64
    }
}
