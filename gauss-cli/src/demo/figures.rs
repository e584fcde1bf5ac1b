//! The demonstration's figures.

use faer::Mat;
use rayon::prelude::*;

use super::checks::Checks;
use super::fits::Fits;
use super::way::{CELLS, EDGE, Way};
use crate::error::Error;
use crate::plot::{
    BarsAndLine, Cloud, ColorBy, Densities, DensityMap, Figure, HeatMaps, Histogram, Reference,
    ScatterGrid, Series, State, TrainingCurves, bars_and_line, densities, heat_maps, histogram,
    joint_pair, joint_plot, number, scatter_grid, standard_normal, training_curves,
};
use crate::table::Directory;

/// Log-densities below this are one colour, where one density is looked at and where several are.
const FLOOR: f64 = -20.0;
const SHARED_FLOOR: f64 = -10.0;
/// What a round trip may lose at most.
const ROUND_TRIP_BOUND: f64 = 1e-10;

/// All of them.
pub struct Figures {
    pub data: Figure,
    pub fits: Figure,
    pub training: Figure,
    pub rbig: Figure,
    pub latent: Figure,
    pub density: Figure,
    pub samples: Figure,
    pub round_trip: Figure,
    pub layers: Figure,
}

fn points(x: &Mat<f64>) -> Vec<[f64; 2]> {
    (0..x.nrows()).map(|i| [x[(i, 0)], x[(i, 1)]]).collect()
}

impl Figures {
    /// Draws them.
    pub fn draw(fits: &Fits, checks: &Checks) -> Self {
        let data = points(&fits.data);
        let data_cloud = Cloud { name: "data", points: &data, labels: ["x₁", "x₂"], color: 0 };
        let latent = points(&checks.latent);
        let latent_cloud = Cloud { name: "z", points: &latent, labels: ["z₁", "z₂"], color: 0 };
        let samples = points(&checks.samples);
        let sample_cloud =
            Cloud { name: "samples", points: &samples, labels: ["x₁", "x₂"], color: 1 };
        Self {
            data: joint_plot(
                "Two moons",
                "5,000 points, noise 0.05, each column standardised",
                &data_cloud,
                None,
            ),
            fits: all(fits),
            training: training(fits),
            rbig: rbig(fits),
            latent: joint_plot(
                "Pushforward",
                "z = f(x) of the data, with the density of N(0, 1)",
                &latent_cloud,
                Some(Reference { name: "N(0, 1)", density: &standard_normal }),
            ),
            density: heat_maps(&HeatMaps {
                title: "The learned density",
                subtitle: "220 × 220 cells; the dots are some of the data",
                log_density: &fits.warm_start.log_density,
                columns: CELLS,
                x: (-EDGE, EDGE),
                y: (-EDGE, EDGE),
                labels: ["x₁", "x₂"],
                points: &data,
                floor: FLOOR,
            }),
            samples: joint_pair(
                "Data and samples",
                "5,000 points each; the outline on the right is the histogram on the left",
                &data_cloud,
                &sample_cloud,
                None,
            ),
            round_trip: histogram(&Histogram {
                title: "There and back",
                subtitle: "‖f⁻¹(f(x)) − x‖ of the 5,000 data points",
                x_label: "error",
                errors: &checks.round_trip,
                reference: Some(("bound", ROUND_TRIP_BOUND)),
            }),
            layers: layers(fits, checks),
        }
    }

    /// Their names, and they.
    fn named(&self) -> [(&'static str, &Figure); 9] {
        [
            ("data", &self.data),
            ("fits", &self.fits),
            ("training", &self.training),
            ("rbig", &self.rbig),
            ("pushforward", &self.latent),
            ("density", &self.density),
            ("samples", &self.samples),
            ("round_trip", &self.round_trip),
            ("layers", &self.layers),
        ]
    }

    /// Writes each as NAME.svg and NAME.png.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, out: &Directory) -> Result<(), Error> {
        self.named().into_par_iter().try_for_each(|(name, figure)| {
            out.write(&format!("{name}.svg"), figure.svg.as_bytes())?;
            Ok(out.write(&format!("{name}.png"), &figure.png()?)?)
        })
    }
}

