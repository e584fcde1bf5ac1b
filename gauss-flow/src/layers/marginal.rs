//! z_i = Φ⁻¹(F_i(x_i)) for each dimension i, F_i a mixture of normals.
//!
//! The mathematics is in [`gauss_math::mixture`]; this file only walks over the dimensions.

use crate::error::InvalidLayer;
use crate::layer::{Layer, Pass};
use gauss_math::mixture::{Gradient, Inverter, MAX_ABS_LOG_SIGMA, Mixture};
use std::sync::OnceLock;

#[derive(Clone, Debug, Default)]
pub(crate) struct Marginal {
    components: usize,
    mixtures: Vec<Mixture>,
    /// Tables of starts for the inverse, made when it is first asked for.
    inverters: OnceLock<Vec<Inverter>>,
}

/// The kernels' tape and far rows of each dimension.
#[derive(Default)]
pub(crate) struct Tape {
    kept: Vec<f64>,
    far: Vec<Vec<u32>>,
}

impl Marginal {
    /// Parameters: logits `[d][K]`, means `[d][K]`, log σ `[d][K]`.
    pub fn set(&mut self, dim: usize, components: usize, params: &[f64]) {
        self.components = components;
        self.inverters.take();
        self.mixtures.resize_with(dim, Mixture::default);
        let (logits, rest) = params.split_at(dim * components);
        let (means, log_sigmas) = rest.split_at(dim * components);
        for (i, mixture) in self.mixtures.iter_mut().enumerate() {
            let own = i * components..(i + 1) * components;
            mixture.set(&logits[own.clone()], &means[own.clone()], &log_sigmas[own]);
        }
    }

    pub fn validate(components: usize, params: &[f64]) -> Result<(), InvalidLayer> {
        if components == 0 {
            return Err(InvalidLayer::NoComponents);
        }
        let log_sigmas = &params[params.len() / 3 * 2..];
        match log_sigmas.iter().find(|l| !(l.abs() <= MAX_ABS_LOG_SIGMA)) {
            Some(&value) => Err(InvalidLayer::LogScale { value }),
            None => Ok(()),
        }
    }
}

impl Layer for Marginal {
    type Tape = Tape;

    fn forward(&self, x: &[f64], z: &mut [f64], log_det: &mut [f64], work: &mut Vec<f64>) {
        let n = log_det.len();
        work.resize(work.len().max(Mixture::FORWARD_WORK * n), 0.0);
        let columns = x.chunks_exact(n).zip(z.chunks_exact_mut(n));
        for ((x, z), mixture) in columns.zip(&self.mixtures) {
            mixture.forward(x, z, log_det, work);
        }
    }

    fn inverse(&self, z: &[f64], x: &mut [f64], n: usize) {
        let make = || self.mixtures.iter().map(Inverter::new).collect();
        let inverters = self.inverters.get_or_init(make);
        let columns = z.chunks_exact(n).zip(x.chunks_exact_mut(n));
        for ((z, x), (mixture, inverter)) in columns.zip(self.mixtures.iter().zip(inverters)) {
            inverter.invert(mixture, z, x);
        }
    }

    fn forward_with_tape(&self, x: &[f64], z: &mut [f64], log_det: &mut [f64], tape: &mut Tape) {
        let n = log_det.len();
        let per_dim = Mixture::tape_len(self.components) * n;
        let dim = self.mixtures.len();
        tape.kept.resize(tape.kept.len().max(per_dim * dim), 0.0);
        tape.far.resize_with(dim, Vec::new);
        let columns = x.chunks_exact(n).zip(z.chunks_exact_mut(n));
        let tapes = tape.kept.chunks_exact_mut(per_dim).zip(&mut tape.far);
        for (((x, z), mixture), (kept, far)) in columns.zip(&self.mixtures).zip(tapes) {
            mixture.forward_with_tape(x, z, log_det, kept, far);
        }
    }

    fn backward(
        &self,
        pass: Pass<'_>,
        tape: &Tape,
        x_bar: &mut [f64],
        work: &mut Vec<f64>,
        sums: &mut [f64],
    ) {
        let (n, k) = (pass.n, self.components);
        work.resize(work.len().max(4 * n), 0.0);
        let (log_det_bar, work) = work.split_at_mut(n);
        log_det_bar[..pass.rows].fill(pass.log_det_bar);
        log_det_bar[pass.rows..].fill(0.0);
        let per_dim = Mixture::tape_len(k) * n;
        let (logits, rest) = sums.split_at_mut(sums.len() / 3);
        let (means, log_sigmas) = rest.split_at_mut(logits.len());
        for (i, mixture) in self.mixtures.iter().enumerate() {
            let (column, own) = (i * n..(i + 1) * n, i * k..(i + 1) * k);
            mixture.backward(
                &pass.x[column.clone()],
                &pass.z[column.clone()],
                &tape.kept[i * per_dim..][..per_dim],
                &tape.far[i],
                &pass.z_bar[column.clone()],
                log_det_bar,
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

    fn finish_gradient(&mut self, sums: &[f64], grad: &mut [f64]) {
        grad.iter_mut().zip(sums).for_each(|(g, s)| *g += s);
    }
}
