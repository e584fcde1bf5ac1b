//! A flow of the demonstration's size: 2 columns, 8 blocks of 2 reflections and 8 components.
//! `cargo bench -p gauss-flow`; `RAYON_NUM_THREADS=1` for one thread.

use criterion::{Criterion, criterion_group, criterion_main};
use faer::Mat;
use gauss_flow::{Flow, TrainOptions, train};
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

criterion_group!(all, benches);
criterion_main!(all);
