//! The greedy loop and the flow it makes.

use faer::{Mat, MatRef};
use gauss_flow::StopReason;
use gauss_rbig::{Error, Rbig, RbigOptions, RotationKind, Selection, fit, fit_validated};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use std::ops::ControlFlow;

const KINDS: [RotationKind; 4] =
    [RotationKind::GreatestGain, RotationKind::Pca, RotationKind::Random, RotationKind::Ica];

/// Greedy and flow log-densities pass through the same layers; only sums are ordered otherwise.
const LOG_PROB_TOL: f64 = 1e-10;

/// Curved, skewed and correlated columns.
fn banana(rows: usize, columns: usize, seed: u64) -> Mat<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut x = Mat::zeros(rows, columns);
    for i in 0..rows {
        let mut last: f64 = rng.sample(StandardNormal);
        for j in 0..columns {
            x[(i, j)] = last;
            last = 0.5 * (last * last).min(6.0) + 0.3 * rng.sample::<f64, _>(StandardNormal);
        }
    }
    x
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn largest_difference(rbig: &Rbig, x: MatRef<'_, f64>) -> f64 {
    let flow = rbig.flow.log_prob(x).unwrap();
    flow.iter().zip(&rbig.log_prob).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_flow_has_the_greedy_density_for_any_number_of_reflections(
        rows in 2_usize..300, // one row is constant, and refused
        columns in 1_usize..6,
        seed: u64,
        kind in 0_usize..4,
        initial_pca: bool,
        fixed: bool,
    ) {
        let x = banana(rows, columns, seed);
        for reflections in 0..=columns + 2 {
            let options = RbigOptions {
                max_blocks: 3,
                components: 3,
                patience: None,
                rotation: KINDS[kind],
                selection: if fixed { Selection::Fixed } else { Selection::Aic },
                reflections,
                initial_pca,
                seed,
                ..RbigOptions::default()
            };
            let rbig = fit(x.as_ref(), &options, &mut ()).unwrap();
            prop_assert!(largest_difference(&rbig, x.as_ref()) < LOG_PROB_TOL);
        }
    }
}

#[test]
fn a_block_gains_what_its_marginals_lack() {
    let x = banana(2000, 3, 1);
    let rbig = fit(x.as_ref(), &RbigOptions::default(), &mut ()).unwrap();
    assert!(rbig.kept >= 3 && rbig.blocks[0].negentropy_removed > 0.1);
    for w in rbig.blocks.windows(2) {
        let gained = w[1].mean_log_prob - w[0].mean_log_prob;
        assert!((gained - w[1].negentropy_removed).abs() < 1e-10);
    }
    let kept = &rbig.blocks[rbig.kept - 1];
    assert!((mean(&rbig.log_prob) - kept.mean_log_prob).abs() < 1e-12);
    // Much better than one normal, whose mean log-density is that of its covariance.
    let covariance = gauss_rbig::pca::Moments::of(x.as_ref()).covariance();
    let normal = -0.5 * (covariance.determinant().ln() + 3.0 * (1.0 + std::f64::consts::TAU.ln()));
    assert!(mean(&rbig.log_prob) > normal + 0.5, "{} {normal}", mean(&rbig.log_prob));
}

#[test]
fn normal_data_end_it_after_one_block() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let x = Mat::from_fn(3000, 4, |_, j| {
        let z: f64 = rng.sample(StandardNormal);
        z * (1.0 + j as f64)
    });
    let rbig = fit(x.as_ref(), &RbigOptions::default(), &mut ()).unwrap();
    assert!(rbig.kept <= 2 && rbig.stopped == StopReason::NoImprovement, "{}", rbig.kept);
}

#[test]
fn the_same_bits_at_any_number_of_threads() {
    let x = banana(5000, 4, 3);
    let validation = banana(500, 4, 4);
    for rotation in KINDS {
        let options = RbigOptions { max_blocks: 4, rotation, ..RbigOptions::default() };
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                fit_validated(x.as_ref(), Some((&validation).into()), &options, &mut ()).unwrap()
            })
        };
        let one = run(1);
        for threads in [2, 8] {
            let other = run(threads);
            assert_eq!(one.flow, other.flow, "{rotation:?}, {threads} threads");
            assert_eq!(one.log_prob, other.log_prob);
        }
    }
}

#[test]
fn validation_cuts_back_to_the_best_block() {
    // 60 rows and 8 components for each: it overfits at once.
    let x = banana(60, 3, 5);
    let validation = banana(2000, 3, 6);
    let options = RbigOptions {
        selection: Selection::Fixed,
        rotation: RotationKind::Random,
        ..RbigOptions::default()
    };
    let rbig = fit_validated(x.as_ref(), Some((&validation).into()), &options, &mut ()).unwrap();
    assert_eq!(rbig.stopped, StopReason::NoImprovement);
    assert_eq!(rbig.blocks.len(), rbig.kept + 3);
    let of_flow = mean(&rbig.flow.log_prob(validation.as_ref()).unwrap());
    for block in &rbig.blocks {
        assert!(block.validation_log_prob.unwrap() <= of_flow + 1e-10);
    }
}

