//! The kernels, one thread, over a block that stays in the cache: nanoseconds per element on
//! every instruction set of the processor, and of plain `std` and `libm` code.

use crate::backend;
use crate::clock::{Effort, least_per_call};
use crate::fma::Limits;
use crate::operations;
use crate::plain;
use crate::report::{Goal, Row};
use gauss_math::mixture::{Gradient, Mixture};
use gauss_math::simd::Backend;
use gauss_math::slice;
use serde::Serialize;
use std::hint::black_box;

/// Rows of a block, as the flow cuts them.
const ROWS: usize = 128;
/// Components.
pub const K: usize = 8;
/// How the report calls code without vectors.
const PLAIN: &str = "std and libm";

/// One kernel, and the same in plain code.
struct Kernel {
    what: &'static str,
    /// Elements of a call, and counted operations of a call.
    elements: usize,
    operations: usize,
    /// Nanoseconds an element on AVX-512 and on AVX2.
    goals: Option<(f64, f64)>,
    call: Box<dyn FnMut()>,
    plain: Box<dyn FnMut()>,
}

/// A kernel's nanoseconds per element wherever it was measured.
#[derive(Serialize)]
pub struct Yardstick {
    /// The kernel.
    pub what: &'static str,
    /// Of a call, counted, per element.
    pub operations: f64,
    /// Instruction set (or plain code), nanoseconds per element, share of its limit.
    pub measured: Vec<(String, f64, Option<f64>)>,
}

/// Measures all of them.
pub fn measure(limits: &Limits, effort: Effort) -> (Vec<Row>, Vec<Yardstick>) {
    let mut rows = Vec::new();
    let mut yardsticks = Vec::new();
    for mut kernel in kernels() {
        let per_element = |seconds: f64| 1e9 * seconds / kernel.elements as f64;
        let mut measured = Vec::new();
        for backend in Backend::all() {
            let seconds = backend.scope(|| least_per_call(effort, &mut kernel.call));
            let limit = limits.of(backend, 1);
            let row = Row::new(kernel.what, format!("{}, 1 thread", backend::name(backend)), "ns");
            let goal = kernel.goals.and_then(|goals| backend::goal(backend, goals));
            let row = row.measured(per_element(seconds), goal.map(Goal::AtMost)).share(
                kernel.operations as f64,
                seconds,
                limit,
            );
            measured.push((backend::name(backend), per_element(seconds), row.share_of_limit));
            if goal.is_some() {
                rows.push(row);
            }
        }
        let seconds = least_per_call(effort, &mut kernel.plain);
        measured.push((PLAIN.to_owned(), per_element(seconds), None));
        let operations = kernel.operations as f64 / kernel.elements as f64;
        yardsticks.push(Yardstick { what: kernel.what, operations, measured });
    }
    (rows, yardsticks)
}

/// Evenly spaced in the open interval (lo, hi).
fn spaced(lo: f64, hi: f64) -> Vec<f64> {
    (0..ROWS).map(|i| lo + (hi - lo) * (i as f64 + 0.5) / ROWS as f64).collect()
}

fn kernels() -> Vec<Kernel> {
    let plain_map = |x: Vec<f64>, f: fn(f64) -> f64| -> Box<dyn FnMut()> {
        let mut out = vec![0.0; ROWS];
        Box::new(move || {
            for (x, out) in black_box(&x).iter().zip(&mut out) {
                *out = f(*x);
            }
            black_box(&out);
        })
    };
    let map = |x: Vec<f64>, f: fn(&[f64], &mut [f64])| -> Box<dyn FnMut()> {
        let mut out = vec![0.0; ROWS];
        Box::new(move || {
            f(black_box(&x), &mut out);
            black_box(&out);
        })
    };
    let (x, p) = (spaced(-4.0, 4.0), spaced(0.0, 0.5));
    let elementary = |what, operations, goals, call, plain| Kernel {
        what,
        elements: ROWS,
        operations: ROWS * operations,
        goals,
        call,
        plain,
    };
    vec![
        elementary(
            "φ with both tails of Φ, per element",
            operations::PDF_AND_TAIL,
            Some((0.9, 1.8)),
            pdf_and_tail(x.clone()),
            plain_pdf_and_tail(x.clone()),
        ),
        elementary(
            "Φ⁻¹, per element",
            operations::QUANTILE,
            Some((1.6, 3.2)),
            map(p.clone(), slice::upper_quantile),
            plain_map(p.clone(), plain::upper_quantile),
        ),
        forward(),
        forward_and_backward(),
        elementary(
            "e^x, per element",
            operations::EXP,
            None,
            map(x.clone(), slice::exp),
            plain_map(x, f64::exp),
        ),
        elementary(
            "ln x, per element",
            operations::LN,
            None,
            map(p.clone(), slice::ln),
            plain_map(p, f64::ln),
        ),
    ]
}

