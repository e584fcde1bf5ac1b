//! The recommended fit: how near it comes to known densities, what it never loses, what it tells.

use faer::{Mat, MatRef};
use gauss_flow::{LayerSpec, Rows};
use gauss_rbig::Error;
use gauss_rbig::recipe::{
    Baseline, Blocks, Budget, Candidate, Fitted, Method, Recipe, Refit, Winner, fit_recipe,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use std::ops::ControlFlow;
use std::time::Duration;

const HALF_LN_2PI: f64 = 0.918_938_533_204_672_8;

/// A generator with its log-density.
struct Known {
    dim: usize,
    draw: fn(&mut ChaCha8Rng) -> Vec<f64>,
    log_density: fn(&[f64]) -> f64,
}

fn normal(rng: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(rng)
}

fn log_normal(z: f64) -> f64 {
    -0.5 * z * z - HALF_LN_2PI
}

/// Three correlated normals: x = L z with a lower triangle of ones.
const CORRELATED: Known = Known {
    dim: 3,
    draw: |rng| {
        let z = [normal(rng), normal(rng), normal(rng)];
        vec![z[0], z[0] + z[1], z[0] + z[1] + z[2]]
    },
    log_density: |x| log_normal(x[0]) + log_normal(x[1] - x[0]) + log_normal(x[2] - x[1]),
};

/// A banana: the second column bends with the square of the first.
const BANANA: Known = Known {
    dim: 2,
    draw: |rng| {
        let x = normal(rng);
        vec![x, x * x + 0.3 * normal(rng)]
    },
    log_density: |x| log_normal(x[0]) + log_normal((x[1] - x[0] * x[0]) / 0.3) - 0.3_f64.ln(),
};

/// Two well separated bumps, and a heavy column: ±3 and a log-normal.
const BUMPS: Known = Known {
    dim: 2,
    draw: |rng| {
        let side = if normal(rng) > 0.0 { 3.0 } else { -3.0 };
        vec![side + normal(rng), normal(rng).exp()]
    },
    log_density: |x| {
        let bumps = (0.5 * log_normal(x[0] - 3.0).exp()) + 0.5 * log_normal(x[0] + 3.0).exp();
        bumps.ln() + log_normal(x[1].ln()) - x[1].ln()
    },
};

impl Known {
    fn sample(&self, rows: usize, seed: u64) -> Mat<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut x = Mat::zeros(rows, self.dim);
        for i in 0..rows {
            for (j, value) in (self.draw)(&mut rng).into_iter().enumerate() {
                x[(i, j)] = value;
            }
        }
        x
    }

    /// KL(true ‖ model) in nats, estimated on fresh rows, with its standard error.
    fn divergence(&self, fitted: &Fitted) -> (f64, f64) {
        let fresh = self.sample(10_000, 999);
        let log_q = fitted.flow.log_prob(fresh.as_ref()).unwrap();
        let gaps: Vec<f64> = (log_q.iter().enumerate())
            .map(|(i, q)| {
                let row: Vec<f64> = fresh.row(i).iter().copied().collect();
                (self.log_density)(&row) - q
            })
            .collect();
        let mean = mean(&gaps);
        let variance = gaps.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        (mean, (variance / gaps.len() as f64).sqrt())
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn fit(x: MatRef<'_, f64>, validation: Option<MatRef<'_, f64>>, recipe: &Recipe) -> Fitted {
    fit_recipe(x, validation.map(Into::into), recipe, &mut ()).unwrap()
}

/// Small, so that a debug build is quick.
fn quick() -> Recipe {
    Recipe { blocks: Some(4), budget: Budget::Epochs(60), ..Recipe::default() }
}

#[test]
fn known_densities_are_met() {
    // The normal: at best 9 parameters and 1,500 rows, 0.003 nats. The bends cost more: what is
    // allowed is a fortieth of what one normal distribution misses (0.9 nats for the banana, 0.8
    // for the bumps). Three standard errors of the estimate on top.
    for (known, bound) in [(CORRELATED, 0.01), (BANANA, 0.03), (BUMPS, 0.03)] {
        let x = known.sample(1_500, 1);
        let fitted = fit(x.as_ref(), None, &Recipe::default());
        let (kl, error) = known.divergence(&fitted);
        println!("d = {}: KL {kl:.4} ± {error:.4}", known.dim);
        assert!(kl <= bound + 3.0 * error, "d = {}: KL {kl} ± {error}", known.dim);
        assert!(kl >= -4.0 * error, "better than the truth: {kl} ± {error}");
    }
}

#[test]
fn no_round_loses_and_the_winner_is_the_best_that_was_seen() {
    let (x, validation) = (BANANA.sample(600, 1), BANANA.sample(300, 2));
    let mut most = Vec::new();
    for method in [Method::Warm, Method::Joint] {
        let recipe = Recipe { method, ..quick() };
        let fitted = fit(x.as_ref(), Some(validation.as_ref()), &recipe);
        let score = fitted.validation_log_prob.expect("validation rows");
        assert!(fitted.trials.len() >= 4);
        for trial in &fitted.trials {
            assert!(trial.after >= trial.before, "{trial:?}");
            assert!(trial.steps > 0 && trial.seconds >= 0.0);
        }
        for baseline in &fitted.baselines {
            assert!(score >= baseline.score, "{score} under {baseline:?}");
        }
        let last = fitted.trials.iter().rfind(|t| Some(t.candidate) == fitted.candidate());
        assert_eq!(last.expect("the winner was tried").after, score);
        // What is reported is what the model does.
        let again = mean(&fitted.flow.log_prob(validation.as_ref()).unwrap());
        assert!((again - score).abs() < 1e-9, "{again} {score}");
        let history = fitted.history.expect("a winner has a history");
        let best = history.epochs[history.best_epoch];
        assert!((best.validation_nll.expect("the best was looked at") + score).abs() < 1e-9);
        assert!(history.epochs.windows(2).all(|w| w[1].epoch == w[0].epoch + 1));
        assert!(!fitted.refitted);
        most.push(score);
    }
    assert!(most[0] != most[1], "the starts differ");
}

#[test]
fn the_same_seed_and_budget_give_the_same_bits_at_any_thread_count() {
    let x = BUMPS.sample(400, 3);
    let recipe = Recipe { budget: Budget::Epochs(20), ..quick() };
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| fit(x.as_ref(), None, &recipe))
    };
    let (one, two) = (on(1), on(2));
    assert_eq!(one.flow, two.flow);
    assert_eq!(one.winner, two.winner);
    let scores = |f: &Fitted| f.trials.iter().map(|t| (t.steps, t.after)).collect::<Vec<_>>();
    assert_eq!(scores(&one), scores(&two));
    let other = fit(x.as_ref(), None, &Recipe { seed: 1, ..recipe.clone() });
    // These columns are independent, and so is the result of any seed; what was tried is not.
    assert_ne!(scores(&one), scores(&other));
}

