//! The gradient of a loss through the marginal map.
//!
//! Let z̄ = ∂L/∂z and l̄ = ∂L/∂ln(dz/dx) of a row, J = dz/dx. With A = z̄ + l̄ z (z enters ln φ(z)
//! too), r_k = π_k f_k/f and t_k as in [`super`],
//!
//! - x̄ = A J - l̄ Σ r_k t_k/σ_k
//! - μ̄_k = -A J r_k + l̄ r_k t_k/σ_k
//! - (ln σ_k)‾ = -A J r_k t_k σ_k + l̄ r_k (t_k² - 1)
//! - logit̄_k = A π_k (Φ(t_k) - F)/φ(z) + l̄ (r_k - π_k)
//!
//! On the tape are q_k = π_k/σ_k e_k and the tails π_k Φ(-|t_k|). With G = A M/p and H = l̄/Σq put
//! u_k = q_k (H t_k/σ_k - G): then μ̄_k = Σ u_k, x̄ = -Σ_k u_k (moving x and all means together
//! changes nothing), (ln σ_k)‾ = σ_k Σ t_k u_k - Σ H q_k, and Φ(t_k) - F is taken on the smaller
//! tail's side, where both are small. Four sums over rows per component.

use super::Mixture;
use super::forward::Tape;
use crate::normal::SQRT_2PI;
use crate::simd::{self, LOGICAL_LANES, assert_whole};
use pulp::{Simd, WithSimd};

/// Where the gradient of one mixture's parameters is ADDED to, `[K]` each.
pub struct Gradient<'a> {
    /// ∂L/∂logits
    pub logits: &'a mut [f64],
    /// ∂L/∂means
    pub means: &'a mut [f64],
    /// ∂L/∂ln σ
    pub log_sigmas: &'a mut [f64],
}

impl Mixture {
    /// The gradient over the n rows of one [`Mixture::forward_with_tape`].
    ///
    /// x, z `[n]` and `tape`: of that pass; z_bar, log_det_bar `[n]` = ∂L/∂z, ∂L/∂log_det:
    /// both 0 in a row that does not count, as padding does not. x_bar `[n]`: overwritten. work
    /// `[3 n]`: overwritten. grad: ADDED to.
    ///
    /// # Panics
    /// When a length does not fit.
    pub fn backward(
        &self,
        x: &[f64],
        z: &[f64],
        tape: &[f64],
        z_bar: &[f64],
        log_det_bar: &[f64],
        x_bar: &mut [f64],
        work: &mut [f64],
        grad: &mut Gradient<'_>,
    ) {
        let n = x.len();
        assert_whole(n);
        let tape = Tape::new(&tape[..Self::tape_len(self.len()) * n], n);
        let work = &mut work[..3 * n];
        simd::run(Backward { mixture: self, x, z, tape, z_bar, log_det_bar, x_bar, work, grad });
        // Of l̄ (r_k - π_k) the second part has the same factor in every row.
        let all_rows: f64 = log_det_bar.iter().sum();
        for (g, c) in grad.logits.iter_mut().zip(self.components.iter()) {
            *g -= all_rows * c.weight;
        }
    }
}

struct Backward<'a, 'g> {
    mixture: &'a Mixture,
    x: &'a [f64],
    z: &'a [f64],
    tape: Tape<'a>,
    z_bar: &'a [f64],
    log_det_bar: &'a [f64],
    x_bar: &'a mut [f64],
    work: &'a mut [f64],
    grad: &'a mut Gradient<'g>,
}

