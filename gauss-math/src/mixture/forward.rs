//! z = Φ⁻¹(F(x)) and ln dz/dx over a slice; lanes are rows.
//!
//! Two passes: the first sums L, U and Σ π_k/σ_k e_k over the components of each row, the second
//! turns the sums into z and ln dz/dx. (Fused, the long dependency chain of the second stalls
//! the first.) A row whose p or f would underflow is left with z = ±∞; such rows are then gathered
//! and done again in log space, sixteen at a time.
//!
//! With a tape, the passes also keep what the gradient needs of each row and component.

use super::gather::{Lanes, Rows, store_where};
use super::{Mixture, far, near};
use crate::simd::{self, LOGICAL_LANES, Pack, SIDE_BY_SIDE, assert_whole};
use pulp::{Simd, WithSimd};
use std::ops::Div;

/// L, U and the slope sum of a row.
const SUMS: usize = 3;
/// Numbers of a tape per row, besides two per component.
const PER_ROW: usize = SUMS + 1;
/// Without a tape, rows go through both passes in chunks whose sums stay in the first-level cache.
const CHUNK: usize = 128;

/// The tape of a forward pass of n rows and K components, a view of `[4 + 2K][n]` numbers: M/p, p
/// (negative where z is positive), 1/Σ q and a scale; then per component q_k = π_k/σ_k e_k and
/// π_k Φ(-|t_k|).
///
/// In a row done in log space p and q are relative to the largest terms of their sums, and the
/// scale is the ratio of q's to p's; in all others it is 1. Where such a row lies on a component's
/// other side, π_k less its term of p stands for π_k Φ(-|t_k|), from which the gradient takes π_k
/// less it.
pub(super) struct Tape<'a> {
    pub mills_over_p: &'a [f64],
    pub signed_p: &'a [f64],
    pub inv_slope: &'a [f64],
    pub scale: &'a [f64],
    pub terms: &'a [f64],
}

impl<'a> Tape<'a> {
    pub fn new(tape: &'a [f64], n: usize) -> Self {
        let (mills_over_p, rest) = tape.split_at(n);
        let (signed_p, rest) = rest.split_at(n);
        let (inv_slope, rest) = rest.split_at(n);
        let (scale, terms) = rest.split_at(n);
        Self { mills_over_p, signed_p, inv_slope, scale, terms }
    }
}

impl Mixture {
    /// Numbers of tape per row that [`Mixture::forward_with_tape`] needs.
    #[must_use]
    pub const fn tape_len(components: usize) -> usize {
        PER_ROW + 2 * components
    }

    /// The map over n rows.
    ///
    /// x `[n]`; z `[n]`: overwritten; log_det `[n]`: ADDED to. Errors as [`Mixture::gaussianize`]; a
    /// NaN or infinite x gives NaN in its own row only.
    ///
    /// # Panics
    /// When the lengths differ.
    pub fn forward(&self, x: &[f64], z: &mut [f64], log_det: &mut [f64]) {
        let n = x.len();
        assert!(
            z.len() == n && log_det.len() == n,
            "x, z, log_det: {n}, {}, {}",
            z.len(),
            log_det.len()
        );
        let whole = n / LOGICAL_LANES * LOGICAL_LANES;
        let mut sums = [0.0; SUMS * CHUNK];
        let chunks = x[..whole].chunks(CHUNK).zip(z[..whole].chunks_mut(CHUNK));
        for ((x, z), log_det) in chunks.zip(log_det[..whole].chunks_mut(CHUNK)) {
            self.forward_whole(x, z, log_det, &mut sums);
        }
        if whole < n {
            let rest = n - whole;
            let (mut last_x, mut last_z) = ([x[n - 1]; LOGICAL_LANES], [0.0; LOGICAL_LANES]);
            let mut last_log_det = [0.0; LOGICAL_LANES];
            last_x[..rest].copy_from_slice(&x[whole..]);
            last_log_det[..rest].copy_from_slice(&log_det[whole..]);
            self.forward_whole(&last_x, &mut last_z, &mut last_log_det, &mut sums);
            z[whole..].copy_from_slice(&last_z[..rest]);
            log_det[whole..].copy_from_slice(&last_log_det[..rest]);
        }
    }

