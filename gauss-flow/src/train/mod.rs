//! Joint training: minibatch Adam on the exact mean negative log-likelihood.
//!
//! An epoch visits every row once, in an order drawn from (seed, epoch). The starting point
//! counts as epoch 0. With validation rows the parameters that did best on them are the ones
//! kept, so a fit never ends below its own start there; with an average, the exponential moving
//! average of the parameters (Polyak & Juditsky, 1992) is tried beside the raw ones and the better
//! of the two kept. The result does not depend on the number of threads.

mod adam;
mod history;
mod options;
mod prior;
mod trainer;

pub use adam::Adam;
pub use history::History;
pub use options::{Schedule, TrainOptions};
pub use trainer::{Plan, Trainer};

use crate::blocks;
use crate::error::Error;
use crate::flow::Flow;
use crate::gradient::{GradientSum, Noise};
use crate::rows::Rows;
use crate::stream::{Purpose, stream};
use crate::sums::Sums;
use crate::watch::{EpochRecord, Event, StopReason, Watch};
use rand::seq::SliceRandom;
use std::time::Instant;
use trainer::Best;

/// Trains all trainable parameters of `flow` together on the rows of `x`.
///
/// `watch` hears of each step and each epoch, the start included, and may end the run; one ended
/// within an epoch keeps what the epochs before it found. Without validation rows the last
/// parameters are kept (the averaged ones, if there is an average) whose loss is finite. Rows of
/// weight 0 are passed over.
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
    x.check(flow.columns())?;
    if let Some(validation) = validation {
        validation.check(flow.columns())?;
    }
    let mut run = Run::new(flow, x, validation, options)?;
    // Inside one of rayon's own threads the many small steps start without a hand-over.
    let result = rayon::scope(|_| run.epochs(watch));
    let lost = run.settle(flow);
    *flow = run.trainer.best();
    let best_epoch = run.trainer.state.best.step / run.steps;
    let stopped = result?;
    if let Some(error) = lost {
        return Err(error);
    }
    Ok(History { epochs: run.records, best_epoch, stopped })
}

/// A training by the rows of a matrix.
struct Run<'a> {
    trainer: Trainer,
    x: Rows<'a>,
    /// The rows that count, in the order of the epoch.
    order: Vec<u32>,
    validation: Option<Rows<'a>>,
    options: &'a TrainOptions,
    /// Steps of an epoch.
    steps: usize,
    sum: GradientSum,
    sums: Sums,
    /// What was the best before the best, without validation.
    previous: Option<Best>,
    records: Vec<EpochRecord>,
    start: Instant,
}

impl<'a> Run<'a> {
    fn new(
        flow: &Flow,
        x: Rows<'a>,
        validation: Option<Rows<'a>>,
        options: &'a TrainOptions,
    ) -> Result<Self, Error> {
        let order: Vec<u32> =
            (0..x.nrows()).filter(|i| x.weight(*i) > 0.0).map(|i| i as u32).collect();
        let steps = order.len().div_ceil(options.batch_size);
        let mean_weight = if x.weights().is_some() { x.total() / order.len() as f64 } else { 1.0 };
        let plan = Plan { rows: x.effective(), mean_weight, steps_per_epoch: steps };
        let trainer = Trainer::new(flow.clone(), options, plan)?;
        Ok(Self {
            sum: GradientSum::new(&trainer.derived),
            sums: Sums::none(flow.n_params()),
            trainer,
            x,
            order,
            validation,
            options,
            steps,
            previous: None,
            records: Vec::new(),
            start: Instant::now(),
        })
    }

    fn epochs(&mut self, watch: &mut dyn Watch) -> Result<StopReason, Error> {
        let start_nll = blocks::loss(&self.trainer.derived, self.x).mean_nll();
        self.finish_epoch(0, start_nll, self.options.learning_rate)?;
        if watch.hear(&self.last_epoch()).is_break() {
            return Ok(StopReason::Cancelled);
        }
        for epoch in 1..=self.options.epochs {
            let Some((nll, rate)) = self.epoch(epoch, watch)? else {
                return Ok(StopReason::Cancelled);
            };
            self.finish_epoch(epoch, nll, rate)?;
            if watch.hear(&self.last_epoch()).is_break() {
                return Ok(StopReason::Cancelled);
            }
            if let (Some(patience), Some(_)) = (self.options.patience, self.validation)
                && epoch - self.trainer.state.best.step / self.steps >= patience
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

    /// One pass over the rows: (mean loss, the last rate); `None` if the watch ended it.
    fn epoch(&mut self, epoch: usize, watch: &mut dyn Watch) -> Result<Option<(f64, f64)>, Error> {
        let options = self.options;
        self.order.shuffle(&mut stream(options.seed, Purpose::Order { epoch: epoch as u64 }));
        let mut total = 0.0;
        let mut rate = 0.0;
        for (step, batch) in self.order.chunks(options.batch_size).enumerate() {
            let noise = options.noise.as_deref().map(|sigmas| Noise {
                sigmas,
                seed: options.seed,
                step: self.trainer.steps() as u64,
            });
            self.sum.sums(&self.trainer.derived, self.x, Some(batch), noise, &mut self.sums);
            rate = self.trainer.step(&self.sums)?;
            total += self.trainer.mean(&self.sums.loss) * batch.len() as f64;
            if watch.hear(&Event::Step { step: step + 1, steps: self.steps }).is_break() {
                return Ok(None);
            }
        }
        Ok(Some((total / self.order.len() as f64, rate)))
    }

    /// Scores the epoch's parameters, keeps them if they are the best, and records the epoch.
    fn finish_epoch(&mut self, epoch: usize, nll: f64, rate: f64) -> Result<(), Error> {
        let validation = self.validation.filter(|_| self.options.validates(epoch));
        let validation_nll = if let Some(validation) = validation {
            let own = blocks::loss(&self.trainer.derived, validation);
            let averaged = self.trainer.with_average(|average| blocks::loss(average, validation));
            Some(self.trainer.validate(&own, averaged.as_ref()))
        } else if self.validation.is_some() {
            None // not this time
        } else {
            let averaged = self.options.average_epochs.is_some();
            if !self.trainer.is_valid(averaged) {
                return Err(Error::Diverged { epoch, loss: f64::NAN });
            }
            if nll.is_finite() {
                self.previous = Some(self.trainer.state.best.clone());
                self.trainer.keep(averaged, f64::INFINITY);
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

    /// Without validation rows nobody has looked at the loss of the last parameters yet: goes back
    /// to the ones before, or to the start, until it is finite. Returns the error to report if
    /// the last ones are lost.
    fn settle(&mut self, start: &Flow) -> Option<Error> {
        if self.validation.is_some() || self.trainer.state.best.step == 0 {
            return None;
        }
        let x = self.x;
        let loss_of_best = |trainer: &mut Trainer| {
            trainer.with_best(|best| blocks::loss(best, x).mean_nll()).unwrap_or(f64::NAN)
        };
        let loss = loss_of_best(&mut self.trainer);
        if loss.is_finite() {
            return None;
        }
        let epoch = self.trainer.state.best.step / self.steps;
        if let Some(previous) = self.previous.take() {
            self.trainer.state.best = previous;
        }
        if !loss_of_best(&mut self.trainer).is_finite() {
            self.trainer.state.best.params.copy_from_slice(start.params());
            self.trainer.state.best.step = 0;
        }
        Some(Error::Diverged { epoch, loss })
    }
}
