//! The latent points of the data, which are standard normal where the model is right.

use gauss_math::normal;

use super::dependence::dependences;
use super::order::{mean_rank, normal_band};
use super::subject::column;
use super::{Drawn, Subject};
use crate::plot::{
    Axis, Cloud, Distribution, Distributions, QuantilePlot, QuantilePlots, Reference, Scale, Shape,
    compact, distributions, joint_plot, number, quantile_plots, standard_normal, within,
};
use crate::table::latent_names;
use crate::words::counted;

/// Most panels in a figure.
const MOST: usize = 24;
/// The histograms' axes reach so far to either side.
const REACH: f64 = 4.5;
/// The Q-Q plots' reach at most so far: beyond, values are ticks at the edge.
const FARTHEST: f64 = 8.0;
/// Points of the band.
const BAND: usize = 121;

impl Subject<'_> {
    /// The histogram of each latent variable with the density of N(0, 1).
    pub fn pushforward(&self) -> Option<Drawn> {
        let (shown, mut subtitle) = self.latent_variables()?;
        subtitle += "; above each panel mean ± standard deviation";
        let scale = Scale::real("z", Axis::linear(-REACH, REACH));
        let at = |k: i32| f64::from(k) / 60.0 * REACH;
        let curve: Vec<(f64, f64)> = (-60..=60).map(|k| (at(k), standard_normal(at(k)))).collect();
        let panels: Vec<Distribution<'_>> = shown
            .iter()
            .map(|v| Distribution {
                name: &v.name,
                note: &v.moments,
                shape: Shape::Density { scale: &scale, values: &v.sorted, curve: &curve },
            })
            .collect();
        let title = "Pushforward";
        let figure = distributions(&Distributions {
            title,
            subtitle: &subtitle,
            names: ["z = f(x) of the data", "density of N(0, 1)"],
            panels: &panels,
        });
        let caption = "The data in the model's latent space, where each variable should follow \
                       the standard normal line. Mean and standard deviation should be 0 and 1.";
        Some(Drawn { name: "pushforward", title: title.into(), caption: caption.into(), figure })
    }

    /// The sorted values of each latent variable against normal quantiles, with a 95 % band.
    pub fn qq(&self) -> Option<Drawn> {
        let (shown, mut subtitle) = self.latent_variables()?;
        let n = self.z.nrows();
        subtitle += "; the band holds the value of a rank with probability 95 %, for each rank \
                     by itself (Beta quantiles of order statistics)";
        let points: Vec<Vec<(f64, f64)>> = shown
            .iter()
            .map(|v| v.sorted.iter().enumerate().map(|(k, &z)| (mean_rank(k + 1, n), z)).collect())
            .collect();
        let band = normal_band(n, BAND);
        let note = |points: &Vec<(f64, f64)>| {
            let outside = points.iter().filter(|p| !within(&band, p.0, p.1)).count();
            format!("{} % outside", number(100.0 * outside as f64 / n as f64, 1))
        };
        let notes: Vec<String> = points.iter().map(note).collect();
        let panels: Vec<QuantilePlot<'_>> = shown
            .iter()
            .zip(&points)
            .zip(&notes)
            .map(|((v, points), note)| QuantilePlot { name: &v.name, note, points })
            .collect();
        let ends = shown.iter().flat_map(|v| v.sorted.first().into_iter().chain(v.sorted.last()));
        let farthest = ends.fold(mean_rank(n, n), |reach, z| reach.max(z.abs()));
        let title = "Q-Q plots of the latent variables";
        let figure = quantile_plots(&QuantilePlots {
            title,
            subtitle: &subtitle,
            names: ["N(0, 1)", "95 % band", "z within", "z outside"],
            reach: (1.05 * farthest).clamp(3.0, FARTHEST),
            band: &band,
            panels: &panels,
        });
        let caption = "Sorted latent values (vertical) against the quantiles of N(0, 1) \
                       (horizontal). Where the model is right, 5 % lie outside the band on \
                       average (neighbours stray together); an S means tails that are too heavy \
                       or too light.";
        Some(Drawn { name: "qq", title: title.into(), caption: caption.into(), figure })
    }

    /// The two latent variables that depend most on each other.
    pub fn latent(&self) -> Option<Drawn> {
        if self.z.nrows() == 0 {
            return None;
        }
        let all: Vec<usize> = (0..self.dim()).collect();
        let [a, b] = dependences(&self.z, &all).strongest()?;
        let [a, b] = [a.min(b), a.max(b)];
        let names = latent_names(self.dim());
        let points: Vec<[f64; 2]> =
            (0..self.z.nrows()).map(|i| [self.z[(i, a)], self.z[(i, b)]]).collect();
        let title = "Latent space";
        let subtitle = match self.dim() {
            2 => self.latent_rows(),
            d => format!("the most dependent two of {d} variables; {}", self.latent_rows()),
        };
        let cloud = Cloud { name: "z", points: &points, labels: [&names[a], &names[b]], color: 0 };
        let reference = Reference { name: "N(0, 1)", density: &standard_normal };
        let figure = joint_plot(title, &subtitle, &cloud, Some(reference));
        let caption = "Two latent variables of the data against each other. Where the model is \
                       right this is a round cloud without structure, whichever two are shown.";
        Some(Drawn { name: "latent", title: title.into(), caption: caption.into(), figure })
    }

    /// The variables to show, the worst first where there are more than fit, and the words for
    /// which rows and variables they are.
    fn latent_variables(&self) -> Option<(Vec<Variable>, String)> {
        if self.z.nrows() == 0 {
            return None;
        }
        let names = latent_names(self.dim());
        let mut shown: Vec<Variable> = names
            .into_iter()
            .enumerate()
            .map(|(j, name)| Variable::new(name, column(&self.z, j)))
            .collect();
        let mut words = vec![self.latent_rows()];
        if shown.len() > MOST {
            shown.sort_by(|a, b| b.distance.total_cmp(&a.distance));
            shown.truncate(MOST);
            words.push(format!(
                "the {MOST} of {} variables farthest from N(0, 1), the farthest first",
                self.dim()
            ));
        }
        Some((shown, words.join("; ")))
    }

    fn latent_rows(&self) -> String {
        match self.x.nrows() - self.z.nrows() {
            0 => self.rows(),
            lost => format!(
                "{}; {} outside the model's supports left out",
                self.rows(),
                counted(lost, "row")
            ),
        }
    }
}

/// A latent variable.
struct Variable {
    name: String,
    sorted: Vec<f64>,
    /// Largest difference from Φ.
    distance: f64,
    moments: String,
}

impl Variable {
    fn new(name: String, mut sorted: Vec<f64>) -> Self {
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len() as f64;
        let mean = sorted.iter().sum::<f64>() / n;
        let variance = sorted.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / n;
        let gap = |(k, &z): (usize, &f64)| {
            let p = normal::cdf(z);
            (p - k as f64 / n).abs().max(((k + 1) as f64 / n - p).abs())
        };
        let distance = sorted.iter().enumerate().map(gap).fold(0.0, f64::max);
        let mut moments = format!("{} ± {}", brief(mean), brief(variance.sqrt()));
        let outside = sorted.iter().filter(|z| z.abs() > REACH).count();
        if outside > 0 {
            moments = format!("{outside} outside, {moments}");
        }
        Self { name, sorted, distance, moments }
    }
}

/// Two decimals; two digits of what is large.
fn brief(v: f64) -> String {
    if v.abs() < 100.0 { number(v, 2) } else { compact(v, 2) }
}