    /// [`Mixture::forward`] of whole registers. sums: `[3 n]` or more, overwritten.
    fn forward_whole(&self, x: &[f64], z: &mut [f64], log_det: &mut [f64], sums: &mut [f64]) {
        let sums = &mut sums[..SUMS * x.len()];
        let (scale, terms) = (&mut [][..], &mut [][..]);
        let pass = Forward::<false> { mixture: self, x, z, log_det, sums, scale, terms };
        if simd::run(pass) {
            simd::run(Mend { mixture: self, x, z, log_det, tape: None });
        }
    }

    /// [`Mixture::forward`], keeping on `tape` `[(4 + 2K) n]` what [`Mixture::backward`] needs, for
    /// n a multiple of [`LOGICAL_LANES`]: fill up with rows that count for nothing there.
    ///
    /// # Panics
    /// When a length does not fit.
    pub fn forward_with_tape(
        &self,
        x: &[f64],
        z: &mut [f64],
        log_det: &mut [f64],
        tape: &mut [f64],
    ) {
        let n = x.len();
        assert_whole(n);
        assert!(
            z.len() == n && log_det.len() == n,
            "x, z, log_det: {n}, {}, {}",
            z.len(),
            log_det.len()
        );
        let tape = &mut tape[..Self::tape_len(self.len()) * n];
        let (sums, rest) = tape.split_at_mut(SUMS * n);
        let (scale, terms) = rest.split_at_mut(n);
        let pass = Forward::<true> { mixture: self, x, z, log_det, sums, scale, terms };
        if simd::run(pass) {
            simd::run(Mend { mixture: self, x, z, log_det, tape: Some(tape) });
        }
    }
}

struct Forward<'a, const TAPE: bool> {
    mixture: &'a Mixture,
    x: &'a [f64],
    z: &'a mut [f64],
    log_det: &'a mut [f64],
    sums: &'a mut [f64],
    scale: &'a mut [f64],
    terms: &'a mut [f64],
}

impl<const TAPE: bool> WithSimd for Forward<'_, TAPE> {
    /// Whether any row must be done again in log space.
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) -> bool {
        let n = self.x.len();
        let x = simd::vectors::<S>(self.x);
        let (lowers, rest) = self.sums.split_at_mut(n);
        let (uppers, slopes) = rest.split_at_mut(n);
        let lowers = simd::vectors_mut::<S>(lowers);
        let uppers = simd::vectors_mut::<S>(uppers);
        let slopes = simd::vectors_mut::<S>(slopes);
        let scale = simd::vectors_mut::<S>(self.scale);
        let terms = simd::vectors_mut::<S>(self.terms);
        let count = x.len();
        let zero = Pack::<S, SIDE_BY_SIDE>::splat(s, 0.0);

        for i in (0..count).step_by(SIDE_BY_SIDE) {
            let x = Pack::<S, SIDE_BY_SIDE>::load(s, x, i);
            let (mut lower, mut upper, mut slope) = (zero, zero, zero);
            for (k, c) in self.mixture.components.iter().enumerate() {
                let term = near::Term::new(x, &c);
                lower = lower + term.lower;
                upper = upper + term.upper;
                slope = slope + term.density;
                if TAPE {
                    term.density.store(terms, 2 * k * count + i);
                    term.tail.store(terms, (2 * k + 1) * count + i);
                }
            }
            lower.store(lowers, i);
            upper.store(uppers, i);
            slope.store(slopes, i);
        }

        let z = simd::vectors_mut::<S>(self.z);
        let log_det = simd::vectors_mut::<S>(self.log_det);
        let mut all_near = true;
        for i in (0..count).step_by(SIDE_BY_SIDE) {
            let lower = Pack::<S, SIDE_BY_SIDE>::load(s, lowers, i);
            let upper = Pack::load(s, uppers, i);
            let slope = Pack::load(s, slopes, i);
            let sums = near::Sums { lower, upper, slope };
            let at = sums.map(Pack::load(s, x, i), self.mixture.tiny_slope);
            at.z.store(z, i);
            (simd::ln(at.jacobian) + Pack::load(s, log_det, i)).store(log_det, i);
            if TAPE {
                at.mills_over_p.store(lowers, i);
                at.signed_p.store(uppers, i);
                (zero + 1.0).div(slope).store(slopes, i);
                (zero + 1.0).store(scale, i);
            }
            all_near &= at.near.all();
        }
        !all_near
    }
}

