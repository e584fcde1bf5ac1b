//! Joint training: minibatch Adam on the exact mean negative log-likelihood.
//!
//! An epoch visits every row once, in an order drawn from (seed, epoch). The starting point
//! counts as epoch 0. With validation rows the parameters that did best on them are the ones
//! kept, so a fit never ends below its own start there; with an average, the exponential moving
//! average of the parameters (Polyak & Juditsky, 1992) is tried beside the raw ones and the better
//! of the two kept. The result does not depend on the number of threads.

mod history;
mod options;
mod prior;

pub use history::{EpochRecord, History, StopReason};
pub use options::{Schedule, TrainOptions};

use crate::adam::{Adam, norm};
use crate::blocks;
use crate::bound::Derived;
use crate::error::Error;
use crate::flow::Flow;
use crate::gradient::{GradientSum, Noise};
use crate::layer::{LayerSpec, segments, validate};
use faer::MatRef;
use prior::add_prior;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::ops::ControlFlow;
use std::time::Instant;
use thiserror::Error as ThisError;

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

/// A run as it happens.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A step is done; said often, so that a run on many rows can be ended within an epoch.
    Step {
        /// Of this epoch, counted from 1.
        step: usize,
        /// In an epoch.
        steps: usize,
    },
    /// An epoch is done, or the start was looked at.
    Epoch(&'a EpochRecord),
}

/// What is told of each step and each epoch; it may end the run.
pub type StepObserver<'a> = &'a mut (dyn FnMut(Event<'_>) -> ControlFlow<()> + Send);

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
    train_by_steps(flow, x, validation, options, &mut |event| match event {
        Event::Epoch(record) => observer(record),
        Event::Step { .. } => ControlFlow::Continue(()),
    })
}

/// [`train`] for an observer that hears of every step, too. A run ended within an epoch keeps
/// what the epochs before it found.
///
/// # Errors
/// As [`train`].
pub fn train_by_steps(
    flow: &mut Flow,
    x: MatRef<'_, f64>,
    validation: Option<MatRef<'_, f64>>,
    options: &TrainOptions,
    observer: StepObserver<'_>,
) -> Result<History, TrainError> {
    options.validate(flow.dim())?;
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

    fn epochs(&mut self, observer: StepObserver<'_>) -> Result<StopReason, TrainError> {
        let start_nll = self.mean_nll(self.x);
        self.finish_epoch(0, start_nll, self.options.learning_rate)?;
        if observer(Event::Epoch(&self.records[0])).is_break() {
            return Ok(StopReason::Cancelled);
        }
        let mut order: Vec<u32> = (0..self.x.nrows() as u32).collect();
        for epoch in 1..=self.options.epochs {
            let Some((nll, rate)) = self.epoch(epoch, &mut order, observer)? else {
                return Ok(StopReason::Cancelled);
            };
            self.finish_epoch(epoch, nll, rate)?;
            if observer(Event::Epoch(&self.records[epoch])).is_break() {
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

    /// One pass over the rows: (mean loss, the last rate); `None` if the observer ended it.
    fn epoch(
        &mut self,
        epoch: usize,
        order: &mut [u32],
        observer: StepObserver<'_>,
    ) -> Result<Option<(f64, f64)>, TrainError> {
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
            let noise = options.noise.as_deref().map(|sigmas| Noise {
                sigmas,
                seed: options.seed,
                step: ((epoch - 1) * steps + step) as u64,
            });
            let nll = self.sum.nll(&self.derived, self.x, batch.len(), row, noise);
            self.sum.finish(&mut self.derived, self.flow.layers(), batch.len(), &mut self.grad);
            self.add_prior();
            let length = norm(&self.grad);
            if !nll.is_finite() || !length.is_finite() {
                let loss = if nll.is_finite() { length } else { nll };
                return Err(TrainError::Diverged { epoch, loss });
            }
            if let Some(clip) = options.clip_norm
                && length > clip
            {
                self.grad.iter_mut().for_each(|g| *g *= clip / length);
            }
            self.adam.step(rate, &self.grad, &mut self.params);
            if !norm(&self.params).is_finite() {
                return Err(TrainError::Diverged { epoch, loss: f64::NAN });
            }
            self.derived.update(self.flow.layers(), &self.params);
            if let Some(decay) = decay {
                for (a, p) in self.average.iter_mut().zip(&self.params) {
                    *a += (1.0 - decay) * (p - *a);
                }
            }
            total += nll * batch.len() as f64;
            if observer(Event::Step { step: step + 1, steps }).is_break() {
                return Ok(None);
            }
        }
        Ok(Some((total / order.len() as f64, rate)))
    }

    /// Adds the prior's part to the gradient: λ/n θ/(1 + θ²/c²) for the marginal layers.
    fn add_prior(&mut self) {
        let pull = self.options.prior / self.x.nrows() as f64;
        if pull > 0.0 {
            let layers = self.flow.layers();
            for (layer, own) in layers.iter().zip(segments(self.flow.dim(), layers)) {
                if let LayerSpec::Marginal { .. } = layer {
                    add_prior(pull, &self.params[own.clone()], &mut self.grad[own]);
                }
            }
        }
    }

    /// Scores the epoch's parameters, keeps them if they are the best, and records the epoch.
    fn finish_epoch(&mut self, epoch: usize, nll: f64, rate: f64) -> Result<(), TrainError> {
        let averaged = self.options.average_epochs.is_some();
        let validation = self.validation.filter(|_| self.options.validates(epoch));
        let validation_nll = if let Some(validation) = validation {
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
        } else if self.validation.is_some() {
            None // not this time
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
        -blocks::log_prob(&self.derived, x).iter().sum::<f64>() / x.nrows() as f64
    }
}
