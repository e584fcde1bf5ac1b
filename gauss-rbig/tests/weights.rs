//! Weights: only their proportions matter, equal ones are none, and integers repeat rows.

use faer::{Mat, MatRef};
use gauss_flow::Rows;
use gauss_rbig::defects::{Defect, examine};
use gauss_rbig::em::EmOptions;
use gauss_rbig::histogram::Histogram;
use gauss_rbig::mean::Mean;
use gauss_rbig::pca::{Moments, Pca};
use gauss_rbig::recipe::{Baseline, Budget, Method, Recipe, Refit, fit_recipe};
use gauss_rbig::{RbigOptions, RotationKind, em, fit, fit_validated, gmm, information};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// Rounding of sums of some hundred terms, relative: weights times 3 and repeated rows reach a sum
/// by other roundings.
const ROUNDING: f64 = 1e-12;
/// What an iteration to convergence makes of a difference by rounding, in nats.
const ITERATED: f64 = 1e-6;

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * a.abs().max(1.0)
}

fn all_close(a: &[f64], b: &[f64], tolerance: f64) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| close(*a, *b, tolerance))
}

/// A banana, and weights of 0.2 to 3.
fn banana(rows: usize, seed: u64) -> (Mat<f64>, Vec<f64>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let x = {
        let drawn: Vec<[f64; 2]> = (0..rows)
            .map(|_| {
                let [a, b]: [f64; 2] = [(); 2].map(|()| StandardNormal.sample(&mut rng));
                [a, a * a + 0.3 * b]
            })
            .collect();
        Mat::from_fn(rows, 2, |i, j| drawn[i][j])
    };
    let weights = (0..rows).map(|_| 0.2 + 2.8 * rng.random::<f64>()).collect();
    (x, weights)
}

fn times(weights: &[f64], factor: f64) -> Vec<f64> {
    weights.iter().map(|w| factor * w).collect()
}

fn weighted<'a>(x: MatRef<'a, f64>, weights: &'a [f64]) -> Rows<'a> {
    Rows::weighted(x, weights).expect("weights")
}

/// Every row as often as its weight says.
fn repeated(x: MatRef<'_, f64>, weights: &[f64]) -> Mat<f64> {
    let at: Vec<usize> =
        (0..weights.len()).flat_map(|i| std::iter::repeat_n(i, weights[i] as usize)).collect();
    gauss_flow::rows::pick(x, &at)
}

fn integers(rows: usize) -> Vec<f64> {
    (0..rows).map(|i| (i % 4) as f64).collect()
}

/// A number or some for rows with weights: a fit and what it says of some points.
type Ask<'a> = (&'a str, f64, Box<dyn Fn(Rows<'_>) -> Vec<f64> + 'a>);

fn asked(points: MatRef<'_, f64>) -> Vec<Ask<'_>> {
    let column = |rows: Rows<'_>| rows.x().col(1).iter().copied().collect::<Vec<f64>>();
    let mixture = move |rows: Rows<'_>, options: EmOptions| {
        let values = column(rows);
        let x = MatRef::from_column_major_slice(&values, values.len(), 1);
        let rows = match rows.weights() {
            None => x.into(),
            Some(weights) => weighted(x, weights),
        };
        let gmm = gmm::fit(rows, 4, &options).unwrap().gmm;
        points.col(1).iter().map(|&x| gmm.log_pdf(x)).collect()
    };
    let greedy = move |rows: Rows<'_>, rotation| {
        let options = RbigOptions { max_blocks: 3, rotation, ..RbigOptions::default() };
        fit(rows, &options, &mut ()).unwrap().flow.log_prob(points).unwrap()
    };
    let recipe = move |rows: Rows<'_>, method| {
        let recipe = Recipe {
            method,
            blocks: Some(2),
            budget: Budget::Epochs(4),
            refit: Refit::Never,
            ..Recipe::default()
        };
        fit_recipe(rows, None, &recipe, &mut ()).unwrap().flow.log_prob(points).unwrap()
    };
    let baseline = move |rows: Rows<'_>, baseline: Baseline| {
        baseline.fit(rows, 1).unwrap().log_prob(points).unwrap()
    };
    let default = EmOptions::default;
    vec![
        ("components", ROUNDING, Box::new(|rows| Pca::fit(rows).unwrap().eigenvalues)),
        ("standardization", ROUNDING, Box::new(|rows| gauss_flow::standardization(rows).unwrap())),
        ("mixture", ITERATED, Box::new(move |rows| mixture(rows, default()))),
        (
            "mixture of a histogram",
            ITERATED,
            Box::new(move |rows| mixture(rows, EmOptions { binned_above: Some(0), ..default() })),
        ),
        ("greedy", ITERATED, Box::new(move |rows| greedy(rows, RotationKind::GreatestGain))),
        ("greedy, ICA", ITERATED, Box::new(move |rows| greedy(rows, RotationKind::Ica))),
        ("recipe", ITERATED, Box::new(move |rows| recipe(rows, Method::Warm))),
        ("joint", ITERATED, Box::new(move |rows| recipe(rows, Method::Joint))),
        ("one normal", ROUNDING, Box::new(move |rows| baseline(rows, Baseline::Gaussian))),
        ("columns", ITERATED, Box::new(move |rows| baseline(rows, Baseline::Independent))),
        ("normals", ITERATED, Box::new(move |rows| baseline(rows, Baseline::Mixture))),
        (
            "total correlation",
            ITERATED,
            Box::new(|rows| {
                let options = RbigOptions { max_blocks: 3, ..RbigOptions::default() };
                vec![information::total_correlation(rows, &options).unwrap()]
            }),
        ),
    ]
}

