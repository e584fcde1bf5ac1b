//! The demonstration's flow: its joint training, its density over a grid, its samples, and the
//! inverse of its marginal maps on them.

use crate::backend;
use crate::clock::{Effort, least, timed};
use crate::fma::Limits;
use crate::kernels::K;
use crate::operations;
use crate::report::{Goal, Row};
use anyhow::Context;
use faer::MatRef;
use gauss_cli::demo::{JointTraining, SAMPLES, density_grid};
use gauss_cli::words::counted;
use gauss_flow::{Flow, LayerSpec, train};
use gauss_math::mixture::{Inverter, Mixture};
use gauss_math::simd::Backend;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::ThreadPool;
use std::hint::black_box;

/// Rows of a block, as the flow cuts them.
const ROWS: usize = 128;

/// Trains from the warm start: the flow, and the seconds of the training alone.
pub fn run(demo: &JointTraining) -> anyhow::Result<(Flow, f64)> {
    let mut flow = demo.start.clone();
    let (trained, seconds) =
        timed(|| train(&mut flow, demo.data.as_ref(), None, &demo.options, &mut ()));
    trained?;
    Ok((flow, seconds))
}

/// Marginal maps of one row of the flow.
fn maps(flow: &Flow) -> usize {
    let marginal = |l: &&LayerSpec| matches!(l, LayerSpec::Marginal { components: K });
    flow.dim() * flow.layers().iter().filter(marginal).count()
}

/// Measures it on one and on two threads.
pub fn measure(
    limits: &Limits,
    one: &ThreadPool,
    two: &ThreadPool,
    effort: Effort,
) -> anyhow::Result<Vec<Row>> {
    let demo = JointTraining::new(0)?;
    let best = Backend::best();
    let (flow, _) = run(&demo)?;
    let mut rows = Vec::new();

    let passes = (demo.options.epochs * demo.data.nrows() * maps(&flow)) as f64;
    let operations = passes * operations::forward_and_backward(K) as f64;
    for (pool, goal) in [(one, 0.35), (two, 0.22)] {
        let threads = pool.current_num_threads();
        let seconds = least(effort.repeats, || pool.install(|| run(&demo)).map(|(_, s)| s))?;
        rows.push(
            Row::new("joint training of the demo, 200 epochs", counted(threads, "thread"), "s")
                .measured(seconds, Some(Goal::AtMost(goal)))
                .share(operations, seconds, limits.of(best, threads))
                .note("5,000 × 2, 8 blocks, K = 8; the marginal layers' operations"),
        );
    }

    let grid = density_grid();
    let seconds = least(5 * effort.repeats, || {
        let (log_p, seconds) = two.install(|| timed(|| flow.log_prob(grid.as_ref())));
        log_p.map(|log_p| drop(black_box(log_p)))?;
        anyhow::Ok(seconds)
    })?;
    let operations = (grid.nrows() * maps(&flow) * operations::forward(K)) as f64;
    rows.push(
        Row::new("log_prob of 48,400 grid points", counted(2, "thread"), "ms")
            .measured(1e3 * seconds, Some(Goal::AtMost(6.0)))
            .share(operations, seconds, limits.of(best, 2))
            .note("Keras: 78 to 100 ms"),
    );

    let draw = || flow.sample(SAMPLES, &mut ChaCha8Rng::seed_from_u64(1));
    let seconds = least(5 * effort.repeats, || {
        let (samples, seconds) = two.install(|| timed(draw));
        drop(black_box(samples));
        anyhow::Ok(seconds)
    })?;
    rows.push(
        Row::new("5,000 samples", counted(2, "thread"), "ms")
            .measured(1e3 * seconds, Some(Goal::AtMost(5.0)))
            .note("Keras: 139 to 390 ms"),
    );
    inverse(&flow, draw().as_ref(), effort, &mut rows)?;
    Ok(rows)
}

/// One marginal map of the flow, and the z that the flow's samples have after it.
struct Map {
    mixture: Mixture,
    inverter: Inverter,
    z: Vec<f64>,
}

/// Every marginal map of the flow.
fn marginal_maps(flow: &Flow, samples: MatRef<'_, f64>) -> anyhow::Result<Vec<Map>> {
    let states = flow.forward_with_intermediates(samples)?;
    let mut maps = Vec::new();
    for (layer, spec) in flow.layers().iter().enumerate() {
        let LayerSpec::Marginal { components } = *spec else { continue };
        let params = flow.layer_params(layer);
        let part = |which: usize, column: usize| {
            &params[(which * flow.dim() + column) * components..][..components]
        };
        for column in 0..flow.dim() {
            let mixture = Mixture::new(part(0, column), part(1, column), part(2, column));
            let inverter = Inverter::new(&mixture);
            let z = states[layer + 1].col(column).iter().copied().collect();
            maps.push(Map { mixture, inverter, z });
        }
    }
    Ok(maps)
}

/// The inverse per value, and how many evaluations of the map it takes.
fn inverse(
    flow: &Flow,
    samples: MatRef<'_, f64>,
    effort: Effort,
    rows: &mut Vec<Row>,
) -> anyhow::Result<()> {
    let maps = marginal_maps(flow, samples)?;
    let values = maps.iter().map(|m| m.z.len()).sum::<usize>() as f64;
    let mut x = vec![0.0; ROWS];
    for backend in Backend::all() {
        let seconds = backend.scope(|| {
            least(5 * effort.repeats, || {
                let ((), seconds) = timed(|| {
                    for map in &maps {
                        for z in map.z.chunks(ROWS) {
                            map.inverter.invert(&map.mixture, z, &mut x[..z.len()]);
                            black_box(&x);
                        }
                    }
                });
                anyhow::Ok(seconds)
            })
        })?;
        // The goal names no instruction set: it is that of the widest.
        let is_best = backend.name() == Backend::best().name();
        let goal = is_best.then_some(Goal::AtMost(150.0));
        rows.push(
            Row::new(
                "inverse, per value, on the model's samples",
                format!("{}, 1 thread", backend::name(backend)),
                "ns",
            )
            .measured(1e9 * seconds / values, goal),
        );
    }

    // Each value alone, so that each has a count of its own.
    let mut counts: Vec<usize> = Vec::new();
    for map in &maps {
        let count = |&z: &f64| map.inverter.invert(&map.mixture, &[z], &mut [0.0]);
        counts.extend(map.z.iter().map(count));
    }
    let most = *counts.iter().max().context("the flow has marginal maps")?;
    let mean = counts.iter().sum::<usize>() as f64 / values;
    let above = counts.iter().filter(|&&c| c > 3).count();
    rows.push(
        Row::new("inverse, evaluations of the map, the most of all values", "any", "")
            .measured(most as f64, Some(Goal::AtMost(3.0)))
            .note(format!("mean {mean:.2}; {above} of {} above 3", counted(counts.len(), "value"))),
    );
    Ok(())
}
