//! What a rotation is made of: moments of rows with their principal components, and independent
//! components.

pub(crate) mod ica;
pub mod pca;
