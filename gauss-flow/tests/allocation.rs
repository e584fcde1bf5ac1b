//! Training does not allocate: after the first step everything it needs is there.

use faer::Mat;
use gauss_flow::{Flow, TrainOptions, train};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Allocations of a run of 3 epochs over 960 rows of d columns, on one thread.
fn allocations(d: usize, base: bool, batch_size: usize) -> u64 {
    let x = Mat::from_fn(960, d, |i, j| {
        (i as f64 * (0.37 + 0.061 * j as f64)).sin() + 0.1 * (i as f64 * 0.77).cos()
    });
    let mut builder = Flow::builder(d).standardize();
    if base {
        builder = builder.orthogonal(Mat::<f64>::identity(d, d).as_ref());
    }
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let builder = builder.rotation(2).marginal(3).rotation(d).marginal(2);
    let mut flow = builder.build(x.as_ref(), &mut rng).expect("a valid flow");
    let options = TrainOptions { epochs: 3, batch_size, prior: 1.0, ..TrainOptions::default() };
    let options = TrainOptions { average_epochs: Some(1.0), ..options };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
    pool.install(|| {
        let count = allocation_counter::measure(|| {
            train(&mut flow, x.as_ref(), None, &options, &mut ()).expect("it trains");
        });
        count.count_total
    })
}

#[test]
fn no_step_after_the_first_allocates() {
    for (d, base) in [(1, false), (2, true), (5, false), (18, true)] {
        // The same rows in blocks of the same size; twice and four times as many steps.
        let [few, more, most] = [480, 240, 120].map(|size| allocations(d, base, size));
        assert!(few > 20, "the counter does not count: {few}");
        // A smaller batch has fewer blocks, so its buffers are fewer, never more.
        assert!(more <= few && most <= few, "d = {d}: {few}, {more}, {most}");
    }
}
