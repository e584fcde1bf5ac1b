//! The state of a training: parameters, optimiser, average, best; fed with sums, whoever made them.

use super::adam::Adam;
use super::options::TrainOptions;
use super::prior::add_prior;
use crate::bound::BoundFlow;
use crate::derived::Derived;
use crate::error::Error;
use crate::flow::Flow;
use crate::layer::{segments, sized, validate};
use crate::norm::norm;
use crate::rows::Rows;
use crate::sums::{Loss, Sums};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// How many rows there are, and how they come: what a step cannot see from its own rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The effective number of rows that the prior is held against; see [`Rows::effective`].
    pub rows: f64,
    /// The mean weight of a row: a step takes its own rows for a sample of all, so it is this, and
    /// not the sum of the few weights at hand, that turns their sum into a mean.
    pub mean_weight: f64,
    /// Steps in an epoch.
    pub steps_per_epoch: usize,
}

impl Plan {
    /// For these rows, each used once an epoch.
    #[must_use]
    pub fn of(x: Rows<'_>, options: &TrainOptions) -> Self {
        Self {
            rows: x.effective(),
            mean_weight: if x.weights().is_some() { x.total() / x.nrows() as f64 } else { 1.0 },
            steps_per_epoch: x.nrows().div_ceil(options.batch_size.max(1)).max(1),
        }
    }
}

/// A training that is fed with [`Sums`]: what [`train`](crate::train) does with the rows of a matrix,
/// for any other loop: blocks of a file, rows on several machines, layers held fast.
///
/// It can be stored at any moment (serde) and goes on to the same bits.
///
/// ```
/// use gauss_flow::{Flow, Plan, TrainOptions, Trainer};
/// use rand::SeedableRng;
/// let x = faer::Mat::from_fn(400, 2, |i, j| (i as f64 * [0.37, 0.61][j]).sin());
/// let flow = Flow::builder(2).standardize().rotation(2).marginal(3);
/// let flow = flow.build(x.as_ref(), &mut rand_chacha::ChaCha8Rng::seed_from_u64(1))?;
///
/// let options = TrainOptions { epochs: 20, batch_size: 400, ..TrainOptions::default() };
/// let mut trainer = Trainer::new(flow, &options, Plan::of((&x).into(), &options))?;
/// trainer.freeze(1..2); // the rotation stays
/// for _ in 0..20 {
///     let mut sums = trainer.bound().sums(x.as_ref().subrows(0, 200))?; // here
///     sums.merge(&trainer.bound().sums(x.as_ref().subrows(200, 200))?)?; // and elsewhere
///     trainer.step(&sums)?;
///     let loss = trainer.bound().loss(&x)?;
///     trainer.validate(&loss, None);
/// }
/// let better = trainer.best();
/// # assert!(better.loss_of(&x)? < 2.84);
/// # trait LossOf { fn loss_of(&self, x: &faer::Mat<f64>) -> Result<f64, gauss_flow::Error>; }
/// # impl LossOf for Flow { fn loss_of(&self, x: &faer::Mat<f64>) -> Result<f64, gauss_flow::Error> {
/// #     Ok(self.bind().loss(x)?.mean_nll()) } }
/// # Ok::<(), gauss_flow::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "State", into = "State")]
pub struct Trainer {
    pub(super) state: State,
    /// Of `state.params`.
    pub(super) derived: Derived,
    grad: Vec<f64>,
    parts: Vec<Part>,
}

/// Neighbouring parameters that move at one rate.
#[derive(Clone, Debug, PartialEq)]
struct Part {
    own: Range<usize>,
    /// Whether they are a network's.
    network: bool,
}

/// All parameters of a flow, in parts as long as can be.
fn parts(flow: &Flow) -> Vec<Part> {
    let mut parts = vec![Part { own: 0..0, network: false }];
    let mut push = |own: Range<usize>, network: bool| {
        let last = parts.len() - 1;
        if parts[last].network == network {
            parts[last].own.end = own.end;
        } else if !own.is_empty() {
            parts.push(Part { own, network });
        }
    };
    let layers = sized(flow.dim(), flow.layers());
    for ((layer, dim), own) in layers.zip(segments(flow.dim(), flow.layers())) {
        let network = layer.network(dim);
        let (start, end) = (own.start + network.start, own.start + network.end);
        push(own.start..start, false);
        push(start..end, true);
        push(end..own.end, false);
    }
    parts
}

/// All that is stored of a trainer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct State {
    /// The architecture, with the parameters at the start.
    start: Flow,
    pub options: TrainOptions,
    plan: Plan,
    /// Steps done.
    step: usize,
    params: Vec<f64>,
    average: Option<Vec<f64>>,
    adam: Adam,
    /// Where parameters stand that do not move.
    frozen: Vec<Range<usize>>,
    pub best: Best,
}

