//! A pair plot: every two columns of a table against each other, for two clouds at once.

use super::axis::Tick;
use super::bins::Bins;
use super::cloud;
use super::figure::Figure;
use super::panel::{Grid, MARGIN, Mark, Panel, legend, wrapped_header};
use super::raster::Layer;
use super::scale::Scale;
use super::svg::{Anchor, Stroke, Svg, TextStyle};
use super::text;
use super::theme::{Rgb, THEME};

/// Widest figure, and the side of a panel at most.
const WIDTH: f64 = 1040.0;
const SIDE: f64 = 270.0;
/// Room for the name and the distances left of the first column of panels, beside the tick labels.
const LEFT: f64 = 36.0;
/// Room below the last row.
const BELOW: f64 = 46.0;
/// Steps of opacity, which in so many small images decide the size of the figure.
const STEPS: u8 = 12;
/// Distance between panels.
const GAP: f64 = 10.0;

/// What `pair_plot` draws.
#[derive(Debug, Clone, Copy)]
pub struct PairPlot<'a> {
    /// Title of the figure.
    pub title: &'a str,
    /// Text below the title; may be empty.
    pub subtitle: &'a str,
    /// What the two clouds are.
    pub names: [&'a str; 2],
    /// Most points of a cloud in one panel, spread evenly over its rows.
    pub most: usize,
    /// The columns, from left to right and from top to bottom.
    pub columns: &'a [PairColumn<'a>],
}

/// A column of both clouds.
#[derive(Debug, Clone, Copy)]
pub struct PairColumn<'a> {
    /// Its axis, the same in all panels.
    pub scale: &'a Scale,
    /// `[n]`: its values in the first cloud; position `i` is the same point in all columns.
    pub first: &'a [f64],
    /// `[m]`: its values in the second cloud.
    pub second: &'a [f64],
}

/// d × d panels. Below the diagonal the first cloud lies over the second, above it the second is
/// alone; on the diagonal the histogram of the first with the outline of the second's.
pub fn pair_plot(spec: &PairPlot<'_>) -> Figure {
    let d = spec.columns.len().max(1) as f64;
    let labels = spec.columns.iter().map(|c| c.scale.room(WIDTH / d));
    let left = labels.fold(0.0, f64::max) + LEFT;
    let side = (((WIDTH - 2.0 * MARGIN - left + GAP) / d - GAP).floor()).min(SIDE);
    let width = (2.0 * MARGIN + left + d * (side + GAP) - GAP).max(600.0);
    let mut svg = Svg::default();
    let mut top = wrapped_header(&mut svg, spec.title, spec.subtitle, width);
    let marks =
        [(spec.names[0], Mark::Dot(THEME.color(0))), (spec.names[1], Mark::Dot(THEME.color(1)))];
    top += legend(&mut svg, MARGIN, top, width - 2.0 * MARGIN, &marks) + 4.0;
    // Where the last tick label ends, rightwards and downwards.
    let mut ends = (f64::NEG_INFINITY, f64::NEG_INFINITY);
    for (row, up) in spec.columns.iter().enumerate() {
        for (column, across) in spec.columns.iter().enumerate() {
            let panel = Panel {
                x: MARGIN + left + column as f64 * (side + GAP),
                y: top + row as f64 * (side + GAP),
                w: side,
                h: side,
                xa: across.scale.axis,
                ya: up.scale.axis,
            };
            let ticks = (across.scale.across(&panel), up.scale.up(&panel));
            panel.grid(&mut svg, if row == column { Grid::None } else { Grid::Both }, &ticks);
            if row == column {
                diagonal(&mut svg, &panel, across);
            } else {
                scatter(&mut svg, &panel, (across, up), row > column, spec.most);
            }
            frame(&mut svg, &panel);
            if row + 1 == spec.columns.len() {
                below(&mut svg, &panel, &ticks.0, &mut ends.0);
                name(&mut svg, &panel, &across.scale.name);
            }
            if column == 0 {
                beside(&mut svg, &panel, &ticks.1, &mut ends.1);
                let room = side - 4.0;
                let name = text::shortened(&up.scale.name, THEME.label, room);
                panel.y_label(&mut svg, &name, left - 13.0);
            }
        }
    }
    let height = top + d * (side + GAP) - GAP + BELOW + 4.0;
    Figure::new(svg, spec.title, width, height)
}

