//! Every vectorised kernel on every instruction set of this machine against a naive oracle, and
//! against itself: AVX-512 and AVX2 give the same bits.

mod support;

use gauss_math::mixture::{Gradient, Inverter, Mixture};
use gauss_math::simd::{self, Backend, LOGICAL_LANES, Pack};
use gauss_math::{matrix, normal, slice, triangular};
use proptest::prelude::*;
use support::backends::on_every_backend;
use support::strategies::{any_number, cases, mixture, place};
use support::{EPS, Params, naive_gaussianize, naive_log_cdf, naive_mills, naive_upper_quantile};

fn one_or_more(_: usize, value: f64) -> f64 {
    value.abs().max(1.0)
}

fn relative(_: usize, value: f64) -> f64 {
    value.abs() + 1e12 * f64::from_bits(1) // a few subnormal units
}

#[test]
fn there_is_always_the_scalar_backend() {
    let names: Vec<String> = Backend::all().into_iter().map(Backend::name).collect();
    assert_eq!(names.last().map(String::as_str), Some("Scalar"), "{names:?}");
    assert_eq!(names[0], Backend::best().name());
    println!("backends: {names:?}");
    #[cfg(target_arch = "x86_64")]
    {
        let detected = usize::from(is_x86_feature_detected!("avx512f"))
            + usize::from(is_x86_feature_detected!("avx2"));
        assert_eq!(names.len(), 1 + detected, "{names:?}");
    }
}

