//! Adam (Kingma & Ba, 2015), over the whole parameter vector.
//!
//! A frozen parameter has gradient 0 at every step, so both its moments and its step are 0.

/// Decay of the first moment, the paper's β₁.
const BETA_1: f64 = 0.9;
/// Decay of the second moment, the paper's β₂.
const BETA_2: f64 = 0.999;
/// The paper's ε.
const EPSILON: f64 = 1e-8;

/// The optimiser's state for n parameters.
#[derive(Clone, Debug)]
pub struct Adam {
    first: Vec<f64>,
    second: Vec<f64>,
    decay_1: f64,
    decay_2: f64,
}

impl Adam {
    /// A fresh state for n parameters.
    pub fn new(n: usize) -> Self {
        Self { first: vec![0.0; n], second: vec![0.0; n], decay_1: 1.0, decay_2: 1.0 }
    }

    /// params `[n]` <- params - rate · m̂/(√v̂ + ε), for a new gradient `[n]`.
    ///
    /// # Panics
    /// When a length differs from n.
    pub fn step(&mut self, rate: f64, grad: &[f64], params: &mut [f64]) {
        assert!(grad.len() == self.first.len() && params.len() == self.first.len());
        self.decay_1 *= BETA_1;
        self.decay_2 *= BETA_2;
        let (correct_1, correct_2) = (1.0 - self.decay_1, 1.0 - self.decay_2);
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((p, g), (m, v)) in params.iter_mut().zip(grad).zip(moments) {
            *m = BETA_1 * *m + (1.0 - BETA_1) * g;
            *v = BETA_2 * *v + (1.0 - BETA_2) * g * g;
            *p -= rate * (*m / correct_1) / ((*v / correct_2).sqrt() + EPSILON);
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
