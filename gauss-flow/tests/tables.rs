//! Flows that end in tables of probabilities.

use faer::Mat;
use gauss_flow::layers::conditioned::{marginal_near_identity, params_for_marginal};
use gauss_flow::layers::tables::{Parts, Values};
use gauss_flow::{Flow, LayerSpec, Workspace};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// Columns 0 and 3 of five are discrete: a category of three, and the numbers 4 and 7, those
/// between them, and those beyond on both sides.
const DIM: usize = 5;
const OTHERS: [usize; 3] = [1, 2, 4];
const FEATURES: usize = 2;

fn columns() -> Vec<Values> {
    vec![
        Values { column: 0, own: vec![0.0, 1.0, 2.0], below: 0.0, above: 0.0 },
        Values { column: 3, own: vec![4.0, 7.0], below: 0.6, above: 0.5 },
    ]
}

fn normal(rng: &mut impl Rng) -> f64 {
    StandardNormal.sample(rng)
}

fn normals(rng: &mut impl Rng, n: usize) -> Vec<f64> {
    (0..n).map(|_| normal(rng)).collect()
}

fn parts(rng: &mut impl Rng) -> Parts {
    Parts {
        columns: columns(),
        log_weights: normals(rng, 3),
        log_probs: normals(rng, 3 * 8),
        features: normals(rng, 8 * FEATURES),
    }
}

/// The layers of the other columns, given the features.
fn inner(rng: &mut ChaCha8Rng) -> Flow {
    let d = OTHERS.len();
    let spec =
        LayerSpec::Conditioned { components: 3, hidden: 8, context: FEATURES, reversed: false };
    let start = marginal_near_identity(d, 3);
    let mut conditioned = params_for_marginal(spec, d, &start, &[0.0; 4], rng).unwrap();
    let network = spec.network(d);
    conditioned[network].iter_mut().for_each(|p| *p += 0.2 * normal(rng));
    let shifted = LayerSpec::Shifted { context: FEATURES };
    let mixture = LayerSpec::Rosenblatt { components: 2 };
    let own: Vec<f64> = normals(rng, mixture.n_params(d)).iter().map(|p| 0.4 * p).collect();
    let params = [normals(rng, 2 * d * (1 + FEATURES)), conditioned, own].concat();
    Flow::from_parts(d, vec![shifted, spec, mixture], params).unwrap()
}

fn whole(inner: &Flow, parts: &Parts) -> Flow {
    let (layer, own) = parts.layer(DIM);
    let layers = [inner.layers(), &[layer]].concat();
    Flow::from_parts(DIM, layers, [inner.params(), &own].concat()).unwrap()
}

/// Rows with values and, in their cells, points.
fn rows(rng: &mut impl Rng, n: usize) -> Mat<f64> {
    let mut x = Mat::from_fn(n, DIM, |_, _| 1.5 * normal(rng));
    for i in 0..n {
        x[(i, 0)] = f64::from(rng.random_range(0..3)) + rng.random_range(-0.49..0.49);
        x[(i, 3)] = f64::from(rng.random_range(-3..12)) + rng.random_range(-0.49..0.49);
    }
    x
}

/// ln P of the values of a row, by the definition.
fn log_table(parts: &Parts, row: &[f64]) -> f64 {
    let softmax = |logs: &[f64]| -> Vec<f64> {
        let sum: f64 = logs.iter().map(|l| l.exp()).sum();
        logs.iter().map(|l| l.exp() / sum).collect()
    };
    let weights = softmax(&parts.log_weights);
    let mut total = 0.0;
    for (k, weight) in weights.iter().enumerate() {
        let own = &parts.log_probs[8 * k..][..8];
        let (category, numbers) = (softmax(&own[..3]), softmax(&own[3..]));
        let v = row[3].round();
        let number = match v {
            v if v < 4.0 => numbers[0] * 0.4 * 0.6_f64.powf(3.0 - v),
            v if v > 7.0 => numbers[4] * 0.5 * 0.5_f64.powf(v - 8.0),
            4.0 => numbers[1],
            7.0 => numbers[2],
            _ => numbers[3] / 2.0,
        };
        total += weight * category[row[0].round() as usize] * number;
    }
    total.ln()
}

