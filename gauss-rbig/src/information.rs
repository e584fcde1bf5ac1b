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
use crate::greedy::{RbigOptions, fit_validated};
use crate::marginal::em::EmOptions;
use crate::marginal::{Selection, fit_columns};
use crate::sampling::parts;
use faer::{Mat, MatRef};
use gauss_flow::Flow;
use gauss_flow::Rows;

/// The entropy of a column, nats: -mean ln f with f a mixture chosen by AIC, less its optimism.
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
/// As [`crate::fit`].
pub fn entropy(x: &[f64], options: &RbigOptions) -> Result<f64, Error> {
    let (shift, scale) = standard(x)?;
    let u: Vec<f64> = x.iter().map(|x| (x - shift) / scale).collect();
    Ok(scale.ln() + unit_entropy(&u, options)?)
}

/// The negentropy of a column, nats: ½ ln(2πe v) - H.
///
/// # Errors
/// As [`crate::fit`].
pub fn negentropy(x: &[f64], options: &RbigOptions) -> Result<f64, Error> {
    let (_, scale) = standard(x)?;
    let normal = 0.5 * (1.0 + std::f64::consts::TAU.ln());
    Ok(normal + scale.ln() - entropy(x, options)?)
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
pub fn total_correlation(x: MatRef<'_, f64>, options: &RbigOptions) -> Result<f64, Error> {
    Rows::from(x).check(x.ncols())?;
    options.validate()?;
    let (rows, columns) = (x.nrows(), x.ncols());
    if columns == 1 {
        return Ok(0.0);
    }
    if rows < 2 {
        return Err(Error::Rows { needed: 2, got: rows });
    }
    let halves = parts::<2>(rows, rows, options.seed);
    let [a, b] = halves.map(|own| Mat::from_fn(own.len(), columns, |i, j| x[(own[i], j)]));
    let options = RbigOptions { patience: options.patience.or(Some(3)), ..options.clone() };
    let on_b = held_out(a.as_ref(), b.as_ref(), &options)? * b.nrows() as f64;
    let on_a = held_out(b.as_ref(), a.as_ref(), &options)? * a.nrows() as f64;
    Ok((on_a + on_b) / rows as f64)
}

/// The mutual information of the columns of `x` and those of `y`, row by row, nats.
///
/// # Errors
/// As [`total_correlation`]; [`Error::RowMismatch`].
pub fn mutual_information(
    x: MatRef<'_, f64>,
    y: MatRef<'_, f64>,
    options: &RbigOptions,
) -> Result<f64, Error> {
    if x.nrows() != y.nrows() {
        return Err(Error::RowMismatch { expected: x.nrows(), got: y.nrows() });
    }
    let joint = Mat::from_fn(x.nrows(), x.ncols() + y.ncols(), |i, j| {
        if j < x.ncols() { x[(i, j)] } else { y[(i, j - x.ncols())] }
    });
    Ok(total_correlation(joint.as_ref(), options)?
        - total_correlation(x, options)?
        - total_correlation(y, options)?)
}

/// Mean and standard deviation; a column without deviation has no entropy.
fn standard(x: &[f64]) -> Result<(f64, f64), Error> {
    let column = MatRef::from_column_major_slice(x, x.len(), 1);
    Rows::from(column).check(column.ncols())?;
    let params = gauss_flow::standardization(column)?;
    Ok((params[0], params[1].exp()))
}

/// A copy of the options for the mixtures alone.
fn em_options(options: &RbigOptions) -> EmOptions {
    EmOptions { seed: options.seed, ..options.em.clone() }
}

/// Of values with mean 0 and deviation 1.
fn unit_entropy(u: &[f64], options: &RbigOptions) -> Result<f64, Error> {
    options.validate()?;
    let em = em_options(options);
    let fit = &fit_columns(&[u], 1, options.components, Selection::Aic, &em)[0];
    let n = u.len() as f64;
    let mean_log_prob = u.iter().map(|&u| fit.gmm.log_pdf(u)).sum::<f64>() / n;
    // Half of the optimism: the best mixture's own expected value lies half-way.
    Ok(0.5 * fit.parameters() as f64 / n - mean_log_prob)
}

/// The flow that makes every column normal by itself: the density of independent columns.
fn independent(x: MatRef<'_, f64>, options: &RbigOptions) -> Result<Flow, Error> {
    let options = RbigOptions {
        max_blocks: 0,
        initial_marginal: options.components,
        initial_pca: false,
        standardize: true,
        ..options.clone()
    };
    Ok(crate::fit(x, &options, &mut ())?.flow)
}

/// Mean of ln p - Σ ln f_i over the `judge` rows, p and f_i fitted to `x`.
fn held_out(
    x: MatRef<'_, f64>,
    judge: MatRef<'_, f64>,
    options: &RbigOptions,
) -> Result<f64, Error> {
    let mean = |v: Vec<f64>| v.iter().sum::<f64>() / v.len() as f64;
    let marginals = independent(x, options)?;

    let direct = fit_validated(x, Some(judge.into()), options, &mut ())?.flow;
    let direct = mean(direct.log_prob(judge)?) - mean(marginals.log_prob(judge)?);

    let (z, z_judge) = (marginals.forward(x)?.0, marginals.forward(judge)?.0);
    let bare = RbigOptions { standardize: false, initial_pca: false, ..options.clone() };
    let normal_first = fit_validated(&z, Some((&z_judge).into()), &bare, &mut ())?.flow;
    let before = mean(State::new(z_judge.as_ref()).log_prob());
    let normal_first = mean(normal_first.log_prob(z_judge.as_ref())?) - before;
    Ok(direct.max(normal_first))
}