#[test]
fn only_the_proportions_of_weights_matter() {
    let (x, weights) = banana(300, 1);
    let (points, _) = banana(20, 2);
    let (twice, thrice) = (times(&weights, 2.0), times(&weights, 3.0));
    for (name, tolerance, ask) in asked(points.as_ref()) {
        let once = ask(weighted(x.as_ref(), &weights));
        assert_eq!(once, ask(weighted(x.as_ref(), &twice)), "{name}, twice");
        let thrice = ask(weighted(x.as_ref(), &thrice));
        assert!(all_close(&once, &thrice, tolerance), "{name}: {once:?} {thrice:?}");
        assert_ne!(once, ask(x.as_ref().into()), "{name}: weights count");
    }
}

#[test]
fn equal_weights_are_none_and_rows_of_weight_0_are_not_there() {
    let (x, _) = banana(300, 3);
    let (points, _) = banana(20, 4);
    let equal = vec![0.1; 300];
    // Wild rows between the others.
    let with = Mat::from_fn(400, 2, |i, j| {
        if i % 4 == 3 { 1e6 * (i + j) as f64 } else { x[(i / 4 * 3 + i % 4, j)] }
    });
    let present: Vec<f64> = (0..400).map(|i| if i % 4 == 3 { 0.0 } else { 7.0 }).collect();
    for (name, _, ask) in asked(points.as_ref()) {
        let none = ask(x.as_ref().into());
        assert_eq!(none, ask(weighted(x.as_ref(), &equal)), "{name}");
        assert_eq!(none, ask(weighted(with.as_ref(), &present)), "{name}");
    }
}

#[test]
fn integer_weights_repeat_rows() {
    let (x, _) = banana(200, 5);
    let weights = integers(200);
    let rows = weighted(x.as_ref(), &weights);
    let all = repeated(x.as_ref(), &weights);

    let (a, b) = (Moments::of(rows), Moments::of(&all));
    assert_eq!(a.total(), b.total());
    assert!((a.covariance() - b.covariance()).norm_max() < ROUNDING);
    assert!(all_close(&a.mean(), &b.mean(), ROUNDING));

    let column = |x: MatRef<'_, f64>| x.col(1).iter().copied().collect::<Vec<f64>>();
    let (values, many) = (column(x.as_ref()), column(all.as_ref()));
    let mut a = Histogram::new(0.5, 1.5).unwrap();
    let mut b = a.clone();
    let x_column = MatRef::from_column_major_slice(&values, values.len(), 1);
    a.add(weighted(x_column, &weights)).unwrap();
    b.add(&many).unwrap();
    assert_eq!(a.total(), b.total());
    let (pa, pb) = (a.points(), b.points());
    assert!(all_close(&pa.u, &pb.u, 1e-9) && all_close(&pa.weight, &pb.weight, ROUNDING));

    // From a start that knows nothing of how many rows there are: the histogram's own quantiles
    // depend on it, so one component, and no prior.
    let options = EmOptions { prior_rows: 0.0, restarts: 0, ..EmOptions::default() };
    let [a, b] = [a, b].map(|sum| em::fit_histogram(&sum, 1, &options).unwrap().gmm);
    assert!(close(a.means[0], b.means[0], 1e-9) && close(a.sigmas[0], b.sigmas[0], 1e-9));

    let (points, _) = banana(20, 6);
    let score = |rows: Rows<'_>, baseline: Baseline| {
        baseline.fit(rows, 1).unwrap().log_prob(points.as_ref()).unwrap()
    };
    let one = score(rows, Baseline::Gaussian);
    assert!(all_close(&one, &score((&all).into(), Baseline::Gaussian), ROUNDING));
    // The same by the greedy loop.
    let options = RbigOptions {
        max_blocks: 1,
        components: 1,
        em: EmOptions { prior_rows: 0.0, binned_above: None, ..EmOptions::default() },
        selection: gauss_rbig::Selection::Fixed,
        patience: None,
        ..RbigOptions::default()
    };
    let greedy = |rows: Rows<'_>| {
        fit(rows, &options, &mut ()).unwrap().flow.log_prob(points.as_ref()).unwrap()
    };
    assert!(all_close(&greedy(rows), &one, 1e-9) && all_close(&greedy((&all).into()), &one, 1e-9));
}

