//! The rotations of wide data against faer's own matrix product, one thread.
//!
//! The rotation part of a training step is what a flow of rotations and marginal layers takes
//! longer than the same marginal layers alone, d × d more numbers for Adam included. Counted are
//! all matrix products of that part, per rotation and step: over the n rows z = Q x, x̄ = Qᵀ z̄ and
//! Q̄ = Σ z̄ xᵀ, 2 n d² operations each; over the reflectors (d of them) the eight products and the
//! triangular inverse of `gauss-flow`'s `layers/compact.rs`. The yardstick is the rate of the three
//! products over rows alone, of the shapes in which the flow does them.

use crate::clock::{Effort, least_per_call};
use crate::kernels::K;
use crate::report::{Goal, Row, quantity};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par};
use gauss_flow::{Flow, TrainOptions, train};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::ThreadPool;
use std::hint::black_box;

/// Rows of a batch, and of the blocks into which the flow cuts it.
const BATCH: usize = 512;
const BLOCK: usize = 128;
/// Steps of an epoch.
const STEPS: usize = 8;
/// Rotations of the flow, each followed by a marginal layer.
const ROTATIONS: usize = 2;

/// Measures it at d = 50 and d = 100.
pub fn measure(one: &ThreadPool, effort: Effort) -> anyhow::Result<Vec<Row>> {
    [50, 100].into_iter().map(|d| one.install(|| measure_at(d, effort))).collect()
}

fn measure_at(d: usize, effort: Effort) -> anyhow::Result<Row> {
    let x = Mat::from_fn(STEPS * BATCH, d, |i, j| {
        4.0 * ((i + 1) as f64 * (0.137 + 0.061 * j as f64) * 0.618_033_988_749_894_9).fract() - 2.0
    });
    let with = step_seconds(&flow(&x, true)?, &x, effort)?;
    let without = step_seconds(&flow(&x, false)?, &x, effort)?;
    let rows = 3 * 2 * BATCH * d * d;
    // Vᵀ V, V T, P Vᵀ; Q̄ V, A Tᵀ, Pᵀ A, V W, Q̄ᵀ P: 2 d³ each; T = M⁻¹: d³/3.
    let reflectors = 8 * 2 * d.pow(3) + d.pow(3) / 3;
    let operations = (ROTATIONS * (rows + reflectors)) as f64;
    let rotation = operations / (with - without) / 1e9;
    let gemm = (3 * 2 * BLOCK * d * d) as f64 / products_seconds(d, effort) / 1e9;
    let what = format!("rotation part of a training step, d = {d}, {d} reflections");
    Ok(Row::new(what, "1 thread", "of GEMM")
        .measured(rotation / gemm, Some(Goal::AtLeast(0.6)))
        .note(format!(
            "{} of faer's {}; {} of a step's {} with {ROTATIONS} rotations",
            quantity(rotation, "GFLOP/s"),
            quantity(gemm, "GFLOP/s"),
            quantity(1e3 * (with - without), "ms"),
            quantity(1e3 * with, "ms"),
        )))
}

fn flow(x: &Mat<f64>, rotations: bool) -> anyhow::Result<Flow> {
    let d = x.ncols();
    let mut builder = Flow::builder(d);
    for _ in 0..ROTATIONS {
        builder = if rotations { builder.rotation(d) } else { builder };
        builder = builder.marginal(K);
    }
    Ok(builder.build(x.as_ref(), &mut ChaCha8Rng::seed_from_u64(0))?)
}

/// Seconds of a step of `train`, from the quickest epoch.
fn step_seconds(start: &Flow, x: &Mat<f64>, effort: Effort) -> anyhow::Result<f64> {
    let epochs = if effort.quick { 4 } else { 30 };
    // A rate so low that the numbers, and hence the work, stay as they are.
    let options =
        TrainOptions { epochs, batch_size: BATCH, learning_rate: 1e-9, ..TrainOptions::default() };
    let mut flow = start.clone();
    let history = train(&mut flow, x.as_ref(), None, &options, &mut ())?;
    let epochs = history.epochs.windows(2).map(|pair| pair[1].seconds - pair[0].seconds);
    Ok(epochs.fold(f64::INFINITY, f64::min) / STEPS as f64)
}

/// Seconds of the three products for one block and one rotation.
fn products_seconds(d: usize, effort: Effort) -> f64 {
    let numbers = |n: usize| -> Vec<f64> { (0..n).map(|i| (i as f64 * 0.618).fract()).collect() };
    let (q, x, z_bar) = (numbers(d * d), numbers(BLOCK * d), numbers(BLOCK * d));
    let (mut z, mut x_bar, mut q_bar) =
        (vec![0.0; BLOCK * d], vec![0.0; BLOCK * d], vec![0.0; d * d]);
    least_per_call(effort, || {
        // As in gauss-flow's layers/rotation.rs: a block [d][n] is column-major, n × d.
        let q = MatRef::from_row_major_slice(black_box(&q), d, d);
        let block = MatRef::from_column_major_slice(&x, BLOCK, d);
        let out = MatMut::from_column_major_slice_mut(&mut z, BLOCK, d);
        matmul(out, Accum::Replace, block, q.transpose(), 1.0, Par::Seq);
        let bars = MatRef::from_column_major_slice(&z_bar, BLOCK, d);
        let out = MatMut::from_column_major_slice_mut(&mut x_bar, BLOCK, d);
        matmul(out, Accum::Replace, bars, q, 1.0, Par::Seq);
        let bars = MatRef::from_row_major_slice(&z_bar, d, BLOCK);
        let out = MatMut::from_row_major_slice_mut(&mut q_bar, d, d);
        matmul(out, Accum::Add, bars, block, 1.0, Par::Seq);
        black_box((&z, &x_bar));
        // The sum must not grow without bound.
        q_bar.fill(0.0);
    })
}
