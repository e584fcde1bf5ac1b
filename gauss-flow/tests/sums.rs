//! Sums over rows: weights, merging, the score, and the trainer that is fed with them.

mod support;

use faer::{Mat, MatRef};
use gauss_flow::{
    Blocks, BoundFlow, Error, Flow, LayerSpec, OwnedRows, Plan, Rows, Sums, TrainOptions, Trainer,
    Workspace, train,
};
use proptest::prelude::*;
use rand::RngExt;
use std::ops::ControlFlow;
use support::{GEMM_DIM, bits, cases, flow, flows, normals, on_threads, rng, same_bits};

/// Fourth-order central differences with steps of 1e-3: h⁴ of the fifth derivative, and ε/h.
const FD_TOL: f64 = 2e-8;
/// The same terms summed in another order.
const ORDER_TOL: f64 = 1e-12;

fn near(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1.0)
}

fn all_near(a: &[f64], b: &[f64], tolerance: f64) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| near(*a, *b, tolerance))
}

fn repeated(x: MatRef<'_, f64>, counts: &[usize]) -> Mat<f64> {
    let at: Vec<usize> = (0..x.nrows()).flat_map(|i| std::iter::repeat_n(i, counts[i])).collect();
    gauss_flow::rows::pick(x, &at)
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn the_score_is_that_of_differences(flow in flows(4), seed in any::<u64>()) {
        const H: f64 = 1e-3;
        let (d, n) = (flow.dim(), 5);
        let x = normals(n, d, seed);
        let score = flow.score(x.as_ref()).expect("columns");
        let bound = flow.bind();
        for j in 0..d {
            let at = |h: f64| {
                let moved = Mat::from_fn(n, d, |i, k| x[(i, k)] + if k == j { h } else { 0.0 });
                bound.log_prob(moved.as_ref()).expect("columns")
            };
            let [a, b, c, e] = [H, -H, 2.0 * H, -2.0 * H].map(at);
            for i in 0..n {
                let want = (8.0 * (a[i] - b[i]) - (c[i] - e[i])) / (12.0 * H);
                // Curvature grows with depth and with narrow components.
                let tolerance = FD_TOL * (1.0 + score[(i, j)].abs()).powi(3);
                prop_assert!((score[(i, j)] - want).abs() <= tolerance.max(1e-5 * want.abs()),
                    "{:?}: {} {want}", flow.layers(), score[(i, j)]);
            }
        }
    }

    #[test]
    fn integer_weights_are_repeated_rows(flow in flows(3), counts in prop::collection::vec(0_usize..4, 37), seed in any::<u64>()) {
        prop_assume!(counts.iter().any(|c| *c > 0));
        let x = normals(counts.len(), flow.dim(), seed);
        let weights: Vec<f64> = counts.iter().map(|c| *c as f64).collect();
        let weighted = flow.sums(Rows::weighted(x.as_ref(), &weights).unwrap()).unwrap();
        let plain = flow.sums(&repeated(x.as_ref(), &counts)).unwrap();
        prop_assert!(near(weighted.loss.nll, plain.loss.nll, ORDER_TOL));
        prop_assert_eq!(weighted.loss.weight, plain.loss.rows as f64);
        let scale = plain.grad.iter().fold(1.0_f64, |m, g| m.max(g.abs()));
        for (a, b) in weighted.grad.iter().zip(&plain.grad) {
            prop_assert!((a - b).abs() <= 1e-10 * scale, "{a} {b}");
        }
    }

    #[test]
    fn doubling_the_weights_doubles_the_sums(flow in flows(3), seed in any::<u64>()) {
        let x = normals(40, flow.dim(), seed);
        let weights: Vec<f64> = (0..40).map(|_| rng(seed).random::<f64>()).collect();
        let sums = |factor: f64| {
            let weights: Vec<f64> = weights.iter().map(|w| w * factor).collect();
            flow.sums(Rows::weighted(x.as_ref(), &weights).unwrap()).unwrap()
        };
        let (once, twice) = (sums(1.0), sums(2.0));
        prop_assert_eq!(bits(&once.mean_grad()), bits(&twice.mean_grad()));
        prop_assert_eq!(once.loss.mean_nll().to_bits(), twice.loss.mean_nll().to_bits());
    }

    #[test]
    fn one_row_has_the_bits_of_its_block(
        flow in flows(5),
        scale in prop_oneof![Just(1.0), Just(50.0), Just(1e6)],
        seed in any::<u64>(),
    ) {
        prop_assume!(flow.dim() < GEMM_DIM);
        let x = &normals(20, flow.dim(), seed) * faer::Scale(scale);
        let bound = flow.bind();
        let all = bound.log_prob(x.as_ref()).unwrap();
        let mut out = vec![0.0; 20];
        bound.log_prob_into(x.as_ref(), &mut out, &mut Workspace::default()).unwrap();
        prop_assert_eq!(bits(&out), bits(&all));
        prop_assert_eq!(bits(&row_by_row(&bound, x.as_ref())), bits(&all));
    }

    #[test]
    fn samples_come_with_their_density(flow in flows(4), seed in any::<u64>()) {
        let x = flow.sample(70, &mut rng(seed));
        let (again, log_prob) = flow.sample_and_log_prob(70, &mut rng(seed));
        prop_assert!(same_bits(x.as_ref(), again.as_ref()));
        prop_assert_eq!(bits(&log_prob), bits(&flow.log_prob(x.as_ref()).unwrap()));
    }
}

