//! The training loop: what it keeps, when it stops, and that it can be repeated.

mod support;

use faer::Mat;
use gauss_flow::{
    Error, Event, Flow, History, LayerSpec, Schedule, StopReason, TrainOptions, train, watch,
};
use std::ops::ControlFlow;
use support::{bits, normals, rng};

/// Points on a noisy arc: something to learn in a few epochs.
fn arc(n: usize, seed: u64) -> Mat<f64> {
    let noise = normals(n, 3, seed);
    Mat::from_fn(n, 2, |i, j| {
        let angle = 1.3 * noise[(i, 2)];
        (if j == 0 { 2.0 * angle.sin() } else { 2.0 * angle.cos() }) + 0.1 * noise[(i, j)]
    })
}

fn start(x: &Mat<f64>) -> Flow {
    let builder = Flow::builder(2).standardize().rotation(2).marginal(5).rotation(2).marginal(5);
    builder.build(x.as_ref(), &mut rng(1)).expect("a flow")
}

fn options(epochs: usize) -> TrainOptions {
    TrainOptions { epochs, batch_size: 100, learning_rate: 1e-2, ..TrainOptions::default() }
}

fn nll(flow: &Flow, x: &Mat<f64>) -> f64 {
    let log_prob = flow.log_prob(x.as_ref()).expect("columns");
    -log_prob.iter().sum::<f64>() / x.nrows() as f64
}

/// The losses of a run, without its seconds.
fn losses(history: &History) -> Vec<(u64, Option<u64>)> {
    let epochs = history.epochs.iter();
    epochs.map(|e| (e.train_nll.to_bits(), e.validation_nll.map(f64::to_bits))).collect()
}

#[test]
fn training_learns_and_its_records_are_true() {
    let (x, validation) = (arc(600, 1), arc(300, 2));
    let mut flow = start(&x);
    let before = (nll(&flow, &x), nll(&flow, &validation));
    let mut seen = Vec::new();
    let history = train(
        &mut flow,
        x.as_ref(),
        Some(validation.as_ref().into()),
        &options(30),
        &mut watch::epochs(|e| {
            seen.push(*e);
            ControlFlow::Continue(())
        }),
    )
    .expect("no divergence");
    assert_eq!(history.stopped, StopReason::Finished);
    assert_eq!(seen, history.epochs);
    assert_eq!(history.epochs.len(), 31, "epoch 0 is the start");
    for (i, epoch) in history.epochs.iter().enumerate() {
        assert_eq!(epoch.epoch, i);
        assert!(i == 0 || epoch.seconds >= history.epochs[i - 1].seconds);
    }
    // Two sums of the same numbers, in one order and in blocks.
    let same = |a: f64, b: f64| (a - b).abs() <= 1e-12 * a.abs();
    assert!(same(history.epochs[0].train_nll, before.0));
    assert!(same(history.epochs[0].validation_nll.expect("validation"), before.1));
    let best = history.epochs[history.best_epoch].validation_nll.expect("validation");
    assert!(same(nll(&flow, &validation), best), "the best parameters are the ones kept");
    let scores = || history.epochs.iter().map(|e| e.validation_nll.expect("validation"));
    assert!(scores().all(|score| score >= best));
    assert!(best < before.1 - 0.1, "from {} to {best}", before.1);
}

#[test]
fn early_stopping_keeps_the_best_epoch() {
    // Forty rows and sixteen components: overfitting is quick.
    let (x, validation) = (arc(40, 3), arc(400, 4));
    let mut flow = Flow::builder(2).standardize().rotation(2).marginal(16);
    flow = flow.rotation(2).marginal(16);
    let mut flow = flow.build(x.as_ref(), &mut rng(2)).expect("a flow");
    let options = TrainOptions {
        patience: Some(5),
        schedule: Schedule::Constant,
        learning_rate: 3e-2,
        ..options(500)
    };
    let history = train(&mut flow, x.as_ref(), Some(validation.as_ref().into()), &options, &mut ());
    let history = history.expect("no divergence");
    assert_eq!(history.stopped, StopReason::NoImprovement);
    let last = history.epochs.len() - 1;
    assert!(last < 500);
    assert_eq!(last, history.best_epoch + 5, "five epochs without a better one");
    let score = |i: usize| history.epochs[i].validation_nll.expect("validation");
    assert!((history.best_epoch + 1..=last).all(|i| score(i) >= score(history.best_epoch)));
    let kept = nll(&flow, &validation);
    assert!((kept - score(history.best_epoch)).abs() <= 1e-12 * kept.abs(), "{kept}");
    assert!(score(last) > kept, "the last epoch was worse, and is not what was kept");
}

