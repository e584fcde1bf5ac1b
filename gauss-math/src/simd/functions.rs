//! The elementary functions that every kernel is built from, over a [`Pack`].
//!
//! **exp(-a²/2).** a² = h + l exactly, so that the square's rounding error is not amplified by the
//! exponential; Cody and Waite's reduction and a minimax polynomial of degree 11, all in y = -2x
//! so that neither h nor l has to be halved (the coefficients are, by powers of two).
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

use super::Pack;
use crate::coefficients::{EXP, LN, MILLS_P, MILLS_Q, QUANTILE_P, QUANTILE_Q};
use crate::normal::INV_SQRT_2PI;
use pulp::{Simd, bytemuck};
use std::f64::consts::LOG2_E;

/// The rational function for M ends here; the asymptotic series takes over.
const MILLS_END: f64 = 38.6;
/// Its terms in 1/a²: (-1)^k (2k - 1)!!.
const MILLS_SERIES: [f64; 7] = [1.0, -1.0, 3.0, -15.0, 105.0, -945.0, 10395.0];
/// √(2 ln 2), where |z| = 0.
const R0: f64 = 1.177_410_022_515_474_7;
const TWO_LN_2: f64 = 1.386_294_361_119_890_6;
/// ln 2 in two parts; the high one ends in 21 zero bits, so that k·LN2_HI is exact.
const LN2_HI: f64 = f64::from_bits(0x3FE6_2E42_FEE0_0000);
const LN2_LO: f64 = f64::from_bits(0x3DEA_39EF_3579_3C76);
/// Adding and subtracting 1.5·2⁵² rounds to the nearest integer.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// e^(-y/2) as a polynomial in y: 1, -½, then EXP[i] (-½)^(i+2), exactly.
const EXP_OF_MINUS_HALF: [f64; EXP.len() + 2] = {
    let mut c = [1.0; EXP.len() + 2];
    c[1] = -0.5;
    let (mut i, mut power) = (0, 0.25);
    while i < EXP.len() {
        c[i + 2] = EXP[i] * power;
        power *= -0.5;
        i += 1;
    }
    c
};

/// Σ c_i x^i by Horner's rule.
#[inline(always)]
pub(crate) fn horner<S: Simd, const L: usize, const N: usize>(
    x: Pack<S, L>,
    c: &[f64; N],
) -> Pack<S, L> {
    let mut sum = Pack::splat(x.simd(), c[N - 1]);
    for i in (0..N - 1).rev() {
        sum = sum.mul_add(x, c[i]);
    }
    sum
}

/// Two polynomials side by side: twice as many chains that do not wait for each other.
#[inline(always)]
fn horner_pair<S: Simd, const L: usize, const N: usize, const M: usize>(
    x: Pack<S, L>,
    p: &[f64; N],
    q: &[f64; M],
) -> (Pack<S, L>, Pack<S, L>) {
    const { assert!(N <= M) };
    let mut p_sum = Pack::splat(x.simd(), p[N - 1]);
    let mut q_sum = Pack::splat(x.simd(), q[M - 1]);
    for i in (0..M - 1).rev() {
        q_sum = q_sum.mul_add(x, q[i]);
        if i < N - 1 {
            p_sum = p_sum.mul_add(x, p[i]);
        }
    }
    (p_sum, q_sum)
}

