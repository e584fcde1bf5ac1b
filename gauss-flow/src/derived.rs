//! A flow with everything that derives from its parameters (softmax, exp, products of
//! reflections) computed once, and the passes over a block of rows: forward, inverse, and forward
//! with the way back.

use crate::far;
use crate::layer::{self, Layer, LayerSpec, Pass, segments, sized};
use crate::layers::tables::Tables;
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
    /// Discrete columns on their way round the layers that do not map them, `[m][n]`.
    discrete: Vec<f64>,
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
        let layers = sized(dim, specs).map(|(spec, dim)| spec.bind(dim)).collect();
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

    /// The layers of [`Derived::inner_dim`] columns: all but tables at the end.
    pub fn inner(&self) -> &[BoundLayer] {
        &self.layers[..self.layers.len() - usize::from(self.tables().is_some())]
    }

    /// The tables that the flow ends in, if there are some.
    pub fn tables(&self) -> Option<&Tables> {
        match self.layers.last() {
            Some(BoundLayer::Tables(tables)) => Some(tables),
            _ => None,
        }
    }

    /// d less the discrete columns.
    pub fn inner_dim(&self) -> usize {
        self.tables().map_or(self.dim, |tables| tables.others().len())
    }

    /// Sets the discrete columns of the block apart, and makes the context of their values.
    fn enter(&self, ws: &mut Workspace) {
        let Some(tables) = self.tables() else { return };
        let n = ws.log_det.len();
        tables.part(&mut ws.states[0], &mut ws.discrete, n);
        ws.context.resize(tables.n_features() * n, 0.0);
        tables.add_features(&ws.discrete, &mut ws.context, n);
        for state in &mut ws.states {
            state.resize(tables.others().len() * n, 0.0);
        }
    }

    /// Puts the discrete columns back.
    fn leave(&self, ws: &mut Workspace) {
        let Some(tables) = self.tables() else { return };
        let n = ws.log_det.len();
        for state in &mut ws.states {
            state.resize(self.dim * n, 0.0);
        }
        tables.join(&mut ws.states[0], &ws.discrete, n);
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
        self.enter(ws);
        for layer in 0..self.inner().len() {
            self.step(layer, ws);
        }
        self.leave(ws);
        if self.tables().is_some() {
            self.step(self.layers.len() - 1, ws);
        }
    }

    /// One layer over the block in `ws.input`.
    pub fn forward_through(&self, layer: usize, ws: &mut Workspace) {
        if layer < self.inner().len() {
            self.enter(ws);
            self.step(layer, ws);
            self.leave(ws);
        } else {
            self.step(layer, ws);
        }
    }

    /// One layer, over the columns that it maps.
    fn step(&self, layer: usize, ws: &mut Workspace) {
        let [x, z] = ws.states.get_disjoint_mut([0, 1]).expect("a workspace has two states");
        let layer = &self.layers[layer];
        let (context, log_det) = (&ws.context, &mut ws.log_det);
        each_layer!(layer, l => l.forward(x, context, z, log_det, &mut ws.work));
        ws.states.swap(0, 1);
    }

    /// log p `[rows]` of the block in `ws.input`: overwritten.
    pub fn log_prob(&self, ws: &mut Workspace, log_prob: &mut [f64]) {
        self.enter(ws);
        let (inner, dim) = (self.inner(), self.inner_dim());
        let before = inner.len().saturating_sub(1);
        for layer in 0..before {
            self.step(layer, ws);
        }
        let (x, log_det, work) = (&ws.states[0], &mut ws.log_det, &mut ws.work);
        let known = inner
            .last()
            .is_some_and(|last| each_layer!(last, l => l.add_log_density(x, log_det, work)));
        if known {
            log_prob.copy_from_slice(&ws.log_det[..log_prob.len()]);
        } else {
            if !inner.is_empty() {
                self.step(before, ws);
            }
            log_prob_of_latent(ws.output(), &ws.log_det, dim, log_prob);
        }
        if let Some(tables) = self.tables() {
            tables.add_log_prob(&ws.discrete, log_prob, ws.log_det.len(), &mut ws.work);
        }
    }

    /// log p of one row `[d + c]`: the bits of its block's.
    pub fn log_prob_row(&self, row: &[f64], ws: &mut Workspace) -> f64 {
        let (x, mut context) = row.split_at(self.dim);
        let Workspace { row: [state, next], context: features, discrete, work, .. } = ws;
        state.clear();
        state.extend_from_slice(x);
        if let Some(tables) = self.tables() {
            tables.part(state, discrete, 1);
            state.truncate(tables.others().len());
            features.resize(tables.n_features(), 0.0);
            tables.add_features(discrete, features, 1);
            context = features;
        }
        next.resize(state.len(), 0.0);
        let (inner, mut log_det, mut known) = (self.inner(), 0.0, false);
        for (i, layer) in inner.iter().enumerate() {
            let sum = std::slice::from_mut(&mut log_det);
            let is_last = i + 1 == inner.len();
            known = is_last && each_layer!(layer, l => l.add_log_density(state, sum, work));
            if !known {
                each_layer!(layer, l => l.forward_row(state, context, next, &mut log_det, work));
                std::mem::swap(state, next);
            }
        }
        let mut total = if known { log_det } else { log_prob(state, &[log_det], state.len(), 0) };
        if let Some(tables) = self.tables() {
            tables.add_log_prob(discrete, std::slice::from_mut(&mut total), 1, work);
        }
        far::mended(total, row)
    }

    /// The inverse over the block in `ws.input`; the data are then in `ws.output()`.
    pub fn inverse(&self, ws: &mut Workspace) {
        let n = ws.log_det.len();
        for (i, layer) in self.layers.iter().enumerate().rev() {
            let [z, x] = ws.states.get_disjoint_mut([0, 1]).expect("a workspace has two states");
            each_layer!(layer, l => l.inverse(z, &ws.context, x, n, &mut ws.work));
            ws.states.swap(0, 1);
            if i == self.inner().len() {
                self.enter(ws); // the tables are done: their values are known
            }
        }
        self.leave(ws);
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

    /// The layers but for tables, keeping what [`Derived::backward`] needs; the latent is then the
    /// last of `ws.states` for [`Derived::inner`].
    fn forward_with_tape(&self, ws: &mut Workspace) {
        self.enter(ws);
        let len = self.inner_dim() * ws.log_det.len();
        ws.states.resize_with((self.layers.len() + 1).max(2), Vec::new);
        ws.tapes.resize_with(self.layers.len(), Vec::new);
        for (i, layer) in self.inner().iter().enumerate() {
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
        for (i, layer) in self.inner().iter().enumerate().rev() {
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
        let z = &ws.states[self.inner().len()];
        // ∂(-log p)/∂z = z, ∂(-log p)/∂log_det = -1; the padding counts for nothing.
        ws.bar.clear();
        ws.bar.extend_from_slice(z);
        ws.bar.chunks_exact_mut(n).for_each(|column| column[rows..].fill(0.0));
        ws.log_det_bar.clear();
        ws.log_det_bar.resize(rows, -1.0);
        ws.log_det_bar.resize(n, 0.0);
        let mut of_tables = Vec::new();
        if let Some(tables) = self.tables() {
            of_tables.resize(rows, 0.0);
            tables.add_log_prob(&ws.discrete, &mut of_tables, n, &mut ws.work);
        }
        let of_row = |i: usize| {
            log_prob(z, &ws.log_det, self.inner_dim(), i) + of_tables.get(i).copied().unwrap_or(0.0)
        };
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
        ws.bar.extend(ws.states[self.inner().len()].iter().map(|z| -z));
        ws.log_det_bar.clear();
        ws.log_det_bar.resize(n, 1.0);
        self.backward(ws, &mut []);
        if let Some(tables) = self.tables() {
            // Within its cell a discrete value changes nothing.
            ws.bar.resize(self.dim * n, 0.0);
            ws.discrete.fill(0.0);
            tables.join(&mut ws.bar, &ws.discrete, n);
        } else {
            ws.bar.extend_from_slice(&ws.context_bar);
        }
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