/// A start that no step improves is what comes back: epoch 0 counts.
#[test]
fn a_start_that_cannot_be_improved_is_kept() {
    // The validation rows are the flow's own samples, the training rows lie elsewhere.
    let x = arc(200, 5);
    let mut flow = start(&x);
    let validation = flow.sample(2000, &mut rng(3));
    let far = Mat::from_fn(200, 2, |i, j| x[(i, j)] + 30.0);
    let before = bits(flow.params());
    let history =
        train(&mut flow, far.as_ref(), Some(validation.as_ref().into()), &options(5), &mut ());
    let history = history.expect("no divergence");
    assert_eq!((history.best_epoch, history.epochs.len()), (0, 6));
    assert!(history.epochs[5].train_nll < history.epochs[0].train_nll, "it did move");
    assert_eq!(bits(flow.params()), before);
}

#[test]
fn the_observer_can_end_the_run() {
    let x = arc(200, 6);
    for stop_at in [0, 1, 3] {
        let mut flow = start(&x);
        let before = bits(flow.params());
        let mut calls = 0;
        let history = train(
            &mut flow,
            x.as_ref(),
            None,
            &options(10),
            &mut watch::epochs(|epoch| {
                calls += 1;
                if epoch.epoch == stop_at {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            }),
        )
        .expect("cancelling is no error");
        assert_eq!(history.stopped, StopReason::Cancelled);
        assert_eq!((calls, history.epochs.len()), (stop_at + 1, stop_at + 1));
        assert_eq!(history.best_epoch, stop_at);
        // What was learnt until then is kept.
        assert_eq!(bits(flow.params()) == before, stop_at == 0);
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_and_another_seed_others() {
    let x = arc(300, 7);
    let run = |seed| {
        let mut flow = start(&x);
        let options = TrainOptions { seed, ..options(4) };
        let history = train(&mut flow, x.as_ref(), None, &options, &mut ()).expect("a run");
        (bits(flow.params()), losses(&history))
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5).0, run(6).0);
}

#[test]
fn frozen_parameters_stay() {
    let x = arc(200, 8);
    let q = support::orthogonal(2, 4);
    let q = faer::MatRef::from_row_major_slice(&q, 2, 2);
    let builder = Flow::builder(2).standardize().orthogonal(q).marginal(3);
    let mut flow = builder.build(x.as_ref(), &mut rng(1)).expect("a flow");
    let before = flow.clone();
    train(&mut flow, x.as_ref(), None, &options(3), &mut ()).expect("a run");
    assert_eq!(bits(flow.layer_params(0)), bits(before.layer_params(0)), "standardize");
    assert_eq!(bits(flow.layer_params(1)), bits(before.layer_params(1)), "the fixed base");
    assert_ne!(bits(flow.layer_params(2)), bits(before.layer_params(2)), "marginal");
}

/// Absurd learning rates end in a typed error, and the flow is still a flow: the best so far.
#[test]
fn divergence_is_an_error_and_the_flow_survives() {
    let (x, validation) = (arc(300, 9), arc(100, 10));
    let mut diverged = 0;
    for rate in [1e3, 1e6, 1e100, 1e300, f64::MAX] {
        for validation in [None, Some(validation.as_ref().into())] {
            for (clip_norm, average_epochs) in [(None, None), (Some(10.0), Some(2.0))] {
                let mut flow = start(&x);
                let before = nll(&flow, &x);
                let options = TrainOptions {
                    schedule: Schedule::Constant,
                    learning_rate: rate,
                    clip_norm,
                    average_epochs,
                    ..options(20)
                };
                let result = train(&mut flow, x.as_ref(), validation, &options, &mut ());
                let after = nll(&flow, &x);
                assert!(after.is_finite(), "rate {rate:e}: the kept loss is {after}");
                if let Err(error) = result {
                    let Error::Diverged { epoch, loss } = error else {
                        panic!("rate {rate:e}: {error}");
                    };
                    assert!(
                        epoch >= 1 && (!loss.is_finite() || loss >= 1e3),
                        "rate {rate:e}: {epoch}, {loss}"
                    );
                    diverged += 1;
                }
                if let Some(validation) = validation {
                    let score =
                        -flow.log_prob(validation.x()).expect("columns").iter().sum::<f64>();
                    let start =
                        -start(&x).log_prob(validation.x()).expect("columns").iter().sum::<f64>();
                    assert!(score <= start, "rate {rate:e}: worse than the start");
                } else if rate >= 1e100 {
                    assert!(after <= before, "rate {rate:e}: nothing good came after the start");
                }
            }
        }
    }
    assert!(diverged >= 12, "only {diverged} of 20 runs diverged");
}

/// The last step of a run can do harm that no later step is there to see.
#[test]
fn a_last_step_too_far_is_noticed() {
    let x = normals(100, 1, 20);
    let layers = vec![LayerSpec::Marginal { components: 1 }; 2];
    // Too wide or too narrow: the first step sends ln σ down or up by the rate, in both layers.
    // 400 takes it out of the range of a flow (with a finite loss on the way up); 250 does not,
    // but z² overflows on the way down.
    for (log_sigma, rate) in [(3.0, 400.0), (3.0, 250.0), (-3.0, 400.0)] {
        let params = vec![0.0, 0.0, log_sigma, 0.0, 0.0, log_sigma];
        let start = Flow::from_parts(1, layers.clone(), params).expect("a flow");
        let mut flow = start.clone();
        let options = TrainOptions {
            schedule: Schedule::Constant,
            learning_rate: rate,
            batch_size: 100,
            ..options(1)
        };
        let result = train(&mut flow, x.as_ref(), None, &options, &mut ());
        assert!(matches!(result, Err(Error::Diverged { epoch: 1, .. })), "{result:?}");
        assert_eq!(flow, start, "rate {rate}: the start is kept");
    }
}

#[test]
fn a_start_of_infinite_loss_is_refused_as_diverged() {
    let x = arc(50, 11);
    let mut flow = start(&x);
    let before = bits(flow.params());
    let mut far = x.clone();
    far[(7, 0)] = 1e200; // z² overflows
    let result = train(&mut flow, far.as_ref(), None, &options(3), &mut ());
    assert_eq!(result, Err(Error::Diverged { epoch: 0, loss: f64::INFINITY }));
    assert_eq!(bits(flow.params()), before);
}

#[test]
fn what_nothing_can_be_learnt_from_is_refused_before_anything_is_done() {
    let x = arc(50, 12);
    let mut spoilt = x.clone();
    spoilt[(31, 1)] = f64::NAN;
    let mut infinite = x.clone();
    infinite[(0, 0)] = f64::INFINITY;
    let none = Mat::<f64>::zeros(0, 2);
    let wide = normals(5, 3, 1);
    let mut flow = start(&x);
    let before = bits(flow.params());
    let mut refuse = |x: &Mat<f64>, validation: Option<&Mat<f64>>, options: &TrainOptions| {
        let mut calls = 0;
        let validation = validation.map(Mat::as_ref);
        let result =
            train(&mut flow, x.as_ref(), validation.map(Into::into), options, &mut |_: &Event<
                '_,
            >| {
                calls += 1;
                ControlFlow::Continue(())
            });
        assert_eq!(calls, 0);
        assert_eq!(bits(flow.params()), before);
        match result {
            Err(error) => error,
            other => panic!("{other:?}"),
        }
    };
    let ok = options(2);
    for (bad, good_x) in [(&spoilt, false), (&spoilt, true)] {
        let error = if good_x { refuse(&x, Some(bad), &ok) } else { refuse(bad, None, &ok) };
        let Error::NonFinite { row: 31, column: 1, value } = error else { panic!("{error}") };
        assert!(value.is_nan());
    }
    let error = refuse(&infinite, None, &ok);
    assert_eq!(error, Error::NonFinite { row: 0, column: 0, value: f64::INFINITY });
    assert_eq!(refuse(&none, None, &ok), Error::Rows { needed: 1, got: 0 });
    assert_eq!(refuse(&x, Some(&none), &ok), Error::Rows { needed: 1, got: 0 });
    assert_eq!(refuse(&wide, None, &ok), Error::Columns { expected: 2, got: 3 });

    let mut refuse_option = |change: &dyn Fn(&mut TrainOptions)| {
        let mut options = options(2);
        change(&mut options);
        match refuse(&x, None, &options) {
            Error::Option { name, .. } => name,
            other => panic!("{other}"),
        }
    };
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(refuse_option(&|o| o.learning_rate = bad), "learning_rate");
        assert_eq!(refuse_option(&|o| o.network_rate = Some(bad)), "network_rate");
        assert_eq!(refuse_option(&|o| o.clip_norm = Some(bad)), "clip_norm");
        assert_eq!(refuse_option(&|o| o.average_epochs = Some(bad)), "average_epochs");
    }
    for bad in [-0.1, 1.0, f64::NAN] {
        assert_eq!(refuse_option(&|o| o.schedule = Schedule::Cosine { warmup: bad }), "warmup");
    }
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(refuse_option(&|o| o.prior = bad), "prior");
        assert_eq!(refuse_option(&|o| o.weight_decay = bad), "weight_decay");
    }
    assert_eq!(refuse_option(&|o| o.batch_size = 0), "batch_size");
}