/// φ and Φ(-|x|); the other tail is 1 minus this one, and costs the caller a difference.
fn pdf_and_tail(x: Vec<f64>) -> Box<dyn FnMut()> {
    let (mut pdf, mut tail) = (vec![0.0; ROWS], vec![0.0; ROWS]);
    Box::new(move || {
        slice::pdf_and_tail(black_box(&x), &mut pdf, &mut tail);
        black_box((&pdf, &tail));
    })
}

fn plain_pdf_and_tail(x: Vec<f64>) -> Box<dyn FnMut()> {
    let mut out = vec![(0.0, 0.0); ROWS];
    Box::new(move || {
        for (x, out) in black_box(&x).iter().zip(&mut out) {
            *out = plain::pdf_and_tail(*x);
        }
        black_box(&out);
    })
}

/// Means and ln σ of a mixture with equal weights over (-3, 3).
fn parameters() -> ([f64; K], [f64; K], [f64; K]) {
    let means = std::array::from_fn(|k| 0.6 * k as f64 - 2.0);
    let log_sigmas = std::array::from_fn(|k| -1.0 + 0.1 * k as f64);
    ([0.0; K], means, log_sigmas)
}

fn mixture() -> Mixture {
    let (logits, means, log_sigmas) = parameters();
    Mixture::new(&logits, &means, &log_sigmas)
}

fn plain_mixture() -> plain::Mixture {
    let (_, means, log_sigmas) = parameters();
    plain::Mixture {
        weights: vec![1.0 / K as f64; K],
        means: means.to_vec(),
        sigmas: log_sigmas.iter().map(|l| l.exp()).collect(),
    }
}

fn forward() -> Kernel {
    let (mixture, plain) = (mixture(), plain_mixture());
    let (x, x_plain) = (spaced(-3.0, 3.0), spaced(-3.0, 3.0));
    let (mut z, mut log_det) = (vec![0.0; ROWS], vec![0.0; ROWS]);
    let mut out = vec![(0.0, 0.0); ROWS];
    Kernel {
        what: "marginal layer, K = 8, forward, per sample · dim · component",
        elements: ROWS * K,
        operations: ROWS * operations::forward(K),
        goals: Some((1.5, 3.0)),
        call: Box::new(move || {
            mixture.forward(black_box(&x), &mut z, &mut log_det);
            black_box((&z, &log_det));
        }),
        plain: Box::new(move || {
            for (x, out) in black_box(&x_plain).iter().zip(&mut out) {
                let at = plain.forward(*x);
                *out = (at.z, at.log_det);
            }
            black_box(&out);
        }),
    }
}

fn forward_and_backward() -> Kernel {
    let (mixture, plain) = (mixture(), plain_mixture());
    let (x, x_plain) = (spaced(-3.0, 3.0), spaced(-3.0, 3.0));
    let (mut z, mut log_det, mut x_bar) = (vec![0.0; ROWS], vec![0.0; ROWS], vec![0.0; ROWS]);
    let mut tape = vec![0.0; Mixture::tape_len(K) * ROWS];
    let mut work = vec![0.0; 3 * ROWS];
    let mut sums = [[0.0; K]; 3];
    let mut plain_sums = plain::Gradient::zeros(K);
    let mut out = vec![0.0; ROWS];
    let log_det_bar = [-1.0; ROWS];
    Kernel {
        what: "marginal layer, K = 8, forward + backward, per sample · dim · component",
        elements: ROWS * K,
        operations: ROWS * operations::forward_and_backward(K),
        goals: Some((2.0, 3.8)),
        call: Box::new(move || {
            mixture.forward_with_tape(black_box(&x), &mut z, &mut log_det, &mut tape);
            let [logits, means, log_sigmas] = &mut sums;
            let grad = &mut Gradient { logits, means, log_sigmas };
            // Of the loss ½z² - ln dz/dx, as in training: z̄ = z.
            mixture.backward(&x, &z, &tape, &z, &log_det_bar, &mut x_bar, &mut work, grad);
            black_box(&x_bar);
        }),
        plain: Box::new(move || {
            for (x, out) in black_box(&x_plain).iter().zip(&mut out) {
                let at = plain.forward(*x);
                *out = plain.backward(*x, &at, at.z, -1.0, &mut plain_sums);
            }
            black_box(&out);
        }),
    }
}
