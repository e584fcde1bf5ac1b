//! The mixture of normals as a layer: against its own density written down naively, far out, on
//! threads, by single rows. The contract of every layer is in layers.rs.

mod support;

use faer::{Mat, MatRef};
use gauss_flow::{Error, Flow, InvalidLayer, LayerSpec, Workspace};
use gauss_math::normal::{self, HALF_LN_2PI};
use support::{bits, flow, layer_params, normals, on_threads, rng, same_bits};

const SIZES: [(usize, usize); 6] = [(1, 1), (1, 5), (2, 8), (3, 2), (6, 16), (12, 3)];

fn mixture(d: usize, components: usize, seed: u64) -> Flow {
    flow(d, &[LayerSpec::Rosenblatt { components }], seed)
}

/// ln p of each row by the definition.
fn naive_log_prob(flow: &Flow, components: usize, x: MatRef<'_, f64>) -> Vec<f64> {
    let (d, params) = (flow.dim(), flow.params());
    let (logits, rest) = params.split_at(components);
    let (means, rest) = rest.split_at(components * d);
    let (log_diagonals, strict) = rest.split_at(components * d);
    let log_sum_exp = |l: &[f64]| {
        let top = l.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        top + l.iter().map(|l| (l - top).exp()).sum::<f64>().ln()
    };
    let log_total = log_sum_exp(logits);
    let of_row = |row: usize| {
        let of_component = |k: usize| {
            let strict = &strict[k * (d * (d - 1) / 2)..];
            let mut log = logits[k] - log_total - d as f64 * HALF_LN_2PI;
            for i in 0..d {
                let centred = |j: usize| x[(row, j)] - means[k * d + j];
                let lower: f64 = (0..i).map(|j| strict[i * (i - 1) / 2 + j] * centred(j)).sum();
                let u = lower + log_diagonals[k * d + i].exp() * centred(i);
                log += log_diagonals[k * d + i] - 0.5 * u * u;
            }
            log
        };
        log_sum_exp(&(0..components).map(of_component).collect::<Vec<f64>>())
    };
    (0..x.nrows()).map(of_row).collect()
}

/// log det + ln N(z), which the flow does not go by where the layer is its last; and the two apart.
fn by_the_map(flow: &Flow, x: MatRef<'_, f64>) -> Vec<(f64, f64)> {
    let (z, log_det) = flow.forward(x).expect("columns");
    let normal = |row: usize| (0..flow.dim()).map(|j| normal::log_pdf(z[(row, j)])).sum::<f64>();
    log_det.iter().enumerate().map(|(row, l)| (*l, normal(row))).collect()
}

#[test]
fn log_p_is_the_density_of_the_mixture_and_of_the_map() {
    // Some d K roundings each, of terms as large as the parts.
    const TYPICAL: f64 = 3e-14;
    // 30 standard deviations out the log-density is some hundreds and its parts cancel less.
    const FAR: f64 = 1e-12;
    for (seed, (d, k)) in SIZES.into_iter().enumerate() {
        let flow = mixture(d, k, seed as u64);
        let mut rng = rng(7);
        let draws = flow.sample(300, &mut rng);
        for (scale, tol) in [(1.0, TYPICAL), (30.0, FAR)] {
            let x = &draws * faer::Scale(scale);
            let got = flow.log_prob(x.as_ref()).expect("columns");
            let naive = naive_log_prob(&flow, k, x.as_ref());
            let parts = by_the_map(&flow, x.as_ref());
            for (row, got) in got.into_iter().enumerate() {
                let (log_det, normal) = parts[row];
                let unit = 1.0 + normal.abs() + log_det.abs();
                assert!((got - naive[row]).abs() <= tol * unit, "{d}, {k}: {got} {}", naive[row]);
                let mapped = log_det + normal;
                assert!((got - mapped).abs() <= tol * unit, "{d}, {k}, row {row}: {got} {mapped}");
            }
        }
    }
}

