//! Flows from scratch: layers one by one, their numbers started from the data as it flows by.

use crate::blocks;
use crate::derived::Derived;
use crate::error::{Error, InvalidLayer};
use crate::flow::Flow;
use crate::layer::LayerSpec;
use crate::layers::conditioned::{marginal_near_identity, params_for_marginal};
use crate::layers::rotation::params_for_orthogonal;
use crate::order::Sorted;
use crate::rows::{Counted, Rows};
use crate::scale::{column_scales, standardization};
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
    Conditioned { components: usize, hidden: usize, reversed: bool },
}

/// Collects layers in data order; [`FlowBuilder::build`] starts their numbers.
#[derive(Clone, Debug)]
pub struct FlowBuilder {
    dim: usize,
    context: usize,
    steps: Vec<Step>,
}

impl Flow {
    /// A builder for d = `dim` columns that are modelled.
    #[must_use]
    pub fn builder(dim: usize) -> FlowBuilder {
        FlowBuilder { dim, context: 0, steps: Vec::new() }
    }
}

impl FlowBuilder {
    /// After the columns that are modelled come c = `context` others, which the conditioned layers are
    /// given; see [`Flow::context`].
    #[must_use]
    pub fn context(mut self, context: usize) -> Self {
        self.context = context;
        self
    }

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

    /// A trainable [`LayerSpec::Conditioned`] of K = `components` normals per dimension and two hidden
    /// layers of h = `hidden` units. The first one starts as the marginal map of the data's
    /// quantiles, later ones near the identity; the context is brought to mean 0 and deviation 1, a
    /// constant one to 0.
    ///
    /// ```
    /// # use gauss_flow::Flow;
    /// # use rand::SeedableRng;
    /// // y ~ N(x, 0.1²), x given: the density of y under x.
    /// let rows = faer::Mat::from_fn(500, 2, |i, j| {
    ///     let x = (i as f64 * 0.618_034).fract() * 4.0 - 2.0;
    ///     if j == 1 { x } else { x + 0.1 * ((i as f64 * 0.754_878).fract() - 0.5) }
    /// });
    /// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    /// let builder = Flow::builder(1).context(1).standardize().conditioned(3, 16, false);
    /// let flow = builder.build(&rows, &mut rng)?;
    /// assert_eq!((flow.dim(), flow.context()), (1, 1));
    /// let given = faer::mat![[-1.0], [1.0]];
    /// assert_eq!(flow.sample_given(given.as_ref(), &mut rng)?.nrows(), 2);
    /// # Ok::<(), gauss_flow::Error>(())
    /// ```
    #[must_use]
    pub fn conditioned(mut self, components: usize, hidden: usize, reversed: bool) -> Self {
        self.steps.push(Step::Conditioned { components, hidden, reversed });
        self
    }

    /// The flow, every layer started from the rows of `x` [n, d + c], with weights if they have any, as
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
        x.check(self.dim + self.context)?;
        let counted = Counted::of(x);
        let rows = counted.rows();
        let mut state = rows.x().to_owned();
        let mut specs = Vec::new();
        let mut params = Vec::new();
        for step in &self.steps {
            let rows = Rows { x: state.as_ref(), ..rows };
            let is_conditioned = |spec: &LayerSpec| matches!(spec, LayerSpec::Conditioned { .. });
            let first = !specs.iter().any(is_conditioned);
            let started = step.start(rows, self.dim, first, rng);
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
            let next = blocks::map(self.dim, state.as_ref(), self.dim, &mut none, |ws, _| {
                layer.forward(ws);
            });
            state.as_mut().subcols_mut(0, self.dim).copy_from(&next);
            specs.push(spec);
            params.extend(own);
        }
        Flow::from_parts(self.dim, specs, params)
    }
}

impl Step {
    /// A layer for rows `[n, d + c]`; first: whether it is the first of its kind.
    fn start(
        &self,
        all: Rows<'_>,
        dim: usize,
        first: bool,
        rng: &mut impl Rng,
    ) -> Result<(LayerSpec, Vec<f64>), Error> {
        let rows = Rows { x: all.x().subcols(0, dim), ..all };
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
            Self::Marginal { components: 0 } | Self::Conditioned { components: 0, .. } => {
                let reason = InvalidLayer::NoComponents;
                return Err(Error::InvalidLayer { layer: 0, reason }); // `build` knows which one
            }
            Self::Marginal { components } => {
                let spec = LayerSpec::Marginal { components: *components };
                (spec, quantile_start(rows, *components))
            }
            &Self::Conditioned { components, hidden, reversed } => {
                let context = all.ncols() - dim;
                let spec = LayerSpec::Conditioned { components, hidden, context, reversed };
                let marginal = if first {
                    quantile_start(rows, components)
                } else {
                    marginal_near_identity(dim, components)
                };
                let given = Rows { x: all.x().subcols(dim, context), ..all };
                let scales = context_scales(given);
                (spec, params_for_marginal(spec, dim, &marginal, &scales, rng)?)
            }
        })
    }
}

/// Shift `[c]` and ln scale `[c]` of the context's columns; a constant one becomes 0.
fn context_scales(context: Rows<'_>) -> Vec<f64> {
    let columns = column_scales(context).into_iter().enumerate();
    let scales: Vec<(f64, f64)> = columns
        .map(|(column, scale)| scale.unwrap_or_else(|| (context.x()[(0, column)], 0.0)))
        .collect();
    scales.iter().map(|s| s.0).chain(scales.iter().map(|s| s.1)).collect()
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
