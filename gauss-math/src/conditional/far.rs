//! Rows where p or f would underflow, done again in log space: see `mixture/far.rs`.

use super::Conditional;
use super::forward::PER_COMPONENT;
use crate::mixture::far;
use crate::mixture::gather::{Lanes, Rows, store_where};
use crate::normal::SQRT_2PI;
use crate::simd::{self, Mask, Pack, SIDE_BY_SIDE};
use pulp::{Simd, WithSimd};

/// Does the rows that are left with z = ±∞.
pub(super) struct Mend<'a> {
    pub rows: &'a Conditional<'a>,
    pub components: usize,
    pub z: &'a mut [f64],
    pub log_det: &'a mut [f64],
    pub tape: Option<&'a mut [f64]>,
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

/// One component of the gathered rows.
struct Gathered {
    log_weight: Lanes,
    u: Lanes,
    log_slope: Lanes,
}

/// A pack of it.
struct Term<S: Simd> {
    log_weight: Pack<S, SIDE_BY_SIDE>,
    u: Pack<S, SIDE_BY_SIDE>,
    log_slope: Pack<S, SIDE_BY_SIDE>,
    at: far::Distance<S, SIDE_BY_SIDE>,
}

impl Gathered {
    #[inline(always)]
    fn term<S: Simd>(&self, s: S, side: Pack<S, SIDE_BY_SIDE>, at: usize) -> Term<S> {
        let log_weight = Pack::<S, SIDE_BY_SIDE>::load(s, simd::vectors::<S>(&self.log_weight), at);
        let u = Pack::<S, SIDE_BY_SIDE>::load(s, simd::vectors::<S>(&self.u), at);
        let log_slope = Pack::load(s, simd::vectors::<S>(&self.log_slope), at);
        // An absent component is as far out as can be, where 0 times anything is 0.
        let absent = log_weight.less(-f64::MAX);
        let distance = far::Distance::at(absent.select(side * f64::MAX, u), side);
        Term { log_weight, u, log_slope, at: distance }
    }
}

impl<S: Simd> Term<S> {
    /// Where none of it is NaN.
    #[inline(always)]
    fn is_number(&self) -> Mask<S, SIDE_BY_SIDE> {
        let weight = self.log_weight.at_most(f64::MAX);
        weight & self.u.at_most(f64::INFINITY) & self.log_slope.at_most(f64::MAX)
    }
}

impl Mend<'_> {
    #[inline(always)]
    fn gather(&self, rows: &Rows, k: usize) -> Gathered {
        let n = self.z.len();
        let own = |of: &[f64]| rows.gather(&of[k * n..][..n]);
        Gathered {
            log_weight: own(self.rows.log_weights),
            u: own(self.rows.u),
            log_slope: own(self.rows.log_slopes),
        }
    }

    #[inline(always)]
    fn mend<S: Simd>(&mut self, s: S, rows: &Rows) {
        let side = rows.gather(self.z).map(f64::signum);
        let zero = Pack::<S, SIDE_BY_SIDE>::splat(s, 0.0);
        let [mut z, mut log_det]: [Lanes; 2] = Default::default();

        for at in rows.packs::<S>() {
            let side = Pack::<S, SIDE_BY_SIDE>::load(s, simd::vectors::<S>(&side), at);
            let mut top = zero + f64::NEG_INFINITY;
            for k in 0..self.components {
                let log_weight = self.gather(rows, k).log_weight;
                top = top.max(Pack::load(s, simd::vectors::<S>(&log_weight), at));
            }
            let mut number = (zero - f64::MAX).at_most(top);
            let (mut total, mut widest) = (zero, zero + f64::NEG_INFINITY);
            for k in 0..self.components {
                let term = self.gather(rows, k).term(s, side, at);
                number = number & term.is_number();
                total = total + simd::exp(term.log_weight - top);
                widest = widest.max(-term.log_slope);
            }
            let log_total = simd::ln(number.select(total, 1.0));
            let mut scale = far::Scale::none(s);
            for k in 0..self.components {
                let term = self.gather(rows, k).term(s, side, at);
                scale.offer(term.at, term.log_weight - top - log_total);
            }
            let (mut slope, mut p) = (zero, zero);
            for k in 0..self.components {
                let term = self.gather(rows, k).term(s, side, at);
                let (e, tail) = scale.term(term.at, term.log_weight - top - log_total);
                slope = slope + e * simd::exp(term.log_slope);
                p = p + tail;
            }
            let point = far::Sums { scale, slope, p }.map(widest);
            store_where(number, point.a * side, &mut z, at);
            store_where(number, point.log_det, &mut log_det, at);
            if self.tape.is_some() {
                let (inv_slope, inv_p) = ((zero + 1.0) / slope, (zero + 1.0) / p);
                let mills = point.mills_over_p * p * SQRT_2PI * -side;
                let height = point.mills_over_p * simd::exp(point.log_ratio);
                for k in 0..self.components {
                    let term = self.gather(rows, k).term(s, side, at);
                    let log_weight = term.log_weight - top - log_total;
                    let (e, tail) = scale.term(term.at, log_weight);
                    let weight = simd::exp(log_weight);
                    let share = e * simd::exp(term.log_slope) * inv_slope;
                    let by_log_weight = mills * (tail * inv_p - weight);
                    let numbers = [weight, share, by_log_weight, e * height];
                    self.keep(rows, k, at, numbers, number);
                }
            }
        }
        for (lane, row) in rows.lanes() {
            self.z[row] = z[lane];
            self.log_det[row] += log_det[lane];
        }
    }

    /// Puts one component's numbers of a pack of rows on the tape.
    #[inline(always)]
    fn keep<S: Simd>(
        &mut self,
        rows: &Rows,
        k: usize,
        at: usize,
        numbers: [Pack<S, SIDE_BY_SIDE>; PER_COMPONENT],
        number: Mask<S, SIDE_BY_SIDE>,
    ) {
        let n = self.z.len();
        let Some(tape) = &mut self.tape else { return };
        let tape = &mut tape[k * PER_COMPONENT * n..][..PER_COMPONENT * n];
        for (column, pack) in tape.chunks_exact_mut(n).zip(numbers) {
            let mut lanes = Lanes::default();
            store_where(number, pack, &mut lanes, at);
            for (lane, row) in rows.lanes_of::<S>(at) {
                column[row] = lanes[lane];
            }
        }
    }
}
