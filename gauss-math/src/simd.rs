//! The vectorised elementary functions that every kernel is built from.
//!
//! One source serves every instruction set: each function is generic over [`pulp::Simd`] and is
//! instantiated for AVX-512, AVX2, NEON and plain scalar code; [`run`] picks the widest one the
//! processor has. A lane never depends on its neighbours, and sums over rows use
//! [`LOGICAL_LANES`] partial sums on any width, so AVX2 and AVX-512 give the same bits. Without
//! a fused multiply-add the last bits differ.
//!
//! **exp(-a²/2).** a is split into a high part whose square is exact and the rest, so that the
//! square's rounding error is not amplified by the exponential; then Cody and Waite's reduction
//! and a minimax polynomial of degree 11.
//!
//! **Φ(-a) = exp(-a²/2) · M(a)** with M(a) = ½·erfcx(a/√2), the Mills ratio over √(2π), one
//! rational function on [0, 38.6]. φ and both tails of Φ therefore cost one exponential.
//!
//! **Φ⁻¹.** For p <= ½ put r = √(-2 ln p) and r₀ = √(2 ln 2); then |z| = (r - r₀)·R(r), R one
//! rational function. r - r₀ is computed as -2 ln(2p)/(r + r₀), which keeps relative accuracy as
//! z -> 0.
//!
//! Sources: Cody, Rational Chebyshev approximations for the error function (1969); Wichura,
//! Algorithm AS 241 (1988) for the choice of √(-ln p); Muller, Elementary Functions, ch. 11.
//! The coefficients come from `golden/remez.py`.

use crate::coefficients::{EXP, LN, MILLS_P, MILLS_Q, QUANTILE_P, QUANTILE_Q};
use pulp::{Arch, Simd, WithSimd, bytemuck};
use std::cell::Cell;

/// Sums over rows are kept in this many partial sums, whatever the register's width.
pub const LOGICAL_LANES: usize = 16;

/// |t| is clamped here in the vector path: exp(-37²/2) is still a normal number.
pub(crate) const T_MAX: f64 = 37.0;
/// Below this the vector path hands a tail probability to the scalar path in log space. What
/// the clamp at [`T_MAX`] leaves of a far component, 5e-298, is then beyond relative 1e-17.
pub(crate) const TINY: f64 = 1e-280;

/// √(2 ln 2), where |z| = 0.
const R0: f64 = 1.177_410_022_515_474_7;
const TWO_LN_2: f64 = 1.386_294_361_119_890_6;
/// ln 2 in two parts; the high one ends in 21 zero bits, so that k·LN2_HI is exact.
const LN2_HI: f64 = f64::from_bits(0x3FE6_2E42_FEE0_0000);
const LN2_LO: f64 = f64::from_bits(0x3DEA_39EF_3579_3C76);
/// Adding and subtracting 1.5·2⁵² rounds to the nearest integer.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// A vector instruction set that this processor has.
#[derive(Clone, Copy, Debug)]
pub struct Backend(Arch);

impl Backend {
    /// The widest one.
    pub fn best() -> Self {
        Self(Arch::new())
    }

    /// Every one, the widest first, plain scalar code last; for tests that compare them.
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            all.extend(pulp::x86::V4::try_new().map(|s| Self(Arch::V4(s))));
            all.extend(pulp::x86::V3::try_new().map(|s| Self(Arch::V3(s))));
        }
        #[cfg(target_arch = "aarch64")]
        all.push(Self(Arch::new()));
        all.push(Self(Arch::Scalar));
        all
    }

    /// Its name, for messages.
    pub fn name(self) -> String {
        format!("{:?}", self.0)
    }

    /// Runs a kernel on it.
    #[inline]
    pub fn run<Op: WithSimd>(self, op: Op) -> Op::Output {
        self.0.dispatch(op)
    }

    /// Calls `f`, in which every kernel that this thread runs is run on this instruction set; for
    /// tests and benchmarks that compare them.
    ///
    /// ```
    /// use gauss_math::{simd::Backend, slice};
    /// for backend in Backend::all() {
    ///     let mut y = [0.0; 2];
    ///     backend.scope(|| slice::exp(&[0.0, 1.0], &mut y));
    ///     assert!(y[0] == 1.0 && (y[1] - std::f64::consts::E).abs() < 1e-15, "{}", backend.name());
    /// }
    /// ```
    pub fn scope<T>(self, f: impl FnOnce() -> T) -> T {
        struct Restore(Option<Backend>);
        impl Drop for Restore {
            fn drop(&mut self) {
                CHOSEN.set(self.0);
            }
        }
        let _restore = Restore(CHOSEN.replace(Some(self)));
        f()
    }
}

