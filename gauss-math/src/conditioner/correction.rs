//! The mixture of a row: that of the dimension, corrected by what a network says of the row.
//!
//! Of component k, with logit ℓ, mean μ and λ = ln σ of the dimension and corrections c^ℓ, c^u, c^e
//! of the row,
//!
//! ```text
//! g = ℓ + c^ℓ,   e = 3 tanh(c^e/3),   s = e^(e - λ),   u = (x - μ) s + c^u
//! ```
//!
//! and z = Φ⁻¹(Σ softmax(g) Φ(u)). The scale's correction is bounded, so that no row finds a spike of
//! its own; a correction c^u moves the mean by -c^u/s. Without corrections it is the dimension's own
//! mixture.
//!
//! **The way back.** From ḡ, ū and s̄ = ∂L/∂ln s at fixed u, with ē = s̄ + ū (x - μ) s:
//! c̄^ℓ = ḡ, c̄^u = ū, c̄^e = ē (1 - (e/3)²), x̄ = Σ_k ū s, and over the rows
//! ℓ̄ = Σ ḡ, μ̄ = -Σ ū s, λ̄ = -Σ ē.

use super::activation::tanh;
use super::assert_rows;
use crate::simd::{self, LOGICAL_LANES, Pack, SIDE_BY_SIDE};
use pulp::{Simd, WithSimd};

/// The scale's correction stays within e^±3.
const BOUND: f64 = 3.0;

/// The parameters of one dimension's mixture, `[K]` each.
#[derive(Clone, Copy, Debug)]
pub struct Base<'a> {
    /// ℓ
    pub logits: &'a [f64],
    /// μ
    pub means: &'a [f64],
    /// λ = ln σ
    pub log_sigmas: &'a [f64],
}

/// The mixtures of n rows at their x, `[K][n]` each.
pub struct Corrected<'a> {
    /// g: the weights are softmax(g).
    pub logits: &'a mut [f64],
    /// u
    pub u: &'a mut [f64],
    /// ln s
    pub log_slopes: &'a mut [f64],
    /// s
    pub slopes: &'a mut [f64],
}

/// The derivatives of a loss by [`Corrected`], `[K][n]` each; s̄ is that at fixed u.
pub struct CorrectedBar<'a> {
    /// ḡ, which is also c̄^ℓ.
    pub logits: &'a [f64],
    /// ū, which is also c̄^u.
    pub u: &'a [f64],
    /// s̄ on entry, c̄^e on return.
    pub log_slopes: &'a mut [f64],
}

/// Where the gradient of [`Base`] is ADDED to, `[K]` each.
pub struct Sums<'a> {
    /// ℓ̄
    pub logits: &'a mut [f64],
    /// μ̄
    pub means: &'a mut [f64],
    /// λ̄
    pub log_sigmas: &'a mut [f64],
}

impl Base<'_> {
    /// The mixtures of n rows x `[n]` with their corrections c^ℓ, c^u, c^e `[3][K][n]`; out:
    /// overwritten.
    ///
    /// # Panics
    /// When a length does not fit, or n is no multiple of [`LOGICAL_LANES`].
    pub fn correct(&self, x: &[f64], corrections: &[f64], out: Corrected<'_>) {
        let len = self.check(corrections.len() / 3, x.len());
        assert!(corrections.len() == 3 * len && out.logits.len() == len && out.u.len() == len);
        assert!(out.log_slopes.len() == len && out.slopes.len() == len);
        simd::run(Correct { base: self, x, corrections, out });
    }

    /// The same mixtures by logits, means and ln σ, in place of the corrections `[3][K][n]`: what the
    /// inverse needs, which has no x yet.
    ///
    /// # Panics
    /// When a length does not fit, or n is no multiple of [`LOGICAL_LANES`].
    pub fn correct_in_place(&self, corrections: &mut [f64], n: usize) {
        let len = self.check(corrections.len() / 3, n);
        assert_eq!(corrections.len(), 3 * len);
        simd::run(CorrectInPlace { base: self, corrections, n });
    }

    /// The way back, of the rows x `[n]` and the ln s and s `[2][K][n]` that [`Base::correct`] made of
    /// them; x_bar `[n]`: overwritten.
    ///
    /// # Panics
    /// When a length does not fit.
    pub fn backward(
        &self,
        x: &[f64],
        slopes: &[f64],
        bar: CorrectedBar<'_>,
        x_bar: &mut [f64],
        sums: Sums<'_>,
    ) {
        let (n, k) = (x.len(), self.means.len());
        let len = self.check(bar.u.len(), n);
        assert_eq!(slopes.len(), 2 * len);
        assert!(bar.logits.len() == len && bar.log_slopes.len() == len && x_bar.len() == n);
        assert!(sums.logits.len() == k && sums.means.len() == k && sums.log_sigmas.len() == k);
        let (log_slopes, slopes) = slopes.split_at(len);
        simd::run(Backward { base: self, x, log_slopes, slopes, bar, x_bar, sums });
    }

    /// K n, which `len` should be.
    fn check(&self, len: usize, n: usize) -> usize {
        assert_rows(n);
        let k = self.means.len();
        assert!(self.logits.len() == k && self.log_sigmas.len() == k && len == k * n);
        len
    }
}

