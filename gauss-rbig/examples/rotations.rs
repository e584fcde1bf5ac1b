//! The rotations compared: what a greedy fit with each of them is worth on rows it has not seen.
//!
//! `cargo run --release -p gauss-rbig --example rotations`

use faer::Mat;
use gauss_rbig::{RbigOptions, RotationKind, fit_validated};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use std::time::Instant;

/// Rows to learn from, to stop by, and to judge by.
const ROWS: [usize; 3] = [4_000, 1_000, 10_000];
const KINDS: [(&str, RotationKind); 4] = [
    ("greatest gain", RotationKind::GreatestGain),
    ("principal", RotationKind::Pca),
    ("random", RotationKind::Random),
    ("independent", RotationKind::Ica),
];

fn normal(rng: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(rng)
}

/// A ring with a tenth of its radius as noise.
fn ring(rng: &mut ChaCha8Rng) -> Vec<f64> {
    let (a, b) = (normal(rng), normal(rng));
    let scale = (1.0 + 0.1 * normal(rng)) / a.hypot(b);
    vec![a * scale, b * scale]
}

/// Eight columns, each a wave of the one before.
fn chain(rng: &mut ChaCha8Rng) -> Vec<f64> {
    let mut row = vec![normal(rng)];
    for j in 1..8 {
        row.push((2.0 * row[j - 1]).sin() + 0.4 * normal(rng));
    }
    row
}

/// Four clusters in ten columns.
fn clusters(rng: &mut ChaCha8Rng) -> Vec<f64> {
    let corner = [normal(rng) > 0.0, normal(rng) > 0.0];
    (0..10).map(|j| if corner[j % 2] { 2.0 } else { -2.0 } + normal(rng)).collect()
}

/// Five uniform sources, mixed: what independent components are made for.
fn sources(rng: &mut ChaCha8Rng) -> Vec<f64> {
    let s: Vec<f64> = (0..5).map(|_| gauss_math::normal::cdf(normal(rng))).collect();
    (0..5).map(|j| s[j] + 0.8 * s[(j + 1) % 5] - 0.5 * s[(j + 3) % 5]).collect()
}

type Draw = fn(&mut ChaCha8Rng) -> Vec<f64>;

fn main() -> Result<(), gauss_rbig::Error> {
    let tables: [(&str, Draw); 4] =
        [("ring", ring), ("chain", chain), ("clusters", clusters), ("sources", sources)];
    println!("Held-out mean log-density, nats; blocks kept; seconds");
    for (name, draw) in tables {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let [train, validation, test] = ROWS.map(|rows| {
            let drawn: Vec<Vec<f64>> = (0..rows).map(|_| draw(&mut rng)).collect();
            Mat::from_fn(rows, drawn[0].len(), |i, j| drawn[i][j])
        });
        println!("{name}, {} columns", train.ncols());
        for (kind, rotation) in KINDS {
            let options = RbigOptions { rotation, ..RbigOptions::default() };
            let begun = Instant::now();
            let rbig =
                fit_validated(train.as_ref(), Some((&validation).into()), &options, &mut ())?;
            let seconds = begun.elapsed().as_secs_f64();
            let log_p = rbig.flow.log_prob(test.as_ref())?;
            let mean = log_p.iter().sum::<f64>() / log_p.len() as f64;
            println!("  {kind:14} {mean:9.4}  {:2}  {seconds:.2}", rbig.kept);
        }
    }
    Ok(())
}