/// Nothing is NaN however far out: squares overflow, then u itself.
#[test]
fn rows_far_out_are_numbers_or_infinities() {
    for (seed, (d, k)) in SIZES.into_iter().enumerate() {
        let flow = mixture(d, k, seed as u64);
        for far in [1e3, 1e6, 1e100, 1e152, 1e160, 1e250] {
            let x = normals(40, d, 3) * faer::Scale(far);
            let (z, log_det) = flow.forward(x.as_ref()).expect("columns");
            let log_prob = flow.log_prob(x.as_ref()).expect("columns");
            for row in 0..40 {
                // Between two components ln f is -u²/2.
                let as_finite = log_det[row].is_finite() || (far > 1e152 && !log_det[row].is_nan());
                assert!(as_finite, "{d}, {k}, {far:e}: {}", log_det[row]);
                assert!((0..d).all(|j| z[(row, j)].is_finite()), "{d}, {k}, {far:e}");
                let got = log_prob[row];
                let want = by_the_map(&flow, x.as_ref().subrows(row, 1))[0];
                let want = want.0 + want.1;
                let same = got == want || (got - want).abs() <= 1e-12 * want.abs();
                assert!(same, "{d}, {k}, {far:e}: {got:e} {want:e}");
            }
        }
        let x = Mat::from_fn(1, d, |_, _| f64::MAX);
        assert_eq!(flow.log_prob(x.as_ref()).expect("columns"), [f64::NEG_INFINITY]);
    }
}

#[test]
fn the_score_is_that_of_differences() {
    // Fourth-order central differences of 1e-3: ε/h of log p, and h⁴.
    const TOL: f64 = 2e-9;
    const STEP: f64 = 1e-3;
    for (seed, (d, k)) in SIZES.into_iter().enumerate() {
        let flow = mixture(d, k, seed as u64);
        let near = flow.sample(12, &mut rng(1));
        for scale in [1.0, 10.0] {
            let x = &near * faer::Scale(scale);
            let score = flow.score(x.as_ref()).expect("columns");
            for j in 0..d {
                let at = |h: f64| {
                    let x = Mat::from_fn(12, d, |i, c| x[(i, c)] + if c == j { h } else { 0.0 });
                    flow.log_prob(x.as_ref()).expect("columns")
                };
                let (p, m, pp, mm) = (at(STEP), at(-STEP), at(2.0 * STEP), at(-2.0 * STEP));
                for i in 0..12 {
                    let one = (p[i] - m[i]) / (2.0 * STEP);
                    let two = (pp[i] - mm[i]) / (4.0 * STEP);
                    let want = (4.0 * one - two) / 3.0;
                    let tol = TOL * (1.0 + want.abs() + p[i].abs()) + 1e-3 * (one - two).abs();
                    assert!(
                        (score[(i, j)] - want).abs() <= tol,
                        "{d}, {k}: {} {want}",
                        score[(i, j)]
                    );
                }
            }
        }
    }
}

#[test]
fn samples_are_found_again() {
    // Measured by a prototype: 3e-15 to 4e-13, the latter in ten dimensions.
    const TOL: f64 = 1e-11;
    for (seed, (d, k)) in SIZES.into_iter().enumerate() {
        let flow = mixture(d, k, seed as u64);
        let x = flow.sample(400, &mut rng(2));
        let (z, _) = flow.forward(x.as_ref()).expect("columns");
        let back = flow.inverse(z.as_ref()).expect("columns");
        assert!((&back - &x).norm_max() <= TOL, "{d}, {k}: {:e}", (&back - &x).norm_max());
    }
}

