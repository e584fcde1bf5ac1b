//! The mixture's gradient against its definition and against central differences, near, in gaps
//! and far out, where the rows take the path in log space.

mod support;

use gauss_math::mixture::{Gradient, Mixture};
use gauss_math::normal::{SQRT_2PI, log_cdf};
use gauss_math::simd::LOGICAL_LANES;
use proptest::prelude::*;
use support::strategies::{cases, mixture, place};
use support::{EPS, Params, log_sum_exp, naive_mills};

/// One row's loss is z_bar·z + log_det_bar·ln dz/dx; its gradient.
#[derive(Debug)]
struct RowGradient {
    x: f64,
    /// logits, means, ln σ: `[3][K]`
    params: Vec<f64>,
}

/// The gradient over the rows whose bars are not both 0; the others are padding.
fn gradient(
    mixture: &Mixture,
    x: &[f64],
    z_bar: &[f64],
    log_det_bar: &[f64],
) -> (Vec<f64>, Vec<f64>) {
    let (n, k) = (x.len(), mixture.len());
    let (mut z, mut log_det) = (vec![0.0; n], vec![0.0; n]);
    let mut tape = vec![f64::NAN; Mixture::tape_len(k) * n];
    let mut x_bar = vec![f64::NAN; n];
    mixture.forward_with_tape(x, &mut z, &mut log_det, &mut tape);
    let mut params = vec![0.0; 3 * k];
    let (logits, rest) = params.split_at_mut(k);
    let (means, log_sigmas) = rest.split_at_mut(k);
    let grad = &mut Gradient { logits, means, log_sigmas };
    let mut work = vec![f64::NAN; 3 * n];
    mixture.backward(x, &z, &tape, z_bar, log_det_bar, &mut x_bar, &mut work, grad);
    (x_bar, params)
}

fn row_gradient(mixture: &Mixture, x: f64, z_bar: f64, log_det_bar: f64) -> RowGradient {
    let first = |bar: f64| {
        let mut bars = [0.0; LOGICAL_LANES];
        bars[0] = bar;
        bars
    };
    let x = [x; LOGICAL_LANES];
    let (x_bar, params) = gradient(mixture, &x, &first(z_bar), &first(log_det_bar));
    RowGradient { x: x_bar[0], params }
}

/// The gradient by the formulas of `backward.rs`, every quotient in logarithms; beside each
/// number the sum of its terms' absolute values. Last: x.
fn naive_gradient(p: &Params, x: f64, z_bar: f64, l_bar: f64) -> Vec<(f64, f64)> {
    let k = p.means.len();
    let w = p.log_weights();
    let (z, log_slope) = p.mixture().gaussianize(x);
    let side = if z <= 0.0 { 1.0 } else { -1.0 };
    let sigma: Vec<f64> = p.log_sigmas.iter().map(|l| l.exp()).collect();
    let t: Vec<f64> = (0..k).map(|i| (x - p.means[i]) / sigma[i]).collect();
    let log_f: Vec<f64> = (0..k).map(|i| w[i] - p.log_sigmas[i] - 0.5 * t[i] * t[i]).collect();
    let log_p: Vec<f64> = (0..k).map(|i| w[i] + log_cdf(side * t[i])).collect();
    let (f, tail) = (log_sum_exp(&log_f), log_sum_exp(&log_p));
    let slope = log_slope.exp();
    let p_over_phi = SQRT_2PI * naive_mills(z.abs());
    let mut out = vec![(0.0, 0.0); 3 * k + 1];
    for i in 0..k {
        let r = (log_f[i] - f).exp();
        let add = |out: &mut (f64, f64), term: f64| {
            out.0 += term;
            out.1 += term.abs();
        };
        let tail_share = (log_p[i] - tail).exp();
        // A = z̄ + l̄ z may cancel: its parts count apart.
        for a in [z_bar, l_bar * z] {
            add(&mut out[i], a * side * p_over_phi * tail_share);
            add(&mut out[i], -a * side * p_over_phi * w[i].exp());
            add(&mut out[k + i], -a * slope * r);
            add(&mut out[3 * k], a * slope * r);
            add(&mut out[2 * k + i], -a * slope * r * t[i] * sigma[i]);
        }
        add(&mut out[i], l_bar * r);
        add(&mut out[i], -l_bar * w[i].exp());
        add(&mut out[k + i], l_bar * r * t[i] / sigma[i]);
        add(&mut out[3 * k], -l_bar * r * t[i] / sigma[i]);
        add(&mut out[2 * k + i], l_bar * r * t[i] * t[i]);
        add(&mut out[2 * k + i], -l_bar * r);
    }
    out
}

/// The smallest |t|: -t²/2 of it is the size of the logarithms that the oracle exponentiates.
fn least_t(p: &Params, x: f64) -> f64 {
    let t = p.means.iter().zip(&p.log_sigmas).map(|(m, l)| ((x - m) / l.exp()).abs());
    t.fold(f64::INFINITY, f64::min)
}

