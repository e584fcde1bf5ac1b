//! One contract, kept by every layer in every dimension: [`contract`].

mod support;

use faer::{Mat, MatRef};
use gauss_flow::layers::tails::{Tail, params};
use gauss_flow::{Flow, LayerSpec};
use support::{EPS, GEMM_DIM, bits, flow, log_abs_det, normals, on_threads, same_bits, tails};

/// Fourth-order differences with steps of 5e-4: h⁴ of the fifth derivative, which three mixtures in a
/// row bring to 1e8, and ε/h.
const STEP: f64 = 5e-4;
const FD_TOL: f64 = 2e-9;

/// f'(0) of a function on the line, by fourth-order central differences.
fn derivative(f: impl Fn(f64) -> f64) -> f64 {
    let slope = |h: f64| (f(h) - f(-h)) / (2.0 * h);
    (4.0 * slope(STEP) - slope(2.0 * STEP)) / 3.0
}

/// f⁻¹(z), under the context of the rows x if there is one.
fn inverse(flow: &Flow, z: MatRef<'_, f64>, x: MatRef<'_, f64>) -> Mat<f64> {
    let inverse = match flow.context() {
        0 => flow.inverse(z),
        c => flow.inverse_given(z, x.subcols(flow.dim(), c)),
    };
    inverse.expect("columns")
}

/// The whole contract, for one flow at the rows of x `[n, d + c]`.
fn contract(flow: &Flow, x: MatRef<'_, f64>) {
    let name = format!("{:?} in {} dimensions", flow.layers(), flow.dim());
    the_inverse_undoes_the_map(flow, x, &name);
    log_det_is_that_of_the_jacobian(flow, x, &name);
    the_gradient_is_that_of_differences(flow, x, &name);
    rows_do_not_mix(flow, x, &name);
    log_prob_is_the_sum_of_its_parts(flow, x, &name);
}

fn the_inverse_undoes_the_map(flow: &Flow, x: MatRef<'_, f64>, name: &str) {
    // Ordinary numbers: |x| and dx/dz below 100, a handful of layers. round_trip.rs has the
    // bound that follows the numbers.
    const TOL: f64 = 1e-11;
    let (z, _) = flow.forward(x).expect("columns");
    let back = inverse(flow, z.as_ref(), x);
    let states = flow.forward_with_intermediates(x).expect("columns");
    let x = x.subcols(0, flow.dim());
    assert!((&back - x).norm_max() <= TOL, "{name}: {:e}", (&back - x).norm_max());
    assert_eq!(states.len(), flow.layers().len() + 1);
    assert!(same_bits(states[0].as_ref(), x), "{name}");
    assert!(same_bits(states[states.len() - 1].as_ref(), z.as_ref()), "{name}");
}

fn log_det_is_that_of_the_jacobian(flow: &Flow, x: MatRef<'_, f64>, name: &str) {
    let (_, log_det) = flow.forward(x).expect("columns");
    let (d, bound) = (flow.dim(), flow.bind());
    let rows = x.nrows().min(4);
    for row in 0..rows {
        // All d · 4 neighbours at once, a row each.
        let shifts = [STEP, -STEP, 2.0 * STEP, -2.0 * STEP];
        let near = Mat::from_fn(4 * d, x.ncols(), |i, j| {
            x[(row, j)] + if i / 4 == j { shifts[i % 4] } else { 0.0 }
        });
        let (z, _) = bound.forward(near.as_ref()).expect("columns");
        let jacobian = Mat::from_fn(d, d, |i, j| {
            let slope = |s: usize, h: f64| (z[(4 * j + s, i)] - z[(4 * j + s + 1, i)]) / (2.0 * h);
            (4.0 * slope(0, STEP) - slope(2, 2.0 * STEP)) / 3.0
        });
        let want = log_abs_det(jacobian);
        // A flank of a narrow component bends more than the rest: a hundred times FD_TOL.
        let tol = 100.0 * FD_TOL * d as f64;
        assert!((log_det[row] - want).abs() <= tol, "{name}: {} {want}", log_det[row]);
    }
}