/// log p of the rows of x, one at a time.
fn row_by_row(bound: &BoundFlow, x: MatRef<'_, f64>) -> Vec<f64> {
    let mut workspace = Workspace::default();
    let rows = (0..x.nrows()).map(|i| x.row(i).iter().copied().collect::<Vec<f64>>());
    rows.map(|row| bound.log_prob_row(&row, &mut workspace).expect("d values")).collect()
}

/// One row against its block in every dimension of which that is promised, with components that
/// fill their registers and such that do not; typical, far, very far, or with a cell that is no
/// number. From [`GEMM_DIM`] on a rotation rounds otherwise, and that is all.
#[test]
fn a_row_alone_is_the_same_in_any_dimension() {
    let marginals = [1, 3, 8, 11].map(|components| LayerSpec::Marginal { components });
    let rotation = LayerSpec::Rotation { reflections: 2, base: true };
    let mut checked = 0;
    for d in 1..=20 {
        let layers: Vec<LayerSpec> = std::iter::once(LayerSpec::Standardize)
            .chain(marginals.into_iter().flat_map(|marginal| [rotation, marginal]))
            .filter(|layer| d < GEMM_DIM || *layer != rotation)
            .collect();
        let bound = flow(d, &layers, d as u64).bind();
        for scale in [1.0, 30.0, 60.0, 1e6] {
            let mut x = &normals(17, d, 3) * faer::Scale(scale);
            for (i, value) in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY].into_iter().enumerate() {
                x[(i, i % d)] = value;
            }
            let (all, alone) =
                (bound.log_prob(x.as_ref()).unwrap(), row_by_row(&bound, x.as_ref()));
            assert!(all[..3].iter().chain(&alone[..3]).all(|l| l.is_nan()), "d = {d}");
            assert_eq!(bits(&alone[3..]), bits(&all[3..]), "d = {d}, {scale} deviations out");
            checked += 1;
        }
    }
    assert_eq!(checked, 80);
}

/// Blocks of uneven sizes, from anywhere.
struct Pieces(Vec<OwnedRows>);

impl Blocks for Pieces {
    fn dim(&self) -> usize {
        self.0[0].rows().ncols()
    }

