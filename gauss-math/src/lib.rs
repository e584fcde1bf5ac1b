//! Numbers for Gaussianization flows: the normal distribution, mixtures of normals and
//! Householder products, accurate far into both tails and vectorised.
//!
//! | module | what |
//! |---|---|
//! | [`normal`] | φ, Φ, 1-Φ, their logarithms and Φ⁻¹, one number at a time |
//! | [`mixture`] | the marginal map z = Φ⁻¹(F(x)) of a mixture: forward, gradient, inverse, over slices |
//! | [`conditional`] | the same map where weights and arguments are each row's own |
//! | [`expectation`] | the expectation step of EM for such a mixture |
//! | [`normals`] | the same step for normals in several dimensions |
//! | [`conditioner`] | masked networks over a block of rows, and the mixtures they correct |
//! | [`householder`] | products of reflections: apply, expand, differentiate, factor |
//! | [`matrix`] | products with a block of rows, for few dimensions |
//! | [`triangular`] | products of a lower triangle with a block of rows |
//! | [`slice`](mod@slice) | exp, ln, φ with Φ's tail, and Φ⁻¹ over slices |
//! | [`tail`] | the map that makes a power-law tail normal |
//! | [`simd`] | the vector functions all of these share, and the choice of instruction set |
//!
//! ```
//! use gauss_math::mixture::Mixture;
//! // Two bumps at ±2; logits, means and ln σ.
//! let bumps = Mixture::new(&[0.0, 0.0], &[-2.0, 2.0], &[-0.7, -0.7]);
//! let (z, log_derivative) = bumps.gaussianize(2.5);
//! assert!((bumps.invert(z) - 2.5).abs() < 1e-14);
//! // Change of variables: ln p(x) = ln φ(z) + ln dz/dx.
//! assert!((gauss_math::normal::log_pdf(z) + log_derivative - bumps.log_pdf(2.5)).abs() < 1e-14);
//! ```
//!
//! No function clamps its argument or its result: what cannot be represented as a probability is
//! carried as a logarithm.

// Comparisons are written so that a NaN fails them: `!(x <= max)` is not `x > max`.
#![allow(clippy::neg_cmp_op_on_partial_ord)]

mod coefficients;
pub mod conditional;
pub mod conditioner;
pub mod expectation;
pub mod householder;
pub mod matrix;
pub mod mixture;
pub mod normal;
pub mod normals;
pub mod simd;
pub mod slice;
pub mod tail;
pub mod triangular;

pub use pulp;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