/// What another machine reads of a sum; `spoil` is what happens to its bytes on the way.
fn sent<T: serde::Serialize + serde::de::DeserializeOwned>(
    sum: &T,
    spoil: impl Fn(&mut [u8]),
) -> Result<T, bincode::error::DecodeError> {
    let config = bincode::config::legacy();
    let mut bytes = bincode::serde::encode_to_vec(sum, config).unwrap();
    spoil(&mut bytes);
    bincode::serde::decode_from_slice(&bytes, config).map(|(sum, _)| sum)
}

#[test]
fn sums_merge_and_travel() {
    let (x, weights) = banana(3000, 7);
    let rows = weighted(x.as_ref(), &weights);
    let mut halves = Moments::of(rows.subrows(0, 1100));
    halves.merge(&Moments::of(rows.subrows(1100, 1900)));
    let whole = Moments::of(rows);
    assert!((halves.covariance() - whole.covariance()).norm_max() < ROUNDING);
    assert!(close(halves.effective(), rows.effective(), ROUNDING));
    let blocks = Moments::of_blocks(&mut rows.clone()).unwrap();
    assert!((blocks.covariance() - whole.covariance()).norm_max() < ROUNDING);

    let mut one = Histogram::new(0.0, 1.0).unwrap();
    let mut two = one.clone();
    one.add_blocks(&mut rows.clone(), 1).unwrap();
    two.add_blocks(&mut rows.subrows(0, 1100), 1).unwrap();
    let mut rest = Histogram::new(0.0, 1.0).unwrap();
    rest.add_blocks(&mut rows.subrows(1100, 1900), 1).unwrap();
    two.merge(&rest).unwrap();
    assert!(all_close(&one.points().u, &two.points().u, 1e-9));
    // They come as they went, or not at all: the first number is a count, then the spread.
    assert_eq!(sent(&whole, |_| ()).unwrap(), whole);
    assert_eq!(sent(&one, |_| ()).unwrap(), one);
    let number = |at: usize, value: f64| {
        move |bytes: &mut [u8]| bytes[8 * at..][..8].copy_from_slice(&value.to_le_bytes())
    };
    assert!(sent(&whole, number(0, -1.0)).is_err() && sent(&whole, number(1, f64::NAN)).is_err());
    assert!(sent(&one, number(1, 0.0)).is_err() && sent(&one, number(2, -1.0)).is_err());
    assert!(two.merge(&Histogram::new(1.0, 1.0).unwrap()).is_err());
    assert!(Histogram::new(0.0, 0.0).is_err() && one.add(&[f64::NAN][..]).is_err());
    assert!(one.add_blocks(&mut rows.clone(), 2).is_err());
}