/// The parameters to keep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Best {
    pub params: Vec<f64>,
    /// After so many steps.
    pub step: usize,
    /// Mean negative log-likelihood of the validation rows; infinite before there is one.
    pub score: f64,
}

impl TryFrom<State> for Trainer {
    type Error = Error;

    fn try_from(state: State) -> Result<Self, Error> {
        let n = state.start.n_params();
        state.options.validate(state.start.dim())?;
        let lengths = [state.params.len(), state.best.params.len(), state.adam.len()];
        let average = state.average.as_ref().map_or(n, Vec::len);
        if let Some(&got) = lengths.iter().chain([&average]).find(|len| **len != n) {
            return Err(Error::Parameters { expected: n, got });
        }
        for params in [&state.params, &state.best.params] {
            validate(state.start.dim(), state.start.layers(), params)?;
        }
        if state.frozen.iter().any(|own| own.start > own.end || own.end > n) {
            return Err(Error::Parameters { expected: n, got: usize::MAX });
        }
        let derived = Derived::new(state.start.dim(), state.start.layers(), &state.params);
        Ok(Self { grad: vec![0.0; n], derived, parts: parts(&state.start), state })
    }
}

impl From<Trainer> for State {
    fn from(trainer: Trainer) -> Self {
        trainer.state
    }
}

impl Trainer {
    /// A training that begins with these parameters. What `options` say of rows (their order, the
    /// batches, the noise, how often to validate, patience) is the loop's to heed.
    ///
    /// # Errors
    /// [`Error::Option`].
    pub fn new(flow: Flow, options: &TrainOptions, plan: Plan) -> Result<Self, Error> {
        let params = flow.params().to_vec();
        let options = options.clone();
        let average = options.average_epochs.map(|_| params.clone());
        let adam = Adam::new(params.len());
        let best = Best { params: params.clone(), step: 0, score: f64::INFINITY };
        let frozen = Vec::new();
        State { start: flow, options, plan, step: 0, params, average, adam, frozen, best }
            .try_into()
    }

    /// Holds the numbers of these layers fast from now on, beside those that never move.
    ///
    /// # Panics
    /// When there is no such layer.
    pub fn freeze(&mut self, layers: Range<usize>) {
        let own: Vec<Range<usize>> =
            layers.map(|layer| self.state.start.layer_range(layer)).collect();
        self.state.frozen.extend(own);
    }

    /// The parameters as they are.
    #[must_use]
    pub fn params(&self) -> &[f64] {
        &self.state.params
    }

    /// The flow as it is, ready for sums.
    #[must_use]
    pub fn bound(&self) -> BoundFlow {
        BoundFlow::new(self.derived.clone())
    }

    /// The flow of the averaged parameters; `None` without [`TrainOptions::average_epochs`], or
    /// before the first step.
    #[must_use]
    pub fn averaged(&self) -> Option<BoundFlow> {
        let average = self.state.average.as_ref().filter(|_| self.state.step > 0)?;
        let start = &self.state.start;
        Some(BoundFlow::new(Derived::new(start.dim(), start.layers(), average)))
    }

    /// The flow to keep: the best that [`Trainer::validate`] has seen, the start before it has.
    #[must_use]
    pub fn best(&self) -> Flow {
        let mut flow = self.state.start.clone();
        // What became the best was valid.
        let _ = flow.set_params(self.state.best.params.clone());
        flow
    }

