//! Flows from scratch: layers one by one, their numbers started from the data as it flows by.

use crate::blocks;
use crate::derived::Derived;
use crate::error::{Error, InvalidLayer};
use crate::flow::Flow;
use crate::layer::LayerSpec;
use crate::layers::rotation::params_for_orthogonal;
use crate::rows::Rows;
use faer::{Mat, MatRef};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

/// A deviation this many times that of the quartiles comes from a few far outliers: of Student's t
/// with two degrees of freedom, whose variance is infinite, 10,000 values stay below 10.
const FEW_OUTLIERS: f64 = 30.0;
/// Distance between the quartiles of N(0, 1).
const NORMAL_QUARTILES: f64 = 1.348_979_500_392_163_5;

/// One layer to be, with what its start needs.
#[derive(Clone, Debug)]
enum Step {
    Standardize,
    Orthogonal(Mat<f64>),
    Rotation { reflections: usize },
    Marginal { components: usize },
}

/// Collects layers in data order; [`FlowBuilder::build`] starts their numbers.
#[derive(Clone, Debug)]
pub struct FlowBuilder {
    dim: usize,
    steps: Vec<Step>,
}

impl Flow {
    /// A builder for d = `dim` columns.
    #[must_use]
    pub fn builder(dim: usize) -> FlowBuilder {
        FlowBuilder { dim, steps: Vec::new() }
    }
}

impl FlowBuilder {
    /// Each column to mean 0 and standard deviation 1, frozen.
    #[must_use]
    pub fn standardize(mut self) -> Self {
        self.steps.push(Step::Standardize);
        self
    }

    /// A fixed orthogonal matrix, d × d, such as the principal axes.
    #[must_use]
    pub fn orthogonal(mut self, q: MatRef<'_, f64>) -> Self {
        self.steps.push(Step::Orthogonal(q.to_owned()));
        self
    }

    /// A trainable product of this many reflections, started at random: Gaussian reflectors, so
    /// uniform on the sphere.
    #[must_use]
    pub fn rotation(mut self, reflections: usize) -> Self {
        self.steps.push(Step::Rotation { reflections });
        self
    }

    /// A trainable marginal map of K = `components` normals per dimension, started at the data's
    /// quantiles.
    #[must_use]
    pub fn marginal(mut self, components: usize) -> Self {
        self.steps.push(Step::Marginal { components });
        self
    }

    /// The flow, every layer started from `x` as the layers before it leave it.
    ///
    /// # Errors
    /// When x is empty, has another number of columns or a value that is not finite, when a
    /// column to be standardised is constant, or a fixed matrix is not orthogonal.
    pub fn build(self, x: MatRef<'_, f64>, rng: &mut impl Rng) -> Result<Flow, Error> {
        if self.dim == 0 {
            return Err(Error::NoDimensions);
        }
        Rows::from(x).check(self.dim)?;
        let mut state = x.to_owned();
        let mut specs = Vec::new();
        let mut params = Vec::new();
        for step in &self.steps {
            let started = step.start(state.as_ref(), rng);
            let (spec, own) = started.map_err(|error| match error {
                Error::InvalidLayer { reason, .. } => {
                    Error::InvalidLayer { layer: specs.len(), reason }
                }
                other => other,
            })?;
            spec.validate(self.dim, &own)
                .map_err(|reason| Error::InvalidLayer { layer: specs.len(), reason })?;
            let layer = Derived::new(self.dim, &[spec], &own);
            let mut none = vec![0.0; state.nrows()];
            state = blocks::map(state.as_ref(), &mut none, |ws, _| layer.forward(ws));
            specs.push(spec);
            params.extend(own);
        }
        Flow::from_parts(self.dim, specs, params)
    }
}

impl Step {
    fn start(
        &self,
        x: MatRef<'_, f64>,
        rng: &mut impl Rng,
    ) -> Result<(LayerSpec, Vec<f64>), Error> {
        let dim = x.ncols();
        Ok(match self {
            Self::Standardize => (LayerSpec::Standardize, standardization(x)?),
            Self::Orthogonal(q) => {
                if q.nrows() != dim || q.ncols() != dim {
                    return Err(Error::Columns { expected: dim, got: q.ncols() });
                }
                let spec = LayerSpec::Rotation { reflections: 0, base: true };
                (spec, params_for_orthogonal(q.as_ref(), 0, true)?)
            }
            Self::Rotation { reflections } => {
                let reflectors =
                    (0..reflections * dim).map(|_| StandardNormal.sample(rng)).collect();
                (LayerSpec::Rotation { reflections: *reflections, base: false }, reflectors)
            }
            Self::Marginal { components: 0 } => {
                let reason = InvalidLayer::NoComponents;
                return Err(Error::InvalidLayer { layer: 0, reason }); // `build` knows which one
            }
            Self::Marginal { components } => {
                let spec = LayerSpec::Marginal { components: *components };
                (spec, quantile_start(x, *components))
            }
        })
    }
}

