//! The flow: layers applied in data order, z = f_L(... f_1(x)).

use crate::bound::BoundFlow;
use crate::derived::Derived;
use crate::error::Error;
use crate::layer::{self, LayerSpec, segments};
use crate::layers::tables;
#[cfg(feature = "train")]
use crate::{rows::Rows, sums::Sums};
use faer::{Mat, MatRef};
use rand::Rng;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// An invertible map from data to a standard normal, and with it an exact density.
///
/// Every number of the model is in one vector, [`Flow::params`], layer after layer in data order;
/// [`LayerSpec`] says how a layer's part of it is laid out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Parts", into = "Parts")]
pub struct Flow {
    dim: usize,
    layers: Vec<LayerSpec>,
    params: Vec<f64>,
}

/// A flow as it is stored: nothing is checked yet.
#[derive(Serialize, Deserialize)]
struct Parts {
    dim: u64,
    layers: Vec<LayerSpec>,
    params: Vec<f64>,
}

impl From<Flow> for Parts {
    fn from(Flow { dim, layers, params }: Flow) -> Self {
        Self { dim: dim as u64, layers, params }
    }
}

impl TryFrom<Parts> for Flow {
    type Error = Error;

    fn try_from(Parts { dim, layers, params }: Parts) -> Result<Self, Error> {
        Self::from_parts(usize::try_from(dim).unwrap_or(usize::MAX), layers, params)
    }
}

impl Flow {
    /// A flow from its parts, checked.
    ///
    /// # Errors
    /// Where the numbers do not fit the layers or are out of range.
    pub fn from_parts(dim: usize, layers: Vec<LayerSpec>, params: Vec<f64>) -> Result<Self, Error> {
        layer::validate(dim, &layers, &params)?;
        Ok(Self { dim, layers, params })
    }

    /// The same layers with other numbers.
    ///
    /// # Errors
    /// As [`Flow::from_parts`]; the flow is then unchanged.
    pub fn set_params(&mut self, params: Vec<f64>) -> Result<(), Error> {
        layer::validate(self.dim, &self.layers, &params)?;
        self.params = params;
        Ok(())
    }

    /// d, the number of columns that are modelled.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// c, the number of columns that are given and not modelled: p(x | context). A matrix of rows has
    /// d + c columns, the given ones last; a latent has d.
    ///
    /// It is that of the layers that are conditioned on one; all others ignore it.
    #[must_use]
    pub fn context(&self) -> usize {
        layer::context(&self.layers)
    }

