//! A flow with everything that derives from its parameters (softmax, exp, products of
//! reflections) computed once, and the three passes over a block of rows: forward, inverse, and
//! forward with gradient.

use crate::layer::{Layer, LayerSpec, Pass, segments};
use crate::layers::{Marginal, Rotation, Standardize, marginal};
use gauss_math::normal::HALF_LN_2PI;

/// A bound layer; see [`Layer`].
#[derive(Clone, Debug)]
enum BoundLayer {
    Standardize(Standardize),
    Rotation(Rotation),
    Marginal(Marginal),
}

/// Does the same with whichever layer it is.
macro_rules! each {
    ($layer:expr, $l:ident => $do:expr) => {
        match $layer {
            BoundLayer::Standardize($l) => $do,
            BoundLayer::Rotation($l) => $do,
            BoundLayer::Marginal($l) => $do,
        }
    };
}

/// The tape of whichever layer it is.
#[derive(Default)]
struct LayerTape {
    marginal: marginal::Tape,
}

/// Buffers for the passes over one block; they grow to what they need and stay.
#[derive(Default)]
pub(crate) struct Workspace {
    /// The states before and after each layer, `[d][n]` each.
    states: Vec<Vec<f64>>,
    tapes: Vec<LayerTape>,
    pub log_det: Vec<f64>,
    bar: Vec<f64>,
    next_bar: Vec<f64>,
    work: Vec<f64>,
}

/// What the parameters of a flow amount to.
#[derive(Clone, Debug)]
pub(crate) struct Derived {
    dim: usize,
    layers: Vec<BoundLayer>,
}

impl Derived {
    pub fn new(dim: usize, specs: &[LayerSpec], params: &[f64]) -> Self {
        let layers = specs.iter().map(|spec| match spec {
            LayerSpec::Standardize => BoundLayer::Standardize(Standardize::default()),
            LayerSpec::Rotation { .. } => BoundLayer::Rotation(Rotation::default()),
            LayerSpec::Marginal { .. } => BoundLayer::Marginal(Marginal::default()),
        });
        let mut derived = Self { dim, layers: layers.collect() };
        derived.update(specs, params);
        derived
    }

    /// Takes other parameters of the same layers, in the memory at hand.
    pub fn update(&mut self, specs: &[LayerSpec], params: &[f64]) {
        update(self.dim, &mut self.layers, specs, params);
    }

    /// Length of the sums that [`Derived::nll_and_sums`] adds to.
    pub fn n_sums(&self) -> usize {
        n_sums(&self.layers)
    }

    /// The flow over the block in `ws.input`; the latent is then in `ws.output()`.
    pub fn forward(&self, ws: &mut Workspace) {
        for layer in &self.layers {
            let [x, z] = ws.states.get_disjoint_mut([0, 1]).expect("a workspace has two states");
            each!(layer, l => l.forward(x, z, &mut ws.log_det, &mut ws.work));
            ws.states.swap(0, 1);
        }
    }

    /// The inverse over the block in `ws.input`; the data are then in `ws.output()`.
    pub fn inverse(&self, ws: &mut Workspace) {
        let n = ws.log_det.len();
        for layer in self.layers.iter().rev() {
            let [z, x] = ws.states.get_disjoint_mut([0, 1]).expect("a workspace has two states");
            each!(layer, l => l.inverse(z, x, n));
            ws.states.swap(0, 1);
        }
    }

    /// Σ -log p over the first `rows` rows of the block in `ws.input`; sums `[n_sums]`: ADDED to.
    pub fn nll_and_sums(&self, ws: &mut Workspace, rows: usize, sums: &mut [f64]) -> f64 {
        let n = ws.log_det.len();
        let len = self.dim * n;
        ws.states.resize_with(self.layers.len() + 1, Vec::new);
        ws.tapes.resize_with(self.layers.len(), LayerTape::default);
        for (i, layer) in self.layers.iter().enumerate() {
            let [x, z] =
                ws.states.get_disjoint_mut([i, i + 1]).expect("one state more than layers");
            z.resize(len, 0.0);
            let (log_det, tape) = (&mut ws.log_det, &mut ws.tapes[i]);
            match layer {
                BoundLayer::Standardize(l) => l.forward_with_tape(x, z, log_det, &mut ()),
                BoundLayer::Rotation(l) => l.forward_with_tape(x, z, log_det, &mut ()),
                BoundLayer::Marginal(l) => l.forward_with_tape(x, z, log_det, &mut tape.marginal),
            }
        }

        let z = &ws.states[self.layers.len()];
        let nll = -log_prob_sum(z, &ws.log_det, self.dim, rows);
        // ∂(-log p)/∂z = z, ∂(-log p)/∂log_det = -1; the padding counts for nothing.
        ws.bar.clear();
        ws.bar.extend_from_slice(z);
        ws.bar.chunks_exact_mut(n).for_each(|column| column[rows..].fill(0.0));
        ws.next_bar.resize(len, 0.0);

        let mut end = sums.len();
        for (i, layer) in self.layers.iter().enumerate().rev() {
            let start = end - each!(layer, l => l.n_sums());
            let pass = Pass {
                x: &ws.states[i],
                z: &ws.states[i + 1],
                z_bar: &ws.bar,
                log_det_bar: -1.0,
                rows,
                n,
            };
            let (x_bar, work, own) = (&mut ws.next_bar, &mut ws.work, &mut sums[start..end]);
            match layer {
                BoundLayer::Standardize(l) => l.backward(pass, &(), x_bar, work, own),
                BoundLayer::Rotation(l) => l.backward(pass, &(), x_bar, work, own),
                BoundLayer::Marginal(l) => {
                    l.backward(pass, &ws.tapes[i].marginal, x_bar, work, own);
                }
            }
            std::mem::swap(&mut ws.bar, &mut ws.next_bar);
            end = start;
        }
        nll
    }

