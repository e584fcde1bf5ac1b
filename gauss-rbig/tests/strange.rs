//! Tables that a likelihood is easily wrong about: most values equal, a few far from all others. What is
//! fitted draws what is like the rows.

use faer::Mat;
use gauss_rbig::recipe::{Budget, Fitted, Recipe, fit_recipe};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Exp1, StandardNormal};

fn fit(x: &Mat<f64>, seed: u64) -> Fitted {
    let recipe = Recipe { budget: Budget::Epochs(40), seed, ..Recipe::default() };
    fit_recipe(x, None, &recipe, &mut ()).expect("rows that can be fitted")
}

/// The part of 5,000 draws that lies so many ranges beyond the rows in some column.
fn beyond(fitted: &Fitted, x: &Mat<f64>, ranges: f64) -> f64 {
    let drawn = fitted.flow.sample(5_000, &mut ChaCha8Rng::seed_from_u64(5));
    let bounds: Vec<(f64, f64)> = x
        .col_iter()
        .map(|column| {
            let low = column.iter().copied().fold(f64::INFINITY, f64::min);
            let high = column.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            (low - ranges * (high - low), high + ranges * (high - low))
        })
        .collect();
    let is_out = |i: &usize| {
        bounds.iter().zip(drawn.row(*i).iter()).any(|((low, high), v)| !(v >= low && v <= high))
    };
    (0..5_000).filter(is_out).count() as f64 / 5_000.0
}

#[test]
fn columns_that_are_mostly_one_value_draw_what_is_like_them() {
    for (atom, share, seed) in [(0.0, 0.95, 1), (0.0, 0.8, 2), (7.0, 0.97, 3)] {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let x = Mat::from_fn(1_500, 2, |_, _| {
            if rng.random::<f64>() < share {
                atom
            } else {
                let size: f64 = Exp1.sample(&mut rng);
                atom + size
            }
        });
        let fitted = fit(&x, seed);
        let far = beyond(&fitted, &x, 10.0);
        assert!(far <= 2e-3, "{share} at {atom}: {far} of {:?}", fitted.winner);
        // The spike is kept a spike: most draws are within a tenth of it.
        let drawn = fitted.flow.sample(5_000, &mut ChaCha8Rng::seed_from_u64(6));
        let near =
            drawn.col(0).iter().filter(|v| (**v - atom).abs() < 0.1).count() as f64 / 5_000.0;
        assert!((near - share).abs() < 0.1, "{share} at {atom}: {near} of {:?}", fitted.winner);
    }
}

#[test]
fn a_far_value_decides_nothing() {
    for (distance, seed) in [(1e6, 1), (-1e12, 2), (1e12, 3), (1e100, 4)] {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut x = Mat::from_fn(500, 2, |_, _| StandardNormal.sample(&mut rng));
        for i in 0..500 {
            x[(i, 1)] += 0.8 * x[(i, 0)];
        }
        let rows = (seed as usize * 31, seed as usize * 97);
        (x[(rows.0, 0)], x[(rows.1, 1)]) = (distance, 2.0 * distance);
        let fitted = fit(&x, seed);
        // It is not among what judges, whose mean is that of the others: about -2.8.
        assert!(!fitted.held_out.contains(&rows.0) && !fitted.held_out.contains(&rows.1));
        let score = fitted.validation_log_prob.expect("rows were held out");
        assert!((-4.5..-2.0).contains(&score), "{distance}: {score}");
        let log_prob = fitted.flow.log_prob(x.as_ref()).unwrap();
        assert!(log_prob.iter().all(|p| p.is_finite()));
        let others: Vec<f64> =
            (0..500).filter(|i| ![rows.0, rows.1].contains(i)).map(|i| log_prob[i]).collect();
        let mean = others.iter().sum::<f64>() / others.len() as f64;
        assert!(mean > -4.5, "{distance}: {mean}");
    }
}
