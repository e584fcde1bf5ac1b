//! A flow with everything that derives from its parameters (softmax, exp, products of
//! reflections) computed once, and the passes over a block of rows: forward, inverse, and forward
//! with the way back.

use crate::far;
use crate::layer::{self, Layer, LayerSpec, Pass, segments};
use crate::layers::{BoundLayer, each_layer};
use gauss_math::normal::HALF_LN_2PI;
use std::ops::Range;

/// Buffers for the passes over one block, or over one row; they grow to what they need and stay.
///
/// To keep between calls of [`BoundFlow::log_prob_row`](crate::BoundFlow::log_prob_row) and
/// [`BoundFlow::log_prob_into`](crate::BoundFlow::log_prob_into); any will do for any flow.
#[derive(Default)]
pub struct Workspace {
    /// The states before and after each layer, `[d][n]` each.
    states: Vec<Vec<f64>>,
    /// What is given with the rows, `[c][n]`.
    context: Vec<f64>,
    /// What each layer keeps for the way back.
    tapes: Vec<Vec<f64>>,
    pub(crate) log_det: Vec<f64>,
    kept: Vec<f64>,
    bar: Vec<f64>,
    next_bar: Vec<f64>,
    /// `[c][n]`
    context_bar: Vec<f64>,
    log_det_bar: Vec<f64>,
    work: Vec<f64>,
    row: [Vec<f64>; 2],
}

/// What the parameters of a flow amount to.
#[derive(Clone, Debug)]
pub(crate) struct Derived {
    dim: usize,
    /// c
    context: usize,
    layers: Vec<BoundLayer>,
    /// Where each layer's numbers lie in the parameter vector.
    segments: Vec<Range<usize>>,
}

impl Derived {
    pub fn new(dim: usize, specs: &[LayerSpec], params: &[f64]) -> Self {
        let layers = specs.iter().map(|spec| spec.bind(dim)).collect();
        let (context, segments) = (layer::context(specs), segments(dim, specs).collect());
        let mut derived = Self { dim, context, layers, segments };
        derived.update(params);
        derived
    }

    pub fn dim(&self) -> usize {
        self.dim
    }

    pub fn context(&self) -> usize {
        self.context
    }

    /// d + c, the columns of a row.
    pub fn columns(&self) -> usize {
        self.dim + self.context
    }

    /// Takes other parameters of the same layers, in the memory at hand.
    pub fn update(&mut self, params: &[f64]) {
        update(self.dim, &mut self.layers, &self.segments, params);
    }

    pub fn n_layers(&self) -> usize {
        self.layers.len()
    }

    pub fn layers(&self) -> &[BoundLayer] {
        &self.layers
    }

    /// Length of the parameter vector.
    pub fn n_params(&self) -> usize {
        self.segments.last().map_or(0, |last| last.end)
    }

    /// Length of the sums that [`Derived::backward`] adds to.
    pub fn n_sums(&self) -> usize {
        n_sums(&self.layers)
    }

    /// The flow over the block in `ws.input`; the latent is then in `ws.output()`.
    pub fn forward(&self, ws: &mut Workspace) {
        for layer in 0..self.layers.len() {
            self.forward_through(layer, ws);
        }
    }

    /// One layer over the block in `ws.input`.
    pub fn forward_through(&self, layer: usize, ws: &mut Workspace) {
        let [x, z] = ws.states.get_disjoint_mut([0, 1]).expect("a workspace has two states");
        let layer = &self.layers[layer];
        let (context, log_det) = (&ws.context, &mut ws.log_det);
        each_layer!(layer, l => l.forward(x, context, z, log_det, &mut ws.work));
        ws.states.swap(0, 1);
    }

    /// log p `[rows]` of the block in `ws.input`: overwritten.
    pub fn log_prob(&self, ws: &mut Workspace, log_prob: &mut [f64]) {
        let Some((last, before)) = self.layers.split_last() else {
            log_prob_of_latent(ws.output(), &ws.log_det, self.dim, log_prob);
            return;
        };
        for layer in 0..before.len() {
            self.forward_through(layer, ws);
        }
        let (x, log_det, work) = (&ws.states[0], &mut ws.log_det, &mut ws.work);
        if each_layer!(last, l => l.add_log_density(x, log_det, work)) {
            log_prob.copy_from_slice(&ws.log_det[..log_prob.len()]);
        } else {
            self.forward_through(before.len(), ws);
            log_prob_of_latent(ws.output(), &ws.log_det, self.dim, log_prob);
        }
    }

    /// log p of one row `[d + c]`: the bits of its block's.
    pub fn log_prob_row(&self, row: &[f64], ws: &mut Workspace) -> f64 {
        let (x, context) = row.split_at(self.dim);
        let [state, next] = &mut ws.row;
        let work = &mut ws.work;
        state.clear();
        state.extend_from_slice(x);
        next.resize(x.len(), 0.0);
        let mut log_det = 0.0;
        for (i, layer) in self.layers.iter().enumerate() {
            let sum = std::slice::from_mut(&mut log_det);
            let is_last = i + 1 == self.layers.len();
            if is_last && each_layer!(layer, l => l.add_log_density(state, sum, work)) {
                return far::mended(log_det, row);
            }
            each_layer!(layer, l => l.forward_row(state, context, next, &mut log_det, work));
            std::mem::swap(state, next);
        }
        far::mended(log_prob(state, &[log_det], self.dim, 0), row)
    }

