//! One iteration of EM for a mixture of normals: 100,000 rows, 10 columns, 16 components.
//! `cargo bench -p gauss-rbig --bench mixture`.
//!
//! Its work is K n d(d + 1)/2 multiply-adds in the expectation step and as many in the sums of
//! squares, 1.76·10⁸ in all, and K n = 1.6·10⁶ exponentials. Beside it the same number of
//! multiply-adds as one product of matrices of 560 rows and columns: what the processor can do.

use criterion::{Criterion, criterion_group, criterion_main};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use gauss_rbig::multivariate::mixture::{Frame, Mixture};
use gauss_rbig::pca::Moments;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use std::hint::black_box;

fn benches(c: &mut Criterion) {
    let number = |i: usize| (i as f64 * 0.754_877_666_246_692_7).fract() * 2.0 - 1.0;
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let x = Mat::from_fn(100_000, 10, |i, j| {
        let z: f64 = StandardNormal.sample(&mut rng);
        4.0 * number(7 * (i % 16) + j) + z
    });
    let frame = Frame::of(&Moments::of(&x), &[0.0; 10], 0.1).expect("rows with volume");
    let mixture = Mixture::fit(x.subrows(0, 5_000), 16, 1).expect("a fit");
    assert_eq!(mixture.len(), 16);
    let mut group = c.benchmark_group("mixture, 100,000 x 10, 16 components");
    group.sample_size(10);
    group.bench_function("iteration", |b| {
        b.iter(|| {
            let sums = black_box(&mixture).accumulate(black_box(&x), &frame).expect("sums");
            sums.solve(&frame).expect("a mixture")
        });
    });
    let a = Mat::from_fn(560, 560, |i, j| number(560 * i + j));
    let mut product = Mat::zeros(560, 560);
    group.bench_function("as many multiply-adds of a matrix product", |b| {
        b.iter(|| {
            let a = black_box(a.as_ref());
            matmul(product.as_mut(), Accum::Replace, a, a, 1.0, Par::rayon(0));
        });
    });
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
