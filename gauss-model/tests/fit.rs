//! Fits: the same bytes each time, in the table's units, and refusals that name the cell.

mod support;

use faer::Mat;
use gauss_flow::{Error as FlowError, Event, Rows};
use gauss_model::columns::{Looks, typical, unnamed};
use gauss_model::gauss_rbig::recipe::{Budget, Method, Recipe};
use gauss_model::provenance::{HeldOut, Noise, Winner};
use gauss_model::{Column, Error, Fit, Fitted, Kind, Support};
use rand::RngExt;
use std::ops::ControlFlow;
use support::{bits, on_threads, rng};

/// Some passes, two small blocks: what matters here is not how good a fit is.
fn quick() -> Recipe {
    Recipe { budget: Budget::Epochs(8), blocks: Some(2), components: Some(3), ..Recipe::default() }
}

/// A count, a positive amount that follows it, and one of three names.
fn columns() -> Vec<Column> {
    let names = ["a", "b", "c"].map(str::to_owned).to_vec();
    vec![
        Column::of("count", Kind::Integer(Support::Above(0.0))),
        Column::of("amount", Kind::Real(Support::Above(0.0))),
        Column::of("name", Kind::Category(names)),
    ]
}

fn table(rows: usize, seed: u64) -> Mat<f64> {
    let mut rng = rng(seed);
    let mut x = Mat::zeros(rows, 3);
    for i in 0..rows {
        let count = (6.0 * rng.random::<f64>().powi(2)).floor();
        x[(i, 0)] = count;
        x[(i, 1)] = (0.3 * count + rng.random::<f64>()).exp();
        x[(i, 2)] = (2.0 * rng.random::<f64>().powi(2) + 0.2 * count).floor().min(2.0);
    }
    x
}

fn fit(x: &Mat<f64>) -> Fitted {
    Fit::new(columns()).recipe(quick()).run(x).expect("a fit")
}

#[test]
fn the_same_table_gives_the_same_file_to_the_byte() {
    let x = table(300, 1);
    let bytes = |threads| on_threads(threads, || fit(&x).model.to_bytes().expect("a file"));
    let one = bytes(1);
    assert_eq!(one, bytes(1), "a second time");
    assert_eq!(one, bytes(2), "on two threads");
    let other = Fit::new(columns()).recipe(Recipe { seed: 1, ..quick() }).run(&x).expect("a fit");
    assert_ne!(one, other.model.to_bytes().expect("a file"));
}

#[test]
fn a_model_remembers_its_fit_and_a_file_keeps_that() {
    let x = table(300, 1);
    let fitted = fit(&x);
    let provenance = fitted.model.provenance();
    assert_eq!((provenance.rows, provenance.effective_rows), (300, 300.0));
    assert_eq!(provenance.held_out, HeldOut::Split { rows: 75 });
    assert_eq!(fitted.held_out().len(), 75);
    assert!(provenance.is_validated() && provenance.winner.is_some() && !fitted.cancelled());
    assert_eq!(provenance.trials.len(), fitted.search.trials.len());
    for (j, column) in fitted.model.columns().iter().enumerate() {
        let values: Vec<f64> = x.col(j).iter().copied().collect();
        assert_eq!(column.fill, typical(&column.kind, &values, None));
    }
    let bytes = fitted.model.to_bytes().expect("a file");
    let again = gauss_model::Model::from_bytes(&bytes).expect("a model");
    assert_eq!(again, fitted.model);
}

/// What the search says of the held-out rows is what the model says of them, in the table's units:
/// of real columns to rounding.
#[test]
fn scores_are_in_the_table_s_units() {
    let x = Mat::from_fn(400, 1, |i, _| 100.0 * (0.5 * support::normals(400, 1, 2)[(i, 0)]).exp());
    let positive = vec![Column::of("x", Kind::Real(Support::Above(0.0)))];
    let v = x.as_ref().subrows(0, 100);
    let fitted = Fit::new(positive).recipe(quick()).validation(v).run(&x).expect("a fit");
    assert_eq!(fitted.model.provenance().held_out, HeldOut::Given { rows: 100 });
    let log_prob = fitted.model.log_prob(v).expect("one column");
    let mean = log_prob.iter().sum::<f64>() / 100.0;
    let told = fitted.search.validation_log_prob.expect("validation rows");
    assert!((mean - told).abs() < 1e-12 * mean.abs(), "{mean} {told}");
}

