//! Numbers to begin with: a network whose last layer is 0 says nothing yet, so that the layer is the
//! marginal map that it is given.

use super::masks::Masks;
use crate::error::Error;
use crate::layer::LayerSpec;
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

/// How far the means of [`marginal_near_identity`] lie from 0.
const SPREAD: f64 = 0.3;

/// The parameters of [`LayerSpec::Conditioned`] in `dim` dimensions, from those of a
/// [`LayerSpec::Marginal`] `[3 d K]` with as many components, and the shift and log_scale of its
/// context `[2 c]`. At first it is that marginal map.
///
/// The hidden weights are normal with variance 2/(inputs seen) (He, Zhang, Ren & Sun, 2015), the
/// first layer's biases standard normal, so that the units bend in different places, the others 0.
///
/// # Errors
/// [`Error::NoDimensions`]; [`Error::Parameters`] where the numbers do not fit;
/// [`Error::InvalidLayer`] of layer 0 where they are out of range.
///
/// # Panics
/// When `spec` is no conditioned layer.
///
/// ```
/// use gauss_flow::{Flow, LayerSpec, layers::conditioned};
/// use rand::SeedableRng;
/// let marginal = vec![0.1, -0.2, 0.3, -1.0, 1.0, 0.0, 0.5, -0.3, 0.2, 0.4, -0.1, 0.0];
/// let spec = LayerSpec::Conditioned { components: 2, hidden: 8, context: 0, reversed: false };
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let params = conditioned::params_for_marginal(spec, 2, &marginal, &[], &mut rng)?;
/// let flow = Flow::from_parts(2, vec![spec], params)?;
/// let plain = Flow::from_parts(2, vec![LayerSpec::Marginal { components: 2 }], marginal)?;
/// let x = faer::mat![[0.3, -1.2], [2.0, 0.5]];
/// let difference = flow.forward(x.as_ref())?.0 - plain.forward(x.as_ref())?.0;
/// assert!(difference.norm_max() < 1e-14);
/// # Ok::<(), gauss_flow::Error>(())
/// ```
pub fn params_for_marginal(
    spec: LayerSpec,
    dim: usize,
    marginal: &[f64],
    context_scales: &[f64],
    rng: &mut impl Rng,
) -> Result<Vec<f64>, Error> {
    let LayerSpec::Conditioned { components, hidden, context, .. } = spec else {
        panic!("{spec:?} is no conditioned layer");
    };
    if dim == 0 {
        return Err(Error::NoDimensions);
    }
    let expected = spec.network(dim).start;
    if marginal.len() != expected {
        return Err(Error::Parameters { expected, got: marginal.len() });
    }
    if context_scales.len() != 2 * context {
        return Err(Error::Parameters { expected: 2 * context, got: context_scales.len() });
    }
    let mut params = marginal.to_vec();
    let masks = Masks::new(dim, context, hidden);
    for position in 0..dim {
        let (units, seen, told) =
            (masks.units(position).len(), masks.seen(position), masks.upto(position));
        let mut normals = |len: usize, variance: f64| {
            params.extend((0..len).map(|_| {
                let z: f64 = StandardNormal.sample(rng);
                variance.sqrt() * z
            }));
        };
        normals(units * seen, 2.0 / seen as f64);
        normals(units, 1.0);
        normals(units * told, 2.0 / told as f64);
        params.resize(params.len() + units + 3 * components * told, 0.0);
    }
    params.extend_from_slice(context_scales);
    spec.validate(dim, &params).map_err(|reason| Error::InvalidLayer { layer: 0, reason })?;
    Ok(params)
}

/// Parameters of a [`LayerSpec::Marginal`] `[3 d K]` that changes little of what is normal already,
/// for a later layer to begin with: equal weights, means evenly over ±0.3, and the σ with which the
/// mixture has variance 1.
///
/// # Panics
/// Of no components.
#[must_use]
pub fn marginal_near_identity(dim: usize, components: usize) -> Vec<f64> {
    assert!(components > 0, "a mixture needs at least one component");
    let k = components as f64;
    let means: Vec<f64> =
        (0..components).map(|i| SPREAD * (2.0 * (i as f64 + 0.5) / k - 1.0)).collect();
    let variance = 1.0 - means.iter().map(|m| m * m).sum::<f64>() / k;
    let mut params = vec![0.0; dim * components];
    params.extend((0..dim).flat_map(|_| &means));
    params.resize(3 * dim * components, 0.5 * variance.ln());
    params
}
