//! z = Φ⁻¹(F(x)) and ln dz/dx over a slice.
//!
//! Two passes: the first sums L, U and Σ π_k/σ_k e_k over the components of each row, the second
//! turns the sums into z and ln dz/dx. (Fused, the long dependency chain of the second stalls
//! the first.) A row whose p or f would underflow is marked and done again in log space.
//!
//! With a tape, the first pass also keeps what the gradient needs of each row and component.

use super::Mixture;
use crate::simd::{self, Pack, SIDE_BY_SIDE, T_MAX, TINY};
use pulp::{Simd, WithSimd};
use std::ops::Div;

/// Rows of `work` without a tape: L, U and the slope sum, `[3][n]`.
const SUMS: usize = 3;

/// The tape of a forward pass of n rows and K components, a view of `[3 + 2K][n]` numbers:
/// M/p, ±p (signed by z's side), 1/Σ q; then per component q_k = π_k/σ_k e_k and π_k Φ(-|t_k|).
/// Rows done in log space have zeros throughout and stand in a list beside it.
pub(super) struct Tape<'a> {
    pub mills_over_p: &'a [f64],
    pub signed_p: &'a [f64],
    pub inv_slope: &'a [f64],
    pub terms: &'a [f64],
}

impl<'a> Tape<'a> {
    pub fn new(work: &'a [f64], n: usize) -> Self {
        let (mills_over_p, rest) = work.split_at(n);
        let (signed_p, rest) = rest.split_at(n);
        let (inv_slope, terms) = rest.split_at(n);
        Self { mills_over_p, signed_p, inv_slope, terms }
    }
}

impl Mixture {
    /// Numbers of workspace per row that [`Mixture::forward`] needs without a tape.
    pub const FORWARD_WORK: usize = SUMS;

    /// Numbers of tape per row that [`Mixture::forward_with_tape`] needs.
    pub const fn tape_len(components: usize) -> usize {
        SUMS + 2 * components
    }

    /// The map over n rows, n a multiple of [`simd::LOGICAL_LANES`].
    ///
    /// x `[n]`; z `[n]`: overwritten; log_det `[n]`: ADDED to; work `[3 n]`: overwritten. A NaN or
    /// infinite x gives NaN in its own row only.
    ///
    /// # Panics
    /// When a length does not fit.
    pub fn forward(&self, x: &[f64], z: &mut [f64], log_det: &mut [f64], work: &mut [f64]) {
        let work = &mut work[..SUMS * x.len()];
        let any_far = simd::run(Forward::<false> { mixture: self, x, z, log_det, work });
        if any_far {
            self.mend(x, z, log_det, work, &mut |_, _| {});
        }
    }

    /// [`Mixture::forward`], keeping on `tape` `[(3 + 2K) n]` and `far` what
    /// [`Mixture::backward`] needs. `far`: cleared, then the rows done in log space.
    pub fn forward_with_tape(
        &self,
        x: &[f64],
        z: &mut [f64],
        log_det: &mut [f64],
        tape: &mut [f64],
        far: &mut Vec<u32>,
    ) {
        let n = x.len();
        let tape = &mut tape[..Self::tape_len(self.len()) * n];
        far.clear();
        let any_far = simd::run(Forward::<true> { mixture: self, x, z, log_det, work: tape });
        if any_far {
            self.mend(x, z, log_det, tape, &mut |tape, row| {
                far.push(row as u32);
                tape.iter_mut().skip(row).step_by(n).for_each(|v| *v = 0.0);
            });
        }
    }

    /// Does the marked rows (whose M/p is NaN) again in log space and tells `visit` of each.
    #[cold]
    fn mend(
        &self,
        x: &[f64],
        z: &mut [f64],
        log_det: &mut [f64],
        work: &mut [f64],
        visit: &mut dyn FnMut(&mut [f64], usize),
    ) {
        for row in 0..x.len() {
            if work[row].is_nan() {
                let at = self.log_space(x[row]);
                z[row] = at.z;
                log_det[row] += at.log_det;
                visit(work, row);
            }
        }
    }
}

struct Forward<'a, const TAPE: bool> {
    mixture: &'a Mixture,
    x: &'a [f64],
    z: &'a mut [f64],
    log_det: &'a mut [f64],
    work: &'a mut [f64],
}

impl<const TAPE: bool> WithSimd for Forward<'_, TAPE> {
    /// Whether any row must be done again in log space.
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) -> bool {
        let n = self.x.len();
        assert!(n.is_multiple_of(simd::LOGICAL_LANES));
        assert!(self.z.len() == n && self.log_det.len() == n && self.work.len() >= SUMS * n);
        let (sum_work, terms) = self.work.split_at_mut(SUMS * n);
        let x = simd::vectors::<S>(self.x);
        let (lowers, rest) = sum_work.split_at_mut(n);
        let (uppers, slopes) = rest.split_at_mut(n);
        let lowers = simd::vectors_mut::<S>(lowers);
        let uppers = simd::vectors_mut::<S>(uppers);
        let slopes = simd::vectors_mut::<S>(slopes);
        let terms = simd::vectors_mut::<S>(terms);
        let count = x.len();
        let zero = Pack::<S, SIDE_BY_SIDE>::splat(s, 0.0);

        for i in (0..count).step_by(SIDE_BY_SIDE) {
            let x = Pack::<S, SIDE_BY_SIDE>::load(s, x, i);
            let (mut lower, mut upper, mut slope) = (zero, zero, zero);
            for (k, c) in self.mixture.components.iter().enumerate() {
                let t = (x - c.mean) * c.inv_sigma;
                let a = t.abs().min(T_MAX);
                let e = simd::exp_neg_half_square(a);
                let (p, q) = simd::mills(a);
                let tail = e * c.weight * p / q;
                let rest = -tail + c.weight;
                let negative = t.less(0.0);
                lower = lower + negative.select(tail, rest);
                upper = upper + negative.select(rest, tail);
                let density = e * c.slope;
                slope = slope + density;
                if TAPE {
                    density.store(terms, 2 * k * count + i);
                    tail.store(terms, (2 * k + 1) * count + i);
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
            let upper = Pack::<S, SIDE_BY_SIDE>::load(s, uppers, i);
            let slope = Pack::<S, SIDE_BY_SIDE>::load(s, slopes, i);
            let is_lower = lower.at_most(upper);
            // Rounding can leave the smaller of two near-halves above ½ by an ulp.
            let p = lower.min(upper).min(0.5);
            let near = p.at_least(TINY)
                & slope.at_least(self.mixture.tiny_slope)
                & Pack::<S, SIDE_BY_SIDE>::load(s, x, i).abs().at_most(f64::MAX);
            let p = near.select(p, 0.5);
            let a = simd::upper_quantile(p);
            let (mills_p, mills_q) = simd::mills(a);
            let mills_over_p = mills_p / (mills_q * p);
            is_lower.select(-a, a).store(z, i);
            let jacobian = near.select(slope * mills_over_p, 1.0);
            (simd::ln(jacobian) + Pack::load(s, log_det, i)).store(log_det, i);
            // Where `near` fails, M/p is NaN: the mark that `mend` looks for.
            near.select(mills_over_p, f64::NAN).store(lowers, i);
            if TAPE {
                is_lower.select(p, -p).store(uppers, i);
                (zero + 1.0).div(slope).store(slopes, i);
            }
            all_near &= near.all();
        }
        !all_near
    }
}
