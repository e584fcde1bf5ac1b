//! Gaussianization flows: invertible maps from data of any shape to a standard normal.
//!
//! A flow is a composition z = f_L(... f_2(f_1(x))) of rotations and marginal maps. Since every
//! layer is invertible with a known Jacobian, it is an exact density,
//!
//! ```text
//! log p(x) = log N(f(x); 0, I) + ln|det ∂f/∂x|       (nats)
//! ```
//!
//! and an exact sampler, x = f⁻¹(z) for z ~ N(0, I):
//!
//! ```text
//!   x ──▶ standardize ──▶ rotation ──▶ marginal ──▶ rotation ──▶ ... ──▶ z
//!     ◀────────────────────────── inverse ──────────────────────────────
//! ```
//!
//! ```
//! use faer::Mat;
//! use gauss_flow::{Flow, TrainOptions, train};
//! use rand::SeedableRng;
//!
//! // 400 points on a noisy parabola.
//! let x = Mat::from_fn(400, 2, |i, j| {
//!     let t = (i as f64 * 0.7548776662466927).fract() * 2.0 - 1.0;
//!     let noise = (i as f64 * 0.5698402909980532).fract() - 0.5;
//!     if j == 0 { t } else { t * t + 0.2 * noise }
//! });
//! let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
//! let mut flow = Flow::builder(2)
//!     .standardize()
//!     .rotation(2).marginal(6)
//!     .rotation(2).marginal(6)
//!     .build(x.as_ref(), &mut rng)?;
//! let options = TrainOptions { epochs: 20, batch_size: 100, ..TrainOptions::default() };
//! let history = train(&mut flow, &x, None, &options, &mut ())?;
//! assert!(history.epochs[20].train_nll < history.epochs[0].train_nll);
//!
//! let log_p = flow.log_prob(x.as_ref())?;             // one number a row
//! let (z, log_det) = flow.forward(x.as_ref())?;       // the latent, and ln|det ∂z/∂x|
//! let back = flow.inverse(z.as_ref())?;
//! assert!((back - &x).norm_max() < 1e-12);
//! let fresh = flow.sample(1000, &mut rng);            // new points
//! # assert_eq!((log_p.len(), log_det.len(), fresh.nrows()), (400, 400, 1000));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A mixture of normals with full covariances is a flow, too, of one layer
//! ([`LayerSpec::Rosenblatt`]).
//!
//! A [`Flow`] knows points of ℝᵈ only. Tables with columns of other kinds, and model files, are
//! `gauss-model`'s.
//!
//! Reading order: this page, `flow.rs`, `layer.rs`, `layers/marginal.rs`, then `mixture` and
//! `normal` of `gauss-math`.

// Comparisons are written so that a NaN fails them: `!(x <= max)` is not `x > max`.
#![allow(clippy::neg_cmp_op_on_partial_ord)]
// Without `train` nobody asks the layers for the sums over their rows.
#![cfg_attr(not(feature = "train"), allow(dead_code))]

mod blocks;
mod bound;
mod builder;
mod counted;
mod derived;
mod error;
mod far;
mod flow;
#[cfg(feature = "train")]
mod gradient;
mod layer;
pub mod layers;
mod norm;
pub mod order;
pub mod rows;
mod scale;
pub mod stream;
mod sums;
#[cfg(feature = "train")]
mod train;
pub mod watch;

pub use bound::BoundFlow;
pub use builder::FlowBuilder;
pub use derived::Workspace;
pub use error::{Error, InvalidLayer};
pub use flow::Flow;
pub use layer::LayerSpec;
pub use rows::{Blocks, OwnedRows, Rows};
pub use scale::{column_scale, column_scales, standardization};
pub use sums::{Loss, Sums};
#[cfg(feature = "train")]
pub use train::{Adam, History, Plan, Schedule, TrainOptions, Trainer, train};
pub use watch::{BlockRecord, EpochRecord, Event, Stage, StopReason, Watch};

pub use {faer, rand, rand_chacha};

#[cfg(all(doctest, feature = "train"))]
#[doc = include_str!("../README.md")]
struct Readme;
