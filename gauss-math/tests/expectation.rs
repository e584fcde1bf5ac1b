//! The expectation step against its definition, and against itself on every instruction set.

use gauss_math::expectation::{Component, Points, Workspace, e_step};
use gauss_math::simd::Backend;

/// Scalar code without fused multiply-add, over some thousand terms.
const SCALAR_TOL: f64 = 1e-11;

/// π, μ, σ of each component.
fn parameters() -> Vec<(f64, f64, f64)> {
    (0..5).map(f64::from).map(|k| (0.2, k - 2.0, 0.3 + 0.1 * k)).collect()
}

fn problem() -> (Points, Vec<Component>) {
    // The last points are so far out that every density underflows.
    let mut x: Vec<f64> = (0..1000).map(|i| (f64::from(i) * 0.618).fract() * 8.0 - 4.0).collect();
    x.extend([60.0, -1e9]);
    let weight = (0..x.len()).map(|i| 1.0 + (i % 3) as f64).collect();
    let components = parameters().into_iter().map(|(w, m, s)| Component::new(w, m, s)).collect();
    (Points::new(x, weight), components)
}

/// The log-likelihood, then Σ r, Σ r t, Σ r t² of each component.
fn numbers() -> Vec<f64> {
    let (points, components) = problem();
    let mut work = Workspace::default();
    let mut numbers = vec![e_step(&points, &components, &mut work)];
    numbers.extend(work.sums().iter().flat_map(|s| [s.count, s.first, s.second]));
    numbers
}

#[test]
fn the_step_is_what_its_definition_says() {
    let (points, _) = problem();
    let mut want = vec![0.0; 1 + 3 * parameters().len()];
    for (x, w) in points.x().iter().zip(points.weights()) {
        let log = |(weight, mean, sigma): (f64, f64, f64)| {
            let t = (x - mean) / sigma;
            (weight / sigma).ln() - 0.5 * t * t - 0.5 * std::f64::consts::TAU.ln()
        };
        let log: Vec<f64> = parameters().into_iter().map(log).collect();
        let largest = log.iter().fold(f64::NEG_INFINITY, |a, &b| a.max(b));
        let total: f64 = log.iter().map(|l| (l - largest).exp()).sum();
        want[0] += w * (largest + total.ln());
        for (k, (_, mean, sigma)) in parameters().into_iter().enumerate() {
            let r = w * (log[k] - largest).exp() / total;
            let t = (x - mean) / sigma;
            for (power, term) in [r, r * t, r * t * t].into_iter().enumerate() {
                want[1 + 3 * k + power] += term;
            }
        }
    }
    for (got, want) in numbers().into_iter().zip(want) {
        assert!((got - want).abs() <= SCALAR_TOL * want.abs().max(1.0), "{got} {want}");
    }
}

#[test]
fn the_same_bits_on_every_vector_width() {
    let backends = Backend::all();
    let (scalar, vector) = backends.split_last().expect("there is scalar code");
    let reference = scalar.scope(numbers);
    for pair in vector.windows(2) {
        let [a, b] = [pair[0].scope(numbers), pair[1].scope(numbers)];
        assert_eq!(a, b, "{} {}", pair[0].name(), pair[1].name());
    }
    for backend in vector {
        for (got, want) in backend.scope(numbers).into_iter().zip(&reference) {
            let near = (got - want).abs() <= SCALAR_TOL * want.abs().max(1.0);
            assert!(near, "{}: {got} {want}", backend.name());
        }
    }
}

#[test]
fn points_keep_what_they_are_given() {
    let points = Points::new(vec![1.0, -2.0, 0.5], vec![1.0, 0.25, 2.0]);
    assert_eq!(points.x(), [1.0, -2.0, 0.5]);
    assert_eq!(points.weights(), [1.0, 0.25, 2.0]);
    assert_eq!(points.total(), 3.25);
    let none = Points::new(vec![], vec![]);
    let mut work = Workspace::default();
    assert_eq!(e_step(&none, &[Component::new(1.0, 0.0, 1.0)], &mut work), 0.0);
    assert_eq!(work.sums()[0].count, 0.0);
}
