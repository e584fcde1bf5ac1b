//! Moments and principal components.

use faer::{Mat, MatRef};
use gauss_rbig::Error;
use gauss_rbig::pca::{Moments, Pca, with_determinant};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;

/// Orthogonality and reconstruction of a d × d eigenproblem: a few d ε.
const ORTHOGONAL_TOL: f64 = 1e-13;

fn normal(rows: usize, columns: usize, seed: u64) -> Mat<f64> {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    Mat::from_fn(rows, columns, |_, _| rng.sample(StandardNormal))
}

fn check(x: MatRef<'_, f64>) {
    let d = x.ncols();
    let pca = Pca::fit(x).unwrap();
    let v = &pca.components;
    let gram = v.transpose() * v;
    assert!((gram - Mat::<f64>::identity(d, d)).norm_max() < ORTHOGONAL_TOL * d as f64);
    assert!(pca.eigenvalues.windows(2).all(|w| w[0] >= w[1]) && pca.eigenvalues[d - 1] >= 0.0);
    let covariance = Moments::of(x).covariance();
    let lambda = Mat::from_fn(d, d, |i, j| if i == j { pca.eigenvalues[i] } else { 0.0 });
    let error = (v * lambda * v.transpose() - &covariance).norm_max();
    assert!(error <= ORTHOGONAL_TOL * d as f64 * covariance.norm_max());
    for j in 0..d {
        let largest = (0..d).map(|i| v[(i, j)]).max_by(|a, b| a.abs().total_cmp(&b.abs()));
        assert!(largest.unwrap() > 0.0 || d > 1, "the largest entry of a component is positive");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn reconstructs(rows in 1_usize..60, columns in 1_usize..25, seed: u64) {
        check(normal(rows, columns, seed).as_ref());
    }

    #[test]
    fn merging_is_adding(rows in 2_usize..400, cut in 0.0..1.0, seed: u64) {
        let x = normal(rows, 3, seed);
        let at = (cut * rows as f64) as usize;
        let mut parts = Moments::new(3);
        parts.add_block(x.as_ref().subrows(0, at));
        let mut rest = Moments::new(3);
        rest.add_block(x.as_ref().subrows(at, rows - at));
        parts.merge(&rest);
        let whole = Moments::of(x.as_ref());
        prop_assert!((parts.covariance() - whole.covariance()).norm_max() < 1e-14);
        prop_assert!(parts.mean().iter().zip(&whole.mean()).all(|(a, b)| (a - b).abs() < 1e-14));
    }

    #[test]
    fn the_determinant_is_what_was_asked(d in 1_usize..8, seed: u64, positive: bool) {
        let q = Pca::fit(normal(30, d, seed).as_ref()).unwrap().rotation();
        let q = with_determinant(q.as_ref(), positive);
        let sign = if positive { 1.0 } else { -1.0 };
        prop_assert!((q.determinant() - sign).abs() < 1e-13);
    }
}

#[test]
fn constant_copied_and_too_many_columns() {
    let x = normal(50, 3, 1);
    let degenerate = Mat::from_fn(50, 5, |i, j| match j {
        3 => 7.0,
        4 => x[(i, 0)],
        _ => x[(i, j)],
    });
    check(degenerate.as_ref());
    check(normal(5, 20, 2).as_ref());
    check(normal(1, 4, 3).as_ref());
    check(Mat::full(10, 3, 2.5).as_ref());
}

#[test]
fn an_offset_costs_only_the_digits_of_the_data() {
    let x = normal(5000, 4, 4);
    let far = Mat::from_fn(5000, 4, |i, j| x[(i, j)] + 1e12);
    // The shifted data themselves are rounded to 1e-4.
    let rounded = Mat::from_fn(5000, 4, |i, j| far[(i, j)] - 1e12);
    let difference =
        Moments::of(far.as_ref()).covariance() - Moments::of(rounded.as_ref()).covariance();
    assert!(difference.norm_max() < 1e-13, "{difference:?}");
}

#[test]
fn extreme_units_neither_overflow_nor_vanish() {
    for unit in [1e-140, 1e140] {
        let x = normal(40, 3, 5) * faer::Scale(unit);
        let pca = Pca::fit(x.as_ref()).unwrap();
        assert!(pca.eigenvalues.iter().all(|v| *v > 0.0 && v.is_finite()));
    }
}

#[test]
fn bad_values_are_named() {
    let mut x = normal(10, 3, 6);
    x[(7, 0)] = f64::INFINITY;
    x[(4, 2)] = f64::NAN;
    let error = Pca::fit(x.as_ref()).unwrap_err();
    assert!(matches!(error, Error::NonFinite { row: 4, column: 2, .. }));
    assert!(error.to_string().contains("row 4, column 2"));
    let empty = Pca::fit(Mat::<f64>::zeros(0, 3).as_ref());
    assert_eq!(empty.unwrap_err(), Error::Rows { needed: 1, got: 0 });
}