/// e of c^e.
#[inline(always)]
fn bounded<S: Simd, const L: usize>(c: Pack<S, L>) -> Pack<S, L> {
    tanh(c * (1.0 / BOUND)) * BOUND
}

struct Correct<'a> {
    base: &'a Base<'a>,
    x: &'a [f64],
    corrections: &'a [f64],
    out: Corrected<'a>,
}

impl WithSimd for Correct<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let x = simd::vectors::<S>(self.x);
        let count = x.len();
        let (c_logit, rest) = self.corrections.split_at(self.corrections.len() / 3);
        let (c_u, c_slope) = rest.split_at(c_logit.len());
        let (c_logit, c_u) = (simd::vectors::<S>(c_logit), simd::vectors::<S>(c_u));
        let c_slope = simd::vectors::<S>(c_slope);
        let logits = simd::vectors_mut::<S>(self.out.logits);
        let us = simd::vectors_mut::<S>(self.out.u);
        let log_slopes = simd::vectors_mut::<S>(self.out.log_slopes);
        let slopes = simd::vectors_mut::<S>(self.out.slopes);
        for k in 0..self.base.means.len() {
            let (logit, mean) = (self.base.logits[k], self.base.means[k]);
            let log_sigma = self.base.log_sigmas[k];
            for i in (0..count).step_by(SIDE_BY_SIDE) {
                let at = k * count + i;
                let log_slope = bounded(Pack::<S, SIDE_BY_SIDE>::load(s, c_slope, at)) - log_sigma;
                let slope = simd::exp(log_slope);
                let u = (Pack::load(s, x, i) - mean).mul_add(slope, Pack::load(s, c_u, at));
                (Pack::<S, SIDE_BY_SIDE>::load(s, c_logit, at) + logit).store(logits, at);
                u.store(us, at);
                log_slope.store(log_slopes, at);
                slope.store(slopes, at);
            }
        }
    }
}

struct CorrectInPlace<'a> {
    base: &'a Base<'a>,
    corrections: &'a mut [f64],
    n: usize,
}

impl WithSimd for CorrectInPlace<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let count = self.n / S::F64_LANES;
        let (logits, rest) = self.corrections.split_at_mut(self.corrections.len() / 3);
        let (means, log_sigmas) = rest.split_at_mut(logits.len());
        let (logits, means) = (simd::vectors_mut::<S>(logits), simd::vectors_mut::<S>(means));
        let log_sigmas = simd::vectors_mut::<S>(log_sigmas);
        for k in 0..self.base.means.len() {
            let (logit, mean) = (self.base.logits[k], self.base.means[k]);
            let log_sigma = self.base.log_sigmas[k];
            for i in (0..count).step_by(SIDE_BY_SIDE) {
                let at = k * count + i;
                let own = -bounded(Pack::<S, SIDE_BY_SIDE>::load(s, log_sigmas, at)) + log_sigma;
                let c_u = Pack::<S, SIDE_BY_SIDE>::load(s, means, at);
                (Pack::<S, SIDE_BY_SIDE>::load(s, logits, at) + logit).store(logits, at);
                (-c_u).mul_add(simd::exp(own), mean).store(means, at);
                own.store(log_sigmas, at);
            }
        }
    }
}

