//! The second yardstick: the same functions as one would write them with `std` and `libm` alone,
//! one number at a time, for arguments of ordinary size.

use std::f64::consts::FRAC_1_SQRT_2;

const INV_SQRT_2PI: f64 = 0.398_942_280_401_432_7;

fn pdf(x: f64) -> f64 {
    INV_SQRT_2PI * (-0.5 * x * x).exp()
}

/// Φ(-x).
fn tail(x: f64) -> f64 {
    0.5 * libm::erfc(x * FRAC_1_SQRT_2)
}

/// φ(x) and Φ(-|x|).
pub fn pdf_and_tail(x: f64) -> (f64, f64) {
    (pdf(x), tail(x.abs()))
}

/// -Φ⁻¹(p) for p in (0, ½]: Abramowitz & Stegun 26.2.23, good to 4.5e-4, and two steps of Halley's
/// method, which cube the error.
pub fn upper_quantile(p: f64) -> f64 {
    let r = (-2.0 * p.ln()).sqrt();
    let numerator = 2.515517 + r * (0.802853 + r * 0.010328);
    let denominator = 1.0 + r * (1.432788 + r * (0.189269 + r * 0.001308));
    let mut z = r - numerator / denominator;
    for _ in 0..2 {
        let u = (tail(z) - p) / pdf(z);
        z += u / (1.0 - 0.5 * u * z);
    }
    z
}

/// A mixture of normals.
pub struct Mixture {
    pub weights: Vec<f64>,
    pub means: Vec<f64>,
    pub sigmas: Vec<f64>,
}

/// ∂L/∂(logits, means, ln σ), `[K]` each.
#[derive(Default)]
pub struct Gradient {
    pub logits: Vec<f64>,
    pub means: Vec<f64>,
    pub log_sigmas: Vec<f64>,
}

impl Gradient {
    pub fn zeros(k: usize) -> Self {
        Self { logits: vec![0.0; k], means: vec![0.0; k], log_sigmas: vec![0.0; k] }
    }
}

/// What the gradient needs of the way there.
pub struct Forward {
    pub z: f64,
    pub log_det: f64,
    density: f64,
    /// The smaller tail of F, and whether it is the lower one.
    p: f64,
    lower: bool,
}

impl Mixture {
    /// z = Φ⁻¹(F(x)) and ln dz/dx, both tails summed.
    pub fn forward(&self, x: f64) -> Forward {
        let (mut lower, mut upper, mut density) = (0.0, 0.0, 0.0);
        for ((weight, mean), sigma) in self.weights.iter().zip(&self.means).zip(&self.sigmas) {
            let t = (x - mean) / sigma;
            let small = weight * tail(t.abs());
            let large = weight - small;
            density += weight / sigma * pdf(t);
            lower += if t < 0.0 { small } else { large };
            upper += if t < 0.0 { large } else { small };
        }
        let p = f64::min(lower, upper).min(0.5);
        let a = upper_quantile(p);
        let is_lower = lower <= upper;
        let z = if is_lower { -a } else { a };
        Forward { z, log_det: (density / pdf(a)).ln(), density, p, lower: is_lower }
    }

    /// Adds the gradient of z_bar·z + log_det_bar·ln dz/dx and returns that in x.
    pub fn backward(
        &self,
        x: f64,
        at: &Forward,
        z_bar: f64,
        log_det_bar: f64,
        grad: &mut Gradient,
    ) -> f64 {
        let a = z_bar + log_det_bar * at.z;
        let per_density = 1.0 / pdf(at.z);
        let jacobian = at.density * per_density;
        let mut x_bar = 0.0;
        for k in 0..self.weights.len() {
            let (weight, sigma) = (self.weights[k], self.sigmas[k]);
            let t = (x - self.means[k]) / sigma;
            let share = weight / sigma * pdf(t) / at.density;
            let u = share * (log_det_bar * t / sigma - a * jacobian);
            // π (Φ(t) - F), on the smaller tail's side.
            let side = if at.lower { -1.0 } else { 1.0 };
            let excess = -side * weight * (tail(side * t) - at.p);
            x_bar -= u;
            grad.means[k] += u;
            grad.log_sigmas[k] += u * (x - self.means[k]) - log_det_bar * share;
            grad.logits[k] += a * excess * per_density + log_det_bar * (share - weight);
        }
        x_bar
    }
}