#[test]
fn what_is_fixed_stays_fixed_and_the_rest_is_searched() {
    let x = BANANA.sample(300, 4);
    let recipe = Recipe {
        first: Some(0),
        blocks: Some(3),
        components: Some(5),
        reflections: Some(1),
        prior: Some(2.0),
        budget: Budget::Epochs(10),
        ..Recipe::default()
    };
    let fitted = fit(x.as_ref(), None, &recipe);
    let marginals = fitted.flow.layers().iter().filter(|l| l.name() == "marginal");
    let expected = LayerSpec::Marginal { components: 5 };
    assert_eq!(marginals.clone().count(), 3);
    assert!(marginals.into_iter().all(|l| *l == expected), "{:?}", fitted.flow.layers());
    // A smooth start and a sharp one are left to choose from.
    let begun = fitted.trials.iter().filter(|t| t.round == 1).count();
    assert!((1..=2).contains(&begun), "{begun}");
    let as_asked =
        |candidate| matches!(candidate, Candidate::Blocks(Blocks { prior: 2.0, blocks: 3, .. }));
    assert!(fitted.trials.iter().all(|t| as_asked(t.candidate)));
    assert!(fitted.refitted && fitted.validation_rows == 75 && fitted.train_rows == 225);
}

#[test]
fn a_budget_in_epochs_is_kept() {
    let (x, validation) = (BANANA.sample(500, 5), BANANA.sample(100, 6));
    for epochs in [1, 12, 50] {
        let recipe = Recipe { budget: Budget::Epochs(epochs), ..quick() };
        let fitted = fit(x.as_ref(), Some(validation.as_ref()), &recipe);
        let steps_per_epoch = 500_usize.div_ceil(64);
        let steps: usize = fitted.trials.iter().map(|t| t.steps).sum();
        // The first candidate is always begun, with one pass.
        assert!(steps <= epochs.max(1) * steps_per_epoch, "{steps} steps for {epochs} epochs");
        assert!(steps > 0);
    }
}

