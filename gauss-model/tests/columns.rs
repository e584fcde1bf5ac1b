//! Columns of the user's own kind: exactly invertible, no mass outside the support, and a
//! Jacobian that belongs to the map.

mod support;

use faer::Mat;
use gauss_flow::{Flow, LayerSpec};
use gauss_model::columns::{self, decode, dequantize, encode, first_outside};
use gauss_model::{Column, Error, Kind, Model, Provenance, Support};
use proptest::prelude::*;
use support::{cases, flow, flows, rng};

fn supports() -> impl Strategy<Value = Support> {
    let bound = -1e6..1e6_f64;
    prop_oneof![
        Just(Support::Line),
        bound.clone().prop_map(Support::Above),
        bound.clone().prop_map(Support::Below),
        (bound, 1e-3..1e6_f64).prop_map(|(low, width)| Support::Within(low, low + width)),
    ]
}

fn kinds() -> impl Strategy<Value = Kind> {
    let whole = |support: Support| match support {
        Support::Line => Support::Line,
        Support::Above(low) => Support::Above(low.round()),
        Support::Below(high) => Support::Below(high.round()),
        Support::Within(low, high) => {
            Support::Within(low.round(), (low + high).abs().round() + low.round() + 1.0)
        }
    };
    let levels = |n: usize| Kind::Category((0..n).map(|k| format!("level {k}")).collect());
    prop_oneof![
        supports().prop_map(Kind::Real),
        supports().prop_map(move |support| Kind::Integer(whole(support))),
        (1_usize..9).prop_map(levels),
    ]
}

/// A value of the kind, from u in (0, 1); the real line and the half-lines up to 10 from their
/// bound or from 0.
fn value(kind: &Kind, u: f64) -> f64 {
    let (low, high) = match kind {
        Kind::Category(levels) => (0.0, levels.len() as f64 - 1.0),
        Kind::Real(support) | Kind::Integer(support) => match *support {
            Support::Line => (-10.0, 10.0),
            Support::Above(low) => (low, low + 10.0),
            Support::Below(high) => (high - 10.0, high),
            Support::Within(low, high) => (low, high),
        },
    };
    let x = low + (high - low) * u;
    if kind.is_discrete() { x.round() + 0.0 } else { x }
}

fn model(flow: Flow, kinds: Vec<Kind>) -> Model {
    let named = kinds.into_iter().enumerate();
    let columns = named.map(|(j, kind)| Column::of(format!("c{j}"), kind)).collect();
    Model::new(flow, columns, Provenance::default()).expect("valid kinds")
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn the_map_to_the_line_rises_inverts_and_has_its_slope(
        support in supports(), u in 0.01..0.99_f64,
    ) {
        let x = value(&Kind::Real(support), u);
        let (y, ln_slope) = support.to_line(x);
        // x itself is only known to half a unit of its own size, or of the bound's.
        let (low, high) = support.bounds();
        let size = [low, high, x].into_iter().filter(|b| b.is_finite()).map(f64::abs).fold(0.0, f64::max);
        prop_assert!((support.from_line(y) - x).abs() <= 8.0 * f64::EPSILON * (size + 10.0));

        let h = 1e-4;
        let slope = (support.from_line(y + h) - support.from_line(y - h)) / (2.0 * h);
        // Central differences: h²/6 of the third derivative, and rounding of x over h.
        let tolerance = h * h + 4.0 * f64::EPSILON * (size + 10.0) / (h * slope);
        prop_assert!((slope * ln_slope.exp() - 1.0).abs() <= tolerance, "{slope} {ln_slope}");
    }

    #[test]
    fn no_point_of_the_line_leads_outside(kind in kinds(), y in any::<f64>()) {
        if !y.is_nan() && (y.is_finite() || kind.support() != Support::Line) {
            let x = kind.quantize(kind.support().from_line(y));
            prop_assert!(kind.contains(x), "{y} -> {x}");
        }
    }

    #[test]
    fn rows_survive_the_way_there_and_back(
        flow in flows(5),
        drawn in prop::collection::vec((kinds(), 0.01..0.99_f64), 20),
        seed in any::<u64>(),
    ) {
        let d = flow.dim();
        let (kinds, at): (Vec<Kind>, Vec<f64>) = drawn.into_iter().take(d).unzip();
        let x = Mat::from_fn(1, d, |_, j| value(&kinds[j], at[j]));
        let model = model(flow, kinds);
        prop_assert_eq!(first_outside(model.columns(), x.as_ref()), None);

        // What the flow sees is finite, and rounds back to what it was: discrete values to the bit.
        let u = dequantize(model.columns(), x.as_ref(), &mut rng(seed));
        let supports = columns::supports(model.columns(), &model.flow().discrete());
        let y = encode(&supports, u).y;
        prop_assert!((0..d).all(|j| y[(0, j)].is_finite()));
        let back = decode(model.columns(), &supports, y);
        let z = model.forward(x.as_ref(), &mut rng(seed)).expect("d columns");
        let through = model.inverse(z.as_ref()).expect("d columns");
        for (j, column) in model.columns().iter().enumerate() {
            let (x, back) = (x[(0, j)], back[(0, j)]);
            if column.kind.is_discrete() {
                prop_assert_eq!(x.to_bits(), back.to_bits());
                prop_assert_eq!(x.to_bits(), through[(0, j)].to_bits());
            } else {
                prop_assert!((x - back).abs() <= 1e-9 * (1.0 + x.abs()), "{x} {back}");
            }
        }
        let samples = model.sample(20, &mut rng(seed));
        for (i, j) in (0..20).flat_map(|i| (0..d).map(move |j| (i, j))) {
            let (x, kind) = (samples[(i, j)], &model.columns()[j].kind);
            prop_assert!(kind.contains(x) || *kind == Kind::default(), "{x}");
        }
    }
}

