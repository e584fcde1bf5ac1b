//! A flow of the demonstration's size: 2 columns, 8 blocks of 2 reflections and 8 components; and one
//! conditioned layer of 10 columns, 8 components and 2 x 64 hidden units.
//! `cargo bench -p gauss-flow`; `RAYON_NUM_THREADS=1` for one thread.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use faer::Mat;
use gauss_flow::{Flow, TrainOptions, Workspace, train};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::hint::black_box;

const ROWS: usize = 5_000;
const GRID: usize = 48_400;

/// A noisy parabola.
fn data(rows: usize) -> Mat<f64> {
    Mat::from_fn(rows, 2, |i, j| {
        let t = 4.0 * (i as f64 * 0.754_877_666_246_692_7).fract() - 2.0;
        let noise = (i as f64 * 0.569_840_290_998_053_2).fract() - 0.5;
        if j == 0 { t } else { t * t - 1.0 + 0.3 * noise }
    })
}

fn flow(x: &Mat<f64>) -> Flow {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    (0..8)
        .fold(Flow::builder(2), |builder, _| builder.rotation(2).marginal(8))
        .build(x.as_ref(), &mut rng)
        .expect("a valid flow")
}

fn benches(c: &mut Criterion) {
    let x = data(ROWS);
    let start = flow(&x);
    let options = TrainOptions { epochs: 20, ..TrainOptions::default() };
    c.bench_function("training, 20 epochs of 5,000 rows", |b| {
        b.iter(|| {
            let mut flow = start.clone();
            train(&mut flow, black_box(x.as_ref()), None, &options, &mut ()).expect("it trains")
        });
    });
    let grid = data(GRID);
    c.bench_function("log_prob of 48,400 rows", |b| {
        b.iter(|| start.log_prob(black_box(grid.as_ref())).expect("two columns"));
    });
    c.bench_function("5,000 samples", |b| {
        b.iter(|| start.sample(ROWS, &mut ChaCha8Rng::seed_from_u64(1)));
    });
}

/// Columns, components and hidden units of the conditioned layer, rows of a step, steps of a run.
const D: usize = 10;
const K: usize = 8;
const H: usize = 64;
const BATCH: usize = 128;
const STEPS: usize = 200;

/// Beside the time of a step stands what it has to do at least: a multiply-add per weight and row
/// forward and two on the way back, and K d terms of mixtures per row.
fn conditioned(c: &mut Criterion) {
    let x = Mat::from_fn(STEPS / 20 * BATCH, D, |i, j| {
        (i as f64 * (0.37 + 0.061 * j as f64)).sin() + 0.1 * (i as f64 * 0.77).cos()
    });
    let builder = Flow::builder(D).conditioned(K, H, false);
    let start = builder.build(&x, &mut ChaCha8Rng::seed_from_u64(0)).expect("a valid flow");
    let weights = start.layers()[0].network(D).len() - 2 * H;
    println!(
        "a step: {:.1} million multiply-adds of the network, {} terms of mixtures, {} parameters",
        3.0 * (weights * BATCH) as f64 * 1e-6,
        BATCH * K * D,
        start.n_params()
    );
    let mut group = c.benchmark_group("conditioned");
    group.throughput(Throughput::Elements(STEPS as u64));
    let options = TrainOptions { epochs: 20, batch_size: BATCH, ..TrainOptions::default() };
    group.bench_function("training, per step", |b| {
        b.iter(|| {
            let mut flow = start.clone();
            train(&mut flow, black_box(&x), None, &options, &mut ()).expect("it trains")
        });
    });
    let (bound, mut workspace, mut out) = (start.bind(), Workspace::default(), vec![0.0; BATCH]);
    let rows = x.as_ref().subrows(0, BATCH);
    group.throughput(Throughput::Elements(BATCH as u64));
    group.bench_function("log_prob, per row", |b| {
        b.iter(|| bound.log_prob_into(black_box(rows), &mut out, &mut workspace));
    });
    group.bench_function("inverse, per row", |b| b.iter(|| bound.inverse(black_box(rows))));
    group.finish();
}

criterion_group!(all, benches, conditioned);
criterion_main!(all);
