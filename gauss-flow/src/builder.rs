//! Flows from scratch: layers one by one, their numbers started from the data as it flows by.

use crate::blocks;
use crate::derived::Derived;
use crate::error::{Error, InvalidLayer};
use crate::flow::Flow;
use crate::layer::LayerSpec;
use crate::layers::rotation::params_for_orthogonal;
use crate::order::Sorted;
use crate::rows::{Counted, Rows};
use crate::scale::standardization;
use faer::{Mat, MatRef};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

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

    /// The flow, every layer started from the rows of `x` [n, d], with weights if they have any, as
    /// the layers before it leave them.
    ///
    /// # Errors
    /// When x is empty, has another number of columns or a value that is not finite, when a
    /// column to be standardised is constant, or a fixed matrix is not orthogonal.
    pub fn build<'a>(self, x: impl Into<Rows<'a>>, rng: &mut impl Rng) -> Result<Flow, Error> {
        let x = x.into();
        if self.dim == 0 {
            return Err(Error::NoDimensions);
        }
        x.check(self.dim)?;
        let counted = Counted::of(x);
        let rows = counted.rows();
        let mut state = rows.x().to_owned();
        let mut specs = Vec::new();
        let mut params = Vec::new();
        for step in &self.steps {
            let started = step.start(Rows { x: state.as_ref(), ..rows }, rng);
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
    fn start(&self, rows: Rows<'_>, rng: &mut impl Rng) -> Result<(LayerSpec, Vec<f64>), Error> {
        let dim = rows.ncols();
        Ok(match self {
            Self::Standardize => (LayerSpec::Standardize, standardization(rows)?),
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
                (spec, quantile_start(rows, *components))
            }
        })
    }
}

/// Parameters of a marginal layer: equal weights, means at the (k + ½)/K quantiles of each
/// column, σ half the distance between the neighbouring means on either side.
///
/// The outermost two are as wide as it takes to send the extreme values of n rows where those of
/// n normal values lie, Φ⁻¹(1 - 1/2n). Narrower ones throw the tails further out at every layer:
/// through eight layers of two moons the start would lie a hundred nats off.
fn quantile_start(rows: Rows<'_>, components: usize) -> Vec<f64> {
    let (dim, k) = (rows.ncols(), components);
    let mut params = vec![0.0; 3 * dim * k];
    let (means, log_sigmas) = params[dim * k..].split_at_mut(dim * k);
    let columns = means.chunks_exact_mut(k).zip(log_sigmas.chunks_exact_mut(k));
    for (column, (means, log_sigmas)) in columns.enumerate() {
        let sorted = Sorted::of(rows.x().col(column).iter().copied().collect(), rows.weights());
        for (i, mean) in means.iter_mut().enumerate() {
            *mean = sorted.middle_quantile((i as f64 + 0.5) / k as f64);
        }
        let values = sorted.values();
        let (low, high) = (values[0], values[values.len() - 1]);
        let spread = high - low;
        // Ties: no σ below a small part of the spread, nor 0 where all values are one.
        let floor = if spread > 0.0 { 1e-3 * spread / k as f64 } else { 1.0 };
        // Of the outermost component, of weight 1/K, a share K/2n lies beyond the extreme value.
        let share = (k as f64 / (2.0 * sorted.effective())).min(0.3);
        let extreme = -gauss_math::normal::quantile(share);
        for i in 0..k {
            let mut sigma = 0.5 * (means[(i + 1).min(k - 1)] - means[i.saturating_sub(1)]);
            if i == 0 {
                sigma = sigma.max((means[0] - low) / extreme);
            }
            if i == k - 1 {
                sigma = sigma.max((high - means[i]) / extreme);
            }
            log_sigmas[i] = sigma.max(floor).ln();
        }
    }
    params
}
