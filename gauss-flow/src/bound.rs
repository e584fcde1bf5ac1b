//! A flow ready for use: immutable, owned, and shared at the price of a pointer.

use crate::blocks;
use crate::derived::{Derived, Workspace};
use crate::error::Error;
use crate::far;
#[cfg(feature = "train")]
use crate::gradient::GradientSum;
use crate::rows::{Rows, check_columns};
use crate::sums::Loss;
#[cfg(feature = "train")]
use crate::{rows::Blocks, sums::Sums};
use faer::{Mat, MatRef};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
#[cfg(feature = "train")]
use std::ops::ControlFlow;
use std::sync::Arc;

/// A flow with its derived numbers; see [`Flow::bind`](crate::Flow::bind).
///
/// It borrows nothing and never changes: clones share one set of numbers, and any number of
/// threads may ask it at once, as the state of a server does.
///
/// Methods of matrices spread their rows over rayon's current threads; the result does not depend
/// on how many there are. [`BoundFlow::log_prob_into`] and [`BoundFlow::log_prob_row`] stay on the
/// caller's thread and, after a first call with the same [`Workspace`], allocate nothing. A row
/// with a NaN or an infinity gives NaN or infinities in that row alone; a row of finite numbers
/// never gives a NaN: one beyond all of a double's reach has ln p = -∞.
///
/// ```
/// use gauss_flow::{Flow, LayerSpec, Workspace};
/// let flow = Flow::from_parts(2, vec![LayerSpec::Standardize], vec![0.0, 1.0, 0.0, 2.0])?;
/// let bound = flow.bind();
/// let clone = bound.clone(); // for another thread
/// let answer = std::thread::spawn(move || {
///     let mut workspace = Workspace::default();
///     clone.log_prob_row(&[0.5, -3.0], &mut workspace)
/// });
/// let x = faer::mat![[0.5, -3.0]];
/// assert_eq!(answer.join().unwrap()?, bound.log_prob(x.as_ref())?[0]);
/// # Ok::<(), gauss_flow::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct BoundFlow(Arc<Derived>);

/// Why a sample may panic.
const NO_CONTEXT: &str = "a flow without context";

impl BoundFlow {
    pub(crate) fn new(derived: Derived) -> Self {
        Self(Arc::new(derived))
    }