/// The density of every fit.
fn all(fits: &Fits) -> Figure {
    let notes = fits
        .ways()
        .map(|way| format!("KL {} ± {}", number(way.kl.mean, 4), number(way.kl.standard_error, 4)));
    let maps: Vec<DensityMap<'_>> = fits
        .ways()
        .into_iter()
        .zip(&notes)
        .map(|(way, note)| DensityMap { name: way.made.name, note, log_density: &way.log_density })
        .collect();
    densities(&Densities {
        title: "Six fits of two moons",
        subtitle: "log p(x) in nats, and KL(true ‖ model) on 50,000 fresh points",
        maps: &maps,
        columns: CELLS,
        x: (-EDGE, EDGE),
        y: (-EDGE, EDGE),
        labels: ["x₁", "x₂"],
        floor: SHARED_FLOOR,
    })
}

fn training(fits: &Fits) -> Figure {
    let curve = |way: &Way| -> Vec<(f64, f64)> {
        let epochs = way.made.history.as_ref().map_or(&[][..], |h| &h.epochs);
        epochs.iter().map(|e| (e.epoch as f64, e.train_nll)).collect()
    };
    let (quantile, warm) = (curve(&fits.quantile_start), curve(&fits.warm_start));
    let label = format!("true entropy {:.3}", fits.entropy);
    training_curves(&TrainingCurves {
        title: "Joint training from two starts",
        subtitle: "Adam, rate 0.005, batches of 512; the loss of each epoch as it trains",
        y_label: "negative log-likelihood, nats per row",
        series: &[
            Series { name: "quantile start", points: &quantile, color: 1, dashed: false },
            Series { name: "warm start (RBIG)", points: &warm, color: 0, dashed: false },
        ],
        reference: Some((&label, fits.entropy)),
        zoom_from: 20.0,
    })
}

fn rbig(fits: &Fits) -> Figure {
    let bars: Vec<f64> = fits.rbig_blocks.iter().map(|b| b.negentropy_removed).collect();
    let line: Vec<f64> = fits.rbig_blocks.iter().map(|b| b.mean_log_prob).collect();
    let label = format!("truth −{:.3}", fits.entropy);
    bars_and_line(&BarsAndLine {
        title: "RBIG, block by block",
        subtitle: "principal axes and a mixture of eight normals per dimension, no gradients",
        x_label: "block",
        bars_label: ("Negentropy removed", "nats per row"),
        bars: &bars,
        line_label: ("Mean log-density", "nats per row"),
        line: &line,
        reference: Some((&label, -fits.entropy)),
    })
}

fn layers(fits: &Fits, checks: &Checks) -> Figure {
    let last = checks.states.len() - 1;
    let title = |i: usize| match i {
        0 => "x".to_owned(),
        1 => "principal axes".to_owned(),
        _ if i == last => "z".to_owned(),
        _ if i.is_multiple_of(2) => format!("rotation {}", i / 2),
        _ => format!("marginals {}", i / 2),
    };
    let titles: Vec<String> = (0..=last).map(title).collect();
    let clouds: Vec<Vec<[f64; 2]>> = checks.states.iter().map(points).collect();
    let states: Vec<State<'_>> =
        titles.iter().zip(&clouds).map(|(title, points)| State { title, points }).collect();
    let moon: Vec<usize> = fits.outer.iter().map(|outer| usize::from(!outer)).collect();
    scatter_grid(&ScatterGrid {
        title: "From x to z, layer by layer",
        subtitle: "colour: the moon a point comes from",
        states: &states,
        color_by: ColorBy::Class(&moon),
        shared_range: true,
    })
}
