//! z = (x - shift)/scale per column, frozen: it puts the model into the user's own units.
//!
//! `log_det` is -Σ ln scale for every row, so log p stays the density of the raw data.

use super::BoundLayer;
use crate::error::InvalidLayer;
use crate::layer::{Layer, Pass, check_log_scales};

/// No choice.
pub(crate) struct Shape;

impl crate::layer::Shape for Shape {
    fn name(&self) -> &'static str {
        "standardize"
    }

    fn describe(&self) -> String {
        "shift and scale per column".to_owned()
    }

    fn n_params(&self, dim: usize) -> usize {
        dim.saturating_mul(2)
    }

    fn n_trainable(&self, _: usize) -> usize {
        0
    }

    fn validate(&self, dim: usize, params: &[f64]) -> Result<(), InvalidLayer> {
        check_log_scales(&params[dim..], 700.0)
    }

    fn bind(&self, _: usize) -> BoundLayer {
        BoundLayer::Standardize(Standardize::default())
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Standardize {
    shift: Vec<f64>,
    scale: Vec<f64>,
    log_det: f64,
}

impl Standardize {
    fn columns(&self) -> impl Iterator<Item = (f64, f64)> {
        self.shift.iter().copied().zip(self.scale.iter().copied())
    }
}

impl Layer for Standardize {
    /// Parameters: shift `[d]`, log_scale `[d]`.
    fn set(&mut self, params: &[f64]) {
        let (shift, log_scale) = params.split_at(params.len() / 2);
        self.shift.clear();
        self.shift.extend_from_slice(shift);
        self.scale.clear();
        self.scale.extend(log_scale.iter().map(|l| l.exp()));
        self.log_det = -log_scale.iter().sum::<f64>();
    }

    fn forward(&self, x: &[f64], _: &[f64], z: &mut [f64], log_det: &mut [f64], _: &mut Vec<f64>) {
        let n = log_det.len();
        for ((x, z), (shift, scale)) in
            x.chunks_exact(n).zip(z.chunks_exact_mut(n)).zip(self.columns())
        {
            z.iter_mut().zip(x).for_each(|(z, x)| *z = (x - shift) / scale);
        }
        for log_det in log_det {
            *log_det += self.log_det;
        }
    }

    fn inverse(&self, z: &[f64], _: &[f64], x: &mut [f64], n: usize, _: &mut Vec<f64>) {
        for ((z, x), (shift, scale)) in
            z.chunks_exact(n).zip(x.chunks_exact_mut(n)).zip(self.columns())
        {
            x.iter_mut().zip(z).for_each(|(x, z)| *x = z * scale + shift);
        }
    }

    fn backward(
        &self,
        pass: Pass<'_>,
        _: &[f64],
        x_bar: &mut [f64],
        _: &mut [f64],
        _: &mut Vec<f64>,
        _: &mut [f64],
    ) {
        let n = pass.log_det_bar.len();
        let columns = pass.z_bar.chunks_exact(n).zip(x_bar.chunks_exact_mut(n));
        for ((z_bar, x_bar), scale) in columns.zip(&self.scale) {
            x_bar.iter_mut().zip(z_bar).for_each(|(x_bar, z_bar)| *x_bar = z_bar / scale);
        }
    }
}
