use super::*;
use crate::mean::Mean;
use crate::multivariate::gaussian::Gaussian;
use faer::Mat;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// Three clusters in a plane, one of them narrow and slanted, with their exact density.
fn clusters(n: usize, seed: u64) -> (Mat<f64>, Vec<f64>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let rows: Vec<[f64; 2]> = (0..n)
        .map(|_| {
            let (a, b): (f64, f64) =
                (StandardNormal.sample(&mut rng), StandardNormal.sample(&mut rng));
            match rng.random_range(0..3) {
                0 => [10.0 + a, b],
                1 => [-10.0 + a, 5.0 + b],
                _ => [a, a + 0.1 * b],
            }
        })
        .collect();
    let log_prob = rows
        .iter()
        .map(|&[x, y]| {
            let normal =
                |a: f64, b: f64| -(2.0 * std::f64::consts::PI).ln() - 0.5 * (a * a + b * b);
            let terms = [
                normal(x - 10.0, y),
                normal(x + 10.0, y - 5.0),
                normal(x, (y - x) / 0.1) - 0.1_f64.ln(),
            ];
            (terms.iter().map(|t| t.exp()).sum::<f64>() / 3.0).ln()
        })
        .collect();
    (Mat::from_fn(n, 2, |i, j| rows[i][j]), log_prob)
}

#[test]
fn a_mixture_is_found_and_beats_one_normal() {
    let (train, _) = clusters(600, 1);
    let (test, truth) = clusters(400, 2);
    let mixture = Mixture::choose(train.as_ref(), 3).expect("a fit");
    assert!(mixture.len() >= 3, "{}", mixture.len());
    let log_prob = mixture.log_prob(test.as_ref()).expect("its width");
    let short = Mean::of_difference(&truth, &log_prob);
    // 17 parameters fitted to 600 rows cost about 17/1200 nats.
    assert!(short.mean < 0.08 && short.mean > -0.02, "{short:?}");
    let one =
        Gaussian::fit(train.as_ref()).expect("a fit").log_prob(test.as_ref()).expect("its width");
    let gain = Mean::of_difference(&log_prob, &one);
    assert!(gain.mean > 1.0 && gain.mean > 10.0 * gain.standard_error, "{gain:?}");
}

#[test]
fn many_clusters_are_found_although_a_size_between_gains_nothing() {
    // Nine clusters in a 3 by 3 lattice. Two components are no better than one: each way of
    // parting the lattice in two is as good as another.
    let (spacing, rows) = (12.0, 1200);
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let mut draw = || {
        let points: Vec<[f64; 2]> = (0..rows)
            .map(|_| {
                [(); 2].map(|()| {
                    let z: f64 = StandardNormal.sample(&mut rng);
                    spacing * f64::from(rng.random_range(0..3)) + z
                })
            })
            .collect();
        Mat::from_fn(rows, 2, |i, j| points[i][j])
    };
    let (train, test) = (draw(), draw());
    let mixture = Mixture::choose(train.as_ref(), 1).expect("a fit");
    // ln 9 of which cluster, and the entropy of a normal vector in a plane.
    let best = -(9.0_f64.ln() + 1.0 + (2.0 * std::f64::consts::PI).ln());
    let reached = Mean::of(&mixture.log_prob(test.as_ref()).expect("its width"));
    // 54 parameters cost 0.02; starts that miss a cluster cost some tenths.
    assert!(best - reached.mean < 0.15, "{reached:?} of {best} with {}", mixture.len());
}

#[test]
fn one_normal_needs_one_component_and_integrates_to_one() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let x = Mat::from_fn(300, 1, |_, _| {
        let z: f64 = StandardNormal.sample(&mut rng);
        5.0 + 2.0 * z
    });
    let mixture = Mixture::choose(x.as_ref(), 1).expect("a fit");
    let grid = Mat::from_fn(4001, 1, |i, _| -20.0 + i as f64 * 0.0125);
    let mass: f64 =
        mixture.log_prob(grid.as_ref()).expect("its width").iter().map(|l| l.exp() * 0.0125).sum();
    assert!((mass - 1.0).abs() < 1e-9, "{mass}");
    let one = Gaussian::fit(x.as_ref()).expect("a fit").log_prob(x.as_ref()).expect("its width");
    let gap = Mean::of_difference(&mixture.log_prob(x.as_ref()).expect("its width"), &one);
    assert!(gap.mean.abs() < 0.02, "{gap:?} with {} components", mixture.len());
}

