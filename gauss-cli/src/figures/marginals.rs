//! Each column by itself: the data's histogram and the fitted density.

use gauss_model::Kind;

use super::subject::column;
use super::{Drawn, Subject, smooth};
use crate::plot::{Distribution, Distributions, Shape, Share, compact, distributions};
use crate::words::grouped;

/// Most panels in a figure.
pub(super) const MOST: usize = 24;
/// Most levels of a category by themselves; the rest are one bar.
const MOST_LEVELS: usize = 8;

/// What a panel is drawn of.
struct Marginal {
    name: String,
    note: String,
    content: Content,
}

enum Content {
    Density { places: Vec<f64>, curve: Vec<(f64, f64)> },
    Whole { data: Vec<f64>, samples: Vec<f64> },
    Shares(Vec<Share>),
}

impl Subject<'_> {
    /// A histogram of each column's data with the marginal density of the model.
    pub fn marginals(&self) -> Option<Drawn> {
        if self.x.nrows() == 0 {
            return None;
        }
        let among = self.columns();
        let mut by_distance: Vec<(usize, f64)> = among
            .iter()
            .map(|&j| (j, distance(&column(&self.x, j), &column(&self.samples, j))))
            .collect();
        let all = by_distance.len() <= MOST;
        if !all {
            by_distance.sort_by(|a, b| b.1.total_cmp(&a.1));
            by_distance.truncate(MOST);
        }
        let marginals: Vec<(usize, Marginal)> =
            by_distance.into_iter().map(|(j, distance)| (j, self.marginal(j, distance))).collect();
        let panels: Vec<Distribution<'_>> = marginals
            .iter()
            .map(|(j, marginal)| {
                let scale = &self.views[*j].scale;
                let shape = match &marginal.content {
                    Content::Density { places, curve } => {
                        Shape::Density { scale, values: places, curve }
                    }
                    Content::Whole { data, samples } => {
                        Shape::Whole { scale, values: data, others: samples }
                    }
                    Content::Shares(shares) => Shape::Shares(shares),
                };
                Distribution { name: &marginal.name, note: &marginal.note, shape }
            })
            .collect();
        let drawn = grouped(self.samples.nrows());
        let mut words =
            vec![self.rows(), format!("the model's marginals are those of {drawn} draws")];
        if marginals.iter().any(|(_, m)| matches!(m.content, Content::Density { .. })) {
            let parts = smooth::parts(self.samples.nrows());
            words.push(format!("lines smoothed by a normal kernel of 1/{parts} of the axis"));
        }
        if marginals.iter().any(|(j, _)| self.views[*j].is_log()) {
            words.push("on logarithmic axes densities are per decade".into());
        }
        words.push("D is the largest difference of the two distribution functions".into());
        if !all {
            words.push(format!(
                "the {MOST} of {} columns where it is largest, in falling order",
                among.len()
            ));
        }
        let title = "Marginals";
        let figure = distributions(&Distributions {
            title,
            subtitle: &words.join("; "),
            names: ["data", "model"],
            panels: &panels,
        });
        let caption = "Each column's data as a histogram, and what the model says of it: a \
                       density as a line, probabilities of whole numbers and of categories as \
                       dots, which should stand at the ends of their bars.";
        Some(Drawn { name: "marginals", title: title.into(), caption: caption.into(), figure })
    }

    fn marginal(&self, j: usize, distance: f64) -> Marginal {
        let view = &self.views[j];
        let (data, samples) = (column(&self.x, j), column(&self.samples, j));
        let mut note = format!("D {}", compact(distance, 2));
        let content = match &self.model.columns()[j].kind {
            Kind::Category(levels) => Content::Shares(shares(levels, &data, &samples)),
            Kind::Integer(_) => Content::Whole { data, samples },
            Kind::Real(_) => {
                let curve = smooth::curve(&view.places(&samples), &view.scale.axis, view.bounds);
                Content::Density { places: view.places(&data), curve }
            }
        };
        if !matches!(content, Content::Shares(_)) {
            let outside =
                self.x.col(j).iter().filter(|v| !view.scale.axis.contains(view.place(**v)));
            let outside = outside.count();
            if outside > 0 {
                note = format!("{} outside, {note}", grouped(outside));
            }
        }
        Marginal { name: view.scale.name.clone(), note, content }
    }
}

/// The shares of the commonest levels, and of all others together.
fn shares(levels: &[String], data: &[f64], samples: &[f64]) -> Vec<Share> {
    let share = |values: &[f64], level: usize| {
        let count = values.iter().filter(|v| **v == level as f64).count();
        count as f64 / values.len().max(1) as f64
    };
    let mut shares: Vec<Share> = levels
        .iter()
        .enumerate()
        .map(|(k, name)| Share {
            name: name.clone(),
            data: share(data, k),
            model: share(samples, k),
        })
        .collect();
    if shares.len() > MOST_LEVELS + 1 {
        shares.sort_by(|a, b| b.data.total_cmp(&a.data));
        let rest = shares.split_off(MOST_LEVELS);
        shares.push(Share {
            name: format!("{} others", rest.len()),
            data: rest.iter().map(|s| s.data).sum(),
            model: rest.iter().map(|s| s.model).sum(),
        });
    }
    shares
}

/// The largest difference of two empirical distribution functions (Kolmogorov-Smirnov).
fn distance(a: &[f64], b: &[f64]) -> f64 {
    let sorted = |values: &[f64]| {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted
    };
    let (a, b) = (sorted(a), sorted(b));
    let (mut i, mut j, mut largest) = (0, 0, 0.0_f64);
    while i < a.len() && j < b.len() {
        let v = a[i].min(b[j]);
        i += a[i..].iter().take_while(|u| **u == v).count();
        j += b[j..].iter().take_while(|u| **u == v).count();
        largest = largest.max((i as f64 / a.len() as f64 - j as f64 / b.len() as f64).abs());
    }
    largest
}