fn the_gradient_is_that_of_differences(flow: &Flow, x: MatRef<'_, f64>, name: &str) {
    let (nll, grad) = flow.nll_and_grad(x).expect("rows");
    assert_eq!(grad.len(), flow.n_params());
    let mean = -flow.log_prob(x).expect("columns").iter().sum::<f64>() / x.nrows() as f64;
    assert!((nll - mean).abs() <= 64.0 * EPS * mean.abs().max(1.0), "{name}: {nll} {mean}");

    let mut start = 0;
    let (mut trainable, mut checked) = (0, 0);
    for (layer, spec) in flow.layers().iter().enumerate() {
        let n = flow.layer_params(layer).len();
        let free = spec.n_trainable(flow.dim());
        assert_eq!(n, spec.n_params(flow.dim()));
        trainable += free;
        for i in start..start + n {
            if i >= start + free {
                assert_eq!(grad[i].to_bits(), 0, "{name}: frozen parameter {i}");
                continue;
            }
            // A sample of them where there are many.
            if free > 60 && i % 7 != 0 {
                continue;
            }
            let at = |h: f64| {
                let mut params = flow.params().to_vec();
                params[i] += h;
                let moved = Flow::from_parts(flow.dim(), flow.layers().to_vec(), params);
                moved.expect("ordinary numbers").nll_and_grad(x).expect("rows").0
            };
            let want = derivative(at);
            let tol = 100.0 * FD_TOL * (1.0 + want.abs());
            assert!((grad[i] - want).abs() <= tol, "{name}: parameter {i}: {} {want}", grad[i]);
            checked += 1;
        }
        start += n;
    }
    assert_eq!(trainable, flow.n_trainable());
    assert!(checked > 0 || trainable == 0);
}

fn rows_do_not_mix(flow: &Flow, x: MatRef<'_, f64>, name: &str) {
    // GEMM orders its sums by the shape of the whole block: equal to rounding.
    const GEMM_TOL: f64 = 1e-12;
    let (z, log_det) = flow.forward(x).expect("columns");
    let exact = flow.dim() < GEMM_DIM;
    for row in 0..x.nrows() {
        let (one, one_det) = flow.forward(x.subrows(row, 1)).expect("columns");
        if exact {
            assert!(same_bits(one.as_ref(), z.as_ref().subrows(row, 1)), "{name}: row {row}");
            assert_eq!(one_det[0].to_bits(), log_det[row].to_bits(), "{name}: row {row}");
        } else {
            let error = (&one - z.as_ref().subrows(row, 1)).norm_max();
            assert!(error <= GEMM_TOL * z.norm_max().max(1.0), "{name}: {error:e}");
            assert!((one_det[0] - log_det[row]).abs() <= GEMM_TOL * log_det[row].abs().max(1.0));
        }
    }
    // A NaN leaves every other row alone, in either direction.
    let spoilt_row = x.nrows() / 2;
    let mut spoilt = x.to_owned();
    spoilt[(spoilt_row, 0)] = f64::NAN;
    let (nan_z, nan_det) = flow.forward(spoilt.as_ref()).expect("columns");
    let as_latent = |x: MatRef<'_, f64>| inverse(flow, x.subcols(0, flow.dim()), x);
    let (nan_back, back) = (as_latent(spoilt.as_ref()), as_latent(x));
    let log_prob = flow.log_prob(spoilt.as_ref()).expect("columns");
    for row in 0..x.nrows() {
        let same = |a: &Mat<f64>, b: &Mat<f64>| {
            same_bits(a.as_ref().subrows(row, 1), b.as_ref().subrows(row, 1))
        };
        if row == spoilt_row {
            assert!(log_prob[row].is_nan(), "{name}");
            assert!((0..flow.dim()).any(|j| nan_z[(row, j)].is_nan()), "{name}");
            assert!((0..flow.dim()).any(|j| nan_back[(row, j)].is_nan()), "{name}");
        } else {
            assert!(same(&nan_z, &z) && same(&nan_back, &back), "{name}: row {row}");
            assert_eq!(nan_det[row].to_bits(), log_det[row].to_bits(), "{name}: row {row}");
            assert!(log_prob[row].is_finite(), "{name}: row {row}");
        }
    }
}

fn log_prob_is_the_sum_of_its_parts(flow: &Flow, x: MatRef<'_, f64>, name: &str) {
    let (z, log_det) = flow.forward(x).expect("columns");
    for (row, got) in flow.log_prob(x).expect("columns").into_iter().enumerate() {
        let normal: f64 = (0..flow.dim()).map(|j| gauss_math::normal::log_pdf(z[(row, j)])).sum();
        let want = normal + log_det[row];
        let scale = normal.abs() + log_det[row].abs();
        assert!((got - want).abs() <= 16.0 * EPS * scale, "{name}: {got} {want}");
    }
}

