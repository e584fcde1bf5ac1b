//! z and ln dz/dx; lanes are rows.
//!
//! Two passes, as in [`crate::mixture`]: the first sums over the components of each row, weights
//! relative to the row's largest one and divided by their sum Σ at the end; the second makes z and
//! ln dz/dx of the sums. A row that is left with z = ±∞ is done again in log space.
//!
//! The tape holds what a row's gradient is made of, four numbers per component, since nothing is
//! summed over rows: the weight γ, the share r = γ φ(u) du/dx / f of the density, and the two
//! derivatives of z. With p the smaller tail, ρ the component's share of it, and
//! φ(z) = p/(√(2π) M(|z|)),
//!
//! - ∂z/∂(log weight) = γ (Φ(u) - F)/φ(z) = ±√(2π) M(|z|) (ρ - γ), + where F is the smaller tail,
//! - ∂z/∂u = γ φ(u)/φ(z) = γ exp(-u²/2) M(|z|)/p.

use super::Conditional;
use super::far::Mend;
use crate::mixture::{TINY_SLOPE, near};
use crate::normal::SQRT_2PI;
use crate::simd::{self, Pack, SIDE_BY_SIDE, T_MAX};
use pulp::{Simd, WithSimd};
use std::ops::Range;

/// Numbers of the tape per row and component.
pub(super) const PER_COMPONENT: usize = 4;
/// Rows go through the passes in chunks whose sums stay in the first-level cache.
const CHUNK: usize = 128;

/// What the first pass leaves of a chunk's rows; with a tape, the second then leaves M/p, p (negative
/// where z is positive) and 1/slope in place of the first three.
struct Sums {
    lower: [f64; CHUNK],
    upper: [f64; CHUNK],
    slope: [f64; CHUNK],
    /// The least slope that is near.
    tiny_slope: [f64; CHUNK],
    /// 1/Σ
    inv_total: [f64; CHUNK],
}

/// One component's part of the tape, `[n]` each.
pub(super) struct Terms<'a, T> {
    pub weight: &'a [T],
    /// r
    pub share: &'a [T],
    /// ∂z/∂(log weight)
    pub by_log_weight: &'a [T],
    /// ∂z/∂u
    pub by_u: &'a [T],
}

impl<'a, T> Terms<'a, T> {
    /// Of component k on a tape of n (registers of) rows.
    #[inline(always)]
    pub fn new(tape: &'a [T], k: usize, n: usize) -> Self {
        let (weight, rest) = tape[k * PER_COMPONENT * n..][..PER_COMPONENT * n].split_at(n);
        let (share, rest) = rest.split_at(n);
        let (by_log_weight, by_u) = rest.split_at(n);
        Self { weight, share, by_log_weight, by_u }
    }
}

impl Conditional<'_> {
    /// Numbers of tape per row that [`Conditional::forward_with_tape`] needs.
    #[must_use]
    pub const fn tape_len(components: usize) -> usize {
        PER_COMPONENT * components
    }

    /// The map of n rows.
    ///
    /// z `[n]`: overwritten; log_det `[n]`: ADDED to. Errors as
    /// [`Mixture::gaussianize`](crate::mixture::Mixture::gaussianize) for the weights, u and slopes
    /// given. A NaN gives NaN in its own row only.
    ///
    /// # Panics
    /// When a length does not fit.
    pub fn forward(&self, z: &mut [f64], log_det: &mut [f64]) {
        self.run::<false>(z, log_det, &mut []);
    }

    /// [`Conditional::forward`], keeping on `tape` what [`Conditional::backward`] needs:
    /// `[tape_len n]`, overwritten.
    ///
    /// # Panics
    /// When a length does not fit.
    pub fn forward_with_tape(&self, z: &mut [f64], log_det: &mut [f64], tape: &mut [f64]) {
        let len = Self::tape_len(self.components(z.len())) * z.len();
        self.run::<true>(z, log_det, &mut tape[..len]);
    }

    fn run<const TAPE: bool>(&self, z: &mut [f64], log_det: &mut [f64], tape: &mut [f64]) {
        let n = z.len();
        assert_eq!(log_det.len(), n, "log_det");
        let components = self.components(n);
        let pass = Forward::<TAPE> { rows: self, components, z, log_det, tape };
        if simd::run(pass) {
            let tape = if TAPE { Some(tape) } else { None };
            simd::run(Mend { rows: self, components, z, log_det, tape });
        }
    }
}

