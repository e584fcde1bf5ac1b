//! Many distributions beside each other: each a histogram of rows and what a model says of it.

use super::axis::Axis;
use super::bins::Bins;
use super::figure::Figure;
use super::panel::{Grid, MARGIN};
use super::panel::{Mark, Panel, bold_width, legend, wrapped_header};
use super::scale::Scale;
use super::svg::{Anchor, Stroke, Svg, TextStyle};
use super::text;
use super::theme::{Rgb, THEME};
use super::tiles::{Height, Tiles};

const HEIGHT: f64 = 118.0;
/// Room left of a panel for the labels of its ticks.
const LEFT: f64 = 56.0;
const ABOVE: f64 = 34.0;
const BELOW: f64 = 30.0;
/// Room for the names of levels, left of their bars.
const NAMES: f64 = 74.0;

/// What `distributions` draws.
#[derive(Debug, Clone, Copy)]
pub struct Distributions<'a> {
    /// Title of the figure.
    pub title: &'a str,
    /// Text below the title; may be empty.
    pub subtitle: &'a str,
    /// What the histograms are of, and what the lines and dots are.
    pub names: [&'a str; 2],
    /// The panels, in reading order.
    pub panels: &'a [Distribution<'a>],
}

/// One panel.
#[derive(Debug, Clone, Copy)]
pub struct Distribution<'a> {
    /// Its name.
    pub name: &'a str,
    /// What else is to be said of it; may be empty.
    pub note: &'a str,
    /// What it shows.
    pub shape: Shape<'a>,
}

/// What a panel shows.
#[derive(Debug, Clone, Copy)]
pub enum Shape<'a> {
    /// A histogram, and a curve over it as (position, density).
    Density {
        /// The horizontal axis.
        scale: &'a Scale,
        /// `[n]`
        values: &'a [f64],
        /// By rising position.
        curve: &'a [(f64, f64)],
    },
    /// Two histograms of whole numbers: bars, and a dot over each.
    Whole {
        /// The horizontal axis.
        scale: &'a Scale,
        /// `[n]`: for the bars.
        values: &'a [f64],
        /// `[m]`: for the dots.
        others: &'a [f64],
    },
    /// A share for each of a few names: a bar and a dot.
    Shares(&'a [Share]),
}

/// The share of one level of a category.
#[derive(Debug, Clone, PartialEq)]
pub struct Share {
    /// The level.
    pub name: String,
    /// In the data.
    pub data: f64,
    /// Under the model.
    pub model: f64,
}

/// Small panels in rows of four, each with its own axes.
pub fn distributions(spec: &Distributions<'_>) -> Figure {
    let tiles = Tiles::new(spec.panels.len(), 4, Height::Pixels(HEIGHT), (LEFT, ABOVE, BELOW));
    let mut svg = Svg::default();
    let mut y = wrapped_header(&mut svg, spec.title, spec.subtitle, tiles.width());
    let lines = spec.panels.iter().filter(|p| matches!(p.shape, Shape::Density { .. })).count();
    let discrete = format!("{}, discrete columns", spec.names[1]);
    let mut marks = vec![(spec.names[0], Mark::Fill(fill()))];
    if lines > 0 {
        marks.push((spec.names[1], Mark::Line(line())));
    }
    if lines < spec.panels.len() {
        let name = if lines > 0 { &discrete } else { spec.names[1] };
        marks.push((name, Mark::Dot(THEME.color(1))));
    }
    y += legend(&mut svg, MARGIN, y, tiles.width() - 2.0 * MARGIN, &marks);
    for (k, one) in spec.panels.iter().enumerate() {
        let place = |xa: Axis, ya: Axis| tiles.panel(k, y, xa, ya);
        let panel = match one.shape {
            Shape::Density { scale, values, curve } => {
                density(&mut svg, place, scale, values, curve)
            }
            Shape::Whole { scale, values, others } => whole(&mut svg, place, scale, values, others),
            Shape::Shares(all) => shares(&mut svg, place, all),
        };
        heading(&mut svg, &panel, one.name, one.note);
    }
    Figure::new(svg, spec.title, tiles.width(), y + tiles.height() + 8.0)
}

fn fill() -> Rgb {
    THEME.color(0).tint(0.42)
}

fn line() -> Stroke {
    Stroke::solid(THEME.color(1), 1.8)
}

/// Name and note above a small panel, shortened to its width.
pub(super) fn heading(svg: &mut Svg, panel: &Panel, name: &str, note: &str) {
    let room = panel.w - if note.is_empty() { 0.0 } else { text::width(note, THEME.tick) + 10.0 };
    let name = text::shortened(name, 1.05 * THEME.label, room.max(0.4 * panel.w));
    let y = panel.y - 9.0;
    svg.text(panel.x, y, &name, TextStyle::HEADING);
    let rest = panel.w - bold_width(&name, THEME.label) - 8.0;
    let note = text::shortened(note, THEME.tick, rest);
    svg.text(panel.right(), y, &note, TextStyle::TICK.anchor(Anchor::End));
}

