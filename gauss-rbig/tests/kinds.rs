//! The kinds of density that a search chooses from: each wins where it should, each keeps its
//! promises, and none is missing.

use faer::{Mat, MatRef};
use gauss_flow::{LayerSpec, Rows};
use gauss_rbig::Error;
use gauss_rbig::recipe::{
    Budget, Candidate, DensityKind, Fitted, Method, Recipe, Refit, fit_recipe,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use std::time::Duration;

fn normal(rng: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(rng)
}

/// Three clusters in four columns, far from each other and each with a tilt of its own.
fn clusters(rows: usize, seed: u64) -> Mat<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut x = Mat::zeros(rows, 4);
    for i in 0..rows {
        let cluster = f64::from(rng.random_range(0..3_u32));
        let shared = normal(&mut rng);
        for j in 0..4 {
            let tilt = 0.4 * (cluster - 1.0) * shared;
            let place = 5.0 * ((cluster + 1.0) * (j as f64 + 1.0)).sin();
            x[(i, j)] = place + tilt + 0.3 * normal(&mut rng);
        }
    }
    x
}

/// The first column sets the scale of the others.
fn funnel(rows: usize, seed: u64) -> Mat<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut x = Mat::zeros(rows, 3);
    for i in 0..rows {
        let first = normal(&mut rng);
        x[(i, 0)] = first;
        for j in 1..3 {
            x[(i, j)] = first.exp() * normal(&mut rng);
        }
    }
    x
}

fn fit(x: MatRef<'_, f64>, recipe: &Recipe) -> Fitted {
    fit_recipe(x, None, recipe, &mut ()).expect("a table that can be fitted")
}

/// A short search.
fn short(kind: Option<DensityKind>) -> Recipe {
    Recipe { kind, budget: Budget::Epochs(40), ..Recipe::default() }
}

fn kind(fitted: &Fitted) -> Option<DensityKind> {
    fitted.candidate().map(|candidate| candidate.kind())
}

#[test]
fn clusters_are_a_mixture_and_a_funnel_is_conditioned() {
    for seed in 0..3 {
        let fitted = fit(clusters(1500, seed).as_ref(), &short(None));
        assert_eq!(kind(&fitted), Some(DensityKind::Mixture), "{:?}", fitted.winner);
        let layers = fitted.flow.layers();
        assert!(matches!(layers, [LayerSpec::Standardize, LayerSpec::Rosenblatt { .. }]));
        assert!(fitted.refitted);
        let fitted = fit(funnel(1500, seed).as_ref(), &short(None));
        assert_eq!(kind(&fitted), Some(DensityKind::Conditioned), "{:?}", fitted.winner);
    }
}

#[test]
fn every_kind_is_tried_in_any_budget() {
    let x = clusters(400, 7);
    let budgets =
        [Budget::Epochs(20), Budget::Epochs(100), Budget::Time(Duration::from_millis(1500))];
    for budget in budgets {
        let fitted = fit(x.as_ref(), &Recipe { budget, ..Recipe::default() });
        for kind in DensityKind::ALL {
            let tried = fitted.trials.iter().any(|trial| trial.candidate.kind() == kind);
            assert!(tried, "{kind} is missing of {budget:?}");
        }
    }
}

#[test]
fn a_kind_that_is_asked_for_is_the_only_one() {
    let x = funnel(500, 3);
    for kind in DensityKind::ALL {
        let fitted = fit(x.as_ref(), &short(Some(kind)));
        assert!(fitted.trials.iter().all(|trial| trial.candidate.kind() == kind));
        // On this table each of them does better than the baselines.
        assert_eq!(self::kind(&fitted), Some(kind));
    }
    let components = Some(3);
    let recipe = Recipe { components, ..short(Some(DensityKind::Mixture)) };
    let fitted = fit(x.as_ref(), &recipe);
    assert_eq!(fitted.candidate(), Some(Candidate::Mixture { components: 3 }));
}

