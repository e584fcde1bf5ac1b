//! One-dimensional mixtures by EM, on rows and on histograms.

use gauss_rbig::Error;
use gauss_rbig::em::EmOptions;
use gauss_rbig::gmm::{Gmm, fit};
use gauss_rbig::histogram::Histogram;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

/// The objective is a mean of terms of order 10, each good to about 1e-13.
const TRACE_TOL: f64 = 1e-12;

fn draw(weights: &[f64], means: &[f64], sigmas: &[f64], n: usize, seed: u64) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..n)
        .map(|_| {
            let mut u: f64 = rng.random();
            let k = weights.iter().position(|w| {
                u -= w;
                u < 0.0
            });
            let k = k.unwrap_or(weights.len() - 1);
            means[k] + sigmas[k] * rng.sample::<f64, _>(StandardNormal)
        })
        .collect()
}

fn is_proper(gmm: &Gmm) -> bool {
    (gmm.weights.iter().sum::<f64>() - 1.0).abs() < 1e-12
        && gmm.weights.iter().all(|w| *w > 0.0)
        && gmm.sigmas.iter().all(|s| *s > 0.0 && s.is_finite())
        && gmm.means.iter().all(|m| m.is_finite())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_objective_never_falls(
        n in 1_usize..400,
        k in 1_usize..9,
        seed: u64,
        log_scale in -8.0..8.0_f64,
        shape in 0_usize..4,
        prior_rows in 0.0..5.0,
        binned: bool,
    ) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let x: Vec<f64> = (0..n)
            .map(|_| {
                let z: f64 = rng.sample(StandardNormal);
                let y: f64 = rng.sample(StandardNormal);
                let value = match shape {
                    0 => z,
                    1 => z / y.abs().max(1e-6),          // Cauchy
                    2 => (2.0 * z).round(),              // ties
                    _ => if y > 0.0 { 1e-3 * z } else { 5.0 + z },
                };
                value * 10f64.powf(log_scale)
            })
            .collect();
        let options = EmOptions {
            tolerance: 0.0,
            prior_rows,
            seed,
            binned_above: binned.then_some(0),
            ..EmOptions::default()
        };
        let fit = fit(&x, k, &options).unwrap();
        prop_assert!(is_proper(&fit.gmm), "{:?}", fit.gmm);
        prop_assert_eq!(fit.gmm.len(), k);
        for w in fit.trace.windows(2) {
            prop_assert!(w[1] >= w[0] - TRACE_TOL * w[0].abs().max(1.0), "{} then {}", w[0], w[1]);
        }
    }

    #[test]
    fn a_histogram_keeps_mass_mean_and_variance(n in 1_usize..3000, seed: u64, heavy: bool) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let x: Vec<f64> = (0..n)
            .map(|_| {
                let z: f64 = rng.sample(StandardNormal);
                if heavy { z.powi(5) } else { z }
            })
            .collect();
        let (mut whole, mut left, mut right) = (
            Histogram::new(0.1, 0.7).unwrap(),
            Histogram::new(0.1, 0.7).unwrap(),
            Histogram::new(0.1, 0.7).unwrap(),
        );
        whole.add(&x).unwrap();
        left.add(&x[..n / 3]).unwrap();
        right.add(&x[n / 3..]).unwrap();
        left.merge(&right).unwrap();
        for points in [whole.points(), left.points()] {
            let sum = |f: &dyn Fn(f64) -> f64| -> f64 {
                points.u.iter().zip(&points.weight).map(|(&u, &w)| w * f(u)).sum()
            };
            let exact = |f: &dyn Fn(f64) -> f64| -> f64 { x.iter().map(|x| f((x - 0.1) / 0.7)).sum() };
            let scale = exact(&|u| u * u);
            prop_assert_eq!(sum(&|_| 1.0), n as f64);
            prop_assert!((sum(&|u| u) - exact(&|u| u)).abs() < 1e-12 * (1.0 + scale));
            prop_assert!((sum(&|u| u * u) - scale).abs() < 1e-12 * (1.0 + scale));
        }
    }
}

#[test]
fn recovers_a_mixture() {
    let (weights, means, sigmas) = ([0.3, 0.5, 0.2], [-3.0, 0.0, 4.0], [0.5, 1.0, 0.3]);
    let n = 20_000;
    let x = draw(&weights, &means, &sigmas, n, 1);
    let gmm = fit(&x, 3, &EmOptions::default()).unwrap().gmm;
    let mut order = [0, 1, 2];
    order.sort_by(|&a, &b| gmm.means[a].total_cmp(&gmm.means[b]));
    for (k, &i) in order.iter().enumerate() {
        // Five standard errors of a component's own rows; overlap costs some more.
        let error = 5.0 / (weights[k] * n as f64).sqrt();
        assert!((gmm.means[i] - means[k]).abs() < error * sigmas[k] * 2.0);
        assert!((gmm.sigmas[i] / sigmas[k]).ln().abs() < error * 2.0);
        assert!((gmm.weights[i] - weights[k]).abs() < error);
    }
}

/// A name, and weights, means and sigmas of a mixture.
type Case = (&'static str, &'static [f64], &'static [f64], &'static [f64]);

