//! Expectation-maximisation for a mixture of normals in one dimension.
//!
//! **One iteration** (Dempster, Laird and Rubin 1977). From the responsibilities of
//! [`gauss_math::expectation`], in the units u of the column's spread,
//!
//! π_k = n_k/n,  μ_k = mean under r_k,  σ_k² = max(floor², (n_k v_k + a s₀²)/(n_k + a)),
//!
//! with n_k the component's share of the rows (by their weights, which are scaled to the sum
//! (Σw)²/Σw² first: that many rows are what the prior, the tolerance and a placement see) and v_k the variance under r_k. Neither the prior
//! nor the floor (see `scale.rs`) costs the property that makes EM safe: each iteration
//! maximises a minorant of the same objective, which therefore never decreases.
//!
//! **The prior** is an inverse gamma on σ_k²: each component behaves as if it had also seen
//! `prior_rows` = a observations at distance s₀ = 1/K spreads from its mean, the width its share
//! of the data would have if shares were equal (after Fraley and Raftery 2007, with a weaker
//! weight). It is worth a rows' evidence, so it moves no component that many rows support, and
//! it takes the reward from components that fit two or three neighbours.
//!
//! **Starts.** One start at the quantiles and `restarts` by k-means++ run a few iterations each;
//! the best objective goes on (Biernacki, Celeux and Govaert 2003). A component that has lost
//! its rows in that time is placed anew once, where the density of a row is least, and kept there
//! if the objective gains by it. In the long run nothing is moved by hand; components that die
//! there are dropped, and halves of the heaviest take their place, which leaves the density as
//! it is.
//!
//! **Points.** Above `binned_above` rows a histogram stands in for the rows
//! ([`crate::marginal::histogram`]): an iteration then costs the same for any n.

use crate::Error;
use crate::marginal::gmm::{EmFit, Gmm};
use crate::marginal::histogram::Histogram;
use crate::marginal::scale::Scale;
use crate::marginal::start;
use gauss_math::expectation::{Component, Points, Sums, Workspace, e_step};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// A component with less than this share of the rows is dead.
const DEAD: f64 = 1e-9;
/// Spread for a constant column, in units of x.
const CONSTANT_SIGMA: f64 = 1.0;

/// How EM runs. Options are plain data, here and in all of this crate: write the ones that matter and
/// `..EmOptions::default()`, for there may be more in a later version.
#[derive(Debug, Clone, PartialEq)]
pub struct EmOptions {
    /// The most iterations of the long run.
    pub max_iterations: usize,
    /// A run stops when an iteration raises the log-likelihood of all rows together by less than
    /// this, nats. The data can tell apart mixtures that differ by about one.
    pub tolerance: f64,
    /// Iterations of each start before the best is chosen.
    pub burn_in: usize,
    /// Starts by k-means++ besides the one at the quantiles.
    pub restarts: usize,
    /// Weight of the prior on the variances, in rows; 0 for maximum likelihood.
    pub prior_rows: f64,
    /// Rows above which a histogram replaces them; `None` for all rows always.
    pub binned_above: Option<usize>,
    /// Seed of the k-means++ starts.
    pub seed: u64,
}

impl Default for EmOptions {
    fn default() -> Self {
        Self {
            max_iterations: 200,
            tolerance: 0.05,
            burn_in: 10,
            restarts: 1,
            prior_rows: 1.0,
            binned_above: Some(2000),
            seed: 0,
        }
    }
}

impl EmOptions {
    /// Whether every option is in its range.
    ///
    /// # Errors
    /// [`Error::Option`].
    pub fn validate(&self) -> Result<(), Error> {
        let finite = |option, value: f64, expected| {
            if value >= 0.0 && value.is_finite() {
                Ok(())
            } else {
                Err(Error::Option { name: option, value, requirement: expected })
            }
        };
        finite("tolerance", self.tolerance, "finite and at least 0")?;
        finite("prior_rows", self.prior_rows, "finite and at least 0")
    }
}

