//! A flow of the demonstration's size: 2 columns, 8 blocks of 2 reflections and 8 components; one
//! conditioned layer of 10 columns, 8 components and 2 x 64 hidden units; and a mixture of normals.
//! `cargo bench -p gauss-flow`; `RAYON_NUM_THREADS=1` for one thread.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use faer::Mat;
use gauss_flow::{Flow, LayerSpec, TrainOptions, Workspace, train};
use gauss_math::{slice, triangular};
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

/// Enough rows for a dozen blocks, few enough that they stay in cache.
const MIXTURE_ROWS: usize = 1_536;

/// A mixture of 16 normals with full covariances in 10 dimensions, on one thread, against its work:
/// K d (d + 1)/2 multiply-adds and K exponentials for ln p; K d terms of the kernel beside them where z is
/// made.
fn mixture(c: &mut Criterion) {
    const K: usize = 16;
    const D: usize = 10;
    let spec = LayerSpec::Rosenblatt { components: K };
    let number = |i: usize| (i as f64 * 0.754_877_666_246_692_7).fract() - 0.5;
    let params: Vec<f64> = (0..spec.n_params(D)).map(number).collect();
    let flow = Flow::from_parts(D, vec![spec], params).expect("ordinary numbers");
    let bound = flow.bind();
    let x = bound.sample(MIXTURE_ROWS, &mut ChaCha8Rng::seed_from_u64(2));
    let mut workspace = Workspace::default();
    let mut out = vec![0.0; MIXTURE_ROWS];

    let triangle: Vec<f64> = (0..D * (D + 1) / 2).map(number).collect();
    let block: Vec<f64> = (0..D * 128).map(number).collect();
    let (mut squares, mut powers, mut work) = ([0.0; 128], [0.0; 128], [0.0; 16 * D]);

    let mut group = c.benchmark_group("mixture of 16 normals in 10 dimensions, per row");
    group.throughput(Throughput::Elements(MIXTURE_ROWS as u64));
    group.bench_function("its products and exponentials alone", |b| {
        b.iter(|| {
            for _ in 0..K * MIXTURE_ROWS / 128 {
                let (a, x) = (black_box(&triangle), black_box(&block));
                triangular::squared_norm(a, &x[..D], x, &mut squares, &mut work);
                slice::exp(black_box(&block[..128]), &mut powers);
            }
        });
    });
    group.bench_function("log_prob", |b| {
        b.iter(|| bound.log_prob_into(black_box(x.as_ref()), &mut out, &mut workspace));
    });
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    group.bench_function("forward", |b| {
        b.iter(|| one.install(|| bound.forward(black_box(x.as_ref()))));
    });
    group.bench_function("samples", |b| {
        b.iter(|| one.install(|| bound.sample(MIXTURE_ROWS, &mut ChaCha8Rng::seed_from_u64(2))));
    });
    group.finish();
}

criterion_group!(all, benches, conditioned, mixture);
criterion_main!(all);