thread_local! {
    /// What [`Backend::scope`] has chosen for this thread.
    static CHOSEN: Cell<Option<Backend>> = const { Cell::new(None) };
}

/// Runs a kernel on the widest instruction set of this processor, or the one that
/// [`Backend::scope`] has chosen.
#[inline]
pub fn run<Op: WithSimd>(op: Op) -> Op::Output {
    CHOSEN.get().unwrap_or_else(Backend::best).run(op)
}

/// Σ c_i x^i by Horner's rule.
#[inline(always)]
pub(crate) fn horner<S: Simd, const N: usize>(s: S, x: S::f64s, c: &[f64; N]) -> S::f64s {
    let mut acc = s.splat_f64s(c[N - 1]);
    for i in (0..N - 1).rev() {
        acc = s.mul_add_e_f64s(acc, x, s.splat_f64s(c[i]));
    }
    acc
}

/// 2^k for integer-valued k in [-1022, 1023].
#[inline(always)]
pub fn pow2<S: Simd>(s: S, k: S::f64s) -> S::f64s {
    if S::IS_SCALAR {
        let k: f64 = bytemuck::cast(k);
        bytemuck::cast(f64::from_bits(((k as i64 + 1023) as u64) << 52))
    } else {
        // In 2²⁰ + 1023 + k the integer k + 1023 sits at bit 0 of the high word: shift it to
        // the exponent's place. The low word is zero.
        let biased = s.add_f64s(k, s.splat_f64s(1_048_576.0 + 1023.0));
        let words: S::u32s = bytemuck::cast(biased);
        bytemuck::cast(s.wrapping_dyn_shl_u32s(words, s.splat_u32s(20)))
    }
}

/// The biased exponent field (bits 52..63) of non-negative `bits`, as a number.
#[inline(always)]
fn exponent_field<S: Simd>(s: S, bits: S::u64s) -> S::f64s {
    if S::IS_SCALAR {
        let bits: u64 = bytemuck::cast(bits);
        bytemuck::cast((bits >> 52) as f64)
    } else {
        let field = s.and_u64s(bits, s.splat_u64s(0x7FF0_0000_0000_0000));
        let words: S::u32s = bytemuck::cast(field);
        let shifted = s.wrapping_dyn_shr_u32s(words, s.splat_u32s(20));
        let magic = s.splat_u64s(0x4130_0000_0000_0000); // 2²⁰, unit at bit 32
        let biased = s.or_u64s(bytemuck::cast(shifted), magic);
        s.sub_f64s(s.transmute_f64s_u64s(biased), s.splat_f64s(1_048_576.0))
    }
}

/// e^(x + x_lo) for x in [-708, 709], |x_lo| tiny; relative error <= 1.5 ε.
#[inline(always)]
fn exp_reduced<S: Simd>(s: S, x: S::f64s, x_lo: S::f64s) -> S::f64s {
    let round = s.splat_f64s(ROUND);
    let k = s.mul_add_e_f64s(x, s.splat_f64s(std::f64::consts::LOG2_E), round);
    let k = s.sub_f64s(k, round);
    let r = s.mul_add_e_f64s(k, s.splat_f64s(-LN2_HI), x);
    let r = s.add_f64s(s.mul_add_e_f64s(k, s.splat_f64s(-LN2_LO), r), x_lo);
    let tail = s.mul_f64s(s.mul_f64s(r, r), horner(s, r, &EXP));
    let e = s.add_f64s(s.splat_f64s(1.0), s.add_f64s(r, tail));
    s.mul_f64s(e, pow2(s, k))
}

/// e^x for any x <= 709; 0 below -708, NaN for NaN; relative error <= 1.5 ε.
#[inline(always)]
pub fn exp<S: Simd>(s: S, x: S::f64s) -> S::f64s {
    let floor = s.splat_f64s(-708.0);
    let below = s.less_than_f64s(x, floor);
    let y = s.select_f64s(below, floor, x);
    let e = exp_reduced(s, y, s.splat_f64s(0.0));
    s.select_f64s(below, s.splat_f64s(0.0), e)
}

