//! Where a flow's numbers come from: the builder's starts, and rotations from orthogonal matrices.

mod support;

use faer::{Mat, MatRef};
use gauss_flow::layers::rotation::params_for_orthogonal;
use gauss_flow::{Error, Flow, InvalidLayer, LayerSpec, standardization};
use gauss_math::mixture::MAX_ABS_LOG_SIGMA;
use support::{EPS, bits, normals, orthogonal, rng, rotation};

fn built(x: &Mat<f64>, components: usize) -> Result<Flow, Error> {
    Flow::builder(x.ncols()).standardize().marginal(components).build(x.as_ref(), &mut rng(1))
}

#[test]
fn standardization_is_mean_and_deviation_whatever_the_offset_and_scale() {
    // Means of n values to a few ε of their spread and of half an ulp of the offset.
    let base = normals(1000, 1, 3);
    let mean = (0..1000).map(|i| base[(i, 0)]).sum::<f64>() / 1000.0;
    let square = (0..1000).map(|i| (base[(i, 0)] - mean).powi(2)).sum::<f64>() / 1000.0;
    let mut checked = 0;
    for offset in [0.0, -3.0, 1e6, 1e12, -1e15] {
        for scale in [1e-150, 1e-4, 1.0, 1e4, 1e150] {
            if scale < 1e-10 * f64::abs(offset) {
                continue; // the values are the offset and nothing else
            }
            let x = Mat::from_fn(1000, 1, |i, _| offset + scale * base[(i, 0)]);
            let params = standardization(x.as_ref()).expect("not constant");
            // Each value is rounded by half an ulp of the offset.
            let lost = EPS * (offset / scale).abs();
            let got = (params[0] - offset) / scale;
            assert!((got - mean).abs() <= 1e-14 + lost, "{offset:e} {scale:e}: {got} {mean}");
            let got = params[1] - scale.ln();
            let want = 0.5 * square.ln();
            assert!((got - want).abs() <= 1e-12 + lost, "{offset:e} {scale:e}: {got} {want}");
            checked += 1;
        }
    }
    assert_eq!(checked, 16);
}

#[test]
fn what_cannot_be_standardised_is_refused() {
    let constant = |value: f64| Mat::from_fn(7, 2, |i, j| if j == 1 { value } else { i as f64 });
    for value in [0.0, 1e12, -1e-300] {
        let want = Error::ConstantColumn { column: 1, value };
        assert_eq!(standardization(constant(value).as_ref()), Err(want.clone()));
        assert_eq!(built(&constant(value), 2).err(), Some(want));
    }
    let one = normals(1, 2, 1);
    let want = Error::ConstantColumn { column: 0, value: one[(0, 0)] };
    assert_eq!(standardization(one.as_ref()), Err(want), "one row is constant");
    let none = Mat::<f64>::zeros(0, 2);
    assert_eq!(standardization(none.as_ref()), Err(Error::Rows { needed: 1, got: 0 }));
    let mut spoilt = normals(9, 2, 1);
    spoilt[(4, 1)] = f64::INFINITY;
    let want = Error::NonFinite { row: 4, column: 1, value: f64::INFINITY };
    assert_eq!(standardization(spoilt.as_ref()), Err(want.clone()));
    assert_eq!(built(&spoilt, 2).err(), Some(want));
}

#[test]
fn what_cannot_be_built_is_refused() {
    let x = normals(20, 2, 1);
    let build = |b: gauss_flow::FlowBuilder| b.build(x.as_ref(), &mut rng(1)).err();
    assert_eq!(build(Flow::builder(0)), Some(Error::NoDimensions));
    assert_eq!(build(Flow::builder(3)), Some(Error::Columns { expected: 3, got: 2 }));
    let no_components = Error::InvalidLayer { layer: 1, reason: InvalidLayer::NoComponents };
    assert_eq!(build(Flow::builder(2).rotation(1).marginal(0)), Some(no_components));
    let three = Mat::<f64>::identity(3, 3);
    let got = build(Flow::builder(2).orthogonal(three.as_ref()));
    assert_eq!(got, Some(Error::Columns { expected: 2, got: 3 }));
    for bad in [[1.0, 0.1, 0.0, 1.0], [2.0, 0.0, 0.0, 2.0], [f64::NAN; 4], [1e200; 4], [0.0; 4]] {
        let q = MatRef::from_row_major_slice(&bad, 2, 2);
        let got = build(Flow::builder(2).marginal(1).orthogonal(q));
        let reason = |r: &InvalidLayer| matches!(r, InvalidLayer::NotOrthogonal { .. });
        assert!(
            matches!(&got, Some(Error::InvalidLayer { layer: 1, reason: r }) if reason(r)),
            "{bad:?}: {got:?}"
        );
    }
    let empty = Mat::<f64>::zeros(0, 2);
    let got = Flow::builder(2).marginal(1).build(empty.as_ref(), &mut rng(1)).err();
    assert_eq!(got, Some(Error::Rows { needed: 1, got: 0 }));
}

