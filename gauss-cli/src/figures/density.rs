//! The density of two columns in colour.

use faer::Mat;

use super::column::View;
use super::smooth::{Grid, histogram, smoothed};
use super::subject::Choice;
use super::{Drawn, Subject};
use crate::console::grouped;
use crate::plot::{Map, MapLayer, Maps, maps};

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
        if self.dim() == 2 { Some(self.exact(pair)) } else { Some(self.estimated(pair, choice)) }
    }

    fn exact(&self, pair: [usize; 2]) -> Drawn {
        let views = pair.map(|j| &self.views[j]);
        let [across, up] = views.map(|view| cells(view, EXACT));
        let count = across.count * up.count;
        let mut ln_jacobian = vec![0.0; count];
        let mut grid = Mat::zeros(count, 2);
        for k in 0..count {
            for (axis, cell) in [across.centre(k % across.count), up.centre(k / across.count)]
                .into_iter()
                .enumerate()
            {
                let (value, ln_slope) = views[axis].value(cell);
                let whole = views[axis].scale.whole;
                grid[(k, pair[axis])] = if whole { value.round() } else { value };
                ln_jacobian[k] += ln_slope;
            }
        }
        let mut ln_p = self.model.log_prob(grid.as_ref()).unwrap_or_default();
        for (value, ln_slope) in ln_p.iter_mut().zip(&ln_jacobian) {
            *value += ln_slope;
        }
        let highest =
            ln_p.iter().copied().filter(|v| v.is_finite()).fold(f64::NEG_INFINITY, f64::max);
        let density: Vec<f64> = ln_p.iter().map(|v| v.exp()).collect();
        let places = pair.map(|j| self.places(self.x.as_ref(), j));
        let points: Vec<[f64; 2]> =
            places[0].iter().zip(&places[1]).map(|(&a, &b)| [a, b]).collect();
        let columns = across.count;
        let cells = |values, colors| MapLayer::Cells { values, columns, colors };
        let title = "The learned density";
        let unit = unit(&views);
        let subtitle = format!(
            "{}; the model's exact density on {} × {} cells, {unit}; the right map is cut {DEPTH} \
             nats below the highest",
            self.rows(),
            across.count,
            up.count
        );
        let figure = maps(&Maps {
            title,
            subtitle: &subtitle,
            scales: views.map(|view| &view.scale),
            maps: &[
                Map { name: "data", note: "", layer: MapLayer::Points(&points) },
                Map { name: "p(x)", note: "", layer: cells(&density, (0.0, top(&density))) },
                Map {
                    name: "ln p(x)",
                    note: "nats",
                    layer: cells(&ln_p, (highest - DEPTH, highest)),
                },
            ],
        });
        let caption = "The data, the density that the model has learnt of them, and its logarithm, \
                       which shows the tails. The bright parts of the middle map should be where \
                       the points are dense; bright bridges where there are none are the model's \
                       own.";
        Drawn { name: "density", title: title.into(), caption: caption.into(), figure }
    }

    fn estimated(&self, pair: [usize; 2], choice: Choice) -> Drawn {
        let views = pair.map(|j| &self.views[j]);
        let places = |rows: &Mat<f64>| -> Vec<[f64; 2]> {
            (0..rows.nrows())
                .map(|i| [views[0].place(rows[(i, pair[0])]), views[1].place(rows[(i, pair[1])])])
                .collect()
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
    let each = views.map(|view| if view.is_log() { "decade" } else { "unit" });
    format!("per {} of {} and {} of {}", each[0], views[0].scale.name, each[1], views[1].scale.name)
}
