//! Training does not allocate: after the first step everything it needs is there.

use faer::Mat;
use gauss_flow::{Flow, LayerSpec, TrainOptions, Workspace, train};
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
    let builder = builder.conditioned(2, 5, false).rotation(2).marginal(3).rotation(d);
    let builder = builder.marginal(2).conditioned(3, 7, true);
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

/// A row by itself, near or far, costs no allocation once the workspace has been used; nor does a
/// batch.
#[test]
fn no_single_row_allocates() {
    for d in [1, 2, 5, 18] {
        let x = Mat::from_fn(300, d, |i, j| (i as f64 * (0.37 + 0.061 * j as f64)).sin());
        let mut builder = Flow::builder(d).standardize();
        for _ in 0..4 {
            builder = builder.rotation(2).marginal(8).conditioned(3, 8, false);
        }
        let flow = builder.build(x.as_ref(), &mut ChaCha8Rng::seed_from_u64(1)).expect("a flow");
        no_call_allocates(&flow, &x);
        // Two standard normals with the identity as covariance: last, and with a layer after it.
        let mixture = LayerSpec::Rosenblatt { components: 2 };
        let numbers = vec![0.0; mixture.n_params(d)];
        for after in [vec![], vec![LayerSpec::Standardize]] {
            let params = [numbers.clone(), vec![0.0; 2 * d * after.len()]].concat();
            let flow = Flow::from_parts(d, [vec![mixture], after].concat(), params);
            no_call_allocates(&flow.expect("a flow"), &x);
        }
    }
}

fn no_call_allocates(flow: &Flow, x: &Mat<f64>) {
    let d = flow.dim();
    let bound = flow.bind();
    let mut workspace = Workspace::default();
    let mut out = vec![0.0; 300];
    for scale in [1.0, 60.0, 1e6] {
        let scaled = x * faer::Scale(scale);
        let row: Vec<f64> = scaled.row(7).iter().copied().collect();
        let mut all = || {
            bound.log_prob_row(&row, &mut workspace).expect("d values");
            bound.log_prob_into(scaled.as_ref(), &mut out, &mut workspace).expect("d columns");
        };
        all();
        let count = allocation_counter::measure(all).count_total;
        assert_eq!(count, 0, "d = {d}, {scale} deviations out");
    }
}
