//! A density integrates to 1, at any depth: no clamp, no leak.
//!
//! Where to integrate is known exactly: f⁻¹ maps the ball of radius r to a region with all but
//! P(|z| > r) of the mass, and the region is bounded by the image of the sphere. Inside its box
//! the trapezoidal rule of a smooth function that vanishes at the ends converges faster than any
//! power of the step.

mod support;

use faer::Mat;
use gauss_flow::{Flow, LayerSpec};
use support::flow;

const ROTATION: LayerSpec = LayerSpec::Rotation { reflections: 2, base: false };

/// `depth` times a rotation and a marginal map, milder the deeper: 20 wild random maps in a row make
/// ridges that no grid resolves. Trained flows are milder still.
fn mild(d: usize, depth: usize, seed: u64) -> Flow {
    let layers: Vec<LayerSpec> =
        (0..depth).flat_map(|_| [ROTATION, LayerSpec::Marginal { components: 3 }]).collect();
    let wild = flow(d, &layers, seed);
    let mut params = Vec::new();
    let ease = 1.0 / (depth as f64).sqrt();
    for (i, layer) in layers.iter().enumerate() {
        let own = wild.layer_params(i);
        match layer {
            // Logits, means and ln σ towards 0, where the map is the identity.
            LayerSpec::Marginal { .. } => params.extend(own.iter().map(|p| p * ease)),
            _ => params.extend(own),
        }
    }
    Flow::from_parts(d, layers, params).expect("numbers")
}

#[test]
fn the_density_of_one_dimension_integrates_to_one() {
    // P(|z| > 9) = 2e-19; what is left is the rounding of 2e5 terms, mostly of like size.
    const TOL: f64 = 1e-12;
    const NODES: usize = 200_000;
    for depth in [1, 5, 20] {
        for seed in 0..3 {
            let flow = mild(1, depth, 10 * depth as u64 + seed);
            let ends = flow.inverse(Mat::from_fn(2, 1, |i, _| [-9.0, 9.0][i]).as_ref());
            let ends = ends.expect("columns");
            let (a, b) = (ends[(0, 0)].min(ends[(1, 0)]), ends[(0, 0)].max(ends[(1, 0)]));
            let step = (b - a) / (NODES - 1) as f64;
            let x = Mat::from_fn(NODES, 1, |i, _| a + i as f64 * step);
            let p = flow.log_prob(x.as_ref()).expect("columns");
            let mass = step * p.iter().map(|l| l.exp()).sum::<f64>();
            println!("1 dimension, depth {depth}: [{a:.2}, {b:.2}], mass - 1 = {:e}", mass - 1.0);
            assert!((mass - 1.0).abs() <= TOL, "depth {depth}: {mass}");
        }
    }
}

#[test]
fn the_density_of_two_dimensions_integrates_to_one() {
    // P(|z| > 6.5) = e^(-21.1) = 7e-10 lies outside the circle; the rule's own error is less.
    const TOL: f64 = 2e-9;
    const SIDE: usize = 800;
    for depth in [1, 5, 20] {
        let flow = mild(2, depth, 3 + depth as u64);
        let circle = Mat::from_fn(4000, 2, |i, j| {
            let angle = i as f64 / 4000.0 * std::f64::consts::TAU;
            6.5 * if j == 0 { angle.cos() } else { angle.sin() }
        });
        let image = flow.inverse(circle.as_ref()).expect("columns");
        let ends = |j: usize| {
            let column = || image.col(j).iter().copied();
            (column().fold(f64::INFINITY, f64::min), column().fold(f64::NEG_INFINITY, f64::max))
        };
        let ((a, b), (c, d)) = (ends(0), ends(1));
        let (dx, dy) = ((b - a) / (SIDE - 1) as f64, (d - c) / (SIDE - 1) as f64);
        let x = Mat::from_fn(SIDE * SIDE, 2, |i, j| {
            if j == 0 { a + (i / SIDE) as f64 * dx } else { c + (i % SIDE) as f64 * dy }
        });
        let p = flow.log_prob(x.as_ref()).expect("columns");
        let mass = dx * dy * p.iter().map(|l| l.exp()).sum::<f64>();
        println!(
            "2 dimensions, depth {depth}: [{a:.1}, {b:.1}] × [{c:.1}, {d:.1}], mass - 1 = {:e}",
            mass - 1.0
        );
        assert!((mass - 1.0).abs() <= TOL, "depth {depth}: {mass}");
    }
}

/// In more dimensions by importance sampling: E_q[p/q] = 1 for any q that covers p, and for
/// q = N(0, 2²I) the weights of these flows are bounded.
#[test]
fn the_density_of_five_dimensions_integrates_to_one() {
    const ROWS: usize = 400_000;
    let flow = mild(5, 2, 11);
    let mut x = support::normals(ROWS, 5, 12);
    let log_q: Vec<f64> = (0..ROWS)
        .map(|i| {
            (0..5)
                .map(|j| {
                    let z = x[(i, j)];
                    x[(i, j)] = 2.5 * z;
                    gauss_math::normal::log_pdf(z) - 2.5_f64.ln()
                })
                .sum()
        })
        .collect();
    let log_p = flow.log_prob(x.as_ref()).expect("columns");
    let weights: Vec<f64> = log_p.iter().zip(&log_q).map(|(p, q)| (p - q).exp()).collect();
    let mean = weights.iter().sum::<f64>() / ROWS as f64;
    let variance = weights.iter().map(|w| (w - mean).powi(2)).sum::<f64>() / ROWS as f64;
    let error = (variance / ROWS as f64).sqrt();
    println!("5 dimensions: mass {mean} ± {error}");
    assert!(error < 0.02, "{error}");
    // Fixed seed: four standard errors are no gamble.
    assert!((mean - 1.0).abs() < 4.0 * error, "{mean} ± {error}");
}