#[test]
fn a_scope_ends_with_its_call() {
    let x: Vec<f64> = (0..64).map(|i| 0.37 * f64::from(i)).collect();
    let run = || {
        let (mut pdf, mut tail) = (vec![0.0; 64], vec![0.0; 64]);
        slice::pdf_and_tail(&x, &mut pdf, &mut tail);
        tail
    };
    let scalar = *Backend::all().last().expect("the scalar backend");
    let before = run();
    let inside = scalar.scope(run);
    assert_eq!(run(), before);
    let panicked = std::panic::catch_unwind(|| scalar.scope(|| panic!("inside a scope")));
    assert!(panicked.is_err());
    assert_eq!(run(), before);
    if Backend::best().name() != "Scalar" {
        assert_ne!(inside, before, "unfused arithmetic rounds some of 64 values differently");
    }
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn elementary_functions_agree_on_every_backend(x in prop::collection::vec(any_number(), 0..70)) {
        // Two correctly working implementations differ by the sum of their errors: 1.5 ε here,
        // 1 ulp in the system's library.
        const EXP_TOL: f64 = 2.5 * EPS;
        const LN_TOL: f64 = 3.0 * EPS;
        // erfc's argument x/√2 is rounded: ε x² in the oracle's tail.
        const TAIL_TOL: f64 = 8.0 * EPS;
        // Bisection on the oracle's ln Φ.
        const QUANTILE_TOL: f64 = 16.0 * EPS;

        let map = |x: &[f64], f: fn(&[f64], &mut [f64])| {
            let mut y = vec![0.0; x.len()];
            f(x, &mut y);
            y
        };

        let below: Vec<f64> = x.iter().map(|x| if *x > 709.0 { -x } else { *x }).collect();
        let e = on_every_backend(|| map(&below, slice::exp), relative)?;
        for (x, e) in below.iter().zip(e) {
            let want = if *x < -708.0 { 0.0 } else { x.exp() };
            prop_assert!(e == want || (e.is_nan() && x.is_nan()) || (e - want).abs() <= EXP_TOL * want,
                "e^{x:e} = {e:e}, not {want:e}");
        }

        let normal_positive: Vec<f64> =
            x.iter().map(|x| x.abs()).filter(|x| x.is_normal()).collect();
        let l = on_every_backend(|| map(&normal_positive, slice::ln), relative)?;
        for (x, l) in normal_positive.iter().zip(l) {
            prop_assert!((l - x.ln()).abs() <= LN_TOL * x.ln().abs(), "ln {x:e} = {l:e}");
        }

        let p: Vec<f64> = x.iter().map(|x| x.abs()).filter(|x| (1e-300..=0.5).contains(x)).collect();
        let z = on_every_backend(|| map(&p, slice::upper_quantile), one_or_more)?;
        for (p, z) in p.iter().zip(z) {
            let want = naive_upper_quantile(p.ln());
            prop_assert!((z - want).abs() <= QUANTILE_TOL * want.max(1.0), "{p:e}: {z:e}, {want:e}");
        }

        let both = || {
            let (mut pdf, mut tail) = (vec![0.0; x.len()], vec![0.0; x.len()]);
            slice::pdf_and_tail(&x, &mut pdf, &mut tail);
            pdf.extend(tail);
            pdf
        };
        let both = on_every_backend(both, relative)?;
        let subnormal = 4.0 * f64::from_bits(1);
        for (i, x) in x.iter().enumerate() {
            let (pdf, tail) = (both[i], both[x_len(&both) + i]);
            if x.is_nan() {
                prop_assert!(pdf.is_nan() && tail.is_nan());
                continue;
            }
            let (log_pdf, log_tail) = (normal::log_pdf(*x), naive_log_cdf(-x.abs()));
            for (got, log) in [(pdf, log_pdf), (tail, log_tail)] {
                let tol = (TAIL_TOL + 2.0 * EPS * log.abs().min(750.0)) * log.exp() + subnormal;
                prop_assert!((got - log.exp()).abs() <= tol, "{x:e}: {got:e}, not {:e}", log.exp());
            }
        }
    }

    #[test]
    fn mills_agrees_with_the_continued_fraction(e in -3.0..300.0_f64, a in 0.0..45.0_f64) {
        // 4 ε of ours, and the oracle's ε x² near 0 or its 80 divisions further out.
        const TOL: f64 = 24.0 * EPS;
        for a in [a, 10.0_f64.powf(e)] {
            let (got, want) = (normal::mills(a), naive_mills(a));
            prop_assert!((got / want - 1.0).abs() <= TOL, "M({a:e}) = {got:e}, not {want:e}");
        }
    }

    #[test]
    fn the_mixture_map_agrees_on_every_backend(
        params in mixture(),
        places in prop::collection::vec(place(), 1..50),
        special in prop::collection::vec(any_number(), 0..4),
        l_bar in prop_oneof![Just(-1.0), Just(0.0), -2.0..2.0_f64],
    ) {
        // The oracle loses a few ε of each logarithm, i.e. of z²/2: ε |z| in z.
        const Z_TOL: f64 = 64.0 * EPS;
        // ln f and ln φ(z) cancel in the oracle: a few ε of the larger one.
        const LOG_DET_TOL: f64 = 64.0 * EPS;

        let mixture = params.mixture();
        let mut x: Vec<f64> = places.iter().map(|p| p.x(&params)).collect();
        x.extend(&special);
        let rows = x.len();
        x.resize(rows.next_multiple_of(LOGICAL_LANES), x[rows - 1]);
        let n = x.len();
        let sane = |i: usize| x[i].is_finite() && x[i].abs() < 1e100;

        let forward = || {
            let (mut z, mut log_det) = (vec![0.0; n], vec![0.0; n]);
            mixture.forward(&x, &mut z, &mut log_det);
            z.extend(log_det);
            z
        };
        // A unit for ln dz/dx: in a gap it is near -t²/2.
        let unit = |i: usize, v: f64| if sane(i % n) { v.abs().max(1.0) } else { f64::INFINITY };
        let out = on_every_backend(forward, unit)?;
        let (z, log_det) = out.split_at(n);
        for i in 0..rows {
            if !x[i].is_finite() {
                prop_assert!(z[i].is_nan() && log_det[i].is_nan(), "{}: {}", x[i], z[i]);
                continue;
            }
            let (one_z, one_log_det) = mixture.gaussianize(x[i]);
            prop_assert!(z[i].is_finite() || x[i].abs() > 1e300, "{:e}: {}", x[i], z[i]);
            if !sane(i) {
                continue;
            }
            let (want_z, want_log_det) = naive_gaussianize(&params, x[i]);
            for z in [z[i], one_z] {
                prop_assert!((z - want_z).abs() <= Z_TOL * want_z.abs().max(1.0),
                    "z({:e}) = {z:e}, not {want_z:e}", x[i]);
            }
            let scale = (0.5 * want_z * want_z).max((want_log_det - 0.5 * want_z * want_z).abs());
            for l in [log_det[i], one_log_det] {
                prop_assert!((l - want_log_det).abs() <= LOG_DET_TOL * scale.max(1.0) * want_z.abs().max(1.0),
                    "ln dz/dx({:e}) = {l:e}, not {want_log_det:e}", x[i]);
            }
        }

        // The gradient is the same everywhere.
        let k = mixture.len();
        // Near the largest double a product overflows that a fused multiply-add takes in its stride.
        let counts = |i: usize| i < rows && (sane(i) || !x[i].is_finite());
        let bar = |bar: &dyn Fn(usize) -> f64| -> Vec<f64> {
            (0..n).map(|i| if counts(i) { bar(i) } else { 0.0 }).collect()
        };
        let z_bar = bar(&|i| z[i] + 0.1 * (i as f64).sin());
        let log_det_bar = bar(&|i| l_bar * (1.0 + (i % 3) as f64));
        let backward = || {
            let (mut z, mut log_det) = (vec![0.0; n], vec![0.0; n]);
            let mut tape = vec![0.0; Mixture::tape_len(k) * n];
            mixture.forward_with_tape(&x, &mut z, &mut log_det, &mut tape);
            // The tape changes nothing, on whichever backend this is.
            let same = |a: f64, b: f64| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
            let plain = forward();
            assert!(z.iter().chain(&log_det).zip(plain).all(|(a, b)| same(*a, b)));
            let mut gradient = vec![0.0; 3 * k];
            let (logits, rest) = gradient.split_at_mut(k);
            let (means, log_sigmas) = rest.split_at_mut(k);
            let mut x_bar = vec![f64::NAN; n];
            mixture.backward(&x, &z, &tape, &z_bar, &log_det_bar, &mut x_bar,
                &mut vec![0.0; 3 * n], &mut Gradient { logits, means, log_sigmas });
            gradient.extend(&x_bar[..rows]);
            gradient
        };
        // Sums over rows cancel: the bits are what is tested here, the values in gradient.rs.
        on_every_backend(backward, |_, _| f64::INFINITY)?;

        let inverter = Inverter::new(&mixture);
        let invert = || {
            let mut back = vec![0.0; n];
            inverter.invert(&mixture, z, &mut back);
            back
        };
        on_every_backend(invert, |_, _| f64::INFINITY)?; // values: inverse.rs
    }

    #[test]
    fn matrix_products_agree_on_every_backend(
        (d, n, numbers) in (1_usize..12, 0_usize..5).prop_flat_map(|(d, blocks)| {
            let n = LOGICAL_LANES * blocks;
            (Just(d), Just(n), prop::collection::vec(-2.0..2.0_f64, d * d + 2 * d * n))
        }),
    ) {
        // A dot product of length m rounds m times.
        let tolerance = |m: usize| 4.0 * m as f64 * EPS * 4.0;
        let (q, rest) = numbers.split_at(d * d);
        let (x, z_bar) = rest.split_at(d * n);
        let multiply = || {
            let mut z = vec![f64::NAN; d * n];
            matrix::multiply(q, x, &mut z, n);
            z
        };
        let z = on_every_backend(multiply, one_or_more)?;
        // One row by itself has the bits of its place in the block, whatever the backend.
        let transposed: Vec<f64> = (0..d * d).map(|i| q[i % d * d + i / d]).collect();
        for backend in Backend::all() {
            backend.scope(|| {
                let mut block = vec![f64::NAN; d * n];
                matrix::multiply(q, x, &mut block, n);
                for r in 0..n {
                    let row: Vec<f64> = (0..d).map(|j| x[j * n + r]).collect();
                    let mut own = vec![f64::NAN; d];
                    matrix::multiply_row(&transposed, &row, &mut own);
                    assert!((0..d).all(|i| own[i].to_bits() == block[i * n + r].to_bits()));
                }
            });
        }
        for i in 0..d {
            for r in 0..n {
                let want: f64 = (0..d).map(|j| q[i * d + j] * x[j * n + r]).sum();
                prop_assert!((z[i * n + r] - want).abs() <= tolerance(d));
            }
        }
        let add_outer = || {
            let mut q_bar = vec![1.0; d * d];
            matrix::add_outer(z_bar, x, &mut q_bar, n);
            q_bar
        };
        let q_bar = on_every_backend(add_outer, one_or_more)?;
        for i in 0..d {
            for j in 0..d {
                let want: f64 = 1.0 + (0..n).map(|r| z_bar[i * n + r] * x[j * n + r]).sum::<f64>();
                prop_assert!((q_bar[i * d + j] - want).abs() <= tolerance(n + 1));
            }
        }
    }

    #[test]
    fn triangles_agree_on_every_backend(
        (d, n, numbers) in (1_usize..12, 0_usize..5).prop_flat_map(|(d, blocks)| {
            let n = LOGICAL_LANES * blocks;
            let len = d * (d + 1) / 2 + d + d * n + n;
            (Just(d), Just(n), prop::collection::vec(-2.0..2.0_f64, len))
        }),
    ) {
        // Numbers u of d products up to 8 each; a square rounds 2 |u| of their error.
        let tol = 8.0 * (d * d) as f64 * EPS;
        let (triangle, rest) = numbers.split_at(d * (d + 1) / 2);
        let (means, rest) = rest.split_at(d);
        let (x, u_bar) = rest.split_at(d * n);
        let row = |i: usize| &triangle[i * (i + 1) / 2..][..=i];
        let all = || {
            let (mut u, mut squares) = (vec![f64::NAN; d * n], vec![f64::NAN; n]);
            for i in 0..d {
                let u = &mut u[i * n..(i + 1) * n];
                triangular::row(row(i), &means[..=i], &x[..(i + 1) * n], u);
            }
            let work = &mut vec![f64::NAN; LOGICAL_LANES * d];
            triangular::squared_norm(triangle, means, x, &mut squares, work);
            let mut x_bar = vec![1.0; d * n];
            triangular::add_row_transposed(row(d - 1), u_bar, &mut x_bar);
            [u, squares, x_bar].concat()
        };
        let got = on_every_backend(all, |_, value| 100.0 + value.abs())?;
        for r in 0..n {
            let mut square = 0.0;
            for i in 0..d {
                let u: f64 = (0..=i).map(|j| row(i)[j] * (x[j * n + r] - means[j])).sum();
                prop_assert!((got[i * n + r] - u).abs() <= tol);
                square += u * u;
                let x_bar = 1.0 + row(d - 1)[i] * u_bar[r];
                prop_assert!((got[(d + 1 + i) * n + r] - x_bar).abs() <= tol);
            }
            let got = got[d * n + r];
            prop_assert!((got - square).abs() <= tol * (1.0 + square), "{got} {square}");
        }
    }
}

