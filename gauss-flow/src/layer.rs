//! What a layer is: its specification, the layout of its numbers, and the contract it keeps.

use crate::error::{Error, InvalidLayer};
use crate::layers::{self, BoundLayer};
use gauss_math::simd::LOGICAL_LANES;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// One layer's architecture. Its numbers live in the flow's one parameter vector.
///
/// The enum is closed on purpose: a new layer does not compile until the forward map, the
/// inverse, the gradient and the file format know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum LayerSpec {
    /// z = (x - shift)·exp(-log_scale), per column; frozen.
    ///
    /// Parameters: shift `[d]`, log_scale `[d]`.
    Standardize,
    /// z = H_1 H_2 ... H_r B x, orthogonal: `log_det` is 0.
    ///
    /// Parameters: r reflectors `[r][d]`, trainable; then, with `base`, the frozen B `[d][d]`.
    Rotation {
        /// r, any number, 0 included.
        reflections: usize,
        /// Whether there is a B; without, B = I.
        base: bool,
    },
    /// z_i = Φ⁻¹(F_i(x_i)), F_i a mixture of K normals.
    ///
    /// Parameters, all trainable: logits `[d][K]`, means `[d][K]`, log σ `[d][K]`.
    Marginal {
        /// K >= 1.
        components: usize,
    },
    /// [`LayerSpec::Marginal`] whose mixtures depend on the earlier columns, and on columns that are
    /// given and not modelled: their context. See [`crate::layers::conditioned`].
    ///
    /// Parameters: logits `[d][K]`, means `[d][K]`, log σ `[d][K]`, then the network's weights, all
    /// trainable; then the context's shift `[c]` and log_scale `[c]`, frozen.
    Conditioned {
        /// K >= 1.
        components: usize,
        /// h, units of each of the network's two hidden layers; 0: no network.
        hidden: usize,
        /// c, the same in every layer of a flow that has a context.
        context: usize,
        /// Whether the columns come in reverse: the last depends on none.
        reversed: bool,
    },
    /// z_i = Φ⁻¹(F_i(x_i | x_1, ..., x_{i-1})), the conditional distributions of a mixture of K normals
    /// with full covariances: the Knothe-Rosenblatt map; frozen.
    ///
    /// Component k has mean m_k and covariance L_k L_kᵀ, A_k = L_k⁻¹. Parameters: logits `[K]`, means
    /// `[K][d]`, ln diag A `[K][d]`, and A below the diagonal, row by row, `[K][d (d - 1)/2]`.
    Rosenblatt {
        /// K >= 1.
        components: usize,
    },
    /// z_i = T_i(x_i), the identity between two thresholds and a power-law tail made normal beyond
    /// them; see [`gauss_math::tail`]; frozen.
    ///
    /// Parameters, `[d]` each, of the lower tail and then of the upper: threshold, probability,
    /// scale, index. A side whose index is 0 has no tail, and four zeros.
    Tails,
    /// z_i = (x_i - μ_i(c)) e^(-λ_i(c)), μ and λ linear in the context c, λ within ±300; frozen.
    ///
    /// Parameters: μ `[d][1 + c]`, λ `[d][1 + c]`, the constant first.
    Shifted {
        /// c, the same in every layer of a flow that has a context.
        context: usize,
    },
    /// The end of a flow with discrete columns: their probabilities, a mixture of K products of
    /// tables. The layers before it map the other columns alone, and their context is made of the
    /// discrete values; frozen. See [`crate::layers::tables`].
    ///
    /// Parameters: of every column of the flow how many numbers its table has (0: it is not discrete), and
    /// the ratios of what is below and above, `[d]` each; these numbers, column after column, then zeros
    /// `[V]`; ln w `[K]`; ln p `[K][V]`; what each value adds to the context `[V][c]`.
    Tables {
        /// K >= 1.
        components: usize,
        /// m, how many columns are discrete.
        columns: usize,
        /// V, the values of all of them together.
        values: usize,
        /// c, the width of the context that the layers before are given.
        features: usize,
    },
}

