//! The pull of the prior: see [`TrainOptions::prior`](super::TrainOptions::prior).

use gauss_math::simd::{self, LOGICAL_LANES, Pack};
use pulp::{Scalar, Simd, WithSimd};

/// c of the prior: what lies this far out is an outlier in latent units.
const TAIL: f64 = 10.0;

/// grad `[n]`: ADDED to, pull · θ/(1 + θ²/c²) for params θ `[n]`.
pub(super) fn add_prior(pull: f64, params: &[f64], grad: &mut [f64]) {
    assert_eq!(params.len(), grad.len());
    let whole = params.len() / LOGICAL_LANES * LOGICAL_LANES;
    let (params, params_rest) = params.split_at(whole);
    let (grad, grad_rest) = grad.split_at_mut(whole);
    simd::run(Prior { pull, params, grad });
    Prior { pull, params: params_rest, grad: grad_rest }.with_simd(Scalar::new());
}

/// Over parameters that fill whole registers.
struct Prior<'a> {
    pull: f64,
    params: &'a [f64],
    grad: &'a mut [f64],
}

impl WithSimd for Prior<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let params = S::as_simd_f64s(self.params).0;
        let grad = S::as_mut_simd_f64s(self.grad).0;
        for i in 0..params.len() {
            let p = Pack::<S, 1>::load(s, params, i);
            let far = p * (1.0 / TAIL);
            let pulled = p * self.pull / far.mul_add(far, 1.0);
            (pulled + Pack::load(s, grad, i)).store(grad, i);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_gradient_of_the_stated_loss() {
        // λ/2n Σ c² ln(1 + θ²/c²), by central differences: error about ε^(2/3).
        let loss = |p: f64| 0.5 * 0.3 * TAIL * TAIL * (p * p / (TAIL * TAIL)).ln_1p();
        let params: Vec<f64> = (0..37).map(|i| 3.0 * f64::from(i) - 50.0).collect();
        let mut grad = vec![1.0; params.len()];
        add_prior(0.3, &params, &mut grad);
        for (p, g) in params.iter().zip(grad) {
            let h = 1e-5 * p.abs().max(1.0);
            let want = 1.0 + (loss(p + h) - loss(p - h)) / (2.0 * h);
            assert!((g - want).abs() < 1e-8 * want.abs().max(1.0), "{p}: {g}, not {want}");
        }
    }
}