/// The number of rows in a [pdf, tail] pair laid end to end.
fn x_len(both: &[f64]) -> usize {
    both.len() / 2
}

/// A 64-component mixture needs no special case; kept apart so that it is always tried.
#[test]
fn sixty_four_components() {
    let params = Params {
        logits: (0..64).map(|k| 0.1 * f64::from(k % 7)).collect(),
        means: (0..64).map(|k| 0.3 * f64::from(k) - 9.6).collect(),
        log_sigmas: (0..64).map(|k| -1.0 - 0.05 * f64::from(k % 5)).collect(),
    };
    let mixture = params.mixture();
    let mut checked = 0;
    for i in -300..300 {
        let x = 0.05 * f64::from(i);
        let (z, _) = mixture.gaussianize(x);
        assert!((z - naive_gaussianize(&params, x).0).abs() <= 1e-13 * z.abs().max(1.0), "{x}");
        assert!((mixture.invert(z) - x).abs() <= 1e-13, "{x}");
        checked += 1;
    }
    assert_eq!(checked, 600);
}

struct Powers<'a>(&'a mut [f64]);

impl pulp::WithSimd for Powers<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, s: S) {
        for k in S::as_mut_simd_f64s(self.0).0 {
            [*k] = simd::pow2(Pack::new(s, [*k])).registers();
        }
    }
}

