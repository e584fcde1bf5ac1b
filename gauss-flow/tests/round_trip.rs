//! f⁻¹(f(x)) = x and f(f⁻¹(z)) = z, to the bound that the flow's own conditioning permits.
//!
//! The bound follows the rounding errors through the layers. Every layer's map and inverse are
//! right to a local error: for a marginal, [`MARGINAL`] ε (max(1, |z|) + J |x|) on the z scale
//! (gauss-math's `inverse.rs`); for a rotation, ε times the length of the row and the number of
//! sums; for a scale, a few ε. An error e that comes into a layer leaves it as
//!
//! - rotation: |Qᵀ| e, entry by entry,
//! - scale: e·scale,
//! - marginal: how far g(z ± e) lies from g(z). Not e/J: at the edge of a gap the slope J changes
//!   by orders of magnitude within e, and in a gap g leaps across it.
//!
//! The interval is made with gauss-math's one-value inverse and this file's own rotation matrices,
//! not with the flow.

mod support;

use faer::{Mat, MatRef};
use gauss_flow::{Flow, LayerSpec};
use proptest::prelude::*;
use support::{EPS, cases, flow, flows, log_abs_det, mixtures, normals, rotation};

/// Forward 4.5 and inverse 4, in ε: gauss-math's budgets.
const MARGINAL: f64 = 8.5;
/// Roundings of a product of reflections and of a row's product with it, per dimension and
/// reflection, in ε.
const ROTATION: f64 = 8.0;
/// Of (x - shift)/scale and back, in ε.
const SCALE: f64 = 6.0;

