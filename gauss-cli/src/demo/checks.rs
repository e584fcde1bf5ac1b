//! The warm-started flow put to the test: what becomes of the data, where the mass is, samples,
//! and the way there and back.

use faer::Mat;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::time::Instant;

use super::fits::{Fits, mean};
use crate::words::grouped;

/// Cells of the density's grid along each axis.
pub const CELLS: usize = 220;
/// It covers [-EDGE, EDGE]².
pub const EDGE: f64 = 2.5;
/// A cell's width.
const CELL: f64 = 2.0 * EDGE / CELLS as f64;
/// Samples drawn.
pub const SAMPLES: usize = 5_000;

/// Measured on the warm-started flow.
pub struct Checks {
    /// z = f(x) of the data, with its mean and covariance.
    pub latent: Mat<f64>,
    pub latent_mean: [f64; 2],
    pub latent_covariance: [[f64; 2]; 2],
    /// ln p at the cells' centres, in the order of [`density_grid`].
    pub log_density: Vec<f64>,
    /// Σ p over the cells times a cell's area.
    pub mass: f64,
    pub grid_seconds: f64,
    pub samples: Mat<f64>,
    pub sample_seconds: f64,
    /// ‖f⁻¹(f(x)) - x‖ of every point, ascending.
    pub round_trip: Vec<f64>,
    /// x, f_1(x), ..., z.
    pub states: Vec<Mat<f64>>,
}

/// The centres of the cells, [48,400, 2], a row of cells after the other from the lowest y up.
pub fn density_grid() -> Mat<f64> {
    let centre = |i: usize| -EDGE + (i as f64 + 0.5) * CELL;
    Mat::from_fn(CELLS * CELLS, 2, |i, j| centre(if j == 0 { i % CELLS } else { i / CELLS }))
}

impl Checks {
    /// Takes the measurements.
    ///
    /// # Errors
    /// When the flow does not fit the data, which it does.
    pub fn run(fits: &Fits) -> anyhow::Result<Self> {
        let x = fits.data.as_ref();
        let flow = fits.warm_start.flow.bind();
        let (latent, _) = flow.forward(x)?;
        let column = |j: usize| latent.col(j).iter().copied().collect::<Vec<f64>>();
        let columns = [column(0), column(1)];
        let latent_mean = [mean(&columns[0]), mean(&columns[1])];
        let covariance = |i: usize, j: usize| {
            let pairs = columns[i].iter().zip(&columns[j]);
            let sum: f64 = pairs.map(|(a, b)| (a - latent_mean[i]) * (b - latent_mean[j])).sum();
            sum / latent.nrows() as f64
        };
        let latent_covariance =
            [[covariance(0, 0), covariance(0, 1)], [covariance(1, 0), covariance(1, 1)]];

        let grid = density_grid();
        let clock = Instant::now();
        let log_density = flow.log_prob(grid.as_ref())?;
        let grid_seconds = clock.elapsed().as_secs_f64();
        let mass = log_density.iter().map(|l| l.exp()).sum::<f64>() * CELL * CELL;

        let clock = Instant::now();
        let samples = flow.sample(SAMPLES, &mut ChaCha8Rng::seed_from_u64(fits.recipe.seed + 1));
        let sample_seconds = clock.elapsed().as_secs_f64();

        let back = flow.inverse(latent.as_ref())?;
        let distance = |i: usize| (back[(i, 0)] - x[(i, 0)]).hypot(back[(i, 1)] - x[(i, 1)]);
        let mut round_trip: Vec<f64> = (0..x.nrows()).map(distance).collect();
        round_trip.sort_unstable_by(f64::total_cmp);
        let states = flow.forward_with_intermediates(x)?;
        Ok(Self {
            latent,
            latent_mean,
            latent_covariance,
            log_density,
            mass,
            grid_seconds,
            samples,
            sample_seconds,
            round_trip,
            states,
        })
    }

    /// The round trip's error that a share `p` of the points stays below.
    pub fn round_trip_quantile(&self, p: f64) -> f64 {
        self.round_trip[((self.round_trip.len() - 1) as f64 * p).round() as usize]
    }

    /// For the terminal.
    pub fn describe(&self) -> String {
        let [m0, m1] = self.latent_mean;
        let [[c00, c01], [_, c11]] = self.latent_covariance;
        let quantile = |p| self.round_trip_quantile(p);
        format!(
            "\nThe warm-started flow:\n  \
             pushforward  mean ({m0:.4}, {m1:.4}), covariance ({c00:.4}, {c01:.4}; {c11:.4})\n  \
             density      mass {:.5} on the grid, {} log p in {:.1} ms\n  \
             samples      {} in {:.1} ms\n  \
             round trip   median {:.1e}, 95 % {:.1e}, max {:.1e}",
            self.mass,
            grouped(self.log_density.len()),
            1e3 * self.grid_seconds,
            grouped(self.samples.nrows()),
            1e3 * self.sample_seconds,
            quantile(0.5),
            quantile(0.95),
            quantile(1.0),
        )
    }
}
