//! Finite rows, however far out, are scored without a NaN by every kind of layer.

mod support;

use faer::Mat;
use gauss_flow::{Flow, LayerSpec, Workspace};
use support::layer_params;

/// Finite doubles of every size that squares, quotients or sums of can overflow.
const SIZES: [f64; 10] = [0.0, 5e-324, 1e-160, 1.0, 1e19, 1e154, 1e160, 1e290, 1e307, f64::MAX];

const KINDS: [LayerSpec; 8] = [
    LayerSpec::Standardize,
    LayerSpec::Rotation { reflections: 2, base: false },
    LayerSpec::Rotation { reflections: 0, base: true },
    LayerSpec::Marginal { components: 3 },
    LayerSpec::Conditioned { components: 3, hidden: 7, context: 0, reversed: false },
    LayerSpec::Conditioned { components: 2, hidden: 7, context: 0, reversed: true },
    LayerSpec::Rosenblatt { components: 3 },
    LayerSpec::Tails,
];

/// Row i shows each size with each sign beside each other one.
fn far_rows(d: usize) -> Mat<f64> {
    let signed: Vec<f64> = SIZES.iter().flat_map(|&size| [size, -size]).collect();
    let m = signed.len();
    Mat::from_fn(m * m, d, |i, j| match j % 3 {
        0 => signed[i % m],
        1 => signed[i / m],
        _ => signed[(i + i / m + j) % m],
    })
}

/// The flow of these layers, in columns of this ln scale.
fn flow(d: usize, log_scale: f64, layers: &[LayerSpec]) -> Flow {
    let mut params = [vec![0.0; d], vec![log_scale; d]].concat();
    for (i, layer) in layers.iter().enumerate() {
        params.extend(layer_params(*layer, d, 7 + i as u64));
    }
    let layers = [&[LayerSpec::Standardize], layers].concat();
    Flow::from_parts(d, layers, params).expect("ordinary numbers")
}

#[test]
fn a_finite_row_is_never_nan() {
    for d in [1, 2, 3, 17] {
        let x = far_rows(d);
        for log_scale in [0.0, -46.0, 60.0] {
            for kind in KINDS {
                for last in [LayerSpec::Marginal { components: 2 }, kind] {
                    let spread = LayerSpec::Rotation { reflections: 1, base: false };
                    let bound = flow(d, log_scale, &[kind, spread, last]).bind();
                    let (z, log_det) = bound.forward(x.as_ref()).expect("columns");
                    let log_prob = bound.log_prob(x.as_ref()).expect("columns");
                    let mut workspace = Workspace::default();
                    for i in 0..x.nrows() {
                        let row: Vec<f64> = x.row(i).iter().copied().collect();
                        let what = format!("{kind:?}, {last:?}, scale e^{log_scale}: {row:?}");
                        let one = bound.log_prob_row(&row, &mut workspace).expect("columns");
                        for value in [log_prob[i], one, log_det[i]] {
                            assert!(value < f64::INFINITY, "{what}: {value}");
                        }
                        assert_eq!(one.is_finite(), log_prob[i].is_finite(), "{what}");
                        assert!(z.row(i).iter().all(|z| !z.is_nan()), "{what}: {:?}", z.row(i));
                    }
                }
            }
        }
    }
}

/// In one dimension the map is increasing, out to the last double.
#[test]
fn a_far_latent_lies_on_its_side() {
    for kind in KINDS {
        let bound = flow(1, -46.0, &[kind]).bind();
        let x = faer::mat![[-f64::MAX], [-1e290], [1e290], [f64::MAX]];
        let (z, _) = bound.forward(x.as_ref()).expect("columns");
        let signs: Vec<f64> = (0..4).map(|i| z[(i, 0)].signum()).collect();
        let turned = signs[0] > 0.0; // a reflection in one dimension
        let want = if turned { [1.0, 1.0, -1.0, -1.0] } else { [-1.0, -1.0, 1.0, 1.0] };
        assert_eq!(signs, want, "{kind:?}: {z:?}");
    }
}

/// A NaN, and an infinity, stay what they were: no number was given.
#[test]
fn what_is_no_number_stays_nan() {
    let bound = flow(2, 0.0, &[LayerSpec::Marginal { components: 2 }]).bind();
    let x = faer::mat![[f64::NAN, 0.0], [0.5, f64::INFINITY], [0.5, 0.5]];
    let log_prob = bound.log_prob(x.as_ref()).expect("columns");
    assert!(log_prob[0].is_nan() && log_prob[1].is_nan() && log_prob[2].is_finite());
}
