//! The demonstration's numbers, for programs: `metrics.json`.

use schemars::JsonSchema;
use serde::Serialize;

use super::checks::Checks;
use super::fits::{Fits, Way};

/// All numbers; nats per row, for standardised data.
#[derive(Serialize, JsonSchema)]
pub struct Metrics {
    true_entropy: f64,
    flow: FlowSize,
    quantile_start: WayNumbers,
    warm_start: WayNumbers,
    rbig: WayNumbers,
    recommended: WayNumbers,
    rbig_blocks: Vec<f64>,
    rbig_flow_deviation: f64,
    pushforward: Pushforward,
    density: Density,
    samples: Samples,
    round_trip: RoundTrip,
}

#[derive(Serialize, JsonSchema)]
struct FlowSize {
    layers: usize,
    trainable_parameters: usize,
}

#[derive(Serialize, JsonSchema)]
struct WayNumbers {
    nll_initial: f64,
    nll_final: f64,
    held_out_kl: f64,
    held_out_kl_standard_error: f64,
    seconds: f64,
}

#[derive(Serialize, JsonSchema)]
struct Pushforward {
    mean: [f64; 2],
    covariance: [[f64; 2]; 2],
}

#[derive(Serialize, JsonSchema)]
struct Density {
    mass: f64,
    seconds: f64,
}

#[derive(Serialize, JsonSchema)]
struct Samples {
    rows: usize,
    seconds: f64,
}

#[derive(Serialize, JsonSchema)]
struct RoundTrip {
    median: f64,
    p95: f64,
    max: f64,
}

impl From<&Way> for WayNumbers {
    fn from(way: &Way) -> Self {
        Self {
            nll_initial: way.nll_initial,
            nll_final: way.nll_final,
            held_out_kl: way.kl,
            held_out_kl_standard_error: way.kl_error,
            seconds: way.seconds,
        }
    }
}

impl Metrics {
    /// The numbers of a run.
    pub fn of(fits: &Fits, checks: &Checks) -> Self {
        let flow = &fits.warm_start.flow;
        Self {
            true_entropy: fits.entropy,
            flow: FlowSize {
                layers: flow.layers().len(),
                trainable_parameters: flow.n_trainable(),
            },
            quantile_start: (&fits.quantile_start).into(),
            warm_start: (&fits.warm_start).into(),
            rbig: (&fits.rbig).into(),
            recommended: (&fits.recommended).into(),
            rbig_blocks: fits.rbig_blocks.iter().map(|b| b.negentropy_removed).collect(),
            rbig_flow_deviation: fits.rbig_deviation,
            pushforward: Pushforward {
                mean: checks.latent_mean,
                covariance: checks.latent_covariance,
            },
            density: Density { mass: checks.mass, seconds: checks.grid_seconds },
            samples: Samples { rows: checks.samples.nrows(), seconds: checks.sample_seconds },
            round_trip: RoundTrip {
                median: checks.round_trip_quantile(0.5),
                p95: checks.round_trip_quantile(0.95),
                max: checks.round_trip_quantile(1.0),
            },
        }
    }
}