struct Forward<'a, const TAPE: bool> {
    rows: &'a Conditional<'a>,
    components: usize,
    z: &'a mut [f64],
    log_det: &'a mut [f64],
    tape: &'a mut [f64],
}

impl<const TAPE: bool> WithSimd for Forward<'_, TAPE> {
    /// Whether any row must be done again in log space.
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, s: S) -> bool {
        let none = [0.0; CHUNK];
        let mut sums =
            Sums { lower: none, upper: none, slope: none, tiny_slope: none, inv_total: none };
        let mut all_near = true;
        for first in (0..self.z.len()).step_by(CHUNK) {
            let rows = first..self.z.len().min(first + CHUNK);
            self.sum(s, rows.clone(), &mut sums);
            all_near &= self.map(s, rows.clone(), &mut sums);
            if TAPE {
                self.finish_tape(s, rows, &sums);
            }
        }
        !all_near
    }
}

impl<const TAPE: bool> Forward<'_, TAPE> {
    /// The sums of some rows; on the tape w, w exp(-u²/2) du/dx, w Φ(-|u|) and w exp(-u²/2), w a weight
    /// relative to the largest.
    #[inline(always)]
    fn sum<S: Simd>(&mut self, s: S, rows: Range<usize>, sums: &mut Sums) {
        let log_weights = simd::vectors::<S>(self.rows.log_weights);
        let u = simd::vectors::<S>(self.rows.u);
        let log_slopes = simd::vectors::<S>(self.rows.log_slopes);
        let tape = simd::vectors_mut::<S>(self.tape);
        let (count, first) = (self.z.len() / S::F64_LANES, rows.start / S::F64_LANES);
        let zero = Pack::<S, SIDE_BY_SIDE>::splat(s, 0.0);
        for to in (0..rows.len() / S::F64_LANES).step_by(SIDE_BY_SIDE) {
            let i = first + to;
            let mut top = zero + f64::NEG_INFINITY;
            for k in 0..self.components {
                top = top.max(Pack::load(s, log_weights, k * count + i));
            }
            let (mut lower, mut upper, mut slope) = (zero, zero, zero);
            let (mut largest, mut total) = (zero, zero);
            for k in 0..self.components {
                let at = k * count + i;
                let weight = simd::exp(Pack::<S, SIDE_BY_SIDE>::load(s, log_weights, at) - top);
                let steep = weight * simd::exp(Pack::<S, SIDE_BY_SIDE>::load(s, log_slopes, at));
                let term = near::Term::at(Pack::load(s, u, at), weight, steep);
                lower = lower + term.lower;
                upper = upper + term.upper;
                slope = slope + term.density;
                largest = largest + steep;
                total = total + weight;
                if TAPE {
                    let at = k * PER_COMPONENT * count + i;
                    weight.store(tape, at);
                    term.density.store(tape, at + count);
                    term.tail.store(tape, at + 2 * count);
                    term.height.store(tape, at + 3 * count);
                }
            }
            let inv_total = (zero + 1.0) / total;
            let tiny_slope = (largest * inv_total * TINY_SLOPE).max(f64::MIN_POSITIVE);
            (lower * inv_total).store(simd::vectors_mut::<S>(&mut sums.lower), to);
            (upper * inv_total).store(simd::vectors_mut::<S>(&mut sums.upper), to);
            (slope * inv_total).store(simd::vectors_mut::<S>(&mut sums.slope), to);
            tiny_slope.store(simd::vectors_mut::<S>(&mut sums.tiny_slope), to);
            inv_total.store(simd::vectors_mut::<S>(&mut sums.inv_total), to);
        }
    }

    /// z and ln dz/dx from the sums; whether all rows are near.
    #[inline(always)]
    fn map<S: Simd>(&mut self, s: S, rows: Range<usize>, sums: &mut Sums) -> bool {
        let z = simd::vectors_mut::<S>(&mut self.z[rows.clone()]);
        let log_det = simd::vectors_mut::<S>(&mut self.log_det[rows]);
        let lowers = simd::vectors_mut::<S>(&mut sums.lower);
        let uppers = simd::vectors_mut::<S>(&mut sums.upper);
        let slopes = simd::vectors_mut::<S>(&mut sums.slope);
        let tiny_slopes = simd::vectors::<S>(&sums.tiny_slope);
        let zero = Pack::<S, SIDE_BY_SIDE>::splat(s, 0.0);
        let mut all_near = true;
        for i in (0..z.len()).step_by(SIDE_BY_SIDE) {
            let slope = Pack::<S, SIDE_BY_SIDE>::load(s, slopes, i);
            let (lower, upper) = (Pack::load(s, lowers, i), Pack::load(s, uppers, i));
            let sums = near::Sums { lower, upper, slope };
            // Which x it is does not matter: a NaN is in the sums.
            let at = sums.map(zero, Pack::<S, SIDE_BY_SIDE>::load(s, tiny_slopes, i));
            at.z.store(z, i);
            (simd::ln(at.jacobian) + Pack::load(s, log_det, i)).store(log_det, i);
            all_near &= at.near.all();
            if TAPE {
                at.mills_over_p.store(lowers, i);
                at.signed_p.store(uppers, i);
                ((zero + 1.0) / slope).store(slopes, i);
            }
        }
        all_near
    }

    /// What [`Forward::sum`] left on the tape to what [`Terms`] says.
    #[inline(always)]
    fn finish_tape<S: Simd>(&mut self, s: S, rows: Range<usize>, sums: &Sums) {
        let u = simd::vectors::<S>(self.rows.u);
        let tape = simd::vectors_mut::<S>(self.tape);
        let (count, first) = (self.z.len() / S::F64_LANES, rows.start / S::F64_LANES);
        let mills_over_p = simd::vectors::<S>(&sums.lower);
        let signed_p = simd::vectors::<S>(&sums.upper);
        let inv_slope = simd::vectors::<S>(&sums.slope);
        let inv_total = simd::vectors::<S>(&sums.inv_total);
        let zero = Pack::<S, SIDE_BY_SIDE>::splat(s, 0.0);
        for k in 0..self.components {
            for from in (0..rows.len() / S::F64_LANES).step_by(SIDE_BY_SIDE) {
                let u = Pack::<S, SIDE_BY_SIDE>::load(s, u, k * count + first + from);
                let mills_over_p = Pack::<S, SIDE_BY_SIDE>::load(s, mills_over_p, from);
                let signed_p = Pack::<S, SIDE_BY_SIDE>::load(s, signed_p, from);
                let inv_total = Pack::<S, SIDE_BY_SIDE>::load(s, inv_total, from);
                let at = k * PER_COMPONENT * count + first + from;
                let weight = Pack::<S, SIDE_BY_SIDE>::load(s, tape, at) * inv_total;
                let density = Pack::<S, SIDE_BY_SIDE>::load(s, tape, at + count) * inv_total;
                let tail = Pack::<S, SIDE_BY_SIDE>::load(s, tape, at + 2 * count) * inv_total;
                let height = Pack::<S, SIDE_BY_SIDE>::load(s, tape, at + 3 * count) * inv_total;
                // Beyond T_MAX the term is that of T_MAX: nothing beside the others, but not times a
                // u of 1e150.
                let share = density * Pack::load(s, inv_slope, from);
                let share = u.abs().at_most(T_MAX).select(share, 0.0);
                // The part of the smaller tail, negative where that is the upper one.
                let outward = (u * signed_p).less(0.0);
                let part = outward.select(tail, weight - tail);
                let part = zero.less(signed_p).select(part, -part);
                weight.store(tape, at);
                share.store(tape, at + count);
                ((part - weight * signed_p) * mills_over_p * SQRT_2PI).store(tape, at + 2 * count);
                (height * mills_over_p).store(tape, at + 3 * count);
            }
        }
    }
}
