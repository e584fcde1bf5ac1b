//! Few rows, also fewer than columns, and rows that all but lie in a plane: what is fitted to them, and
//! what it is held against.

use faer::Mat;
use gauss_flow::{Error, Rows};
use gauss_rbig::baseline::Baseline;
use gauss_rbig::recipe::{Budget, Fitted, Method, Recipe, Refit, Winner, fit_recipe};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// Rows of an autoregressive normal: each column is 0.8 times the one before it, and noise.
fn autoregressive(n: usize, d: usize, seed: u64) -> Mat<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut x = Mat::zeros(n, d);
    for i in 0..n {
        for j in 0..d {
            let own: f64 = StandardNormal.sample(&mut rng);
            x[(i, j)] = if j == 0 { own } else { 0.8 * x[(i, j - 1)] + 0.6 * own };
        }
    }
    x
}

fn fit<'a>(x: impl Into<Rows<'a>>, recipe: &Recipe) -> Fitted {
    fit_recipe(x, None, recipe, &mut ()).expect("rows that can be fitted")
}

fn mean(log_prob: &[f64]) -> f64 {
    log_prob.iter().sum::<f64>() / log_prob.len() as f64
}

#[test]
fn a_shrunk_normal_is_ahead_where_rows_are_few_beside_columns() {
    for seed in 0..6 {
        let (x, fresh) = (autoregressive(60, 40, seed), autoregressive(500, 40, 100 + seed));
        let score = |baseline: Baseline| {
            mean(&baseline.fit(&x, 1).unwrap().log_prob(fresh.as_ref()).unwrap())
        };
        let others = score(Baseline::Gaussian).max(score(Baseline::Independent));
        let shrunk = score(Baseline::Shrunk);
        assert!(shrunk > others + 3.0, "seed {seed}: {shrunk} against {others}");
        // And it is what is fitted, of too few rows to search as of those that a search sees.
        for rows in [30, 60] {
            let recipe = Recipe { budget: Budget::Epochs(2), blocks: Some(1), ..Recipe::default() };
            let part = x.as_ref().subrows(0, rows);
            if seed > 0 && rows == 60 {
                continue; // one search is enough
            }
            assert_eq!(fit(part, &recipe).winner, Winner::Baseline(Baseline::Shrunk), "{seed}");
        }
    }
}

#[test]
fn tables_wider_than_long_are_fitted() {
    for (n, d) in [(2, 1), (2, 3), (3, 1), (3, 2), (5, 100), (20, 40), (50, 70)] {
        let x = autoregressive(n, d, n as u64);
        let weights: Vec<f64> = (0..n).map(|i| 1.0 + (i % 2) as f64).collect();
        for rows in [Rows::from(&x), Rows::weighted(x.as_ref(), &weights).unwrap()] {
            for method in [Method::Warm, Method::Rbig] {
                let fitted = fit(rows, &Recipe { method, ..Recipe::default() });
                let own = fitted.flow.log_prob(x.as_ref()).unwrap();
                assert!(own.iter().all(|p| p.is_finite()), "{n} x {d}");
                let samples = fitted.flow.sample(100, &mut ChaCha8Rng::seed_from_u64(1));
                let drawn = fitted.flow.log_prob(samples.as_ref()).unwrap();
                assert!(drawn.iter().all(|p| p.is_finite()), "{n} x {d}");
                assert!(fitted.baselines.iter().all(|rival| rival.score.is_finite()));
                if n < d + 2 {
                    assert!(matches!(fitted.winner, Winner::Baseline(_)) && fitted.train_rows == n);
                    let one_normal =
                        |rival: &gauss_rbig::recipe::Rival| rival.baseline == Baseline::Gaussian;
                    assert!(!fitted.baselines.iter().any(one_normal), "it has no density");
                }
            }
        }
    }
    let one = autoregressive(1, 3, 1);
    let refused = fit_recipe(&one, None, &Recipe::default(), &mut ()).unwrap_err();
    assert_eq!(refused, Error::Rows { needed: 2, got: 1 });
}

#[test]
fn a_wide_table_with_validation_rows_is_judged_by_them() {
    let (x, validation) = (autoregressive(20, 40, 5), autoregressive(80, 40, 6));
    for refit in [Refit::Never, Refit::Always] {
        let recipe = Recipe { refit, ..Recipe::default() };
        let rows = Some((&validation).into());
        let fitted = fit_recipe(&x, rows, &recipe, &mut ()).unwrap();
        assert_eq!((fitted.train_rows, fitted.validation_rows), (20, 80));
        assert_eq!(fitted.winner, Winner::Baseline(Baseline::Shrunk));
        assert_eq!(fitted.refitted, refit == Refit::Always);
        let score = fitted.validation_log_prob.expect("validation rows");
        assert!(fitted.baselines.iter().all(|rival| score >= rival.score));
        if refit == Refit::Never {
            let own = mean(&fitted.flow.log_prob(validation.as_ref()).unwrap());
            assert!((own - score).abs() < 1e-9);
        }
    }
}

/// A second column that is the first but for 10⁻ᵏ.
fn near_copy(n: usize, k: i32, seed: u64) -> Mat<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut x = Mat::zeros(n, 2);
    for i in 0..n {
        let (a, e): (f64, f64) = (StandardNormal.sample(&mut rng), StandardNormal.sample(&mut rng));
        (x[(i, 0)], x[(i, 1)]) = (a, a + 10f64.powi(-k) * e);
    }
    x
}

#[test]
fn one_normal_distribution_of_near_copies_is_held_against_what_it_is() {
    for k in [4, 7, 9, 12] {
        let (x, validation) = (near_copy(400, k, 1), near_copy(400, k, 2));
        let recipe = Recipe { budget: Budget::Epochs(2), blocks: Some(1), ..Recipe::default() };
        let fitted = fit_recipe(&x, Some((&validation).into()), &recipe, &mut ()).unwrap();
        // ln p of x and of e, less ln of what e is scaled by: 400 rows leave five numbers open.
        let truth = -(std::f64::consts::TAU.ln() + 1.0) + f64::from(k) * 10f64.ln();
        let rival = fitted.baselines.iter().find(|rival| rival.baseline == Baseline::Gaussian);
        let score = rival.expect("one normal distribution").score;
        assert!((score - truth).abs() < 0.2, "1e-{k}: {score}, not {truth}");
        // The same as a report says.
        let density = Baseline::Gaussian.fit(&x, 1).unwrap();
        let reported = mean(&density.log_prob(validation.as_ref()).unwrap());
        assert!((score - reported).abs() < 0.01, "1e-{k}: {score} and {reported}");
        // And nothing loses to it.
        assert!(fitted.validation_log_prob.expect("validation rows") >= score, "1e-{k}");
    }
}

#[test]
fn what_cannot_be_told_from_rounding_is_left_out() {
    let x = Mat::from_fn(300, 3, |i, j| {
        let (a, b) = ((i as f64 * 0.7).sin(), (i as f64 * 1.3).sin());
        [a, b, 100.0 - a - 2.0 * b][j]
    });
    let recipe = Recipe { budget: Budget::Epochs(2), blocks: Some(1), ..Recipe::default() };
    let fitted = fit(&x, &recipe);
    assert!(fitted.baselines.iter().all(|rival| rival.baseline == Baseline::Independent));
    for baseline in [Baseline::Gaussian, Baseline::Shrunk] {
        assert_eq!(baseline.fit(&x, 1).unwrap_err(), Error::NoVolume { column: 2 });
    }
}