#[test]
fn the_average_is_kept_without_validation_and_the_better_one_with() {
    let (x, validation) = (arc(400, 13), arc(2000, 14));
    let noisy = TrainOptions {
        schedule: Schedule::Constant,
        learning_rate: 5e-2,
        average_epochs: Some(3.0),
        ..options(25)
    };
    let run = |options: &TrainOptions, validated: bool| {
        let mut flow = start(&x);
        let rows = validated.then(|| validation.as_ref());
        train(&mut flow, x.as_ref(), rows.map(Into::into), options, &mut ()).expect("a run");
        nll(&flow, &validation)
    };
    let raw = run(&TrainOptions { average_epochs: None, ..noisy.clone() }, false);
    let averaged = run(&noisy, false);
    assert!(averaged < raw, "the average of noisy steps beats the last of them: {averaged} {raw}");
    assert!(run(&noisy, true) <= averaged, "and with validation the best is at least that good");
}

/// The prior pulls the marginal maps towards the one that does nothing, and nothing else.
#[test]
fn a_strong_prior_leads_to_the_identity() {
    let x = normals(300, 2, 15);
    let mut flow = start(&x);
    let spread = |flow: &Flow| {
        [2, 4].iter().flat_map(|i| flow.layer_params(*i)).fold(0.0_f64, |m, p| m.max(p.abs()))
    };
    assert!(spread(&flow) > 0.5);
    let options = TrainOptions { prior: 1e6, ..options(300) };
    train(&mut flow, x.as_ref(), None, &options, &mut ()).expect("a run");
    assert!(spread(&flow) < 0.01, "{}", spread(&flow));
}

