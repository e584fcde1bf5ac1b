//! Densities of tables: the columns of a table, a flow over them, a file to keep both, and what
//! tells whether they are any good.

// Comparisons are written so that a NaN fails them: `!(x <= max)` is not `x > max`.
#![allow(clippy::neg_cmp_op_on_partial_ord)]

pub mod columns;
pub mod diagnostics;
mod error;
pub mod file;
mod model;

pub use columns::{Column, Kind, Support, Value};
pub use error::{Error, InvalidKind};
pub use file::Metadata;
pub use model::Model;