#[test]
fn every_refusal_names_what_it_refuses() {
    let x = table(60, 1);
    let with = |row: usize, column: usize, value: f64| {
        let mut x = x.clone();
        x[(row, column)] = value;
        Fit::new(columns()).recipe(quick()).run(&x).map(|_| ()).expect_err("a bad cell")
    };
    for (column, value) in [(0, 0.5), (0, -1.0), (0, 3e9), (1, 0.0), (2, 3.0)] {
        let error = with(4, column, value);
        assert!(
            matches!(&error, Error::Cell { row: 4, column: c, value: v, name, .. }
                if *c == column && *v == value && *name == columns()[column].name),
            "{error}"
        );
    }
    let error = with(2, 1, f64::NAN);
    assert!(
        matches!(error, Error::Flow(FlowError::NonFinite { row: 2, column: 1, .. })),
        "{error}"
    );

    let run = |fit: Fit<'_>| fit.recipe(quick()).run(&x).map(|_| ()).expect_err("a bad fit");
    let name = || "gone".to_owned();
    assert_eq!(run(Fit::new(columns()).noise("gone", 1.0)), Error::NoColumn { name: name() });
    let kind = columns()[0].kind.clone();
    let on_count = Error::NoiseOnDiscrete { name: "count".to_owned(), kind };
    assert_eq!(run(Fit::new(columns()).noise("count", 1.0)), on_count);
    let error = run(Fit::new(columns()).noise("amount", 100.0));
    assert!(matches!(error, Error::NoiseOutside { column: 1, .. }), "{error}");
    let error = run(Fit::new(columns()).noise("amount", f64::NAN));
    assert!(matches!(error, Error::Flow(FlowError::Option { .. })), "{error}");
    let narrow = FlowError::Columns { expected: 2, got: 3 };
    assert_eq!(run(Fit::new(unnamed(2))), Error::Flow(narrow));
    assert_eq!(
        run(Fit::new(vec![Column::real("a"), Column::real("a"), Column::real("b")])),
        Error::ColumnTwice { name: "a".to_owned() }
    );
    assert!(matches!(
        run(Fit::new(columns()).weights(&[1.0; 59])),
        Error::Flow(FlowError::RowMismatch { expected: 60, got: 59 })
    ));

    let mut bad = x.clone();
    bad[(7, 2)] = -1.0;
    let error = Fit::new(columns()).recipe(quick()).validation(&bad).run(&x).map(|_| ());
    let error = error.expect_err("a bad cell");
    let is_cell = |error: &Error| matches!(error, Error::Cell { row: 7, column: 2, .. });
    assert!(matches!(&error, Error::Validation(inner) if is_cell(inner)), "{error}");
    assert!(error.to_string().contains("one of a, b, c"), "{error}");

    let constant = Mat::from_fn(60, 3, |i, j| if j == 1 { 2.0 } else { x[(i, j)] });
    let error = Fit::new(columns()).run(&constant).map(|_| ()).expect_err("no spread");
    assert_eq!(error, Error::Flow(FlowError::ConstantColumn { column: 1, value: 2.0 }));
    for scale in [1e-300, 1e300] {
        let x = Mat::from_fn(60, 1, |i, _| scale * (i as f64 - 30.0) / 30.0);
        let error = Fit::new(unnamed(1)).run(&x).map(|_| ()).expect_err("out of scale");
        assert!(matches!(error, Error::Span { column: 0, .. }), "{error}");
    }
    let error = Fit::new(unnamed(3)).run(x.as_ref().subrows(0, 1)).map(|_| ());
    assert_eq!(error.expect_err("few"), Error::Flow(FlowError::Rows { needed: 2, got: 1 }));
}

#[test]
fn what_is_wrong_with_a_table_is_known_before_the_search() {
    let x = Mat::from_fn(200, 2, |i, j| {
        let t = (i as f64 * 0.618).fract();
        if j == 0 { t } else { (5.0 * t).floor() }
    });
    let prepared = Fit::new(unnamed(2)).recipe(quick()).prepare(&x).expect("a table");
    assert_eq!(prepared.defects().len(), 1);
    assert_eq!(prepared.offers().last().map(|offer| offer.column), Some(1));
    let looks = prepared.offers().last().expect("an offer").looks;
    assert_eq!(looks, Looks::WholeNumbers { from_zero: true });

    let noisy = Fit::new(unnamed(2)).recipe(quick()).noise("x1", 1.0);
    let fitted = noisy.run(&x).expect("a fit");
    let provenance = fitted.model.provenance();
    assert_eq!(provenance.noise, [Noise { column: 1, width: 1.0 }]);
    assert_eq!(provenance.defects, []);
}

#[test]
fn a_watch_ends_a_fit_with_what_there_is() {
    let x = table(300, 1);
    let mut epochs = 0;
    let mut watch = |event: &Event<'_>| {
        epochs += usize::from(matches!(event, Event::Epoch { .. }));
        if epochs < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let fit = Fit::new(columns()).recipe(quick()).watch(&mut watch);
    let fitted = fit.run(&x).expect("a fit");
    assert!(fitted.cancelled() && fitted.model.provenance().cancelled);
    assert!(fitted.model.log_prob(x.as_ref()).expect("columns").iter().all(|p| p.is_finite()));
}

/// Weights of 1 change nothing; that there were weights, and how many rows they amount to, is
/// remembered; fills go by them.
#[test]
fn weights_are_remembered() {
    let x = table(200, 1);
    let recipe = Recipe { method: Method::Rbig, ..quick() };
    let run = |weights: &[f64]| {
        let fit = Fit::new(columns()).recipe(recipe.clone()).weights(weights);
        fit.weight_column("w").run(&x).expect("a fit").model
    };
    let plain = Fit::new(columns()).recipe(recipe.clone()).run(&x).expect("a fit").model;
    let ones = run(&[1.0; 200]);
    assert_eq!(bits(ones.flow().params()), bits(plain.flow().params()));
    let weights = ones.provenance().weights.as_ref().expect("weights");
    assert_eq!(weights.column.as_deref(), Some("w"));
    assert_eq!(plain.provenance().weights, None);

    let heavy: Vec<f64> = (0..200).map(|i| if x[(i, 0)] == 4.0 { 100.0 } else { 1.0 }).collect();
    let model = run(&heavy);
    assert_eq!(model.columns()[0].fill, Some(4.0));
    let effective = Rows::weighted(x.as_ref(), &heavy).expect("weights").effective();
    assert_eq!(model.provenance().effective_rows, effective);
}

#[test]
fn a_handful_of_rows_gets_a_simple_model() {
    let fitted = fit(&table(20, 3));
    let provenance = fitted.model.provenance();
    assert_eq!(provenance.held_out, HeldOut::None);
    assert!(matches!(provenance.winner, Some(Winner::Baseline(_))));
    assert!(!provenance.is_validated());
}