    /// d + c, the columns of a matrix of rows.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.dim + self.context()
    }

    /// The architecture, in data order.
    #[must_use]
    pub fn layers(&self) -> &[LayerSpec] {
        &self.layers
    }

    /// Every number of the model.
    #[must_use]
    pub fn params(&self) -> &[f64] {
        &self.params
    }

    /// Changes numbers in place: `edit` gets [`Flow::params`] to write to. Should they then be out of
    /// range, the flow has the ones from before.
    ///
    /// ```
    /// # let mut flow = gauss_flow::Flow::from_parts(1, vec![gauss_flow::LayerSpec::Standardize],
    /// #     vec![0.0; 2])?;
    /// let scale = flow.layer_range(0).start + flow.dim();
    /// flow.edit_params(|params| params[scale] = 2_f64.ln())?;
    /// assert!(flow.edit_params(|params| params[scale] = f64::NAN).is_err());
    /// assert_eq!(flow.params(), [0.0, 2_f64.ln()]);
    /// # Ok::<(), gauss_flow::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Flow::from_parts`]; the flow is then unchanged.
    pub fn edit_params(&mut self, edit: impl FnOnce(&mut [f64])) -> Result<(), Error> {
        let mut params = self.params.clone();
        edit(&mut params);
        self.set_params(params)
    }

    /// Where the numbers of one layer stand among [`Flow::params`].
    ///
    /// # Panics
    /// When there is no such layer.
    #[must_use]
    pub fn layer_range(&self, layer: usize) -> Range<usize> {
        segments(self.dim, &self.layers).nth(layer).expect("the flow has that layer")
    }

    /// How many columns one layer maps: d, but for those before tables, which map the columns that are
    /// not discrete.
    ///
    /// # Panics
    /// When there is no such layer.
    #[must_use]
    pub fn layer_dim(&self, layer: usize) -> usize {
        let (_, dim) =
            layer::sized(self.dim, &self.layers).nth(layer).expect("the flow has that layer");
        dim
    }

    /// The numbers of one layer.
    ///
    /// # Panics
    /// When there is no such layer.
    #[must_use]
    pub fn layer_params(&self, layer: usize) -> &[f64] {
        &self.params[self.layer_range(layer)]
    }

    /// The columns whose values have probabilities of their own; see [`crate::layers::tables`].
    #[must_use]
    pub fn discrete(&self) -> Vec<tables::Values> {
        match self.layers.last() {
            Some(&LayerSpec::Tables { components, columns, values, features }) => {
                let shape = tables::Shape { components, columns, values, features };
                tables::Parts::of(&shape, self.dim, self.layer_params(self.layers.len() - 1))
                    .columns
            }
            _ => Vec::new(),
        }
    }

    /// How many numbers the model has.
    #[must_use]
    pub fn n_params(&self) -> usize {
        self.params.len()
    }

    /// How many of them training changes.
    #[must_use]
    pub fn n_trainable(&self) -> usize {
        layer::sized(self.dim, &self.layers).map(|(layer, dim)| layer.n_trainable(dim)).sum()
    }

    /// The flow ready for many calls: what derives from the parameters is computed once.
    #[must_use]
    pub fn bind(&self) -> BoundFlow {
        BoundFlow::new(Derived::new(self.dim, &self.layers, &self.params))
    }

    /// [`BoundFlow::forward`], once.
    ///
    /// # Errors
    /// When x has another number of columns than the flow.
    pub fn forward(&self, x: MatRef<'_, f64>) -> Result<(Mat<f64>, Vec<f64>), Error> {
        self.bind().forward(x)
    }

    /// [`BoundFlow::log_prob`], once.
    ///
    /// # Errors
    /// When x has another number of columns than the flow.
    pub fn log_prob(&self, x: MatRef<'_, f64>) -> Result<Vec<f64>, Error> {
        self.bind().log_prob(x)
    }

    /// [`BoundFlow::inverse`], once.
    ///
    /// # Errors
    /// As [`BoundFlow::inverse`].
    pub fn inverse(&self, z: MatRef<'_, f64>) -> Result<Mat<f64>, Error> {
        self.bind().inverse(z)
    }

    /// [`BoundFlow::inverse_given`], once.
    ///
    /// # Errors
    /// As [`BoundFlow::inverse_given`].
    pub fn inverse_given(
        &self,
        z: MatRef<'_, f64>,
        context: MatRef<'_, f64>,
    ) -> Result<Mat<f64>, Error> {
        self.bind().inverse_given(z, context)
    }

    /// [`BoundFlow::sample_given`], once.
    ///
    /// # Errors
    /// As [`BoundFlow::sample_given`].
    pub fn sample_given(
        &self,
        context: MatRef<'_, f64>,
        rng: &mut impl Rng,
    ) -> Result<Mat<f64>, Error> {
        self.bind().sample_given(context, rng)
    }

    /// [`BoundFlow::sample`], once.
    ///
    /// # Panics
    /// As [`BoundFlow::sample`].
    pub fn sample(&self, rows: usize, rng: &mut impl Rng) -> Mat<f64> {
        self.bind().sample(rows, rng)
    }

    /// [`BoundFlow::forward_with_intermediates`], once.
    ///
    /// # Errors
    /// When x has another number of columns than the flow.
    pub fn forward_with_intermediates(&self, x: MatRef<'_, f64>) -> Result<Vec<Mat<f64>>, Error> {
        self.bind().forward_with_intermediates(x)
    }

    /// [`BoundFlow::score`], once.
    ///
    /// # Errors
    /// When x has another number of columns than the flow.
    pub fn score(&self, x: MatRef<'_, f64>) -> Result<Mat<f64>, Error> {
        self.bind().score(x)
    }

    /// [`BoundFlow::sample_and_log_prob`], once.
    ///
    /// # Panics
    /// As [`BoundFlow::sample`].
    pub fn sample_and_log_prob(&self, rows: usize, rng: &mut impl Rng) -> (Mat<f64>, Vec<f64>) {
        self.bind().sample_and_log_prob(rows, rng)
    }
}

/// What learning asks.
#[cfg(feature = "train")]
impl Flow {
    /// [`BoundFlow::sums`], once.
    ///
    /// # Errors
    /// When x has another number of columns than the flow.
    pub fn sums<'a>(&self, x: impl Into<Rows<'a>>) -> Result<Sums, Error> {
        self.bind().sums(x)
    }

    /// Mean negative log-likelihood -Σ w log p / Σ w and its gradient `[n_params]`: 0 for frozen
    /// parameters.
    ///
    /// # Errors
    /// When x has no row, or another number of columns than the flow.
    pub fn nll_and_grad<'a>(&self, x: impl Into<Rows<'a>>) -> Result<(f64, Vec<f64>), Error> {
        let x = x.into();
        if x.nrows() == 0 {
            return Err(Error::Rows { needed: 1, got: 0 });
        }
        let sums = self.sums(x)?;
        Ok((sums.loss.mean_nll(), sums.mean_grad()))
    }
}
