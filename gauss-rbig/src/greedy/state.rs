//! The rows on their way through the layers: mapped in place, a segment at a time, so that a fit
//! holds one copy of the data whatever the number of layers.

use crate::Error;
use faer::{Mat, MatRef};
use gauss_flow::Flow;

/// Rows mapped at once: small beside any data that matters, large beside a flow's own blocks.
const SEGMENT: usize = 1 << 15;

/// z [n, d], columns contiguous, and ln|det ∂z/∂x| [n] of the layers so far.
#[derive(Debug, Clone)]
pub(crate) struct State {
    z: Mat<f64>,
    log_det: Vec<f64>,
}

impl State {
    /// Before any layer: z = x.
    pub fn new(x: MatRef<'_, f64>) -> Self {
        Self { z: x.to_owned(), log_det: vec![0.0; x.nrows()] }
    }

    /// z [n, d].
    pub fn rows(&self) -> MatRef<'_, f64> {
        self.z.as_ref()
    }

    /// The columns of z, [n] each.
    pub fn columns(&self) -> Vec<&[f64]> {
        self.z
            .col_iter()
            .map(|c| c.try_as_col_major().expect("owned columns are contiguous").as_slice())
            .collect()
    }

    /// Sends the rows through the layers of `flow`, in parallel.
    pub fn apply(&mut self, flow: &Flow) -> Result<(), Error> {
        let bound = flow.bind();
        for start in (0..self.z.nrows()).step_by(SEGMENT) {
            let rows = SEGMENT.min(self.z.nrows() - start);
            let (z, log_det) = bound.forward(self.z.as_ref().subrows(start, rows))?;
            self.z.as_mut().subrows_mut(start, rows).copy_from(&z);
            for (sum, l) in self.log_det[start..start + rows].iter_mut().zip(&log_det) {
                *sum += l;
            }
        }
        Ok(())
    }

    /// ln p [n] of the rows as they were at first, if z were standard normal.
    pub fn log_prob(&self) -> Vec<f64> {
        let constant = 0.5 * std::f64::consts::TAU.ln() * self.z.ncols() as f64;
        let mut log_prob: Vec<f64> = self.log_det.iter().map(|l| l - constant).collect();
        for column in self.columns() {
            for (p, z) in log_prob.iter_mut().zip(column) {
                *p -= 0.5 * z * z;
            }
        }
        log_prob
    }
}
