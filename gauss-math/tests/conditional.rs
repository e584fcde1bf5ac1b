//! The map with a row's own weights against the scalar [`Mixture`] of that row's parameters: values,
//! gradient, inverse, and the same bits on every instruction set.

mod support;

use gauss_math::conditional::{Conditional, Gradient, InverseWork, invert};
use gauss_math::mixture::{self, Mixture};
use gauss_math::simd::{Backend, LOGICAL_LANES};
use gauss_math::slice;
use proptest::prelude::*;
use support::backends::on_every_backend;
use support::strategies::{Place, any_number, cases, mixture, place};
use support::{EPS, Params};

/// The kernel's error and the oracle's: twice the 4.5 ε of `Mixture::gaussianize`, and the rounding
/// of weights that are normalised in another order.
const Z_TOL: f64 = 12.0 * EPS;
/// The same of its 32 ε.
const LOG_DET_TOL: f64 = 64.0 * EPS;

/// Rows of K components each: `[K][n]`.
struct Rows {
    params: Vec<Params>,
    x: Vec<f64>,
    log_weights: Vec<f64>,
    means: Vec<f64>,
    log_sigmas: Vec<f64>,
    u: Vec<f64>,
    log_slopes: Vec<f64>,
}

impl Rows {
    /// One row per place, filled up with the last one; no two rows' mixtures are the same, and their
    /// logits are not normalised alike.
    fn new(first: &Params, places: &[Place]) -> Self {
        let n = places.len().next_multiple_of(LOGICAL_LANES);
        let k = first.means.len();
        let row = |i: usize| {
            let mut p = first.clone();
            p.logits.rotate_left(i % k);
            p.logits.iter_mut().for_each(|l| *l += 100.0 * i as f64);
            p.means.iter_mut().for_each(|m| *m += 0.125 * i as f64);
            p.log_sigmas.rotate_left(i / 2 % k);
            p
        };
        let params: Vec<Params> = (0..n).map(row).collect();
        let place = |i: usize| places[i.min(places.len() - 1)];
        let x = (0..n).map(|i| place(i).x(&params[i])).collect();
        Self::of(params, x)
    }

    fn of(params: Vec<Params>, x: Vec<f64>) -> Self {
        let k = params[0].means.len();
        let columns = |of: fn(&Params) -> &Vec<f64>| -> Vec<f64> {
            (0..k).flat_map(|k| params.iter().map(move |p| of(p)[k])).collect()
        };
        let log_weights = columns(|p| &p.logits);
        let means = columns(|p| &p.means);
        let log_sigmas = columns(|p| &p.log_sigmas);
        let log_slopes: Vec<f64> = log_sigmas.iter().map(|l| -l).collect();
        let mut u = vec![0.0; means.len()];
        slice::exp(&log_slopes, &mut u);
        for (i, (u, mean)) in u.iter_mut().zip(&means).enumerate() {
            *u *= x[i % x.len()] - mean;
        }
        Self { params, x, log_weights, means, log_sigmas, u, log_slopes }
    }

    fn n(&self) -> usize {
        self.x.len()
    }

    fn kernel(&self) -> Conditional<'_> {
        Conditional { log_weights: &self.log_weights, u: &self.u, log_slopes: &self.log_slopes }
    }

    fn forward(&self) -> (Vec<f64>, Vec<f64>) {
        let (mut z, mut log_det) = (vec![f64::NAN; self.n()], vec![0.0; self.n()]);
        self.kernel().forward(&mut z, &mut log_det);
        (z, log_det)
    }

    /// z, ∂L/∂(log weights, u, log slopes) `[3][K][n]`.
    fn backward(&self, z_bar: &[f64], log_det_bar: &[f64]) -> (Vec<f64>, [Vec<f64>; 3]) {
        let (n, len) = (self.n(), self.u.len());
        let (mut z, mut log_det) = (vec![f64::NAN; n], vec![0.0; n]);
        let mut tape = vec![f64::NAN; Conditional::tape_len(len / n) * n];
        let kernel = self.kernel();
        kernel.forward_with_tape(&mut z, &mut log_det, &mut tape);
        let same = |a: &f64, b: &f64| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
        let (plain_z, plain_log_det) = self.forward();
        assert!(z.iter().zip(&plain_z).all(|(a, b)| same(a, b)), "the tape changes z");
        assert!(log_det.iter().zip(&plain_log_det).all(|(a, b)| same(a, b)));
        let mut grad = [0; 3].map(|_| vec![f64::NAN; len]);
        let [log_weights, u, log_slopes] = &mut grad;
        let into = &mut Gradient { log_weights, u, log_slopes };
        kernel.backward(&z, &tape, z_bar, log_det_bar, into);
        (z, grad)
    }

    fn invert(&self, z: &[f64]) -> Vec<f64> {
        let mut x = vec![f64::NAN; z.len()];
        let work = &mut InverseWork::default();
        invert(&self.log_weights, &self.means, &self.log_sigmas, z, &mut x, work);
        x
    }
}

