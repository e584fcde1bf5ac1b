//! The conditioned layer beyond the contract of `layers.rs`: what depends on what, its context, and
//! what it learns.

mod support;

use faer::{Mat, MatRef};
use gauss_flow::layers::conditioned::{marginal_near_identity, params_for_marginal};
use gauss_flow::{
    Error, Flow, InvalidLayer, LayerSpec, Plan, TrainOptions, Trainer, Workspace, train,
};
use gauss_math::simd::Backend;
use support::{EPS, bits, flow, layer_params, normals, on_threads, rng, same_bits};

fn conditioned(components: usize, hidden: usize, context: usize, reversed: bool) -> LayerSpec {
    LayerSpec::Conditioned { components, hidden, context, reversed }
}

#[test]
fn a_column_depends_on_the_earlier_ones_and_the_context_alone() {
    const D: usize = 5;
    for (context, reversed) in [(0, false), (0, true), (2, false), (2, true)] {
        let flow = flow(D, &[conditioned(3, 9, context, reversed)], 3);
        let x = normals(20, D + context, 4);
        let (z, _) = flow.forward(x.as_ref()).expect("columns");
        let position = |column: usize| if reversed { D - 1 - column } else { column };
        for moved in 0..D + context {
            let other = Mat::from_fn(20, D + context, |i, j| {
                x[(i, j)] + if j == moved { 1.0 } else { 0.0 }
            });
            let (moved_z, _) = flow.forward(other.as_ref()).expect("columns");
            for column in 0..D {
                let depends = moved >= D || position(moved) <= position(column);
                let (a, b) = (z.as_ref().subcols(column, 1), moved_z.as_ref().subcols(column, 1));
                assert_eq!(!same_bits(a, b), depends, "z_{column} of x_{moved}, {reversed}");
            }
        }
    }
}

#[test]
fn without_a_word_of_the_network_it_is_the_marginal_layer() {
    const D: usize = 3;
    let plain = flow(D, &[LayerSpec::Marginal { components: 4 }], 7);
    let x = normals(50, D, 8);
    let (z, log_det) = plain.forward(x.as_ref()).expect("columns");
    let (nll, grad) = plain.nll_and_grad(x.as_ref()).expect("rows");
    for (hidden, reversed) in [(0, false), (16, false), (16, true)] {
        let spec = conditioned(4, hidden, 0, reversed);
        let params = params_for_marginal(spec, D, plain.params(), &[], &mut rng(1));
        let flow = Flow::from_parts(D, vec![spec], params.expect("fitting")).expect("numbers");
        let (own_z, own_det) = flow.forward(x.as_ref()).expect("columns");
        // Both kernels state a few ε of max(1, |z|), |z| below 10, and 32 ε of ln dz/dx.
        assert!((&own_z - &z).norm_max() <= 100.0 * EPS);
        for (a, b) in own_det.iter().zip(&log_det) {
            assert!((a - b).abs() <= 200.0 * EPS * b.abs().max(1.0), "{a} {b}");
        }
        let (own_nll, own_grad) = flow.nll_and_grad(x.as_ref()).expect("rows");
        assert!((own_nll - nll).abs() <= 100.0 * EPS * nll.abs().max(1.0));
        for (a, b) in own_grad.iter().zip(&grad) {
            assert!((a - b).abs() <= 1e-13 * b.abs().max(1.0), "{a} {b}");
        }
        if hidden > 0 {
            assert!(own_grad[grad.len()..].iter().any(|g| *g != 0.0), "nothing to learn");
        }
    }
}