impl LayerSpec {
    /// How many numbers the layer has in `dim` dimensions; a file may claim any, so it saturates.
    #[must_use]
    pub fn n_params(&self, dim: usize) -> usize {
        layers::each_spec!(self, s => s.n_params(dim))
    }

    /// How many of them are trained: always the first ones.
    #[must_use]
    pub fn n_trainable(&self, dim: usize) -> usize {
        layers::each_spec!(self, s => s.n_trainable(dim))
    }

    /// Which of its trainable numbers are a network's: they may have a rate of their own, and decay;
    /// see [`TrainOptions::weight_decay`](crate::TrainOptions::weight_decay).
    #[must_use]
    pub fn network(&self, dim: usize) -> Range<usize> {
        layers::each_spec!(self, s => s.network(dim))
    }

    /// c, the number of columns the layer is given beside the d that it maps.
    #[must_use]
    pub fn context(&self) -> usize {
        layers::each_spec!(self, s => s.context())
    }

    /// The layer's name, as printed: `standardize`, `rotation`, `marginal`, `conditioned`,
    /// `rosenblatt`, `tails`, `shifted`, `tables`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        layers::each_spec!(self, s => s.name())
    }

    /// Its size in a few words: `4 reflections after a fixed rotation`.
    #[must_use]
    pub fn describe(&self) -> String {
        layers::each_spec!(self, s => s.describe())
    }

    /// How many of its numbers, the first ones, the prior of a training pulls on; see
    /// [`TrainOptions::prior`](crate::TrainOptions::prior).
    #[must_use]
    pub fn n_prior(&self, dim: usize) -> usize {
        layers::each_spec!(self, s => s.n_prior(dim))
    }

    /// Checks the layer's numbers.
    pub(crate) fn validate(&self, dim: usize, params: &[f64]) -> Result<(), InvalidLayer> {
        if let Some(index) = params.iter().position(|p| !p.is_finite()) {
            return Err(InvalidLayer::NonFinite { index, value: params[index] });
        }
        layers::each_spec!(self, s => s.validate(dim, params))
    }

    /// The layer without its numbers, which [`Layer::set`] gives it.
    pub(crate) fn bind(&self, dim: usize) -> BoundLayer {
        layers::each_spec!(self, s => s.bind(dim))
    }
}

/// Each layer with the columns that it maps: of a flow that ends in tables, the layers before them the
/// columns that are not discrete.
pub(crate) fn sized(dim: usize, layers: &[LayerSpec]) -> impl Iterator<Item = (&LayerSpec, usize)> {
    let inner = match layers.last() {
        Some(LayerSpec::Tables { columns, .. }) => dim.saturating_sub(*columns),
        _ => dim,
    };
    layers.iter().map(move |layer| match layer {
        LayerSpec::Tables { .. } => (layer, dim),
        _ => (layer, inner),
    })
}

/// Where each layer's numbers lie in the parameter vector.
pub(crate) fn segments(dim: usize, layers: &[LayerSpec]) -> impl Iterator<Item = Range<usize>> {
    sized(dim, layers).scan(0, |start, (layer, dim)| {
        let segment = *start..*start + layer.n_params(dim);
        *start = segment.end;
        Some(segment)
    })
}

/// c: that of the layers that have one, unless discrete columns of the flow itself are their context.
pub(crate) fn context(layers: &[LayerSpec]) -> usize {
    match layers.last() {
        Some(LayerSpec::Tables { .. }) => 0,
        _ => layers.iter().map(LayerSpec::context).max().unwrap_or(0),
    }
}