    /// d, the number of columns that are modelled.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.0.dim()
    }

    /// c, the number of columns that are given; see [`Flow::context`](crate::Flow::context).
    #[must_use]
    pub fn context(&self) -> usize {
        self.0.context()
    }

    /// Length of the parameter vector, and of a gradient.
    #[must_use]
    pub fn n_params(&self) -> usize {
        self.0.n_params()
    }

    /// z = f(x) `[n, d]` and ln|det ∂z/∂x| `[n]`, in nats, of x `[n, d + c]`.
    ///
    /// # Errors
    /// When x has another number of columns than the flow.
    pub fn forward(&self, x: MatRef<'_, f64>) -> Result<(Mat<f64>, Vec<f64>), Error> {
        check_columns(self.0.columns(), x)?;
        let mut log_det = vec![0.0; x.nrows()];
        let mut z = self.map(x, self.dim(), &mut log_det, |ws, log_det| {
            self.0.forward(ws);
            log_det.copy_from_slice(&ws.log_det[..log_det.len()]);
        });
        far::mend_latent(&self.0, x, &mut z, &mut log_det);
        Ok((z, log_det))
    }

    /// log p(x) `[n]` = log N(f(x); 0, I) + ln|det ∂f/∂x|, in nats, in the units of x; of the d
    /// columns under what the c others are.
    ///
    /// # Errors
    /// When x has another number of columns than the flow.
    pub fn log_prob(&self, x: MatRef<'_, f64>) -> Result<Vec<f64>, Error> {
        check_columns(self.0.columns(), x)?;
        Ok(blocks::log_prob(&self.0, x))
    }

    /// [`BoundFlow::log_prob`] on this thread: out `[n]`: overwritten.
    ///
    /// # Errors
    /// When x has another number of columns than the flow, or out another length than x has rows.
    pub fn log_prob_into(
        &self,
        x: MatRef<'_, f64>,
        out: &mut [f64],
        workspace: &mut Workspace,
    ) -> Result<(), Error> {
        check_columns(self.0.columns(), x)?;
        if out.len() != x.nrows() {
            return Err(Error::RowMismatch { expected: x.nrows(), got: out.len() });
        }
        blocks::log_prob_into(&self.0, x, out, workspace);
        Ok(())
    }

    /// log p of one row x `[d + c]`, in nats: the quickest way to a single answer. In fewer than 16
    /// dimensions it has the bits of [`BoundFlow::log_prob`]; from there on, where rotations of many
    /// rows go by a general matrix product, it equals it to rounding.
    ///
    /// # Errors
    /// When x has another length than the flow has columns.
    pub fn log_prob_row(&self, x: &[f64], workspace: &mut Workspace) -> Result<f64, Error> {
        if x.len() == self.0.columns() {
            Ok(self.0.log_prob_row(x, workspace))
        } else {
            Err(Error::Columns { expected: self.0.columns(), got: x.len() })
        }
    }

    /// x = f⁻¹(z) `[n, d]`.
    ///
    /// # Errors
    /// When z has another number of columns than the flow; [`Error::NeedsContext`] of a flow with a
    /// context: [`BoundFlow::inverse_given`] takes it.
    pub fn inverse(&self, z: MatRef<'_, f64>) -> Result<Mat<f64>, Error> {
        self.check_no_context()?;
        check_columns(self.dim(), z)?;
        let mut none = vec![0.0; z.nrows()];
        Ok(self.map(z, self.dim(), &mut none, |ws, _| self.0.inverse(ws)))
    }

    /// x = f⁻¹(z) `[n, d]` of z `[n, d]` and the rows' context `[n, c]`.
    ///
    /// # Errors
    /// When one of them has another number of columns than the flow wants, or another number of rows
    /// than the other.
    pub fn inverse_given(
        &self,
        z: MatRef<'_, f64>,
        context: MatRef<'_, f64>,
    ) -> Result<Mat<f64>, Error> {
        check_columns(self.dim(), z)?;
        check_columns(self.context(), context)?;
        if z.nrows() != context.nrows() {
            return Err(Error::RowMismatch { expected: z.nrows(), got: context.nrows() });
        }
        let both = Mat::from_fn(z.nrows(), self.0.columns(), |i, j| {
            if j < self.dim() { z[(i, j)] } else { context[(i, j - self.dim())] }
        });
        let mut none = vec![0.0; z.nrows()];
        Ok(self.map(both.as_ref(), self.dim(), &mut none, |ws, _| self.0.inverse(ws)))
    }

    /// `rows` draws from the density, `[rows, d]`: f⁻¹ of standard normals.
    ///
    /// # Panics
    /// When the flow has a context, which [`BoundFlow::sample_given`] takes.
    pub fn sample(&self, rows: usize, rng: &mut impl Rng) -> Mat<f64> {
        self.inverse(self.latent_draws(rows, rng).as_ref()).expect(NO_CONTEXT)
    }

    /// A draw from the density under each row of context `[n, c]`: `[n, d]`.
    ///
    /// # Errors
    /// When the context has another number of columns than the flow wants.
    pub fn sample_given(
        &self,
        context: MatRef<'_, f64>,
        rng: &mut impl Rng,
    ) -> Result<Mat<f64>, Error> {
        self.inverse_given(self.latent_draws(context.nrows(), rng).as_ref(), context)
    }

    /// [`BoundFlow::sample`], the same draws, with log p of each `[rows]`: what
    /// [`BoundFlow::log_prob`] gives for them, in one pass.
    ///
    /// # Panics
    /// As [`BoundFlow::sample`].
    pub fn sample_and_log_prob(&self, rows: usize, rng: &mut impl Rng) -> (Mat<f64>, Vec<f64>) {
        self.check_no_context().expect(NO_CONTEXT);
        let z = self.latent_draws(rows, rng);
        let mut log_prob = vec![0.0; rows];
        let x = self.map(z.as_ref(), self.dim(), &mut log_prob, |ws, log_prob| {
            self.0.inverse_and_log_prob(ws, log_prob);
        });
        far::mend_log_prob(x.as_ref(), &mut log_prob);
        (x, log_prob)
    }

    fn check_no_context(&self) -> Result<(), Error> {
        match self.context() {
            0 => Ok(()),
            context => Err(Error::NeedsContext { context }),
        }
    }

    /// [`blocks::map`] of a matrix `[n, d + c]`.
    fn map(
        &self,
        x: MatRef<'_, f64>,
        columns: usize,
        per_row: &mut [f64],
        f: impl Fn(&mut Workspace, &mut [f64]) + Sync,
    ) -> Mat<f64> {
        blocks::map(self.dim(), x, columns, per_row, f)
    }

    /// Standard normals `[rows, d]`, row by row, so that the first rows do not depend on how many
    /// are asked for.
    fn latent_draws(&self, rows: usize, rng: &mut impl Rng) -> Mat<f64> {
        let mut z = Mat::zeros(rows, self.dim());
        for i in 0..rows {
            for j in 0..self.dim() {
                z[(i, j)] = StandardNormal.sample(rng);
            }
        }
        z
    }

    /// The score ∂ log p/∂x `[n, d + c]` of each row, in nats per unit of x, exact; with respect to
    /// the context too.
    ///
    /// # Errors
    /// When x has another number of columns than the flow.
    pub fn score(&self, x: MatRef<'_, f64>) -> Result<Mat<f64>, Error> {
        check_columns(self.0.columns(), x)?;
        let mut none = vec![0.0; x.nrows()];
        Ok(self.map(x, x.ncols(), &mut none, |ws, _| self.0.score(ws)))
    }

    /// x, f_1(x), f_2(f_1(x)), ..., z: one matrix `[n, d]` more than there are layers.
    ///
    /// # Errors
    /// When x has another number of columns than the flow.
    pub fn forward_with_intermediates(&self, x: MatRef<'_, f64>) -> Result<Vec<Mat<f64>>, Error> {
        check_columns(self.0.columns(), x)?;
        let mut state = x.to_owned();
        let mut none = vec![0.0; x.nrows()];
        let mut states = vec![x.subcols(0, self.dim()).to_owned()];
        for layer in 0..self.0.n_layers() {
            let next = self.map(state.as_ref(), self.dim(), &mut none, |ws, _| {
                self.0.forward_through(layer, ws);
            });
            state.as_mut().subcols_mut(0, self.dim()).copy_from(&next);
            states.push(next);
        }
        Ok(states)
    }

    /// The loss alone: [`Sums::loss`] at a third of the cost.
    ///
    /// # Errors
    /// When x has another number of columns than the flow.
    pub fn loss<'a>(&self, x: impl Into<Rows<'a>>) -> Result<Loss, Error> {
        let x = x.into();
        check_columns(self.0.columns(), x.x())?;
        Ok(blocks::loss(&self.0, x))
    }
}