#[test]
fn what_belongs_to_blocks_alone_is_refused_beside_another_kind() {
    let x = funnel(100, 3);
    for kind in [DensityKind::Mixture, DensityKind::Conditioned] {
        let beside =
            if kind == DensityKind::Mixture { "kind = mixture" } else { "kind = conditioned" };
        let recipe = short(Some(kind));
        let recipes = [
            ("method", Recipe { method: Method::Rbig, ..recipe.clone() }),
            ("blocks", Recipe { blocks: Some(2), ..recipe.clone() }),
            ("first", Recipe { first: Some(2), ..recipe.clone() }),
            ("reflections", Recipe { reflections: Some(2), ..recipe.clone() }),
        ];
        for (option, recipe) in recipes {
            let refused = fit_recipe(x.as_ref(), None, &recipe, &mut ());
            assert_eq!(refused.err(), Some(Error::Meaningless { option, beside }));
        }
    }
    let most = Recipe { components: Some(200), ..short(Some(DensityKind::Mixture)) };
    let refused = fit_recipe(x.as_ref(), None, &most, &mut ());
    assert!(matches!(refused, Err(Error::Option { name: "components", .. })), "{refused:?}");
}

#[test]
fn the_same_seed_gives_the_same_bits_at_any_thread_count() {
    let x = funnel(700, 5);
    for kind in DensityKind::ALL {
        let recipe = short(Some(kind));
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| fit(x.as_ref(), &recipe)).without_timings()
        };
        assert_eq!(on(1), on(3), "{kind}");
    }
}

/// One row per component, duplicated rows, a column that follows from another: something is fitted,
/// and where a kind has no answer it says so.
#[test]
fn strange_tables_have_an_answer() {
    let x = clusters(60, 1);
    let duplicated = Mat::from_fn(120, 4, |i, j| x[(i / 2, j)]);
    let collinear = Mat::from_fn(60, 4, |i, j| x[(i, j.min(2))]);
    let one_column = x.as_ref().subcols(0, 1).to_owned();
    for (name, table) in
        [("duplicated", &duplicated), ("collinear", &collinear), ("one column", &one_column)]
    {
        let fitted = fit(table.as_ref(), &short(None));
        let log_p = fitted.flow.log_prob(table.as_ref()).unwrap();
        assert!(log_p.iter().all(|l| l.is_finite()), "{name}: {:?}", fitted.winner);
        for kind in [DensityKind::Mixture, DensityKind::Conditioned] {
            match fit_recipe(table.as_ref(), None, &short(Some(kind)), &mut ()) {
                Ok(fitted) => {
                    let log_p = fitted.flow.log_prob(table.as_ref()).unwrap();
                    assert!(log_p.iter().all(|l| l.is_finite()), "{name}, {kind}");
                }
                Err(Error::NoVolume { column: 3 }) => {
                    assert_eq!((name, kind), ("collinear", DensityKind::Mixture));
                }
                Err(error) => panic!("{name}, {kind}: {error}"),
            }
        }
    }
}

/// Weights count as repeats: the chosen kind and its score agree to summation order.
#[test]
fn weights_are_repeats_for_a_mixture() {
    let x = clusters(600, 9);
    let weights: Vec<f64> = (0..600).map(|i| f64::from(1 + i % 3)).collect();
    let at: Vec<usize> = (0..600).flat_map(|i| std::iter::repeat_n(i, 1 + i % 3)).collect();
    let validation = clusters(300, 10);
    let recipe = Recipe { refit: Refit::Never, ..short(Some(DensityKind::Mixture)) };
    let fit = |rows: Rows<'_>| {
        fit_recipe(rows, Some(validation.as_ref().into()), &recipe, &mut ()).unwrap()
    };
    let weighted = fit(Rows::weighted(x.as_ref(), &weights).unwrap());
    let repeated = gauss_flow::rows::pick(x.as_ref(), &at);
    let repeated = fit(repeated.as_ref().into());
    let scores = [&weighted, &repeated].map(|fitted| fitted.validation_log_prob.unwrap());
    // Starts are drawn row by row, so repeats draw others; both end at the three clusters.
    assert!((scores[0] - scores[1]).abs() < 0.02, "{scores:?}");
    assert_eq!(kind(&weighted), Some(DensityKind::Mixture));
}