/// One row's x̄ and ∂L/∂(logits, means, ln σ) `[3][K]` by the marginal kernel.
fn oracle_gradient(p: &Params, x: f64, z_bar: f64, log_det_bar: f64) -> [Vec<f64>; 3] {
    const N: usize = LOGICAL_LANES;
    let (mixture, k) = (p.mixture(), p.means.len());
    let (mut z, mut log_det, mut x_bar) = ([0.0; N], [0.0; N], [0.0; N]);
    let mut tape = vec![0.0; Mixture::tape_len(k) * N];
    mixture.forward_with_tape(&[x; N], &mut z, &mut log_det, &mut tape);
    let (mut z_bars, mut log_det_bars) = ([0.0; N], [0.0; N]);
    (z_bars[0], log_det_bars[0]) = (z_bar, log_det_bar);
    let mut grad = [0; 3].map(|_| vec![0.0; k]);
    let [logits, means, log_sigmas] = &mut grad;
    let into = &mut mixture::Gradient { logits, means, log_sigmas };
    let work = &mut [0.0; 3 * N];
    mixture.backward(&[x; N], &z, &tape, &z_bars, &log_det_bars, &mut x_bar, work, into);
    grad
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn each_row_is_mapped_by_its_own_mixture(
        params in mixture(),
        places in prop::collection::vec(place(), 1..40),
    ) {
        let rows = Rows::new(&params, &places);
        let (z, log_det) = rows.forward();
        for (i, p) in rows.params.iter().enumerate() {
            let (want_z, want_log_det) = p.mixture().gaussianize(rows.x[i]);
            prop_assert!((z[i] - want_z).abs() <= Z_TOL * want_z.abs().max(1.0),
                "row {i}, x {:e}: {:e}, not {want_z:e}", rows.x[i], z[i]);
            prop_assert!((log_det[i] - want_log_det).abs() <= LOG_DET_TOL * want_log_det.abs().max(1.0),
                "row {i}, x {:e}: ln dz/dx {:e}, not {want_log_det:e}", rows.x[i], log_det[i]);
        }
    }

    #[test]
    fn each_row_has_the_gradient_of_its_own_mixture(
        params in mixture(),
        places in prop::collection::vec(place(), 1..20),
        z_bar in -3.0..3.0_f64,
        l_bar in prop_oneof![Just(-1.0), Just(0.0), -2.0..2.0_f64],
    ) {
        // Some forty roundings in each of the two.
        const TOL: f64 = 256.0 * EPS;
        // What the marginal kernel leaves of a component beyond 37 σ, see gradient.rs.
        const CLAMP: f64 = 1e-30;
        let rows = Rows::new(&params, &places);
        let (n, k) = (rows.n(), params.means.len());
        let bars = |bar: f64| -> Vec<f64> { (0..n).map(|i| bar * (1.0 + (i % 3) as f64)).collect() };
        let (z_bar, l_bar) = (bars(z_bar), bars(l_bar));
        let (z, [log_weights, u, log_slopes]) = rows.backward(&z_bar, &l_bar);
        for (i, p) in rows.params.iter().enumerate() {
            let want = oracle_gradient(p, rows.x[i], z_bar[i], l_bar[i]);
            // s and its parts, which may cancel; M and dz/dx are what they multiply.
            let slope = p.mixture().gaussianize(rows.x[i]).1.exp();
            let s = z_bar[i].abs() + (l_bar[i] * z[i]).abs();
            for c in 0..k {
                let at = c * n + i;
                let (sigma, t) = (p.log_sigmas[c].exp(), rows.u[at]);
                let got = [log_weights[at], -u[at] / sigma, -u[at] * t - log_slopes[at]];
                let r = if l_bar[i] == 0.0 { 1.0 } else { log_slopes[at] / l_bar[i] };
                let of_u = s * slope * r * sigma + (l_bar[i] * r * t).abs();
                let terms = [2.0 * s + 2.0 * l_bar[i].abs(), of_u / sigma, of_u * t.abs() + l_bar[i].abs()];
                // Far out M(|z|) ≈ 1/|z| and tails' logarithms of t²/2 are exponentiated.
                let least = (0..k).map(|c| rows.u[c * n + i].abs()).fold(f64::INFINITY, f64::min);
                let tol = TOL + 4.0 * EPS * least.min(1e3).powi(2) + 800.0 * EPS;
                for j in 0..3 {
                    let clamp = CLAMP * (terms[j] + 1.0 / sigma + s * slope);
                    prop_assert!((got[j] - want[j][c]).abs() <= tol * terms[j] + clamp,
                        "x {:e}, component {c}, number {j}: {:e}, not {:e} (terms of {:e})",
                        rows.x[i], got[j], want[j][c], terms[j]);
                }
            }
        }
    }

    #[test]
    fn data_to_latent_and_back(
        params in mixture(),
        places in prop::collection::vec(place(), 1..40),
        targets in prop::collection::vec(
            prop_oneof![4 => -5.0..5.0_f64, 2 => -40.0..40.0_f64, 1 => -1e6..1e6_f64], 40),
    ) {
        // The forward map's error and the inverse's: see inverse.rs.
        const ROUND_TRIP: f64 = 8.5;
        let rows = Rows::new(&params, &places);
        let (mut z, _) = rows.forward();
        for (z, target) in z.iter_mut().zip(&targets).step_by(2) {
            *z = *target;
        }
        let back = rows.invert(&z);
        for (i, p) in rows.params.iter().enumerate() {
            let (again, log_slope) = p.mixture().gaussianize(back[i]);
            let bound = ROUND_TRIP * EPS * (z[i].abs().max(1.0) + back[i].abs() * log_slope.exp());
            prop_assert!((again - z[i]).abs() <= bound, "z {:e}: x {:e}, z {again:e}", z[i], back[i]);
        }
    }

    #[test]
    fn every_backend_gives_the_same_bits(
        params in mixture(),
        places in prop::collection::vec(place(), 1..40),
        special in prop::collection::vec((any_number(), any::<prop::sample::Index>()), 0..4),
    ) {
        let mut rows = Rows::new(&params, &places);
        for (number, at) in special {
            let at = at.index(rows.u.len());
            rows.u[at] = number;
        }
        let n = rows.n();
        let map = || {
            let (mut z, log_det) = rows.forward();
            z.extend(log_det);
            z
        };
        // Values: above. Without a fused multiply-add a u near the largest double overflows.
        let z = on_every_backend(map, |_, _| f64::INFINITY)?;
        let bars: Vec<f64> = (0..n).map(|i| (i as f64).sin()).collect();
        let sane = |i: usize| z[i].is_finite() && (0..rows.u.len()).skip(i).step_by(n).all(|i| rows.u[i].abs() < 1e150);
        let counts: Vec<bool> = (0..n).map(sane).collect();
        let gradient = || {
            let (_, grad) = rows.backward(&bars, &bars);
            let mut all = grad.concat();
            all.iter_mut().enumerate().for_each(|(i, g)| *g = if counts[i % n] { *g } else { 0.0 });
            all
        };
        on_every_backend(gradient, |_, _| f64::INFINITY)?;
        on_every_backend(|| rows.invert(&z[..n]), |_, _| f64::INFINITY)?;
    }
}

