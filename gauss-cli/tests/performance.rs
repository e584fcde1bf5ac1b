//! The parts of the benchmark that can be wrong without anyone noticing: the yardstick must compute
//! what the kernels do, and verdicts, exponents and dates must be right.

#![allow(dead_code)] // the benchmark uses the rest

#[path = "../benches/performance/backend.rs"]
mod backend;
#[path = "../benches/performance/fit.rs"]
mod fit;
#[path = "../benches/performance/machine.rs"]
mod machine;
#[path = "../benches/performance/plain.rs"]
mod plain;
#[path = "../benches/performance/report.rs"]
mod report;

use gauss_math::mixture::{Gradient, Mixture};
use report::Goal;

/// Of plain code: libm's erfc is good to a few ε, times t² in a tail.
const PLAIN_TOL: f64 = 1e-12;

#[test]
fn plain_functions_are_those_of_the_kernels() {
    for i in -40..=40 {
        let x = 0.1 * f64::from(i);
        let (mut pdf, mut tail) = ([0.0], [0.0]);
        gauss_math::slice::pdf_and_tail(&[x], &mut pdf, &mut tail);
        let plain = plain::pdf_and_tail(x);
        assert!((plain.0 / pdf[0] - 1.0).abs() < PLAIN_TOL, "{x}");
        assert!((plain.1 / tail[0] - 1.0).abs() < PLAIN_TOL, "{x}");
        let z = plain::upper_quantile(tail[0]);
        assert!((z - x.abs()).abs() < PLAIN_TOL, "{x}: {z}");
    }
}

#[test]
fn the_plain_mixture_is_that_of_the_kernels() {
    let (logits, means, log_sigmas) = ([0.3_f64, -0.5, 0.1], [-1.5, 0.2, 2.0], [-0.4, -1.0, 0.3]);
    let mixture = Mixture::new(&logits, &means, &log_sigmas);
    let total: f64 = logits.iter().map(|l| l.exp()).sum();
    let plain = plain::Mixture {
        weights: logits.iter().map(|l| l.exp() / total).collect(),
        means: means.to_vec(),
        sigmas: log_sigmas.iter().map(|l| l.exp()).collect(),
    };
    let x: Vec<f64> = (0..16).map(|i| 0.5 * f64::from(i) - 3.5).collect();
    let z_bar: Vec<f64> = (0..16).map(|i| 0.3 - 0.1 * f64::from(i)).collect();
    let (mut z, mut log_det, mut x_bar) = ([0.0; 16], [0.0; 16], [0.0; 16]);
    let mut tape = vec![0.0; 16 * Mixture::tape_len(3)];
    let mut work = [0.0; 48];
    let mut sums = [[0.0; 3]; 3];
    mixture.forward_with_tape(&x, &mut z, &mut log_det, &mut tape);
    let [logits, means, log_sigmas] = &mut sums;
    let grad = &mut Gradient { logits, means, log_sigmas };
    mixture.backward(&x, &z, &tape, &z_bar, &[-0.7; 16], &mut x_bar, &mut work, grad);

    let mut plain_grad = plain::Gradient::zeros(3);
    for i in 0..16 {
        let at = plain.forward(x[i]);
        assert!((at.z - z[i]).abs() < PLAIN_TOL, "z at {}", x[i]);
        assert!((at.log_det - log_det[i]).abs() < PLAIN_TOL, "ln dz/dx at {}", x[i]);
        let own = plain.backward(x[i], &at, z_bar[i], -0.7, &mut plain_grad);
        assert!((own - x_bar[i]).abs() < PLAIN_TOL, "x̄ at {}: {own} {}", x[i], x_bar[i]);
    }
    let plain_sums = [plain_grad.logits, plain_grad.means, plain_grad.log_sigmas];
    for (own, kernel) in plain_sums.iter().flatten().zip(sums.iter().flatten()) {
        assert!((own - kernel).abs() < 16.0 * PLAIN_TOL, "{own} {kernel}");
    }
}

#[test]
fn an_exponent_is_that_of_its_power_law() {
    let points: Vec<(f64, f64)> =
        [1.0, 3.0, 10.0, 40.0].map(|x: f64| (x, 2.0 * x.powf(1.3))).into();
    assert!((fit::exponent(&points) - 1.3).abs() < 1e-12);
    let alone = fit::beside_fixed(&points);
    assert!((alone.exponent - 1.3).abs() < 0.01 && alone.fixed < 0.05, "{}", alone.fixed);
    // 10 + x grows like x, beside a fixed 10.
    let affine: Vec<(f64, f64)> = [1.0, 10.0, 100.0, 1000.0].map(|x| (x, 10.0 + x)).into();
    let beside = fit::beside_fixed(&affine);
    assert!(fit::exponent(&affine) < 0.75);
    assert!((beside.exponent - 1.0).abs() < 0.01 && (beside.fixed - 10.0).abs() < 0.1);
}

#[test]
fn verdicts_say_by_how_much() {
    let verdicts = [
        (Goal::AtMost(2.0), 1.5, "met by 25 %"),
        (Goal::AtMost(2.0), 2.5, "**missed** by 25 %"),
        (Goal::AtMost(2.0), 2.01, "**missed** by 0.5 %"),
        (Goal::AtMost(2.0), 0.01, "met: 0.0050 × the goal"),
        (Goal::AtMost(2.0), 5.0, "**missed**: 2.5 × the goal"),
        (Goal::AtLeast(0.6), 0.3, "**missed** by 50 %"),
        (Goal::AtLeast(0.6), 0.9, "met by 50 %"),
        (Goal::Within(0.95, 1.05), 1.0, "met"),
        (Goal::Within(0.95, 1.05), 0.9499, "**missed** by less than 0.1 %"),
        (Goal::Within(0.95, 1.05), 0.76, "**missed** by 20 %"),
        (Goal::Within(0.95, 1.05), 1.26, "**missed** by 20 %"),
        (Goal::AtMost(0.0), 0.0, "met"),
        (Goal::AtMost(0.0), 1e-16, "**missed**"),
    ];
    for (goal, measured, verdict) in verdicts {
        assert_eq!(goal.verdict(measured), verdict);
    }
    assert!(!Goal::AtMost(1.0).is_met(f64::NAN) && !Goal::AtLeast(1.0).is_met(f64::NAN));
}

#[test]
fn days_become_dates() {
    let dates =
        [(0, "1970-01-01"), (59, "1970-03-01"), (11_016, "2000-02-29"), (20_454, "2026-01-01")];
    for (days, date) in dates {
        assert_eq!(machine::date(days), date);
    }
}

#[test]
fn tables_keep_their_columns() {
    let rows = [["to max(1, |z|)", "**missed**"].map(str::to_owned).to_vec()];
    let page = report::markdown(&["what", "verdict"], &rows);
    assert_eq!(page, "| what | verdict |\n| --- | --- |\n| to max(1, \\|z\\|) | **missed** |\n");
    let terminal = report::aligned(&["what", "verdict"], &rows);
    assert_eq!(terminal, "what            verdict\nto max(1, |z|)  missed\n");
}