#[test]
fn rows_without_volume_have_none_and_few_rows_have_one() {
    let line = Mat::from_fn(40, 2, |i, _| i as f64);
    assert_eq!(Mixture::choose(line.as_ref(), 1), Err(Error::NoVolume { column: 1 }));
    let few = Mat::from_fn(6, 2, |i, j| ((i * (j + 2)) as f64 * 0.7).sin());
    assert_eq!(Mixture::choose(few.as_ref(), 1).map(|mixture| mixture.len()), Ok(1));
}

#[test]
fn weights_that_undo_a_biased_draw_recover_the_density() {
    // The cluster at (-10, 5) is seen three times too seldom, and weighs three times as much.
    let (all, _) = clusters(6000, 7);
    let (test, truth) = clusters(2000, 8);
    let seldom = |i: usize| all[(i, 0)] < -5.0;
    let at: Vec<usize> = (0..6000).filter(|&i| !seldom(i) || i % 3 == 0).collect();
    let weights: Vec<f64> = at.iter().map(|&i| if seldom(i) { 3.0 } else { 1.0 }).collect();
    let biased = gauss_flow::rows::pick(all.as_ref(), &at);
    let rows = Rows::weighted(biased.as_ref(), &weights).expect("weights");
    let score = |mixture: Mixture| {
        Mean::of_difference(&truth, &mixture.log_prob(test.as_ref()).expect("its width"))
    };
    let weighted = score(Mixture::choose(rows, 3).expect("a fit"));
    let plain = score(Mixture::choose(biased.as_ref(), 3).expect("a fit"));
    // Shares of 3/7, 3/7, 1/7 for thirds lose 0.12 nats; 17 parameters cost 17/2n.
    assert!(weighted.mean < 0.02 && plain.mean > 0.08, "{weighted:?} {plain:?}");
    let twice: Vec<f64> = weights.iter().map(|w| 2.0 * w).collect();
    let rows_twice = Rows::weighted(biased.as_ref(), &twice).expect("weights");
    assert_eq!(Mixture::choose(rows, 3), Mixture::choose(rows_twice, 3));
}

/// Rows of three clusters that make EM go on for a while.
fn overlapping(n: usize, dim: usize) -> Mat<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let at: Vec<f64> = (0..n).map(|_| f64::from(rng.random_range(0..3))).collect();
    Mat::from_fn(n, dim, |i, j| {
        let z: f64 = StandardNormal.sample(&mut rng);
        1e3 + 2.0 * at[i] * if j % 2 == 0 { 1.0 } else { -1.0 } + z * (0.3 + at[i])
    })
}

fn frame(x: &Mat<f64>, prior_rows: f64) -> Frame {
    Frame::of(&Moments::of(x), &vec![0.0; x.ncols()], prior_rows).expect("rows with volume")
}

#[test]
fn an_iteration_never_lowers_the_objective() {
    for (dim, k, prior_rows) in [(1, 3, 0.0), (2, 5, 0.1), (3, 4, 3.0), (6, 8, 0.5)] {
        let x = overlapping(400, dim);
        let frame = frame(&x, prior_rows);
        let mut mixture = Mixture::fit(x.subrows(0, 100), k, 3).expect("a fit");
        let mut before = f64::NEG_INFINITY;
        for _ in 0..30 {
            let sums = mixture.accumulate(&x, &frame).expect("sums");
            let now = sums.objective(&mixture, &frame).expect("a value");
            // Rounding of sums of 400 terms of some nats.
            assert!(now > before - 1e-9, "{dim} {k}: {before} {now}");
            let next = sums.solve(&frame).expect("a mixture");
            // With one component less the objective is another.
            before = if next.len() == mixture.len() { now } else { f64::NEG_INFINITY };
            mixture = next;
        }
    }
}