#[test]
fn powers_of_two_are_exact_on_every_backend() {
    // 2,048 exponents from -1022, of which 2,046 are in the domain.
    for backend in Backend::all() {
        let mut powers: Vec<f64> = (0..2048).map(|i| f64::from(i - 1022).min(1023.0)).collect();
        backend.run(Powers(&mut powers));
        for (i, power) in powers[..2046].iter().enumerate() {
            assert_eq!(*power, f64::from_bits((i as u64 + 1) << 52), "{}", backend.name());
        }
    }
}

/// Every operation of a pack of `L` registers on x, y `[16]`: rows of results.
struct Operations<'a, const L: usize>(&'a [f64], &'a [f64]);

impl<const L: usize> pulp::WithSimd for Operations<'_, L> {
    type Output = (Vec<Vec<f64>>, Vec<bool>);

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, s: S) -> Self::Output {
        let (xs, ys) = (S::as_simd_f64s(self.0).0, S::as_simd_f64s(self.1).0);
        let mut rows = vec![vec![0.0; self.0.len()]; 14];
        let mut holds = Vec::new();
        for at in (0..xs.len()).step_by(L) {
            let x = Pack::<S, L>::load(s, xs, at);
            let y = Pack::<S, L>::new(x.simd(), Pack::<S, L>::load(s, ys, at).registers());
            let results = [
                x + y,
                x - y,
                x * y,
                x / y,
                -x,
                x.mul_add(y, 2.0),
                x.abs(),
                x.abs().sqrt(),
                x.min(y),
                x.max(y),
                x.less(y).select(x, Pack::splat(s, 7.0)),
                x.at_most(y).select(x, 7.0),
                x.at_least(y).select(x, 7.0),
                (x.at_least(y) & !x.less(0.0)).select(x, 7.0),
            ];
            for (row, result) in rows.iter_mut().zip(results) {
                result.store(S::as_mut_simd_f64s(row).0, at);
            }
            holds.push(x.less(y).all());
        }
        (rows, holds)
    }
}