/// 16 rows of the same numbers but for what `change` does to them: component k, row i.
fn rows_of(
    k: usize,
    change: impl Fn(usize, usize, [&mut f64; 3]),
) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let n = LOGICAL_LANES;
    let (mut log_weights, mut u, mut log_slopes) =
        (vec![0.0; k * n], vec![0.0; k * n], vec![0.0; k * n]);
    for at in 0..k * n {
        u[at] = 0.5 * (at / n) as f64 - 0.3;
        change(at / n, at % n, [&mut log_weights[at], &mut u[at], &mut log_slopes[at]]);
    }
    (log_weights, u, log_slopes)
}

fn map((log_weights, u, log_slopes): &(Vec<f64>, Vec<f64>, Vec<f64>)) -> (Vec<f64>, Vec<f64>) {
    let (mut z, mut log_det) = (vec![f64::NAN; LOGICAL_LANES], vec![0.0; LOGICAL_LANES]);
    Conditional { log_weights, u, log_slopes }.forward(&mut z, &mut log_det);
    (z, log_det)
}

#[test]
fn a_nan_stays_in_its_row() {
    let clean = map(&rows_of(3, |_, _, _| ()));
    for which in 0..3 {
        for far in [0.0, 1e6] {
            let rows = rows_of(3, |k, i, numbers| {
                if i == 5 {
                    *numbers[1] += far;
                }
                if (k, i) == (1, 5) {
                    *numbers[which] = f64::NAN;
                }
            });
            let (z, log_det) = map(&rows);
            for i in 0..LOGICAL_LANES {
                if i == 5 {
                    assert!(z[i].is_nan() && log_det[i].is_nan(), "{which}: {}", z[i]);
                } else {
                    assert_eq!((z[i], log_det[i]), (clean.0[i], clean.1[i]));
                }
            }
        }
    }
}