    /// The inverse over the block in `ws.input`; the data are then in `ws.output()`.
    pub fn inverse(&self, ws: &mut Workspace) {
        let n = ws.log_det.len();
        for layer in self.layers.iter().rev() {
            let [z, x] = ws.states.get_disjoint_mut([0, 1]).expect("a workspace has two states");
            each_layer!(layer, l => l.inverse(z, &ws.context, x, n, &mut ws.work));
            ws.states.swap(0, 1);
        }
    }

    /// [`Derived::inverse`], and log p `[rows]` of the data by their own forward pass; the data are
    /// then in `ws.output()`.
    pub fn inverse_and_log_prob(&self, ws: &mut Workspace, log_prob: &mut [f64]) {
        self.inverse(ws);
        let mut x = std::mem::take(&mut ws.kept);
        x.clear();
        x.extend_from_slice(ws.output());
        self.log_prob(ws, log_prob);
        ws.kept = std::mem::replace(&mut ws.states[0], x);
    }

    /// [`Derived::forward`] that keeps what [`Derived::backward`] needs; the latent is then the last
    /// of `ws.states`.
    fn forward_with_tape(&self, ws: &mut Workspace) {
        let len = self.dim * ws.log_det.len();
        ws.states.resize_with((self.layers.len() + 1).max(2), Vec::new);
        ws.tapes.resize_with(self.layers.len(), Vec::new);
        for (i, layer) in self.layers.iter().enumerate() {
            let [x, z] =
                ws.states.get_disjoint_mut([i, i + 1]).expect("one state more than layers");
            z.resize(len, 0.0);
            let (log_det, tape, work) = (&mut ws.log_det, &mut ws.tapes[i], &mut ws.work);
            each_layer!(layer, l => l.forward_with_tape(x, &ws.context, z, log_det, tape, work));
        }
    }

    /// The way back from `ws.bar` = ∂L/∂z and `ws.log_det_bar` to ∂L/∂x, which is then in `ws.bar`,
    /// and ∂L/∂context, in `ws.context_bar`.
    /// sums `[n_sums]`: ADDED to; empty where none are wanted.
    fn backward(&self, ws: &mut Workspace, sums: &mut [f64]) {
        ws.next_bar.resize(ws.bar.len(), 0.0);
        ws.context_bar.clear();
        ws.context_bar.resize(ws.context.len(), 0.0);
        let wanted = !sums.is_empty();
        let mut end = sums.len();
        for (i, layer) in self.layers.iter().enumerate().rev() {
            let start = if wanted { end - each_layer!(layer, l => l.n_sums()) } else { 0 };
            let pass = Pass {
                x: &ws.states[i],
                context: &ws.context,
                z: &ws.states[i + 1],
                z_bar: &ws.bar,
                log_det_bar: &ws.log_det_bar,
            };
            let (x_bar, work, own) = (&mut ws.next_bar, &mut ws.work, &mut sums[start..end]);
            let (tape, context_bar) = (&ws.tapes[i], &mut ws.context_bar);
            each_layer!(layer, l => l.backward(pass, tape, x_bar, context_bar, work, own));
            std::mem::swap(&mut ws.bar, &mut ws.next_bar);
            end = start;
        }
    }

    /// Σ -w log p over the first `rows` rows of the block in `ws.input`, w(i) the weight of its
    /// i-th; sums `[n_sums]`: ADDED to.
    pub fn nll_and_sums(
        &self,
        ws: &mut Workspace,
        rows: usize,
        weight: Option<impl Fn(usize) -> f64>,
        sums: &mut [f64],
    ) -> f64 {
        self.forward_with_tape(ws);
        let n = ws.log_det.len();
        let z = &ws.states[self.layers.len()];
        // ∂(-log p)/∂z = z, ∂(-log p)/∂log_det = -1; the padding counts for nothing.
        ws.bar.clear();
        ws.bar.extend_from_slice(z);
        ws.bar.chunks_exact_mut(n).for_each(|column| column[rows..].fill(0.0));
        ws.log_det_bar.clear();
        ws.log_det_bar.resize(rows, -1.0);
        ws.log_det_bar.resize(n, 0.0);
        let of_row = |i: usize| log_prob(z, &ws.log_det, self.dim, i);
        let nll = match weight {
            None => -(0..rows).map(of_row).sum::<f64>(),
            Some(weight) => {
                for column in ws.bar.chunks_exact_mut(n) {
                    column[..rows].iter_mut().enumerate().for_each(|(i, z)| *z *= weight(i));
                }
                let log_det_bar = ws.log_det_bar[..rows].iter_mut().enumerate();
                log_det_bar.for_each(|(i, bar)| *bar *= weight(i));
                -(0..rows).map(|i| weight(i) * of_row(i)).sum::<f64>()
            }
        };
        self.backward(ws, sums);
        nll
    }

