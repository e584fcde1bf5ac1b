//! The density of two columns in colour.

use faer::Mat;

use super::column::View;
use super::smooth::{Grid, histogram, smoothed};
use super::subject::{Choice, SPREAD};
use super::{Drawn, Subject};
use crate::plot::{Map, MapLayer, Maps, maps, number};
use crate::words::grouped;

/// Cells along an axis where the density is exact.
const EXACT: usize = 160;
/// Cells along an axis where it is estimated, and the kernel's standard deviation in cells.
const ESTIMATED: usize = 96;
const KERNEL: f64 = 1.2;
/// Cells of the data's histogram along an axis, fewest and most.
const HISTOGRAM: (usize, usize) = (16, 48);
/// A whole number has a cell of its own up to so many of them.
const WHOLE: usize = 60;
/// The share of the mass that may lie beyond the colours of a density.
const TOWERING: f64 = 0.05;
/// Nats below the highest density that are told apart.
const DEPTH: f64 = 16.0;

impl Subject<'_> {
    /// The density on a grid beside the data: exact of two columns, estimated of a pair of more.
    pub fn density(&self) -> Option<Drawn> {
        if self.x.nrows() == 0 {
            return None;
        }
        let (pair, choice) = self.pair()?;
        if self.dim() == 2 { self.exact(pair) } else { Some(self.estimated(pair, choice)) }
    }

    /// ln of the density per unit of the axes at the centres of cells, row by row from the lowest,
    /// and the cells across and up: of a model of two columns.
    pub(super) fn ln_density(&self, pair: [usize; 2]) -> Option<(Vec<f64>, [Grid; 2])> {
        let views = pair.map(|j| &self.views[j]);
        let grids = views.map(|view| cells(view, EXACT));
        let [across, up] = grids;
        let mut ln_slopes = vec![0.0; across.count * up.count];
        let mut x = Mat::zeros(ln_slopes.len(), 2);
        for (k, ln_slope) in ln_slopes.iter_mut().enumerate() {
            let centres = [across.centre(k % across.count), up.centre(k / across.count)];
            for axis in 0..2 {
                let (value, slope) = views[axis].value(centres[axis]);
                let whole = views[axis].scale.whole;
                x[(k, pair[axis])] = if whole { value.round() } else { value };
                *ln_slope += slope;
            }
        }
        let mut ln_p = self.model.log_prob(x.as_ref()).ok()?;
        for (value, ln_slope) in ln_p.iter_mut().zip(ln_slopes) {
            *value += ln_slope;
        }
        Some((ln_p, grids))
    }

    fn exact(&self, pair: [usize; 2]) -> Option<Drawn> {
        let views = pair.map(|j| &self.views[j]);
        let (ln_p, [across, up]) = self.ln_density(pair)?;
        let highest =
            ln_p.iter().copied().filter(|v| v.is_finite()).fold(f64::NEG_INFINITY, f64::max);
        let floor = (highest - DEPTH).floor();
        let density: Vec<f64> = ln_p.iter().map(|v| v.exp()).collect();
        let places = pair.map(|j| self.places(self.x.as_ref(), j, SPREAD));
        let points: Vec<[f64; 2]> =
            places[0].iter().zip(&places[1]).map(|(&a, &b)| [a, b]).collect();
        let columns = across.count;
        let cells = |values, colors| MapLayer::Cells { values, columns, colors };
        let title = "The learned density";
        let unit = unit(&views);
        let subtitle = format!(
            "{}; the model's exact density on {} × {} cells, {unit}; the right map is cut at {} \
             nats",
            self.rows(),
            across.count,
            up.count,
            number(floor, 0)
        );
        let figure = maps(&Maps {
            title,
            subtitle: &subtitle,
            scales: views.map(|view| &view.scale),
            maps: &[
                Map { name: "data", note: "", layer: MapLayer::Points(&points) },
                Map { name: "p(x)", note: "", layer: cells(&density, (0.0, top(&density))) },
                Map { name: "ln p(x)", note: "nats", layer: cells(&ln_p, (floor, highest)) },
            ],
        });
        let caption = "The data, the density that the model has learnt of them, and its logarithm, \
                       which shows the tails. The bright parts of the middle map should be where \
                       the points are dense; bright bridges where there are none are the model's \
                       own.";
        Some(Drawn { name: "density", title: title.into(), caption: caption.into(), figure })
    }

    fn estimated(&self, pair: [usize; 2], choice: Choice) -> Drawn {
        let views = pair.map(|j| &self.views[j]);
        // Whole numbers without cells of their own are spread over the length of theirs: cells of
        // other lengths would hold now one more and now one less.
        let places = |rows: &Mat<f64>| -> Vec<[f64; 2]> {
            let [a, b] = pair.map(|j| {
                let spread = if own_cells(&self.views[j]) { 0.0 } else { 1.0 };
                self.places(rows.as_ref(), j, spread)
            });
            a.into_iter().zip(b).map(|(a, b)| [a, b]).collect()
        };
        let fine = views.map(|view| cells(view, ESTIMATED));
        let kernel = views.map(|view| if own_cells(view) { 0.0 } else { KERNEL });
        let model = histogram(&places(&self.samples), fine[0], fine[1]);
        let model = smoothed(&model, fine[0].count, kernel[0], kernel[1]);
        let n = self.x.nrows() as f64;
        let most = ((n / 4.0).sqrt() as usize).clamp(HISTOGRAM.0, HISTOGRAM.1);
        let coarse = views.map(|view| cells(view, most));
        let data = histogram(&places(&self.x), coarse[0], coarse[1]);

        // One scale for both; single cells of a histogram of few rows may exceed it.
        let colors = (0.0, top(&model));
        let title = "The density of two columns";
        let mut words = vec![format!(
            "left {} in {} × {} cells, right the model: {} draws in {} × {} cells, smoothed by {KERNEL} \
             cells; one scale of colours, {}",
            self.rows(),
            coarse[0].count,
            coarse[1].count,
            grouped(self.samples.nrows()),
            fine[0].count,
            fine[1].count,
            unit(&views),
        )];
        if choice == Choice::MostDependent {
            words.push(format!("the most dependent two of {} columns", self.columns().len()));
        }
        let cells = |values, columns| MapLayer::Cells { values, columns, colors };
        let figure = maps(&Maps {
            title,
            subtitle: &words.join("; "),
            scales: views.map(|view| &view.scale),
            maps: &[
                Map { name: "data", note: "histogram", layer: cells(&data, coarse[0].count) },
                Map {
                    name: "model",
                    note: "estimated density",
                    layer: cells(&model, fine[0].count),
                },
            ],
        });
        let caption = "The joint distribution of two columns in the data and under the model, \
                       whatever the others are; both maps should look alike but for the grain of \
                       the left one.";
        Drawn { name: "density", title: title.into(), caption: caption.into(), figure }
    }
}

