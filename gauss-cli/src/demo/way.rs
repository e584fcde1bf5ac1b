//! One way of fitting, judged by the truth: the same for all of them.

use std::time::Instant;

use faer::Mat;
use gauss_flow::{Flow, History};
use gauss_rbig::mean::Mean;

/// Cells of the density's grid along each axis.
pub const CELLS: usize = 220;
/// It covers [-EDGE, EDGE]².
pub const EDGE: f64 = 2.5;
/// A cell's width.
const CELL: f64 = 2.0 * EDGE / CELLS as f64;

/// The centres of the cells, [48,400, 2], a row of cells after the other from the lowest y up.
pub fn density_grid() -> Mat<f64> {
    let centre = |i: usize| -EDGE + (i as f64 + 0.5) * CELL;
    Mat::from_fn(CELLS * CELLS, 2, |i, j| centre(if j == 0 { i % CELLS } else { i / CELLS }))
}

/// What a fit came to.
pub struct Made {
    /// Its name, as printed.
    pub name: &'static str,
    /// What its density is made of, in words.
    pub model: String,
    /// Of standardised data.
    pub flow: Flow,
    /// Numbers in the fit's own flow, which may be one of the data as drawn.
    pub parameters: usize,
    pub seconds: f64,
    pub history: Option<History>,
}

/// One way of fitting, and how it went. Nats per row, for standardised data.
pub struct Way {
    pub made: Made,
    /// Mean -ln p of the data before and after.
    pub nll_initial: f64,
    pub nll_final: f64,
    /// KL(true || model) on the fresh points.
    pub kl: Mean,
    /// ln p at the cells' centres, in the order of [`density_grid`].
    pub log_density: Vec<f64>,
    /// Σ p over the cells times a cell's area.
    pub mass: f64,
    pub grid_seconds: f64,
}

/// What every fit is judged by.
pub struct Judge {
    /// [5,000, 2], standardised.
    pub data: Mat<f64>,
    /// [50,000, 2], standardised as the data are.
    pub fresh: Mat<f64>,
    /// ln p of the fresh points, standardised.
    pub truth: Vec<f64>,
}

impl Judge {
    /// Takes the measurements.
    ///
    /// # Errors
    /// When a flow is not one of the plane.
    pub fn judge(&self, start: &Flow, made: Made) -> anyhow::Result<Way> {
        let flow = made.flow.bind();
        let log_p = flow.log_prob(self.fresh.as_ref())?;
        let nll = |log_p: &[f64]| -Mean::of(log_p).mean;
        let grid = density_grid();
        let clock = Instant::now();
        let log_density = flow.log_prob(grid.as_ref())?;
        let grid_seconds = clock.elapsed().as_secs_f64();
        Ok(Way {
            nll_initial: nll(&start.log_prob(self.data.as_ref())?),
            nll_final: nll(&flow.log_prob(self.data.as_ref())?),
            kl: Mean::of_difference(&self.truth, &log_p),
            mass: log_density.iter().map(|l| l.exp()).sum::<f64>() * CELL * CELL,
            log_density,
            grid_seconds,
            made,
        })
    }
}
