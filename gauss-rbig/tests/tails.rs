//! Which columns get tails, and what a fit makes of them.

use faer::Mat;
use gauss_flow::layers::tails::params;
use gauss_flow::{LayerSpec, Rows};
use gauss_rbig::recipe::{Fitted, Method, Recipe, Refit, fit_recipe};
use gauss_rbig::tails::{ColumnTails, detect};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{StandardNormal, StudentT};

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// n rows of a normal column and columns of Student's t.
fn students(n: usize, degrees: &[f64], rng: &mut ChaCha8Rng) -> Mat<f64> {
    Mat::from_fn(n, 1 + degrees.len(), |_, j| {
        if j == 0 {
            rng.sample(StandardNormal)
        } else {
            rng.sample(StudentT::new(degrees[j - 1]).expect("degrees of freedom"))
        }
    })
}

/// The first four fifths of the rows learnt from, the others to judge.
fn found(x: &Mat<f64>) -> Vec<ColumnTails> {
    let learnt = x.nrows() / 5 * 4;
    let (a, b) = x.as_ref().split_at_row(learnt);
    detect(a.into(), b.into()).expect("rows")
}

fn quick() -> Recipe {
    Recipe { method: Method::Rbig, blocks: Some(3), ..Recipe::default() }
}

fn fit(x: &Mat<f64>, recipe: &Recipe) -> Fitted {
    fit_recipe(x.as_ref(), None, recipe, &mut ()).expect("a fit")
}

#[test]
fn columns_whose_tails_are_light_have_none() {
    // 100 draws of three columns at a level of 1 %, from which normal and uniform columns are far.
    let mut seen = 0;
    for seed in 0..100 {
        let mut rng = rng(seed);
        let x = Mat::from_fn(1000, 3, |_, j| match j {
            0 => rng.sample(StandardNormal),
            1 => rng.random::<f64>(),
            _ => rng.random::<f64>().ln(),
        });
        seen += usize::from(!found(&x).is_empty());
    }
    assert!(seen <= 5, "{seen} of 100");
}

#[test]
fn heavy_tails_are_found_on_the_side_where_they_are() {
    let mut rng = rng(1);
    let x = students(4000, &[1.0, 2.0], &mut rng);
    let tails = found(&x);
    assert_eq!(tails.iter().map(|tails| tails.column).collect::<Vec<_>>(), [1, 2]);
    for (tails, index) in tails.iter().zip([1.0, 0.5]) {
        for tail in [tails.lower, tails.upper] {
            // Four standard errors of (1 + ξ)/√k, k = 320.
            let error = tail.expect("both sides").index - index;
            assert!(error.abs() < 4.0 * (1.0 + index) / 320_f64.sqrt(), "{tails:?}");
        }
    }
    let folded = Mat::from_fn(4000, 1, |i, _| x[(i, 1)].abs());
    let one = found(&folded);
    assert!(one.len() == 1 && one[0].lower.is_none() && one[0].upper.is_some(), "{one:?}");
}

#[test]
fn what_cannot_be_known_is_not_claimed() {
    let mut rng = rng(2);
    let x = students(5000, &[1.0], &mut rng);
    // Too few rows; values on a grid; a wild value.
    assert_eq!(found(&x.as_ref().subrows(0, 350).to_owned()), []);
    let grid = Mat::from_fn(5000, 1, |i, _| (x[(i, 1)].clamp(-30.0, 30.0)).round());
    assert_eq!(found(&grid), []);
    let mut wild = x.as_ref().subcols(0, 1).to_owned();
    wild[(17, 0)] = 1e12;
    assert_eq!(found(&wild), []);
}