/// Whether each value of a column has a cell of its own.
fn own_cells(view: &View) -> bool {
    let (lo, hi) = view.scale.axis.range();
    view.scale.whole && hi - lo <= WHOLE as f64 + 0.5
}

/// `most` cells over a column's axis, or one for each of a few whole numbers.
fn cells(view: &View, most: usize) -> Grid {
    let (lo, hi) = view.scale.axis.range();
    let count = if own_cells(view) { (hi - lo).round() as usize } else { most };
    Grid::new(&view.scale.axis, count.max(1))
}

/// The top of a density's colours: its largest value, or, where a few cells tower over all
/// others, the value above which there is a twentieth of the mass.
fn top(density: &[f64]) -> f64 {
    let mut sorted: Vec<f64> = density.iter().copied().filter(|d| d.is_finite()).collect();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let highest = sorted.first().copied().unwrap_or(0.0);
    if !(highest > 0.0) {
        return 1.0;
    }
    let total: f64 = sorted.iter().sum();
    let mut above = 0.0;
    let bulk = sorted.iter().find(|d| {
        above += **d;
        above >= TOWERING * total
    });
    bulk.copied().filter(|bulk| highest > 3.0 * bulk).unwrap_or(highest)
}

/// What the density is per.
fn unit(views: &[&View; 2]) -> String {
    let each = views.map(|view| match (view.scale.whole, view.is_log()) {
        (true, _) => "value",
        (_, true) => "decade",
        _ => "unit",
    });
    format!("per {} of {} and {} of {}", each[0], views[0].scale.name, each[1], views[1].scale.name)
}
