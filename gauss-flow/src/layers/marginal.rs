//! z_i = Φ⁻¹(F_i(x_i)) for each dimension i, F_i a mixture of normals.
//!
//! The mathematics is in [`gauss_math::mixture`]; this file only walks over the dimensions.

use super::BoundLayer;
use crate::error::InvalidLayer;
use crate::layer::{Layer, Pass, check_log_scales, counted, room};
use gauss_math::mixture::{self, Gradient, Inverter, MAX_ABS_LOG_SIGMA, Mixture};
use std::sync::OnceLock;

pub(crate) struct Shape {
    pub components: usize,
}

impl crate::layer::Shape for Shape {
    fn name(&self) -> &'static str {
        "marginal"
    }

    fn describe(&self) -> String {
        format!("{} per dimension", counted(self.components, "component"))
    }

    fn n_params(&self, dim: usize) -> usize {
        dim.saturating_mul(self.components).saturating_mul(3)
    }

    fn n_trainable(&self, dim: usize) -> usize {
        self.n_params(dim)
    }

    fn n_prior(&self, dim: usize) -> usize {
        self.n_params(dim)
    }

    fn validate(&self, _: usize, params: &[f64]) -> Result<(), InvalidLayer> {
        if self.components == 0 {
            return Err(InvalidLayer::NoComponents);
        }
        check_log_scales(&params[params.len() / 3 * 2..], MAX_ABS_LOG_SIGMA)
    }

    fn bind(&self, dim: usize) -> BoundLayer {
        BoundLayer::Marginal(Marginal {
            components: self.components,
            mixtures: vec![Mixture::default(); dim],
            inverters: OnceLock::new(),
        })
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Marginal {
    components: usize,
    /// `[d]`
    mixtures: Vec<Mixture>,
    /// Tables of starts for the inverse, made when it is first asked for.
    inverters: OnceLock<Vec<Inverter>>,
}

impl Layer for Marginal {
    /// Parameters: logits `[d][K]`, means `[d][K]`, log σ `[d][K]`.
    fn set(&mut self, params: &[f64]) {
        self.inverters.take();
        let k = self.components;
        let (logits, rest) = params.split_at(self.mixtures.len() * k);
        let (means, log_sigmas) = rest.split_at(logits.len());
        for (i, mixture) in self.mixtures.iter_mut().enumerate() {
            let own = i * k..(i + 1) * k;
            mixture.set(&logits[own.clone()], &means[own.clone()], &log_sigmas[own]);
        }
    }

    fn forward(&self, x: &[f64], _: &[f64], z: &mut [f64], log_det: &mut [f64], _: &mut Vec<f64>) {
        let n = log_det.len();
        let columns = x.chunks_exact(n).zip(z.chunks_exact_mut(n));
        for ((x, z), mixture) in columns.zip(&self.mixtures) {
            mixture.forward(x, z, log_det);
        }
    }

    fn forward_row(
        &self,
        x: &[f64],
        _: &[f64],
        z: &mut [f64],
        log_det: &mut f64,
        _: &mut Vec<f64>,
    ) {
        mixture::forward_row(&self.mixtures, x, z, log_det);
    }

    fn inverse(&self, z: &[f64], _: &[f64], x: &mut [f64], n: usize, _: &mut Vec<f64>) {
        let make = || self.mixtures.iter().map(Inverter::new).collect();
        let inverters = self.inverters.get_or_init(make);
        let columns = z.chunks_exact(n).zip(x.chunks_exact_mut(n));
        for ((z, x), (mixture, inverter)) in columns.zip(self.mixtures.iter().zip(inverters)) {
            inverter.invert(mixture, z, x);
        }
    }

    fn forward_with_tape(
        &self,
        x: &[f64],
        _: &[f64],
        z: &mut [f64],
        log_det: &mut [f64],
        tape: &mut Vec<f64>,
        _: &mut Vec<f64>,
    ) {
        let n = log_det.len();
        let per_dim = Mixture::tape_len(self.components) * n;
        let tape = room(tape, per_dim * self.mixtures.len());
        let columns = x.chunks_exact(n).zip(z.chunks_exact_mut(n));
        let tapes = tape.chunks_exact_mut(per_dim);
        for (((x, z), mixture), tape) in columns.zip(&self.mixtures).zip(tapes) {
            mixture.forward_with_tape(x, z, log_det, tape);
        }
    }

    fn backward(
        &self,
        pass: Pass<'_>,
        tape: &[f64],
        x_bar: &mut [f64],
        _: &mut [f64],
        work: &mut Vec<f64>,
        sums: &mut [f64],
    ) {
        let (n, k) = (pass.log_det_bar.len(), self.components);
        let wanted = !sums.is_empty();
        // Where no sums are wanted, the kernel's go where nobody looks.
        let spare = if wanted { 0 } else { 3 * k };
        let (work, spare) = room(work, 3 * n + spare).split_at_mut(3 * n);
        let per_dim = Mixture::tape_len(k) * n;
        let len = if wanted { sums.len() / 3 } else { k };
        let (logits, rest) = if wanted { sums } else { spare }.split_at_mut(len);
        let (means, log_sigmas) = rest.split_at_mut(len);
        for (i, mixture) in self.mixtures.iter().enumerate() {
            let column = i * n..(i + 1) * n;
            let own = if wanted { i * k..(i + 1) * k } else { 0..k };
            mixture.backward(
                &pass.x[column.clone()],
                &pass.z[column.clone()],
                &tape[i * per_dim..][..per_dim],
                &pass.z_bar[column.clone()],
                pass.log_det_bar,
                &mut x_bar[column],
                work,
                &mut Gradient {
                    logits: &mut logits[own.clone()],
                    means: &mut means[own.clone()],
                    log_sigmas: &mut log_sigmas[own],
                },
            );
        }
    }

    fn n_sums(&self) -> usize {
        3 * self.mixtures.len() * self.components
    }
}
