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
//! use std::ops::ControlFlow;
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
//! let history = train(&mut flow, x.as_ref(), None, &options, &mut |_| ControlFlow::Continue(()))?;
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
//! A [`Flow`] knows points of ℝᵈ only. A [`Model`] is a flow with [`Column`]s, whose [`Kind`]s say
//! what their values are, and speaks the table's own language: a price stays positive, a count
//! whole, and ln p(x) is a density in the one and a probability in the other.
//!
//! ```
//! use faer::Mat;
//! use gauss_flow::{Column, Flow, Kind, Metadata, Model, Support, columns};
//! use rand::SeedableRng;
//!
//! let price = Column { kind: Kind::Real(Support::Above(0.0)), ..Column::real("price") };
//! let visits = Column { kind: Kind::Integer(Support::Above(0.0)), ..Column::real("visits") };
//! let columns = vec![price, visits];
//! let x = Mat::from_fn(400, 2, |i, j| {
//!     let t = (i as f64 * 0.7548776662466927).fract();
//!     if j == 0 { (3.0 * t).exp() } else { (8.0 * t).floor() }
//! });
//!
//! // The flow learns from y: noise within the cell of each integer, then a map to the whole line.
//! let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
//! let u = columns::dequantize(&columns, x.as_ref(), &mut rng);
//! let (y, _log_det) = columns::encode(&columns, u);
//! let flow = Flow::builder(2).standardize().rotation(2).marginal(6).build(y.as_ref(), &mut rng)?;
//! let model = Model { flow, columns, metadata: Metadata::default() };
//!
//! let log_p = model.log_prob(x.as_ref())?;            // x itself: prices and counts
//! let fresh = model.sample(100, &mut rng);
//! assert!(fresh.row_iter().all(|row| row[0] > 0.0 && row[1] >= 0.0 && row[1].fract() == 0.0));
//! # assert!(log_p.iter().all(|v| v.is_finite()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Reading order, for the mathematics: this page, `flow.rs`, `layer.rs`, `layers/marginal.rs`, then
//! `mixture` and `normal` of `gauss-math`. For tables: `columns/`, `model.rs`, `file.rs`.

// Comparisons are written so that a NaN fails them: `!(x <= max)` is not `x > max`.
#![allow(clippy::neg_cmp_op_on_partial_ord)]

mod adam;
mod bound;
mod builder;
pub mod columns;
mod error;
pub mod file;
mod flow;
mod gradient;
mod layer;
pub mod layers;
mod model;
mod rows;
mod train;

pub use adam::Adam;
pub use builder::{FlowBuilder, column_scale, standardization};
pub use columns::{Column, Kind, Support};
pub use error::{Error, InvalidKind, InvalidLayer};
pub use file::Metadata;
pub use flow::{BoundFlow, Flow};
pub use layer::LayerSpec;
pub use model::Model;
pub use train::{
    EpochRecord, Event, History, Observer, Schedule, StepObserver, StopReason, TrainError,
    TrainOptions, train, train_by_steps,
};