    /// Steps done.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.state.step
    }

    /// The epoch that the next step belongs to, from 1.
    fn epoch(&self) -> usize {
        self.state.step / self.state.plan.steps_per_epoch + 1
    }

    /// The mean of a step's loss, in nats per row.
    pub(super) fn mean(&self, loss: &Loss) -> f64 {
        loss.nll / (loss.rows as f64 * self.state.plan.mean_weight)
    }

    /// One step of Adam down the gradient of the mean loss and the prior, and the networks' decay;
    /// returns the rate.
    ///
    /// # Errors
    /// [`Error::Diverged`] where loss, gradient or parameters are no longer finite;
    /// [`Error::Parameters`] for sums of another flow. The best so far stays.
    ///
    /// # Panics
    /// When the sums are of no rows.
    pub fn step(&mut self, sums: &Sums) -> Result<f64, Error> {
        let (expected, got) = (self.grad.len(), sums.grad.len());
        if expected != got {
            return Err(Error::Parameters { expected, got });
        }
        assert!(sums.loss.rows > 0, "a step needs rows");
        let epoch = self.epoch();
        let nll = self.mean(&sums.loss);
        let scale = 1.0 / (sums.loss.rows as f64 * self.state.plan.mean_weight);
        self.grad.iter_mut().zip(&sums.grad).for_each(|(g, sum)| *g = sum * scale);
        self.add_prior();
        for own in &self.state.frozen {
            self.grad[own.clone()].fill(0.0);
        }
        let length = norm(&self.grad);
        if !nll.is_finite() || !length.is_finite() {
            let loss = if nll.is_finite() { length } else { nll };
            return Err(Error::Diverged { epoch, loss });
        }
        let State { options, plan, step, params, average, adam, frozen, .. } = &mut self.state;
        if let Some(clip) = options.clip_norm
            && length > clip
        {
            self.grad.iter_mut().for_each(|g| *g *= clip / length);
        }
        let done = *step as f64 / (options.epochs * plan.steps_per_epoch) as f64;
        let factor = options.schedule.factor(done.min(1.0));
        let rate = options.learning_rate * factor;
        let of_networks = options.network_rate.unwrap_or(options.learning_rate) * factor;
        let decay = 1.0 - of_networks * options.weight_decay;
        let is_frozen = |part: &Part| {
            frozen.iter().any(|own| own.start <= part.own.start && part.own.end <= own.end)
        };
        for part in self.parts.iter().filter(|part| decay < 1.0 && part.network) {
            if !is_frozen(part) {
                params[part.own.clone()].iter_mut().for_each(|p| *p *= decay);
            }
        }
        let rates = self
            .parts
            .iter()
            .map(|part| (part.own.clone(), if part.network { of_networks } else { rate }));
        adam.step_in_parts(rates, &self.grad, params);
        *step += 1;
        if !norm(params).is_finite() {
            return Err(Error::Diverged { epoch, loss: f64::NAN });
        }
        self.derived.update(params);
        if let (Some(average), Some(epochs)) = (average, options.average_epochs) {
            let decay = (-1.0 / (epochs * plan.steps_per_epoch as f64)).exp();
            for (a, p) in average.iter_mut().zip(params) {
                *a += (1.0 - decay) * (*p - *a);
            }
        }
        Ok(rate)
    }

    /// Adds the prior's part to the gradient: λ/n θ/(1 + θ²/c²).
    fn add_prior(&mut self) {
        let State { start, options, plan, params, .. } = &self.state;
        let pull = options.prior / plan.rows;
        if pull > 0.0 {
            let layers = sized(start.dim(), start.layers());
            for ((layer, dim), own) in layers.zip(segments(start.dim(), start.layers())) {
                let own = own.start..own.start + layer.n_prior(dim);
                add_prior(pull, &params[own.clone()], &mut self.grad[own]);
            }
        }
    }

    /// Takes the loss of the validation rows under [`Trainer::bound`] and, if there is one,
    /// [`Trainer::averaged`]; keeps the better of the two if it is the best so far. Returns the mean
    /// of the better, in nats per row.
    pub fn validate(&mut self, own: &Loss, averaged: Option<&Loss>) -> f64 {
        let (mut score, mut of_average) = (own.mean_nll(), false);
        if let Some(other) = averaged.map(Loss::mean_nll).filter(|other| *other < score) {
            (score, of_average) = (other, true);
        }
        if score < self.state.best.score && self.is_valid(of_average) || self.state.step == 0 {
            self.keep(of_average, score);
        }
        score
    }

    /// Whether a flow may have the present parameters: a wild step can take them out of range.
    pub(super) fn is_valid(&self, averaged: bool) -> bool {
        let start = &self.state.start;
        validate(start.dim(), start.layers(), self.present(averaged)).is_ok()
    }

    /// Keeps the present parameters, whatever they are worth.
    pub(super) fn keep(&mut self, averaged: bool, score: f64) {
        let mut params = std::mem::take(&mut self.state.best.params);
        params.copy_from_slice(self.present(averaged));
        self.state.best = Best { params, step: self.state.step, score };
    }

    /// The parameters, or their average where there is one.
    fn present(&self, averaged: bool) -> &[f64] {
        let average = self.state.average.as_ref().filter(|_| averaged);
        average.unwrap_or(&self.state.params)
    }

    /// What `f` says of the flow with other parameters; it then has its own again.
    pub(super) fn with<T>(
        &mut self,
        params: impl Fn(&State) -> Option<&[f64]>,
        f: impl FnOnce(&Derived) -> T,
    ) -> Option<T> {
        self.derived.update(params(&self.state)?);
        let answer = f(&self.derived);
        self.derived.update(&self.state.params);
        Some(answer)
    }

    /// What `f` says of the averaged parameters, if there are any.
    pub(super) fn with_average<T>(&mut self, f: impl FnOnce(&Derived) -> T) -> Option<T> {
        self.with(|state| state.average.as_deref().filter(|_| state.step > 0), f)
    }

    /// What `f` says of the best parameters.
    pub(super) fn with_best<T>(&mut self, f: impl FnOnce(&Derived) -> T) -> Option<T> {
        self.with(|state| Some(&state.best.params), f)
    }
}
