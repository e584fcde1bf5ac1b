//! The way in: rows are checked in the caller's own numbering, and split.

use super::fitted::Fitted;
use super::given::{self, Discrete};
use super::guard::{Clock, Guard};
use super::options::{Recipe, Refit};
use crate::Error;
use crate::defects::far_rows;
use crate::greedy::check_spread;
use faer::MatRef;
use gauss_flow::rows::Counted;
use gauss_flow::stream::{Purpose, stream};
use gauss_flow::{Rows, Watch};
use rand::seq::SliceRandom;
use std::time::Instant;

/// Rows below which none are set aside, and nothing is learnt that they could not judge.
const LEAST_TO_SPLIT: f64 = 40.0;
/// Rows to set aside at least, where they are no more than a quarter: two models whose densities
/// differ by a hundredth of a nat are then told apart (for near densities the standard error of
/// a mean difference is √(2·KL/m)), and the second fit learns from these rows, too.
const LEAST_HELD_OUT: usize = 1000;
/// With more rows than this, a tenth more teaches nothing that could be measured: p parameters
/// fitted to n rows cost p/2n nats, and a tenth of that is saved.
const REFIT_ROWS: usize = 40_000;

/// The fewest rows that [`fit_recipe`] takes: one alone has no spread.
pub const MIN_ROWS: usize = 2;

/// Fits the rows of x [n, d], each by its weight if they have weights. `watch` may end the fit at any
/// moment; what there is then is returned: the best so far, or, without one complete candidate,
/// its greedy start as far as it got, or one normal distribution where that does better.
///
/// Rows of weight 0 are passed over, as if they were not there.
///
/// # Errors
/// Before anything is fitted, with rows and columns counted in x (then in the validation rows) from
/// 0: [`Error::NoDimensions`], [`Error::Rows`] for fewer than [`MIN_ROWS`], [`Error::NonFinite`],
/// [`Error::ConstantColumn`], [`Error::Columns`] for validation rows of another width,
/// [`Error::Option`]. [`Error::Diverged`] where every candidate's training did.
pub fn fit_recipe<'a>(
    x: impl Into<Rows<'a>>,
    validation: Option<Rows<'a>>,
    recipe: &Recipe,
    watch: &mut dyn Watch,
) -> Result<Fitted, Error> {
    fit_by(&Instant::now(), (x.into(), validation), &[], recipe, watch)
}

/// [`fit_recipe`] of rows some of whose columns are `discrete`: their values, anywhere within ½ of the
/// whole number that each is, have probabilities, exactly, and the other columns are fitted given
/// them. The flow ends in [`gauss_flow::LayerSpec::Tables`], and its log-density is
/// ln P(discrete) + ln p(others | discrete).
///
/// ```
/// use gauss_rbig::gauss_flow::layers::tables::Values;
/// use gauss_rbig::recipe::{Discrete, Recipe, fit_discrete};
/// // A die that shows 1, 2 and 3, one half of the time 2.
/// let x = faer::Mat::from_fn(400, 1, |i, _| [1.0, 2.0, 3.0, 2.0][i % 4]);
/// let values = Values { column: 0, own: vec![1.0, 2.0, 3.0], below: 0.0, above: 0.0 };
/// let die = Discrete { values, is_number: true };
/// let fitted = fit_discrete(&x, None, &[die], &Recipe::default(), &mut ())?;
/// let log_p = fitted.flow.log_prob(faer::mat![[2.0]].as_ref())?;
/// assert!((log_p[0].exp() - 0.5).abs() < 0.001);
/// # Ok::<(), gauss_rbig::Error>(())
/// ```
///
/// # Errors
/// As [`fit_recipe`]; [`Error::NonFinite`] of a value that is none of its column's.
pub fn fit_discrete<'a>(
    x: impl Into<Rows<'a>>,
    validation: Option<Rows<'a>>,
    discrete: &[Discrete],
    recipe: &Recipe,
    watch: &mut dyn Watch,
) -> Result<Fitted, Error> {
    fit_by(&Instant::now(), (x.into(), validation), discrete, recipe, watch)
}

/// [`fit_recipe`] by a clock.
fn fit_by(
    clock: &dyn Clock,
    (x, validation): (Rows<'_>, Option<Rows<'_>>),
    discrete: &[Discrete],
    recipe: &Recipe,
    watch: &mut dyn Watch,
) -> Result<Fitted, Error> {
    recipe.validate()?;
    check(x, validation)?;
    let mut guard = Guard::new(watch, recipe.budget, clock);
    let counted = Counted::of(x);
    let validation = validation.map(Counted::of);
    let validation = validation.as_ref().map(Counted::rows);
    let mut fitted = fit((counted.rows(), validation), discrete, recipe, &mut guard)?;
    if let Some(present) = counted.present() {
        fitted.held_out.iter_mut().for_each(|row| *row = present[*row]);
    }
    Ok(fitted)
}

