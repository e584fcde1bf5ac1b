//! The layers. Each file opens with its mathematics.

mod compact;
pub(crate) mod marginal;
pub mod rotation;
pub(crate) mod standardize;

pub(crate) use marginal::Marginal;
pub(crate) use rotation::Rotation;
pub(crate) use standardize::Standardize;