/// Binned and full EM from the same start, to convergence. Unit: standard errors of a component
/// that n_k rows determine, σ/√n_k for the mean and 1/√(2 n_k) for ln σ. 0.02 of one is far
/// below anything data can show.
#[test]
fn binned_and_full_agree_within_a_fiftieth_of_a_standard_error() {
    const SHARE: f64 = 0.02;
    let cases: [Case; 4] = [
        ("separate", &[0.4, 0.6], &[-2.0, 3.0], &[0.5, 1.0]),
        ("overlapping", &[0.5, 0.5], &[-1.0, 1.0], &[0.8, 0.8]),
        ("narrow, at the centre", &[0.5, 0.5], &[0.0, 0.1], &[1e-3, 1.0]),
        ("narrow, off the centre", &[0.3, 0.7], &[4.0, 0.0], &[1e-2, 1.0]),
    ];
    let full = EmOptions {
        binned_above: None,
        tolerance: 0.0,
        max_iterations: 3000,
        restarts: 0,
        ..EmOptions::default()
    };
    let binned = EmOptions { binned_above: Some(0), ..full.clone() };
    for (name, weights, means, sigmas) in cases {
        let n = 30_000;
        let x = draw(weights, means, sigmas, n, 2);
        let a = fit(&x, weights.len(), &full).unwrap().gmm;
        let b = fit(&x, weights.len(), &binned).unwrap().gmm;
        for k in 0..a.len() {
            let rows = (a.weights[k] * n as f64).sqrt();
            let mean = (a.means[k] - b.means[k]).abs() / a.sigmas[k] * rows;
            let sigma = (a.sigmas[k] / b.sigmas[k]).ln().abs() * rows * 2f64.sqrt();
            assert!(mean < SHARE && sigma < SHARE, "{name}: {mean} {sigma}");
        }
    }
}

#[test]
fn heavy_tails_in_bins_cost_no_likelihood() {
    // Cauchy: single components may end elsewhere, the density may not be worse.
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let x: Vec<f64> = (0..40_000)
        .map(|_| rng.sample::<f64, _>(StandardNormal) / rng.sample::<f64, _>(StandardNormal))
        .collect();
    let mean = |gmm: &Gmm| x.iter().map(|&x| gmm.log_pdf(x)).sum::<f64>() / x.len() as f64;
    let options = |binned_above| EmOptions { binned_above, ..EmOptions::default() };
    let full = mean(&fit(&x, 8, &options(None)).unwrap().gmm);
    let binned = mean(&fit(&x, 8, &options(Some(0))).unwrap().gmm);
    assert!((full - binned).abs() < 0.01, "{full} {binned}");
}

#[test]
fn edge_cases_give_proper_mixtures() {
    let options = EmOptions::default();
    let mut outlier = draw(&[1.0], &[0.0], &[1.0], 500, 4);
    outlier.push(1e12);
    let cases: [(&str, Vec<f64>); 8] = [
        ("one value", vec![3.0]),
        ("constant", vec![3.0; 100]),
        ("two values", vec![1.0, 2.0]),
        ("fewer than K", vec![1.0, 2.0, 5.0]),
        (
            "half zeros",
            (0..200).map(|i| if i % 2 == 0 { 0.0 } else { f64::from(i) * 0.37 }).collect(),
        ),
        ("outlier", outlier.clone()),
        ("huge", vec![-1e300, 1e300, 2e299, 1.0]),
        ("tiny", vec![1e-300, 2e-300, 5e-300, 3e-300, 4e-300]),
    ];
    for (name, x) in &cases {
        for k in [1, 2, 8] {
            let fit = fit(x, k, &options).unwrap();
            assert!(is_proper(&fit.gmm), "{name}, K = {k}: {:?}", fit.gmm);
            assert!(x.iter().all(|&x| fit.gmm.log_pdf(x).is_finite()), "{name}, K = {k}");
        }
    }
    // The outlier does not spoil the rest: at 0 the density is that of the normal.
    let at_zero = fit(&outlier, 4, &options).unwrap().gmm.log_pdf(0.0);
    assert!((at_zero + 0.919).abs() < 0.3, "{at_zero}");
}

#[test]
fn rounding_does_not_make_the_density_infinite() {
    // 40 distinct values: the density at a value stays near 1/step · its share of the rows.
    let x: Vec<f64> = draw(&[1.0], &[0.0], &[10.0], 20_000, 5).iter().map(|x| x.round()).collect();
    let gmm = fit(&x, 8, &EmOptions::default()).unwrap().gmm;
    let floor = 1.0 / 12f64.sqrt();
    assert!(gmm.sigmas.iter().all(|&s| s >= floor * (1.0 - 1e-12)), "{:?}", gmm.sigmas);
}

#[test]
fn bad_arguments_are_typed_errors() {
    let options = EmOptions::default();
    assert_eq!(fit(&[], 2, &options).unwrap_err(), Error::Rows { needed: 1, got: 0 });
    assert!(matches!(fit(&[1.0], 0, &options), Err(Error::Option { name: "components", .. })));
    let error = fit(&[1.0, f64::NAN], 2, &options).unwrap_err();
    assert!(matches!(error, Error::NonFinite { row: 1, column: 0, .. }));
    let options = EmOptions { prior_rows: f64::NAN, ..options };
    assert!(matches!(fit(&[1.0], 1, &options), Err(Error::Option { .. })));
}
