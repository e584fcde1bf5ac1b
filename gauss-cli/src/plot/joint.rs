//! Joint plots: a point cloud with the histograms of its two coordinates.

use super::bins::Bins;
use super::cloud;
use super::figure::Figure;
use super::panel::{BELOW, Grid, MARGIN, Mark, Panel, header, legend};
use super::svg::{Stroke, Svg, TextStyle};
use super::text;
use super::theme::{Rgb, THEME};

/// Height of a marginal histogram.
const MARGINAL: f64 = 64.0;
/// Distance between a marginal and the cloud.
const GAP: f64 = 10.0;
/// Room left of the cloud for ticks and the axis label.
const LEFT: f64 = 62.0;

/// A point cloud and its names.
#[derive(Debug, Clone, Copy)]
pub struct Cloud<'a> {
    /// What the points are; the heading of the plot in a pair.
    pub name: &'a str,
    /// `[n]`: the points; those that are not finite are left out.
    pub points: &'a [[f64; 2]],
    /// Names of the two coordinates.
    pub labels: [&'a str; 2],
    /// Index of the series colour.
    pub color: usize,
}

/// A density to compare the marginals with.
#[derive(Clone, Copy)]
pub struct Reference<'a> {
    /// Its name, for the legend.
    pub name: &'a str,
    /// The density of either coordinate.
    pub density: &'a dyn Fn(f64) -> f64,
}