struct Backward<'a> {
    base: &'a Base<'a>,
    x: &'a [f64],
    log_slopes: &'a [f64],
    slopes: &'a [f64],
    bar: CorrectedBar<'a>,
    x_bar: &'a mut [f64],
    sums: Sums<'a>,
}

impl WithSimd for Backward<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let x = simd::vectors::<S>(self.x);
        let log_slopes = simd::vectors::<S>(self.log_slopes);
        let slopes = simd::vectors::<S>(self.slopes);
        let g_bar = simd::vectors::<S>(self.bar.logits);
        let u_bar = simd::vectors::<S>(self.bar.u);
        let slope_bar = simd::vectors_mut::<S>(self.bar.log_slopes);
        let x_bar = simd::vectors_mut::<S>(self.x_bar);
        let count = x.len();
        let groups = LOGICAL_LANES / S::F64_LANES;
        let zero = Pack::<S, 1>::splat(s, 0.0);
        x_bar.fill(s.splat_f64s(0.0));
        for k in 0..self.base.means.len() {
            let (mean, log_sigma) = (self.base.means[k], self.base.log_sigmas[k]);
            let mut sums = [[0.0; LOGICAL_LANES]; 3];
            let [sum_g, sum_us, sum_e] = &mut sums;
            let sum_g = simd::vectors_mut::<S>(sum_g);
            let sum_us = simd::vectors_mut::<S>(sum_us);
            let sum_e = simd::vectors_mut::<S>(sum_e);
            for group in 0..groups {
                let (mut sg, mut sus, mut se) = (zero, zero, zero);
                for i in (group..count).step_by(groups) {
                    let at = k * count + i;
                    let us = Pack::<S, 1>::load(s, u_bar, at) * Pack::load(s, slopes, at);
                    let from_x = Pack::<S, 1>::load(s, x, i) - mean;
                    let e_bar = us.mul_add(from_x, Pack::load(s, slope_bar, at));
                    let part = (Pack::<S, 1>::load(s, log_slopes, at) + log_sigma) * (1.0 / BOUND);
                    (e_bar * (-part).mul_add(part, 1.0)).store(slope_bar, at);
                    (us + Pack::load(s, x_bar, i)).store(x_bar, i);
                    sg = sg + Pack::load(s, g_bar, at);
                    sus = sus + us;
                    se = se + e_bar;
                }
                sg.store(sum_g, group);
                sus.store(sum_us, group);
                se.store(sum_e, group);
            }
            let [sum_g, sum_us, sum_e] = sums.map(simd::tree_sum);
            self.sums.logits[k] += sum_g;
            self.sums.means[k] -= sum_us;
            self.sums.log_sigmas[k] -= sum_e;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Backend;

    const K: usize = 3;
    const N: usize = 32;
    const STEP: f64 = 1e-5;
    /// The loss reaches thousands: ε·1e3/STEP of rounding, STEP² of third derivatives of hundreds.
    const FD_TOL: f64 = 1e-7;

    fn numbers(len: usize, seed: usize) -> Vec<f64> {
        (0..len).map(|i| ((i + 17 * seed) as f64 * 0.754_877_666).fract() * 3.0 - 1.5).collect()
    }

    /// g, u, ln s and s of these numbers.
    fn corrected(base: [&[f64]; 3], x: &[f64], corrections: &[f64]) -> [Vec<f64>; 4] {
        let mut out = [const { Vec::new() }; 4].map(|_: Vec<f64>| vec![0.0; K * x.len()]);
        let [logits, u, log_slopes, slopes] = &mut out;
        let [of_logits, means, log_sigmas] = base;
        Base { logits: of_logits, means, log_sigmas }.correct(
            x,
            corrections,
            Corrected { logits, u, log_slopes, slopes },
        );
        out
    }

    #[test]
    fn it_is_the_formula_and_its_inverse_names_the_same_mixture() {
        let (logits, means, log_sigmas) = (numbers(K, 1), numbers(K, 2), numbers(K, 3));
        let base = Base { logits: &logits, means: &means, log_sigmas: &log_sigmas };
        let (x, corrections) = (numbers(N, 4), numbers(3 * K * N, 5));
        for backend in Backend::all() {
            backend.scope(|| {
                let [g, u, log_slopes, slopes] =
                    corrected([&logits, &means, &log_sigmas], &x, &corrections);
                let mut in_place = corrections.clone();
                base.correct_in_place(&mut in_place, N);
                for at in 0..K * N {
                    let (k, i) = (at / N, at % N);
                    let [c_l, c_u, c_e] = [0, 1, 2].map(|part| corrections[part * K * N + at]);
                    let log_slope = 3.0 * libm::tanh(c_e / 3.0) - log_sigmas[k];
                    let want = (x[i] - means[k]) * libm::exp(log_slope) + c_u;
                    // A dozen roundings of numbers up to 40.
                    let near = |a: f64, b: f64| (a - b).abs() <= 1e-14 * b.abs().max(1.0);
                    assert!(near(g[at], logits[k] + c_l) && near(log_slopes[at], log_slope));
                    assert!(near(slopes[at], libm::exp(log_slope)) && near(u[at], want));
                    let [logit, mean, log_sigma] =
                        [0, 1, 2].map(|part| in_place[part * K * N + at]);
                    assert!(logit == g[at] && near(log_sigma, -log_slope));
                    assert!(near((x[i] - mean) * libm::exp(-log_sigma), want), "k {k}, row {i}");
                }
            });
        }
    }

    #[test]
    fn the_way_back_is_that_of_differences() {
        let mut inputs = [numbers(K, 1), numbers(K, 2), numbers(K, 3), numbers(N, 4)].to_vec();
        inputs.push(numbers(3 * K * N, 5));
        let weights = [numbers(K * N, 6), numbers(K * N, 7), numbers(K * N, 8)];
        let loss = |inputs: &[Vec<f64>]| -> f64 {
            let base = [&inputs[0][..], &inputs[1], &inputs[2]];
            let out = corrected(base, &inputs[3], &inputs[4]);
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            (0..3).map(|part| dot(&weights[part], &out[part])).sum()
        };
        let [_, _, log_slopes, slopes] =
            corrected([&inputs[0], &inputs[1], &inputs[2]], &inputs[3], &inputs[4]);
        let slopes = [log_slopes, slopes].concat();
        let mut bits = None;
        for backend in Backend::all() {
            let mut slope_bar = weights[2].clone();
            let (mut x_bar, mut sums) = (vec![f64::NAN; N], vec![vec![0.0; K]; 3]);
            let [s_logits, s_means, s_sigmas] = &mut sums[..] else { unreachable!() };
            backend.scope(|| {
                Base { logits: &inputs[0], means: &inputs[1], log_sigmas: &inputs[2] }.backward(
                    &inputs[3],
                    &slopes,
                    CorrectedBar {
                        logits: &weights[0],
                        u: &weights[1],
                        log_slopes: &mut slope_bar,
                    },
                    &mut x_bar,
                    Sums { logits: s_logits, means: s_means, log_sigmas: s_sigmas },
                );
            });
            let mut got = sums.clone();
            got.push(x_bar);
            got.push([&weights[0][..], &weights[1], &slope_bar].concat());
            for (which, got) in got.iter().enumerate() {
                for at in 0..got.len() {
                    let moved = |h: f64| {
                        let mut inputs = inputs.clone();
                        inputs[which][at] += h;
                        loss(&inputs)
                    };
                    let want = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
                    assert!(
                        (got[at] - want).abs() <= FD_TOL * 100.0_f64.max(want.abs()),
                        "{which}"
                    );
                }
            }
            if backend.name() != "Scalar" {
                assert_eq!(bits.get_or_insert_with(|| got.clone()), &got, "{}", backend.name());
            }
        }
    }
}