#[test]
fn no_epochs_and_no_layers_are_legal() {
    let x = arc(50, 16);
    let mut flow = start(&x);
    let before = bits(flow.params());
    let history = train(&mut flow, x.as_ref(), None, &options(0), &mut ()).expect("a run");
    assert_eq!((history.epochs.len(), history.stopped), (1, StopReason::Finished));
    assert_eq!(bits(flow.params()), before);
    let mut empty = Flow::from_parts(2, vec![], vec![]).expect("a flow");
    let history = train(&mut empty, x.as_ref(), None, &options(2), &mut ()).expect("a run");
    let (first, last) = (history.epochs[0].train_nll, history.epochs[2].train_nll);
    assert!((first - last).abs() < 1e-12 * first);
    // One row, and a batch larger than all rows.
    let one = x.as_ref().subrows(0, 1).to_owned();
    let mut flow = Flow::builder(2).rotation(1).marginal(2);
    flow = flow.rotation(0);
    let mut flow = flow.build(one.as_ref(), &mut rng(1)).expect("a flow");
    let wide = TrainOptions { batch_size: 10_000, learning_rate: 1e-3, ..options(3) };
    let history = train(&mut flow, one.as_ref(), None, &wide, &mut ()).expect("a run");
    assert!(history.epochs[3].train_nll < history.epochs[0].train_nll);
}

#[test]
fn one_dimension_can_be_trained() {
    let x = Mat::from_fn(300, 1, |i, _| ((i as f64) * 0.7548).fract() * 4.0);
    let layers = Flow::builder(1).standardize().rotation(1).marginal(4).rotation(2).marginal(3);
    let mut flow = layers.build(x.as_ref(), &mut rng(1)).expect("a flow");
    let history = train(&mut flow, x.as_ref(), None, &options(20), &mut ()).expect("a run");
    assert!(history.epochs[20].train_nll < history.epochs[0].train_nll);
    // The best density of a uniform variable on [0, 4] has ln 4.
    assert!(history.epochs[20].train_nll > 4.0_f64.ln() - 0.1);
    assert!(matches!(flow.layers()[1], LayerSpec::Rotation { reflections: 1, .. }));
}

