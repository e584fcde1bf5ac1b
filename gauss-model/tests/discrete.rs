//! Fits of columns that have probabilities: shares, impossible combinations, rare values.

use faer::Mat;
use gauss_model::gauss_rbig::recipe::{Budget, Recipe};
use gauss_model::{Column, Fit, Kind, Model, Support};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// A value in proportion to these.
fn draw(shares: &[f64], rng: &mut impl Rng) -> f64 {
    let mut left = rng.random::<f64>() * shares.iter().sum::<f64>();
    let at = shares.iter().position(|share| {
        left -= share;
        left < 0.0
    });
    at.unwrap_or(0) as f64
}

fn category(name: &str, levels: usize) -> Column {
    Column::of(name, Kind::Category((0..levels).map(|level| format!("l{level}")).collect()))
}

fn fit(columns: Vec<Column>, x: &Mat<f64>, seed: u64) -> Model {
    let recipe = Recipe { seed, budget: Budget::Epochs(20), ..Recipe::default() };
    let fitted = Fit::new(columns).recipe(recipe).run(x).expect("a fit");
    // Of discrete columns alone nothing is above 0, whatever is printed.
    if x.ncols() == fitted.model.flow().discrete().len() {
        let search = &fitted.search;
        assert!(search.validation_log_prob.is_none_or(|l| l <= 0.0));
        assert!(search.trials.iter().all(|trial| trial.before <= 0.0 && trial.after <= 0.0));
        assert!(search.baselines.iter().all(|baseline| baseline.score <= 0.0));
    }
    fitted.model
}

/// Shares within 2.5 standard errors of the rows', alone and beside real columns that depend on them.
#[test]
fn shares_are_those_of_the_rows() {
    const N: usize = 1500;
    let shares = [0.55, 0.24, 0.12, 0.06, 0.03];
    for seed in 0..20 {
        let mut rng = rng(seed);
        let values: Vec<f64> = (0..N).map(|_| draw(&shares, &mut rng)).collect();
        let beside = seed % 4 == 0; // these take longer
        let x = Mat::from_fn(N, 1 + usize::from(beside), |i, j| {
            let z: f64 = StandardNormal.sample(&mut rng);
            if j == 0 { values[i] } else { z + 2.0 * values[i] }
        });
        let kind =
            if seed % 2 == 0 { category("c", 5).kind } else { Kind::Integer(Support::Above(0.0)) };
        let mut columns = vec![Column::of("c", kind)];
        columns.extend(beside.then(|| Column::real("y")));
        let model = fit(columns, &x, seed);
        let draws = model.sample(40_000, &mut rng);
        for level in 0..5 {
            let of = |x: &Mat<f64>| {
                let count = x.col(0).iter().filter(|v| **v == f64::from(level)).count();
                count as f64 / x.nrows() as f64
            };
            let share = of(&x);
            let error = (share * (1.0 - share) / N as f64).sqrt();
            let of_draws = (share * (1.0 - share) / 40_000.0).sqrt();
            let tolerance = 2.5 * error + 4.0 * of_draws;
            assert!((of(&draws) - share).abs() < tolerance, "{seed} {level}: {share}");
            if !beside {
                let at = Mat::from_fn(1, 1, |_, _| f64::from(level));
                let p = model.log_prob(at.as_ref()).expect("a column")[0].exp();
                assert!((p - share).abs() < 0.1 * error + 1e-3, "{seed} {level}: {share} {p}");
            }
        }
    }
}

#[test]
fn combinations_that_never_occur_are_not_drawn() {
    for seed in 0..3 {
        let mut rng = rng(seed);
        let levels: Vec<f64> = (0..2000).map(|_| draw(&[0.4, 0.3, 0.2, 0.1], &mut rng)).collect();
        let x = Mat::from_fn(2000, 2, |i, j| if j == 0 { levels[i] } else { 3.0 - levels[i] });
        let model = fit(vec![category("u", 4), category("v", 4)], &x, seed);
        let draws = model.sample(10_000, &mut rng);
        let impossible = draws.row_iter().filter(|row| row[0] + row[1] != 3.0).count();
        assert!(impossible < 50, "{impossible} of 10000");
        let mean = model.log_prob(x.as_ref()).unwrap().iter().sum::<f64>() / 2000.0;
        let entropy: f64 = (0..4)
            .map(|level| {
                let count = levels.iter().filter(|v| **v == f64::from(level)).count();
                let p = count as f64 / 2000.0;
                -p * p.ln()
            })
            .sum();
        assert!((mean + entropy).abs() < 0.02, "{mean} {entropy}");
    }
}