#[test]
fn numbers_out_of_range_are_refused_with_their_place() {
    let marginal = [LayerSpec::Marginal { components: 1 }];
    let parts = |layers: &[LayerSpec], params: &[f64]| {
        Flow::from_parts(1, layers.to_vec(), params.to_vec()).err()
    };
    let at_0 = |reason| Some(Error::InvalidLayer { layer: 0, reason });
    assert_eq!(parts(&marginal, &[0.0; 2]), Some(Error::Parameters { expected: 3, got: 2 }));
    assert_eq!(parts(&marginal, &[0.0; 4]), Some(Error::Parameters { expected: 3, got: 4 }));
    for value in [300.5, -1e3] {
        assert_eq!(parts(&marginal, &[0.0, 0.0, value]), at_0(InvalidLayer::LogScale { value }));
    }
    assert_eq!(parts(&marginal, &[0.0, 0.0, MAX_ABS_LOG_SIGMA]), None);
    let infinite = InvalidLayer::NonFinite { index: 1, value: f64::INFINITY };
    assert_eq!(parts(&marginal, &[0.0, f64::INFINITY, 0.0]), at_0(infinite));
    let scale = InvalidLayer::LogScale { value: 701.0 };
    assert_eq!(parts(&[LayerSpec::Standardize], &[0.0, 701.0]), at_0(scale));
    let rotation = [LayerSpec::Rotation { reflections: 2, base: false }];
    let zero = InvalidLayer::ZeroReflector { index: 1 };
    assert_eq!(parts(&rotation, &[1.0, 0.0]), at_0(zero));
    // A flow that refuses its new numbers keeps the old ones.
    let mut flow = Flow::from_parts(1, marginal.to_vec(), vec![0.1, 0.2, 0.3]).expect("numbers");
    assert!(flow.set_params(vec![f64::NAN, 0.0, 0.0]).is_err());
    assert!(flow.set_params(vec![0.0]).is_err());
    assert_eq!(flow.params(), [0.1, 0.2, 0.3]);
    // Counting the numbers of an absurd layer does not overflow.
    let absurd = LayerSpec::Rotation { reflections: usize::MAX, base: true };
    assert_eq!(absurd.n_params(usize::MAX), usize::MAX);
}

type Shape = fn(f64) -> f64;

/// A marginal map that starts at the data's quantiles is nearly right from the start: the latent
/// values have about a normal's spread, whatever the data's shape.
#[test]
fn the_quantile_start_gaussianizes_roughly() {
    let z = normals(2000, 1, 9);
    let shapes: [(&str, Shape); 5] = [
        ("normal", |z| z),
        ("skewed", |z| z.exp()),
        ("two bumps", |z| z + if z > 0.0 { 6.0 } else { -6.0 }),
        ("ties", |z| (2.0 * z).round()),
        ("heavy tails", |z| z * (0.4 * z * z).exp().min(1e6)),
    ];
    for (name, shape) in shapes {
        let x = Mat::from_fn(2000, 1, |i, _| shape(z[(i, 0)]));
        for components in [1, 2, 8, 64] {
            let flow = built(&x, components).expect("a flow");
            let (z, _) = flow.forward(x.as_ref()).expect("columns");
            assert!((0..2000).all(|i| z[(i, 0)].is_finite()), "{name}, K = {components}");
            if components == 8 {
                let mean = (0..2000).map(|i| z[(i, 0)]).sum::<f64>() / 2000.0;
                let square = (0..2000).map(|i| z[(i, 0)].powi(2)).sum::<f64>() / 2000.0;
                let roughly = mean.abs() < 0.5 && (0.2..3.0).contains(&square);
                assert!(roughly || name == "heavy tails", "{name}: mean {mean}, square {square}");
            }
        }
    }
}

