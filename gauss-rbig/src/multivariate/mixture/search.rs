//! How many components, by rows held out.
//!
//! K goes through [`GRID`] while K (d + 1)(d + 2)/2, which is its number of parameters, is below half the
//! number of rows. Every [`EVERY`] iterations the validation rows score the mixture by their mean ln p;
//! both K and the iteration of the best score are taken. A run ends where EM has converged or
//! [`LOOKS`] looks in turn gain nothing, the grid where [`PATIENCE`] sizes in turn do not.
//!
//! At most [`SEARCH_ROWS`](crate::sampling::SEARCH_ROWS) rows are learnt from, and at most as many judge.
//!
//! **The second fit** goes on from the chosen mixture on all rows, validation rows included: as many
//! iterations as led to it, or until EM converges. Were it to begin anew, it might end in another
//! optimum than the one that was validated. That early stopping is outdone by going on was measured
//! not to matter: against ten iterations, as many as before were better by 0.002 nats (rows on a
//! checkerboard, 64 components), equal elsewhere, and never worse by more than 0.0005.

use super::Mixture;
use super::frame::Frame;
use super::packed::Packed;
use super::run::{Options, Run, TOLERANCE, Watch};
use crate::Error;
use crate::linear::moments::Moments;
use crate::sampling::few;
use gauss_flow::rows::Counted;
use gauss_flow::{OwnedRows, Rows};
use serde::{Deserialize, Serialize};

/// Numbers of components, each half as many again or twice the one before.
const GRID: [usize; 11] = [1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64];
/// Sizes in turn that gain nothing, after which no larger one is tried: one may be a bad start.
const PATIENCE: usize = 2;
/// Iterations between two looks at the validation rows.
const EVERY: usize = 5;
/// Looks in turn that gain nothing, after which a run ends: EM may stand still for a while.
const LOOKS: usize = 4;

/// One number of components, and how it did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// K, as begun: some may have died out.
    pub components: usize,
    /// The best mean log-density of the validation rows, in nats.
    pub score: f64,
    /// The iterations after which it was reached, the burn-in included.
    pub iterations: usize,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The mixture of the best score.
    pub mixture: Mixture,
    /// Mean ln p of the validation rows, in nats, by their weights.
    pub score: f64,
    /// EM's iterations that led to it, the burn-in included; 0 for one component, which takes none.
    pub iterations: usize,
    /// What was tried, in order.
    pub trials: Vec<Trial>,
    /// Whether the watch ended the search.
    pub ended: bool,
    options: Options,
}

/// The mixture of rows x that the validation rows prefer, both by their weights if they have any.
/// rounding `[d]`: the standard deviation of each column's rounding error, in its units; 0 for none.
/// watch is asked before every iteration, and ends the search with the best so far.
///
/// ```
/// use gauss_rbig::multivariate::mixture::{Options, search};
/// use std::ops::ControlFlow;
/// // Two clusters on the line, at -5 and 5.
/// let x = faer::Mat::from_fn(500, 1, |i, _| {
///     (if i % 2 == 0 { -5.0 } else { 5.0 }) + (i as f64 * 0.7).sin()
/// });
/// let rows = gauss_flow::Rows::from(&x);
/// let (train, validation) = (rows.subrows(0, 400), rows.subrows(400, 100));
/// # use gauss_rbig::gauss_flow;
/// let mut watch = || ControlFlow::Continue(());
/// let found = search(train, validation, &[0.0], &Options::default(), &mut watch)?;
/// assert!(found.trials[0].score < found.score);
/// let mixture = found.refit(rows, &[0.0], &mut watch)?;
/// assert!(mixture.len() >= 2);
/// # Ok::<(), gauss_rbig::Error>(())
/// ```
///
/// # Errors
/// [`Error::NoDimensions`], [`Error::Rows`], [`Error::NonFinite`], [`Error::Columns`] of either rows
/// or of rounding errors; [`Error::NoVolume`] where a column of x is constant or follows from those
/// before it; [`Error::Option`] for no components or more than rows, or a prior or rounding error that is no
/// number from 0 up.
pub fn search<'a, 'b>(
    x: impl Into<Rows<'a>>,
    validation: impl Into<Rows<'b>>,
    rounding: &[f64],
    options: &Options,
    watch: Watch<'_>,
) -> Result<Found, Error> {
    crate::marginal::em::check_components(options.components.unwrap_or(options.most))?;
    let (x, validation) = (x.into(), validation.into());
    if let Some(k) = options.components.filter(|k| *k > x.nrows()) {
        let (name, requirement) = ("components", "at most one for each row");
        return Err(Error::Option { name, requirement, value: k as f64 });
    }
    x.check(x.ncols())?;
    validation.check(x.ncols())?;
    let some = [x, validation].map(|rows| few(rows, options.seed));
    let of = |i: usize, all| Counted::of(some[i].as_ref().map_or(all, OwnedRows::rows));
    let (x, validation) = (of(0, x), of(1, validation));
    let frame = Frame::of(&Moments::of(x.rows()), rounding, options.prior_rows)?;
    let [rows, validation] =
        [&x, &validation].map(|rows| Packed::of(rows.rows(), &frame.centre, &frame.scale));
    let run = Run { rows: &rows, frame: &frame, options };
    Search { run, validation: &validation, ended: false }.through_grid(watch)
}