/// Fits `components` normals to what a histogram has seen: rows that no machine need hold together.
/// The objective is that of [`crate::gmm::fit`] above [`EmOptions::binned_above`] rows; the start and
/// the least σ come from the histogram itself, and `binned_above` has no say.
///
/// # Errors
/// [`Error::Rows`] for an empty histogram, [`Error::Option`].
pub fn fit_histogram(
    histogram: &Histogram,
    components: usize,
    options: &EmOptions,
) -> Result<EmFit, Error> {
    options.validate()?;
    check_components(components)?;
    let column = Column::of_histogram(histogram).ok_or(Error::Rows { needed: 1, got: 0 })?;
    Ok(column.fit(components, options))
}

pub(crate) fn check_components(components: usize) -> Result<(), Error> {
    if components == 0 {
        return Err(Error::Option { name: "components", requirement: "at least 1", value: 0.0 });
    }
    Ok(())
}

/// A column made ready: its scale, and the rows or the histogram in units u.
#[derive(Debug)]
pub(crate) struct Column {
    pub scale: Scale,
    pub points: Points,
    /// The least σ, in units u.
    floor: f64,
}

impl Column {
    /// Of finite values `[n]`, at least one, and their weights `[n]`, all positive, whose sum is the
    /// effective sample size.
    pub fn new(x: &[f64], weights: Option<&[f64]>, options: &EmOptions) -> Self {
        let scale = Scale::of(x, weights);
        if scale.spread == 0.0 {
            return Self { scale, points: Points::new(vec![], vec![]), floor: 1.0 };
        }
        let weight = |i: usize| weights.map_or(1.0, |weights| weights[i]);
        let points = if options.binned_above.is_some_and(|limit| x.len() > limit) {
            let mut histogram = Histogram::about(scale.centre, scale.spread);
            x.iter().enumerate().for_each(|(i, &x)| histogram.add_value(x, weight(i)));
            let points = histogram.points();
            Points::new(points.u, points.weight)
        } else {
            let u = x.iter().map(|x| (x - scale.centre) / scale.spread).collect();
            Points::new(u, (0..x.len()).map(weight).collect())
        };
        let floor = scale.floor / scale.spread;
        Self { scale, points, floor }
    }

    /// What a histogram has seen; `None` of nothing.
    fn of_histogram(histogram: &Histogram) -> Option<Self> {
        let scale = Scale::of_histogram(histogram)?;
        let points = histogram.points();
        let counted = histogram.effective() / histogram.total();
        let weight = points.weight.iter().map(|w| w * counted).collect();
        let floor = scale.floor / scale.spread;
        Some(Self { scale, points: Points::new(points.u, weight), floor })
    }

    /// Fits k components, k >= 1.
    pub fn fit(&self, k: usize, options: &EmOptions) -> EmFit {
        let Scale { centre, spread, .. } = self.scale;
        if spread == 0.0 {
            let gmm = Gmm::standard(k).rescaled(centre, CONSTANT_SIGMA);
            let mean_log_prob = gmm.log_pdf(centre);
            return EmFit { gmm, mean_log_prob, trace: vec![mean_log_prob], converged: true };
        }
        let mut run = Run::new(self, k, options);
        let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
        let starts = if k == 1 { 0 } else { options.restarts };
        let (mut objective, mut gmm) = run.begin(start::quantile(k, &self.scale, self.floor));
        for _ in 0..starts {
            let seeded = start::plus_plus(k, &self.points, self.floor, &mut rng);
            let (other, candidate) = run.begin(seeded);
            if other > objective {
                (objective, gmm) = (other, candidate);
            }
        }
        let (trace, converged) = run.iterate(&mut gmm, options.max_iterations);
        let mean_log_prob = run.evaluate(&gmm).log_likelihood - spread.ln();
        let gmm = gmm.without_empty(DEAD).padded(k).rescaled(centre, spread);
        EmFit { gmm, mean_log_prob, trace, converged }
    }
}

/// One fit: points, prior, floor and buffers.
struct Run<'a> {
    column: &'a Column,
    options: &'a EmOptions,
    /// s₀², in units u².
    prior_variance: f64,
    components: Vec<Component>,
    work: Workspace,
}

/// Per row, nats, units u.
struct Value {
    log_likelihood: f64,
    objective: f64,
}

impl<'a> Run<'a> {
    fn new(column: &'a Column, k: usize, options: &'a EmOptions) -> Self {
        let width = 1.0 / k as f64;
        Self {
            column,
            options,
            prior_variance: width * width,
            components: Vec::with_capacity(k),
            work: Workspace::default(),
        }
    }

