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
//!
//! // A noisy parabola: its columns are uncorrelated, yet one nearly gives the other.
//! let x = faer::Mat::from_fn(1000, 2, |i, j| {
//!     let t = (i as f64 * 0.754_877_666).fract() * 2.0 - 1.0;
//!     let noise = (i as f64 * 0.569_840_291).fract() - 0.5;
//!     if j == 0 { t } else { t * t + 0.2 * noise }
//! });
//! let options = RbigOptions { max_blocks: 10, ..RbigOptions::default() };
//! let rbig = fit(x.as_ref(), &options, &mut ())?;
//! for block in &rbig.blocks {
//!     println!("block {}: {:.3} nats", block.block, block.negentropy_removed);
//! }
//! let log_p = rbig.flow.log_prob(x.as_ref())?;
//! assert!(log_p.iter().zip(&rbig.log_prob).all(|(a, b)| (a - b).abs() < 1e-10));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | what |
//! |---|---|
//! | [`fit`], [`RbigOptions`], [`greedy`] | the loop: rotate, fit, map; when to stop |
//! | [`recipe`] | the recommended fit: greedy warm starts, then joint training |
//! | [`marginal`]: [`gmm`], [`em`], [`histogram`] | mixtures in one dimension, their size by AIC or BIC, and weighted points in place of any number of rows |
//! | [`linear`]: [`pca`] | moments as sums over blocks; principal components |
//! | [`multivariate`] | one normal, and mixtures of normals, in d dimensions |
//! | [`baseline`] | what any fit must beat |
//! | [`tails`] | tails that fall like a power, found by the rows |
//! | [`defects`] | what makes a table have no density of its own; a noise floor |
//! | [`information`] | entropy, negentropy, total and mutual information |
//! | [`mean`], [`sampling`] | a mean with its error; rows picked at random |
//!
//! **Weights.** Whatever takes a matrix takes [`gauss_flow::Rows`], so rows may have weights: a row of
//! weight w counts as w rows, and only the proportions matter (`gauss_flow::rows` has the
//! definition). Equal weights give the bits that no weights give.
//!
//! **Sums.** [`pca::Moments`] and [`histogram::Histogram`] are sums over rows that merge and travel:
//! what several machines have seen of a table is fitted by [`pca::Pca::of_covariance`],
//! [`multivariate::gaussian::Gaussian::of_moments`] and [`em::fit_histogram`].
//!
//! Everything learned is a sum over rows in a fixed order: a seed gives the same bits at any
//! number of threads.

pub mod baseline;
mod classes;
pub mod defects;
pub mod greedy;
pub mod information;
pub mod linear;
pub mod marginal;
pub mod mean;
pub mod multivariate;
pub mod recipe;
pub mod sampling;
mod seeds;
pub mod tails;

pub use gauss_flow::Error;
pub use greedy::{Rbig, RbigOptions, RotationKind, fit, fit_validated};
pub use linear::pca;
pub use marginal::Selection;
pub use marginal::{em, gmm, histogram};

pub use {faer, gauss_flow};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