#[test]
fn halves_merge_weights_repeat_rows_and_threads_change_nothing() {
    let x = overlapping(2000, 4);
    let frame = frame(&x, 0.1);
    let mixture = Mixture::fit(&x, 4, 1).expect("a fit");
    let whole = mixture.accumulate(&x, &frame).expect("sums");
    let close = |a: &Sums, b: &Sums| {
        // The order of 2,000 additions.
        a.parts.iter().zip(&b.parts).all(|(a, b)| (a - b).abs() < 1e-12 * 2000.0)
    };
    let mut merged = mixture.accumulate(x.subrows(0, 700), &frame).expect("sums");
    merged.merge(&mixture.accumulate(x.subrows(700, 1300), &frame).expect("sums")).expect("alike");
    assert!(close(&merged, &whole));
    let weights: Vec<f64> = (0..2000).map(|i| f64::from(i % 3)).collect();
    let at: Vec<usize> = (0..2000).flat_map(|i| std::iter::repeat_n(i, i % 3)).collect();
    let rows = Rows::weighted(x.as_ref(), &weights).expect("weights");
    let repeated = gauss_flow::rows::pick(x.as_ref(), &at);
    let [a, b] = [
        mixture.accumulate(rows, &frame).expect("sums"),
        mixture.accumulate(&repeated, &frame).expect("sums"),
    ];
    assert!(close(&a, &b) && (a.log_prob - b.log_prob).abs() < 1e-9);
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let again = pool.install(|| mixture.accumulate(&x, &frame)).expect("sums");
        assert_eq!(again, whole);
        assert_eq!(pool.install(|| Mixture::fit(&x, 4, 1)).as_ref(), Ok(&mixture));
    }
    let bytes = bincode::serde::encode_to_vec(&whole, bincode::config::standard()).expect("bytes");
    let (back, _): (Sums, usize) =
        bincode::serde::decode_from_slice(&bytes, bincode::config::standard()).expect("sums");
    assert_eq!(back, whole);
}

#[test]
fn refused_by_name() {
    let x = overlapping(50, 2);
    let other = frame(&overlapping(50, 3), 0.1);
    let own = frame(&x, 0.1);
    let mixture = Mixture::fit(&x, 2, 1).expect("a fit");
    assert_eq!(mixture.accumulate(&x, &other), Err(Error::Columns { expected: 2, got: 3 }));
    let sums = mixture.accumulate(&x, &own).expect("sums");
    assert_eq!(sums.solve(&other), Err(Error::Columns { expected: 3, got: 2 }));
    let none = Sums::new(2, 2);
    assert_eq!(none.solve(&own), Err(Error::Rows { needed: 1, got: 0 }));
    let expected = Err(Error::Parameters { expected: 12, got: 6 });
    assert_eq!(sums.clone().merge(&Sums::new(2, 1)), expected);
    assert_eq!(sums.clone().merge(&Sums::new(1, 2)), Err(Error::Columns { expected: 2, got: 1 }));
    let moments = Moments::of(&x);
    assert!(matches!(Frame::of(&moments, &[0.0], 0.1), Err(Error::Columns { .. })));
    assert!(matches!(Frame::of(&moments, &[-1.0, 0.0], 0.1), Err(Error::Option { .. })));
    assert!(matches!(Frame::of(&moments, &[0.0, 0.0], f64::NAN), Err(Error::Option { .. })));
    assert!(matches!(Mixture::fit(&x, 0, 1), Err(Error::Option { .. })));
    let nan = faer::mat![[1.0], [f64::NAN]];
    assert!(matches!(Mixture::fit(&nan, 1, 1), Err(Error::NonFinite { row: 1, .. })));
    assert!(matches!(Mixture::choose(&nan, 1), Err(Error::NonFinite { row: 1, .. })));
    let constant = Mat::from_fn(9, 1, |_, _| 3.0);
    assert_eq!(Mixture::fit(&constant, 2, 1), Err(Error::NoVolume { column: 0 }));
}

#[test]
fn two_rows_duplicates_and_more_components_than_rows_have_a_mixture() {
    let two = faer::mat![[0.0], [1.0]];
    for k in [1, 2, 9] {
        let mixture = Mixture::fit(&two, k, 1).expect("a fit");
        assert!(mixture.log_prob(two.as_ref()).expect("its width").iter().all(|l| l.is_finite()));
    }
    assert_eq!(Mixture::choose(&two, 1).map(|m| m.len()), Ok(1));
    // Half of the rows are one point: a component there is as wide as the floor, not narrower.
    let atom =
        Mat::from_fn(
            400,
            2,
            |i, j| {
                if i % 2 == 0 { 0.0 } else { ((i * (j + 2)) as f64 * 0.71).sin() }
            },
        );
    for prior_rows in [0.0, 0.1] {
        let frame = frame(&atom, prior_rows);
        let mut mixture = Mixture::fit(&atom, 3, 1).expect("a fit");
        for _ in 0..40 {
            mixture = mixture.accumulate(&atom, &frame).expect("sums").solve(&frame).expect("one");
        }
        let log_prob = mixture.log_prob(atom.as_ref()).expect("its width");
        // ln of the density of two deviations of a thousandth of a column's each is about 12.
        assert!(log_prob.iter().all(|l| l.is_finite() && *l < 20.0), "{prior_rows}");
    }
}