fn name(svg: &mut Svg, panel: &Panel, name: &str) {
    panel.x_label(svg, &text::shortened(name, THEME.label, panel.w - 4.0));
}

fn frame(svg: &mut Svg, panel: &Panel) {
    let (x, y, right, bottom) = (panel.x, panel.y, panel.right(), panel.bottom());
    let corners = [(x, y), (right, y), (right, bottom), (x, bottom), (x, y)];
    svg.polyline(&corners, Stroke::solid(Rgb(0xd3, 0xd8, 0xde), 1.0));
}

/// Tick labels below a panel of the last row, but those that would meet the neighbour's.
fn below(svg: &mut Svg, panel: &Panel, ticks: &[Tick], end: &mut f64) {
    for tick in ticks {
        let (x, half) = (panel.sx(tick.value), 0.5 * text::width(&tick.label, THEME.tick));
        if x - half >= *end + 5.0 {
            *end = x + half;
            let style = TextStyle::TICK.anchor(Anchor::Middle);
            svg.text(x, panel.bottom() + 17.0, &tick.label, style);
        }
    }
}

/// Tick labels beside a panel of the first column, but those that would meet the neighbour's.
fn beside(svg: &mut Svg, panel: &Panel, ticks: &[Tick], end: &mut f64) {
    for tick in ticks.iter().rev() {
        let y = panel.sy(tick.value);
        if y >= *end + THEME.tick + 1.0 {
            *end = y;
            let style = TextStyle::TICK.anchor(Anchor::End);
            svg.text(panel.x - 7.0, y + 0.35 * THEME.tick, &tick.label, style);
        }
    }
}

fn scatter(
    svg: &mut Svg,
    panel: &Panel,
    (across, up): (&PairColumn<'_>, &PairColumn<'_>),
    both: bool,
    most: usize,
) {
    let points = |x: &[f64], y: &[f64]| -> Vec<[f64; 2]> {
        cloud::thin(x.len().min(y.len()), most).map(|i| [x[i], y[i]]).collect()
    };
    let second = points(across.second, up.second);
    let first = if both { points(across.first, up.first) } else { Vec::new() };
    let colors = [THEME.color(0), THEME.color(1)];
    let mut layer = Layer::new(panel.w, panel.h, &colors);
    // Fainter than a lone cloud: what lies below must show through.
    let crowd = second.len().max(1) as f64 * 160_000.0 / (panel.w * panel.h);
    let radius = (1.7 - 0.4 * (crowd / 1000.0).max(1.0).log10()).clamp(1.0, 1.7);
    let opacity = (22.0 / crowd.sqrt()).clamp(0.18, 0.75);
    for (cloud, color) in [(&second, 1), (&first, 0)] {
        for &[x, y] in cloud {
            if panel.xa.contains(x) && panel.ya.contains(y) {
                // On a grid of half pixels all dots have one shape, which halves the image.
                let [x, y] = [panel.sx(x) - panel.x, panel.sy(y) - panel.y].map(half_pixels);
                layer.disc(x, y, radius, color, opacity);
            }
        }
    }
    svg.image(panel.x, panel.y, panel.w, panel.h, &layer.uri_in(STEPS));
}

fn half_pixels(v: f64) -> f64 {
    0.5 * (2.0 * v).round()
}

fn diagonal(svg: &mut Svg, panel: &Panel, column: &PairColumn<'_>) {
    let first = Bins::of(column.first, column.scale);
    let second = Bins::of(column.second, column.scale);
    let peak = first.peak().max(second.peak()).max(1e-300);
    let at = |&(v, d): &(f64, f64)| (panel.sx(v), panel.bottom() - 0.92 * panel.h * d / peak);
    panel.begin_clip(svg);
    let outline: Vec<(f64, f64)> = first.outline().iter().map(at).collect();
    svg.area(&outline, THEME.color(0).tint(0.42));
    let outline: Vec<(f64, f64)> = second.outline().iter().map(at).collect();
    svg.polyline(&outline, Stroke::solid(THEME.color(1), 1.6));
    svg.end_clip();
}