/// A component beyond 37 σ keeps 5e-298 of its height in the vector path (see `TINY_SLOPE`): that
/// much of all terms together is nothing.
const CLAMP: f64 = 1e-30;

proptest! {
    #![proptest_config(cases(1500))]

    #[test]
    fn the_gradient_is_what_its_formulas_say(
        params in mixture(),
        places in prop::collection::vec(place(), 1..20),
        z_bar in -3.0..3.0_f64,
        l_bar in prop_oneof![Just(-1.0), Just(0.0), -2.0..2.0_f64],
    ) {
        let mixture = params.mixture();
        for place in places {
            let x = place.x(&params);
            let t = least_t(&params, x);
            if t > 2e3 {
                continue; // the oracle's e^(ln f_k - ln f) has lost its digits there
            }
            // Logarithms of size t²/2 (and of the faintest weight, 700) are exponentiated.
            let tol = 16.0 * EPS * (t * t + 800.0);
            let got = row_gradient(&mixture, x, z_bar, l_bar);
            let want = naive_gradient(&params, x, z_bar, l_bar);
            let clamp = CLAMP * want.iter().map(|(_, terms)| terms).sum::<f64>();
            let got = got.params.iter().chain([&got.x]);
            for (i, (got, (want, terms))) in got.zip(want).enumerate() {
                prop_assert!((got - want).abs() <= tol * terms + clamp + f64::MIN_POSITIVE,
                    "x {x:e}, number {i}: {got:e}, not {want:e} (terms of {terms:e})");
            }
        }
    }

    #[test]
    fn the_gradient_is_that_of_central_differences(
        params in mixture(),
        places in prop::collection::vec(place(), 1..8),
        z_bar in -3.0..3.0_f64,
        l_bar in prop_oneof![Just(-1.0), Just(0.0), -2.0..2.0_f64],
    ) {
        for place in places {
            let x = place.x(&params);
            if least_t(&params, x) <= 100.0 {
                check_differences(&params, x, z_bar, l_bar)?;
            }
        }
    }

    /// A batch is the sum of its rows, each with bars of its own, whatever is in the padding.
    #[test]
    fn a_batch_is_the_sum_of_its_rows(
        params in mixture(),
        rows in prop::collection::vec(
            (place(), -3.0..3.0_f64, prop_oneof![Just(-1.0), Just(0.0), -2.0..2.0_f64]), 1..40),
        padding in prop_oneof![Just(0.0), Just(1e9), Just(-1e9), -5.0..5.0_f64],
    ) {
        // Sums of at most 40 terms, in another order.
        const SUM_TOL: f64 = 64.0 * EPS;
        let mixture = params.mixture();
        let mut x: Vec<f64> = rows.iter().map(|(place, ..)| place.x(&params)).collect();
        let mut z_bar: Vec<f64> = rows.iter().map(|row| row.1).collect();
        let mut log_det_bar: Vec<f64> = rows.iter().map(|row| row.2).collect();
        let rows = x.len();
        let n = rows.next_multiple_of(LOGICAL_LANES);
        x.resize(n, padding);
        z_bar.resize(n, 0.0);
        log_det_bar.resize(n, 0.0);
        let (x_bar, sums) = gradient(&mixture, &x, &z_bar, &log_det_bar);
        let mut want = vec![(0.0, 0.0); sums.len()];
        for i in 0..rows {
            let one = row_gradient(&mixture, x[i], z_bar[i], log_det_bar[i]);
            prop_assert_eq!(one.x.to_bits(), x_bar[i].to_bits());
            // The parts of a row's terms are summed apart: each counts with its size.
            let terms = naive_gradient(&params, x[i], z_bar[i], log_det_bar[i]);
            for ((w, g), (_, terms)) in want.iter_mut().zip(one.params).zip(terms) {
                *w = (w.0 + g, w.1 + terms);
            }
        }
        let clamp = CLAMP * want.iter().map(|(_, terms)| terms).sum::<f64>();
        for (j, (got, (want, terms))) in sums.iter().zip(want).enumerate() {
            prop_assert!((got - want).abs() <= SUM_TOL * terms + clamp, "{j}: {got:e}, {want:e} ({terms:e})");
        }
    }
}

