//! z = Φ⁻¹(F(x)) and ln dz/dx over a slice.
//!
//! Two passes: the first sums L, U and Σ π_k/σ_k e_k over the components of each row, the second
//! turns the sums into z and ln dz/dx. (Fused, the long dependency chain of the second stalls
//! the first.) A row whose p or f would underflow is marked and done again in log space.
//!
//! With a tape, the first pass also keeps what the gradient needs of each row and component.

use super::Mixture;
use crate::simd::{self, T_MAX, TINY};
use pulp::{Simd, WithSimd};

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
        let zero = s.splat_f64s(0.0);

        for i in 0..count {
            let (mut lower, mut upper, mut slope) = (zero, zero, zero);
            for (k, c) in self.mixture.components.iter().enumerate() {
                let t = s.sub_f64s(x[i], s.splat_f64s(c.mean));
                let t = s.mul_f64s(t, s.splat_f64s(c.inv_sigma));
                let a = s.min_f64s(s.splat_f64s(T_MAX), s.abs_f64s(t));
                let e = simd::exp_neg_half_square(s, a);
                let q = s.mul_f64s(s.splat_f64s(c.slope), e);
                let weight = s.splat_f64s(c.weight);
                let tail = s.mul_f64s(s.mul_f64s(weight, e), simd::mills(s, a));
                let rest = s.sub_f64s(weight, tail);
                let negative = s.less_than_f64s(t, zero);
                lower = s.add_f64s(lower, s.select_f64s(negative, tail, rest));
                upper = s.add_f64s(upper, s.select_f64s(negative, rest, tail));
                slope = s.add_f64s(slope, q);
                if TAPE {
                    terms[2 * k * count + i] = q;
                    terms[(2 * k + 1) * count + i] = tail;
                }
            }
            lowers[i] = lower;
            uppers[i] = upper;
            slopes[i] = slope;
        }

        let z = simd::vectors_mut::<S>(self.z);
        let log_det = simd::vectors_mut::<S>(self.log_det);
        let tiny = s.splat_f64s(TINY);
        let tiny_slope = s.splat_f64s(self.mixture.tiny_slope);
        let max = s.splat_f64s(f64::MAX);
        let mut any_far = false;
        for i in 0..count {
            let (lower, upper, slope) = (lowers[i], uppers[i], slopes[i]);
            let is_lower = s.less_than_or_equal_f64s(lower, upper);
            // Rounding can leave the smaller of two near-halves above ½ by an ulp.
            let p = s.min_f64s(s.splat_f64s(0.5), s.min_f64s(lower, upper));
            let near = s.and_m64s(
                s.and_m64s(
                    s.greater_than_or_equal_f64s(p, tiny),
                    s.greater_than_or_equal_f64s(slope, tiny_slope),
                ),
                s.less_than_or_equal_f64s(s.abs_f64s(x[i]), max),
            );
            let p = s.select_f64s(near, p, s.splat_f64s(0.5));
            let a = simd::upper_quantile(s, p);
            let mills_over_p = s.div_f64s(simd::mills(s, a), p);
            let jacobian = s.mul_f64s(slope, mills_over_p);
            z[i] = s.select_f64s(is_lower, s.neg_f64s(a), a);
            let ln = simd::ln(s, s.select_f64s(near, jacobian, s.splat_f64s(1.0)));
            log_det[i] = s.add_f64s(log_det[i], ln);
            // Where `near` fails, M/p is NaN: the mark that `mend` looks for.
            lowers[i] = s.select_f64s(near, mills_over_p, s.splat_f64s(f64::NAN));
            if TAPE {
                uppers[i] = s.select_f64s(is_lower, p, s.neg_f64s(p));
                slopes[i] = s.div_f64s(s.splat_f64s(1.0), slope);
            }
            any_far |= s.first_true_m64s(s.not_m64s(near)) < S::F64_LANES;
        }
        any_far
    }
}