#[test]
fn a_rounding_error_is_the_least_deviation() {
    let x = Mat::from_fn(300, 1, |i, _| if i % 2 == 0 { 0.0 } else { 5.0 + (i % 7) as f64 });
    let frame = Frame::of(&Moments::of(&x), &[0.25], 0.0).expect("volume");
    let mut mixture = Mixture::fit(&x, 2, 1).expect("a fit");
    for _ in 0..50 {
        mixture = mixture.accumulate(&x, &frame).expect("sums").solve(&frame).expect("one");
    }
    let narrowest = mixture.factors.iter().copied().fold(0.0, f64::max);
    assert!((1.0 / narrowest - 0.25).abs() < 1e-12, "{narrowest}");
}

#[test]
fn empty_components_are_dropped() {
    let x = overlapping(100, 2);
    let sums = |counts: [f64; 3]| {
        let mut sums = Sums::new(2, 3);
        let each = sums.parts.len() / 3;
        for (part, count) in sums.parts.chunks_exact_mut(each).zip(counts) {
            (part[0], part[3], part[5]) = (count, count, count);
        }
        sums
    };
    for (prior_rows, counts, left) in [
        (3.0, [50.0, 2.0, 1e-8], 2),
        (0.1, [50.0, 2.0, 1e-8], 1),
        (0.1, [50.0, 3.0, 2.5], 3),
        (0.0, [1.0, 2.0, 1.5], 1),
    ] {
        let mixture = sums(counts).solve(&frame(&x, prior_rows)).expect("a mixture");
        assert_eq!(mixture.len(), left, "{prior_rows} {counts:?}");
        assert!((mixture.weights().iter().sum::<f64>() - 1.0).abs() < 1e-15);
    }
}

#[test]
fn parameters_are_laid_out_as_said() {
    let mixture = Mixture {
        dim: 2,
        log_weights: vec![-0.7, -0.6],
        means: vec![1.0, 2.0, 3.0, 4.0],
        factors: vec![1.0, 5.0, 1.0, 1.0, 6.0, std::f64::consts::E],
    };
    let params = mixture.to_params();
    let expected = [-0.7, -0.6, 1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 0.0, 1.0, 5.0, 6.0];
    assert_eq!((params.as_slice(), params.len()), (&expected[..], mixture.n_params()));
}

#[test]
fn a_watch_ends_a_search_with_the_best_so_far() {
    let x = overlapping(600, 2);
    let (train, validation) = (x.subrows(0, 500), x.subrows(500, 100));
    let options = Options::default();
    let search = |most: usize| {
        let mut asked = 0;
        let mut watch = || {
            asked += 1;
            if asked > most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        search(train, validation, &[0.0, 0.0], &options, &mut watch).expect("a mixture")
    };
    let all = search(usize::MAX);
    assert!(!all.ended && all.trials.len() > 3);
    assert!(all.trials.iter().all(|trial| trial.score <= all.score));
    for most in [0, 1, 5, 30, 100] {
        let found = search(most);
        assert!(found.ended && found.score <= all.score, "{most}");
        assert!(found.trials.len() <= all.trials.len());
    }
    let scored = Rows::from(validation).mean(&all.mixture.log_prob(validation).expect("width"));
    assert!((scored - all.score).abs() < 1e-10);
}

/// Rows about a circle, which EM covers in as many ways as there are starts.
fn ring(rows: usize, seed: u64) -> Mat<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut x = Mat::zeros(rows, 2);
    for i in 0..rows {
        let angle = rng.random_range(0.0..std::f64::consts::TAU);
        let noise: f64 = StandardNormal.sample(&mut rng);
        let radius = 3.0 + 0.1 * noise;
        (x[(i, 0)], x[(i, 1)]) = (radius * angle.cos(), radius * angle.sin());
    }
    x
}

