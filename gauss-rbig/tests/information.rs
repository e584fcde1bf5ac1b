//! Information measures against distributions where they are known.

use faer::Mat;
use gauss_rbig::{RbigOptions, information};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

fn normal(rows: usize, columns: usize, seed: u64) -> Mat<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Mat::from_fn(rows, columns, |_, _| rng.sample(StandardNormal))
}

/// Four columns with correlation r between neighbours, an autoregression: T = -3/2 ln(1 - r²).
fn autoregression(rows: usize, r: f64, seed: u64) -> Mat<f64> {
    let mut x = normal(rows, 4, seed);
    for j in 1..4 {
        for i in 0..rows {
            x[(i, j)] = r * x[(i, j - 1)] + (1.0 - r * r).sqrt() * x[(i, j)];
        }
    }
    x
}

#[test]
fn entropy_and_negentropy_of_known_columns() {
    let options = RbigOptions::default();
    let z: Vec<f64> = normal(10_000, 1, 1).col(0).iter().map(|z| 3.0 * z + 1.0).collect();
    let of_normal = 0.5 * (1.0 + std::f64::consts::TAU.ln()) + 3f64.ln();
    // Four standard errors of the mean of ln p, √½/√n.
    assert!((information::entropy(&z, &options).unwrap() - of_normal).abs() < 0.03);
    assert!(information::negentropy(&z, &options).unwrap().abs() < 0.005);
    // Uniform: J = ½ ln(2πe/12).
    let u: Vec<f64> = (0..10_000).map(|i| (f64::from(i) * 0.754_877_666_2).fract()).collect();
    let of_uniform = 0.5 * (std::f64::consts::TAU * std::f64::consts::E / 12.0).ln();
    assert!((information::negentropy(&u, &options).unwrap() - of_uniform).abs() < 0.03);
}

#[test]
fn total_correlation_of_a_normal_is_that_of_its_correlations() {
    let options = RbigOptions::default();
    for (r, tolerance) in [(0.0, 0.005), (0.5, 0.03), (0.9, 0.08)] {
        let x = autoregression(8000, r, 2);
        let t = information::total_correlation(x.as_ref(), &options).unwrap();
        let truth = -1.5 * (1.0_f64 - r * r).ln();
        assert!((t - truth).abs() < tolerance, "r = {r}: {t} against {truth}");
    }
}

#[test]
fn total_correlation_does_not_see_maps_of_single_columns() {
    let options = RbigOptions::default();
    let x = autoregression(8000, 0.7, 3);
    let bent = Mat::from_fn(8000, 4, |i, j| if j % 2 == 0 { x[(i, j)].exp() } else { x[(i, j)] });
    let straight = information::total_correlation(x.as_ref(), &options).unwrap();
    let curved = information::total_correlation(bent.as_ref(), &options).unwrap();
    assert!((straight - curved).abs() < 0.05, "{straight} {curved}");
}

#[test]
fn mutual_information_of_two_columns() {
    let options = RbigOptions::default();
    let x = autoregression(8000, 0.8, 4);
    let i = information::mutual_information(
        x.as_ref().subcols(0, 1),
        x.as_ref().subcols(1, 1),
        &options,
    );
    let truth = -0.5 * (1.0_f64 - 0.64).ln();
    assert!((i.unwrap() - truth).abs() < 0.03);
}

/// Alternating rows of two classes: a split into odd and even rows would see one class each.
#[test]
fn the_order_of_rows_does_not_matter() {
    let z = normal(6000, 2, 5);
    let x = Mat::from_fn(6000, 2, |i, j| 0.3 * z[(i, j)] + if i % 2 == 0 { 1.0 } else { -1.0 });
    let t = information::total_correlation(x.as_ref(), &RbigOptions::default()).unwrap();
    // Two clumps on the diagonal: the class is one bit that both columns carry.
    assert!((t - 2f64.ln()).abs() < 0.05, "{t}");
}
