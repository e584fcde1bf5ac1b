//! What can be wrong with a flow, with data, or with learning from them: the one set of errors of
//! this crate and of what learns flows. Rows and columns count from 0.

use thiserror::Error;

/// A refused argument, or a fit that could not go on.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// A flow has at least one dimension.
    #[error("a flow needs at least one dimension")]
    NoDimensions,
    /// A matrix with another number of columns than the flow's dimension.
    #[error("expected {expected} columns, got {got}")]
    Columns {
        /// The flow's dimension.
        expected: usize,
        /// The matrix's.
        got: usize,
    },
    /// Columns that a flow is given, and does not model, must be there; without them it has neither
    /// an inverse nor samples.
    #[error("the flow is conditioned on {context} columns that it must be given")]
    NeedsContext {
        /// How many.
        context: usize,
    },
    /// A parameter vector of the wrong length.
    #[error("these layers have {expected} parameters, got {got}")]
    Parameters {
        /// What the layers need.
        expected: usize,
        /// What was given.
        got: usize,
    },
    /// A parameter that its layer cannot use.
    #[error("layer {layer}: {reason}")]
    InvalidLayer {
        /// Index in data order.
        layer: usize,
        /// What is wrong.
        reason: InvalidLayer,
    },
    /// Too few rows for what was asked.
    #[error("need at least {needed} rows, got {got}")]
    Rows {
        /// What is needed.
        needed: usize,
        /// What was given.
        got: usize,
    },
    /// Two things that should have a row each have different numbers of them.
    #[error("expected {expected} rows, got {got}")]
    RowMismatch {
        /// Rows of the first.
        expected: usize,
        /// Rows of the other.
        got: usize,
    },
    /// A weight that is negative or not finite.
    #[error("the weight of row {row} is {value}; it must be a number from 0 up")]
    Weight {
        /// Row.
        row: usize,
        /// The weight.
        value: f64,
    },
    /// Weights that are all 0.
    #[error("all {rows} weights are 0")]
    NoWeight {
        /// How many.
        rows: usize,
    },
    /// A NaN or infinite value where learning needs numbers.
    #[error("row {row}, column {column}: {value} is not a finite number")]
    NonFinite {
        /// Row.
        row: usize,
        /// Column.
        column: usize,
        /// The value.
        value: f64,
    },
    /// A column whose values are all the same has no density.
    #[error("column {column} is constant: every value is {value}")]
    ConstantColumn {
        /// Column.
        column: usize,
        /// The value.
        value: f64,
    },
    /// Rows that lie on a set without volume, as all rows of too few do.
    #[error("column {column} follows from those before it: the rows span no volume")]
    NoVolume {
        /// The first such column.
        column: usize,
    },
    /// An option outside its range.
    #[error("{name} must be {requirement}, got {value}")]
    Option {
        /// The option's name.
        name: &'static str,
        /// Its range in words.
        requirement: &'static str,
        /// What was given.
        value: f64,
    },
    /// Two options of which one leaves the other without a meaning.
    #[error("{option} has no meaning beside {beside}")]
    Meaningless {
        /// The option's name.
        option: &'static str,
        /// The other, and its value.
        beside: &'static str,
    },
    /// The loss of a training became NaN or infinite. The flow then has the best parameters so far.
    #[error("the loss became {loss} in epoch {epoch}; a lower learning rate may help")]
    Diverged {
        /// In this epoch.
        epoch: usize,
        /// The loss.
        loss: f64,
    },
    /// The symmetric eigensolver did not converge.
    #[error("the eigenvalues of a {dim} x {dim} covariance did not converge")]
    Eigen {
        /// Its dimension.
        dim: usize,
    },
    /// The orthogonal matrix is no product of that many reflections.
    #[error("the matrix is not a product of {reflections} reflections; a base is needed")]
    NeedsBase {
        /// How many were allowed.
        reflections: usize,
    },
}

/// Why a layer's parameters are refused.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum InvalidLayer {
    /// A NaN or an infinity.
    #[error("parameter {index} is {value}")]
    NonFinite {
        /// Index within the layer.
        index: usize,
        /// The value.
        value: f64,
    },
    /// A reflector must not be 0.
    #[error("reflector {index} is zero")]
    ZeroReflector {
        /// Which one.
        index: usize,
    },
    /// The base of a rotation must be orthogonal.
    #[error("the base matrix is not orthogonal: |BᵀB - I| reaches {deviation:e}")]
    NotOrthogonal {
        /// The largest entry of |BᵀB - I|.
        deviation: f64,
    },
    /// A logarithm of a scale so large that the scale would overflow.
    #[error("a log-scale of {value} is out of range")]
    LogScale {
        /// The value.
        value: f64,
    },
    /// A mixture has at least one component.
    #[error("a mixture needs at least one component")]
    NoComponents,
    /// All layers of a flow that are given columns are given the same ones.
    #[error("the layer is given {got} columns, another one {expected}")]
    Context {
        /// The other layer's.
        expected: usize,
        /// This layer's.
        got: usize,
    },
    /// Tables of discrete columns end a flow.
    #[error("a layer of tables is not the flow's last")]
    NotLast,
    /// A discrete column has a whole number of values, and ratios in [0, 1); one that is not discrete has
    /// three zeros.
    #[error(
        "column {column} has a table of {count} numbers, with ratios {below} and {above} beyond it"
    )]
    Table {
        /// Column.
        column: usize,
        /// Numbers.
        count: f64,
        /// Ratio below the first.
        below: f64,
        /// Ratio above the last.
        above: f64,
    },
    /// The numbers of a table are whole, and increase.
    #[error("the table of column {column} is not of increasing whole numbers")]
    Numbers {
        /// Column.
        column: usize,
    },
    /// The layer says that it has other tables than it has.
    #[error("the tables are of {columns} columns and {values} values")]
    Values {
        /// Discrete columns.
        columns: usize,
        /// Values of all of them.
        values: usize,
    },
    /// A tail has a probability in (0, ½], a scale and an index above 0; no tail is four zeros.
    #[error(
        "column {column} has a tail of probability {probability}, scale {scale} and index {index}"
    )]
    Tail {
        /// Column.
        column: usize,
        /// p.
        probability: f64,
        /// β.
        scale: f64,
        /// ξ.
        index: f64,
    },
    /// A lower tail begins below the upper one.
    #[error("the lower tail of column {column} begins at {lower}, above the upper at {upper}")]
    Thresholds {
        /// Column.
        column: usize,
        /// Where the lower tail begins.
        lower: f64,
        /// Where the upper tail begins.
        upper: f64,
    },
}
