//! One row at a time, and rows far out: what a server that scores single rows pays, and whether
//! anomalies, which are such rows, cost more than others.
//!
//! The flow is the demonstration's size in its user's units: 2 columns, standardize, then 8
//! rotations and 8 marginal layers of 8 components, 17 layers. A far row lies 60 deviations out,
//! where every tail probability underflows.

use crate::clock::{Effort, least};
use crate::report::{Goal, Row};
use faer::Mat;
use gauss_cli::known::TwoMoons;
use gauss_flow::{BoundFlow, Flow, Workspace};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::ThreadPool;
use std::hint::black_box;
use std::time::Instant;

/// Rows of a batch.
const BATCH: usize = 4096;
/// Deviations of a far row.
const FAR: f64 = 60.0;

fn flow(x: &Mat<f64>) -> anyhow::Result<Flow> {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let begin = Flow::builder(2).standardize();
    let builder = (0..8).fold(begin, |builder, _| builder.rotation(2).marginal(8));
    Ok(builder.build(x.as_ref(), &mut rng)?)
}

/// Nanoseconds of one row by itself, over some of the rows.
fn one_row(flow: &BoundFlow, x: &Mat<f64>, effort: Effort) -> anyhow::Result<f64> {
    let mut workspace = Workspace::default();
    let rows: Vec<[f64; 2]> = (0..1000).map(|i| [x[(i, 0)], x[(i, 1)]]).collect();
    least(effort.repeats, || {
        let begun = Instant::now();
        for row in &rows {
            black_box(flow.log_prob_row(black_box(row), &mut workspace)?);
        }
        Ok(begun.elapsed().as_secs_f64() * 1e9 / rows.len() as f64)
    })
}

/// Nanoseconds a row of a batch.
fn batch(flow: &BoundFlow, x: &Mat<f64>, effort: Effort) -> anyhow::Result<f64> {
    let (mut workspace, mut out) = (Workspace::default(), vec![0.0; x.nrows()]);
    least(effort.repeats, || {
        let begun = Instant::now();
        flow.log_prob_into(black_box(x.as_ref()), &mut out, &mut workspace)?;
        black_box(&out);
        Ok(begun.elapsed().as_secs_f64() * 1e9 / x.nrows() as f64)
    })
}

/// Measures all on one thread.
pub fn measure(one: &ThreadPool, effort: Effort) -> anyhow::Result<Vec<Row>> {
    let (x, _) = TwoMoons::new(0.05).sample(BATCH, &mut ChaCha8Rng::seed_from_u64(1));
    let flow = flow(&x)?;
    let bound = flow.bind();
    let far =
        Mat::from_fn(BATCH, 2, |i, j| FAR * if (i + j) % 2 == 0 { 1.0 } else { -1.0 } + x[(i, j)]);
    one.install(|| {
        let (typical, far_row) = (one_row(&bound, &x, effort)?, one_row(&bound, &far, effort)?);
        let (near, out) = (batch(&bound, &x, effort)?, batch(&bound, &far, effort)?);
        let row = |what: &str, unit| Row::new(what, "1 thread", unit);
        Ok(vec![
            row("log p of one typical row, 2 columns, 17 layers", "µs")
                .measured(typical / 1e3, Some(Goal::AtMost(1.5)))
                .note("no allocation: `gauss-flow/tests/allocation.rs`"),
            row("log p of one far row, 60 deviations out", "µs")
                .measured(far_row / 1e3, Some(Goal::AtMost(6.0))),
            row("a batch of far rows over a batch of typical ones", "×")
                .measured(out / near, Some(Goal::AtMost(3.0)))
                .note(format!("{near:.0} ns a typical row of {BATCH}")),
        ])
    })
}