/// exp(-a²/2) for a in [0, 37.6]; relative error <= 1.5 ε.
#[inline(always)]
pub fn exp_neg_half_square<S: Simd>(s: S, a: S::f64s) -> S::f64s {
    let mask = s.splat_u64s(!((1 << 27) - 1));
    let hi = s.transmute_f64s_u64s(s.and_u64s(s.transmute_u64s_f64s(a), mask));
    let minus_half = s.splat_f64s(-0.5);
    let x = s.mul_f64s(minus_half, s.mul_f64s(hi, hi));
    let rest = s.mul_f64s(s.sub_f64s(a, hi), s.add_f64s(a, hi));
    exp_reduced(s, x, s.mul_f64s(minus_half, rest))
}

/// M(a) = Φ(-a)/exp(-a²/2) for a in [0, 38.6]; relative error <= 4 ε.
#[inline(always)]
pub fn mills<S: Simd>(s: S, a: S::f64s) -> S::f64s {
    s.div_f64s(horner(s, a, &MILLS_P), horner(s, a, &MILLS_Q))
}

/// ln x for normal x > 0; relative error <= 2 ε.
#[inline(always)]
pub fn ln<S: Simd>(s: S, x: S::f64s) -> S::f64s {
    // x = 2^k m, m in [√½, √2): add what carries the exponent over where m would exceed √2.
    let one = 0x3FF0_0000_0000_0000_u64;
    let sqrt_half = 0x3FE6_A09E_667F_3BCD_u64;
    let bits = s.transmute_u64s_f64s(x);
    let shifted = s.add_u64s(bits, s.splat_u64s(one - sqrt_half));
    let k = s.sub_f64s(exponent_field(s, shifted), s.splat_f64s(1023.0));
    let field = s.and_u64s(shifted, s.splat_u64s(0x7FF0_0000_0000_0000));
    let m = s.sub_u64s(bits, s.sub_u64s(field, s.splat_u64s(one)));
    let f = s.sub_f64s(s.transmute_f64s_u64s(m), s.splat_f64s(1.0));
    // ln(1 + f) = 2 atanh(q) = f - q (f - q² R(q²)), q = f/(2 + f)
    let q = s.div_f64s(f, s.add_f64s(s.splat_f64s(2.0), f));
    let q2 = s.mul_f64s(q, q);
    let inner = s.sub_f64s(f, s.mul_f64s(q2, horner(s, q2, &LN)));
    let small = s.mul_add_e_f64s(k, s.splat_f64s(LN2_LO), s.mul_f64s(s.neg_f64s(q), inner));
    s.add_f64s(s.mul_f64s(k, s.splat_f64s(LN2_HI)), s.add_f64s(f, small))
}

/// -Φ⁻¹(p) >= 0 for p in [1e-300, ½]; error <= 4.5 ε max(1, |z|).
#[inline(always)]
pub fn upper_quantile<S: Simd>(s: S, p: S::f64s) -> S::f64s {
    let minus_2_ln_2p = s.mul_f64s(s.splat_f64s(-2.0), ln(s, s.add_f64s(p, p)));
    let r = s.sqrt_f64s(s.add_f64s(minus_2_ln_2p, s.splat_f64s(TWO_LN_2)));
    let num = s.mul_f64s(minus_2_ln_2p, horner(s, r, &QUANTILE_P));
    let den = s.mul_f64s(s.add_f64s(r, s.splat_f64s(R0)), horner(s, r, &QUANTILE_Q));
    s.div_f64s(num, den)
}

/// Splits a slice whose length is a multiple of [`LOGICAL_LANES`] into whole vectors.
#[inline(always)]
pub(crate) fn vectors<S: Simd>(x: &[f64]) -> &[S::f64s] {
    let (head, tail) = S::as_simd_f64s(x);
    debug_assert!(tail.is_empty());
    head
}

/// [`vectors`], mutable.
#[inline(always)]
pub(crate) fn vectors_mut<S: Simd>(x: &mut [f64]) -> &mut [S::f64s] {
    let (head, tail) = S::as_mut_simd_f64s(x);
    debug_assert!(tail.is_empty());
    head
}

/// Adds partial sums in a fixed tree, the same on any vector width.
#[inline(always)]
pub fn tree_sum(mut lanes: [f64; LOGICAL_LANES]) -> f64 {
    let mut width = LOGICAL_LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] += lanes[i + width];
        }
        width /= 2;
    }
    lanes[0]
}