#[test]
fn the_score_has_the_derivatives_by_the_context() {
    let layers = [LayerSpec::Standardize, conditioned(3, 8, 2, false), conditioned(2, 5, 2, true)];
    let flow = flow(3, &layers, 21);
    let x = normals(9, 5, 22);
    let score = flow.score(x.as_ref()).expect("columns");
    assert_eq!((score.nrows(), score.ncols()), (9, 5));
    let step = 1e-5;
    for column in 0..5 {
        let at = |h: f64| {
            let moved = Mat::from_fn(9, 5, |i, j| x[(i, j)] + if j == column { h } else { 0.0 });
            flow.log_prob(moved.as_ref()).expect("columns")
        };
        let (up, down) = (at(step), at(-step));
        for row in 0..9 {
            let want = (up[row] - down[row]) / (2.0 * step);
            // ε^(2/3) of numbers of ordinary size, whose third derivatives are thousands.
            let tol = 1e-6 * want.abs().max(1.0);
            assert!((score[(row, column)] - want).abs() <= tol, "{row} {column}");
        }
    }
}

#[test]
fn a_row_alone_has_the_bits_of_its_block_on_any_threads_and_instruction_set() {
    for d in [1, 4, 17] {
        let flow = flow(d, &[conditioned(3, 20, 1, false), conditioned(2, 11, 1, true)], 5);
        let x = normals(300, d + 1, 6);
        let all = on_threads(1, || flow.log_prob(x.as_ref()).expect("columns"));
        let grad = on_threads(1, || flow.nll_and_grad(x.as_ref()).expect("rows").1);
        assert_eq!(
            bits(&all),
            bits(&on_threads(3, || flow.log_prob(x.as_ref()).expect("columns")))
        );
        let other = on_threads(3, || flow.nll_and_grad(x.as_ref()).expect("rows").1);
        assert_eq!(bits(&grad), bits(&other));
        let (bound, mut workspace) = (flow.bind(), Workspace::default());
        let row: Vec<f64> = x.row(77).iter().copied().collect();
        let one = bound.log_prob_row(&row, &mut workspace).expect("columns");
        assert_eq!(one.to_bits(), all[77].to_bits());
        for backend in Backend::all().into_iter().filter(|b| b.name() != "Scalar") {
            let mut own = vec![0.0; 300];
            backend.scope(|| bound.log_prob_into(x.as_ref(), &mut own, &mut workspace)).expect("d");
            assert_eq!(bits(&own), bits(&all), "{}", backend.name());
        }
    }
}

#[test]
fn what_must_be_given_is_asked_for() {
    let flow = flow(2, &[conditioned(2, 4, 3, false)], 1);
    let (z, given) = (normals(5, 2, 1), normals(5, 3, 2));
    assert_eq!((flow.dim(), flow.context(), flow.columns()), (2, 3, 5));
    let refused = Error::NeedsContext { context: 3 };
    assert_eq!(flow.inverse(z.as_ref()).unwrap_err(), refused);
    let refused = Error::Columns { expected: 5, got: 2 };
    assert_eq!(flow.log_prob(z.as_ref()).unwrap_err(), refused);
    let refused = Error::RowMismatch { expected: 5, got: 4 };
    let few = given.as_ref().subrows(0, 4);
    assert_eq!(flow.inverse_given(z.as_ref(), few).unwrap_err(), refused);
    let refused = Error::Columns { expected: 3, got: 2 };
    assert_eq!(flow.sample_given(z.as_ref(), &mut rng(1)).unwrap_err(), refused);
    let draws = flow.sample_given(given.as_ref(), &mut rng(1)).expect("columns");
    assert_eq!((draws.nrows(), draws.ncols()), (5, 2));
}

#[test]
#[should_panic(expected = "NeedsContext")]
fn a_sample_of_nothing_given_is_a_panic() {
    flow(2, &[conditioned(2, 4, 3, false)], 1).sample(3, &mut rng(1));
}