/// The context of a row, by the definition.
fn context(parts: &Parts, row: &[f64]) -> Vec<f64> {
    let code = match row[3].round() {
        v if v < 4.0 => 0,
        v if v > 7.0 => 4,
        4.0 => 1,
        7.0 => 2,
        _ => 3,
    };
    (0..FEATURES)
        .map(|f| {
            parts.features[row[0].round() as usize * FEATURES + f]
                + parts.features[(3 + code) * FEATURES + f]
        })
        .collect()
}

#[test]
fn the_density_is_that_of_the_values_times_that_of_the_rest_given_them() {
    for seed in 0..5 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (parts, inner) = (parts(&mut rng), inner(&mut rng));
        let flow = whole(&inner, &parts);
        let x = rows(&mut rng, 200);
        let log_prob = flow.log_prob(x.as_ref()).unwrap();
        let (bound, mut workspace) = (flow.bind(), Workspace::default());
        for i in 0..x.nrows() {
            let row: Vec<f64> = x.row(i).iter().copied().collect();
            let mut rest: Vec<f64> = OTHERS.iter().map(|j| row[*j]).collect();
            rest.extend(context(&parts, &row));
            let rest = Mat::from_fn(1, rest.len(), |_, j| rest[j]);
            let expected = log_table(&parts, &row) + inner.log_prob(rest.as_ref()).unwrap()[0];
            assert!((log_prob[i] - expected).abs() < 1e-10 * (1.0 + expected.abs()), "{row:?}");
            assert_eq!(bound.log_prob_row(&row, &mut workspace).unwrap(), log_prob[i]);
        }
        // Wherever in its cell a point lies.
        let moved =
            Mat::from_fn(
                200,
                DIM,
                |i, j| {
                    if OTHERS.contains(&j) { x[(i, j)] } else { x[(i, j)].round() }
                },
            );
        assert_eq!(flow.log_prob(moved.as_ref()).unwrap(), log_prob);
    }
}

#[test]
fn the_map_and_its_inverse_agree_with_the_density() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let parts = parts(&mut rng);
    let flow = whole(&inner(&mut rng), &parts);
    let x = rows(&mut rng, 300);
    let (z, log_det) = flow.forward(x.as_ref()).unwrap();
    let log_prob = flow.log_prob(x.as_ref()).unwrap();
    for i in 0..x.nrows() {
        let square: f64 = z.row(i).iter().map(|z| z * z).sum();
        let of_latent = log_det[i] - 0.5 * square - DIM as f64 * gauss_math::normal::HALF_LN_2PI;
        // Points that an untrained flow sends far out lose digits in z²/2.
        assert!((of_latent - log_prob[i]).abs() < 1e-9 * (1.0 + square), "{i}");
    }
    let states = flow.forward_with_intermediates(x.as_ref()).unwrap();
    assert_eq!(states.len(), flow.layers().len() + 1);
    assert_eq!(states.last().unwrap(), &z);
    let near = Mat::from_fn(300, DIM, |_, _| normal(&mut rng));
    let drawn = flow.inverse(near.as_ref()).unwrap();
    let (back, _) = flow.forward(drawn.as_ref()).unwrap();
    assert!((&back - &near).norm_max() < 1e-8);
    // A draw's log p is that of its values.
    let (y, of_draws) = flow.sample_and_log_prob(500, &mut rng);
    assert_eq!(flow.log_prob(y.as_ref()).unwrap(), of_draws);
}

#[test]
fn draws_have_the_tables_probabilities() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let parts = parts(&mut rng);
    let flow = whole(&inner(&mut rng), &parts);
    let n = 100_000;
    let x = flow.sample(n, &mut rng);
    for category in 0..3 {
        for number in 1..9 {
            let cell = [f64::from(category), 0.0, 0.0, f64::from(number), 0.0];
            let p = log_table(&parts, &cell).exp();
            let count = (0..n)
                .filter(|i| x[(*i, 0)].round() == cell[0] && x[(*i, 3)].round() == cell[3])
                .count() as f64;
            let error = (p * (1.0 - p) * n as f64).sqrt();
            // 24 cells: five errors come up once in 70,000 runs.
            assert!((count - p * n as f64).abs() < 5.0 * error, "{cell:?}: {count} {p}");
        }
    }
}

