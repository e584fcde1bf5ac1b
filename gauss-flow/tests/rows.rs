//! Rows in and rows out: shapes, layouts, refusals, and the same bits on any number of threads.

mod support;

use faer::{Mat, MatRef};
use gauss_flow::{Error, Flow, LayerSpec, TrainOptions, train};
use proptest::prelude::*;
use support::{bits, cases, flow, flows, normals, on_threads, rng, same_bits};

const THREADS: [usize; 3] = [1, 2, 8];

fn demo_like(d: usize) -> Flow {
    let mut layers = vec![LayerSpec::Standardize];
    for _ in 0..3 {
        layers.push(LayerSpec::Rotation { reflections: 2, base: true });
        layers.push(LayerSpec::Marginal { components: 5 });
    }
    flow(d, &layers, 31)
}

#[test]
fn results_are_bit_equal_on_any_number_of_threads() {
    // Many blocks of 128 rows and a partial one; also where rotations are a general GEMM.
    for (d, n) in [(2, 5_000), (5, 1_037), (17, 700)] {
        let flow = demo_like(d);
        let x = normals(n, d, 8);
        let all = |threads| {
            on_threads(threads, || {
                let (z, log_det) = flow.forward(x.as_ref()).expect("columns");
                let log_prob = flow.log_prob(x.as_ref()).expect("columns");
                let back = flow.inverse(z.as_ref()).expect("columns");
                let sample = flow.sample(n, &mut rng(4));
                let (nll, grad) = flow.nll_and_grad(x.as_ref()).expect("rows");
                (z, back, sample, bits(&log_det), bits(&log_prob), nll.to_bits(), bits(&grad))
            })
        };
        let one = all(THREADS[0]);
        for threads in &THREADS[1..] {
            let other = all(*threads);
            assert!(same_bits(one.0.as_ref(), other.0.as_ref()), "forward, {threads} threads");
            assert!(same_bits(one.1.as_ref(), other.1.as_ref()), "inverse, {threads} threads");
            assert!(same_bits(one.2.as_ref(), other.2.as_ref()), "sample, {threads} threads");
            assert_eq!(one.3, other.3, "log_det, {threads} threads");
            assert_eq!(one.4, other.4, "log_prob, {threads} threads");
            assert_eq!((one.5, &one.6), (other.5, &other.6), "nll_and_grad, {threads} threads");
        }
    }
}

#[test]
fn training_is_bit_equal_on_any_number_of_threads() {
    let x = normals(1500, 2, 6);
    let validation = normals(300, 2, 7);
    let options = TrainOptions {
        epochs: 4,
        batch_size: 500,
        average_epochs: Some(1.0),
        ..TrainOptions::default()
    };
    let run = |threads| {
        on_threads(threads, || {
            let mut flow = demo_like(2);
            let validation = Some(validation.as_ref().into());
            let history = train(&mut flow, x.as_ref(), validation, &options, &mut ());
            let losses: Vec<u64> = (history.expect("no divergence").epochs.iter())
                .flat_map(|e| [e.train_nll.to_bits(), e.validation_nll.map_or(0, f64::to_bits)])
                .collect();
            (bits(flow.params()), losses)
        })
    };
    let one = run(THREADS[0]);
    assert_ne!(one.0, bits(demo_like(2).params()), "training changed something");
    for threads in &THREADS[1..] {
        assert_eq!(one, run(*threads), "{threads} threads");
    }
}

#[test]
fn no_rows_give_no_rows() {
    for flow in [demo_like(3), flow(3, &[], 0)] {
        let none = Mat::<f64>::zeros(0, 3);
        let (z, log_det) = flow.forward(none.as_ref()).expect("columns");
        assert_eq!((z.nrows(), z.ncols(), log_det.len()), (0, 3, 0));
        let x = flow.inverse(none.as_ref()).expect("columns");
        assert_eq!((x.nrows(), x.ncols()), (0, 3));
        assert_eq!(flow.log_prob(none.as_ref()).expect("columns"), Vec::<f64>::new());
        let sample = flow.sample(0, &mut rng(1));
        assert_eq!((sample.nrows(), sample.ncols()), (0, 3));
        let states = flow.forward_with_intermediates(none.as_ref()).expect("columns");
        assert_eq!(states.len(), flow.layers().len() + 1);
        assert_eq!(flow.nll_and_grad(none.as_ref()), Err(Error::Rows { needed: 1, got: 0 }));
    }
}

#[test]
fn another_number_of_columns_is_refused() {
    let flow = demo_like(3);
    let x = normals(5, 2, 1);
    let want = Error::Columns { expected: 3, got: 2 };
    assert_eq!(flow.forward(x.as_ref()).err(), Some(want.clone()));
    assert_eq!(flow.log_prob(x.as_ref()).err(), Some(want.clone()));
    assert_eq!(flow.inverse(x.as_ref()).err(), Some(want.clone()));
    assert_eq!(flow.forward_with_intermediates(x.as_ref()).err(), Some(want.clone()));
    assert_eq!(flow.nll_and_grad(x.as_ref()).err(), Some(want));
}

