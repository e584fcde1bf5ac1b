//! Rows of columns that are modelled, and of columns that are given with them.

use crate::Error;
use faer::{Mat, MatRef};
use gauss_flow::{Flow, OwnedRows, Rows};

/// Rows `[n, d + c]`: d columns that are modelled, then their context. A flow sees as many of the first
/// columns as it takes: without a context of its own, d.
#[derive(Clone, Copy)]
pub(super) struct Sample<'a> {
    all: Rows<'a>,
    pub dim: usize,
}

impl<'a> Sample<'a> {
    /// Rows of which all columns are modelled.
    pub fn plain(x: Rows<'a>) -> Self {
        Self { all: x, dim: x.ncols() }
    }

    /// Rows of which the first `dim` columns are.
    pub fn new(all: Rows<'a>, dim: usize) -> Self {
        Self { all, dim }
    }

    /// All columns.
    pub fn all(self) -> Rows<'a> {
        self.all
    }

    /// The columns that are modelled.
    pub fn x(self) -> Rows<'a> {
        self.all.first_columns(self.dim)
    }

    /// c.
    pub fn n_given(self) -> usize {
        self.all.ncols() - self.dim
    }

    /// What is given, `[n, c]`.
    pub fn given(self) -> MatRef<'a, f64> {
        self.all.x().subcols(self.dim, self.n_given())
    }

    /// The columns that a flow takes.
    pub fn of(self, flow: &Flow) -> Rows<'a> {
        self.all.first_columns(flow.columns())
    }

    /// ln p of each row.
    pub fn log_prob(self, flow: &Flow) -> Result<Vec<f64>, Error> {
        flow.log_prob(self.of(flow).x())
    }

    /// Its mean.
    pub fn mean_log_prob(self, flow: &Flow) -> Result<f64, Error> {
        Ok(self.all.mean(&self.log_prob(flow)?))
    }

    /// The same with more that is given `[n, c]`.
    pub fn beside(self, given: MatRef<'_, f64>) -> Result<OwnedRows, Error> {
        let own = self.all.x();
        let both = Mat::from_fn(own.nrows(), own.ncols() + given.ncols(), |i, j| {
            if j < own.ncols() { own[(i, j)] } else { given[(i, j - own.ncols())] }
        });
        OwnedRows::new(both, self.all.weights().map(<[f64]>::to_vec))
    }

    pub fn nrows(self) -> usize {
        self.all.nrows()
    }

    /// The same with x `[n, d]` in place of what is modelled.
    pub fn with(self, x: Rows<'_>) -> Result<OwnedRows, Error> {
        Sample::plain(x).beside(self.given())
    }
}
