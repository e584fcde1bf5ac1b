//! The rows on their way through the layers: mapped in place, a segment at a time, so that a fit
//! holds one copy of the data whatever the number of layers.

use crate::Error;
use crate::marginal::gmm::HALF_LN_2PI;
use gauss_flow::{Flow, OwnedRows, Rows};

/// Rows mapped at once: small beside any data that matters, large beside a flow's own blocks.
const SEGMENT: usize = 1 << 15;

/// z [n, d], columns contiguous, and ln|det ∂z/∂x| [n] of the layers so far.
#[derive(Debug, Clone)]
pub(crate) struct State {
    z: OwnedRows,
    log_det: Vec<f64>,
}

impl State {
    /// Before any layer: z = x.
    pub fn new(x: Rows<'_>) -> Self {
        Self { z: x.copied(), log_det: vec![0.0; x.nrows()] }
    }

    /// z [n, d], and the rows' weights.
    pub fn rows(&self) -> Rows<'_> {
        self.z.rows()
    }

    /// The columns of z, [n] each.
    pub fn columns(&self) -> Vec<&[f64]> {
        let z = self.rows().x();
        z.col_iter()
            .map(|c| c.try_as_col_major().expect("owned columns are contiguous").as_slice())
            .collect()
    }

    /// Sends the rows through the layers of `flow`, in parallel.
    pub fn apply(&mut self, flow: &Flow) -> Result<(), Error> {
        let bound = flow.bind();
        let n = self.log_det.len();
        for start in (0..n).step_by(SEGMENT) {
            let rows = SEGMENT.min(n - start);
            let (z, log_det) = bound.forward(self.rows().x().subrows(start, rows))?;
            self.z.x_mut().subrows_mut(start, rows).copy_from(&z);
            for (sum, l) in self.log_det[start..start + rows].iter_mut().zip(&log_det) {
                *sum += l;
            }
        }
        Ok(())
    }

    /// ln p [n] of the rows as they were at first, if z were standard normal.
    pub fn log_prob(&self) -> Vec<f64> {
        let constant = HALF_LN_2PI * self.rows().ncols() as f64;
        let mut log_prob: Vec<f64> = self.log_det.iter().map(|l| l - constant).collect();
        for column in self.columns() {
            for (p, z) in log_prob.iter_mut().zip(column) {
                *p -= 0.5 * z * z;
            }
        }
        log_prob
    }

    /// Its mean by the rows' weights.
    pub fn mean_log_prob(&self) -> f64 {
        self.rows().mean(&self.log_prob())
    }
}
