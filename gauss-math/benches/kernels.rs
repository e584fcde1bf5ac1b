//! The kernels over a block that stays in cache, against scalar `libm` in the same run:
//! `cargo bench -p gauss-math`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gauss_math::conditional::{self, Conditional, InverseWork};
use gauss_math::mixture::{Gradient, Inverter, Mixture};
use gauss_math::slice;
use std::hint::black_box;

const N: usize = 256;
const K: usize = 8;

fn elementary(c: &mut Criterion) {
    let x: Vec<f64> = (0..N).map(|i| 8.0 * (i as f64 + 0.5) / N as f64 - 4.0).collect();
    let p: Vec<f64> = (0..N).map(|i| 0.5 * (i as f64 + 0.5) / N as f64).collect();
    let (mut pdf, mut tail) = (vec![0.0; N], vec![0.0; N]);
    let mut group = c.benchmark_group("elementary, per element");
    group.throughput(Throughput::Elements(N as u64));
    group.bench_function("pdf and tail", |b| {
        b.iter(|| slice::pdf_and_tail(black_box(&x), &mut pdf, &mut tail));
    });
    group.bench_function("pdf and tail, libm", |b| {
        b.iter(|| {
            for ((x, pdf), tail) in black_box(&x).iter().zip(&mut pdf).zip(&mut tail) {
                *pdf = 0.398_942_280_401_432_7 * libm::exp(-0.5 * x * x);
                *tail = 0.5 * libm::erfc(x.abs() * std::f64::consts::FRAC_1_SQRT_2);
            }
        });
    });
    group.bench_function("upper quantile", |b| {
        b.iter(|| slice::upper_quantile(black_box(&p), &mut pdf));
    });
    group.bench_function("exp", |b| b.iter(|| slice::exp(black_box(&x), &mut pdf)));
    group.bench_function("ln", |b| b.iter(|| slice::ln(black_box(&p), &mut pdf)));
    group.finish();
}

fn mixture(c: &mut Criterion) {
    let means: Vec<f64> = (0..K).map(|k| 0.6 * k as f64 - 2.0).collect();
    let log_sigmas: Vec<f64> = (0..K).map(|k| -1.0 + 0.1 * k as f64).collect();
    let mixture = Mixture::new(&[0.0; K], &means, &log_sigmas);
    let inverter = Inverter::new(&mixture);
    let x: Vec<f64> = (0..N).map(|i| 6.0 * (i as f64 + 0.5) / N as f64 - 3.0).collect();
    let (mut z, mut log_det, mut x_bar) = (vec![0.0; N], vec![0.0; N], vec![0.0; N]);
    let mut tape = vec![0.0; Mixture::tape_len(K) * N];
    let mut work = vec![0.0; 3 * N];
    let minus_one = [-1.0; N];
    let mut sums = [[0.0; K]; 3];

    let mut group = c.benchmark_group("mixture, per row and component");
    group.throughput(Throughput::Elements((N * K) as u64));
    group.bench_function("forward", |b| {
        b.iter(|| mixture.forward(black_box(&x), &mut z, &mut log_det));
    });
    group.bench_function("forward and backward", |b| {
        b.iter(|| {
            mixture.forward_with_tape(black_box(&x), &mut z, &mut log_det, &mut tape);
            let [logits, means, log_sigmas] = &mut sums;
            let grad = &mut Gradient { logits, means, log_sigmas };
            mixture.backward(&x, &z, &tape, &z, &minus_one, &mut x_bar, &mut work, grad);
        });
    });
    group.finish();

    mixture.forward(&x, &mut z, &mut log_det);
    let mut group = c.benchmark_group("mixture, per value");
    group.throughput(Throughput::Elements(N as u64));
    group.bench_function("inverse", |b| {
        b.iter(|| inverter.invert(&mixture, black_box(&z), &mut x_bar));
    });
    group.finish();
}

/// The same mixture given row by row.
fn conditional(c: &mut Criterion) {
    let x = |row: usize| 6.0 * (row as f64 + 0.5) / N as f64 - 3.0;
    let mean = |k: usize| 0.6 * k as f64 - 2.0;
    let log_sigma = |k: usize| -1.0 + 0.1 * k as f64;
    let each = |number: &dyn Fn(usize, usize) -> f64| -> Vec<f64> {
        (0..N * K).map(|at| number(at / N, at % N)).collect()
    };
    let log_weights = each(&|k, row| 0.01 * (k * row) as f64);
    let u = each(&|k, row| (x(row) - mean(k)) * libm::exp(-log_sigma(k)));
    let log_slopes = each(&|k, _| -log_sigma(k));
    let rows = Conditional { log_weights: &log_weights, u: &u, log_slopes: &log_slopes };
    let (mut z, mut log_det, mut back) = (vec![0.0; N], vec![0.0; N], vec![0.0; N]);
    let mut tape = vec![0.0; Conditional::tape_len(K) * N];
    let minus_one = [-1.0; N];
    let mut grad = [0; 3].map(|_| vec![0.0; N * K]);

    let mut group = c.benchmark_group("conditional, per row and component");
    group.throughput(Throughput::Elements((N * K) as u64));
    group.bench_function("forward", |b| {
        b.iter(|| black_box(&rows).forward(&mut z, &mut log_det));
    });
    group.bench_function("forward and backward", |b| {
        b.iter(|| {
            black_box(&rows).forward_with_tape(&mut z, &mut log_det, &mut tape);
            let [log_weights, u, log_slopes] = &mut grad;
            let grad = &mut conditional::Gradient { log_weights, u, log_slopes };
            rows.backward(&z, &tape, &z, &minus_one, grad);
        });
    });
    group.finish();

    let (means, log_sigmas) = (each(&|k, _| mean(k)), each(&|k, _| log_sigma(k)));
    let mut work = InverseWork::default();
    let mut group = c.benchmark_group("conditional, per value");
    group.throughput(Throughput::Elements(N as u64));
    group.bench_function("inverse", |b| {
        b.iter(|| {
            let z = black_box(&z);
            conditional::invert(&log_weights, &means, &log_sigmas, z, &mut back, &mut work);
        });
    });
    group.finish();
}

criterion_group!(benches, elementary, mixture, conditional);
criterion_main!(benches);