#[test]
fn noise_widens_what_is_learnt_by_its_variance() {
    // A column of deviation 1 and one of 10, blurred by 1 and by nothing: variances 2 and 100. An
    // affine map is learnt exactly up to the noise of the last steps, about 5 %.
    let x = {
        let z = normals(2000, 2, 3);
        Mat::from_fn(2000, 2, |i, j| [1.0, 10.0][j] * z[(i, j)])
    };
    let mut flow = Flow::builder(2).marginal(1).build(x.as_ref(), &mut rng(1)).unwrap();
    let noise = Some(vec![1.0, 0.0]);
    let options = TrainOptions { noise, average_epochs: Some(5.0), ..options(60) };
    train(&mut flow, x.as_ref(), None, &options, &mut ()).expect("no divergence");
    let params = flow.layer_params(0);
    let (narrow, wide) = (params[4].exp(), params[5].exp());
    assert!((narrow / 2.0_f64.sqrt() - 1.0).abs() < 0.05, "{narrow}");
    assert!((wide / 10.0 - 1.0).abs() < 0.05, "{wide}");
}

#[test]
fn noise_has_the_same_bits_at_any_thread_count_and_is_checked() {
    let x = arc(700, 5);
    let noisy = |noise: Option<Vec<f64>>| TrainOptions { noise, ..options(3) };
    let on = |threads: usize, options: &TrainOptions| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut flow = start(&x);
        pool.install(|| train(&mut flow, x.as_ref(), None, options, &mut ())).unwrap();
        bits(flow.params())
    };
    let with = noisy(Some(vec![0.1, 0.2]));
    assert_eq!(on(1, &with), on(3, &with));
    assert_ne!(on(1, &with), on(1, &noisy(None)));
    assert_eq!(on(1, &noisy(Some(vec![0.0, 0.0]))), on(1, &noisy(None)));
    let refused = |noise| train(&mut start(&x), x.as_ref(), None, &noisy(noise), &mut ());
    let short = refused(Some(vec![0.1]));
    assert_eq!(short, Err(Error::Columns { expected: 2, got: 1 }));
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        let error = refused(Some(vec![0.1, bad]));
        assert!(matches!(error, Err(Error::Option { name: "noise", .. })), "{error:?}");
    }
}

#[test]
fn validation_rows_can_be_looked_at_less_often() {
    let (x, validation) = (arc(300, 6), arc(200, 7));
    let run = |validate_every| {
        let options = TrainOptions { validate_every, ..options(10) };
        let mut flow = start(&x);
        let rows = Some(validation.as_ref());
        (train(&mut flow, x.as_ref(), rows.map(Into::into), &options, &mut ()), flow)
    };
    let (history, flow) = run(4);
    let history = history.expect("no divergence");
    let looked: Vec<usize> =
        history.epochs.iter().filter(|e| e.validation_nll.is_some()).map(|e| e.epoch).collect();
    assert_eq!(looked, [0, 4, 8, 10], "the start and the end always");
    assert!(looked.contains(&history.best_epoch));
    let best = history.epochs[history.best_epoch].validation_nll.unwrap();
    assert!((nll(&flow, &validation) - best).abs() < 1e-12);
    let error = run(0).0;
    let named = matches!(error, Err(Error::Option { name: "validate_every", .. }));
    assert!(named, "{error:?}");
}

#[test]
fn a_run_ended_within_an_epoch_keeps_the_epochs_before() {
    let x = arc(600, 1);
    for validation in [None, Some(arc(200, 2))] {
        let validation = validation.as_ref().map(Mat::as_ref);
        let run = |stops: fn(usize, &Event<'_>) -> bool| {
            let (mut flow, mut epoch) = (start(&x), 0);
            let observer = &mut |event: &Event<'_>| {
                if let Event::Epoch { record, .. } = event {
                    epoch = record.epoch + 1;
                }
                if stops(epoch, event) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            let history =
                train(&mut flow, x.as_ref(), validation.map(Into::into), &options(9), observer)
                    .unwrap();
            assert_eq!(history.stopped, StopReason::Cancelled);
            (flow, history)
        };
        let (within, broken) =
            run(|epoch, event| epoch == 3 && matches!(event, Event::Step { step: 4, steps: 6 }));
        let (after, whole) =
            run(|_, event| matches!(event, Event::Epoch { record, .. } if record.epoch == 2));
        assert_eq!(losses(&broken), losses(&whole));
        assert_eq!(broken.best_epoch, whole.best_epoch);
        assert_eq!(bits(within.params()), bits(after.params()));
    }
}