#[test]
fn numbers_that_do_not_fit_are_refused() {
    let spec = conditioned(2, 4, 1, false);
    let refused = |layers: &[LayerSpec], params: Vec<f64>| {
        Flow::from_parts(2, layers.to_vec(), params).unwrap_err()
    };
    let params = layer_params(spec, 2, 1);
    let of_layer = |layer, reason| Error::InvalidLayer { layer, reason };
    let mut wide = params.clone();
    wide[8] = 301.0; // the first ln σ
    let reason = InvalidLayer::LogScale { value: 301.0 };
    assert_eq!(refused(&[spec], wide), of_layer(0, reason));
    let mut wide = params.clone();
    *wide.last_mut().expect("numbers") = -701.0;
    let reason = InvalidLayer::LogScale { value: -701.0 };
    assert_eq!(refused(&[spec], wide), of_layer(0, reason));
    let none = conditioned(0, 4, 0, false);
    assert_eq!(
        refused(&[none], vec![0.0; none.n_params(2)]),
        of_layer(0, InvalidLayer::NoComponents)
    );
    let expected = params.len();
    let got = expected - 1;
    assert_eq!(refused(&[spec], params[1..].to_vec()), Error::Parameters { expected, got });
    let other = conditioned(2, 4, 2, false);
    let both = [params, layer_params(other, 2, 1)].concat();
    let reason = InvalidLayer::Context { expected: 2, got: 1 };
    assert_eq!(refused(&[spec, other], both), of_layer(0, reason));
    let huge = conditioned(usize::MAX, usize::MAX, usize::MAX, false);
    assert_eq!(huge.n_params(usize::MAX), usize::MAX);
}

#[test]
fn it_is_stored_and_read_again() {
    let flow = flow(3, &[conditioned(2, 5, 1, true)], 9);
    let config = bincode::config::standard();
    let stored = bincode::serde::encode_to_vec(&flow, config).expect("it is stored");
    let (read, _): (Flow, usize) =
        bincode::serde::decode_from_slice(&stored, config).expect("it is read");
    assert_eq!(read, flow);
    let words = flow.layers()[0].describe();
    assert_eq!(words, "2 components per dimension, 5 hidden units, 1 given column, reversed");
}

/// x_1 ~ N(0, 1), x_2 ~ N(x_1² - 1, ½²).
fn banana(n: usize, seed: u64) -> Mat<f64> {
    let z = normals(n, 2, seed);
    Mat::from_fn(n, 2, |i, j| match j {
        0 => z[(i, 0)],
        _ => z[(i, 0)].powi(2) - 1.0 + 0.5 * z[(i, 1)],
    })
}

fn banana_log_pdf(x: MatRef<'_, f64>, i: usize) -> f64 {
    let noise = (x[(i, 1)] - x[(i, 0)].powi(2) + 1.0) / 0.5;
    gauss_math::normal::log_pdf(x[(i, 0)]) + gauss_math::normal::log_pdf(noise) - 0.5_f64.ln()
}

fn options(epochs: usize) -> TrainOptions {
    TrainOptions {
        epochs,
        batch_size: 128,
        network_rate: Some(3e-3),
        weight_decay: 1e-2,
        average_epochs: Some(1.0),
        ..TrainOptions::default()
    }
}

/// Mean of ln p - ln q over rows that nobody has seen: its standard error over 4,000 rows is about
/// 0.002, and the marginal start is about 0.9 off. It ends at 0.008 to 0.011.
#[test]
fn a_banana_is_learnt_from_a_marginal_start() {
    const BOUND: f64 = 0.02;
    let test = banana(4_000, 99);
    for seed in 0..3 {
        let x = banana(2_000, seed);
        let builder = Flow::builder(2).standardize().conditioned(4, 32, false);
        let builder = builder.conditioned(4, 32, true);
        let mut flow = builder.build(&x, &mut rng(seed)).expect("a start");
        let kl = |flow: &Flow| {
            let log_q = flow.log_prob(test.as_ref()).expect("columns");
            let gain = |i: usize| banana_log_pdf(test.as_ref(), i) - log_q[i];
            (0..4_000).map(gain).sum::<f64>() / 4_000.0
        };
        let before = kl(&flow);
        train(&mut flow, &x, None, &options(40), &mut ()).expect("it trains");
        let after = kl(&flow);
        assert!(before > 0.5 && after < BOUND, "seed {seed}: {before} -> {after}");
    }
}