/// An infinity, too, stays in its row.
#[test]
fn what_is_not_finite_stays_in_its_row() {
    let flow = demo_like(2);
    let clean = normals(300, 2, 3);
    let want = flow.log_prob(clean.as_ref()).expect("columns");
    let mut x = clean.clone();
    for (row, value) in
        [(0, f64::NAN), (127, f64::INFINITY), (128, f64::NEG_INFINITY), (299, f64::NAN)]
    {
        x[(row, row % 2)] = value;
    }
    let got = flow.log_prob(x.as_ref()).expect("columns");
    let mut spoilt = 0;
    for i in 0..300 {
        if [0, 127, 128, 299].contains(&i) {
            assert!(!got[i].is_finite(), "row {i}: {}", got[i]);
            spoilt += 1;
        } else {
            assert_eq!(got[i].to_bits(), want[i].to_bits(), "row {i}");
        }
    }
    assert_eq!(spoilt, 4);
}

proptest! {
    #![proptest_config(cases(200))]

    /// Row-major, column-major, every other row, rows in reverse: the layout does not matter.
    #[test]
    fn strides_do_not_matter(flow in flows(4), n in 1_usize..300, seed in any::<u64>()) {
        let d = flow.dim();
        let x = normals(n, d, seed);
        let want = flow.log_prob(x.as_ref()).expect("columns");
        let rows: Vec<f64> = (0..n).flat_map(|i| (0..d).map(move |j| (i, j))).map(|at| x[at]).collect();
        let row_major = MatRef::from_row_major_slice(&rows, n, d);
        prop_assert_eq!(bits(&flow.log_prob(row_major).expect("columns")), bits(&want));
        let reversed = x.as_ref().reverse_rows();
        let mut backwards = flow.log_prob(reversed).expect("columns");
        backwards.reverse();
        if d < support::GEMM_DIM {
            prop_assert_eq!(bits(&backwards), bits(&want));
        }
        // Every other row of a matrix twice as long: a slice with a stride of 2d.
        let spread: Vec<f64> = (0..2 * n * d)
            .map(|i| if i / d % 2 == 0 { rows[i / d / 2 * d + i % d] } else { f64::NAN })
            .collect();
        let every_other = MatRef::from_row_major_slice_with_stride(&spread, n, d, 2 * d);
        prop_assert_eq!(bits(&flow.log_prob(every_other).expect("columns")), bits(&want));
        let transposed = x.transpose().to_owned();
        prop_assert_eq!(bits(&flow.log_prob(transposed.transpose()).expect("columns")), bits(&want));
        // And the inverse, into a fresh matrix.
        let back = flow.inverse(row_major).expect("columns");
        prop_assert!(same_bits(back.as_ref(), flow.inverse(x.as_ref()).expect("columns").as_ref()));
    }

    /// The first rows of a sample do not depend on how many follow.
    #[test]
    fn a_longer_sample_begins_like_a_shorter_one(flow in flows(4), n in 0_usize..200, more in 0_usize..200, seed in any::<u64>()) {
        let short = flow.sample(n, &mut rng(seed));
        let long = flow.sample(n + more, &mut rng(seed));
        prop_assert_eq!(long.nrows(), n + more);
        if flow.dim() < support::GEMM_DIM {
            prop_assert!(same_bits(short.as_ref(), long.as_ref().subrows(0, n)));
        }
    }
}

/// Samples have the moments that the density says: a flow of one marginal map is its mixture.
#[test]
fn samples_follow_the_density() {
    let flow = flow(1, &[LayerSpec::Marginal { components: 3 }], 5);
    let params = flow.params();
    let weights: Vec<f64> = params[..3].iter().map(|l| l.exp()).collect();
    let total: f64 = weights.iter().sum();
    let moment = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
        (0..3).map(|k| weights[k] / total * f(params[3 + k], params[6 + k].exp())).sum()
    };
    let mean = moment(&|m, _| m);
    let variance = moment(&|m, s| s * s + (m - mean) * (m - mean));
    let n = 100_000;
    let x = flow.sample(n, &mut rng(12));
    let got_mean = (0..n).map(|i| x[(i, 0)]).sum::<f64>() / n as f64;
    let got_variance = (0..n).map(|i| (x[(i, 0)] - got_mean).powi(2)).sum::<f64>() / n as f64;
    // Fixed seed: four standard errors; that of the variance is below √2/√n for a light tail.
    let error = (variance / n as f64).sqrt();
    assert!((got_mean - mean).abs() < 4.0 * error, "{got_mean} {mean} ± {error}");
    let error = variance * (2.0 / n as f64).sqrt();
    assert!((got_variance - variance).abs() < 4.0 * error, "{got_variance} {variance} ± {error}");
}

/// nll_and_grad averages over the rows: twice the data, the same numbers to rounding.
#[test]
fn the_gradient_is_a_mean_over_rows() {
    let flow = demo_like(2);
    let x = normals(333, 2, 1);
    let twice = Mat::from_fn(666, 2, |i, j| x[(i % 333, j)]);
    let (nll, grad) = flow.nll_and_grad(x.as_ref()).expect("rows");
    let (nll_2, grad_2) = flow.nll_and_grad(twice.as_ref()).expect("rows");
    // Sums of hundreds of terms in another order.
    assert!((nll - nll_2).abs() < 1e-12 * nll.abs());
    assert!(grad.iter().zip(&grad_2).all(|(a, b)| (a - b).abs() < 1e-12 * (1.0 + a.abs())));
    let mut spoilt = x.clone();
    spoilt[(5, 1)] = f64::NAN;
    assert!(flow.nll_and_grad(spoilt.as_ref()).expect("rows").0.is_nan());
}