#[test]
fn a_second_fit_on_all_rows_happens_when_it_should() {
    let (x, validation) = (BANANA.sample(200, 7), BANANA.sample(100, 8));
    let recipe = |refit| Recipe { refit, budget: Budget::Epochs(8), ..quick() };
    let on = |validation, refit| fit(x.as_ref(), validation, &recipe(refit)).refitted;
    assert!(on(None, Refit::Auto) && on(None, Refit::Always) && !on(None, Refit::Never));
    let rows = Some(validation.as_ref());
    assert!(!on(rows, Refit::Auto) && on(rows, Refit::Always) && !on(rows, Refit::Never));
}

#[test]
fn normal_rows_are_never_fitted_worse_than_by_a_normal() {
    // 60 rows in five columns: anything trained on them may do worse than the normal.
    for seed in 0..4 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut draw = |rows| Mat::from_fn(rows, 5, |_, _| normal(&mut rng));
        let (x, validation) = (draw(60), draw(60));
        let fitted = fit(x.as_ref(), Some(validation.as_ref()), &quick());
        let score = mean(&fitted.flow.log_prob(validation.as_ref()).unwrap());
        for rival in &fitted.baselines {
            // A shrunk normal has to be ahead by so much before it is preferred.
            let room = if rival.baseline == Baseline::Shrunk { 0.1 } else { 1e-9 };
            assert!(score >= rival.score - room, "seed {seed}: {score}, {rival:?}");
        }
        assert_eq!(fitted.baselines.len(), 3);
    }
}

#[test]
fn the_greedy_fit_alone_and_few_rows() {
    let x = BANANA.sample(300, 9);
    let recipe = Recipe { method: Method::Rbig, ..Recipe::default() };
    let fitted = fit(x.as_ref(), None, &recipe);
    assert!(fitted.trials.is_empty() && fitted.candidate().is_none() && fitted.refitted);
    // Too few to set any aside; the fewest there may be.
    for rows in [4, 39] {
        let fitted = fit(x.as_ref().subrows(0, rows), None, &Recipe::default());
        assert_eq!((fitted.validation_rows, fitted.train_rows), (0, rows));
        assert!(fitted.fallback().is_some() && fitted.history.is_none());
        let log_p = fitted.flow.log_prob(x.as_ref()).unwrap();
        assert!(log_p.iter().all(|p| p.is_finite()));
    }
}

/// Hardly more rows than columns teach no more than independent columns: anything else learns them
/// by heart.
#[test]
fn a_handful_of_rows_is_not_learnt_by_heart() {
    const DIM: usize = 30;
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut draw =
        |rows: usize| faer::Mat::<f64>::from_fn(rows, DIM, |_, _| StandardNormal.sample(&mut rng));
    let (x, fresh) = (draw(32), draw(200));
    let fitted = fit(x.as_ref(), None, &Recipe::default());
    let found = mean(&fitted.flow.log_prob(fresh.as_ref()).unwrap());
    let entropy = DIM as f64 * 0.5 * (2.0 * std::f64::consts::PI * std::f64::consts::E).ln();
    // Two parameters a column from 32 rows cost about a thirty-second each: 2 nats in all.
    assert!(found > -entropy - 6.0, "{found} against {}", -entropy);
}

#[test]
fn an_outlier_at_1e12_is_fitted_where_it_is() {
    let mut x = BANANA.sample(400, 10);
    x[(17, 0)] = 1e12;
    let fitted = fit(x.as_ref(), None, &quick());
    let log_p = fitted.flow.log_prob(x.as_ref()).unwrap();
    let others: Vec<f64> = (0..400).filter(|i| *i != 17).map(|i| log_p[i]).collect();
    assert!(log_p.iter().all(|p| p.is_finite()));
    assert!(mean(&others) > -6.0, "the bulk: {}", mean(&others));
}

