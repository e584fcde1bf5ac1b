//! Reflections: applied, expanded, differentiated, and found again in an orthogonal matrix.

use gauss_math::householder::{
    apply, apply_transposed, expand, factor, gradient, identity, reflect,
};
use proptest::prelude::*;

/// A product of d × d matrices rounds d times an entry, a product of r of them r times that.
fn rounding(d: usize) -> f64 {
    1e-14 * d as f64
}

/// det of an orthogonal matrix, to the nearest integer, by Gaussian elimination with pivots.
fn parity(q: &[f64], d: usize) -> i32 {
    let mut m = q.to_vec();
    let mut det = 1.0;
    for i in 0..d {
        let pivot = (i..d).max_by(|a, b| m[a * d + i].abs().total_cmp(&m[b * d + i].abs()));
        let pivot = pivot.expect("a column");
        if pivot != i {
            for j in 0..d {
                m.swap(i * d + j, pivot * d + j);
            }
            det = -det;
        }
        det *= m[i * d + i];
        for row in i + 1..d {
            let factor = m[row * d + i] / m[i * d + i];
            for j in i..d {
                m[row * d + j] -= factor * m[i * d + j];
            }
        }
    }
    assert!((det.abs() - 1.0).abs() < 1e-9, "not orthogonal: det {det}");
    det.signum() as i32
}

fn expanded(reflectors: &[f64], d: usize) -> Vec<f64> {
    let mut q = identity(d);
    expand(reflectors, d, &mut q);
    q
}