fn every_layer() -> Vec<LayerSpec> {
    let rotation = |reflections, base| LayerSpec::Rotation { reflections, base };
    let conditioned = |components, hidden, reversed| LayerSpec::Conditioned {
        components,
        hidden,
        context: 0,
        reversed,
    };
    vec![
        LayerSpec::Standardize,
        rotation(0, false),
        rotation(0, true),
        rotation(1, false),
        rotation(2, true),
        rotation(5, false),
        LayerSpec::Marginal { components: 1 },
        LayerSpec::Marginal { components: 3 },
        LayerSpec::Marginal { components: 12 },
        conditioned(1, 4, false),
        conditioned(3, 0, true),
        conditioned(2, 9, true),
        LayerSpec::Rosenblatt { components: 1 },
        LayerSpec::Rosenblatt { components: 4 },
    ]
}

/// Each layer alone, and between two marginal maps: the gradient of the first then has to come
/// through the layer, and that of the last depends on what the layer makes of its rows.
#[test]
fn every_layer_keeps_the_contract() {
    let mut checked = 0;
    for d in [1, 2, 3, 5, 15, 16, 17] {
        // More than a block and not a whole number of vectors in the small dimensions.
        let n = if d < 4 { 150 } else { 21 };
        let x = normals(n, d, 42 + d as u64);
        for (i, spec) in every_layer().into_iter().enumerate() {
            let seed = (100 * d + i) as u64;
            contract(&flow(d, &[spec], seed), x.as_ref());
            let around = LayerSpec::Marginal { components: 2 };
            contract(&flow(d, &[around, spec, around], seed), x.as_ref());
            checked += 1;
        }
    }
    assert_eq!(checked, 7 * 14);
}

/// Two columns are given: the contract is that of the others.
#[test]
fn a_flow_with_a_context_keeps_the_contract() {
    let conditioned =
        |reversed| LayerSpec::Conditioned { components: 3, hidden: 7, context: 2, reversed };
    let rotation = LayerSpec::Rotation { reflections: 2, base: false };
    for d in [1, 2, 5] {
        let x = normals(40, d + 2, 3 + d as u64);
        contract(&flow(d, &[conditioned(d == 2)], 5), x.as_ref());
        let layers = [LayerSpec::Standardize, conditioned(false), rotation, conditioned(true)];
        contract(&flow(d, &layers, 6), x.as_ref());
    }
}

/// Rows no value of which lies so near to a threshold of [`tails`] that a difference reaches across
/// it: there T has no second derivative.
fn beside_the_thresholds(mut x: Mat<f64>) -> Mat<f64> {
    const REACH: f64 = 0.05;
    for (j, sides) in tails(x.ncols()).into_iter().enumerate() {
        for i in 0..x.nrows() {
            for Tail { threshold, .. } in sides.into_iter().flatten() {
                let distance = x[(i, j)] - threshold;
                if distance.abs() < REACH {
                    x[(i, j)] += REACH.copysign(distance);
                }
            }
        }
    }
    x
}

/// As [`every_layer_keeps_the_contract`], at rows that differences can be taken at.
#[test]
fn tails_keep_the_contract() {
    for d in [1, 2, 3, 5, 17] {
        let n = if d < 4 { 150 } else { 21 };
        let z = beside_the_thresholds(normals(n, d, 42 + d as u64));
        contract(&flow(d, &[LayerSpec::Tails], 0), z.as_ref());
        let around = LayerSpec::Marginal { components: 2 };
        let x = flow(d, &[around], 7).inverse(z.as_ref()).expect("columns");
        contract(&flow(d, &[around, LayerSpec::Tails, around], 7), x.as_ref());
    }
}

/// 1e12 out log p falls like a power and the inverse comes back, in one thread as in four.
#[test]
fn tails_reach_as_far_as_the_rows() {
    // ln(1 + ξ y/β) is 30, and its error that of y: some ten ε each.
    const TOL: f64 = 1e-12;
    let flow = flow(3, &[LayerSpec::Tails, LayerSpec::Standardize], 3);
    let x = Mat::from_fn(300, 3, |i, j| {
        let sign = if (i + j) % 2 == 0 { 1.0 } else { -1.0 };
        sign * 10_f64.powi((i % 25) as i32 - 12)
    });
    let on = |threads: usize| on_threads(threads, || flow.forward(x.as_ref()).expect("columns"));
    let ((z, log_det), (other, other_det)) = (on(1), on(4));
    assert!(same_bits(z.as_ref(), other.as_ref()));
    assert_eq!(bits(&log_det), bits(&other_det));
    let back = flow.inverse(z.as_ref()).expect("columns");
    for (i, j) in (0..300).flat_map(|i| (0..3).map(move |j| (i, j))) {
        let bound = TOL * x[(i, j)].abs().max(1.0);
        assert!((back[(i, j)] - x[(i, j)]).abs() <= bound, "{} {}", back[(i, j)], x[(i, j)]);
    }
    let far = flow.log_prob(faer::mat![[1e12, 0.0, 0.0], [1e13, 0.0, 0.0]].as_ref());
    let far = far.expect("columns");
    // Of index ξ: ten times as far is 10^(1 + 1/ξ) times less probable, but for the flow's normal
    // being another than the tail's.
    assert!(far.iter().all(|log_p| log_p.is_finite()) && far[1] < far[0], "{far:?}");
}