/// Does the rows that are left with z = ±∞ in log space.
struct Mend<'a> {
    mixture: &'a Mixture,
    x: &'a [f64],
    z: &'a mut [f64],
    log_det: &'a mut [f64],
    tape: Option<&'a mut [f64]>,
}

impl WithSimd for Mend<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, s: S) {
        let mut rows = Rows::default();
        while rows.advance(self.z) {
            self.mend(s, &rows);
        }
    }
}

impl Mend<'_> {
    #[inline(always)]
    fn mend<S: Simd>(&mut self, s: S, rows: &Rows) {
        let x = rows.gather(self.x);
        let side = rows.gather(self.z).map(f64::signum);
        let zero = Pack::<S, SIDE_BY_SIDE>::splat(s, 0.0);
        let [mut z, mut log_det]: [Lanes; 2] = Default::default();
        let mut per_row: [Lanes; PER_ROW] = Default::default();
        let n = self.x.len();

        for at in rows.packs::<S>() {
            let x = Pack::<S, SIDE_BY_SIDE>::load(s, simd::vectors::<S>(&x), at);
            let side = Pack::load(s, simd::vectors::<S>(&side), at);
            let mut scale = far::Scale::none(s);
            for c in self.mixture.components.iter() {
                scale.offer(far::Distance::new(x, side, &c), c.log_weight);
            }
            let (mut slope, mut p) = (zero, zero);
            for (k, c) in self.mixture.components.iter().enumerate() {
                let distance = far::Distance::new(x, side, &c);
                let (e, tail) = scale.term(distance, c.log_weight);
                let q = e * c.inv_sigma;
                slope = slope + q;
                p = p + tail;
                if let Some(tape) = &mut self.tape {
                    let tail = zero.less(distance.out).select(tail, -tail + c.weight);
                    let terms = &mut tape[(PER_ROW + 2 * k) * n..][..2 * n];
                    let [mut q_lanes, mut tail_lanes]: [Lanes; 2] = Default::default();
                    q.store(simd::vectors_mut::<S>(&mut q_lanes), at);
                    tail.store(simd::vectors_mut::<S>(&mut tail_lanes), at);
                    for (lane, row) in rows.lanes_of::<S>(at) {
                        terms[row] = q_lanes[lane];
                        terms[n + row] = tail_lanes[lane];
                    }
                }
            }
            let point = far::Sums { scale, slope, p }.map(self.mixture.widest);
            let finite = x.abs().at_most(f64::MAX);
            store_where(finite, point.a * side, &mut z, at);
            store_where(finite, point.log_det, &mut log_det, at);
            if self.tape.is_some() {
                let [mills_over_p, signed_p, inv_slope, ratio] = &mut per_row;
                store_where(finite, point.mills_over_p, mills_over_p, at);
                store_where(finite, p * -side, signed_p, at);
                store_where(finite, (zero + 1.0).div(slope), inv_slope, at);
                store_where(finite, simd::exp(point.log_ratio), ratio, at);
            }
        }
        for (lane, row) in rows.lanes() {
            self.z[row] = z[lane];
            self.log_det[row] += log_det[lane];
            if let Some(tape) = &mut self.tape {
                for (column, lanes) in tape.chunks_exact_mut(n).zip(&per_row) {
                    column[row] = lanes[lane];
                }
            }
        }
    }
}
