//! Whether the same seed gives the same bits: over numbers of threads, and over the instruction
//! sets whose arithmetic is the same. The figure is the largest difference; 0 is identical.

use crate::backend;
use crate::rbig::{blocks, parabolas};
use crate::report::{Goal, Row};
use faer::Mat;
use gauss_cli::demo::JointTraining;
use gauss_flow::{Flow, TrainOptions, train};
use gauss_math::simd::Backend;
use gauss_rbig::{RbigOptions, fit};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::ThreadPool;

/// Epochs of a training that is compared.
const EPOCHS: usize = 10;
/// Samples drawn from what was trained.
const SAMPLES: usize = 1_000;

/// Every number that came out: parameters, log-densities, samples.
type Numbers = Vec<f64>;

/// Takes the comparisons.
pub fn measure(pools: &[ThreadPool]) -> anyhow::Result<Vec<Row>> {
    let demo = JointTraining::new(0)?;
    let options = TrainOptions { epochs: EPOCHS, ..demo.options.clone() };
    let demo_run = || trained(&demo.start, &demo.data, &options);

    // Wide enough for faer's matrix product.
    let wide = parabolas(2_000, 20);
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let wide_flow = Flow::builder(20).rotation(20).marginal(4).rotation(20).marginal(4);
    let wide_flow = wide_flow.build(wide.as_ref(), &mut rng)?;
    let wide_run = || trained(&wide_flow, &wide, &TrainOptions { epochs: 3, ..options.clone() });

    let greedy_run = || greedy(&wide);
    let counts: Vec<String> = pools.iter().map(|p| p.current_num_threads().to_string()).collect();
    let threads = format!("{} threads", counts.join(" and "));
    let row = |what: &str, how: &str| Row::new(format!("bits of a seed: {what}"), how, "");
    let identical = Some(Goal::AtMost(0.0));
    let mut rows = vec![
        row("the demo's training, log_prob, samples", &threads)
            .measured(over_threads(pools, &demo_run)?, identical),
        row("training with 20 columns, full rotations", &threads)
            .measured(over_threads(pools, &wide_run)?, identical),
        row("RBIG, 20 columns", &threads).measured(over_threads(pools, &greedy_run)?, identical),
    ];

    let vectors: Vec<Backend> =
        Backend::all().into_iter().filter(|b| backend::name(*b) != "scalar").collect();
    if let [first, others @ ..] = &vectors[..]
        && !others.is_empty()
    {
        let reference = on(*first, &pools[0], &demo_run)?;
        let mut largest = 0.0_f64;
        for other in others {
            largest = largest.max(difference(&reference, &on(*other, &pools[0], &demo_run)?));
        }
        let names: Vec<String> = vectors.iter().map(|b| backend::name(*b)).collect();
        rows.push(
            row("the demo's training, log_prob, samples", &names.join(" and "))
                .measured(largest, identical),
        );
    }

    // Other arithmetic: the same flow's log-densities, each to max(1, |value|).
    let scalar = Backend::all()[Backend::all().len() - 1];
    let log_prob = || Ok(demo.start.log_prob(demo.data.as_ref())?);
    let reference = on(Backend::best(), &pools[0], &log_prob)?;
    let largest = difference(&reference, &on(scalar, &pools[0], &log_prob)?);
    rows.push(
        Row::new("log_prob of other arithmetic, relative to max(1, |value|)", "scalar", "")
            .measured(largest, Some(Goal::AtMost(1e-12))),
    );
    Ok(rows)
}

fn trained(start: &Flow, x: &Mat<f64>, options: &TrainOptions) -> anyhow::Result<Numbers> {
    let mut flow = start.clone();
    train(&mut flow, x.as_ref(), None, options, &mut ())?;
    numbers(&flow, x)
}

fn greedy(x: &Mat<f64>) -> anyhow::Result<Numbers> {
    let options = blocks(3, RbigOptions::default());
    let fitted = fit(x.as_ref(), &options, &mut ())?;
    numbers(&fitted.flow, x)
}

fn numbers(flow: &Flow, x: &Mat<f64>) -> anyhow::Result<Numbers> {
    let mut numbers = flow.params().to_vec();
    numbers.extend(flow.log_prob(x.as_ref())?);
    let samples = flow.sample(SAMPLES, &mut ChaCha8Rng::seed_from_u64(1));
    numbers.extend(samples.col_iter().flat_map(|column| column.iter().copied()));
    Ok(numbers)
}

/// The largest difference between the first pool's numbers and any other's.
fn over_threads(
    pools: &[ThreadPool],
    run: &(dyn Fn() -> anyhow::Result<Numbers> + Sync),
) -> anyhow::Result<f64> {
    let reference = pools[0].install(run)?;
    let mut largest = 0.0_f64;
    for pool in &pools[1..] {
        largest = largest.max(difference(&reference, &pool.install(run)?));
    }
    Ok(largest)
}

/// On one instruction set: the choice holds for a thread, so there is only one.
fn on(
    backend: Backend,
    one: &ThreadPool,
    run: &(dyn Fn() -> anyhow::Result<Numbers> + Sync),
) -> anyhow::Result<Numbers> {
    one.install(|| backend.scope(run))
}

/// The largest |a - b| over max(1, |a|); 0 for identical bits alone, infinite for a NaN or another
/// number of numbers.
fn difference(a: &[f64], b: &[f64]) -> f64 {
    if a.len() != b.len() {
        return f64::INFINITY;
    }
    let one = |(a, b): (&f64, &f64)| {
        let apart = (a - b).abs() / a.abs().max(1.0);
        match a.to_bits() == b.to_bits() {
            true => 0.0,
            false if apart.is_nan() => f64::INFINITY,
            false => apart.max(f64::MIN_POSITIVE), // 0.0 and -0.0 differ too
        }
    };
    a.iter().zip(b).map(one).fold(0.0, f64::max)
}