impl WithSimd for Backward<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let n = self.x.len();
        assert!(self.z.len() == n && self.z_bar.len() == n && self.log_det_bar.len() == n);
        assert!(self.x_bar.len() == n && self.work.len() == 3 * n);

        let x = simd::vectors::<S>(self.x);
        let z = simd::vectors::<S>(self.z);
        let z_bar = simd::vectors::<S>(self.z_bar);
        let log_det_bar = simd::vectors::<S>(self.log_det_bar);
        let mills_over_p = simd::vectors::<S>(self.tape.mills_over_p);
        let signed_p = simd::vectors::<S>(self.tape.signed_p);
        let inv_slope = simd::vectors::<S>(self.tape.inv_slope);
        let scale = simd::vectors::<S>(self.tape.scale);
        let terms = simd::vectors::<S>(self.tape.terms);
        let x_bar = simd::vectors_mut::<S>(self.x_bar);
        let (g, rest) = self.work.split_at_mut(n);
        let (h, g_side) = rest.split_at_mut(n);
        let (g, h) = (simd::vectors_mut::<S>(g), simd::vectors_mut::<S>(h));
        let g_side = simd::vectors_mut::<S>(g_side);
        let count = x.len();
        let groups = LOGICAL_LANES / S::F64_LANES;
        let zero = s.splat_f64s(0.0);

        // H, G, G·√(2π) signed by the side, and Σ of the latter times p.
        let mut all_p = [0.0; LOGICAL_LANES];
        for (group, out) in simd::vectors_mut::<S>(&mut all_p).iter_mut().enumerate() {
            let mut sum = zero;
            for i in (group..count).step_by(groups) {
                h[i] = s.mul_f64s(log_det_bar[i], inv_slope[i]);
                let a = s.mul_add_e_f64s(log_det_bar[i], z[i], z_bar[i]);
                let gi = s.mul_f64s(a, mills_over_p[i]);
                g[i] = s.mul_f64s(gi, scale[i]);
                let scaled = s.mul_f64s(gi, s.splat_f64s(SQRT_2PI));
                let is_lower = s.greater_than_or_equal_f64s(signed_p[i], zero);
                g_side[i] = s.select_f64s(is_lower, scaled, s.neg_f64s(scaled));
                sum = s.mul_add_e_f64s(scaled, signed_p[i], sum);
                x_bar[i] = zero;
            }
            *out = sum;
        }
        let all_p = simd::tree_sum(all_p);

        for (k, c) in self.mixture.components.iter().enumerate() {
            let q = &terms[2 * k * count..][..count];
            let tails = &terms[(2 * k + 1) * count..][..count];
            let mean = s.splat_f64s(c.mean);
            let inv_sigma = s.splat_f64s(c.inv_sigma);
            let weight = s.splat_f64s(c.weight);
            let mut sums = [[0.0; LOGICAL_LANES]; 4];
            let [sum_u, sum_tu, sum_hq, sum_tail] = &mut sums;
            let sum_u = simd::vectors_mut::<S>(sum_u);
            let sum_tu = simd::vectors_mut::<S>(sum_tu);
            let sum_hq = simd::vectors_mut::<S>(sum_hq);
            let sum_tail = simd::vectors_mut::<S>(sum_tail);
            for group in 0..groups {
                let (mut su, mut stu, mut shq, mut stail) = (zero, zero, zero, zero);
                for i in (group..count).step_by(groups) {
                    let t = s.mul_f64s(s.sub_f64s(x[i], mean), inv_sigma);
                    let hq = s.mul_f64s(h[i], q[i]);
                    let gq = s.mul_f64s(g[i], q[i]);
                    let u = s.sub_f64s(s.mul_f64s(s.mul_f64s(t, inv_sigma), hq), gq);
                    su = s.add_f64s(su, u);
                    stu = s.mul_add_e_f64s(t, u, stu);
                    shq = s.add_f64s(shq, hq);
                    x_bar[i] = s.sub_f64s(x_bar[i], u);
                    // π_k Φ on the smaller tail's side: the stored tail if t lies out that way.
                    let outward = s.less_than_f64s(s.mul_f64s(t, signed_p[i]), zero);
                    let tail = s.select_f64s(outward, tails[i], s.sub_f64s(weight, tails[i]));
                    stail = s.mul_add_e_f64s(g_side[i], tail, stail);
                }
                sum_u[group] = su;
                sum_tu[group] = stu;
                sum_hq[group] = shq;
                sum_tail[group] = stail;
            }
            let [sum_u, sum_tu, sum_hq, sum_tail] = sums.map(simd::tree_sum);
            self.grad.means[k] += sum_u;
            self.grad.log_sigmas[k] += sum_tu / c.inv_sigma - sum_hq;
            self.grad.logits[k] += sum_tail - c.weight * all_p + sum_hq;
        }
    }
}