/// The second column as the context of the first, which is then a normal around it; and a constant
/// context says nothing, but is no error.
#[test]
fn a_context_is_learnt_from_and_may_be_constant() {
    let noise = normals(1_500, 2, 3);
    let x = Mat::from_fn(1_500, 3, |i, j| match j {
        0 => 50.0 * noise[(i, 1)] + 10.0 * noise[(i, 0)],
        1 => 50.0 * noise[(i, 1)] + 1_000.0,
        _ => 7.0,
    });
    let builder = Flow::builder(1).context(2).standardize().conditioned(2, 16, false);
    let mut flow = builder.build(&x, &mut rng(4)).expect("a start");
    train(&mut flow, &x, None, &options(40), &mut ()).expect("it trains");
    let nll = -flow.log_prob(x.as_ref()).expect("columns").iter().sum::<f64>() / 1_500.0;
    // Of N(x, 10²): ½ ln 2πe + ln 10; without the context 1.63 more.
    let want = 0.5 * (1.0 + (2.0 * std::f64::consts::PI).ln()) + 10.0_f64.ln();
    assert!(nll < want + 0.05, "{nll} {want}");
}

#[test]
fn decay_and_rates_are_the_networks_alone() {
    let spec = conditioned(2, 6, 0, false);
    let start = flow(2, &[LayerSpec::Marginal { components: 2 }, spec], 3);
    let x = normals(200, 2, 4);
    let step = |options: &TrainOptions, frozen: bool| -> Vec<f64> {
        let plan = Plan { rows: 200.0, mean_weight: 1.0, steps_per_epoch: 2 };
        let mut trainer = Trainer::new(start.clone(), options, plan).expect("options");
        if frozen {
            trainer.freeze(1..2);
        }
        let sums = trainer.bound().sums(&x).expect("columns");
        trainer.step(&sums).expect("a step");
        trainer.params().to_vec()
    };
    let plain = TrainOptions { learning_rate: 1e-2, ..TrainOptions::default() };
    let rate = 1e-2 * 1e-3; // the first step of a warm-up
    let decay = TrainOptions { weight_decay: 0.5, ..plain.clone() };
    let slow = TrainOptions { network_rate: Some(1e-3), ..plain.clone() };
    let (base, decayed, slowed) = (step(&plain, false), step(&decay, false), step(&slow, false));
    let network = {
        let own = spec.network(2);
        let offset = start.layer_range(1).start;
        own.start + offset..own.end + offset
    };
    for i in 0..start.n_params() {
        let before = start.params()[i];
        if network.contains(&i) {
            // Numbers of ordinary size that move by 1e-5: ε of them.
            let near = |a: f64, b: f64| (a - b).abs() <= 4.0 * EPS * before.abs().max(1.0);
            assert!(near(decayed[i], base[i] - rate * 0.5 * before), "{i}");
            assert!(near(slowed[i] - before, 0.1 * (base[i] - before)), "{i}");
        } else {
            assert_eq!((decayed[i], slowed[i]), (base[i], base[i]), "{i}");
        }
    }
    let frozen = step(&decay, true);
    let own = start.layer_range(1);
    assert_eq!(frozen[own.clone()], start.params()[own]);
}

#[test]
fn a_later_start_is_nearly_the_identity() {
    let spec = LayerSpec::Marginal { components: 5 };
    let flow = Flow::from_parts(2, vec![spec], marginal_near_identity(2, 5)).expect("numbers");
    let x = normals(200, 2, 1);
    let (z, _) = flow.forward(x.as_ref()).expect("columns");
    assert!((&z - &x).norm_max() < 0.05, "{}", (&z - &x).norm_max());
}
