//! Greedy Gaussianization: a flow fitted block by block, without gradients.
//!
//! Rotation-based iterative Gaussianization (Laparra, Camps-Valls and Malo 2011) alternates an
//! orthogonal matrix Q and, in every coordinate, the map that makes it normal:
//!
//! ```text
//! x ← Q z,    z_i ← Φ⁻¹(F_i(x_i)),    F_i a mixture of normals fitted to x_i by EM
//! ```
//!
//! Each block raises the mean log-density by Σ_i KL(p_i ‖ N(0, 1)), the distance of the rotated
//! marginals p_i from normal, and in the limit z is a standard normal vector. Every map is a
//! layer of `gauss-flow`, so the result is a [`gauss_flow::Flow`]: an exact density and sampler,
//! and a good start for joint training.
//!
//! ```
//! use gauss_rbig::{RbigOptions, fit};
//! use std::ops::ControlFlow;
//!
//! // A noisy parabola: its columns are uncorrelated, yet one nearly gives the other.
//! let x = faer::Mat::from_fn(1000, 2, |i, j| {
//!     let t = (i as f64 * 0.754_877_666).fract() * 2.0 - 1.0;
//!     let noise = (i as f64 * 0.569_840_291).fract() - 0.5;
//!     if j == 0 { t } else { t * t + 0.2 * noise }
//! });
//! let options = RbigOptions { max_blocks: 10, ..RbigOptions::default() };
//! let rbig = fit(x.as_ref(), &options, &mut |block| {
//!     println!("block {}: {:.3} nats", block.block, block.negentropy_removed);
//!     ControlFlow::Continue(())
//! })?;
//! let log_p = rbig.flow.log_prob(x.as_ref())?;
//! assert!(log_p.iter().zip(&rbig.log_prob).all(|(a, b)| (a - b).abs() < 1e-10));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | what |
//! |---|---|
//! | [`fit`], [`RbigOptions`] (`rbig.rs`) | the loop: rotate, fit, map; when to stop |
//! | [`recipe`] | the recommended fit: greedy warm start, then joint training |
//! | `rotation.rs`, `ica.rs` | which rotation: principal, random, independent components |
//! | `marginal.rs` | one mixture per coordinate, its size by AIC or BIC |
//! | [`gmm`], [`em`] | mixtures in one dimension and their fit; `start.rs`, `scale.rs`: where it begins and what it may not do |
//! | [`histogram`] | weighted points in place of any number of rows |
//! | [`pca`] | moments as sums over blocks; principal components |
//! | [`defects`] | what makes a table have no density of its own; a noise floor |
//! | [`information`] | entropy, negentropy, total and mutual information |
//!
//! Everything learned is a sum over rows in a fixed order: a seed gives the same bits at any
//! number of threads.

pub mod defects;
pub mod em;
mod error;
pub mod gmm;
pub mod histogram;
mod ica;
pub mod information;
mod marginal;
pub mod pca;
mod rbig;
pub mod recipe;
mod rotation;
mod sampling;
mod scale;
mod start;
mod state;

pub use error::Error;
pub use marginal::Selection;
pub use rbig::{BlockReport, Observer, Rbig, RbigOptions, StopReason, fit, fit_validated};
pub use rotation::RotationKind;