/// The density of N(0, 1).
pub fn standard_normal(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// What the marginals of one plot are compared with.
#[derive(Clone, Copy)]
enum Compared<'a> {
    Nothing,
    Density(&'a dyn Fn(f64) -> f64),
    Cloud(&'a [[f64; 2]]),
}

/// One cloud with its marginals, on equal scales; `reference` is drawn over both marginals.
pub fn joint_plot(
    title: &str,
    subtitle: &str,
    cloud: &Cloud<'_>,
    reference: Option<Reference<'_>>,
) -> Figure {
    let (xa, ya, aspect) = cloud::equal_axes(&[cloud.points]);
    let w = 420.0_f64.min(520.0 / aspect).round();
    let mut svg = Svg::default();
    let mut y = header(&mut svg, title, subtitle);
    if let Some(reference) = &reference {
        let marks = [("histogram", fill(cloud.color)), (reference.name, line())];
        y += legend(&mut svg, MARGIN, y, w, &marks);
    }
    let panel =
        Panel { x: MARGIN + LEFT, y: y + MARGINAL + GAP + 6.0, w, h: (w * aspect).round(), xa, ya };
    let compared = reference.map_or(Compared::Nothing, |r| Compared::Density(r.density));
    let curves = [Marginals::new(cloud, &panel, compared)];
    draw(&mut svg, &panel, cloud, &curves[0], peaks(&curves));
    let width = panel.right() + GAP + MARGINAL + MARGIN;
    Figure::new(svg, title, width, panel.bottom() + BELOW + 8.0)
}

/// Two clouds side by side on the same axes, `left` usually the data and `right` the samples.
///
/// The marginals of the right one carry the outline of the left one's, unless a `reference` is
/// given: then both carry that.
pub fn joint_pair(
    title: &str,
    subtitle: &str,
    left: &Cloud<'_>,
    right: &Cloud<'_>,
    reference: Option<Reference<'_>>,
) -> Figure {
    let (xa, ya, aspect) = cloud::equal_axes(&[left.points, right.points]);
    let w = 355.0_f64.min(480.0 / aspect).round();
    let mut svg = Svg::default();
    let mut y = header(&mut svg, title, subtitle);
    let outline = format!("marginals of {}", left.name);
    let name = reference.map_or(outline.as_str(), |r| r.name);
    y += legend(&mut svg, MARGIN, y, 2.0 * w, &[(name, line())]);
    let pitch = LEFT + w + GAP + MARGINAL + 26.0;
    let top = y + 26.0 + MARGINAL + GAP;
    let panels = [0.0, 1.0].map(|k| Panel {
        x: MARGIN + LEFT + k * pitch,
        y: top,
        w,
        h: (w * aspect).round(),
        xa,
        ya,
    });
    let compared = match &reference {
        Some(r) => [Compared::Density(r.density); 2],
        None => [Compared::Nothing, Compared::Cloud(left.points)],
    };
    let curves = [
        Marginals::new(left, &panels[0], compared[0]),
        Marginals::new(right, &panels[1], compared[1]),
    ];
    let peaks = peaks(&curves);
    for ((panel, cloud), marginals) in panels.iter().zip([left, right]).zip(&curves) {
        svg.text(panel.x, top - MARGINAL - GAP - 8.0, cloud.name, TextStyle::HEADING);
        draw(&mut svg, panel, cloud, marginals, peaks);
    }
    let width = panels[1].right() + GAP + MARGINAL + MARGIN;
    Figure::new(svg, title, width, panels[1].bottom() + BELOW + 8.0)
}

fn fill(color: usize) -> Mark {
    Mark::Fill(marginal_fill(THEME.color(color)))
}

fn marginal_fill(color: Rgb) -> Rgb {
    color.tint(0.45)
}

fn line() -> Mark {
    Mark::Line(Stroke::solid(THEME.ink, 1.5))
}

/// Corners of an outline as (value, density).
type Outline = Vec<(f64, f64)>;

/// The outlines of both marginals: the cloud's own and what it is compared with.
struct Marginals([(Outline, Outline); 2]);

impl Marginals {
    fn new(cloud: &Cloud<'_>, panel: &Panel, compared: Compared<'_>) -> Self {
        let side = |i: usize| {
            let axis = [panel.xa, panel.ya][i];
            let outline = |points: &[[f64; 2]]| {
                let values: Vec<f64> = points.iter().map(|p| p[i]).collect();
                Bins::new(&values, &axis).outline()
            };
            let other = match compared {
                Compared::Nothing => Vec::new(),
                Compared::Cloud(points) => outline(points),
                Compared::Density(density) => {
                    let (lo, hi) = axis.range();
                    let at = |k: i32| lo + f64::from(k) / 120.0 * (hi - lo);
                    (0..=120).map(|k| (at(k), density(at(k)))).collect()
                }
            };
            (outline(cloud.points), other)
        };
        Self([side(0), side(1)])
    }
}

/// The largest density of either marginal over several plots.
fn peaks(all: &[Marginals]) -> [f64; 2] {
    [0, 1].map(|i| {
        let curves = all.iter().flat_map(|m| m.0[i].0.iter().chain(&m.0[i].1));
        curves.map(|c| c.1).filter(|d| d.is_finite()).fold(1e-300, f64::max)
    })
}

fn draw(svg: &mut Svg, panel: &Panel, cloud: &Cloud<'_>, marginals: &Marginals, peaks: [f64; 2]) {
    let color = THEME.color(cloud.color);
    let ticks = panel.equal_ticks(80.0);
    panel.grid(svg, Grid::Both, &ticks);
    let outside = cloud::draw(svg, panel, cloud.points, &[color], |_| 0);
    panel.tick_labels(svg, &ticks);
    panel.x_label(svg, cloud.labels[0]);
    panel.y_label(svg, cloud.labels[1], LEFT - 12.0);
    if outside > 0 {
        let note = format!("{outside} outside");
        let x = panel.right() - text::width(&note, THEME.tick) - 6.0;
        svg.text(x, panel.y + 16.0, &note, TextStyle::IN_PANEL);
    }
    let height = |d: f64, i: usize| MARGINAL * d / peaks[i];
    let top = |&(v, d): &(f64, f64)| (panel.sx(v), panel.y - GAP - height(d, 0));
    let right = |&(v, d): &(f64, f64)| (panel.right() + GAP + height(d, 1), panel.sy(v));
    let [(x_own, x_other), (y_own, y_other)] = &marginals.0;
    let stroke = Stroke::solid(THEME.ink, 1.5);
    let thin = Stroke::solid(THEME.axis, 1.0);
    svg.area(&x_own.iter().map(top).collect::<Vec<_>>(), marginal_fill(color));
    svg.polyline(&x_other.iter().map(top).collect::<Vec<_>>(), stroke);
    let base = panel.y - GAP + 0.5;
    svg.line((panel.x, base), (panel.right(), base), thin);
    svg.area(&y_own.iter().map(right).collect::<Vec<_>>(), marginal_fill(color));
    svg.polyline(&y_other.iter().map(right).collect::<Vec<_>>(), stroke);
    let base = panel.right() + GAP - 0.5;
    svg.line((base, panel.y), (base, panel.bottom()), thin);
}