/// Compares one row's gradient with fourth-order central differences of `gaussianize`.
fn check_differences(params: &Params, x: f64, z_bar: f64, l_bar: f64) -> Result<(), TestCaseError> {
    /// The step, in the parameter's natural unit: its fourth power is ε.
    const STEP: f64 = 1e-4;
    /// The fifth derivative over the first, times STEP⁴ = 1e-16: far flanks bend by powers of t.
    const TRUNCATION: f64 = 1e-8;
    /// Relative error of z and of ln dz/dx between neighbouring arguments; golden.rs's budget.
    const NOISE: f64 = 32.0 * EPS;

    let k = params.means.len();
    let loss = |p: &Params, x: f64| {
        let (z, log_slope) = p.mixture().gaussianize(x);
        let loss = z_bar * z + l_bar * log_slope;
        (loss, z_bar.abs() * z.abs().max(1.0) + l_bar.abs() * log_slope.abs().max(1.0))
    };
    let got = row_gradient(&params.mixture(), x, z_bar, l_bar);
    let terms = naive_gradient(params, x, z_bar, l_bar);
    for (i, (got_i, (_, terms))) in got.params.iter().chain([&got.x]).zip(terms).enumerate() {
        // Steps small enough that no exponent -t²/2 changes by more than STEP or so.
        let sigma = |c: usize| params.log_sigmas[c].exp();
        let t = |c: usize| ((x - params.means[c]) / sigma(c)).abs().clamp(1.0, 400.0);
        let unit = match i / k {
            0 => 1.0,
            1 => sigma(i % k) / t(i % k),
            2 => 1.0 / (t(i % k) * t(i % k)),
            _ => (0..k).map(|c| sigma(c) / t(c)).fold(f64::INFINITY, f64::min),
        };
        // Where the numbers are too coarse for such a step there is nothing to be compared.
        let value = if i / k == 1 { params.means[i % k] } else { x };
        if (i / k == 1 || i / k == 3) && STEP * unit < 1e4 * EPS * value.abs() {
            continue;
        }
        let at = |steps: f64| {
            let mut p = params.clone();
            let (mut moved, to) = (x, steps * STEP * unit);
            // The step as it is after rounding, so that its own rounding does not count.
            let (before, after) = match i / k {
                0 => {
                    let b = p.logits[i];
                    p.logits[i] += to;
                    (b, p.logits[i])
                }
                1 => {
                    let b = p.means[i % k];
                    p.means[i % k] += to;
                    (b, p.means[i % k])
                }
                2 => {
                    let b = p.log_sigmas[i % k];
                    p.log_sigmas[i % k] += to;
                    (b, p.log_sigmas[i % k])
                }
                _ => {
                    moved += to;
                    (x, moved)
                }
            };
            (loss(&p, moved), after - before)
        };
        let slope = |s: f64| {
            let (((hi, noise), right), ((lo, _), left)) = (at(s), at(-s));
            ((hi - lo) / (right - left), noise * NOISE / (right - left))
        };
        let ((one, noise), (two, _)) = (slope(1.0), slope(2.0));
        let difference = (4.0 * one - two) / 3.0;
        // x and μ are rounded where they are large beside the step: the two slopes then differ.
        let tol = TRUNCATION * terms + 4.0 * noise + 1e-4 * (one - two).abs();
        prop_assert!(
            (got_i - difference).abs() <= tol,
            "x {x:e}, number {i}: {got_i:e}, not {difference:e} (± {tol:e}); {params:?}"
        );
    }
    Ok(())
}

/// Rows beyond 37 σ and rows in a gap are done in log space: they are tried by name.
#[test]
fn far_rows_have_the_right_gradient_too() {
    let params = Params {
        logits: vec![0.2, -0.3, 0.1],
        means: vec![-100.0, 0.5, 100.0],
        log_sigmas: vec![0.3, -0.5, 0.0],
    };
    let mixture = params.mixture();
    for x in [-200.0, -160.0, -45.0, -40.0, 40.0, 50.0, 60.0, 138.0, 145.0, 180.0] {
        let least = mixture.log_cdf(x).min(mixture.log_sf(x)).min(mixture.log_pdf(x));
        assert!(least < f64::ln(1e-280), "{x} is no far row");
        for (z_bar, l_bar) in [(1.0, 0.0), (0.0, -1.0), (-0.7, -1.0)] {
            check_differences(&params, x, z_bar, l_bar).expect("within bounds");
        }
    }
}

/// z = (x - μ)/σ, ln dz/dx = -ln σ: the gradient of one component is known exactly.
#[test]
fn one_component_out_to_a_million_sigma() {
    for (mean, log_sigma) in [(0.0_f64, 0.0_f64), (3.0, -9.0), (-2.0, 9.0)] {
        let mixture = Mixture::new(&[0.4], &[mean], &[log_sigma]);
        for t in [-1e6, -1e3, -37.5, -5.0, 0.25, 7.0, 36.9, 50.0, 1e5] {
            let sigma = log_sigma.exp();
            let x = mean + t * sigma;
            let t = (x - mean) / sigma;
            let g = row_gradient(&mixture, x, 0.7, -1.0);
            let want = [0.0, -0.7 / sigma, -0.7 * t + 1.0, 0.7 / sigma];
            // l̄ t enters x̄ and μ̄ twice and cancels: terms of t (t² for ln σ).
            let size = 1.0 + t.abs();
            let scale = [1.0 + 1.0 / size, size / sigma, size * size, size / sigma];
            let got = g.params.iter().chain([&g.x]);
            for ((got, want), scale) in got.zip(want).zip(scale) {
                assert!((got - want).abs() <= 64.0 * EPS * scale, "t {t}: {got:e}, not {want:e}");
            }
        }
    }
}
