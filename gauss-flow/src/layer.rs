//! What a layer is: its specification, the layout of its numbers, and the contract it keeps.

use crate::error::{Error, InvalidLayer};
use crate::layers::{Marginal, Rotation, Standardize};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// One layer's architecture. Its numbers live in the flow's one parameter vector.
///
/// The enum is closed on purpose: a new layer does not compile until the forward map, the
/// inverse, the gradient and the file format know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
}

impl LayerSpec {
    /// How many numbers the layer has in `dim` dimensions; a file may claim any, so it saturates.
    pub fn n_params(&self, dim: usize) -> usize {
        match *self {
            Self::Standardize => dim.saturating_mul(2),
            Self::Rotation { reflections, base } => {
                let base = if base { dim.saturating_mul(dim) } else { 0 };
                dim.saturating_mul(reflections).saturating_add(base)
            }
            Self::Marginal { components } => dim.saturating_mul(components).saturating_mul(3),
        }
    }

    /// How many of them are trained: always the first ones.
    pub fn n_trainable(&self, dim: usize) -> usize {
        match *self {
            Self::Standardize => 0,
            Self::Rotation { reflections, .. } => dim.saturating_mul(reflections),
            Self::Marginal { .. } => self.n_params(dim),
        }
    }

    /// The layer's name, as printed.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Standardize => "standardize",
            Self::Rotation { .. } => "rotation",
            Self::Marginal { .. } => "marginal",
        }
    }

    /// Checks the layer's numbers.
    pub(crate) fn validate(&self, dim: usize, params: &[f64]) -> Result<(), InvalidLayer> {
        if let Some(index) = params.iter().position(|p| !p.is_finite()) {
            return Err(InvalidLayer::NonFinite { index, value: params[index] });
        }
        match *self {
            Self::Standardize => Standardize::validate(dim, params),
            Self::Rotation { reflections, .. } => Rotation::validate(dim, reflections, params),
            Self::Marginal { components } => Marginal::validate(components, params),
        }
    }
}

/// Where each layer's numbers lie in the parameter vector.
pub(crate) fn segments(dim: usize, layers: &[LayerSpec]) -> impl Iterator<Item = Range<usize>> {
    layers.iter().scan(0, move |start, layer| {
        let segment = *start..*start + layer.n_params(dim);
        *start = segment.end;
        Some(segment)
    })
}

/// Checks a whole parameter vector.
pub(crate) fn validate(dim: usize, layers: &[LayerSpec], params: &[f64]) -> Result<(), Error> {
    if dim == 0 {
        return Err(Error::NoDimensions);
    }
    let expected = layers.iter().try_fold(0_usize, |sum, l| sum.checked_add(l.n_params(dim)));
    if expected != Some(params.len()) {
        let expected = expected.unwrap_or(usize::MAX);
        return Err(Error::Parameters { expected, got: params.len() });
    }
    for (layer, (spec, segment)) in layers.iter().zip(segments(dim, layers)).enumerate() {
        spec.validate(dim, &params[segment])
            .map_err(|reason| Error::InvalidLayer { layer, reason })?;
    }
    Ok(())
}

/// The contract of a bound layer: its parameters, and what derives from them, ready for use.
///
/// It works on a block of n rows, transposed: `[d][n]`, a dimension's values contiguous; n is a
/// multiple of [`gauss_math::simd::LOGICAL_LANES`]. Rows never mix.
pub(crate) trait Layer {
    /// What the forward pass keeps for the gradient, per layer and block.
    type Tape: Default;

    /// z `[d][n]`: overwritten; log_det `[n]`: ADDED to; work: resized at will.
    fn forward(&self, x: &[f64], z: &mut [f64], log_det: &mut [f64], work: &mut Vec<f64>);

    /// x `[d][n]`: overwritten with the root of `forward`.
    fn inverse(&self, z: &[f64], x: &mut [f64], n: usize);

    /// [`Layer::forward`] that fills `tape`.
    fn forward_with_tape(
        &self,
        x: &[f64],
        z: &mut [f64],
        log_det: &mut [f64],
        tape: &mut Self::Tape,
    );

    /// The vector-Jacobian product. x, z, tape: of the forward pass. The loss of row i is
    /// a function of its z plus log_det_bar·log_det, for the first `rows` of the n rows; the
    /// others are padding.
    ///
    /// z_bar `[d][n]` = ∂L/∂z, 0 in the padding; x_bar `[d][n]`: overwritten; sums: ADDED to, the
    /// layer's sums over rows from which [`Layer::finish_gradient`] makes the gradient.
    fn backward(
        &self,
        pass: Pass<'_>,
        tape: &Self::Tape,
        x_bar: &mut [f64],
        work: &mut Vec<f64>,
        sums: &mut [f64],
    );

    /// How many numbers `sums` has.
    fn n_sums(&self) -> usize;

    /// The gradient of the layer's parameters `[n_params]`: ADDED to, from the sums over all rows.
    fn finish_gradient(&mut self, sums: &[f64], grad: &mut [f64]);
}

/// One block on its way back through a layer; see [`Layer::backward`].
#[derive(Clone, Copy)]
pub(crate) struct Pass<'a> {
    pub x: &'a [f64],
    pub z: &'a [f64],
    pub z_bar: &'a [f64],
    pub log_det_bar: f64,
    pub rows: usize,
    pub n: usize,
}