/// The vertical axis that holds `peaks`.
fn upright(peaks: impl Iterator<Item = f64>) -> Axis {
    Axis::linear(0.0, 1.06 * peaks.filter(|d| d.is_finite()).fold(0.0, f64::max))
}

fn frame(svg: &mut Svg, panel: &Panel, scale: &Scale) -> super::panel::Ticks {
    let up = Scale::real("", panel.ya).up(panel);
    let ticks = (scale.across(panel), up);
    panel.grid(svg, Grid::Rows, &ticks);
    ticks
}

fn density(
    svg: &mut Svg,
    place: impl Fn(Axis, Axis) -> Panel,
    scale: &Scale,
    values: &[f64],
    curve: &[(f64, f64)],
) -> Panel {
    let bins = Bins::of(values, scale);
    // A histogram of few rows, or one narrow bin, must not flatten the curve.
    let top = curve.iter().map(|c| c.1).fold(0.0, f64::max);
    let bars = if top > 0.0 { bins.peak().min(3.0 * top) } else { bins.peak() };
    let panel = place(scale.axis, upright([top, bars].into_iter()));
    let ticks = frame(svg, &panel, scale);
    panel.begin_clip(svg);
    let outline: Vec<(f64, f64)> =
        bins.outline().iter().map(|&(v, d)| (panel.sx(v), panel.sy(d))).collect();
    svg.area(&outline, fill());
    let curve: Vec<(f64, f64)> = curve.iter().map(|&(v, d)| (panel.sx(v), panel.sy(d))).collect();
    svg.polyline(&curve, line());
    svg.end_clip();
    panel.tick_labels(svg, &ticks);
    panel
}

fn whole(
    svg: &mut Svg,
    place: impl Fn(Axis, Axis) -> Panel,
    scale: &Scale,
    values: &[f64],
    others: &[f64],
) -> Panel {
    let (bars, dots) = (Bins::whole(values, &scale.axis), Bins::whole(others, &scale.axis));
    let panel = place(scale.axis, upright([bars.peak(), dots.peak()].into_iter()));
    let ticks = frame(svg, &panel, scale);
    let mut radius: f64 = 3.2;
    for (centre, width, d) in bars.cells() {
        let pitch = panel.sx(centre + width) - panel.sx(centre);
        let w = (0.8 * pitch).min(40.0);
        radius = radius.min((0.4 * pitch).max(1.2));
        svg.rect(panel.sx(centre) - 0.5 * w, panel.sy(d), w, panel.bottom() - panel.sy(d), fill());
    }
    for (centre, _, d) in dots.cells() {
        dot(svg, panel.sx(centre), panel.sy(d), radius);
    }
    panel.tick_labels(svg, &ticks);
    panel
}

fn dot(svg: &mut Svg, x: f64, y: f64, radius: f64) {
    svg.circle(x, y, radius, THEME.color(1), Stroke::solid(Rgb(255, 255, 255), 0.6));
}

fn shares(svg: &mut Svg, place: impl Fn(Axis, Axis) -> Panel, all: &[Share]) -> Panel {
    let count = all.len().max(1) as f64;
    let longest = upright(all.iter().flat_map(|s| [s.data, s.model])).range().1;
    let across = Scale::real("", Axis::linear(0.0, longest));
    let whole = place(across.axis, Axis::linear(0.0, count));
    let panel = Panel { x: whole.x + NAMES - LEFT, w: whole.w - (NAMES - LEFT), ..whole };
    let (pitch, size) = (panel.h / count, THEME.tick.min(panel.h / count - 0.5).max(8.0));
    for tick in across.across(&panel) {
        let x = super::panel::crisp(panel.sx(tick.value));
        svg.line((x, panel.y), (x, panel.bottom()), Stroke::solid(THEME.grid, 1.0));
    }
    for (k, share) in all.iter().enumerate() {
        let middle = panel.y + (k as f64 + 0.5) * pitch;
        let h = (0.72 * pitch).min(26.0);
        svg.rect(panel.x, middle - 0.5 * h, panel.sx(share.data) - panel.x, h, fill());
        dot(svg, panel.sx(share.model), middle, 3.2);
        let style = TextStyle { size, ..TextStyle::TICK }.anchor(Anchor::End);
        let name = text::shortened(&share.name, size, NAMES - 10.0);
        svg.text(panel.x - 7.0, middle + 0.35 * size, &name, style);
    }
    panel.tick_labels(svg, &(across.across(&panel), Vec::new()));
    // The heading begins where those of other panels do.
    whole
}