    /// grad `[n_params]`: overwritten, from the sums over all rows, times `scale`.
    pub fn finish_gradient(
        &mut self,
        specs: &[LayerSpec],
        sums: &[f64],
        scale: f64,
        grad: &mut [f64],
    ) {
        grad.fill(0.0);
        finish(self.dim, &mut self.layers, specs, sums, grad);
        for g in grad {
            *g *= scale;
        }
    }
}

/// From this dimension on the layers' own d × d work is worth a hand-over to another thread.
const PARALLEL_DIM: usize = 16;

/// Where to halve a list of layers for two threads; `None` where that does not pay.
fn half(dim: usize, layers: usize) -> Option<usize> {
    (dim >= PARALLEL_DIM && layers > 1).then_some(layers / 2)
}

/// Gives `layers` their parameters, the halves in parallel.
fn update(dim: usize, layers: &mut [BoundLayer], specs: &[LayerSpec], params: &[f64]) {
    if let Some(middle) = half(dim, layers.len()) {
        let (first, second) = layers.split_at_mut(middle);
        let cut = n_params(dim, &specs[..middle]);
        rayon::join(
            || update(dim, first, &specs[..middle], &params[..cut]),
            || update(dim, second, &specs[middle..], &params[cut..]),
        );
        return;
    }
    for ((layer, spec), own) in layers.iter_mut().zip(specs).zip(segments(dim, specs)) {
        let own = &params[own];
        match (layer, spec) {
            (BoundLayer::Standardize(l), LayerSpec::Standardize) => l.set(own),
            (BoundLayer::Rotation(l), LayerSpec::Rotation { reflections, .. }) => {
                l.set(dim, *reflections, own);
            }
            (BoundLayer::Marginal(l), LayerSpec::Marginal { components }) => {
                l.set(dim, *components, own);
            }
            _ => unreachable!("a bound layer keeps its kind"),
        }
    }
}

/// The gradient of `layers`, ADDED to grad, the halves in parallel.
fn finish(
    dim: usize,
    layers: &mut [BoundLayer],
    specs: &[LayerSpec],
    mut sums: &[f64],
    grad: &mut [f64],
) {
    if let Some(middle) = half(dim, layers.len()) {
        let (first, second) = layers.split_at_mut(middle);
        let (sums_1, sums_2) = sums.split_at(n_sums(first));
        let (grad_1, grad_2) = grad.split_at_mut(n_params(dim, &specs[..middle]));
        rayon::join(
            || finish(dim, first, &specs[..middle], sums_1, grad_1),
            || finish(dim, second, &specs[middle..], sums_2, grad_2),
        );
        return;
    }
    for (layer, own) in layers.iter_mut().zip(segments(dim, specs)) {
        let (own_sums, rest) = sums.split_at(each!(layer, l => l.n_sums()));
        each!(layer, l => l.finish_gradient(own_sums, &mut grad[own]));
        sums = rest;
    }
}

fn n_params(dim: usize, specs: &[LayerSpec]) -> usize {
    specs.iter().map(|spec| spec.n_params(dim)).sum()
}

fn n_sums(layers: &[BoundLayer]) -> usize {
    layers.iter().map(|layer| each!(layer, l => l.n_sums())).sum()
}

impl Workspace {
    /// Makes room for a block of n rows: the caller fills the `[d][n]` numbers that it gets.
    pub fn input(&mut self, dim: usize, n: usize) -> &mut [f64] {
        self.log_det.clear();
        self.log_det.resize(n, 0.0);
        self.states.resize_with(self.states.len().max(2), Vec::new);
        for state in &mut self.states {
            state.resize(dim * n, 0.0);
        }
        &mut self.states[0]
    }

    /// What [`Workspace::input`] was filled with, to change it.
    pub fn input_again(&mut self) -> &mut [f64] {
        &mut self.states[0]
    }

    /// The result of [`Derived::forward`] or [`Derived::inverse`], `[d][n]`.
    pub fn output(&self) -> &[f64] {
        &self.states[0]
    }
}

/// log p of row i of a block: log N(z; 0, I) + log_det, in nats.
pub(crate) fn log_prob(z: &[f64], log_det: &[f64], dim: usize, i: usize) -> f64 {
    let n = log_det.len();
    let square: f64 = (0..dim).map(|j| z[j * n + i] * z[j * n + i]).sum();
    log_det[i] - 0.5 * square - dim as f64 * HALF_LN_2PI
}

fn log_prob_sum(z: &[f64], log_det: &[f64], dim: usize, rows: usize) -> f64 {
    (0..rows).map(|i| log_prob(z, log_det, dim, i)).sum()
}