#[test]
fn one_row_and_tied_rows_give_a_start() {
    let one = normals(1, 2, 4);
    let tied = Mat::from_fn(50, 2, |i, j| if i == 7 { 1.0 + j as f64 } else { 0.25 });
    for (x, n) in [(&one, 1), (&tied, 50)] {
        for components in [1, 3, 8] {
            let flow = Flow::builder(2).marginal(components).build(x.as_ref(), &mut rng(1));
            let flow = flow.expect("a start");
            let log_prob = flow.log_prob(x.as_ref()).expect("columns");
            assert_eq!(log_prob.len(), n);
            assert!(log_prob.iter().all(|l| l.is_finite()), "{components}: {log_prob:?}");
        }
    }
}

#[test]
fn the_same_seed_builds_the_same_flow() {
    let x = normals(100, 3, 5);
    let build = |seed| {
        let builder = Flow::builder(3).standardize().rotation(2).marginal(4).rotation(3);
        bits(builder.build(x.as_ref(), &mut rng(seed)).expect("a flow").params())
    };
    assert_eq!(build(1), build(1));
    assert_ne!(build(1), build(2));
}

/// Any orthogonal matrix as reflections and a base, for any number of reflections; without a base
/// exactly where the count and the parity allow it.
#[test]
fn an_orthogonal_matrix_becomes_a_rotation_layer() {
    // d reflections and a base, multiplied out: d roundings an entry each.
    let tol = |d: usize, r: usize| 1e-14 * (d + r) as f64;
    let (mut exact, mut refused) = (0, 0);
    for d in 1..7 {
        for flip in [false, true] {
            let mut q = orthogonal(d, 10 + d as u64);
            if flip {
                q[..d].iter_mut().for_each(|x| *x = -*x);
            }
            let proper = support::log_abs_det(Mat::from_fn(d, d, |i, j| q[i * d + j]));
            assert!(proper.abs() < 1e-12);
            for identity in [false, true] {
                if identity {
                    q = gauss_math::householder::identity(d);
                    if flip {
                        q[d * d - 1] = -1.0;
                    }
                }
                for reflections in 0..d + 4 {
                    for base in [false, true] {
                        let matrix = MatRef::from_row_major_slice(&q, d, d);
                        let layer = LayerSpec::Rotation { reflections, base };
                        match params_for_orthogonal(matrix, reflections, base) {
                            Ok(params) => {
                                let flow =
                                    Flow::from_parts(d, vec![layer], params).expect("a layer");
                                let got = rotation(&flow, 0);
                                let error = got.iter().zip(&q).map(|(a, b)| (a - b).abs());
                                let error = error.fold(0.0, f64::max);
                                assert!(error <= tol(d, reflections), "{d} {layer:?}: {error:e}");
                                exact += 1;
                            }
                            Err(error) => {
                                assert_eq!(error, Error::NeedsBase { reflections });
                                assert!(!base, "a base always helps");
                                refused += 1;
                            }
                        }
                    }
                    // From d - 1 reflections on, one parity of the two needs no base.
                    if reflections + 1 >= d {
                        let matrix = MatRef::from_row_major_slice(&q, d, d);
                        let fits = |r| params_for_orthogonal(matrix, r, false).is_ok();
                        assert!(fits(reflections) != fits(reflections + 1), "{d} {reflections}");
                    }
                }
            }
        }
    }
    println!("{exact} exact, {refused} refused");
    assert!(exact > 200 && refused > 100);
    let wide = Mat::<f64>::zeros(2, 3);
    let got = params_for_orthogonal(wide.as_ref(), 1, true);
    assert_eq!(got, Err(Error::Columns { expected: 2, got: 3 }));
    let stretched = MatRef::from_row_major_slice(&[1.5], 1, 1);
    assert!(matches!(params_for_orthogonal(stretched, 1, true), Err(Error::InvalidLayer { .. })));
}