/// Of checked and counted rows.
fn fit(
    (x, validation): (Rows<'_>, Option<Rows<'_>>),
    discrete: &[Discrete],
    recipe: &Recipe,
    guard: &mut Guard<'_>,
) -> Result<Fitted, Error> {
    if let Some(validation) = validation {
        let again = (recipe.refit == Refit::Always).then_some(x.nrows() + validation.nrows());
        guard.keep_for_refit(again, x.nrows());
        let chosen = given::fit(x, validation, discrete, recipe, guard)?;
        return match again {
            None => Ok(chosen),
            Some(_) => {
                given::fit_again(chosen, x.stack(validation)?.rows(), discrete, recipe, guard)
            }
        };
    }
    if x.effective() < LEAST_TO_SPLIT || is_wide(x) {
        return given::few(x, discrete, recipe, guard);
    }
    let (mut training, mut held_out) = split(x.nrows(), recipe.validation_fraction, recipe.seed);
    learn_from(&far_rows(x), &mut training, &mut held_out);
    let again = match recipe.refit {
        Refit::Never => None,
        Refit::Auto if x.nrows() > REFIT_ROWS => None,
        Refit::Auto | Refit::Always => Some(x.nrows()),
    };
    guard.keep_for_refit(again, training.len());
    let [training, validation] = [&training, &held_out].map(|at| x.pick(at));
    let chosen = given::fit(training.rows(), validation.rows(), discrete, recipe, guard)?;
    let chosen = Fitted { held_out, ..chosen };
    match again {
        None => Ok(chosen),
        Some(_) => given::fit_again(chosen, x, discrete, recipe, guard),
    }
}

/// Whether there are too few rows for a covariance of full rank: whatever is learnt of all columns at
/// once, they know by heart.
pub(super) fn is_wide(x: Rows<'_>) -> bool {
    x.nrows() < x.ncols().saturating_add(2)
}

/// Refuses what no recipe can fit.
fn check(x: Rows<'_>, validation: Option<Rows<'_>>) -> Result<(), Error> {
    let dim = x.ncols();
    x.check(dim)?;
    if let Some(validation) = validation {
        validation.check(dim)?;
    }
    let counted = Counted::of(x);
    let rows = counted.rows();
    if rows.nrows() < MIN_ROWS {
        return Err(Error::Rows { needed: MIN_ROWS, got: rows.nrows() });
    }
    check_spread(rows)
}

/// Two parts of n rows, the second of them of `fraction` or a little more, drawn by the seed.
fn split(n: usize, fraction: f64, seed: u64) -> (Vec<usize>, Vec<usize>) {
    let mut order: Vec<usize> = (0..n).collect();
    order.shuffle(&mut stream(seed, Purpose::Split));
    let share = (n as f64 * fraction).round() as usize;
    let held_out = share.max(LEAST_HELD_OUT.min(n / 4)).clamp(1, n - 1);
    let training = order.split_off(held_out);
    (training, order)
}

/// Moves these rows, in order, from what is held out to what is learnt, unless nothing is left: a row
/// far from all others, unseen, would decide what is the best density of the others, by its distance.
fn learn_from(rows: &[usize], training: &mut Vec<usize>, held_out: &mut Vec<usize>) {
    let is_far = |row: &usize| rows.binary_search(row).is_ok();
    let (far, near): (Vec<usize>, Vec<usize>) = held_out.iter().partition(|row| is_far(row));
    if !far.is_empty() && !near.is_empty() {
        training.extend(far);
        *held_out = near;
    }
}

/// Mean log-density of the rows, in nats.
pub(super) fn mean_log_prob(flow: &gauss_flow::Flow, rows: Rows<'_>) -> Result<f64, Error> {
    let x: MatRef<'_, f64> = rows.x();
    Ok(rows.mean(&flow.log_prob(x)?))
}

#[cfg(test)]
mod tests {
    use super::super::options::{Budget, Method};
    use super::*;
    use faer::Mat;
    use gauss_flow::Event;
    use std::ops::ControlFlow;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    /// A clock that goes on only when something is heard of: milliseconds.
    struct Heard(AtomicU64);

    impl Clock for Heard {
        fn now(&self) -> Duration {
            Duration::from_millis(self.0.load(Ordering::SeqCst))
        }
    }

    /// A block takes 30 ms and a step 2; how long a fit took, and what it gave.
    fn fit_in(milliseconds: u64, method: Method) -> (u64, Fitted) {
        let x = Mat::from_fn(400, 2, |i, j| {
            let t = (i as f64 * 0.754_877_666).fract() * 2.0 - 1.0;
            if j == 0 { t } else { t * t + 0.1 * (i as f64 * 0.569_840_291).fract() }
        });
        let recipe = Recipe {
            method,
            blocks: Some(3),
            budget: Budget::Time(Duration::from_millis(milliseconds)),
            ..Recipe::default()
        };
        let clock = Heard(AtomicU64::new(0));
        let mut watch = |event: &Event<'_>| {
            let taken = match event {
                Event::Block { .. } => 30,
                Event::Step { .. } => 2,
                _ => 0,
            };
            clock.0.fetch_add(taken, Ordering::SeqCst);
            ControlFlow::Continue(())
        };
        let fitted = fit_by(&clock, ((&x).into(), None), &[], &recipe, &mut watch).unwrap();
        (clock.0.into_inner(), fitted)
    }

    #[test]
    fn a_budget_of_time_bounds_the_whole_fit() {
        for method in [Method::Warm, Method::Joint, Method::Rbig] {
            for limit in [1, 20, 50, 100, 500, 2000, 5000] {
                let (taken, fitted) = fit_in(limit, method);
                // What has begun is done before anybody may end it: a block at most.
                assert!(taken <= limit + 30, "{method:?}: {taken} of {limit} ms");
                assert!(!fitted.cancelled, "nobody asked for an end");
            }
        }
        // With time enough most of it is made use of, the second fit included.
        let (taken, fitted) = fit_in(5000, Method::Warm);
        assert!(fitted.refitted && taken > 2500, "{taken}");
    }
}
