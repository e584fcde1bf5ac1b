//! Adam (Kingma & Ba, 2015), over the whole parameter vector.
//!
//! A frozen parameter has gradient 0 at every step, so both its moments and its step are 0.

use gauss_math::simd::{self, LOGICAL_LANES, Pack};
use pulp::{Scalar, Simd, WithSimd};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Decay of the first moment, the paper's β₁.
const BETA_1: f64 = 0.9;
/// Decay of the second moment, the paper's β₂.
const BETA_2: f64 = 0.999;
/// The paper's ε.
const EPSILON: f64 = 1e-8;

/// The optimiser's state for n parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adam {
    first: Vec<f64>,
    second: Vec<f64>,
    decay_1: f64,
    decay_2: f64,
}

impl Adam {
    /// A fresh state for n parameters.
    #[must_use]
    pub fn new(n: usize) -> Self {
        Self { first: vec![0.0; n], second: vec![0.0; n], decay_1: 1.0, decay_2: 1.0 }
    }

    /// n.
    #[must_use]
    pub fn len(&self) -> usize {
        self.first.len().min(self.second.len())
    }

    /// Whether there are no parameters.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// params `[n]` <- params - rate · m̂/(√v̂ + ε), for a new gradient `[n]`.
    ///
    /// # Panics
    /// When a length differs from n.
    pub fn step(&mut self, rate: f64, grad: &[f64], params: &mut [f64]) {
        self.step_in_parts([(0..grad.len(), rate)], grad, params);
    }

    /// [`Adam::step`] with a rate for each part of the parameters, all of them in parts.
    ///
    /// # Panics
    /// When a length differs from n, or a part reaches beyond.
    pub fn step_in_parts(
        &mut self,
        parts: impl IntoIterator<Item = (Range<usize>, f64)>,
        grad: &[f64],
        params: &mut [f64],
    ) {
        assert!(grad.len() == self.first.len() && params.len() == self.first.len());
        self.decay_1 *= BETA_1;
        self.decay_2 *= BETA_2;
        for (own, rate) in parts {
            self.step_of(own.clone(), rate, &grad[own.clone()], &mut params[own]);
        }
    }

    /// The step of the parameters `own`.
    fn step_of(&mut self, own: Range<usize>, rate: f64, grad: &[f64], params: &mut [f64]) {
        // m̂ = m/(1 - β₁ᵗ) goes into the rate, v̂ = v/(1 - β₂ᵗ) under the root's factor.
        let rate = rate / (1.0 - self.decay_1);
        let root = (1.0 - self.decay_2).sqrt().recip();
        let whole = grad.len() / LOGICAL_LANES * LOGICAL_LANES;
        let (grad, grad_rest) = grad.split_at(whole);
        let (params, params_rest) = params.split_at_mut(whole);
        let (first, first_rest) = self.first[own.clone()].split_at_mut(whole);
        let (second, second_rest) = self.second[own].split_at_mut(whole);
        simd::run(Step { rate, root, grad, params, first, second });
        Step {
            rate,
            root,
            grad: grad_rest,
            params: params_rest,
            first: first_rest,
            second: second_rest,
        }
        .with_simd(Scalar::new());
    }
}

/// One step of parameters that fill whole registers.
struct Step<'a> {
    rate: f64,
    root: f64,
    grad: &'a [f64],
    params: &'a mut [f64],
    first: &'a mut [f64],
    second: &'a mut [f64],
}

impl WithSimd for Step<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let grad = S::as_simd_f64s(self.grad).0;
        let params = S::as_mut_simd_f64s(self.params).0;
        let first = S::as_mut_simd_f64s(self.first).0;
        let second = S::as_mut_simd_f64s(self.second).0;
        for i in 0..grad.len() {
            let g = Pack::<S, 1>::load(s, grad, i);
            let m = Pack::<S, 1>::load(s, first, i).mul_add(BETA_1, g * (1.0 - BETA_1));
            let v = Pack::<S, 1>::load(s, second, i).mul_add(BETA_2, g * (1.0 - BETA_2) * g);
            let step = m * self.rate / v.sqrt().mul_add(self.root, EPSILON);
            (Pack::<S, 1>::load(s, params, i) - step).store(params, i);
            m.store(first, i);
            v.store(second, i);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_has_the_length_of_the_rate() {
        let mut params = [1.0, -2.0, 3.0];
        Adam::new(3).step(0.1, &[5.0, -0.01, 0.0], &mut params);
        let expected = [0.9, -1.9, 3.0]; // up to ε over the gradient: 1e-6
        for (got, want) in params.iter().zip(expected) {
            assert!((got - want).abs() < 1e-6, "{params:?}");
        }
    }

    #[test]
    fn it_finds_the_minimum_of_a_badly_scaled_bowl() {
        let mut params = [3.0, -4.0];
        let mut adam = Adam::new(2);
        for step in 0..4000 {
            let grad = [2.0 * (params[0] - 1.0), 2e-4 * (params[1] - 2.0)];
            adam.step(0.05 * (1.0 - f64::from(step) / 4000.0), &grad, &mut params);
        }
        assert!((params[0] - 1.0).abs() < 1e-3 && (params[1] - 2.0).abs() < 1e-3, "{params:?}");
    }
}
