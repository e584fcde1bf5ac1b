//! Information in nats: negentropy, entropy, total correlation, mutual information.
//!
//! With H the differential entropy:
//!
//! - **Negentropy** of a column of variance v: J = ½ ln(2πe v) - H >= 0, zero for a normal only.
//! - **Total correlation** of d columns: T = Σ_i H(x_i) - H(x) >= 0, zero only if the columns are
//!   independent. Invariant under maps of single columns.
//! - **Mutual information** of two groups: I(x; y) = H(x) + H(y) - H(x, y)
//!   = T(x, y) - T(x) - T(y).
//!
//! **Total correlation by Gaussianization** (Laparra, Camps-Valls and Malo 2011). Make the
//! columns normal one by one: T is what it was, and the marginal negentropies are gone. What is
//! left of KL(p ‖ N(0, I)) is then T, and every later block lowers this divergence by exactly
//! what it gains; so T is the sum of the gains of the blocks, if they go on until nothing is
//! left. The sum is the mean of ln p(x) - Σ_i ln f_i(x_i), p the flow's density and f_i the
//! marginals'.
//!
//! Making the columns normal first is best for a dependence that is simple up to maps of single
//! columns; where two clumps lie on a diagonal it tears what one rotation would have told apart.
//! So a flow that starts from the columns as they are is fitted too, and the one with the greater
//! likelihood counts. All means are over rows that were not fitted (two halves, each fitted with
//! the other as the judge): a gain on fitted rows is too high, by about the number of parameters
//! over n. What finite blocks leave unseen makes the estimate too low.

use crate::Error;
use crate::greedy::state::State;
use crate::greedy::{RbigOptions, fit_any};
use crate::marginal::em::EmOptions;
use crate::marginal::{Selection, fit_columns};
use crate::mean::mean;
use crate::sampling::parts;
use faer::{Mat, MatRef};
use gauss_flow::rows::Counted;
use gauss_flow::{Flow, OwnedRows, Rows};
use gauss_math::normal::HALF_LN_2PI;

/// The entropy of a column [n, 1] or a slice, nats: -mean ln f with f a mixture chosen by AIC, less its optimism.
///
/// ```
/// use gauss_rbig::{RbigOptions, information};
/// // Evenly spread over [0, 3]: H = ln 3.
/// let x: Vec<f64> = (0..3000).map(|i| (f64::from(i) + 0.5) / 1000.0).collect();
/// let h = information::entropy(&x, &RbigOptions::default())?;
/// assert!((h - 3f64.ln()).abs() < 0.03);
/// # Ok::<(), gauss_rbig::Error>(())
/// ```
///
/// # Errors
/// As [`crate::fit`], and [`Error::Columns`] for more than one.
pub fn entropy<'a>(x: impl Into<Rows<'a>>, options: &RbigOptions) -> Result<f64, Error> {
    let column = Column::of(x.into())?;
    column.entropy(options)
}

/// The negentropy of a column, nats: ½ ln(2πe v) - H.
///
/// # Errors
/// As [`entropy`].
pub fn negentropy<'a>(x: impl Into<Rows<'a>>, options: &RbigOptions) -> Result<f64, Error> {
    let column = Column::of(x.into())?;
    Ok(0.5 + HALF_LN_2PI + column.scale.ln() - column.entropy(options)?)
}

/// The total correlation of the columns of `x` [n, d], nats; 0 for one column.
///
/// ```
/// use gauss_rbig::{RbigOptions, information};
/// // Two columns that know nothing of each other.
/// let x = faer::Mat::from_fn(2000, 2, |i, j| {
///     (i as f64 * [0.754_877_666, 0.569_840_291][j]).fract()
/// });
/// let t = information::total_correlation(x.as_ref(), &RbigOptions::default())?;
/// assert!(t.abs() < 0.01);
/// # Ok::<(), gauss_rbig::Error>(())
/// ```
///
/// # Errors
/// As [`crate::fit`]; [`Error::Rows`] for fewer than two.
pub fn total_correlation<'a>(x: impl Into<Rows<'a>>, options: &RbigOptions) -> Result<f64, Error> {
    let x = x.into();
    x.check(x.ncols())?;
    options.validate()?;
    let counted = Counted::of(x);
    let rows = counted.rows();
    if rows.ncols() == 1 {
        return Ok(0.0);
    }
    if rows.nrows() < 2 {
        return Err(Error::Rows { needed: 2, got: rows.nrows() });
    }
    let halves = parts::<2>(rows.nrows(), rows.nrows(), options.seed);
    let [a, b] = halves.map(|own| rows.pick(&own));
    let options = RbigOptions { patience: options.patience.or(Some(3)), ..options.clone() };
    let on_b = held_out(a.rows(), b.rows(), &options)? * b.rows().total();
    let on_a = held_out(b.rows(), a.rows(), &options)? * a.rows().total();
    Ok((on_a + on_b) / rows.total())
}