#[test]
fn the_score_is_the_others_slope() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let parts = parts(&mut rng);
    let flow = whole(&inner(&mut rng), &parts);
    let x = rows(&mut rng, 50);
    let score = flow.score(x.as_ref()).unwrap();
    let h = 1e-5;
    for j in 0..DIM {
        let moved =
            |by: f64| Mat::from_fn(50, DIM, |i, k| if k == j { x[(i, k)] + by } else { x[(i, k)] });
        let [up, down] = [h, -h].map(|by| flow.log_prob(moved(by).as_ref()).unwrap());
        for i in 0..50 {
            let slope = (up[i] - down[i]) / (2.0 * h);
            if OTHERS.contains(&j) {
                let scale = 1.0 + slope.abs();
                assert!((score[(i, j)] - slope).abs() < 1e-4 * scale, "{i} {j}");
            } else {
                assert_eq!(score[(i, j)], 0.0);
            }
        }
    }
}

#[test]
fn discrete_columns_alone_are_a_flow() {
    let values = Values { column: 0, own: vec![0.0, 1.0], below: 0.0, above: 0.0 };
    let parts = Parts {
        columns: vec![values.clone()],
        log_weights: vec![0.0],
        log_probs: vec![0.25_f64.ln(), 0.75_f64.ln()],
        features: Vec::new(),
    };
    let (layer, params) = parts.layer(1);
    let flow = Flow::from_parts(1, vec![layer], params).unwrap();
    assert_eq!(flow.discrete(), [values]);
    let log_prob = flow.log_prob(faer::mat![[0.0], [1.3], [2.0], [-1.0]].as_ref()).unwrap();
    assert!((log_prob[0] - 0.25_f64.ln()).abs() < 1e-15);
    assert!((log_prob[1] - 0.75_f64.ln()).abs() < 1e-15);
    assert_eq!(log_prob[2..], [f64::NEG_INFINITY; 2]);
    let (z, _) = flow.forward(faer::mat![[0.0], [1.0]].as_ref()).unwrap();
    assert!((gauss_math::normal::cdf(z[(0, 0)]) - 0.125).abs() < 1e-15);
    assert!((gauss_math::normal::cdf(z[(1, 0)]) - 0.625).abs() < 1e-15);
}

#[test]
fn tables_that_cannot_be_are_refused() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let good = parts(&mut rng);
    let (layer, params) = good.layer(DIM);
    let with = |at: usize, value: f64| {
        let mut params = params.clone();
        params[at] = value;
        Flow::from_parts(DIM, vec![layer], params)
    };
    assert!(with(0, 3.0).is_ok());
    // Counts, ratios, numbers and a logarithm.
    for (at, value) in [
        (0, 2.0),
        (0, 0.0),
        (0, 2.5),
        (0, -3.0),
        (0, 1e300),
        (1, 1.0),
        (DIM, 1.0),
        (DIM, -0.5),
        (2 * DIM + 3, 1.5),
        (3 * DIM, 0.5),
        (3 * DIM, 1.0),
        (3 * DIM + 4, 1e17),
        (3 * DIM + 4, 5.0), // then there is nothing between them, and a value too many
        (3 * DIM + 8, f64::NAN),
    ] {
        assert!(with(at, value).is_err(), "{at} {value}");
    }
    // Only at the end.
    let twice = Flow::from_parts(DIM, vec![layer, layer], [&params[..], &params].concat());
    assert!(twice.is_err());
    // A context that the tables do not make.
    let shifted = LayerSpec::Shifted { context: 3 };
    let own = vec![0.0; shifted.n_params(OTHERS.len())];
    let other = Flow::from_parts(DIM, vec![shifted, layer], [own, params.clone()].concat());
    assert!(other.is_err());
}