/// A search on its way.
struct Search<'a> {
    run: Run<'a>,
    validation: &'a Packed,
    ended: bool,
}

impl Search<'_> {
    fn through_grid(mut self, watch: Watch<'_>) -> Result<Found, Error> {
        // One component takes no iteration: whatever the watch says, there is a mixture.
        let (one, first, _) = self.grow(1, None, watch);
        let (mut best, mut fewer) = ((one.clone(), first.clone()), one);
        let mut trials = vec![first];
        let mut in_vain = 0;
        let dim = self.run.frame.dim();
        let room = |k: usize| {
            let params = k * (dim + 1) * (dim + 2) / 2;
            (params as f64) < 0.5 * self.run.rows.total()
        };
        let &Options { most, components: asked, .. } = self.run.options;
        let grid = GRID.into_iter().skip(1).take_while(|k| *k <= most && room(*k));
        let grid = asked.map_or_else(|| grid.collect(), |k| vec![k]);
        for k in grid.into_iter().filter(|k| *k > 1) {
            if self.ended || in_vain == PATIENCE || watch().is_break() {
                self.ended |= in_vain < PATIENCE;
                break;
            }
            let (mixture, trial, last) = self.grow(k, Some(&fewer), watch);
            fewer = last;
            trials.push(trial.clone());
            if trial.score > best.1.score || asked.is_some() {
                (best, in_vain) = ((mixture, trial), 0);
            } else {
                in_vain += 1;
            }
        }
        let (mixture, Trial { score, iterations, .. }) = best;
        if !score.is_finite() {
            // Validation rows beyond the range of ln p judge nothing.
            return Err(Error::Option {
                name: "the validation rows' mean log-density",
                requirement: "finite",
                value: score,
            });
        }
        let (mixture, options) = (self.run.frame.outward(mixture), self.run.options.clone());
        Ok(Found { mixture, score, iterations, trials, ended: self.ended, options })
    }

    /// k components: the best mixture by the validation rows and how it did, and the last one.
    fn grow(
        &mut self,
        k: usize,
        fewer: Option<&Mixture>,
        watch: Watch<'_>,
    ) -> (Mixture, Trial, Mixture) {
        let mut mixture = self.run.begin(k, fewer, watch);
        let burn_in = if k == 1 { 0 } else { self.run.options.burn_in };
        let mut trial = Trial { components: k, score: self.score(&mixture), iterations: burn_in };
        let mut best = mixture.clone();
        let (mut looks, mut before) = (0, f64::NEG_INFINITY);
        let iterations = if k == 1 { 0 } else { self.run.options.max_iterations };
        for i in 1..=iterations {
            if watch().is_break() {
                self.ended = true;
                break;
            }
            let (next, objective) = self.run.step(&mixture);
            let converged = objective - before < TOLERANCE;
            (mixture, before) = (next, objective);
            if i % EVERY != 0 && !converged {
                continue;
            }
            let score = self.score(&mixture);
            looks += 1;
            if score > trial.score {
                (trial.score, trial.iterations, looks) = (score, burn_in + i, 0);
                best.clone_from(&mixture);
            }
            if converged || looks == LOOKS {
                break;
            }
        }
        (best, trial, mixture)
    }

    /// Mean ln p of the validation rows, in nats of rows in their own units.
    fn score(&self, mixture: &Mixture) -> f64 {
        let sum = self.validation.log_prob(&mixture.normals());
        sum / self.validation.total() - self.run.frame.log_det()
    }
}

impl Found {
    /// The mixture, fitted further on rows x `[n, d]`: all of them, those that judged included.
    ///
    /// # Errors
    /// As [`search`], of x.
    pub fn refit<'a>(
        self,
        x: impl Into<Rows<'a>>,
        rounding: &[f64],
        watch: Watch<'_>,
    ) -> Result<Mixture, Error> {
        let x = x.into();
        x.check(self.mixture.dim())?;
        let counted = Counted::of(x);
        let x = counted.rows();
        let frame = Frame::of(&Moments::of(x), rounding, self.options.prior_rows)?;
        let rows = Packed::of(x, &frame.centre, &frame.scale);
        let run = Run { rows: &rows, frame: &frame, options: &self.options };
        // One component is at its optimum after one iteration.
        let start = frame.inward(&self.mixture);
        Ok(frame.outward(run.iterate(start, self.iterations.max(1), watch).0))
    }
}