fn norm(row: &[f64]) -> f64 {
    row.iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn row(m: MatRef<'_, f64>, i: usize) -> Vec<f64> {
    (0..m.ncols()).map(|j| m[(i, j)]).collect()
}

/// |Q| e or |Qᵀ| e, and the rounding of a product with a row x.
fn rotated(flow: &Flow, layer: usize, transposed: bool, e: &[f64], x: &[f64]) -> Vec<f64> {
    let (q, d) = (rotation(flow, layer), flow.dim());
    let at = |i: usize, j: usize| if transposed { q[j * d + i] } else { q[i * d + j] };
    let LayerSpec::Rotation { reflections, .. } = flow.layers()[layer] else { unreachable!() };
    let local = ROTATION * EPS * (d + reflections) as f64 * norm(x);
    (0..d).map(|i| (0..d).map(|j| at(i, j).abs() * e[j]).sum::<f64>() + local).collect()
}

/// How far f⁻¹ of the last state may lie from x, per coordinate.
fn inverse_bound(flow: &Flow, states: &[Vec<f64>]) -> Vec<f64> {
    let mut e = vec![0.0; flow.dim()];
    for (layer, spec) in flow.layers().iter().enumerate().rev() {
        let (x, z) = (&states[layer], &states[layer + 1]);
        e = match spec {
            LayerSpec::Rotation { .. } => rotated(flow, layer, true, &e, x),
            LayerSpec::Standardize => {
                let params = flow.layer_params(layer);
                let (shift, log_scale) = params.split_at(flow.dim());
                (0..flow.dim())
                    .map(|j| {
                        e[j] * log_scale[j].exp() + SCALE * EPS * (x[j].abs() + shift[j].abs())
                    })
                    .collect()
            }
            LayerSpec::Marginal { .. } => {
                let own = mixtures(flow, layer).into_iter().enumerate();
                own.map(|(j, mixture)| {
                    let local = MARGINAL * EPS * z[j].abs().max(1.0);
                    let ends =
                        [z[j] - e[j] - local, z[j] + e[j] + local].map(|z| mixture.invert(z));
                    let reach = ends.iter().map(|end| (end - x[j]).abs()).fold(0.0, f64::max);
                    reach + MARGINAL * EPS * x[j].abs()
                })
                .collect()
            }
            other => panic!("{other:?}: a new layer needs a bound of its own"),
        };
    }
    e
}

/// How far f of x = f⁻¹(z) may lie from z; `states` are those of f at x.
fn forward_bound(flow: &Flow, states: &[Vec<f64>]) -> Vec<f64> {
    let mut e = vec![0.0; flow.dim()];
    for (layer, spec) in flow.layers().iter().enumerate() {
        let (x, z) = (&states[layer], &states[layer + 1]);
        e = match spec {
            LayerSpec::Rotation { .. } => rotated(flow, layer, false, &e, x),
            LayerSpec::Standardize => {
                let params = flow.layer_params(layer);
                let (shift, log_scale) = params.split_at(flow.dim());
                let local = |j: usize| SCALE * EPS * (x[j].abs() + shift[j].abs());
                (0..flow.dim()).map(|j| (e[j] + local(j)) / log_scale[j].exp()).collect()
            }
            LayerSpec::Marginal { .. } => {
                let own = mixtures(flow, layer).into_iter().enumerate();
                own.map(|(j, mixture)| {
                    let local = MARGINAL * EPS * x[j].abs();
                    let ends = [x[j] - e[j] - local, x[j] + e[j] + local];
                    let ends = ends.map(|x| mixture.gaussianize(x).0);
                    let reach = ends.iter().map(|end| (end - z[j]).abs()).fold(0.0, f64::max);
                    reach + MARGINAL * EPS * z[j].abs().max(1.0)
                })
                .collect()
            }
            other => panic!("{other:?}: a new layer needs a bound of its own"),
        };
    }
    e
}

/// Both round trips of every row; returns the largest bound there was in x.
fn check(flow: &Flow, x: MatRef<'_, f64>) -> Result<f64, TestCaseError> {
    let mut largest = 0.0_f64;
    let states = flow.forward_with_intermediates(x).expect("columns");
    let z = states[states.len() - 1].as_ref();
    let back = flow.inverse(z).expect("columns");
    for i in 0..x.nrows() {
        let states: Vec<Vec<f64>> = states.iter().map(|s| row(s.as_ref(), i)).collect();
        for (j, bound) in inverse_bound(flow, &states).into_iter().enumerate() {
            let error = (back[(i, j)] - x[(i, j)]).abs();
            prop_assert!(error <= bound, "x {:e}: error {error:e}, bound {bound:e}", x[(i, j)]);
            largest = largest.max(bound);
        }
    }
    // The same numbers as latent ones.
    let there = flow.inverse(x).expect("columns");
    let states = flow.forward_with_intermediates(there.as_ref()).expect("columns");
    for i in 0..x.nrows() {
        let again = row(states[states.len() - 1].as_ref(), i);
        let states: Vec<Vec<f64>> = states.iter().map(|s| row(s.as_ref(), i)).collect();
        for (j, bound) in forward_bound(flow, &states).into_iter().enumerate() {
            let error = (again[j] - x[(i, j)]).abs();
            prop_assert!(error <= bound, "z {:e}: error {error:e}, bound {bound:e}", x[(i, j)]);
        }
    }
    Ok(largest)
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn there_and_back(flow in flows(9), seed in any::<u64>(), spread in prop_oneof![Just(1.0), Just(5.0), Just(100.0)]) {
        let mut x = normals(12, flow.dim(), seed);
        for i in 0..12 {
            for j in 0..flow.dim() {
                x[(i, j)] *= spread;
            }
        }
        check(&flow, x.as_ref())?;
    }

    /// A million σ out, in any direction: finite, and back again.
    #[test]
    fn from_far_beyond_the_data_and_back(flow in flows(7), seed in any::<u64>(), decade in 1.0..6.0_f64) {
        let direction = normals(6, flow.dim(), seed);
        let x = Mat::from_fn(6, flow.dim(), |i, j| 10.0_f64.powf(decade) * direction[(i, j)]);
        let (z, log_det) = flow.forward(x.as_ref()).expect("columns");
        prop_assert!((0..6).all(|i| (0..flow.dim()).all(|j| z[(i, j)].is_finite())));
        prop_assert!(log_det.iter().all(|l| l.is_finite()));
        check(&flow, x.as_ref())?;
    }

    /// ln|det| of the Jacobian by differences, at any depth.
    #[test]
    fn log_det_is_that_of_a_numerical_jacobian(flow in flows(6), seed in any::<u64>()) {
        // Steps of 1e-4, fourth order: truncation h⁴ f⁽⁵⁾/f', rounding ε/h. Where the layers
        // squeeze a direction, its differences lose as many digits: bounded by the step's change.
        const STEP: f64 = 1e-4;
        let d = flow.dim();
        let x = normals(1, d, seed);
        let numerical = |h: f64| {
            let shifts = [h, -h, 2.0 * h, -2.0 * h];
            let near = Mat::from_fn(4 * d, d, |i, j| x[(0, j)] + if i / 4 == j { shifts[i % 4] } else { 0.0 });
            let (z, _) = flow.forward(near.as_ref()).expect("columns");
            log_abs_det(Mat::from_fn(d, d, |i, j| {
                let slope = |s: usize, h: f64| (z[(4 * j + s, i)] - z[(4 * j + s + 1, i)]) / (2.0 * h);
                (4.0 * slope(0, h) - slope(2, 2.0 * h)) / 3.0
            }))
        };
        let (_, log_det) = flow.forward(x.as_ref()).expect("columns");
        let (fine, coarse) = (numerical(STEP), numerical(4.0 * STEP));
        let tol = 1e-7 * d as f64 + (fine - coarse).abs();
        prop_assert!((log_det[0] - fine).abs() <= tol, "{} {fine} (± {tol:e})", log_det[0]);
        prop_assert!(tol < 1e-2 || d == 17, "the difference is no measure here: {tol:e}");
    }
}

/// The bound is no blank cheque: for an ordinary flow of eight blocks it is far below 1e-10.
#[test]
fn the_bound_of_an_ordinary_flow_is_small() {
    let mut layers = vec![LayerSpec::Standardize];
    for _ in 0..8 {
        layers.push(LayerSpec::Rotation { reflections: 2, base: false });
        layers.push(LayerSpec::Marginal { components: 8 });
    }
    let flow = flow(2, &layers, 3);
    let x = flow.sample(400, &mut support::rng(1));
    let mut bounds: Vec<f64> = (0..400)
        .map(|i| check(&flow, x.as_ref().subrows(i, 1)).expect("within the bound"))
        .collect();
    bounds.sort_by(f64::total_cmp);
    println!("median bound {:e}, largest {:e}", bounds[200], bounds[399]);
    assert!(bounds[200] < 1e-11 && bounds[380] < 1e-8, "{:e} {:e}", bounds[200], bounds[380]);
}