/// One row in a hundred is of a class whose real column lies elsewhere: its share is right, and its
/// conditional mean within two standard errors.
#[test]
fn a_rare_class_keeps_its_share_and_its_values() {
    for seed in 0..3 {
        let mut rng = rng(seed);
        let x: Vec<[f64; 2]> = (0..4000)
            .map(|_| {
                let rare = draw(&[0.99, 0.01], &mut rng);
                let z: f64 = StandardNormal.sample(&mut rng);
                [rare, if rare == 1.0 { 40.0 + 5.0 * z } else { 10.0 + 2.0 * z }]
            })
            .collect();
        let rows = Mat::from_fn(4000, 2, |i, j| x[i][j]);
        let model = fit(vec![category("class", 2), Column::real("amount")], &rows, seed);
        let draws = model.sample(200_000, &mut rng);
        let own = |x: &Mat<f64>| -> Vec<f64> {
            x.row_iter().filter(|row| row[0] == 1.0).map(|row| row[1]).collect()
        };
        let (rare, drawn) = (own(&rows), own(&draws));
        let ratio = drawn.len() as f64 / 50.0 / rare.len() as f64;
        assert!((1.0 / 1.2..1.2).contains(&ratio), "{seed}: {ratio}");
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let error = 5.0 / (rare.len() as f64).sqrt();
        assert!((mean(&drawn) - mean(&rare)).abs() < 2.0 * error, "{seed}: {}", mean(&drawn));
    }
}

/// What depends on a class is not its location or its scale alone.
#[test]
fn a_relation_may_differ_between_classes() {
    let mut rng = rng(5);
    let x: Vec<[f64; 3]> = (0..3000)
        .map(|_| {
            let class = draw(&[0.5, 0.5], &mut rng);
            let (a, b): (f64, f64) =
                (StandardNormal.sample(&mut rng), StandardNormal.sample(&mut rng));
            let sign = 2.0 * class - 1.0;
            [class, a, sign * 0.95 * a + 0.3 * b]
        })
        .collect();
    let rows = Mat::from_fn(3000, 3, |i, j| x[i][j]);
    let columns = vec![category("class", 2), Column::real("a"), Column::real("b")];
    let fitted = Fit::new(columns).run(&rows).expect("a fit");
    let mean = fitted.model.log_prob(rows.as_ref()).unwrap().iter().sum::<f64>() / 3000.0;
    // ln 2, and the entropies of a and of b given it.
    let entropy = 2.0_f64.ln() + (2.0 * std::f64::consts::PI).ln() + 1.0 + 0.3_f64.ln();
    assert!((mean + entropy).abs() < 0.06, "{mean} {}", -entropy);
}

#[test]
fn probabilities_add_up_to_one() {
    let mut rng = rng(9);
    let x = Mat::from_fn(900, 2, |_, j| {
        if j == 0 {
            draw(&[3.0, 2.0, 1.0], &mut rng)
        } else {
            draw(&[0.0, 4.0, 2.0, 1.0], &mut rng)
        }
    });
    let columns = vec![category("c", 3), Column::of("n", Kind::Integer(Support::Line))];
    let model = fit(columns, &x, 1);
    let cells =
        Mat::from_fn(
            3 * 400,
            2,
            |i, j| if j == 0 { (i % 3) as f64 } else { (i / 3) as f64 - 200.0 },
        );
    let sum: f64 = model.log_prob(cells.as_ref()).unwrap().iter().map(|l| l.exp()).sum();
    assert!((sum - 1.0).abs() < 1e-10, "{sum}");
    // A number that no row shows has a chance.
    let unseen = model.log_prob(faer::mat![[0.0, 4.0]].as_ref()).unwrap()[0].exp();
    assert!(unseen > 0.0 && unseen < 1e-3, "{unseen}");
}

/// A value that all rows of one class share is not drawn in the other.
#[test]
fn what_is_constant_in_a_class_stays_there() {
    for seed in 0..3 {
        let mut rng = rng(seed);
        let x: Vec<[f64; 2]> = (0..600)
            .map(|_| {
                let class = draw(&[0.5, 0.5], &mut rng);
                let z: f64 = StandardNormal.sample(&mut rng);
                [class, if class == 0.0 { 1.5 } else { z }]
            })
            .collect();
        let rows = Mat::from_fn(600, 2, |i, j| x[i][j]);
        let model = fit(vec![category("class", 2), Column::real("x")], &rows, seed);
        let draws = model.sample(20_000, &mut rng);
        let of = |class: f64| -> Vec<f64> {
            let mut own: Vec<f64> =
                draws.row_iter().filter(|row| row[0] == class).map(|row| row[1]).collect();
            own.sort_by(f64::total_cmp);
            own
        };
        assert!(of(0.0).iter().all(|v| (v - 1.5).abs() < 0.05), "{seed}");
        // No hundredth of a normal's draws lies within a thousandth of its deviation.
        let other = of(1.0);
        let hundredth = other.len() / 100;
        assert!(other.windows(hundredth).all(|own| own[hundredth - 1] - own[0] > 1e-3), "{seed}");
    }
}