/// 2^k for integer-valued k in [-1022, 1023].
#[inline(always)]
pub fn pow2<S: Simd, const L: usize>(k: Pack<S, L>) -> Pack<S, L> {
    let s = k.simd();
    let mut v = k.registers();
    if S::IS_SCALAR {
        for v in &mut v {
            let k: f64 = bytemuck::cast(*v);
            *v = bytemuck::cast(f64::from_bits(((k as i64 + 1023) as u64) << 52));
        }
    } else {
        // In 2²⁰ + 1023 + k the integer k + 1023 sits at bit 0 of the high word: shift it to
        // the exponent's place. The low word is zero.
        let biased = (k + (1_048_576.0 + 1023.0)).registers();
        for l in 0..L {
            let words: S::u32s = bytemuck::cast(biased[l]);
            v[l] = bytemuck::cast(s.wrapping_dyn_shl_u32s(words, s.splat_u32s(20)));
        }
    }
    Pack::new(s, v)
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

/// x² = h + l exactly, or, without a fused multiply-add, for the x of which the low half is cut off
/// in h and comes back in l; |x| < 1e150.
#[inline(always)]
fn square<S: Simd, const L: usize>(x: Pack<S, L>) -> (Pack<S, L>, Pack<S, L>) {
    if Pack::<S, L>::FUSED {
        let h = x * x;
        (h, x.mul_add(x, -h))
    } else {
        let s = x.simd();
        let mask = s.splat_u64s(!((1 << 27) - 1));
        let (bits, mut high) = (x.bits(), x.registers());
        for l in 0..L {
            high[l] = s.transmute_f64s_u64s(s.and_u64s(bits[l], mask));
        }
        let high = Pack::new(s, high);
        (high * high, (x - high) * (x + high))
    }
}

/// e^(-(y + y_lo)/2) for y in [-1418, 1416], |y_lo| tiny; relative error <= 1.5 ε.
#[inline(always)]
fn exp_of_minus_half<S: Simd, const L: usize>(y: Pack<S, L>, y_lo: Pack<S, L>) -> Pack<S, L> {
    let k = y.mul_add(-0.5 * LOG2_E, ROUND) - ROUND;
    let rest = k.mul_add(2.0 * LN2_HI, y);
    let rest = k.mul_add(2.0 * LN2_LO, rest) + y_lo;
    horner(rest, &EXP_OF_MINUS_HALF) * pow2(k)
}

/// e^x for any x <= 709; 0 below -708, NaN for NaN; relative error <= 1.5 ε.
#[inline(always)]
pub fn exp<S: Simd, const L: usize>(x: Pack<S, L>) -> Pack<S, L> {
    let below = x.less(-708.0);
    let y = below.select(-708.0, x) * -2.0;
    below.select(0.0, exp_of_minus_half(y, Pack::splat(x.simd(), 0.0)))
}

/// exp(-a²/2) for a in [0, 37.6]; relative error <= 1.5 ε.
#[inline(always)]
pub fn exp_neg_half_square<S: Simd, const L: usize>(a: Pack<S, L>) -> Pack<S, L> {
    let (h, l) = square(a);
    exp_of_minus_half(h, l)
}

/// (P, Q) with M(a) = Φ(-a)/exp(-a²/2) = P/Q for a in [0, 38.6]; relative error of the quotient
/// <= 4 ε.
#[inline(always)]
pub fn mills<S: Simd, const L: usize>(a: Pack<S, L>) -> (Pack<S, L>, Pack<S, L>) {
    horner_pair(a, &MILLS_P, &MILLS_Q)
}

/// M(a) for any a >= 0; relative error <= 4 ε.
///
/// Beyond a = 38.6 seven terms of the asymptotic series (Abramowitz & Stegun 26.2.12).
#[inline(always)]
pub fn mills_anywhere<S: Simd, const L: usize>(a: Pack<S, L>) -> Pack<S, L> {
    let inside = a.at_most(MILLS_END);
    if inside.all() {
        mills_rational(a)
    } else if (!inside).all() {
        mills_series(a)
    } else {
        inside.select(mills_rational(a), mills_series(a))
    }
}

#[inline(always)]
fn mills_rational<S: Simd, const L: usize>(a: Pack<S, L>) -> Pack<S, L> {
    let (p, q) = mills(a);
    p / q
}

#[inline(always)]
fn mills_series<S: Simd, const L: usize>(a: Pack<S, L>) -> Pack<S, L> {
    let r = Pack::splat(a.simd(), 1.0) / a;
    horner(r * r, &MILLS_SERIES) * (r * INV_SQRT_2PI)
}

/// ln x for normal x > 0; relative error <= 2 ε.
#[inline(always)]
pub fn ln<S: Simd, const L: usize>(x: Pack<S, L>) -> Pack<S, L> {
    // x = 2^k m, m in [√½, √2): add what carries the exponent over where m would exceed √2.
    let one = 0x3FF0_0000_0000_0000_u64;
    let sqrt_half = 0x3FE6_A09E_667F_3BCD_u64;
    let s = x.simd();
    let bits = x.bits();
    let (mut k, mut m) = (x.registers(), x.registers());
    for l in 0..L {
        let shifted = s.add_u64s(bits[l], s.splat_u64s(one - sqrt_half));
        k[l] = exponent_field(s, shifted);
        let field = s.and_u64s(shifted, s.splat_u64s(0x7FF0_0000_0000_0000));
        m[l] = s.transmute_f64s_u64s(s.sub_u64s(bits[l], s.sub_u64s(field, s.splat_u64s(one))));
    }
    let k = Pack::new(s, k) - 1023.0;
    let f = Pack::new(s, m) - 1.0;
    // ln(1 + f) = 2 atanh(q) = f - q (f - q² R(q²)), q = f/(2 + f)
    let q = f / (f + 2.0);
    let q2 = q * q;
    let inner = f - q2 * horner(q2, &LN);
    let small = k.mul_add(LN2_LO, -q * inner);
    k * LN2_HI + (f + small)
}

/// -Φ⁻¹(p) >= 0 for p in [1e-300, ½]; error <= 4.5 ε max(1, |z|).
#[inline(always)]
pub fn upper_quantile<S: Simd, const L: usize>(p: Pack<S, L>) -> Pack<S, L> {
    let minus_2_ln_2p = ln(p + p) * -2.0;
    let r = (minus_2_ln_2p + TWO_LN_2).sqrt();
    let (num, den) = horner_pair(r, &QUANTILE_P, &QUANTILE_Q);
    (minus_2_ln_2p * num) / ((r + R0) * den)
}
