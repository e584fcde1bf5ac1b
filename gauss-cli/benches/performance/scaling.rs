//! How the cost grows with the rows, with the components and with the blocks; all threads.
//!
//! The data are a noisy parabola in two columns; the flow is a greedy fit of the first 5,000 rows.
//! A curve is fitted as cost = a + c·size^b over all its points, and b judged: a is a part of the
//! cost that does not grow with the size (the per-value part of a marginal map beside its K
//! components, EM on a histogram beside the passes over the rows). The exponent of cost = c·size^b,
//! which such a part pulls below 1, is printed beside it.

use crate::clock::{Effort, least, timed};
use crate::fit::{BesideFixed, beside_fixed, exponent};
use crate::rbig;
use crate::report::{Goal, Row, quantity};
use faer::Mat;
use gauss_cli::plot::{Figure, ScalingCurve, ScalingCurves, ScalingPanel, scaling_curves};
use gauss_cli::words::grouped;
use gauss_flow::{Flow, TrainOptions, train};
use gauss_rbig::{RbigOptions, fit, recipe};
use serde::Serialize;
use std::hint::black_box;

/// Blocks of the flow, and components, where they are not what grows.
const BLOCKS: usize = 8;
const K: usize = 8;
/// Blocks of the greedy fit.
const GREEDY_BLOCKS: usize = 4;
/// Rows where they are not what grows.
const ROWS: usize = 100_000;
/// Rows that a flow's start is taken from.
const START_ROWS: usize = 5_000;

/// One cost over one kind of size.
#[derive(Serialize)]
pub struct Curve {
    /// The cost.
    pub what: &'static str,
    /// What grows: "rows", "components" or "blocks".
    pub over: &'static str,
    /// (size, seconds).
    pub points: Vec<(f64, f64)>,
    /// b of seconds = a·size^b, by least squares on logarithms.
    pub exponent: f64,
    /// Of seconds = fixed + c·size^exponent.
    pub beside_fixed: BesideFixed,
}

/// What is measured: its name, and the seconds at (data, rows used, components, blocks).
type Cost = (&'static str, fn(&Case<'_>) -> anyhow::Result<f64>);

const COSTS: [Cost; 3] = [("log_prob", log_prob), ("training, one epoch", epoch), ("RBIG", greedy)];

/// One point of a curve.
struct Case<'a> {
    x: &'a Mat<f64>,
    rows: usize,
    components: usize,
    blocks: usize,
    /// Of the greedy fit.
    greedy_blocks: usize,
    repeats: usize,
}

/// Measures all curves.
pub fn measure(effort: Effort) -> anyhow::Result<Vec<Curve>> {
    let (largest, repeats) = if effort.quick { (1_000_000, 2) } else { (10_000_000, 5) };
    let x = parabola(largest);
    let sizes: [usize; 7] = [10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000];
    let plain = Case {
        x: &x,
        rows: ROWS,
        components: K,
        blocks: BLOCKS,
        greedy_blocks: GREEDY_BLOCKS,
        repeats,
    };
    let mut curves = Vec::new();
    for cost in COSTS {
        let sizes = sizes.into_iter().filter(|&n| n <= largest);
        curves.push(curve(cost, "rows", sizes, |rows| Case {
            rows,
            // Short runs are disturbed more, and cost less to repeat.
            repeats: (repeats * 1_000_000 / rows).clamp(1, 10 * repeats),
            ..plain
        })?);
    }
    for cost in COSTS {
        let sizes = [2, 4, 8, 16, 32, 64].into_iter();
        curves.push(curve(cost, "components", sizes, |components| Case { components, ..plain })?);
    }
    for cost in COSTS {
        let sizes = [1, 2, 4, 8, 16, 32, 64].into_iter();
        let case = |blocks| Case { blocks, greedy_blocks: blocks, ..plain };
        curves.push(curve(cost, "blocks", sizes, case)?);
    }
    Ok(curves)
}