fn max_difference(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// d, and r reflectors of it: of ordinary length, tiny, huge, or along an axis.
fn reflectors() -> impl Strategy<Value = (usize, Vec<f64>)> {
    let scale = prop_oneof![4 => Just(1.0), 1 => Just(1e-200), 1 => Just(1e200), 1 => Just(1e-310)];
    let vector = |d: usize| {
        prop_oneof![
            5 => prop::collection::vec(-1.0..1.0_f64, d),
            1 => (0..d).prop_map(move |i| (0..d).map(|j| f64::from(u8::from(i == j))).collect()),
        ]
        .prop_filter("a reflector is not 0", |v| v.iter().any(|x| x.abs() > 1e-3))
    };
    (1_usize..9, 0_usize..7).prop_flat_map(move |(d, r)| {
        let one = (vector(d), scale.clone())
            .prop_map(|(v, s)| v.into_iter().map(|x| x * s).collect::<Vec<f64>>());
        (Just(d), prop::collection::vec(one, r).prop_map(|v| v.concat()))
    })
}

/// As in every test binary; see `support`.
fn cases(count: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    let persistence = proptest::test_runner::FileFailurePersistence::WithSource("regressions");
    ProptestConfig {
        cases: if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { count },
        failure_persistence: Some(Box::new(persistence)),
        ..default
    }
}

proptest! {
    #![proptest_config(cases(1500))]

    #[test]
    fn to_apply_is_to_multiply_by_the_expanded_matrix((d, v) in reflectors(), x in prop::collection::vec(-1.0..1.0_f64, 9)) {
        let q = expanded(&v, d);
        let x = &x[..d];
        let (mut there, mut back) = (x.to_vec(), x.to_vec());
        apply(&v, &mut there);
        apply_transposed(&v, &mut back);
        let r = v.len() / d;
        for i in 0..d {
            let row: f64 = (0..d).map(|j| q[i * d + j] * x[j]).sum();
            let column: f64 = (0..d).map(|j| q[j * d + i] * x[j]).sum();
            prop_assert!((there[i] - row).abs() <= rounding(d * (r + 1)));
            prop_assert!((back[i] - column).abs() <= rounding(d * (r + 1)));
        }
        apply_transposed(&v, &mut there);
        prop_assert!(max_difference(&there, x) <= rounding(d * (r + 1)));
        // Lengths are kept, and each reflection changes the orientation.
        prop_assert_eq!(parity(&q, d), if r % 2 == 0 { 1 } else { -1 });
    }

    #[test]
    fn a_reflector_s_length_does_not_matter(v in prop::collection::vec(-1.0..1.0_f64, 1..9), power in -1000_i32..1000) {
        prop_assume!(v.iter().any(|x| x.abs() > 1e-3));
        let d = v.len();
        let scaled: Vec<f64> = v.iter().map(|x| x * 2.0_f64.powi(power)).collect();
        // By a power of two: to the bit, unless small entries became subnormal.
        let difference = max_difference(&expanded(&v, d), &expanded(&scaled, d));
        prop_assert!(difference <= 2.0 * f64::EPSILON, "{difference:e}");
        // And a reflection is its own inverse.
        let mut x: Vec<f64> = (0..d).map(|i| (i as f64).cos()).collect();
        let before = x.clone();
        reflect(&scaled, &mut x);
        reflect(&v, &mut x);
        prop_assert!(max_difference(&x, &before) <= rounding(d));
    }

    #[test]
    fn an_orthogonal_matrix_is_the_product_of_its_factors((d, v) in reflectors()) {
        let q = expanded(&v, d);
        let factors = factor(&q, d);
        prop_assert_eq!(factors.reflectors.len(), (d - 1) * d);
        let mut again = identity(d);
        if factors.flip_last {
            again[d * d - 1] = -1.0;
        }
        expand(&factors.reflectors, d, &mut again);
        prop_assert!(max_difference(&again, &q) <= rounding(d), "{:e}", max_difference(&again, &q));
        let sign = if factors.flip_last { -1 } else { 1 };
        let reflections = if d % 2 == 0 { -1 } else { 1 };
        prop_assert_eq!(parity(&q, d), sign * reflections);
    }

    #[test]
    fn the_gradient_is_that_of_central_differences(
        (d, v) in reflectors(),
        numbers in prop::collection::vec(-1.0..1.0_f64, 81),
        turned in prop::option::of(prop::collection::vec(0.1..1.0_f64, 16)),
    ) {
        // Fourth-order differences with steps of 1e-3: ε/h and h⁴, times a d × d sum.
        const STEP: f64 = 1e-3;
        const FD_TOL: f64 = 1e-9;
        let q_bar = &numbers[..d * d];
        let base = turned.map(|t| expanded(&t[..2 * d.min(8)], d.min(8)));
        let base = base.filter(|b| b.len() == d * d);
        let loss = |v: &[f64]| {
            let mut q = base.clone().unwrap_or_else(|| identity(d));
            expand(v, d, &mut q);
            q.iter().zip(q_bar).map(|(q, b)| q * b).sum::<f64>()
        };
        let mut grad = vec![7.0; v.len()];
        gradient(&v, d, base.as_deref(), q_bar, &mut grad);
        for (r, own) in v.chunks_exact(d).enumerate() {
            let length = own.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
            if length < 1e-300 {
                continue; // the gradient, 1/length, overflows
            }
            for j in 0..d {
                let at = |steps: f64| {
                    let mut w = v.clone();
                    w[r * d + j] += steps * STEP * length;
                    loss(&w)
                };
                let slope = |s: f64| (at(s) - at(-s)) / (2.0 * s * STEP);
                let difference = (4.0 * slope(1.0) - slope(2.0)) / 3.0;
                // The gradient is ADDED to 7, which hides what is far smaller.
                let got = (grad[r * d + j] - 7.0) * length;
                let tol = FD_TOL * (d * d) as f64 + 16.0 * f64::EPSILON * length;
                prop_assert!((got - difference).abs() <= tol, "{got:e}, not {difference:e}");
            }
        }
    }
}

#[test]
fn matrices_that_need_no_or_all_reflections_are_factored() {
    for d in 1..6 {
        let mut matrices = vec![identity(d)];
        let mut flipped = identity(d);
        for x in &mut flipped {
            *x = -*x;
        }
        matrices.push(flipped);
        let mut last = identity(d);
        last[d * d - 1] = -1.0;
        matrices.push(last);
        // Each row moved to the next place.
        matrices.push((0..d * d).map(|i| f64::from(u8::from((i / d + 1) % d == i % d))).collect());
        for q in matrices {
            let factors = factor(&q, d);
            let mut again = identity(d);
            again[d * d - 1] = if factors.flip_last { -1.0 } else { 1.0 };
            expand(&factors.reflectors, d, &mut again);
            assert!(max_difference(&again, &q) <= rounding(d), "{q:?}");
        }
    }
}

/// A rotation by an angle so small that q - e_1 cancels.
#[test]
fn a_tiny_rotation_is_factored_to_its_own_relative_accuracy() {
    for exponent in 1..=149 {
        // Below 1e-150, whose square vanishes, a rotation counts as none.
        let angle = 10.0_f64.powi(-exponent);
        let q = [angle.cos(), -angle.sin(), angle.sin(), angle.cos()];
        let factors = factor(&q, 2);
        let mut again = identity(2);
        again[3] = if factors.flip_last { -1.0 } else { 1.0 };
        expand(&factors.reflectors, 2, &mut again);
        assert!((again[2] / angle.sin() - 1.0).abs() < 1e-14, "{angle:e}: {again:?}");
        assert!((again[1] / -angle.sin() - 1.0).abs() < 1e-14, "{angle:e}: {again:?}");
    }
}

#[test]
fn reflectors_at_the_ends_of_the_doubles() {
    let want = expanded(&[3.0, 4.0], 2);
    for unit in [f64::from_bits(1), 1e-310, f64::MIN_POSITIVE, 1e-200, 1e200, 4e307] {
        let q = expanded(&[3.0 * unit, 4.0 * unit], 2);
        // 1e-310 and below are rounded themselves: the least has three and four units.
        assert!(max_difference(&q, &want) < 1e-12, "{unit:e}: {q:?}");
        let mut grad = [0.0; 2];
        gradient(&[3.0 * unit, 4.0 * unit], 2, None, &[1.0, 2.0, 3.0, 4.0], &mut grad);
        let finite = grad.iter().all(|g| g.is_finite());
        assert!(finite || unit < 1e-300, "{unit:e}: {grad:?}");
    }
}

#[test]
fn a_zero_or_infinite_reflector_is_refused() {
    for v in [[0.0, 0.0], [f64::INFINITY, 1.0], [f64::NAN, 0.0]] {
        assert!(std::panic::catch_unwind(|| reflect(&v, &mut [1.0, 2.0])).is_err(), "{v:?}");
    }
}
