//! Two moons, greedily: draw points, fit block by block, score, sample, measure dependence.
//!
//! `cargo run --release -p gauss-rbig --example greedy`

use faer::Mat;
use gauss_rbig::{RbigOptions, fit, information};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use std::f64::consts::PI;
use std::ops::ControlFlow;

/// Two interleaved half circles with normal noise.
fn moons(rows: usize, rng: &mut impl Rng) -> Mat<f64> {
    let mut x = Mat::zeros(rows, 2);
    for i in 0..rows {
        let angle = PI * rng.random::<f64>();
        let (mut a, mut b) = (angle.cos(), angle.sin());
        if i % 2 == 1 {
            (a, b) = (1.0 - a, 0.5 - b);
        }
        x[(i, 0)] = a + 0.05 * rng.sample::<f64, _>(StandardNormal);
        x[(i, 1)] = b + 0.05 * rng.sample::<f64, _>(StandardNormal);
    }
    x
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let x = moons(5000, &mut rng);

    // Blocks are added until three in a row bring nothing more.
    println!("block   gain, nats      mean log p   seconds");
    let options = RbigOptions { max_blocks: 20, ..RbigOptions::default() };
    let rbig = fit(
        x.as_ref(),
        &options,
        &mut gauss_flow::watch::blocks(|block| {
            println!(
                "{:5}   {:6.4} ± {:.4}   {:9.4}   {:.4}",
                block.block,
                block.negentropy_removed,
                block.standard_error,
                block.mean_log_prob,
                block.seconds,
            );
            ControlFlow::Continue(())
        }),
    )?;

    // The result is a flow: an exact density ...
    let fresh = moons(20_000, &mut rng);
    let log_p = rbig.flow.log_prob(fresh.as_ref())?;
    println!("{} blocks kept; mean log p of fresh points {:.4}", rbig.kept, mean(&log_p));

    // ... that can be sampled, and turned back ...
    let samples = rbig.flow.sample(3, &mut rng);
    println!("three samples: {samples:.3?}");
    let (z, _) = rbig.flow.forward(fresh.as_ref())?;
    let back = rbig.flow.inverse(z.as_ref())?;
    println!("largest round-trip error {:.1e}", (back - &fresh).norm_max());

    // ... and the gains add up to the dependence between the columns.
    let total = information::total_correlation(x.as_ref(), &options)?;
    println!("total correlation {total:.3} nats");
    Ok(())
}