/// Parameters of [`LayerSpec::Standardize`] for x, [`column_scale`] of every column: shift `[d]`,
/// ln scale `[d]`.
///
/// # Errors
/// When x has no row, a value that is not finite, or ([`Error::ConstantColumn`]) a column of one
/// value only.
pub fn standardization(x: MatRef<'_, f64>) -> Result<Vec<f64>, Error> {
    Rows::from(x).check(x.ncols())?;
    let mut shift = Vec::with_capacity(2 * x.ncols());
    let mut log_scale = Vec::with_capacity(x.ncols());
    for column in 0..x.ncols() {
        let values: Vec<f64> = x.col(column).iter().copied().collect();
        let value = values[0];
        let scale = column_scale(values).ok_or(Error::ConstantColumn { column, value })?;
        shift.push(scale.0);
        log_scale.push(scale.1);
    }
    shift.extend(log_scale);
    Ok(shift)
}

/// Centre and ln scale of finite values: their mean and standard deviation (over n); `None` where
/// all are equal.
///
/// Where the deviation exceeds `FEW_OUTLIERS` times what the quartiles say it should be, it is
/// that of a few outliers, and would squeeze all other values into one point: then they are the
/// median and the distance of the quartiles over that of a normal's.
pub fn column_scale(mut values: Vec<f64>) -> Option<(f64, f64)> {
    let n = values.len();
    // Around the first value, so that an offset of 1e12 costs no digits; halved, so that the
    // difference of the largest doubles does not overflow.
    let origin = *values.first()?;
    let halves = || values.iter().map(|v| 0.5 * v - 0.5 * origin);
    let largest = halves().map(f64::abs).fold(0.0, f64::max);
    if !(largest > 0.0) {
        return None;
    }
    let mean = halves().map(|h| h / largest).sum::<f64>() / n as f64;
    let square = halves().map(|h| (h / largest - mean).powi(2)).sum::<f64>() / n as f64;
    let (centre, log_scale) =
        (origin + 2.0 * (mean * largest), largest.ln() + (2.0_f64).ln() + 0.5 * square.ln());

    let mut quantile = |p: usize| *values.select_nth_unstable_by(p, f64::total_cmp).1;
    let (low, median, high) = (quantile(n / 4), quantile(n / 2), quantile(3 * n / 4));
    let robust = (0.5 * high - 0.5 * low).ln() + (2.0 / NORMAL_QUARTILES).ln();
    if robust.is_finite() && log_scale - robust > FEW_OUTLIERS.ln() {
        Some((median, robust))
    } else {
        Some((centre, log_scale))
    }
}

/// Parameters of a marginal layer: equal weights, means at the (k + ½)/K quantiles of each
/// column, σ half the distance between the neighbouring means on either side.
///
/// The outermost two are as wide as it takes to send the extreme values of n rows where those of
/// n normal values lie, Φ⁻¹(1 - 1/2n). Narrower ones throw the tails further out at every layer:
/// through eight layers of two moons the start would lie a hundred nats off.
fn quantile_start(x: MatRef<'_, f64>, components: usize) -> Vec<f64> {
    let (dim, k) = (x.ncols(), components);
    let mut params = vec![0.0; 3 * dim * k];
    let (means, log_sigmas) = params[dim * k..].split_at_mut(dim * k);
    let columns = means.chunks_exact_mut(k).zip(log_sigmas.chunks_exact_mut(k));
    for (column, (means, log_sigmas)) in columns.enumerate() {
        let mut sorted: Vec<f64> = x.col(column).iter().copied().collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let last = sorted.len() - 1;
        for (i, mean) in means.iter_mut().enumerate() {
            let p = (i as f64 + 0.5) / k as f64;
            let position = (p * sorted.len() as f64 - 0.5).clamp(0.0, last as f64);
            let (below, part) = (position.floor() as usize, position.fract());
            *mean = sorted[below] + part * (sorted[(below + 1).min(last)] - sorted[below]);
        }
        let spread = sorted[last] - sorted[0];
        // Ties: no σ below a small part of the spread, nor 0 where all values are one.
        let floor = if spread > 0.0 { 1e-3 * spread / k as f64 } else { 1.0 };
        // Of the outermost component, of weight 1/K, a share K/2n lies beyond the extreme value.
        let share = (k as f64 / (2 * sorted.len()) as f64).min(0.3);
        let extreme = -gauss_math::normal::quantile(share);
        for i in 0..k {
            let mut sigma = 0.5 * (means[(i + 1).min(k - 1)] - means[i.saturating_sub(1)]);
            if i == 0 {
                sigma = sigma.max((means[0] - sorted[0]) / extreme);
            }
            if i == k - 1 {
                sigma = sigma.max((sorted[last] - means[i]) / extreme);
            }
            log_sigmas[i] = sigma.max(floor).ln();
        }
    }
    params
}
