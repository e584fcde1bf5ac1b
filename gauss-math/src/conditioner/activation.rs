//! SiLU with its derivative, tanh and asinh: each from one exponential or logarithm.
//!
//! SiLU(a) = a σ(a), σ(a) = 1/(1 + e^-a); its derivative is σ (1 + a (1 - σ)) (Elfwing, Uchibe &
//! Doya, 2018). With t = e^-|a|, σ(|a|) = 1/(1 + t) and σ(-|a|) = t/(1 + t), so nothing overflows.
//!
//! A network needs no relative accuracy where its functions pass through 0: tanh and asinh are good
//! to a few ε of max(1, |value|).

use crate::simd::{self, LOGICAL_LANES, Pack, SIDE_BY_SIDE};
use pulp::{Simd, WithSimd};
use std::f64::consts::LN_2;

/// From here on √(x² + 1) = |x| to half a unit.
const LARGE: f64 = 134_217_728.0;

/// σ(a) and σ(-a); relative error <= 4 ε.
#[inline(always)]
fn sigmoids<S: Simd, const L: usize>(a: Pack<S, L>) -> (Pack<S, L>, Pack<S, L>) {
    let t = simd::exp(-a.abs());
    let large = Pack::splat(a.simd(), 1.0) / (t + 1.0);
    let small = t * large;
    let negative = a.less(0.0);
    (negative.select(small, large), negative.select(large, small))
}

/// tanh x; error <= 3 ε, NaN for NaN.
#[inline(always)]
pub(super) fn tanh<S: Simd, const L: usize>(x: Pack<S, L>) -> Pack<S, L> {
    let t = simd::exp(x.abs() * -2.0);
    let size = (-t + 1.0) / (t + 1.0);
    x.less(0.0).select(-size, size)
}

/// `a[i]` <- SiLU(`a[i]`), relative error <= 5 ε (0 below -708); `slope[i]` = SiLU'(`a[i]`), error
/// <= 4 ε. NaN for NaN.
///
/// # Panics
/// When the lengths differ, or are no multiple of [`LOGICAL_LANES`].
pub fn silu(a: &mut [f64], slope: &mut [f64]) {
    assert!(a.len().is_multiple_of(LOGICAL_LANES) && slope.len() == a.len());
    simd::run(Silu { a, slope });
}

struct Silu<'a> {
    a: &'a mut [f64],
    slope: &'a mut [f64],
}

impl WithSimd for Silu<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let values = simd::vectors_mut::<S>(self.a);
        let slope = simd::vectors_mut::<S>(self.slope);
        for i in (0..values.len()).step_by(SIDE_BY_SIDE) {
            let a = Pack::<S, SIDE_BY_SIDE>::load(s, values, i);
            let (of_a, of_minus_a) = sigmoids(a);
            let silu = a * of_a;
            silu.store(values, i);
            silu.mul_add(of_minus_a, of_a).store(slope, i);
        }
    }
}

/// `x[i]` <- asinh(`x[i]`) = ± ln(|x| + √(x² + 1)); error <= 3 ε max(1, |asinh x|). NaN for NaN and
/// infinities.
///
/// # Panics
/// When the length is no multiple of [`LOGICAL_LANES`].
pub fn asinh(x: &mut [f64]) {
    assert!(x.len().is_multiple_of(LOGICAL_LANES));
    simd::run(Asinh(x));
}

struct Asinh<'a>(&'a mut [f64]);

impl WithSimd for Asinh<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let values = simd::vectors_mut::<S>(self.0);
        for i in (0..values.len()).step_by(SIDE_BY_SIDE) {
            let x = Pack::<S, SIDE_BY_SIDE>::load(s, values, i);
            let a = x.abs();
            // ln 2|x| for what is large: its square, even its double, may not be a number.
            let large = a.at_least(LARGE);
            let sum = large.select(a, a + a.mul_add(a, 1.0).sqrt());
            let size = simd::ln(sum) + large.select(LN_2, 0.0);
            // The logarithm takes an infinity for a large number; 0 · x tells them apart.
            x.mul_add(0.0, x.less(0.0).select(-size, size)).store(values, i);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Backend;

    const EPS: f64 = f64::EPSILON;

    /// From 1e-8 to beyond where anything changes, both signs, and special values.
    fn arguments() -> Vec<f64> {
        let mut x: Vec<f64> = (0..4000).map(|i| 1e-8 * 1.0075_f64.powi(i)).collect();
        x.extend((0..2000).map(|i| 0.02 * f64::from(i)));
        x.extend([0.0, 1e100, 1e155, 1.7e308, LARGE, LARGE - 1.0, 700.0, 707.9]);
        let negative: Vec<f64> = x.iter().map(|x| -x).collect();
        x.extend(negative);
        x.resize(x.len().next_multiple_of(LOGICAL_LANES), 0.5);
        x
    }

    struct Tanh<'a>(&'a [f64], &'a mut [f64]);

    impl WithSimd for Tanh<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, s: S) {
            let (x, out) = (simd::vectors::<S>(self.0), simd::vectors_mut::<S>(self.1));
            for i in (0..x.len()).step_by(SIDE_BY_SIDE) {
                tanh(Pack::<S, SIDE_BY_SIDE>::load(s, x, i)).store(out, i);
            }
        }
    }

    /// libm is good to an ε itself; σ from its exp and one division.
    #[test]
    fn errors_are_within_their_bounds_on_every_backend() {
        let x = arguments();
        let n = x.len();
        for backend in Backend::all() {
            let name = backend.name();
            let (mut value, mut slope, mut sinh, mut th) =
                (x.clone(), vec![0.0; n], x.clone(), vec![0.0; n]);
            backend.scope(|| {
                silu(&mut value, &mut slope);
                asinh(&mut sinh);
                simd::run(Tanh(&x, &mut th));
            });
            for i in 0..n {
                let want = libm::asinh(x[i]);
                assert!(
                    (sinh[i] - want).abs() <= 4.0 * EPS * want.abs().max(1.0),
                    "{name} {}",
                    x[i]
                );
                let want = libm::tanh(x[i]);
                assert!((th[i] - want).abs() <= 4.0 * EPS, "{name} tanh {}", x[i]);
                let (sigma, other) =
                    (1.0 / (1.0 + libm::exp(-x[i])), 1.0 / (1.0 + libm::exp(x[i])));
                let want = x[i] * sigma;
                assert!(
                    (value[i] - want).abs() <= 6.0 * EPS * want.abs() + 1e-300,
                    "{name} {}",
                    x[i]
                );
                let want = sigma + want * other;
                assert!((slope[i] - want).abs() <= 6.0 * EPS, "{name} slope {}", x[i]);
            }
        }
    }

    #[test]
    fn what_is_not_finite_gives_nan() {
        let mut x = [f64::NAN; LOGICAL_LANES];
        x[1..3].copy_from_slice(&[f64::INFINITY, f64::NEG_INFINITY]);
        for backend in Backend::all() {
            let (mut out, mut silus, mut slopes) = (x, x, x);
            backend.scope(|| {
                asinh(&mut out);
                silu(&mut silus, &mut slopes);
            });
            assert!(out.iter().all(|y| y.is_nan()), "{}: {out:?}", backend.name());
            assert!(silus[0].is_nan() && slopes[0].is_nan(), "{}: {silus:?}", backend.name());
        }
    }
}
