//! The demonstration's numbers, for programs: `metrics.json`.

use schemars::JsonSchema;
use serde::Serialize;

use super::checks::Checks;
use super::fits::Fits;
use super::way::Way;

/// All numbers; nats per row, for standardised data.
#[derive(Serialize, JsonSchema)]
pub struct Metrics {
    /// Of the density that the points were drawn from.
    true_entropy: f64,
    /// The flow that is trained.
    flow: FlowSize,
    /// Trained from the data's quantiles and random rotations.
    quantile_start: WayNumbers,
    /// Trained from the greedy fit.
    warm_start: WayNumbers,
    /// The greedy fit alone.
    rbig: WayNumbers,
    /// The best mixture of normals with full covariances.
    mixture: WayNumbers,
    /// The best marginal maps whose shape depends on the earlier column.
    conditioned: WayNumbers,
    /// What `gauss fit` does.
    recommended: WayNumbers,
    /// Negentropy that each greedy block removed, in nats.
    rbig_blocks: Vec<f64>,
    /// Largest difference between the greedy fit's own ln p and its flow's, in nats.
    rbig_flow_deviation: f64,
    /// Of z = f(x) over the points.
    pushforward: Pushforward,
    /// The warm-started fit's density on a grid.
    density: Density,
    /// Drawn points.
    samples: Samples,
    /// |x - f⁻¹(f(x))|, in standard deviations.
    round_trip: RoundTrip,
}

#[derive(Serialize, JsonSchema)]
struct FlowSize {
    /// From the data to the latent space.
    layers: usize,
    /// Numbers that training moves.
    trainable_parameters: usize,
}

#[derive(Serialize, JsonSchema)]
struct WayNumbers {
    /// What it is made of; for a person.
    model: String,
    /// Numbers in it.
    parameters: usize,
    /// Mean negative log-likelihood before the fit.
    nll_initial: f64,
    /// The same after it.
    nll_final: f64,
    /// Divergence from the true density, by fresh points.
    held_out_kl: f64,
    /// Of that estimate.
    held_out_kl_standard_error: f64,
    /// The sum of its density over the grid times the cells' area: 1.
    mass: f64,
    /// Time for the fit.
    seconds: f64,
}

#[derive(Serialize, JsonSchema)]
struct Pushforward {
    /// 0 where the model is right.
    mean: [f64; 2],
    /// The identity where it is right.
    covariance: [[f64; 2]; 2],
}

#[derive(Serialize, JsonSchema)]
struct Density {
    /// Its sum over the grid times the cells' area: 1.
    mass: f64,
    /// Time for the grid.
    seconds: f64,
}

#[derive(Serialize, JsonSchema)]
struct Samples {
    /// How many.
    rows: usize,
    /// Time for them.
    seconds: f64,
}

#[derive(Serialize, JsonSchema)]
struct RoundTrip {
    /// Half of the points are below.
    median: f64,
    /// 95 % of the points are below.
    p95: f64,
    /// Of all points.
    max: f64,
}

impl From<&Way> for WayNumbers {
    fn from(way: &Way) -> Self {
        Self {
            model: way.made.model.clone(),
            parameters: way.made.parameters,
            nll_initial: way.nll_initial,
            nll_final: way.nll_final,
            held_out_kl: way.kl.mean,
            held_out_kl_standard_error: way.kl.standard_error,
            mass: way.mass,
            seconds: way.made.seconds,
        }
    }
}

impl Metrics {
    /// The numbers of a run.
    pub fn of(fits: &Fits, checks: &Checks) -> Self {
        let flow = &fits.warm_start.made.flow;
        Self {
            true_entropy: fits.entropy,
            flow: FlowSize {
                layers: flow.layers().len(),
                trainable_parameters: flow.n_trainable(),
            },
            quantile_start: (&fits.quantile_start).into(),
            warm_start: (&fits.warm_start).into(),
            rbig: (&fits.rbig).into(),
            mixture: (&fits.mixture).into(),
            conditioned: (&fits.conditioned).into(),
            recommended: (&fits.recommended).into(),
            rbig_blocks: fits.rbig_blocks.iter().map(|b| b.negentropy_removed).collect(),
            rbig_flow_deviation: fits.rbig_deviation,
            pushforward: Pushforward {
                mean: checks.latent_mean,
                covariance: checks.latent_covariance,
            },
            density: Density { mass: fits.warm_start.mass, seconds: fits.warm_start.grid_seconds },
            samples: Samples { rows: checks.samples.nrows(), seconds: checks.sample_seconds },
            round_trip: RoundTrip {
                median: checks.round_trip_quantile(0.5),
                p95: checks.round_trip_quantile(0.95),
                max: checks.round_trip_quantile(1.0),
            },
        }
    }
}