/// A flow of one dimension near the standard normal.
fn line() -> Flow {
    flow(1, &[LayerSpec::Standardize, LayerSpec::Marginal { components: 3 }], 5)
}

/// The trapezoidal rule over x(y) for evenly spaced y covers the whole support and converges
/// faster than any power of the step, since the integrand is smooth and dies out at both ends.
#[test]
fn a_density_on_any_support_integrates_to_one() {
    for support in [
        Support::Line,
        Support::Above(3.0),
        Support::Below(-2.0),
        Support::Within(0.0, 1.0),
        Support::Within(-5.0, 40.0),
    ] {
        let model = model(line(), vec![Kind::Real(support)]);
        let y: Vec<f64> = (-4000..=4000).map(|k| f64::from(k) * 0.01).collect();
        let x: Vec<f64> = y.iter().map(|&y| support.from_line(y)).collect();
        let log_prob =
            model.log_prob(Mat::from_fn(x.len(), 1, |i, _| x[i]).as_ref()).expect("one column");
        let total: f64 = x
            .iter()
            .zip(log_prob)
            .filter(|(x, _)| support.contains(**x))
            .map(|(&x, ln_p)| (ln_p - support.to_line(x).1).exp() * 0.01)
            .filter(|p| p.is_finite()) // at the very border x keeps no digit of y
            .sum();
        assert!((total - 1.0).abs() < 1e-6, "{support:?}: {total}");
    }
}

/// Over all values the probabilities add up to one, but for the error of the rule over a cell.
#[test]
fn probabilities_of_integers_and_levels_add_up_to_one() {
    // As stated in `cell.rs`; in the open most errors of neighbours cancel.
    const OPEN: f64 = 1e-4;
    const BOUNDED: f64 = 5e-3;
    let wide = |kind: Kind, values: std::ops::RangeInclusive<i32>| {
        let mut flow = line();
        let mut params = flow.params().to_vec();
        (params[0], params[1]) = (0.0, -2.0); // shift and ln scale: of some seven units
        flow.set_params(params).expect("the same layers");
        let model = model(flow, vec![kind]);
        let x: Vec<f64> = values.map(f64::from).collect();
        let x = Mat::from_fn(x.len(), 1, |i, _| x[i]);
        model.log_prob(x.as_ref()).expect("one column").iter().map(|p| p.exp()).sum::<f64>()
    };
    let total = wide(Kind::Integer(Support::Line), -400..=400);
    assert!((total - 1.0).abs() < OPEN, "{total}");

    let levels = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
    let model = model(line(), vec![Kind::Category(levels)]);
    let codes = Mat::from_fn(4, 1, |i, _| i as f64);
    let log_prob = model.log_prob(codes.as_ref()).expect("one column");
    let total: f64 = log_prob.iter().map(|p| p.exp()).sum();
    assert!((total - 1.0).abs() < BOUNDED, "{total}");
}

