//! Densities of tables: the columns of a table, a flow over them, a file to keep both, and what tells
//! whether they are any good.
//!
//! ```
//! use gauss_model::gauss_rbig::recipe::{Budget, Recipe};
//! use gauss_model::{Column, Fit, Kind, Support, faer};
//!
//! // Visits, and what each visitor spent: a count, and a positive amount that grows with it.
//! let x = faer::Mat::from_fn(400, 2, |i, j| {
//!     let visits = (5.0 * (i as f64 * 0.754_877_666).fract()).floor();
//!     if j == 0 { visits } else { (0.3 * visits + (i as f64 * 0.569_840_291).fract()).exp() }
//! });
//! let columns = vec![
//!     Column::of("visits", Kind::Integer(Support::Above(0.0))),
//!     Column::of("spent", Kind::Real(Support::Above(0.0))),
//! ];
//!
//! // Nothing has to be set; here the search is kept short.
//! let recipe = Recipe { budget: Budget::Epochs(8), blocks: Some(2), ..Recipe::default() };
//! let model = Fit::new(columns).recipe(recipe).run(&x)?.model;
//!
//! // P(visits) · p(spent | visits), per unit of what is spent; natural logarithms.
//! let log_p = model.log_prob(faer::mat![[2.0, 2.5], [2.0, 250.0], [2.5, 2.5]].as_ref())?;
//! assert!(log_p[0] > log_p[1]);
//! assert_eq!(log_p[2], f64::NEG_INFINITY); // half a visit there is not
//! # Ok::<(), gauss_model::Error>(())
//! ```
//!
//! `p` is a density per unit of every real column and a probability of the very value in every integer
//! or categorical one; `ln p` is in nats. All matrices are `[n, d]`, a row per row of the table and a
//! column per column, in the table's own values; a name is the position of its level.
//!
//! | module | what |
//! |---|---|
//! | [`columns`] | what the values of a column are; the way to the points of ℝᵈ that a flow knows, and back |
//! | [`fit`] | from rows to a model: checks, noise, the search, and what it says on the way |
//! | [`Model`], [`BoundModel`] | ln p, score, samples, latent points |
//! | [`provenance`] | what a model remembers of its fit |
//! | `file` | the model file (feature `file`, on by default) |
//! | [`compare`] | which of several models is better on the same rows |
//! | [`diagnostics`] | how well a model describes a table |
//!
//! The crates below are at hand as [`gauss_flow`] and [`gauss_rbig`], and [`faer`] and [`rand`], whose
//! matrices and generators are in every signature, in the versions that fit.

// Comparisons are written so that a NaN fails them: `!(x <= max)` is not `x > max`.
#![allow(clippy::neg_cmp_op_on_partial_ord)]

pub mod columns;
pub mod compare;
pub mod diagnostics;
mod error;
#[cfg(feature = "file")]
pub mod file;
pub mod fit;
mod model;
pub mod provenance;

pub use columns::{Column, Kind, Support, Value};
pub use error::{Error, InvalidKind};
pub use fit::{Fit, Fitted, Prepared};
pub use model::{BoundModel, Model};
pub use provenance::Provenance;

pub use faer;
pub use gauss_flow;
pub use gauss_rbig;
pub use rand;

// The README of the whole project shows this crate.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Front;

/// The README's example is a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