#[test]
fn runs_that_gain_are_averaged() {
    let mut watch = || ControlFlow::Continue(());
    let rounding = [0.0, 0.0];
    let mut gained = 0;
    for seed in 0..4 {
        let (train, validation, fresh) = (ring(900, seed), ring(300, 90 + seed), ring(20_000, 7));
        let one = search(&train, &validation, &rounding, &Options::default(), &mut watch);
        let one = one.expect("a mixture");
        let of =
            |mixture: &Mixture| Rows::from(&fresh).mean(&mixture.log_prob(fresh.as_ref()).unwrap());
        let mean = one.clone().average(&train, &validation, &rounding, 4, &mut watch);
        let mean = mean.expect("a mixture");
        // Each run gains a nat on 300 rows; what was tried is on record.
        let gain = (mean.runs() - 1) as f64 / 300.0;
        assert!(mean.score >= one.score + gain && mean.trials.len() == one.trials.len() + 3);
        assert!((mean.mixture.weights().iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let scored =
            Rows::from(&validation).mean(&mean.mixture.log_prob(validation.as_ref()).unwrap());
        assert!((scored - mean.score).abs() < 1e-10);
        // Fresh rows confirm it.
        if mean.runs() > 1 {
            gained += 1;
            assert!(of(&mean.mixture) > of(&one.mixture), "seed {seed}");
        }
        let (runs, components) = (mean.runs(), mean.mixture.len());
        let again = mean.refit(&train, &rounding, &mut watch).expect("a mixture");
        assert!(again.len() <= components && again.len() >= runs);
    }
    assert!(gained >= 2, "{gained}");
}

#[test]
fn where_all_runs_agree_one_is_enough() {
    let mut watch = || ControlFlow::Continue(());
    let options = Options { components: Some(2), ..Options::default() };
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut draw = |rows: usize| {
        Mat::from_fn(rows, 2, |i, _| {
            let z: f64 = StandardNormal.sample(&mut rng);
            z + if i % 2 == 0 { 8.0 } else { -8.0 }
        })
    };
    let (train, validation) = (draw(600), draw(200));
    let one = search(&train, &validation, &[0.0, 0.0], &options, &mut watch).expect("a mixture");
    let mean = one.clone().average(&train, &validation, &[0.0, 0.0], 4, &mut watch);
    let mean = mean.expect("a mixture");
    assert_eq!((mean.runs(), &mean.mixture, mean.score), (1, &one.mixture, one.score));
    assert_eq!((mean.components(), mean.trials.len()), (2, one.trials.len() + 3));
    // A watch that ends it leaves what there was.
    let mut end = || ControlFlow::Break(());
    let ended = one.clone().average(&train, &validation, &[0.0, 0.0], 4, &mut end).expect("one");
    assert!(ended.ended && ended.mixture == one.mixture);
}

#[test]
fn clusters_in_ten_dimensions_are_all_found() {
    // Eight clusters of one covariance, narrow in one direction: ln p is known in closed form.
    let (dim, clusters, rows) = (10, 8, 3000);
    for seed in 0..2 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
        let centres: Vec<f64> = (0..clusters * dim).map(|_| 1.5 * normal()).collect();
        let draw = |seed: u64| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let mut log_prob = Vec::new();
            let mut x = Mat::zeros(rows, dim);
            for i in 0..rows {
                let own = rng.random_range(0..clusters);
                for j in 0..dim {
                    let z: f64 = StandardNormal.sample(&mut rng);
                    x[(i, j)] = centres[own * dim + j] + z * if j == 0 { 0.1 } else { 0.7 };
                }
                let density: f64 = (centres.chunks_exact(dim))
                    .map(|centre| {
                        let square = |j: usize| {
                            ((x[(i, j)] - centre[j]) / if j == 0 { 0.1 } else { 0.7 }).powi(2)
                        };
                        (-0.5 * (0..dim).map(square).sum::<f64>()).exp()
                    })
                    .sum();
                let at_mean = -0.5 * dim as f64 * std::f64::consts::TAU.ln();
                let log_det = 0.1_f64.ln() + (dim - 1) as f64 * 0.7_f64.ln();
                log_prob.push((density / clusters as f64).ln() + at_mean - log_det);
            }
            (x, log_prob)
        };
        let ((train, _), (test, truth)) = (draw(10 + seed), draw(20 + seed));
        let mixture = Mixture::choose(&train, seed).expect("a fit");
        let log_prob = mixture.log_prob(test.as_ref()).expect("its width");
        let divergence = Mean::of_difference(&truth, &log_prob).mean;
        // 527 parameters of 3,000 rows cost 527/6000 = 0.088 nats; a cluster missed costs some tenths.
        assert!(divergence < 0.13, "{divergence} with {}", mixture.len());
    }
}
