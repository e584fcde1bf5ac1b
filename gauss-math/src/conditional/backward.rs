//! The gradient of a loss through the map, a number per row and component.
//!
//! Let z̄ = ∂L/∂z and c = ∂L/∂ln(dz/dx) of a row, and s = z̄ + c z (z enters ln φ(z) too). With the
//! numbers on the tape (see `forward.rs`),
//!
//! - ∂L/∂(log weight) = s ∂z/∂(log weight) + c (r - γ)
//! - ∂L/∂u = s ∂z/∂u - c r u
//! - ∂L/∂(log slope) = c r

use super::Conditional;
use super::forward::Terms;
use crate::simd::{self, Pack, SIDE_BY_SIDE};
use pulp::{Simd, WithSimd};

/// Where the gradient goes, `[K][n]` each: overwritten.
#[derive(Debug)]
pub struct Gradient<'a> {
    /// ∂L/∂(log weights); a row's K numbers sum to 0.
    pub log_weights: &'a mut [f64],
    /// ∂L/∂u
    pub u: &'a mut [f64],
    /// ∂L/∂(log slopes)
    pub log_slopes: &'a mut [f64],
}

impl Conditional<'_> {
    /// The gradient of the n rows of one [`Conditional::forward_with_tape`].
    ///
    /// z `[n]`, tape: of that pass. z_bar, log_det_bar `[n]` = ∂L/∂z, ∂L/∂log_det. grad: overwritten.
    ///
    /// # Panics
    /// When a length does not fit.
    pub fn backward(
        &self,
        z: &[f64],
        tape: &[f64],
        z_bar: &[f64],
        log_det_bar: &[f64],
        grad: &mut Gradient<'_>,
    ) {
        let n = z.len();
        let components = self.components(n);
        assert!(z_bar.len() == n && log_det_bar.len() == n, "z_bar, log_det_bar");
        let lens = [grad.log_weights.len(), grad.u.len(), grad.log_slopes.len()];
        assert_eq!(lens, [components * n; 3], "the gradient's lengths");
        let tape = &tape[..Self::tape_len(components) * n];
        simd::run(Backward { rows: self, components, z, tape, z_bar, log_det_bar, grad });
    }
}

struct Backward<'a, 'g> {
    rows: &'a Conditional<'a>,
    components: usize,
    z: &'a [f64],
    tape: &'a [f64],
    z_bar: &'a [f64],
    log_det_bar: &'a [f64],
    grad: &'a mut Gradient<'g>,
}

impl WithSimd for Backward<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let u = simd::vectors::<S>(self.rows.u);
        let z = simd::vectors::<S>(self.z);
        let tape = simd::vectors::<S>(self.tape);
        let z_bar = simd::vectors::<S>(self.z_bar);
        let log_det_bar = simd::vectors::<S>(self.log_det_bar);
        let by_log_weight = simd::vectors_mut::<S>(self.grad.log_weights);
        let by_u = simd::vectors_mut::<S>(self.grad.u);
        let by_log_slope = simd::vectors_mut::<S>(self.grad.log_slopes);
        let count = z.len();

        for k in 0..self.components {
            let terms = Terms::new(tape, k, count);
            for i in (0..count).step_by(SIDE_BY_SIDE) {
                let at = k * count + i;
                let c = Pack::<S, SIDE_BY_SIDE>::load(s, log_det_bar, i);
                let a = c.mul_add(Pack::load(s, z, i), Pack::load(s, z_bar, i));
                let share = Pack::load(s, terms.share, i);
                let beyond_weight = c * (share - Pack::load(s, terms.weight, i));
                let c_share = c * share;
                let pull = c_share * Pack::load(s, u, at);
                a.mul_add(Pack::load(s, terms.by_log_weight, i), beyond_weight)
                    .store(by_log_weight, at);
                a.mul_add(Pack::load(s, terms.by_u, i), -pull).store(by_u, at);
                c_share.store(by_log_slope, at);
            }
        }
    }
}
