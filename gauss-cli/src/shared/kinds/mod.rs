//! What the columns of a table are: what the user says of them, what the program offers, and how
//! it is said to a person and to a script.
//!
//! ```text
//! --support, --integer, --categorical -> Kind of each column -> checked against the cells
//! ```

mod declare;
mod offer;
mod statement;

pub use declare::{Kinds, KindsError};
pub use offer::Offer;
pub use statement::{BaseMeasure, ColumnStatement};