#[test]
fn tails_are_checked() {
    use gauss_flow::InvalidLayer;
    let good = Tail { threshold: 1.0, probability: 0.1, scale: 2.0, index: 0.5 };
    let refused = |sides: [Option<Tail>; 2]| {
        let params = params(&[[None; 2], sides]);
        match Flow::from_parts(2, vec![LayerSpec::Tails], params) {
            Err(gauss_flow::Error::InvalidLayer { reason, .. }) => Some(reason),
            other => other.map(|_| None).expect("a reason"),
        }
    };
    assert_eq!(refused([None, Some(good)]), None);
    let bad = |tail: Tail| {
        let Tail { probability, scale, index, .. } = tail;
        assert_eq!(
            refused([Some(tail), None]),
            Some(InvalidLayer::Tail { column: 1, probability, scale, index })
        );
    };
    bad(Tail { probability: 0.0, ..good });
    bad(Tail { probability: 0.6, ..good });
    bad(Tail { scale: 0.0, ..good });
    bad(Tail { index: -0.1, ..good });
    bad(Tail { index: 0.0, ..good });
    let crossed = [Some(Tail { threshold: 1.5, ..good }), Some(good)];
    let reason = InvalidLayer::Thresholds { column: 1, lower: 1.5, upper: 1.0 };
    assert_eq!(refused(crossed), Some(reason));
}

#[test]
fn a_flow_without_layers_is_the_standard_normal() {
    let flow = Flow::from_parts(2, vec![], vec![]).expect("a flow");
    let x = normals(40, 2, 1);
    contract(&flow, x.as_ref());
    assert_eq!((flow.n_params(), flow.n_trainable()), (0, 0));
    let log_p = flow.log_prob(Mat::zeros(1, 2).as_ref()).expect("columns");
    assert!((log_p[0] + (2.0 * std::f64::consts::PI).ln()).abs() < 4.0 * EPS);
}

/// A deep flow of everything, also with rows far out, where the gradient goes through log space.
#[test]
fn a_deep_flow_keeps_the_contract() {
    let rotation = LayerSpec::Rotation { reflections: 2, base: true };
    let marginal = LayerSpec::Marginal { components: 4 };
    let mut layers = vec![LayerSpec::Standardize];
    for _ in 0..4 {
        layers.extend([rotation, marginal]);
    }
    contract(&flow(3, &layers, 77), normals(140, 3, 5).as_ref());
}

/// Rows 40 to 60 σ out in every component, whose gradient is made in log space, beside ordinary ones.
#[test]
fn the_gradient_of_far_rows_is_that_of_differences() {
    let layers = [
        LayerSpec::Marginal { components: 3 },
        LayerSpec::Rotation { reflections: 2, base: false },
        LayerSpec::Marginal { components: 3 },
    ];
    let flow = flow(2, &layers, 9);
    let x = Mat::from_fn(19, 2, |i, j| {
        let sign = if (i + j) % 2 == 0 { 1.0 } else { -1.0 };
        if i % 3 == 0 { sign * (40.0 + i as f64) } else { 0.3 * i as f64 - 2.0 + 0.1 * j as f64 }
    });
    let (nll, grad) = flow.nll_and_grad(x.as_ref()).expect("rows");
    assert!(nll > 100.0, "{nll}: these rows are far out");
    for i in 0..flow.n_params() {
        let want = derivative(|h| {
            let mut params = flow.params().to_vec();
            params[i] += 0.1 * h; // far out everything bends by powers of t
            let moved = Flow::from_parts(2, layers.to_vec(), params).expect("numbers");
            moved.nll_and_grad(x.as_ref()).expect("rows").0
        }) * 10.0;
        // The loss is thousands: its rounding over the step, ε·1e4/1e-4.
        let tol = 1e-7 * (1.0 + want.abs());
        assert!((grad[i] - want).abs() <= tol, "parameter {i}: {} {want}", grad[i]);
    }
}
