//! Learn the density of a noisy ring, draw it, and draw from it.
//!
//!     cargo run -p gauss-flow --example density

use faer::Mat;
use gauss_flow::{Flow, TrainOptions, train, watch};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal, Uniform};
use std::ops::ControlFlow;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // 1. Data: 3,000 points on a ring of radius 2, blurred by 0.25. No normal distribution looks
    //    less like this: the mean is where no point is.
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let turn = Uniform::new(0.0, std::f64::consts::TAU)?;
    let blur = Normal::new(0.0, 0.25)?;
    let points: Vec<[f64; 2]> = (0..3000)
        .map(|_| {
            let angle = turn.sample(&mut rng);
            [
                2.0 * f64::cos(angle) + blur.sample(&mut rng),
                2.0 * f64::sin(angle) + blur.sample(&mut rng),
            ]
        })
        .collect();
    let x = Mat::from_fn(3000, 2, |i, j| points[i][j]);
    let (learn, held_out) = (x.as_ref().subrows(0, 2500), x.as_ref().subrows(2500, 500));

    // 2. A flow: six times turn, then straighten each axis. It starts at the data's quantiles.
    let mut builder = Flow::builder(2).standardize();
    for _ in 0..6 {
        builder = builder.rotation(2).marginal(6);
    }
    let mut flow = builder.build(learn, &mut rng)?;
    println!("{} layers, {} trainable numbers\n", flow.layers().len(), flow.n_trainable());

    // 3. Learn: the observer is told of every epoch, and could end the run.
    let options = TrainOptions { epochs: 60, batch_size: 250, ..TrainOptions::default() };
    let history = train(
        &mut flow,
        learn,
        Some(held_out.into()),
        &options,
        &mut watch::epochs(|epoch| {
            if epoch.epoch % 10 == 0 {
                let held_out = epoch.validation_nll.unwrap_or(f64::NAN);
                println!("epoch {:2}: {held_out:.3} nats a point, held out", epoch.epoch);
            }
            ControlFlow::Continue(())
        }),
    )?;
    println!("kept epoch {}, {:.2} s\n", history.best_epoch, history.epochs[60].seconds);

    // 4. The density is exact and sums to 1. Here it is, darker where points are likelier.
    let (side, step) = (41, 0.15);
    let place = |i: usize| (i as f64 - 20.0) * step;
    let grid = Mat::from_fn(side * side, 2, |i, j| place(if j == 0 { i % side } else { i / side }));
    let p: Vec<f64> = flow.log_prob(grid.as_ref())?.iter().map(|l| l.exp()).collect();
    let highest = p.iter().fold(0.0, |m, p| f64::max(m, *p));
    for row in p.chunks(side).rev() {
        let shade =
            |p: &f64| [' ', '·', '░', '▒', '▓', '█'][(5.99 * (p / highest).sqrt()) as usize];
        println!("  {}", row.iter().flat_map(|p| [shade(p), shade(p)]).collect::<String>());
    }
    println!("  sum over this picture: {:.4}\n", step * step * p.iter().sum::<f64>());

    // 5. Draw new points: the inverse of standard normals.
    let fresh = flow.sample(5, &mut rng);
    let log_p = flow.log_prob(fresh.as_ref())?;
    for (i, log_p) in log_p.iter().enumerate() {
        let (x, y) = (fresh[(i, 0)], fresh[(i, 1)]);
        println!("  new point ({x:6.3}, {y:6.3}) at radius {:.3}, log p = {log_p:.3}", x.hypot(y));
    }

    // 6. And there and back again: the map is a bijection, to the last digits.
    let (z, _) = flow.forward(x.as_ref())?;
    let back = flow.inverse(z.as_ref())?;
    println!("\n  largest |f⁻¹(f(x)) - x| of all points: {:.1e}", (&back - &x).norm_max());
    Ok(())
}
