//! The flow: layers applied in data order, z = f_L(... f_1(x)).

use crate::blocks;
use crate::bound::Derived;
use crate::error::Error;
use crate::gradient::GradientSum;
use crate::layer::{self, LayerSpec, segments};
use faer::{Mat, MatRef};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

/// An invertible map from data to a standard normal, and with it an exact density.
///
/// Every number of the model is in one vector, [`Flow::params`], layer after layer in data order;
/// [`LayerSpec`] says how a layer's part of it is laid out.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    dim: usize,
    layers: Vec<LayerSpec>,
    params: Vec<f64>,
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

    /// d, the number of columns.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The architecture, in data order.
    pub fn layers(&self) -> &[LayerSpec] {
        &self.layers
    }

    /// Every number of the model.
    pub fn params(&self) -> &[f64] {
        &self.params
    }

    /// The numbers of one layer.
    ///
    /// # Panics
    /// When there is no such layer.
    pub fn layer_params(&self, layer: usize) -> &[f64] {
        let own = segments(self.dim, &self.layers).nth(layer);
        &self.params[own.expect("the flow has that layer")]
    }

    /// How many numbers the model has.
    pub fn n_params(&self) -> usize {
        self.params.len()
    }

    /// How many of them training changes.
    pub fn n_trainable(&self) -> usize {
        self.layers.iter().map(|l| l.n_trainable(self.dim)).sum()
    }

    /// The flow ready for many calls: what derives from the parameters is computed once, and
    /// borrows them, so that it cannot go stale.
    pub fn bind(&self) -> BoundFlow<'_> {
        let derived = Derived::new(self.dim, &self.layers, &self.params);
        BoundFlow { flow: self, derived }
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
    /// When z has another number of columns than the flow.
    pub fn inverse(&self, z: MatRef<'_, f64>) -> Result<Mat<f64>, Error> {
        self.bind().inverse(z)
    }

    /// [`BoundFlow::sample`], once.
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

    /// [`BoundFlow::nll_and_grad`], once.
    ///
    /// # Errors
    /// When x has no row, or another number of columns than the flow.
    pub fn nll_and_grad(&self, x: MatRef<'_, f64>) -> Result<(f64, Vec<f64>), Error> {
        self.bind().nll_and_grad(x)
    }
}

/// A flow with its derived numbers; see [`Flow::bind`].
///
/// Every method spreads its rows over rayon's current threads; the result does not depend on how
/// many there are. A row with a NaN or an infinity gives NaN or infinities in that row alone.
#[derive(Clone, Debug)]
pub struct BoundFlow<'a> {
    flow: &'a Flow,
    derived: Derived,
}

impl BoundFlow<'_> {
    fn check(&self, x: MatRef<'_, f64>) -> Result<(), Error> {
        if x.ncols() == self.flow.dim {
            Ok(())
        } else {
            Err(Error::Columns { expected: self.flow.dim, got: x.ncols() })
        }
    }

    /// z = f(x) `[n, d]` and ln|det ∂z/∂x| `[n]`, in nats.
    ///
    /// # Errors
    /// When x has another number of columns than the flow.
    pub fn forward(&self, x: MatRef<'_, f64>) -> Result<(Mat<f64>, Vec<f64>), Error> {
        self.check(x)?;
        let mut log_det = vec![0.0; x.nrows()];
        let z = blocks::map(x, &mut log_det, |ws, log_det| {
            self.derived.forward(ws);
            log_det.copy_from_slice(&ws.log_det[..log_det.len()]);
        });
        Ok((z, log_det))
    }

    /// log p(x) `[n]` = log N(f(x); 0, I) + ln|det ∂f/∂x|, in nats, in the units of x.
    ///
    /// # Errors
    /// When x has another number of columns than the flow.
    pub fn log_prob(&self, x: MatRef<'_, f64>) -> Result<Vec<f64>, Error> {
        self.check(x)?;
        Ok(blocks::log_prob(&self.derived, x))
    }

    /// x = f⁻¹(z) `[n, d]`.
    ///
    /// # Errors
    /// When z has another number of columns than the flow.
    pub fn inverse(&self, z: MatRef<'_, f64>) -> Result<Mat<f64>, Error> {
        self.check(z)?;
        let mut none = vec![0.0; z.nrows()];
        Ok(blocks::map(z, &mut none, |ws, _| self.derived.inverse(ws)))
    }

    /// `rows` draws from the density, `[rows, d]`: f⁻¹ of standard normals.
    pub fn sample(&self, rows: usize, rng: &mut impl Rng) -> Mat<f64> {
        // Row by row, so that the first rows do not depend on how many are asked for.
        let mut z = Mat::zeros(rows, self.flow.dim);
        for i in 0..rows {
            for j in 0..self.flow.dim {
                z[(i, j)] = StandardNormal.sample(rng);
            }
        }
        let mut none = vec![0.0; rows];
        blocks::map(z.as_ref(), &mut none, |ws, _| self.derived.inverse(ws))
    }

    /// x, f_1(x), f_2(f_1(x)), ..., z: one matrix `[n, d]` more than there are layers.
    ///
    /// # Errors
    /// When x has another number of columns than the flow.
    pub fn forward_with_intermediates(&self, x: MatRef<'_, f64>) -> Result<Vec<Mat<f64>>, Error> {
        self.check(x)?;
        let mut states = vec![x.to_owned()];
        for (layer, own) in self.flow.layers.iter().zip(segments(self.flow.dim, &self.flow.layers))
        {
            let one = Derived::new(self.flow.dim, &[*layer], &self.flow.params[own]);
            let before = states[states.len() - 1].as_ref();
            let mut none = vec![0.0; before.nrows()];
            states.push(blocks::map(before, &mut none, |ws, _| one.forward(ws)));
        }
        Ok(states)
    }

    /// Mean negative log-likelihood -1/n Σ log p(x_i) and its gradient `[n_params]`: 0 for frozen
    /// parameters.
    ///
    /// # Errors
    /// When x has no row, or another number of columns than the flow.
    pub fn nll_and_grad(&self, x: MatRef<'_, f64>) -> Result<(f64, Vec<f64>), Error> {
        self.check(x)?;
        if x.nrows() == 0 {
            return Err(Error::Rows { needed: 1, got: 0 });
        }
        let mut sum = GradientSum::new(&self.derived);
        let nll = sum.nll(&self.derived, x, x.nrows(), |i| i, None);
        let mut grad = vec![0.0; self.flow.n_params()];
        let mut derived = self.derived.clone(); // its buffers are written to
        sum.finish(&mut derived, &self.flow.layers, x.nrows(), &mut grad);
        Ok((nll, grad))
    }
}