    fn visit(&mut self, f: &mut dyn FnMut(Rows<'_>) -> ControlFlow<()>) -> Result<(), Error> {
        for piece in &self.0 {
            if f(piece.rows()).is_break() {
                break;
            }
        }
        Ok(())
    }
}

fn small_flow() -> Flow {
    let layers = [
        LayerSpec::Standardize,
        LayerSpec::Rotation { reflections: 2, base: true },
        LayerSpec::Marginal { components: 3 },
    ];
    flow(3, &layers, 5)
}

#[test]
fn sums_of_blocks_are_those_of_the_whole_whoever_makes_them() {
    let flow = small_flow();
    let x = normals(500, 3, 1);
    let weights: Vec<f64> = (0..500).map(|i| f64::from(i % 5)).collect();
    let rows = Rows::weighted(x.as_ref(), &weights).unwrap();
    let whole = flow.sums(rows).unwrap();
    let cuts = [0, 1, 130, 131, 400, 500];
    let pieces = cuts.windows(2).map(|cut| {
        let at: Vec<usize> = (cut[0]..cut[1]).collect();
        rows.pick(&at)
    });
    let merged = flow.bind().sums_of_blocks(&mut Pieces(pieces.collect())).unwrap();
    assert_eq!(merged.loss.rows, 500);
    assert!(near(merged.loss.nll, whole.loss.nll, ORDER_TOL));
    assert!(all_near(&merged.mean_grad(), &whole.mean_grad(), ORDER_TOL));
    // The loss alone is the same.
    let loss = flow.bind().loss(rows).unwrap();
    assert!(near(loss.mean_nll(), whole.loss.mean_nll(), ORDER_TOL));
    let other = Sums::none(3);
    assert!(matches!(other.clone().merge(&whole), Err(Error::Parameters { expected: 3, .. })));
    assert_eq!(flow.sums(Mat::<f64>::zeros(0, 3).as_ref()).unwrap().loss.rows, 0);
}

#[test]
fn sums_have_the_same_bits_on_any_number_of_threads() {
    let flow = small_flow();
    let x = normals(3000, 3, 1);
    let weights: Vec<f64> = (0..3000).map(|i| 0.1 + f64::from(i % 7)).collect();
    let on = |threads| {
        on_threads(threads, || {
            let rows = Rows::weighted(x.as_ref(), &weights).unwrap();
            (flow.sums(rows).unwrap(), flow.score(x.as_ref()).unwrap())
        })
    };
    let ((one, score), (two, other)) = (on(1), on(2));
    assert_eq!(bits(&one.grad), bits(&two.grad));
    assert!(same_bits(score.as_ref(), other.as_ref()));
}

fn start(x: &Mat<f64>) -> Flow {
    Flow::builder(2)
        .standardize()
        .rotation(2)
        .marginal(3)
        .rotation(2)
        .marginal(3)
        .build(x.as_ref(), &mut rng(3))
        .unwrap()
}

fn parabola(n: usize, seed: u64) -> Mat<f64> {
    let z = normals(n, 2, seed);
    Mat::from_fn(n, 2, |i, j| if j == 0 { z[(i, 0)] } else { z[(i, 0)].powi(2) + 0.3 * z[(i, 1)] })
}

#[test]
fn an_own_loop_over_full_batches_is_a_run_of_train() {
    let x = parabola(300, 1);
    let validation = parabola(200, 2);
    let options = TrainOptions {
        epochs: 15,
        batch_size: 300,
        average_epochs: Some(2.0),
        prior: 1.0,
        ..TrainOptions::default()
    };
    let mut trained = start(&x);
    train(&mut trained, &x, Some((&validation).into()), &options, &mut ()).unwrap();

    let plan = Plan::of((&x).into(), &options);
    let mut trainer = Trainer::new(start(&x), &options, plan).unwrap();
    let look = |trainer: &mut Trainer| {
        let own = trainer.bound().loss(&validation).unwrap();
        let averaged = trainer.averaged().map(|flow| flow.loss(&validation).unwrap());
        trainer.validate(&own, averaged.as_ref());
    };
    look(&mut trainer);
    for _ in 0..15 {
        trainer.step(&trainer.bound().sums(&x).unwrap()).unwrap();
        look(&mut trainer);
    }
    // The rows of a batch are shuffled in `train`.
    assert!(all_near(trainer.best().params(), trained.params(), 1e-9));
}

#[test]
fn a_trainer_goes_on_from_its_checkpoint_to_the_same_bits() {
    let x = parabola(200, 1);
    let options = TrainOptions { epochs: 10, batch_size: 200, ..TrainOptions::default() };
    let options = TrainOptions { average_epochs: Some(3.0), ..options };
    let plan = Plan::of((&x).into(), &options);
    let mut trainer = Trainer::new(start(&x), &options, plan).unwrap();
    trainer.freeze(1..2);
    let step = |trainer: &mut Trainer| {
        let sums = trainer.bound().sums(&x).unwrap();
        trainer.step(&sums).unwrap();
        let loss = trainer.bound().loss(&x).unwrap();
        trainer.validate(&loss, None);
    };
    (0..4).for_each(|_| step(&mut trainer));
    let config = bincode::config::legacy();
    let stored = bincode::serde::encode_to_vec(&trainer, config).unwrap();
    let (mut back, _): (Trainer, usize) =
        bincode::serde::decode_from_slice(&stored, config).unwrap();
    for _ in 0..6 {
        step(&mut trainer);
        step(&mut back);
    }
    assert_eq!(bits(trainer.params()), bits(back.params()));
    assert_eq!(bits(trainer.best().params()), bits(back.best().params()));
    assert_eq!(trainer.steps(), 10);
}

#[test]
fn frozen_layers_stay_and_the_others_learn() {
    let x = parabola(200, 1);
    let options =
        TrainOptions { epochs: 5, batch_size: 200, prior: 2.0, ..TrainOptions::default() };
    let begin = start(&x);
    let mut trainer =
        Trainer::new(begin.clone(), &options, Plan::of((&x).into(), &options)).unwrap();
    trainer.freeze(3..5);
    for _ in 0..5 {
        trainer.step(&trainer.bound().sums(&x).unwrap()).unwrap();
    }
    for layer in 0..5 {
        let own = begin.layer_range(layer);
        let stays = trainer.params()[own.clone()] == begin.params()[own];
        assert_eq!(stays, layer == 0 || layer > 2, "layer {layer}");
    }
}

#[test]
fn only_the_proportions_of_weights_matter_to_a_training() {
    let x = parabola(400, 1);
    let validation = parabola(100, 2);
    let weights: Vec<f64> = (0..400).map(|i| f64::from(i % 4)).collect();
    let of_validation: Vec<f64> = (0..100).map(|i| 1.0 + f64::from(i % 3)).collect();
    let options = TrainOptions { epochs: 6, batch_size: 64, prior: 3.0, ..TrainOptions::default() };
    let run = |factor: f64| {
        let scaled = |w: &[f64]| w.iter().map(|w| w * factor).collect::<Vec<f64>>();
        let (w, v) = (scaled(&weights), scaled(&of_validation));
        let mut flow = start(&x);
        let rows = Rows::weighted(x.as_ref(), &w).unwrap();
        let validation = Rows::weighted(validation.as_ref(), &v).unwrap();
        train(&mut flow, rows, Some(validation), &options, &mut ()).unwrap();
        flow.params().to_vec()
    };
    let once = run(1.0);
    assert_eq!(bits(&once), bits(&run(2.0)));
    assert!(all_near(&once, &run(3.0), 1e-9));
    // Rows of weight 0 are as good as not there.
    let counted: Vec<usize> = (0..400).filter(|i| i % 4 > 0).collect();
    let rows = Rows::weighted(x.as_ref(), &weights).unwrap().pick(&counted);
    let mut flow = start(&x);
    let v = Rows::weighted(validation.as_ref(), &of_validation).unwrap();
    train(&mut flow, rows.rows(), Some(v), &options, &mut ()).unwrap();
    let mut with = start(&x);
    let all = Rows::weighted(x.as_ref(), &weights).unwrap();
    train(&mut with, all, Some(v), &options, &mut ()).unwrap();
    let loss = |flow: &Flow| flow.bind().loss(v).unwrap().mean_nll();
    // Another order of the same rows: what six epochs in batches of 64 may differ by.
    assert!((loss(&flow) - loss(&with)).abs() < 0.05, "{} {}", loss(&flow), loss(&with));
    // Equal weights are none.
    let equal = vec![0.25; 400];
    let mut with = start(&x);
    let rows = Rows::weighted(x.as_ref(), &equal).unwrap();
    train(&mut with, rows, Some((&validation).into()), &options, &mut ()).unwrap();
    let mut without = start(&x);
    train(&mut without, &x, Some((&validation).into()), &options, &mut ()).unwrap();
    assert!(all_near(with.params(), without.params(), 1e-12));
}

#[test]
fn weights_undo_a_biased_sample() {
    // Twice as many rows from the left half as there should be, each of half the weight.
    let z = normals(9000, 1, 8);
    let at: Vec<usize> = (0..9000).filter(|i| z[(*i, 0)] < 0.0 || i % 2 == 0).collect();
    let x = gauss_flow::rows::pick(z.as_ref(), &at);
    let weights: Vec<f64> =
        (0..at.len()).map(|i| if x[(i, 0)] < 0.0 { 0.5 } else { 1.0 }).collect();
    let mut flow =
        Flow::builder(1).standardize().marginal(4).build(x.as_ref(), &mut rng(1)).unwrap();
    let options =
        TrainOptions { epochs: 60, batch_size: 256, prior: 1.0, ..TrainOptions::default() };
    let options = TrainOptions { average_epochs: Some(5.0), ..options };
    train(&mut flow, Rows::weighted(x.as_ref(), &weights).unwrap(), None, &options, &mut ())
        .unwrap();
    let fresh = normals(20_000, 1, 9);
    let truth = -0.5 * (1.0 + std::f64::consts::TAU.ln());
    let mean = -flow.bind().loss(&fresh).unwrap().mean_nll();
    // 11 parameters on 4,500 rows cost 0.001; the biased density would be short by 0.05.
    assert!(truth - mean < 0.01, "{}", truth - mean);
}
