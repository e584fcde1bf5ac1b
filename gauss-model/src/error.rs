//! What can be wrong with a model, with the rows it is to learn from, or with what it is asked.
//! Rows and columns count from 0.

use crate::columns::{Kind, Support, short};
use thiserror::Error;

/// A refused argument, or a fit that could not go on.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// Refused by the flow, or by what fits it.
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
    /// A name that no column has.
    #[error("no column is called {name:?}")]
    NoColumn {
        /// The name.
        name: String,
    },
    /// A value to stand in for missing ones that is none of its column's.
    #[error("column {column} ({name:?}): {}, to fill missing cells, is no value of {kind}", short(*value))]
    Fill {
        /// Column.
        column: usize,
        /// Its name.
        name: String,
        /// The value.
        value: f64,
        /// What the column's values are.
        kind: Kind,
    },
    /// A flow whose draws no double can hold.
    #[error("column {column} ({name:?}): the model draws {value} there, which is no number")]
    Draw {
        /// Column.
        column: usize,
        /// Its name.
        name: String,
        /// An infinity, or NaN.
        value: f64,
    },
    /// A value that is none of its column's.
    #[error("row {row}, column {column} ({name:?}): {} is no value of {kind}", short(*value))]
    Cell {
        /// Row.
        row: usize,
        /// Column.
        column: usize,
        /// Its name.
        name: String,
        /// The value.
        value: f64,
        /// What the column's values are.
        kind: Kind,
    },
    /// Values so near to each other, or so far apart, that a double cannot hold the squares of
    /// their differences.
    #[error("column {column} ({name:?}): its values span {span}; it must be {least} to {most}")]
    Span {
        /// Column.
        column: usize,
        /// Its name.
        name: String,
        /// The largest value less the smallest.
        span: f64,
        /// The least that is taken.
        least: f64,
        /// The most.
        most: f64,
    },
    /// Noise asked for on a column that has noise of its own.
    #[error("column {name:?} holds {kind}, which has noise of its own")]
    NoiseOnDiscrete {
        /// The column's name.
        name: String,
        /// What its values are.
        kind: Kind,
    },
    /// Noise that carries a value out of its column's support.
    #[error("row {row}, column {column} ({name:?}): noise carries the value out of its support")]
    NoiseOutside {
        /// Row.
        row: usize,
        /// Column.
        column: usize,
        /// Its name.
        name: String,
    },
    /// Any of these, of the rows that validate a fit.
    #[error("validation rows: {0}")]
    Validation(Box<Error>),
}

/// Why a column's kind is refused.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
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
