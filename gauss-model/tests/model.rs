//! A model at work: its score is the derivative of its ln p, its draws carry their ln p, and the
//! bound form is one answer for every thread.

mod support;

use faer::Mat;
use gauss_flow::LayerSpec;
use gauss_model::compare::{CompareError, compare};
use gauss_model::{BoundModel, Column, Kind, Model, Provenance, Support};
use proptest::prelude::*;
use support::{bits, cases, flow, flows, rng};

fn kinds() -> impl Strategy<Value = Kind> {
    let support = prop_oneof![
        Just(Support::Line),
        (-3.0..3.0_f64).prop_map(Support::Above),
        (-3.0..3.0_f64).prop_map(Support::Below),
        (-3.0..3.0_f64, 0.5..5.0_f64).prop_map(|(low, width)| Support::Within(low, low + width)),
    ];
    let levels = |n: usize| Kind::Category((0..n).map(|k| format!("level {k}")).collect());
    prop_oneof![
        6 => support.prop_map(Kind::Real),
        1 => Just(Kind::Integer(Support::Above(0.0))),
        1 => (2_usize..5).prop_map(levels),
    ]
}

fn model(flow: gauss_flow::Flow, kinds: Vec<Kind>) -> Model {
    let named = kinds.into_iter().enumerate();
    let columns = named.map(|(j, kind)| Column::of(format!("c{j}"), kind)).collect();
    Model::new(flow, columns, Provenance::default()).expect("valid kinds")
}

/// A value in the middle of the support, and how far off its bounds it is at least.
fn value(kind: &Kind, u: f64) -> f64 {
    match kind {
        Kind::Real(support) => support.from_line(4.0 * u - 2.0),
        Kind::Integer(_) => (4.0 * u).floor(),
        Kind::Category(levels) => (levels.len() as f64 * u).floor(),
    }
}

/// Differences of ln p over five points at step h: the rest is of order h⁴, and rounding ε |ln p| / h; where
/// a random flow bends sharply both are a multiple of the score itself.
const DIFFERENCE: f64 = 1e-5;
const TOLERANCE: f64 = 1e-7;

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn the_score_is_the_derivative_of_ln_p(
        flow in flows(4),
        drawn in prop::collection::vec((kinds(), 0.05..0.95_f64), 20),
    ) {
        let d = flow.dim();
        let (kinds, at): (Vec<Kind>, Vec<f64>) = drawn.into_iter().take(d).unzip();
        let x: Vec<f64> = (0..d).map(|j| value(&kinds[j], at[j])).collect();
        let bound = model(flow, kinds.clone()).bind();
        let row = Mat::from_fn(1, d, |_, j| x[j]);
        let score = bound.score(row.as_ref()).expect("d columns");
        for (j, kind) in kinds.iter().enumerate() {
            if kind.is_discrete() {
                prop_assert!(score[(0, j)].is_nan(), "there is no derivative along a count");
                continue;
            }
            // A step of a part of the way to the bound.
            let slope = match kind.support() {
                Support::Line => 1.0,
                support => support.to_line(x[j]).1.exp().recip(),
            };
            let h = DIFFERENCE * slope.min(1.0);
            // Five points: the error is of order h⁴.
            let steps = [-2.0, -1.0, 1.0, 2.0];
            let beside = Mat::from_fn(4, d, |k, l| if l == j { x[l] + steps[k] * h } else { x[l] });
            let p = bound.log_prob(beside.as_ref()).expect("d columns");
            let difference = (p[0] - 8.0 * p[1] + 8.0 * p[2] - p[3]) / (12.0 * h);
            let tolerance = TOLERANCE * (1.0 + difference.abs() + p[1].abs() / slope.min(1.0));
            prop_assert!((score[(0, j)] - difference).abs() < tolerance,
                "{kind:?}: {} {difference}", score[(0, j)]);
        }
    }

    #[test]
    fn draws_carry_their_ln_p(
        flow in flows(4),
        kinds in prop::collection::vec(kinds(), 20),
        seed in any::<u64>(),
    ) {
        let kinds = kinds.into_iter().take(flow.dim()).collect();
        let bound = model(flow, kinds).bind();
        let (x, told) = bound.sample_and_log_prob(20, &mut rng(seed));
        prop_assert_eq!(&x, &bound.sample(20, &mut rng(seed)));
        let log_prob = bound.log_prob(x.as_ref()).expect("its own columns");
        for (i, (told, log_prob)) in told.iter().zip(&log_prob).enumerate() {
            // A draw that rounding has put beside a bound has lost the digits of its distance.
            let near = |(v, column): (&f64, &Column)| {
                let (low, high) = column.kind.support().bounds();
                (v - low).min(high - v) < 1e-6 * v.abs()
            };
            let lost = x.row(i).iter().zip(bound.columns()).any(near);
            if !lost && told.is_finite() && told.abs() < 1e6 {
                prop_assert!((told - log_prob).abs() < 1e-6 * (1.0 + told.abs()), "{told} {log_prob}");
            }
        }
    }
}