/// The mutual information of the columns of `x` and those of `y`, row by row, nats. The weights of x
/// are those of both.
///
/// # Errors
/// As [`total_correlation`]; [`Error::RowMismatch`].
pub fn mutual_information<'a>(
    x: impl Into<Rows<'a>>,
    y: MatRef<'_, f64>,
    options: &RbigOptions,
) -> Result<f64, Error> {
    let x = x.into();
    if x.nrows() != y.nrows() {
        return Err(Error::RowMismatch { expected: x.nrows(), got: y.nrows() });
    }
    let with_weights = |m: Mat<f64>| OwnedRows::new(m, x.weights().map(<[f64]>::to_vec));
    let joint = with_weights(Mat::from_fn(x.nrows(), x.ncols() + y.ncols(), |i, j| {
        if j < x.ncols() { x.x()[(i, j)] } else { y[(i, j - x.ncols())] }
    }))?;
    Ok(total_correlation(joint.rows(), options)?
        - total_correlation(x, options)?
        - total_correlation(with_weights(y.to_owned())?.rows(), options)?)
}

/// A copy of the options for the mixtures alone.
fn em_options(options: &RbigOptions) -> EmOptions {
    EmOptions { seed: options.seed, ..options.em.clone() }
}

/// A column in its own units.
struct Column {
    /// (x - mean)/deviation [n].
    u: Vec<f64>,
    /// Of counted rows [n].
    weights: Option<Vec<f64>>,
    /// The deviation; a column without one has no entropy.
    scale: f64,
}

impl Column {
    fn of(x: Rows<'_>) -> Result<Self, Error> {
        x.check(1)?;
        let counted = Counted::of(x);
        let rows = counted.rows();
        let params = gauss_flow::standardization(rows)?;
        let (shift, scale) = (params[0], params[1].exp());
        let u = rows.x().col(0).iter().map(|x| (x - shift) / scale).collect();
        Ok(Self { u, weights: rows.weights().map(<[f64]>::to_vec), scale })
    }

    fn entropy(&self, options: &RbigOptions) -> Result<f64, Error> {
        options.validate()?;
        let (u, weights) = (&self.u, self.weights.as_deref());
        let em = em_options(options);
        let fit = &fit_columns(&[u], weights, 1, options.components, Selection::Aic, &em)[0];
        let n = weights.map_or(u.len() as f64, |weights| weights.iter().sum());
        let log_prob: Vec<f64> = u.iter().map(|&u| fit.gmm.log_pdf(u)).collect();
        // Half of the optimism: the best mixture's own expected value lies half-way.
        let unit = 0.5 * fit.parameters() as f64 / n - mean(&log_prob, weights);
        Ok(self.scale.ln() + unit)
    }
}

/// The flow that makes every column normal by itself: the density of independent columns.
fn independent(x: Rows<'_>, options: &RbigOptions) -> Result<Flow, Error> {
    let options = RbigOptions {
        max_blocks: 0,
        initial_marginal: options.components,
        initial_pca: false,
        standardize: true,
        ..options.clone()
    };
    Ok(fit_any(x, None, &options, &mut ())?.flow)
}

/// Mean of ln p - Σ ln f_i over the `judge` rows, p and f_i fitted to `x`.
fn held_out(x: Rows<'_>, judge: Rows<'_>, options: &RbigOptions) -> Result<f64, Error> {
    let marginals = independent(x, options)?;
    let score = |flow: &Flow| Ok::<f64, Error>(judge.mean(&flow.log_prob(judge.x())?));

    let direct = fit_any(x, Some(judge), options, &mut ())?.flow;
    let direct = score(&direct)? - score(&marginals)?;

    let through = |rows: Rows<'_>| {
        let weights = rows.weights().map(<[f64]>::to_vec);
        OwnedRows::new(marginals.forward(rows.x())?.0, weights)
    };
    let (z, z_judge) = (through(x)?, through(judge)?);
    let bare = RbigOptions { standardize: false, initial_pca: false, ..options.clone() };
    let normal_first = fit_any(z.rows(), Some(z_judge.rows()), &bare, &mut ())?.flow;
    let before = State::new(z_judge.rows()).mean_log_prob();
    let normal_first = judge.mean(&normal_first.log_prob(z_judge.rows().x())?) - before;
    Ok(direct.max(normal_first))
}