/// Rows of which one side is drawn three times too seldom and weighs three times as much.
#[test]
fn weights_undo_a_biased_draw() {
    let (all, _) = banana(6000, 8);
    let seldom = |i: usize| all[(i, 0)] < 0.0;
    let at: Vec<usize> = (0..6000).filter(|&i| !seldom(i) || i % 3 == 0).collect();
    let weights: Vec<f64> = at.iter().map(|&i| if seldom(i) { 3.0 } else { 1.0 }).collect();
    let biased = gauss_flow::rows::pick(all.as_ref(), &at);
    let rows = weighted(biased.as_ref(), &weights);
    let (test, _) = banana(4000, 9);
    let truth: Vec<f64> = (0..4000)
        .map(|i| {
            let (a, b) = (test[(i, 0)], (test[(i, 1)] - test[(i, 0)].powi(2)) / 0.3);
            -0.5 * (a * a + b * b) - (2.0 * std::f64::consts::PI).ln() - 0.3_f64.ln()
        })
        .collect();
    let lost = |rows: Rows<'_>| {
        let options = RbigOptions { max_blocks: 12, ..RbigOptions::default() };
        let flow = fit(rows, &options, &mut ()).unwrap().flow;
        Mean::of_difference(&truth, &flow.log_prob(test.as_ref()).unwrap())
    };
    let (with, without) = (lost(rows), lost((&biased).into()));
    // Halves seen as 3 to 1 lose ln 2 - ½ ln 3 = 0.144 nats, less by nothing; four standard errors.
    let gain = without.mean - with.mean;
    let error = with.standard_error.hypot(without.standard_error);
    assert!((gain - 0.144).abs() < 0.03 + 4.0 * error, "{with:?} {without:?}");
    // An effective sample of some 3,400 rows fits as well as all of them, to a hundredth.
    let plain = lost((&all).into());
    assert!(with.mean - plain.mean < 0.03, "{with:?} {plain:?}");
}

#[test]
fn what_judges_has_weights_too() {
    let (x, _) = banana(400, 10);
    let (judge, weights) = banana(150, 11);
    let options = RbigOptions { max_blocks: 6, ..RbigOptions::default() };
    let rows = weighted(judge.as_ref(), &weights);
    let rbig = fit_validated(x.as_ref(), Some(rows), &options, &mut ()).unwrap();
    let log_prob = rbig.flow.log_prob(judge.as_ref()).unwrap();
    let kept = rbig.blocks[rbig.kept - 1].validation_log_prob.unwrap();
    assert!(close(kept, rows.mean(&log_prob), 1e-9));
    let recipe = Recipe { blocks: Some(2), budget: Budget::Epochs(4), ..Recipe::default() };
    let fitted = fit_recipe(x.as_ref(), Some(rows), &recipe, &mut ()).unwrap();
    let log_prob = fitted.flow.log_prob(judge.as_ref()).unwrap();
    assert!(close(fitted.validation_log_prob.unwrap(), rows.mean(&log_prob), 1e-9));
}

#[test]
fn rows_without_weight_are_no_evidence_of_a_defect() {
    let (x, _) = banana(300, 12);
    // Without the last hundred rows the third column is twice the first.
    let wide = Mat::from_fn(300, 3, |i, j| match j {
        2 if i < 200 => 2.0 * x[(i, 0)],
        2 => x[(i, 1)],
        _ => x[(i, j)],
    });
    assert!(examine(wide.as_ref()).unwrap().is_empty());
    let weights: Vec<f64> = (0..300).map(|i| if i < 200 { 1.5 } else { 0.0 }).collect();
    let found = examine(weighted(wide.as_ref(), &weights)).unwrap();
    assert!(matches!(found[..], [Defect::Copy { column: 2, of: 0, .. }]), "{found:?}");
    // A share is one of the weight.
    let atom = Mat::from_fn(300, 1, |i, _| if i % 10 == 0 { 0.0 } else { x[(i, 1)] });
    let heavy: Vec<f64> = (0..300).map(|i| if i % 10 == 0 { 3.0 } else { 1.0 }).collect();
    let share = |rows: Rows<'_>| match examine(rows).unwrap()[..] {
        [Defect::Atom { share, .. }] => share,
        ref other => panic!("{other:?}"),
    };
    assert!(close(share((&atom).into()), 0.1, 1e-12));
    assert!(close(share(weighted(atom.as_ref(), &heavy)), 0.25, 1e-12));
}

#[test]
fn the_log_prob_of_a_greedy_fit_has_an_entry_for_every_row() {
    let (x, mut weights) = banana(100, 13);
    weights[3] = 0.0;
    let options = RbigOptions { max_blocks: 2, ..RbigOptions::default() };
    let rbig = fit(weighted(x.as_ref(), &weights), &options, &mut ()).unwrap();
    let by_flow = rbig.flow.log_prob(x.as_ref()).unwrap();
    assert!(all_close(&rbig.log_prob, &by_flow, 1e-10));
}