#[test]
fn outside_the_support_there_is_no_score() {
    let kinds = vec![Kind::Real(Support::Above(0.0)), Kind::default()];
    let flow = flow(2, &[LayerSpec::Marginal { components: 2 }], 3);
    let x = faer::mat![[1.0, 0.5], [-1.0, 0.5], [f64::NAN, 0.5]];
    let score = model(flow, kinds).score(x.as_ref()).expect("two columns");
    assert!((0..2).all(|j| score[(0, j)].is_finite()));
    assert!((0..2).all(|j| score[(1, j)].is_nan() && score[(2, j)].is_nan()));
}

/// A server shares it.
#[test]
fn a_bound_model_is_cloned_and_sent() {
    fn shared<T: Clone + Send + Sync + 'static>(value: T) -> T {
        value
    }
    let kinds = vec![Kind::Integer(Support::Line), Kind::Real(Support::Above(0.0))];
    let model = model(flow(2, &[LayerSpec::Marginal { components: 2 }], 3), kinds);
    let bound: BoundModel = shared(model.bind());
    let x = faer::mat![[1.0, 0.5], [3.0, 2.5]];
    let here = bound.log_prob(x.as_ref()).expect("two columns");
    let copy = bound.clone();
    let there =
        std::thread::spawn(move || copy.log_prob(faer::mat![[1.0, 0.5], [3.0, 2.5]].as_ref()));
    assert_eq!(bits(&there.join().expect("a thread").expect("two columns")), bits(&here));
    let mut into = [0.0; 2];
    bound.log_prob_into(x.as_ref(), &mut into).expect("room for two");
    assert_eq!(bits(&into), bits(&here));
    assert!(bound.log_prob_into(x.as_ref(), &mut into[..1]).is_err());
}

#[test]
fn models_of_the_same_columns_compare_in_any_order() {
    let layers = [LayerSpec::Marginal { components: 2 }];
    let columns = |names: [&str; 2]| names.map(Column::real).to_vec();
    let of = |seed, names| {
        Model::new(flow(2, &layers, seed), columns(names), Provenance::default()).expect("a model")
    };
    let (a, b) = (of(3, ["a", "b"]), of(4, ["b", "a"]));
    let x = a.sample(500, &mut rng(1));
    let found = compare(&[&a, &b], &x).expect("the same columns");
    assert_eq!((found.best, found.conclusive, found.common_rows), (0, true, 500));
    let swapped = Mat::from_fn(500, 2, |i, j| x[(i, 1 - j)]);
    let of_b = b.log_prob(swapped.as_ref()).expect("two columns");
    let mean = of_b.iter().sum::<f64>() / 500.0;
    assert!((found.models[1].log_prob.mean - mean).abs() < 1e-12);

    let other = compare(&[&a, &of(4, ["a", "c"])], &x).expect_err("another column");
    let column = "b".to_owned();
    assert_eq!(other, CompareError::Column { with: 0, without: 1, column });
}