#[test]
fn the_same_bits_row_by_row_and_on_any_number_of_threads() {
    for (d, k) in [(2, 8), (5, 3), (17, 4)] {
        let spec = LayerSpec::Rosenblatt { components: k };
        for layers in
            [vec![spec], vec![LayerSpec::Standardize, spec], vec![spec, LayerSpec::Standardize]]
        {
            let flow = flow(d, &layers, 5);
            let x = normals(300, d, 6);
            let all = |threads| {
                on_threads(threads, || {
                    let (z, log_det) = flow.forward(x.as_ref()).expect("columns");
                    let log_prob = flow.log_prob(x.as_ref()).expect("columns");
                    let back = flow.inverse(z.as_ref()).expect("columns");
                    let score = flow.score(x.as_ref()).expect("columns");
                    (z, back, score, bits(&log_det), bits(&log_prob))
                })
            };
            let (one, other) = (all(1), all(4));
            assert!(same_bits(one.0.as_ref(), other.0.as_ref()), "forward");
            assert!(same_bits(one.1.as_ref(), other.1.as_ref()), "inverse");
            assert!(same_bits(one.2.as_ref(), other.2.as_ref()), "score");
            assert_eq!((&one.3, &one.4), (&other.3, &other.4), "log_det, log_prob");
            let (bound, mut workspace) = (flow.bind(), Workspace::default());
            for (i, want) in one.4.iter().enumerate() {
                let row: Vec<f64> = x.row(i).iter().copied().collect();
                let got = bound.log_prob_row(&row, &mut workspace).expect("columns");
                assert_eq!(got.to_bits(), *want, "row {i}");
            }
        }
    }
}

/// One component is an affine map: z = A (x - m), log det = Σ δ.
#[test]
fn one_component_is_affine() {
    let params = vec![0.3, 1.0, -2.0, 0.5, -0.25, 0.75];
    let spec = LayerSpec::Rosenblatt { components: 1 };
    let flow = Flow::from_parts(2, vec![spec], params).expect("six numbers");
    let x = normals(30, 2, 9);
    let (z, log_det) = flow.forward(x.as_ref()).expect("columns");
    for i in 0..30 {
        let (a, b) = (x[(i, 0)] - 1.0, x[(i, 1)] + 2.0);
        let want = [0.5_f64.exp() * a, 0.75 * a + (-0.25_f64).exp() * b];
        for j in 0..2 {
            assert!((z[(i, j)] - want[j]).abs() <= 1e-14 * want[j].abs().max(1.0));
        }
        assert!((log_det[i] - 0.25).abs() <= 1e-14);
    }
}

#[test]
fn numbers_out_of_range_are_refused() {
    let of = |components, params| {
        Flow::from_parts(2, vec![LayerSpec::Rosenblatt { components }], params).err()
    };
    let invalid = |reason| Some(Error::InvalidLayer { layer: 0, reason });
    assert_eq!(of(0, vec![]), invalid(InvalidLayer::NoComponents));
    let steep = vec![0.0, 0.0, 0.0, 0.0, 301.0, 0.0];
    assert_eq!(of(1, steep), invalid(InvalidLayer::LogScale { value: 301.0 }));
    assert_eq!(of(1, vec![0.0; 5]), Some(Error::Parameters { expected: 6, got: 5 }));
    let any = LayerSpec::Rosenblatt { components: usize::MAX };
    assert_eq!((any.n_params(usize::MAX), any.n_trainable(3)), (usize::MAX, 0));
}

#[test]
fn it_is_stored_as_its_parts() {
    let spec = LayerSpec::Rosenblatt { components: 3 };
    let flow = flow(4, &[LayerSpec::Standardize, spec], 1);
    let config = bincode::config::standard();
    let stored = bincode::serde::encode_to_vec(&flow, config).expect("a flow");
    let (again, _) = bincode::serde::decode_from_slice::<Flow, _>(&stored, config).expect("a flow");
    assert_eq!(again, flow);
    assert_eq!(flow.layer_params(1), layer_params(spec, 4, 1001));
    assert_eq!(
        (spec.name(), spec.describe().as_str()),
        ("rosenblatt", "3 normals with full covariances")
    );
}
