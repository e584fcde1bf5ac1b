//! The warm-started flow put to the test: what becomes of the data, samples, and the way there and
//! back.

use faer::Mat;
use gauss_rbig::mean::Mean;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::time::Instant;

use super::fits::Fits;
use super::way::Way;
use crate::words::grouped;

/// Samples drawn.
pub const SAMPLES: usize = 5_000;

/// Measured on the warm-started flow.
pub struct Checks {
    /// z = f(x) of the data, with its mean and covariance.
    pub latent: Mat<f64>,
    pub latent_mean: [f64; 2],
    pub latent_covariance: [[f64; 2]; 2],
    pub samples: Mat<f64>,
    pub sample_seconds: f64,
    /// ‖f⁻¹(f(x)) - x‖ of every point, ascending.
    pub round_trip: Vec<f64>,
    /// x, f_1(x), ..., z.
    pub states: Vec<Mat<f64>>,
}

impl Checks {
    /// Takes the measurements.
    ///
    /// # Errors
    /// When the flow does not fit the data, which it does.
    pub fn run(fits: &Fits) -> anyhow::Result<Self> {
        let x = fits.data.as_ref();
        let flow = fits.warm_start.made.flow.bind();
        let (latent, _) = flow.forward(x)?;
        let column = |j: usize| latent.col(j).iter().copied().collect::<Vec<f64>>();
        let columns = [column(0), column(1)];
        let latent_mean = [Mean::of(&columns[0]).mean, Mean::of(&columns[1]).mean];
        let covariance = |i: usize, j: usize| {
            let pairs = columns[i].iter().zip(&columns[j]);
            let sum: f64 = pairs.map(|(a, b)| (a - latent_mean[i]) * (b - latent_mean[j])).sum();
            sum / latent.nrows() as f64
        };
        let latent_covariance =
            [[covariance(0, 0), covariance(0, 1)], [covariance(1, 0), covariance(1, 1)]];

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

    /// For the terminal; `way`: the warm-started fit.
    pub fn describe(&self, way: &Way) -> String {
        let [m0, m1] = self.latent_mean;
        let [[c00, c01], [_, c11]] = self.latent_covariance;
        let quantile = |p| self.round_trip_quantile(p);
        format!(
            "\nThe warm-started flow:\n  \
             pushforward  mean ({m0:.4}, {m1:.4}), covariance ({c00:.4}, {c01:.4}; {c11:.4})\n  \
             density      mass {:.5} on the grid, {} log p in {:.1} ms\n  \
             samples      {} in {:.1} ms\n  \
             round trip   median {:.1e}, 95 % {:.1e}, max {:.1e}",
            way.mass,
            grouped(way.log_density.len()),
            1e3 * way.grid_seconds,
            grouped(self.samples.nrows()),
            1e3 * self.sample_seconds,
            quantile(0.5),
            quantile(0.95),
            quantile(1.0),
        )
    }
}
