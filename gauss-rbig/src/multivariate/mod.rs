//! Densities of all columns at once that need no greedy fit: one normal distribution, as it is or
//! shrunk, and mixtures of them.

mod flat;
pub mod gaussian;
pub mod mixture;
mod shrunk;

pub(crate) use flat::is_flat;