#[test]
fn rows_without_weight_are_not_there_and_factors_do_not_matter() {
    let mut rng = rng(3);
    let x = students(5000, &[1.0], &mut rng);
    let judge = students(1000, &[1.0], &mut rng);
    let half: Vec<usize> = (0..2500).map(|i| 2 * i).collect();
    let weights: Vec<f64> = (0..5000).map(|i| if i % 2 == 0 { 0.25 } else { 0.0 }).collect();
    let weighted = Rows::weighted(x.as_ref(), &weights).expect("weights");
    let picked = Rows::from(&x).pick(&half);
    let [a, b] = [weighted, picked.rows()].map(|x| detect(x, (&judge).into()).expect("rows"));
    assert!(!a.is_empty());
    assert_eq!(a, b);
}

#[test]
fn where_nothing_is_found_nothing_changes() {
    let x = students(600, &[], &mut rng(4));
    let [with, without] =
        [true, false].map(|tails| fit(&x, &Recipe { tails, ..quick() }).without_timings());
    assert_eq!(with, without);
    assert!(with.tails.is_empty());
}

#[test]
fn log_densities_are_in_the_units_of_the_rows() {
    let x = students(2000, &[1.0], &mut rng(5));
    let fitted = fit(&x, &Recipe { refit: Refit::Never, ..quick() });
    assert_eq!(fitted.tails.len(), 1);
    let held_out = Rows::from(&x).pick(&fitted.held_out);
    let log_p = fitted.flow.log_prob(held_out.rows().x()).expect("columns");
    let (want, got) = (held_out.rows().mean(&log_p), fitted.validation_log_prob);
    assert!((got.expect("rows were held out") - want).abs() < 1e-9, "{got:?} {want}");
}

#[test]
fn the_second_fit_has_the_same_sides_and_its_own_numbers() {
    let x = students(2000, &[1.0], &mut rng(5));
    let first = fit(&x, &Recipe { refit: Refit::Never, ..quick() });
    let second = fit(&x, &quick());
    assert!(second.refitted && second.tails != first.tails);
    let sides = |fitted: &Fitted| -> Vec<(usize, bool, bool)> {
        let sides = |t: &ColumnTails| (t.column, t.lower.is_some(), t.upper.is_some());
        fitted.tails.iter().map(sides).collect()
    };
    assert_eq!(sides(&first), sides(&second));
    assert_eq!(first.validation_log_prob, second.validation_log_prob);
    for fitted in [first, second] {
        assert_eq!(fitted.flow.layers()[..2], [LayerSpec::Tails, LayerSpec::Standardize]);
        let columns = [[None; 2], [fitted.tails[0].lower, fitted.tails[0].upper]];
        assert_eq!(fitted.flow.layer_params(0), params(&columns));
    }
}

/// A few draws of `examples/heavy_tails.rs`, which has the medians.
#[test]
fn far_quantiles_of_students_t_are_nearly_as_probable_as_they_are() {
    // Of 20 draws 18 are within 5 nats; without tails it is hundreds to 10¹⁰.
    const FAR: f64 = 10.0;
    let table = [(1.0, 318_309.886_183_5), (2.0, 707.105_720_5), (3.0, 103.299_474_7)];
    for (degrees, far) in table {
        let mut errors: Vec<f64> = (0..3)
            .map(|seed| {
                let mut rng = rng(10 + seed);
                let x = students(5000, &[degrees], &mut rng);
                let x = x.as_ref().subcols(1, 1).to_owned();
                let fitted = fit(&x, &Recipe { method: Method::Rbig, seed, ..Recipe::default() });
                let log_p = fitted.flow.log_prob(faer::mat![[far]].as_ref()).expect("columns");
                // Γ((ν+1)/2)/(Γ(ν/2)√(νπ)) for ν = 1, 2, 3.
                let at_0 =
                    [std::f64::consts::FRAC_1_PI, 0.353_553_390_593_273_8, 0.367_552_596_947_861_4]
                        [degrees as usize - 1];
                let truth = f64::ln(at_0) - 0.5 * (degrees + 1.0) * (far * far / degrees).ln_1p();
                (log_p[0] - truth).abs()
            })
            .collect();
        errors.sort_by(f64::total_cmp);
        assert!(errors[1] < FAR, "{degrees}: {errors:?}");
    }
}