/// Checks a whole parameter vector.
pub(crate) fn validate(dim: usize, layers: &[LayerSpec], params: &[f64]) -> Result<(), Error> {
    if dim == 0 {
        return Err(Error::NoDimensions);
    }
    let expected =
        sized(dim, layers).try_fold(0_usize, |sum, (l, dim)| sum.checked_add(l.n_params(dim)));
    if expected != Some(params.len()) {
        let expected = expected.unwrap_or(usize::MAX);
        return Err(Error::Parameters { expected, got: params.len() });
    }
    let given = match layers.last() {
        Some(LayerSpec::Tables { features, .. }) => *features,
        _ => context(layers),
    };
    for (layer, ((spec, dim), segment)) in sized(dim, layers).zip(segments(dim, layers)).enumerate()
    {
        if matches!(spec, LayerSpec::Tables { .. }) && layer + 1 != layers.len() {
            return Err(Error::InvalidLayer { layer, reason: InvalidLayer::NotLast });
        }
        let own = spec.context();
        if own != 0 && own != given {
            let reason = InvalidLayer::Context { expected: given, got: own };
            return Err(Error::InvalidLayer { layer, reason });
        }
        spec.validate(dim, &params[segment])
            .map_err(|reason| Error::InvalidLayer { layer, reason })?;
    }
    Ok(())
}

/// What a layer's file says of it as long as it has no numbers.
pub(crate) trait Shape {
    fn name(&self) -> &'static str;

    /// Its size, for a person.
    fn describe(&self) -> String;

    /// Saturating.
    fn n_params(&self, dim: usize) -> usize;

    /// Saturating; the first of the parameters.
    fn n_trainable(&self, dim: usize) -> usize;

    /// The first of the trainable ones.
    fn n_prior(&self, _: usize) -> usize {
        0
    }

    /// Of the trainable ones.
    fn network(&self, _: usize) -> Range<usize> {
        0..0
    }

    fn context(&self) -> usize {
        0
    }

    /// Of finite params `[n_params]`.
    fn validate(&self, dim: usize, params: &[f64]) -> Result<(), InvalidLayer>;

    fn bind(&self, dim: usize) -> BoundLayer;
}

/// The contract of a bound layer: its parameters, and what derives from them, ready for use.
///
/// It works on a block of n rows, transposed: `[d][n]`, a dimension's values contiguous; n is a
/// multiple of [`gauss_math::simd::LOGICAL_LANES`]. Rows never mix. The rows' context `[c][n]` goes
/// to every layer, and most ignore it.
pub(crate) trait Layer {
    /// Takes other parameters `[n_params]`, in the memory at hand.
    fn set(&mut self, params: &[f64]);

    /// z `[d][n]`: overwritten; log_det `[n]`: ADDED to; work: resized at will.
    fn forward(
        &self,
        x: &[f64],
        context: &[f64],
        z: &mut [f64],
        log_det: &mut [f64],
        work: &mut Vec<f64>,
    );

    /// [`Layer::forward`] of one row x, z `[d]`, context `[c]`, with the same bits. As it stands, for a
    /// layer that takes any n.
    fn forward_row(
        &self,
        x: &[f64],
        context: &[f64],
        z: &mut [f64],
        log_det: &mut f64,
        work: &mut Vec<f64>,
    ) {
        self.forward(x, context, z, std::slice::from_mut(log_det), work);
    }

    /// x `[d][n]`: overwritten with the root of `forward`; work: resized at will.
    fn inverse(&self, z: &[f64], context: &[f64], x: &mut [f64], n: usize, work: &mut Vec<f64>);

    /// For a flow's last layer: log N(z; 0, I) + ln|det ∂z/∂x|, where the layer knows it without making
    /// z; `false`, and nothing done, where it does not.
    ///
    /// x `[d][n]`, n as above or 1; log_prob `[n]`: ADDED to; work: resized at will.
    fn add_log_density(&self, x: &[f64], log_prob: &mut [f64], work: &mut Vec<f64>) -> bool {
        let _ = (x, log_prob, work);
        false
    }

