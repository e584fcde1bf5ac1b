//! What can be wrong with a model or with what it is asked. Rows and columns count from 0.

use crate::columns::Support;
use thiserror::Error;

/// A refused argument.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// Refused by the flow.
    #[error(transparent)]
    Flow(#[from] gauss_flow::Error),
    /// A kind that no column can have.
    #[error("column {column}: {reason}")]
    InvalidKind {
        /// Column.
        column: usize,
        /// What is wrong.
        reason: InvalidKind,
    },
    /// A name that two columns share.
    #[error("two columns are called {name:?}")]
    ColumnTwice {
        /// The name.
        name: String,
    },
}

/// Why a column's kind is refused.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum InvalidKind {
    /// Bounds out of order, not finite, or not whole for integers (at most 2³¹ in size).
    #[error("the support {0:?} has no such values")]
    Bounds(Support),
    /// A category without levels.
    #[error("a category needs at least one level")]
    NoLevels,
    /// A level that stands twice.
    #[error("the level {0:?} appears twice")]
    LevelTwice(String),
}
