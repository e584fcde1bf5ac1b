//! How well a model describes a table: the statistics behind `gauss report`.
//!
//! | module | what |
//! |---|---|
//! | [`mean`] | a mean and its standard error; paired differences |
//! | [`baselines`] | simple densities, fitted to other rows than they are scored on |
//! | [`anderson_darling`], [`energy`], [`normality`] | whether z is standard normal: per dimension, and jointly |
//! | [`multiplicity`] | p-values of many tests at once |
//! | [`trees`], [`two_sample`] | whether a classifier can tell samples from data |
//! | [`round_trip`] | what the way to z and back costs |
//! | [`report`] | all of it, of a model and a table |
//!
//! Functions of matrices `[n, d]`, a row per sample, all finite. What is random takes a seed, and
//! sums run in a fixed order: the same seed gives the same bits at any number of threads.

pub mod anderson_darling;
pub mod baselines;
pub mod energy;
pub mod multiplicity;
pub mod normality;
pub mod report;
pub mod round_trip;
pub mod trees;
pub mod two_sample;

pub use gauss_rbig::mean;

use mean::Mean;

/// The mean of values `[n]` with weights `[n]`, if there are any. Its error is that of as many rows
/// of equal weight as are effective, Kish's (Σw)²/Σw²: with m the weighted mean,
///
/// ```text
/// √( Σ w (v - m)² / Σ w / (n_eff - 1) )
/// ```
pub(crate) fn weighted_mean(values: &[f64], weights: Option<&[f64]>) -> Mean {
    let Some(weights) = weights else { return Mean::of(values) };
    let total: f64 = weights.iter().sum();
    let pairs = || values.iter().zip(weights).filter(|(_, w)| **w > 0.0);
    let mean = pairs().map(|(v, w)| v * w).sum::<f64>() / total;
    let variance = pairs().map(|(v, w)| w * (v - mean).powi(2)).sum::<f64>() / total;
    let effective = total * total / weights.iter().map(|w| w * w).sum::<f64>();
    let standard_error =
        if effective > 1.0 { (variance / (effective - 1.0)).sqrt() } else { f64::NAN };
    Mean { mean, standard_error, ..Mean::of(values) }
}
