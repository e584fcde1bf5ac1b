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

pub use history::History;
pub use options::{Schedule, TrainOptions};

use crate::adam::{Adam, norm};
use crate::blocks;
use crate::bound::Derived;
use crate::error::Error;
use crate::flow::Flow;
use crate::gradient::{GradientSum, Noise};
use crate::layer::{LayerSpec, segments, validate};
use crate::rows::Rows;
use crate::stream::{Purpose, stream};
use crate::watch::{EpochRecord, Event, StopReason, Watch};
use faer::MatRef;
use prior::add_prior;
use rand::seq::SliceRandom;
use std::time::Instant;

/// Trains all trainable parameters of `flow` together on the rows of `x`.
///
/// `watch` hears of each step and each epoch, the start included, and may end the run; one ended
/// within an epoch keeps what the epochs before it found. Without validation rows the last
/// parameters are kept (the averaged ones, if there is an average) whose loss is finite.
///
/// # Errors
/// [`Error::Diverged`] with the best parameters so far in `flow`; all others before anything is
/// done.
pub fn train<'a>(
    flow: &mut Flow,
    x: impl Into<Rows<'a>>,
    validation: Option<Rows<'a>>,
    options: &TrainOptions,
    watch: &mut dyn Watch,
) -> Result<History, Error> {
    let x = x.into();
    options.validate(flow.dim())?;
    x.check(flow.dim())?;
    if let Some(validation) = validation {
        validation.check(flow.dim())?;
    }
    let mut run = Run::new(flow, x.x(), validation.map(|v| v.x()), options);
    // Inside one of rayon's own threads the many small steps start without a hand-over.
    let result = rayon::scope(|_| run.epochs(watch));
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

    fn epochs(&mut self, watch: &mut dyn Watch) -> Result<StopReason, Error> {
        let start_nll = self.mean_nll(self.x);
        self.finish_epoch(0, start_nll, self.options.learning_rate)?;
        if watch.hear(&self.last_epoch()).is_break() {
            return Ok(StopReason::Cancelled);
        }
        let mut order: Vec<u32> = (0..self.x.nrows() as u32).collect();
        for epoch in 1..=self.options.epochs {
            let Some((nll, rate)) = self.epoch(epoch, &mut order, watch)? else {
                return Ok(StopReason::Cancelled);
            };
            self.finish_epoch(epoch, nll, rate)?;
            if watch.hear(&self.last_epoch()).is_break() {
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

    fn last_epoch(&self) -> Event<'_> {
        let record = &self.records[self.records.len() - 1];
        Event::Epoch { record, epochs: self.options.epochs }
    }

    /// One pass over the rows: (mean loss, the last rate); `None` if the observer ended it.
    fn epoch(
        &mut self,
        epoch: usize,
        order: &mut [u32],
        watch: &mut dyn Watch,
    ) -> Result<Option<(f64, f64)>, Error> {
        let options = self.options;
        order.shuffle(&mut stream(options.seed, Purpose::Order { epoch: epoch as u64 }));

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
                return Err(Error::Diverged { epoch, loss });
            }
            if let Some(clip) = options.clip_norm
                && length > clip
            {
                self.grad.iter_mut().for_each(|g| *g *= clip / length);
            }
            self.adam.step(rate, &self.grad, &mut self.params);
            if !norm(&self.params).is_finite() {
                return Err(Error::Diverged { epoch, loss: f64::NAN });
            }
            self.derived.update(self.flow.layers(), &self.params);
            if let Some(decay) = decay {
                for (a, p) in self.average.iter_mut().zip(&self.params) {
                    *a += (1.0 - decay) * (p - *a);
                }
            }
            total += nll * batch.len() as f64;
            if watch.hear(&Event::Step { step: step + 1, steps }).is_break() {
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
    fn finish_epoch(&mut self, epoch: usize, nll: f64, rate: f64) -> Result<(), Error> {
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
                return Err(Error::Diverged { epoch, loss: f64::NAN });
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
        if loss.is_finite() { Ok(()) } else { Err(Error::Diverged { epoch, loss }) }
    }

    /// Whether a flow may have these parameters: a wild step can take them out of range.
    fn is_valid(&self, params: &[f64]) -> bool {
        validate(self.flow.dim(), self.flow.layers(), params).is_ok()
    }

    /// Without validation rows nobody has looked at the loss of the last parameters yet: goes back
    /// to the ones before, or to the start, until it is finite. Returns the error to report if
    /// the last ones are lost.
    fn settle(&mut self, start: &[f64]) -> Option<Error> {
        if self.validation.is_some() || self.best.epoch == 0 {
            return None;
        }
        self.derived.update(self.flow.layers(), &self.best.params);
        let loss = self.mean_nll(self.x);
        if loss.is_finite() {
            return None;
        }
        let error = Error::Diverged { epoch: self.best.epoch, loss };
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