#[test]
fn cancelling_at_any_moment_returns_the_best_so_far_at_once() {
    let x = BANANA.sample(300, 11);
    let recipe = Recipe { budget: Budget::Epochs(12), ..quick() };
    let run = |recipe: &Recipe, stop_after: usize| {
        let mut told = 0;
        let fitted = fit_recipe(x.as_ref(), None, recipe, &mut |_: &gauss_flow::Event<'_>| {
            told += 1;
            if told >= stop_after { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        (told, fitted.unwrap())
    };
    for recipe in [recipe.clone(), Recipe { method: Method::Rbig, ..recipe }] {
        let (all, complete) = run(&recipe, usize::MAX);
        assert!(complete.refitted && !complete.cancelled);
        // The first start block by block, then now and again, up to the end of the second fit.
        for stop_after in (1..all.min(6)).chain((6..all).step_by(19)).chain([all]) {
            let (told, fitted) = run(&recipe, stop_after);
            assert_eq!(told, stop_after, "heard at once");
            assert!(fitted.cancelled && !fitted.refitted, "{stop_after} of {all}");
            let score = fitted.validation_log_prob.expect("rows were set aside");
            assert!(fitted.baselines.iter().all(|b| score >= b.score), "{stop_after}");
            assert!(!fitted.baselines.is_empty());
            assert!(fitted.flow.log_prob(x.as_ref()).unwrap().iter().all(|p| p.is_finite()));
        }
        let (_, first) = run(&recipe, 1);
        assert!(first.trials.is_empty() && first.candidate().is_none() && first.history.is_none());
    }
}

#[test]
fn bad_options_are_typed_errors() {
    let x = BANANA.sample(50, 12);
    let refused = |recipe: Recipe| {
        let fitted = fit_recipe(x.as_ref(), None, &recipe, &mut ());
        match fitted {
            Err(Error::Option { name: option, .. }) => option,
            other => panic!("{other:?}"),
        }
    };
    let default = Recipe::default;
    assert_eq!(refused(Recipe { budget: Budget::Epochs(0), ..default() }), "budget");
    assert_eq!(refused(Recipe { blocks: Some(0), ..default() }), "blocks");
    assert_eq!(refused(Recipe { components: Some(0), ..default() }), "components");
    assert_eq!(refused(Recipe { batch_size: Some(0), ..default() }), "batch_size");
    assert_eq!(refused(Recipe { prior: Some(f64::NAN), ..default() }), "prior");
    assert_eq!(refused(Recipe { noise: Some(-1.0), ..default() }), "noise");
    assert_eq!(refused(Recipe { validation_fraction: 1.0, ..default() }), "validation_fraction");
    let one_row = fit_recipe(x.as_ref().subrows(0, 1), None, &default(), &mut ());
    assert!(matches!(one_row, Err(Error::Rows { needed: 2, got: 1 })));
}

#[test]
fn rounded_values_get_no_spikes() {
    // Five integers, and a normal beside them: joint training must not stand spikes on the
    // integers. Blurred by the rounding error, σ = 1/√12, no density is above 1/(σ√2π); half a
    // nat more allows for what 400 rows leave open.
    let mut rng = ChaCha8Rng::seed_from_u64(13);
    let x =
        Mat::from_fn(400, 2, |i, j| if j == 0 { ((i * 7) % 5) as f64 } else { normal(&mut rng) });
    let recipe = Recipe { budget: Budget::Epochs(200), ..quick() };
    let fitted = fit(x.as_ref(), None, &recipe);
    let log_p = fitted.flow.log_prob(x.as_ref()).unwrap();
    let largest = log_p.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let bound = 0.5 * 12.0_f64.ln() - HALF_LN_2PI - HALF_LN_2PI + 0.5;
    assert!(largest <= bound, "{largest} above {bound}");
}

#[test]
fn faults_are_named_in_the_callers_numbering() {
    let good = BANANA.sample(120, 12);
    let spoilt = |row: usize, column: usize, value: f64| {
        let mut x = good.clone();
        x[(row, column)] = value;
        x
    };
    let refused = |x: &Mat<f64>, validation: Option<&Mat<f64>>| {
        let validation = validation.map(Rows::from);
        fit_recipe(x, validation, &quick(), &mut ()).expect_err("a fault")
    };
    for row in [0, 7, 119] {
        let error = refused(&spoilt(row, 1, f64::INFINITY), None);
        assert_eq!(error, Error::NonFinite { row, column: 1, value: f64::INFINITY });
        let error = refused(&good, Some(&spoilt(row, 0, f64::INFINITY)));
        assert_eq!(error, Error::NonFinite { row, column: 0, value: f64::INFINITY });
    }
    assert_eq!(refused(&Mat::zeros(50, 0), None), Error::NoDimensions);
    assert_eq!(refused(&Mat::zeros(0, 3), None), Error::Rows { needed: 1, got: 0 });
    let constant = Mat::from_fn(80, 2, |i, j| if j == 0 { good[(i, 0)] } else { 3.5 });
    assert_eq!(refused(&constant, None), Error::ConstantColumn { column: 1, value: 3.5 });
    let wide = Mat::zeros(9, 3);
    assert_eq!(refused(&good, Some(&wide)), Error::Columns { expected: 2, got: 3 });
}

#[test]
fn a_row_without_weight_is_not_there() {
    // Wild rows of weight 0 between the others change neither the fit nor what is held out.
    let x = BANANA.sample(200, 12);
    let with =
        Mat::from_fn(
            300,
            2,
            |i, j| {
                if i % 3 == 2 { 1e9 * (i as f64) } else { x[(i / 3 * 2 + i % 3, j)] }
            },
        );
    let weights: Vec<f64> = (0..300).map(|i| if i % 3 == 2 { 0.0 } else { 1.0 }).collect();
    let rows = Rows::weighted(with.as_ref(), &weights).unwrap();
    let recipe = quick();
    let fitted = fit_recipe(rows, None, &recipe, &mut ()).unwrap();
    let plain = fit(x.as_ref(), None, &recipe);
    assert!(fitted.held_out.iter().all(|row| row % 3 != 2));
    assert_eq!(fitted.held_out.len(), plain.held_out.len());
    // Equal weights are none.
    let (a, b) = (fitted.flow.log_prob(x.as_ref()), plain.flow.log_prob(x.as_ref()));
    for (a, b) in a.unwrap().iter().zip(b.unwrap()) {
        assert!((a - b).abs() < 1e-6 * b.abs().max(1.0), "{a} {b}");
    }
    let none = vec![0.0; 300];
    assert!(matches!(Rows::weighted(with.as_ref(), &none), Err(Error::NoWeight { rows: 300 })));
    // A column that is constant where it counts has no density.
    let flat = Mat::from_fn(90, 2, |i, j| if j == 0 && i < 60 { 1.0 } else { x[(i, j)] });
    let weights: Vec<f64> = (0..90).map(|i| if i < 60 { 1.0 } else { 0.0 }).collect();
    let rows = Rows::weighted(flat.as_ref(), &weights).unwrap();
    let error = fit_recipe(rows, None, &recipe, &mut ()).unwrap_err();
    assert_eq!(error, Error::ConstantColumn { column: 0, value: 1.0 });
}

#[test]
fn the_longest_time_is_no_limit() {
    let x = CORRELATED.sample(30, 1); // too few to search: done at once
    let recipe = Recipe { budget: Budget::Time(Duration::MAX), ..Recipe::default() };
    assert!(matches!(fit(x.as_ref(), None, &recipe).winner, Winner::Baseline(_)));
}

#[test]
fn what_won_is_one_thing() {
    let x = CORRELATED.sample(300, 1);
    let fitted = fit(x.as_ref(), None, &quick());
    match fitted.winner {
        Winner::Baseline(simple) => {
            assert_eq!((fitted.candidate(), fitted.fallback()), (None, Some(simple)));
            assert!(fitted.history.is_none());
        }
        Winner::Trained(candidate) => {
            assert_eq!((fitted.candidate(), fitted.fallback()), (Some(candidate), None));
        }
        other => panic!("{other:?}"),
    }
}
