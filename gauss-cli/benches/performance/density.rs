//! The kinds of density beside blocks: an iteration of EM and the density of a mixture with full
//! covariances, and a training step of a conditioned layer, on one thread, against the limit.
//!
//! Counted are the least operations: of a mixture, per row and component, A (x - m) and its square,
//! an exponential, and for EM the sums of r, r x and r x xᵀ; of a conditioned layer, two operations
//! per weight of the network and row on the way forward and four on the way back, and a term of the
//! mixture, forward and backward, per row, column and component.

use crate::backend;
use crate::clock::{Effort, least};
use crate::fma::Limits;
use crate::operations;
use crate::report::{Goal, Row};
use faer::Mat;
use gauss_flow::{Flow, TrainOptions, Workspace, standardization, train};
use gauss_math::simd::Backend;
use gauss_rbig::multivariate::mixture::{Frame, Mixture};
use gauss_rbig::pca::Moments;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::ThreadPool;
use std::hint::black_box;
use std::time::Instant;

const D: usize = 10;
/// Components of the mixture, and of a conditioned layer's columns.
const NORMALS: usize = 16;
const K: usize = 8;
/// Rows of EM, and those that are scored: few enough that they stay in cache.
const ROWS: usize = 100_000;
const SCORED: usize = 1_536;
/// Units in each of the network's two hidden layers, rows of a step, steps of an epoch.
const HIDDEN: usize = 64;
const BATCH: usize = 128;
const STEPS: usize = 10;

/// Per row: of A (x - m) and its square, and of the sums.
const LOG_TERM: usize = NORMALS * (D + D * (D + 1) + 2 * D + operations::EXP);
const SUMS: usize = NORMALS * 2 * (1 + D + D * (D + 1) / 2);

/// Measures all on one thread.
pub fn measure(limits: &Limits, one: &ThreadPool, effort: Effort) -> anyhow::Result<Vec<Row>> {
    let limit = limits.of(Backend::best(), 1);
    let how = || format!("{}, 1 thread", backend::name(Backend::best()));
    one.install(|| {
        let mut rows = mixture(limit, &how(), effort)?;
        rows.push(conditioned(limit, &how(), effort)?);
        Ok(rows)
    })
}

fn mixture(limit: f64, how: &str, effort: Effort) -> anyhow::Result<Vec<Row>> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
    let centres: Vec<f64> = (0..NORMALS * D).map(|_| 3.0 * normal()).collect();
    let n = if effort.quick { ROWS / 10 } else { ROWS };
    let x = Mat::from_fn(n, D, |i, j| centres[i % NORMALS * D + j] + normal());
    let few = x.subrows(0, SCORED);
    let mixture = Mixture::fit(few, NORMALS, 1)?;
    let frame = Frame::of(&Moments::of(&x), &[0.0; D], 0.1)?;
    let iteration = least(effort.repeats, || {
        let begun = Instant::now();
        let sums = mixture.accumulate(black_box(&x), &frame)?;
        black_box(sums.solve(&frame)?);
        anyhow::Ok(begun.elapsed().as_secs_f64())
    })?;
    let flow = mixture.to_flow(&standardization(few)?)?.bind();
    let (mut workspace, mut out) = (Workspace::default(), vec![0.0; SCORED]);
    let score = least(10 * effort.repeats, || {
        let begun = Instant::now();
        flow.log_prob_into(black_box(few), &mut out, &mut workspace)?;
        anyhow::Ok(begun.elapsed().as_secs_f64())
    })?;
    let operations = (n * (LOG_TERM + SUMS)) as f64;
    let share = operations / iteration / (1e9 * limit);
    let bound = (SCORED * LOG_TERM) as f64 / (1e9 * limit);
    Ok(vec![
        Row::new("an iteration of EM, 10 columns, 16 normals", how, "of the limit")
            .measured(share, Some(Goal::AtLeast(0.3)))
            .share(operations, iteration, limit)
            .note(format!("{:.1} ms for {n} rows, from a matrix to a mixture", 1e3 * iteration)),
        Row::new("ln p of such a mixture, over the limit's time", how, "×")
            .measured(score / bound, Some(Goal::AtMost(3.0)))
            .share((SCORED * LOG_TERM) as f64, score, limit)
            .note(format!("{:.0} ns a row", 1e9 * score / SCORED as f64)),
    ])
}

fn conditioned(limit: f64, how: &str, effort: Effort) -> anyhow::Result<Row> {
    let x = Mat::from_fn(STEPS * BATCH, D, |i, j| {
        (i as f64 * (0.37 + 0.061 * j as f64)).sin() + 0.1 * (i as f64 * 0.77).cos()
    });
    let builder = Flow::builder(D).conditioned(K, HIDDEN, false);
    let mut flow = builder.build(&x, &mut ChaCha8Rng::seed_from_u64(0))?;
    let weights = flow.layers()[0].network(D).len() - 2 * HIDDEN;
    let epochs = if effort.quick { 4 } else { 30 };
    let options = TrainOptions { epochs, batch_size: BATCH, ..TrainOptions::default() };
    let history = train(&mut flow, &x, None, &options, &mut ())?;
    let seconds = history.epochs.windows(2).map(|pair| pair[1].seconds - pair[0].seconds);
    let step = seconds.fold(f64::INFINITY, f64::min) / STEPS as f64;
    let operations = BATCH * (6 * weights + D * operations::forward_and_backward(K));
    Ok(Row::new("a training step of a conditioned layer", how, "ms")
        .measured(1e3 * step, Some(Goal::AtMost(0.35)))
        .share(operations as f64, step, limit)
        .note("128 rows × 10, K = 8, two hidden layers of 64; weights as stored, masks left out"))
}