/// What learning asks.
#[cfg(feature = "train")]
impl BoundFlow {
    /// Σ -w log p over rows, and its gradient: what learning needs of them.
    ///
    /// ```
    /// # let flow = gauss_flow::Flow::from_parts(1, vec![gauss_flow::LayerSpec::Marginal { components:
    /// #     1 }], vec![0.0; 3])?;
    /// // Half of the rows here, half on another machine.
    /// let x = faer::mat![[-1.0], [0.5], [2.0], [3.0]];
    /// let bound = flow.bind();
    /// let mut sums = bound.sums(x.as_ref().subrows(0, 2))?;
    /// sums.merge(&bound.sums(x.as_ref().subrows(2, 2))?)?;
    /// let (nll, grad) = flow.nll_and_grad(&x)?;
    /// assert!((sums.loss.mean_nll() - nll).abs() < 1e-15);
    /// assert!((sums.mean_grad()[1] - grad[1]).abs() < 1e-15);
    /// # Ok::<(), gauss_flow::Error>(())
    /// ```
    ///
    /// # Errors
    /// When x has another number of columns than the flow.
    pub fn sums<'a>(&self, x: impl Into<Rows<'a>>) -> Result<Sums, Error> {
        let x = x.into();
        check_columns(self.0.columns(), x.x())?;
        let mut sums = Sums::none(self.n_params());
        if x.nrows() > 0 {
            GradientSum::new(&self.0).sums(&self.0, x, None, None, &mut sums);
        }
        Ok(sums)
    }

    /// [`BoundFlow::sums`] of rows that come block by block.
    ///
    /// # Errors
    /// As [`BoundFlow::sums`], and whatever keeps the rows from coming.
    pub fn sums_of_blocks(&self, blocks: &mut dyn Blocks) -> Result<Sums, Error> {
        let mut all = Sums::none(self.n_params());
        let mut refused = Ok(());
        blocks.visit(&mut |rows| {
            refused = self.sums(rows).and_then(|sums| all.merge(&sums));
            if refused.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        refused.map(|()| all)
    }
}