fn curve<'a>(
    (what, cost): Cost,
    over: &'static str,
    sizes: impl Iterator<Item = usize>,
    case: impl Fn(usize) -> Case<'a>,
) -> anyhow::Result<Curve> {
    let points = sizes.map(|size| Ok((size as f64, cost(&case(size))?)));
    let points = points.collect::<anyhow::Result<Vec<_>>>()?;
    let (exponent, beside_fixed) = (exponent(&points), beside_fixed(&points));
    Ok(Curve { what, over, points, exponent, beside_fixed })
}

fn parabola(rows: usize) -> Mat<f64> {
    Mat::from_fn(rows, 2, |i, j| {
        let t = 4.0 * (i as f64 * 0.754_877_666_246_692_7).fract() - 2.0;
        let noise = (i as f64 * 0.569_840_290_998_053_2).fract() - 0.5;
        if j == 0 { t } else { t * t - 1.0 + 0.3 * noise }
    })
}

/// Fitted, so that the rows go where a flow's rows go, and none takes a path of its own.
fn flow(case: &Case<'_>) -> anyhow::Result<Flow> {
    let x = case.x.get(..START_ROWS, ..);
    let options = RbigOptions {
        components: case.components,
        ..rbig::blocks(case.blocks, recipe::warm_start())
    };
    Ok(fit(x, &options, &mut ())?.flow)
}

fn log_prob(case: &Case<'_>) -> anyhow::Result<f64> {
    let (flow, x) = (flow(case)?, case.x.get(..case.rows, ..));
    least(case.repeats, || {
        let (log_p, seconds) = timed(|| flow.log_prob(x));
        black_box(log_p?);
        Ok(seconds)
    })
}

/// One epoch in batches of 512, without what comes before the first and after the last.
fn epoch(case: &Case<'_>) -> anyhow::Result<f64> {
    let x = case.x.get(..case.rows, ..);
    let epochs = case.repeats;
    let options = TrainOptions { epochs, learning_rate: 1e-6, ..TrainOptions::default() };
    let mut flow = flow(case)?;
    let history = train(&mut flow, x, None, &options, &mut ())?;
    let epochs = history.epochs.windows(2).map(|pair| pair[1].seconds - pair[0].seconds);
    Ok(epochs.fold(f64::INFINITY, f64::min))
}

fn greedy(case: &Case<'_>) -> anyhow::Result<f64> {
    let x = case.x.get(..case.rows, ..).to_owned();
    let options = RbigOptions {
        components: case.components,
        ..rbig::blocks(case.greedy_blocks, recipe::warm_start())
    };
    least(case.repeats, || rbig::run(&x, &options))
}

/// Each curve's exponent against the goal.
pub fn rows(curves: &[Curve]) -> Vec<Row> {
    let row = |curve: &Curve| {
        let (first, last) = (curve.points[0].0, curve.points[curve.points.len() - 1].0);
        let what = format!("exponent of {} in the {}", curve.what, curve.over);
        Row::new(what, "all threads", "")
            .measured(curve.beside_fixed.exponent, Some(Goal::Within(0.95, 1.05)))
            .note(format!(
                "{} to {}; beside a fixed {}; {:.2} of all",
                grouped(first as usize),
                grouped(last as usize),
                quantity(1e3 * curve.beside_fixed.fixed, "ms"),
                curve.exponent,
            ))
    };
    curves.iter().map(row).collect()
}

/// The curves as a figure.
pub fn figure(curves: &[Curve], machine: &str) -> Figure {
    let of = |over: &str| -> Vec<ScalingCurve<'_>> {
        let own = curves.iter().filter(|c| c.over == over).enumerate();
        own.map(|(color, c)| ScalingCurve {
            name: c.what,
            points: &c.points,
            color,
            exponent: c.beside_fixed.exponent,
        })
        .collect()
    };
    let (rows, components, blocks) = (of("rows"), of("components"), of("blocks"));
    let panel = |title, note, x_label, curves| ScalingPanel { title, note, x_label, curves };
    scaling_curves(&ScalingCurves {
        title: "Cost against size",
        subtitle: &format!("Seconds, two columns, all threads of {machine}"),
        panels: &[
            panel("Rows", "8 blocks (RBIG: 4), K = 8", "rows", &rows),
            panel("Components", "100,000 rows", "components K", &components),
            panel("Blocks", "100,000 rows, K = 8", "blocks", &blocks),
        ],
    })
}
