//! The expectation step in several dimensions, against a dozen lines without vectors.

use gauss_math::normals::{Normals, ROWS, add_moments, log_terms, moments_len, normalise};
use gauss_math::simd::Backend;

/// Another order of some hundred additions, and exponentials good to 1.5 ε.
const TOLERANCE: f64 = 1e-13;

/// Numbers in (-1, 1) that repeat nowhere.
fn number(i: usize) -> f64 {
    (i as f64 * 0.754_877_666_246_692_7).fract() * 2.0 - 1.0
}

struct Case {
    d: usize,
    k: usize,
    n: usize,
    log_weights: Vec<f64>,
    means: Vec<f64>,
    factors: Vec<f64>,
    x: Vec<f64>,
    weight: Vec<f64>,
}

fn case(d: usize, k: usize, n: usize) -> Case {
    let triangle = d * (d + 1) / 2;
    let mut factors: Vec<f64> = (0..k * triangle).map(|i| number(i + 17)).collect();
    for a in factors.chunks_exact_mut(triangle) {
        (0..d).for_each(|j| a[j * (j + 3) / 2] = 1.5 + 0.5 * a[j * (j + 3) / 2]);
    }
    Case {
        d,
        k,
        n,
        log_weights: (0..k).map(|i| number(i) - (k as f64).ln()).collect(),
        means: (0..k * d).map(|i| number(i + 5)).collect(),
        factors,
        x: (0..d * n).map(|i| 2.0 * number(i + 3)).collect(),
        weight: (0..n).map(|i| if i % 7 == 0 { 0.0 } else { 1.0 + number(i) }).collect(),
    }
}

/// ln p `[n]`, r `[K][n]` and the sums.
fn naive(c: &Case) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let (mut log_prob, mut r) = (vec![0.0; c.n], vec![0.0; c.k * c.n]);
    let mut sums = vec![0.0; c.k * moments_len(c.d)];
    for i in 0..c.n {
        let x = |j: usize| c.x[j * c.n + i];
        for k in 0..c.k {
            let a = &c.factors[k * c.d * (c.d + 1) / 2..];
            let mut term = c.log_weights[k] - 0.5 * c.d as f64 * std::f64::consts::TAU.ln();
            for j in 0..c.d {
                let row = &a[j * (j + 1) / 2..][..=j];
                let u: f64 = (0..=j).map(|l| row[l] * (x(l) - c.means[k * c.d + l])).sum();
                term += row[j].ln() - 0.5 * u * u;
            }
            r[k * c.n + i] = term;
        }
        let most = (0..c.k).map(|k| r[k * c.n + i]).fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = (0..c.k).map(|k| (r[k * c.n + i] - most).exp()).sum();
        log_prob[i] = most + sum.ln();
        for k in 0..c.k {
            let share = c.weight[i] * (r[k * c.n + i] - log_prob[i]).exp();
            r[k * c.n + i] = share;
            let sums = &mut sums[k * moments_len(c.d)..];
            sums[0] += share;
            for j in 0..c.d {
                sums[1 + j] += share * x(j);
                for l in 0..=j {
                    sums[1 + c.d + j * (j + 1) / 2 + l] += share * x(j) * x(l);
                }
            }
        }
    }
    (log_prob, r, sums)
}

fn vectorised(c: &Case) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let normals = Normals::new(c.d, &c.log_weights, &c.means, &c.factors);
    assert_eq!(
        (normals.dim(), normals.len(), normals.is_empty()),
        (c.d, c.log_weights.len(), false)
    );
    let (mut log_prob, mut r) = (vec![0.0; c.n], vec![0.0; c.k * c.n]);
    log_terms(&normals, &c.x, &mut r, c.n);
    normalise(&mut r, &c.weight, &mut log_prob);
    let mut sums = vec![0.0; c.k * moments_len(c.d)];
    add_moments(&r, &c.x, &mut sums, c.n, &mut Vec::new());
    (log_prob, r, sums)
}

#[test]
fn every_instruction_set_gives_the_sums_of_plain_loops() {
    for d in [1, 2, 3, 4, 5, 6, 7, 10, 13] {
        for (k, n) in [(1, ROWS), (3, 2 * ROWS), (5, 8 * ROWS)] {
            let c = case(d, k, n);
            let expected = naive(&c);
            let mut fused: Option<(Vec<f64>, Vec<f64>, Vec<f64>)> = None;
            for backend in Backend::all() {
                let got = backend.scope(|| vectorised(&c));
                let name = backend.name();
                for (got, expected) in
                    [(&got.0, &expected.0), (&got.1, &expected.1), (&got.2, &expected.2)]
                {
                    for (got, expected) in got.iter().zip(expected) {
                        // Sums of n terms of either sign, each of a few at most.
                        let scale = expected.abs().max(n as f64 / 16.0);
                        assert!((got - expected).abs() < TOLERANCE * scale, "{name} {d} {k} {n}");
                    }
                }
                if name.starts_with("AVX") {
                    assert_eq!(fused.get_or_insert_with(|| got.clone()), &got, "{name}");
                }
            }
        }
    }
}

#[test]
fn rows_beyond_every_component_and_rows_that_are_none() {
    let normals = Normals::new(1, &[0.0], &[0.0], &[1.0]);
    let mut x = [0.0; ROWS];
    (x[1], x[2], x[3]) = (1e200, f64::NAN, 1e3);
    let (mut terms, mut log_prob) = ([0.0; ROWS], [0.0; ROWS]);
    log_terms(&normals, &x, &mut terms, ROWS);
    normalise(&mut terms, &[1.0; ROWS], &mut log_prob);
    assert_eq!((log_prob[1], terms[1]), (f64::NEG_INFINITY, 0.0));
    assert!(log_prob[2].is_nan());
    assert!((log_prob[3] + 5e5 + 0.5 * std::f64::consts::TAU.ln()).abs() < 1e-9);
    assert_eq!((log_prob[0], terms[0], terms[3]), (-0.5 * std::f64::consts::TAU.ln(), 1.0, 1.0));
}
