//! Densities of all columns at once that need no flow: one normal distribution, and mixtures of
//! them.

pub mod gaussian;
pub mod mixture;