#[test]
fn the_observer_can_stop_it() {
    let x = banana(500, 2, 7);
    let mut seen = 0;
    let rbig = fit(
        x.as_ref(),
        &RbigOptions::default(),
        &mut gauss_flow::watch::blocks(|report| {
            seen += 1;
            assert_eq!(report.block, seen);
            if seen == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }),
    )
    .unwrap();
    assert_eq!((rbig.stopped, rbig.blocks.len()), (StopReason::Cancelled, 2));
}

#[test]
fn difficult_tables() {
    let mut outlier = banana(400, 3, 8);
    outlier[(17, 1)] = 1e12;
    let x = banana(400, 3, 9);
    let copied = Mat::from_fn(400, 5, |i, j| match j {
        3 => x[(i, 2)],
        4 => x[(i, 0)] - 2.0 * x[(i, 1)],
        _ => x[(i, j)],
    });
    let cases: [(&str, Mat<f64>); 6] = [
        ("two rows", banana(2, 3, 1)),
        ("one column", banana(300, 1, 1)),
        ("outlier", outlier),
        ("copied", copied),
        ("rounded", Mat::from_fn(400, 3, |i, j| (2.0 * x[(i, j)]).round())),
        ("fewer rows than columns", banana(8, 20, 1)),
    ];
    for (name, x) in &cases {
        for rotation in KINDS {
            let options =
                RbigOptions { max_blocks: 4, patience: None, rotation, ..RbigOptions::default() };
            let rbig = fit(x.as_ref(), &options, &mut ()).unwrap();
            assert!(rbig.log_prob.iter().all(|p| p.is_finite()), "{name}, {rotation:?}");
            assert!(largest_difference(&rbig, x.as_ref()) < LOG_PROB_TOL, "{name}, {rotation:?}");
        }
    }
}

#[test]
fn one_outlier_costs_the_other_rows_little() {
    let clean = banana(2000, 3, 13);
    let mut dirty = clean.clone();
    dirty[(17, 1)] = 1e12;
    let options = RbigOptions { max_blocks: 6, patience: None, ..RbigOptions::default() };
    let others = |x: &Mat<f64>| {
        let rbig = fit(x.as_ref(), &options, &mut ()).unwrap();
        (rbig.log_prob.iter().sum::<f64>() - rbig.log_prob[17]) / 1999.0
    };
    let (without, with) = (others(&clean), others(&dirty));
    assert!((without - with).abs() < 0.3, "{without} {with}");
}

#[test]
fn directions_without_variance_gain_nothing() {
    let x = banana(1000, 2, 10);
    let copied = Mat::from_fn(1000, 4, |i, j| {
        [x[(i, 0)], x[(i, 1)], x[(i, 0)] + x[(i, 1)], 2.0 * x[(i, 1)]][j]
    });
    let options = RbigOptions { max_blocks: 8, patience: None, ..RbigOptions::default() };
    let rbig = fit(copied.as_ref(), &options, &mut ()).unwrap();
    assert!(rbig.blocks.iter().all(|b| b.degenerate == 2));
    assert!(rbig.blocks.iter().skip(1).all(|b| b.negentropy_removed < 1.0));
}

#[test]
fn a_hundred_columns() {
    let x = banana(300, 100, 11);
    let options = RbigOptions { max_blocks: 2, patience: None, ..RbigOptions::default() };
    let rbig = fit(x.as_ref(), &options, &mut ()).unwrap();
    assert!(largest_difference(&rbig, x.as_ref()) < LOG_PROB_TOL * 100.0);
}

#[test]
fn bad_arguments_are_typed_errors() {
    let options = RbigOptions::default();
    let mut x = banana(20, 3, 12);
    let wide = banana(20, 4, 12);
    let mismatch = fit_validated(x.as_ref(), Some((&wide).into()), &options, &mut ());
    assert_eq!(mismatch.unwrap_err(), Error::Columns { expected: 3, got: 4 });
    x[(5, 1)] = f64::NAN;
    let error = fit(x.as_ref(), &options, &mut ()).unwrap_err();
    assert!(matches!(error, Error::NonFinite { row: 5, column: 1, .. }));
    let none = RbigOptions { components: 0, ..options };
    let error = fit(wide.as_ref(), &none, &mut ()).unwrap_err();
    assert!(matches!(error, Error::Option { name: "components", .. }));
}

#[test]
fn a_constant_column_has_no_density() {
    let options = RbigOptions::default();
    let refused = |x: &Mat<f64>| fit(x, &options, &mut ()).unwrap_err();
    let x = banana(50, 3, 1);
    let flat = Mat::from_fn(50, 3, |i, j| if j == 1 { 5.0 } else { x[(i, j)] });
    assert_eq!(refused(&flat), Error::ConstantColumn { column: 1, value: 5.0 });
    // Of one row every column is constant.
    let one = Mat::full(1, 2, 7.0);
    assert_eq!(refused(&one), Error::ConstantColumn { column: 0, value: 7.0 });
    // Rows of weight 0 do not count.
    let weights: Vec<f64> = (0..50).map(|i| if i < 49 { 1.0 } else { 0.0 }).collect();
    let stray = Mat::from_fn(50, 1, |i, _| if i < 49 { 2.0 } else { 3.0 });
    let rows = gauss_flow::Rows::weighted(stray.as_ref(), &weights).unwrap();
    let error = fit(rows, &options, &mut ()).unwrap_err();
    assert_eq!(error, Error::ConstantColumn { column: 0, value: 2.0 });
    assert!(fit(&stray, &options, &mut ()).is_ok());
}