/// What each lane of [`Operations`] must be; NaN handling included.
fn lane_by_lane(x: f64, y: f64) -> [f64; 14] {
    let or_7 = |holds: bool| if holds { x } else { 7.0 };
    [
        x + y,
        x - y,
        x * y,
        x / y,
        -x,
        x.mul_add(y, 2.0),
        x.abs(),
        x.abs().sqrt(),
        if x.is_nan() { x } else { x.min(y) },
        if x.is_nan() { x } else { x.max(y) },
        or_7(x < y),
        or_7(x <= y),
        or_7(x >= y),
        or_7(x >= y && !(x < 0.0)),
    ]
}

#[test]
fn packs_act_lane_by_lane() {
    // One rounding instead of two, where there is no fused multiply-add.
    const MUL_ADD_TOL: f64 = 2.0 * EPS;
    let x: Vec<f64> = (0..16).map(|i| f64::from((7 * i) % 16) * 0.3 - 2.4).collect();
    let mut y: Vec<f64> = (0..16).map(|i| f64::from((5 * i) % 16) * 0.3 - 2.4).collect();
    y[3] = x[3];
    let x_with_nan: Vec<f64> = x.iter().map(|x| if *x > 1.9 { f64::NAN } else { *x }).collect();
    for backend in Backend::all() {
        for x in [&x, &x_with_nan] {
            let name = backend.name();
            let two = backend.run(Operations::<2>(x, &y));
            let (rows, holds) = backend.run(Operations::<1>(x, &y));
            assert!(rows.len() == two.0.len() && holds.len() == 2 * two.1.len());
            for (i, (&x, &y)) in x.iter().zip(&y).enumerate() {
                for (op, want) in lane_by_lane(x, y).into_iter().enumerate() {
                    for got in [rows[op][i], two.0[op][i]] {
                        let same = got == want || (got.is_nan() && want.is_nan());
                        let tol = if op == 5 { MUL_ADD_TOL * (want.abs() + 2.0) } else { 0.0 };
                        assert!(
                            same || (got - want).abs() <= tol,
                            "{name}: {op} of {x}, {y}: {got}"
                        );
                    }
                }
            }
            let lanes = x.len() / holds.len();
            for (at, holds) in holds.iter().enumerate() {
                let own = at * lanes..(at + 1) * lanes;
                let want = x[own.clone()].iter().zip(&y[own]).all(|(x, y)| x < y);
                assert_eq!(*holds, want, "{name}");
            }
        }
    }
}

#[test]
fn the_tree_adds_every_lane_once_and_in_its_order() {
    for lane in 0..LOGICAL_LANES {
        let mut lanes = [0.0; LOGICAL_LANES];
        lanes[lane] = 1.0;
        assert_eq!(simd::tree_sum(lanes), 1.0, "{lane}");
    }
    // Lanes 0 and 8 meet first: 1e30 and its opposite leave the one in lane 1 intact.
    let mut lanes = [0.0; LOGICAL_LANES];
    (lanes[0], lanes[1], lanes[8]) = (1e30, 1.0, -1e30);
    assert_eq!(simd::tree_sum(lanes), 1.0);
    lanes.swap(8, 2);
    assert_eq!(simd::tree_sum(lanes), 1.0, "2 meets 0 before 1 does");
    lanes.swap(2, 3);
    assert_eq!(simd::tree_sum(lanes), 0.0, "3 meets 1 before 0 does");
}
