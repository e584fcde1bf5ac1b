//! gauss-rbig
pub mod em;
mod error;
mod estep;
mod exp2;
pub mod gmm;
pub mod histogram;
mod ica;
mod marginal;
pub mod pca;
mod rbig;
pub mod recipe;
mod rotation;
mod scale;
mod start;
mod state;

pub use error::Error;
pub use marginal::Selection;
pub use rbig::{BlockReport, Observer, Rbig, RbigOptions, StopReason, fit, fit_validated};
pub use rotation::RotationKind;