    /// [`Layer::forward`] that keeps on `tape`, resized at will, what the way back needs.
    fn forward_with_tape(
        &self,
        x: &[f64],
        context: &[f64],
        z: &mut [f64],
        log_det: &mut [f64],
        tape: &mut Vec<f64>,
        work: &mut Vec<f64>,
    ) {
        let _ = tape; // a layer that needs none
        self.forward(x, context, z, log_det, work);
    }

    /// The vector-Jacobian product. x, context, z, tape: of the forward pass. The loss is a function of every
    /// row's z and log_det.
    ///
    /// z_bar `[d][n]` = ∂L/∂z, log_det_bar `[n]` = ∂L/∂log_det, both 0 in the padding; x_bar
    /// `[d][n]`: overwritten; context_bar `[c][n]`: ADDED to; sums: ADDED to, the layer's sums over rows from which
    /// [`Layer::finish_gradient`] makes the gradient, or empty where none is wanted.
    fn backward(
        &self,
        pass: Pass<'_>,
        tape: &[f64],
        x_bar: &mut [f64],
        context_bar: &mut [f64],
        work: &mut Vec<f64>,
        sums: &mut [f64],
    );

    /// How many numbers `sums` has; none of a frozen layer.
    fn n_sums(&self) -> usize {
        0
    }

    /// The gradient of the layer's parameters `[n_params]`: ADDED to, from the sums over all rows; as
    /// it stands, where they are the gradient. work: resized at will.
    fn finish_gradient(&self, sums: &[f64], grad: &mut [f64], work: &mut Vec<f64>) {
        let _ = work;
        grad.iter_mut().zip(sums).for_each(|(g, s)| *g += s);
    }
}

/// Room for `len` numbers of `work` or a tape: what they are is left over.
pub(crate) fn room(work: &mut Vec<f64>, len: usize) -> &mut [f64] {
    work.resize(work.len().max(len), 0.0);
    &mut work[..len]
}

/// One row as a block of it repeated, for kernels whose lanes are rows: `run` gets x `[d][n]` and the
/// context `[c][n]`, z and log_det `[n]` to do as [`Layer::forward`] does, and `len` numbers of work.
/// z: `[d]`, or empty where none is made.
pub(crate) fn as_block(
    (x, context): (&[f64], &[f64]),
    z: &mut [f64],
    log_det: &mut f64,
    work: &mut Vec<f64>,
    len: usize,
    run: impl FnOnce((&[f64], &[f64]), (&mut [f64], &mut [f64]), &mut [f64]),
) {
    const N: usize = LOGICAL_LANES;
    let (d, c) = (x.len(), context.len());
    let (block, rest) = room(work, (d + c + z.len()) * N + len).split_at_mut((d + c) * N);
    for (lanes, value) in block.chunks_exact_mut(N).zip(x.iter().chain(context)) {
        lanes.fill(*value);
    }
    let (zs, work) = rest.split_at_mut(z.len() * N);
    let mut log_dets = [*log_det; N];
    run(block.split_at(d * N), (&mut *zs, &mut log_dets), work);
    z.iter_mut().zip(zs.chunks_exact(N)).for_each(|(z, lanes)| *z = lanes[0]);
    *log_det = log_dets[0];
}

/// Refuses a logarithm of a scale beyond ±most.
pub(crate) fn check_log_scales(values: &[f64], most: f64) -> Result<(), InvalidLayer> {
    match values.iter().find(|l| !(l.abs() <= most)) {
        Some(&value) => Err(InvalidLayer::LogScale { value }),
        None => Ok(()),
    }
}

/// `1 component`, `3 components`.
pub(crate) fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// One block on its way back through a layer; see [`Layer::backward`].
#[derive(Clone, Copy)]
pub(crate) struct Pass<'a> {
    pub x: &'a [f64],
    pub context: &'a [f64],
    pub z: &'a [f64],
    pub z_bar: &'a [f64],
    pub log_det_bar: &'a [f64],
}