/// Nor does the inverse of a NaN, or by NaN parameters, go further than its row.
#[test]
fn a_row_without_a_root_is_nan() {
    let mut means = vec![0.5; 6];
    means[4] = f64::NAN; // row 1, the second of its components
    let z = [0.25, 0.25, f64::NAN];
    let mut x = [0.0; 3];
    invert(&[0.0; 6], &means, &[0.0; 6], &z, &mut x, &mut InverseWork::default());
    assert!(x[0] == 0.75 && x[1].is_nan() && x[2].is_nan(), "{x:?}");
}

/// One component: z = u, ln dz/dx = its log slope, whatever the log weight.
#[test]
fn one_component_is_the_identity_of_u() {
    let places = [0.0, 1e-300, -0.7, 12.0, -36.9, 37.5, 1e3, -1e6, 1e100, -1e150, 1e200, -1e307];
    for slope in [-300.0, -0.3, 0.0, 4.0, 300.0] {
        let rows = rows_of(1, |_, i, [weight, u, log_slope]| {
            *weight = -1e5 * i as f64;
            *u = places[i % places.len()];
            *log_slope = slope;
        });
        let (z, log_det) = map(&rows);
        for i in 0..LOGICAL_LANES {
            let u = rows.1[i];
            assert!((z[i] - u).abs() <= Z_TOL * u.abs().max(1.0), "{u:e}: {:e}", z[i]);
            assert!((log_det[i] - slope).abs() <= LOG_DET_TOL * slope.abs().max(1.0), "{u:e}");
        }
    }
}

/// Equal components are one, and both tails equal is z = 0.
#[test]
fn ties_are_no_special_case() {
    let rows =
        rows_of(4, |k, i, [_, u, _]| *u = if i % 2 == 0 { 1.25 } else { [-1.0, 1.0][k % 2] });
    let (z, log_det) = map(&rows);
    for i in 0..LOGICAL_LANES {
        let (want, want_log_det) = if i % 2 == 0 { (1.25, 0.0) } else { (0.0, -0.5) };
        assert!((z[i] - want).abs() <= Z_TOL && (log_det[i] - want_log_det).abs() <= LOG_DET_TOL);
    }
}

/// A component of weight e^-5000 counts for nothing where the other one is, and for everything 200 of
/// the other one's σ out; one of weight 0 counts nowhere.
#[test]
fn log_weights_thousands_of_nats_apart() {
    let at = [0.5, -3.0, 99.0, 103.0, 200.0, -150.0, 1e5];
    for faint in [-5000.0, f64::NEG_INFINITY] {
        let rows = rows_of(2, |k, i, [weight, u, _]| {
            (*weight, *u) = ([7000.0, 7000.0 + faint][k], at[i % at.len()] / [1.0, 1e3][k]);
        });
        let rows = (rows.0, rows.1, rows_of(2, |k, _, [_, _, s]| *s = [0.0, -1e3_f64.ln()][k]).2);
        let (z, log_det) = map(&rows);
        for i in 0..LOGICAL_LANES {
            let x = at[i % at.len()];
            let mixture =
                Mixture::new(&[0.0, faint.max(-1e300)], &[0.0, 0.0], &[0.0, 1e3_f64.ln()]);
            let (want, want_log_det) = mixture.gaussianize(x);
            assert!(
                (z[i] - want).abs() <= 2.0 * Z_TOL * want.abs().max(1.0),
                "{x}: {}, {want}",
                z[i]
            );
            let tol = LOG_DET_TOL * want_log_det.abs().max(1.0);
            assert!(
                (log_det[i] - want_log_det).abs() <= tol,
                "{x}: {}, {want_log_det}",
                log_det[i]
            );
            // The faint one has taken over where x²/2 > 5000.
            assert_eq!(want.abs() < 0.99 * x.abs(), faint.is_finite() && x.abs() > 100.0, "{x}");
        }
    }
}