    /// A short run; a dead component gets one more chance.
    fn begin(&mut self, mut gmm: Gmm) -> (f64, Gmm) {
        self.iterate(&mut gmm, self.options.burn_in);
        let mut objective = self.evaluate(&gmm).objective;
        let one_row = 1.0 / self.column.points.total();
        if gmm.weights.iter().any(|&w| w < one_row) && gmm.len() > 1 {
            let mut other = gmm.clone();
            self.place_anew(&mut other, one_row);
            self.iterate(&mut other, self.options.burn_in);
            let with = self.evaluate(&other).objective;
            if with > objective {
                (objective, gmm) = (with, other);
            }
        }
        (objective, gmm)
    }

    /// Iterates until the gain falls below the tolerance; returns the objective at each
    /// iteration and whether it converged.
    fn iterate(&mut self, gmm: &mut Gmm, iterations: usize) -> (Vec<f64>, bool) {
        let mut trace = Vec::with_capacity(iterations);
        let least_gain = self.options.tolerance / self.column.points.total();
        for i in 0..iterations {
            let objective = self.evaluate(gmm).objective;
            trace.push(objective);
            if i > 0 && objective - trace[i - 1] <= least_gain {
                return (trace, true);
            }
            self.maximise(gmm);
        }
        (trace, false)
    }

    /// The expectation step: fills the sums of `work`.
    fn evaluate(&mut self, gmm: &Gmm) -> Value {
        self.components.clear();
        let mut log_prior = 0.0;
        for ((&weight, &mean), &sigma) in gmm.weights.iter().zip(&gmm.means).zip(&gmm.sigmas) {
            self.components.push(Component::new(weight, mean, sigma));
            log_prior -= self.options.prior_rows
                * (sigma.ln() + 0.5 * self.prior_variance / (sigma * sigma));
        }
        let points = &self.column.points;
        let sum = e_step(points, &self.components, &mut self.work);
        let log_likelihood = sum / points.total();
        Value { log_likelihood, objective: log_likelihood + log_prior / points.total() }
    }

    /// The maximisation step, from the sums of `work`.
    fn maximise(&self, gmm: &mut Gmm) {
        let total: f64 = self.work.sums().iter().map(|s| s.count).sum();
        let a = self.options.prior_rows;
        let least = self.column.floor * self.column.floor;
        for (k, &Sums { count: n, first, second }) in self.work.sums().iter().enumerate() {
            gmm.weights[k] = n / total;
            let sigma = gmm.sigmas[k];
            let (shift, spread) = if n > DEAD { (first / n, second / n) } else { (0.0, 0.0) };
            let variance = sigma * sigma * (spread - shift * shift).max(0.0);
            gmm.means[k] += sigma * shift;
            if n + a > DEAD {
                let posterior = (n * variance + a * self.prior_variance) / (n + a);
                gmm.sigmas[k] = posterior.max(least).sqrt();
            }
        }
    }

    /// Moves the lightest component to the row of least density.
    fn place_anew(&self, gmm: &mut Gmm, weight: f64) {
        let points = &self.column.points;
        let density = |u: f64| gmm.log_pdf(u);
        let worst = points
            .x()
            .iter()
            .zip(points.weights())
            .filter(|&(_, &w)| w > 0.0)
            .map(|(&u, _)| (density(u), u))
            .min_by(|a, b| a.0.total_cmp(&b.0));
        let lightest = (0..gmm.len()).min_by(|&a, &b| gmm.weights[a].total_cmp(&gmm.weights[b]));
        let (Some((_, u)), Some(k)) = (worst, lightest) else { return };
        let nearest = (0..gmm.len())
            .filter(|&other| other != k)
            .map(|other| (gmm.means[other] - u).abs())
            .fold(f64::INFINITY, f64::min);
        gmm.means[k] = u;
        gmm.sigmas[k] = (0.5 * nearest).max(self.column.floor).max(self.prior_variance.sqrt());
        gmm.weights[k] = weight;
        let total: f64 = gmm.weights.iter().sum();
        gmm.weights.iter_mut().for_each(|w| *w /= total);
    }
}
