//! The numbers of a report, as they serialise.

use crate::diagnostics::baselines::Baseline;
use crate::diagnostics::mean::Mean;
use crate::diagnostics::round_trip::ColumnTrip;
use serde::Serialize;

/// The rows of the table.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TableFacts {
    /// All its rows.
    pub rows: usize,
    /// Rows left out because a value is missing.
    pub missing_rows: usize,
    /// Rows with a value outside its column's support: ln p(x) = -∞.
    pub outside_support: usize,
    /// Rows so far out that ln p(x) is beyond the range of a double.
    pub beyond_range: usize,
    /// Rows with a finite ln p(x).
    pub usable_rows: usize,
    /// Those of them that the costly parts looked at.
    pub examined_rows: usize,
}

/// The training table.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TrainFacts {
    /// All its rows.
    pub rows: usize,
    /// Those that the baselines learnt from.
    pub used_rows: usize,
    /// Usable rows of the report's table that stand in this one, too.
    pub shared_rows: usize,
    /// The model's mean ln p(x) of the rows used.
    pub log_prob: Mean,
}

/// ln p(x) of the rows that have one, in nats.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Likelihood {
    /// The mean.
    pub log_prob: Mean,
    /// The same over the number of columns.
    pub log_prob_per_column: Mean,
    /// Of the least likely row with a finite ln p(x).
    pub min_log_prob: Option<f64>,
    /// Of the likeliest row.
    pub max_log_prob: Option<f64>,
}

/// What simple densities learn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FittedTo {
    /// The rows of the training table.
    Train,
    /// The other four fifths of the table.
    CrossFit,
}

/// The model and the baselines on the same rows.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Comparison {
    /// Rows that every density was scored on.
    pub rows: usize,
    /// What the simple densities learnt from.
    pub fitted_to: FittedTo,
    /// Whether discrete columns stand with noise in their cells, the same for every model.
    pub dequantized: bool,
    /// Of the model, in nats.
    pub log_prob: Mean,
    /// The simple densities.
    pub baselines: Vec<Against>,
}

/// A baseline, and how far the model is above it.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Against {
    /// Which one.
    pub baseline: Baseline,
    /// None where it cannot be fitted: the rows are too few or span no volume.
    pub log_prob: Option<Mean>,
    /// The model's ln p(x) less the baseline's, row by row.
    pub gain: Option<Mean>,
    /// Of each mixture that was fitted.
    pub components: Vec<usize>,
}

/// x against f⁻¹(f(x)).
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RoundTrip {
    /// Rows that went there and back.
    pub rows: usize,
    /// The largest error of a real column, over its standard deviation.
    pub largest: Option<f64>,
    /// Whether all values of discrete columns came back exactly; none without such columns.
    pub discrete_exact: Option<bool>,
    /// A column each.
    pub columns: Vec<ColumnTrip>,
}