/// The share of each level among many samples is its probability.
#[test]
fn samples_come_as_often_as_the_model_says() {
    const ROWS: usize = 200_000;
    let levels = ["a", "b", "c"].map(str::to_owned).to_vec();
    let layers = [
        LayerSpec::Rotation { reflections: 2, base: false },
        LayerSpec::Marginal { components: 2 },
    ];
    let model = model(
        flow(2, &layers, 8),
        vec![Kind::Category(levels), Kind::Integer(Support::Above(0.0))],
    );
    let samples = model.sample(ROWS, &mut rng(3));
    let cells = Mat::from_fn(12, 2, |i, j| if j == 0 { (i % 3) as f64 } else { (i / 3) as f64 });
    let log_prob = model.log_prob(cells.as_ref()).expect("two columns");
    for (i, ln_p) in log_prob.iter().enumerate() {
        let hits = (0..ROWS).filter(|&r| (0..2).all(|j| samples[(r, j)] == cells[(i, j)])).count();
        let (share, p) = (hits as f64 / ROWS as f64, ln_p.exp());
        // Five standard errors, and the rule's error in two columns, as stated in `cell.rs`.
        let tolerance = 5.0 * (p * (1.0 - p) / ROWS as f64).sqrt() + 0.02 * p;
        assert!((share - p).abs() < tolerance, "cell {i}: {share} {p}");
    }
}

#[test]
fn outside_the_support_there_is_no_mass() {
    let kinds = vec![
        Kind::Real(Support::Above(0.0)),
        Kind::Integer(Support::Within(0.0, 10.0)),
        Kind::Category(vec!["a".to_owned(), "b".to_owned()]),
    ];
    let layers = [LayerSpec::Standardize, LayerSpec::Rotation { reflections: 3, base: false }];
    let model = model(flow(3, &layers, 2), kinds);
    let rows = [
        [1.0, 3.0, 1.0],
        [0.0, 3.0, 1.0],
        [-1.0, 3.0, 1.0],
        [f64::INFINITY, 3.0, 1.0],
        [1.0, 3.5, 1.0],
        [1.0, 11.0, 1.0],
        [1.0, 3.0, -1.0],
        [1.0, 3.0, 2.0],
        [f64::NAN, 3.0, 7.0],
    ];
    let x = Mat::from_fn(rows.len(), 3, |i, j| rows[i][j]);
    let log_prob = model.log_prob(x.as_ref()).expect("three columns");
    assert!(log_prob[0].is_finite());
    assert!(log_prob[1..8].iter().all(|p| *p == f64::NEG_INFINITY), "{log_prob:?}");
    assert!(log_prob[8].is_nan());
    assert_eq!(first_outside(model.columns(), x.as_ref()), Some((1, 0)));
    let z = model.forward(x.as_ref(), &mut rng(0)).expect("three columns");
    assert!((0..3).all(|j| z[(0, j)].is_finite()));
    assert!((1..8).all(|i| (0..3).all(|j| z[(i, j)].is_nan())));
    assert!((0..3).any(|j| z[(8, j)].is_nan()));

    let narrow = Mat::zeros(1, 2);
    let wrong = Error::Flow(gauss_flow::Error::Columns { expected: 3, got: 2 });
    assert_eq!(model.log_prob(narrow.as_ref()), Err(wrong.clone()));
    assert_eq!(model.forward(narrow.as_ref(), &mut rng(0)), Err(wrong.clone()));
    assert_eq!(model.inverse(narrow.as_ref()), Err(wrong));
}

/// A model of real columns without bounds is its flow.
#[test]
fn real_columns_cost_nothing() {
    let flow = flow(2, &[LayerSpec::Standardize, LayerSpec::Marginal { components: 3 }], 1);
    let x = support::normals(50, 2, 4);
    let model = model(flow.clone(), vec![Kind::default(); 2]);
    assert_eq!(model.log_prob(x.as_ref()), Ok(flow.log_prob(x.as_ref()).expect("columns")));
    assert_eq!(model.sample(9, &mut rng(1)), flow.sample(9, &mut rng(1)));
    assert!(!model.is_discrete());
}
