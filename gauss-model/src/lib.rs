//! Densities of tables: the columns of a table, a flow over them, a file to keep both, and what
//! tells whether they are any good.

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
