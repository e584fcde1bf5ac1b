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