/// u beyond every square's range, alone or beside a near one: never NaN.
#[test]
fn arguments_whose_squares_overflow() {
    let far = [1e150, -1e155, 1e200, -1e308, f64::MAX, f64::INFINITY, f64::NEG_INFINITY];
    for near in 0..3 {
        let rows = rows_of(3, |k, i, [_, u, _]| {
            let t = far[i % far.len()];
            *u = if k < near { 0.25 } else { t * if k == 2 { 1.0 } else { 0.5 } };
        });
        let (z, log_det) = map(&rows);
        for i in 0..LOGICAL_LANES {
            let t = far[i % far.len()];
            assert!(!z[i].is_nan() && !log_det[i].is_nan(), "{t:e}: {} {}", z[i], log_det[i]);
            if near == 0 {
                assert!(
                    z[i].signum() == t.signum() && z[i].abs() >= 0.4 * t.abs().min(1e307),
                    "{t:e}: {}",
                    z[i]
                );
            } else {
                assert!(z[i].abs() < 1.5 && log_det[i].abs() < 2.0, "{t:e}: {}", z[i]);
            }
        }
        let n = LOGICAL_LANES;
        let mut tape = vec![0.0; Conditional::tape_len(3) * n];
        let (mut z, mut log_det) = (vec![0.0; n], vec![0.0; n]);
        let kernel = Conditional { log_weights: &rows.0, u: &rows.1, log_slopes: &rows.2 };
        kernel.forward_with_tape(&mut z, &mut log_det, &mut tape);
        assert!(tape.iter().all(|t| !t.is_nan()));
    }
}

/// A weight of e^(-s²/2) moves a component's tail out to √(u² + s²), also where squares are 1e200 or
/// overflow.
#[test]
fn log_weights_as_large_as_the_squares() {
    for scale in [1e3, 1e30, 1e39, 1e41, 1e80, 1e149, 1e152] {
        let rows = rows_of(2, |k, _, [weight, u, _]| {
            (*weight, *u) = [(0.0, 4.0 * scale), (-4.0 * scale * scale, scale)][k];
        });
        let (z, log_det) = map(&rows);
        // The second one's tail is √(1 + 8) = 3 scale out, before the first one's 4.
        assert!((z[0] / (3.0 * scale) - 1.0).abs() <= 1e-6 + 4.0 / scale, "{scale:e}: {:e}", z[0]);
        // ln f - ln φ(z) where -u²/2 + ln w and -z²/2 are the same but for M(z)/M(u) = u/z.
        assert!((log_det[0] + 3_f64.ln()).abs() <= 1e-5, "{scale:e}: {}", log_det[0]);
    }
}

/// A row's bits are its own: not those of its place or its neighbours.
#[test]
fn a_row_does_not_depend_on_its_neighbours() {
    let places = [0.1, 3.0, -38.0, 55.0, -1e4, 1e7, 37.0, -8.0];
    let place = |i: usize| places[i % places.len()] + 1e-3 * i as f64;
    let rows =
        rows_of(3, |k, i, [weight, u, _]| (*weight, *u) = (k as f64, place(i) - 0.7 * k as f64));
    let (z, log_det) = map(&rows);
    for backend in Backend::all() {
        let (z, log_det) = backend.scope(|| map(&rows));
        for i in 0..LOGICAL_LANES {
            let alone = rows_of(3, |k, _, [weight, u, _]| {
                (*weight, *u) = (k as f64, place(i) - 0.7 * k as f64);
            });
            let (own_z, own_log_det) = backend.scope(|| map(&alone));
            assert_eq!((own_z[3], own_log_det[3]), (z[i], log_det[i]), "{}", backend.name());
        }
    }
    assert!(z.iter().chain(&log_det).all(|v| v.is_finite()));
}
