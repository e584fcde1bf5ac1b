//! The way into a greedy fit, and what comes out.

use crate::Error;
use crate::greedy::RbigOptions;
use crate::greedy::run::Greedy;
use gauss_flow::rows::Counted;
use gauss_flow::{BlockRecord, Flow, Rows, StopReason, Watch};

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
    /// ln p of each row `[n]` given, by the greedy recursion: the flow's `log_prob` to rounding. Of
    /// rows of weight 0 it is the flow's.
    pub log_prob: Vec<f64>,
    /// Why the loop ended.
    pub stopped: StopReason,
}

/// Fits a flow to the rows of `x` [n, d], by their weights if they have any, block by block.
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
/// [`Error::Option`]; [`Error::NoDimensions`], [`Error::Rows`] and [`Error::NonFinite`], of all rows;
/// [`Error::ConstantColumn`] for one whose rows with weight are all equal, as those of a single row
/// are. Columns that others give are fitted: directions without variance get a normal of σ = 1.
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
    check_spread(Counted::of(x).rows())?;
    fit_any(x, validation, options, watch)
}

/// [`fit_validated`] of checked rows, some columns of which may be constant: they are only shifted.
pub(crate) fn fit_any(
    x: Rows<'_>,
    validation: Option<Rows<'_>>,
    options: &RbigOptions,
    watch: &mut dyn Watch,
) -> Result<Rbig, Error> {
    let counted = Counted::of(x);
    let validation = validation.map(Counted::of);
    let validation = validation.as_ref().map(Counted::rows);
    let mut rbig = Greedy::begin(counted.rows(), validation, options)?.run(watch)?;
    if let Some(present) = counted.present() {
        let mut all = rbig.flow.log_prob(x.x())?;
        present.iter().zip(&rbig.log_prob).for_each(|(&i, log_prob)| all[i] = *log_prob);
        rbig.log_prob = all;
    }
    Ok(rbig)
}

/// Refuses a column whose values are all the same, in counted rows.
pub(crate) fn check_spread(rows: Rows<'_>) -> Result<(), Error> {
    for (column, values) in rows.x().col_iter().enumerate() {
        if values.nrows() > 0 && values.iter().all(|value| *value == values[0]) {
            return Err(Error::ConstantColumn { column, value: values[0] });
        }
    }
    Ok(())
}
