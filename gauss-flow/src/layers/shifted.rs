//! z_i = (x_i - μ_i(c)) e^(-λ_i(c)) with μ and λ linear in the context c: location and scale of each
//! column given what is given; frozen.
//!
//! ```text
//! μ_i(c) = μ_i0 + Σ_f μ_if c_f,    λ_i(c) = λ_i0 + Σ_f λ_if c_f,    log_det = -Σ_i λ_i(c)
//! ```
//!
//! λ is held within ±300 (its slope there is 0), so that no scale over- or underflows however far the
//! context is from what was seen.

use super::BoundLayer;
use crate::error::InvalidLayer;
use crate::layer::{Layer, Pass, counted};

/// |λ| at most.
const MOST: f64 = 300.0;

pub(crate) struct Shape {
    pub context: usize,
}

impl crate::layer::Shape for Shape {
    fn name(&self) -> &'static str {
        "shifted"
    }

    fn describe(&self) -> String {
        format!("shift and scale by {}", counted(self.context, "feature"))
    }

    fn n_params(&self, dim: usize) -> usize {
        dim.saturating_mul(self.context.saturating_add(1)).saturating_mul(2)
    }

    fn n_trainable(&self, _: usize) -> usize {
        0
    }

    fn context(&self) -> usize {
        self.context
    }

    fn validate(&self, _: usize, _: &[f64]) -> Result<(), InvalidLayer> {
        Ok(())
    }

    fn bind(&self, dim: usize) -> BoundLayer {
        BoundLayer::Shifted(Shifted { dim, context: self.context, params: Vec::new() })
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Shifted {
    dim: usize,
    context: usize,
    params: Vec<f64>,
}

impl Shifted {
    /// μ and λ of dimension i in row `row` of a context `[c][n]`.
    fn at(&self, i: usize, context: &[f64], row: usize, n: usize) -> (f64, f64) {
        let width = self.context + 1;
        let (shifts, scales) = self.params.split_at(self.dim * width);
        let linear = |numbers: &[f64]| {
            let own = &numbers[i * width..][..width];
            let given = context.chunks_exact(n).map(|feature| feature[row]);
            own[0] + own[1..].iter().zip(given).map(|(a, c)| a * c).sum::<f64>()
        };
        (linear(shifts), linear(scales).clamp(-MOST, MOST))
    }
}

impl Layer for Shifted {
    /// Parameters: μ `[d][1 + c]`, λ `[d][1 + c]`.
    fn set(&mut self, params: &[f64]) {
        self.params.clear();
        self.params.extend_from_slice(params);
    }

    fn forward(
        &self,
        x: &[f64],
        context: &[f64],
        z: &mut [f64],
        log_det: &mut [f64],
        _: &mut Vec<f64>,
    ) {
        let n = log_det.len();
        for (i, (x, z)) in x.chunks_exact(n).zip(z.chunks_exact_mut(n)).enumerate() {
            for (row, (x, z)) in x.iter().zip(z).enumerate() {
                let (shift, log_scale) = self.at(i, context, row, n);
                *z = (x - shift) * (-log_scale).exp();
                log_det[row] -= log_scale;
            }
        }
    }

    fn inverse(&self, z: &[f64], context: &[f64], x: &mut [f64], n: usize, _: &mut Vec<f64>) {
        for (i, (z, x)) in z.chunks_exact(n).zip(x.chunks_exact_mut(n)).enumerate() {
            for (row, (z, x)) in z.iter().zip(x).enumerate() {
                let (shift, log_scale) = self.at(i, context, row, n);
                *x = z * log_scale.exp() + shift;
            }
        }
    }

    fn backward(
        &self,
        pass: Pass<'_>,
        _: &[f64],
        x_bar: &mut [f64],
        context_bar: &mut [f64],
        _: &mut Vec<f64>,
        _: &mut [f64],
    ) {
        let (n, width) = (pass.log_det_bar.len(), self.context + 1);
        let (shifts, scales) = self.params.split_at(self.dim * width);
        let columns = pass.z_bar.chunks_exact(n).zip(pass.z.chunks_exact(n));
        for (i, ((z_bar, z), x_bar)) in columns.zip(x_bar.chunks_exact_mut(n)).enumerate() {
            for (row, ((z_bar, z), x_bar)) in z_bar.iter().zip(z).zip(x_bar).enumerate() {
                let (_, log_scale) = self.at(i, pass.context, row, n);
                *x_bar = z_bar * (-log_scale).exp();
                let scale_bar = -z_bar * z - pass.log_det_bar[row];
                for f in 0..self.context {
                    let at = i * width + 1 + f;
                    let mut bar = -*x_bar * shifts[at];
                    if log_scale.abs() < MOST {
                        bar += scale_bar * scales[at];
                    }
                    context_bar[f * n + row] += bar;
                }
            }
        }
    }
}
