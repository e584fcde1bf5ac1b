//! A greedy fit: 6,000 rows, 8 columns, 12 blocks of 8 components. `cargo bench -p gauss-rbig`.

use criterion::{Criterion, criterion_group, criterion_main};
use faer::Mat;
use gauss_rbig::{RbigOptions, fit, recipe};
use std::hint::black_box;

fn benches(c: &mut Criterion) {
    // Chained parabolas: every column bends with the one before it.
    let mut x = Mat::zeros(6_000, 8);
    for i in 0..x.nrows() {
        for j in 0..x.ncols() {
            let step = 0.137 + 0.061 * j as f64;
            let uniform = (i as f64 * step * 0.618_033_988_749_894_9).fract() - 0.5;
            let before: f64 = if j == 0 { 0.0 } else { x[(i, j - 1)] };
            x[(i, j)] = 2.0 * uniform + 0.4 * (before * before - 1.0);
        }
    }
    let default = RbigOptions { max_blocks: 12, patience: None, ..RbigOptions::default() };
    let warm = RbigOptions { max_blocks: 12, ..recipe::warm_start() };
    let mut group = c.benchmark_group("greedy fit, 6,000 x 8, 12 blocks");
    group.sample_size(10);
    for (name, options) in [("default", default), ("as a warm start", warm)] {
        group.bench_function(name, |b| {
            b.iter(|| fit(black_box(x.as_ref()), &options, &mut ()).expect("it fits"));
        });
    }
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