    /// ∂ log p/∂(x, context) `[d + c][n]` of the block in `ws.input`, then in `ws.output()`.
    pub fn score(&self, ws: &mut Workspace) {
        self.forward_with_tape(ws);
        let n = ws.log_det.len();
        ws.bar.clear();
        ws.bar.extend(ws.states[self.layers.len()].iter().map(|z| -z));
        ws.log_det_bar.clear();
        ws.log_det_bar.resize(n, 1.0);
        self.backward(ws, &mut []);
        ws.bar.extend_from_slice(&ws.context_bar);
        std::mem::swap(&mut ws.states[0], &mut ws.bar);
    }

    /// grad `[n_params]`: overwritten, from the sums over all rows. work: a buffer per layer.
    pub fn finish_gradient(&self, sums: &[f64], grad: &mut [f64], work: &mut Vec<Vec<f64>>) {
        grad.fill(0.0);
        work.resize_with(self.layers.len(), Vec::new);
        finish(self.dim, &self.layers, &self.segments, sums, grad, work);
    }
}

/// From this dimension on the layers' own d × d work is worth a hand-over to another thread.
const PARALLEL_DIM: usize = 16;

/// Where to halve a list of layers for two threads; `None` where that does not pay.
fn half(dim: usize, layers: usize) -> Option<usize> {
    (dim >= PARALLEL_DIM && layers > 1).then_some(layers / 2)
}

/// Gives `layers` their parameters, the halves in parallel.
fn update(dim: usize, layers: &mut [BoundLayer], segments: &[Range<usize>], params: &[f64]) {
    if let Some(middle) = half(dim, layers.len()) {
        let (first, second) = layers.split_at_mut(middle);
        rayon::join(
            || update(dim, first, &segments[..middle], params),
            || update(dim, second, &segments[middle..], params),
        );
        return;
    }
    for (layer, own) in layers.iter_mut().zip(segments) {
        each_layer!(layer, l => l.set(&params[own.clone()]));
    }
}

/// The gradient of `layers`, ADDED to grad, whose first number is that of their first segment; the
/// halves in parallel.
fn finish(
    dim: usize,
    layers: &[BoundLayer],
    segments: &[Range<usize>],
    mut sums: &[f64],
    grad: &mut [f64],
    work: &mut [Vec<f64>],
) {
    let Some(origin) = segments.first().map(|first| first.start) else { return };
    if let Some(middle) = half(dim, layers.len()) {
        let (first, second) = layers.split_at(middle);
        let (sums_1, sums_2) = sums.split_at(n_sums(first));
        let (grad_1, grad_2) = grad.split_at_mut(segments[middle].start - origin);
        let (work_1, work_2) = work.split_at_mut(middle);
        rayon::join(
            || finish(dim, first, &segments[..middle], sums_1, grad_1, work_1),
            || finish(dim, second, &segments[middle..], sums_2, grad_2, work_2),
        );
        return;
    }
    for ((layer, own), work) in layers.iter().zip(segments).zip(work) {
        let (own_sums, rest) = sums.split_at(each_layer!(layer, l => l.n_sums()));
        let grad = &mut grad[own.start - origin..own.end - origin];
        each_layer!(layer, l => l.finish_gradient(own_sums, grad, work));
        sums = rest;
    }
}

fn n_sums(layers: &[BoundLayer]) -> usize {
    layers.iter().map(|layer| each_layer!(layer, l => l.n_sums())).sum()
}

impl Workspace {
    /// Makes room for a block of n rows: the caller fills the `[d][n]` numbers that it gets, and the
    /// `[c][n]` of the context.
    pub(crate) fn input(
        &mut self,
        dim: usize,
        context: usize,
        n: usize,
    ) -> (&mut [f64], &mut [f64]) {
        self.log_det.clear();
        self.log_det.resize(n, 0.0);
        self.states.resize_with(self.states.len().max(2), Vec::new);
        for state in &mut self.states {
            state.resize(dim * n, 0.0);
        }
        self.context.resize(context * n, 0.0);
        (&mut self.states[0], &mut self.context)
    }

    /// The rows that [`Workspace::input`] was filled with, to change it.
    pub(crate) fn input_again(&mut self) -> &mut [f64] {
        &mut self.states[0]
    }

    /// The result of a pass over the block, `[d][n]`.
    pub(crate) fn output(&self) -> &[f64] {
        &self.states[0]
    }
}

/// log p `[rows]` of the first rows of a block: overwritten.
fn log_prob_of_latent(z: &[f64], log_det: &[f64], dim: usize, out: &mut [f64]) {
    out.iter_mut().enumerate().for_each(|(i, out)| *out = log_prob(z, log_det, dim, i));
}

/// log p of row i of a block: log N(z; 0, I) + log_det, in nats.
fn log_prob(z: &[f64], log_det: &[f64], dim: usize, i: usize) -> f64 {
    let n = log_det.len();
    let square: f64 = (0..dim).map(|j| z[j * n + i] * z[j * n + i]).sum();
    log_det[i] - 0.5 * square - dim as f64 * HALF_LN_2PI
}
