//! A density and its logarithm as heat maps with colour bars.

use super::axis::{Axis, Tick};
use super::cloud::thin;
use super::figure::Figure;
use super::palette::sequential;
use super::panel::{BELOW, Grid, MARGIN, Panel, header};
use super::raster::{Layer, indexed_uri};
use super::svg::{Anchor, Stroke, Svg, TextStyle};
use super::text;
use super::theme::{Rgb, THEME};

/// Side of a map, at most.
const SIDE: f64 = 362.0;
pub(super) const BAR_WIDTH: f64 = 12.0;
/// Distance from a map to its colour bar.
pub(super) const BAR_GAP: f64 = 14.0;
/// Most points laid over a map.
const MAX_DOTS: usize = 600;
/// The palette index of cells without a value; the others are the levels of the colour bar.
const NO_VALUE: u8 = 255;

/// A log-density on a grid, and points to lay over it.
#[derive(Debug, Clone, Copy)]
pub struct HeatMaps<'a> {
    /// Title of the figure.
    pub title: &'a str,
    /// Line below the title; may be empty.
    pub subtitle: &'a str,
    /// [rows, columns], row by row from the smallest second coordinate up: log p in nats at the
    /// centres of the cells.
    pub log_density: &'a [f64],
    /// Columns of the grid.
    pub columns: usize,
    /// Range of the first coordinate, from edge to edge.
    pub x: (f64, f64),
    /// Range of the second coordinate, from edge to edge.
    pub y: (f64, f64),
    /// Names of the two coordinates.
    pub labels: [&'a str; 2],
    /// `[n]`: points laid over both maps, thinned to a few hundred.
    pub points: &'a [[f64; 2]],
    /// Smallest log p told apart in the right map.
    pub floor: f64,
}

/// Two maps over the same domain on equal scales: p(x) on the left, log p(x), cut at `floor`,
/// on the right.
pub fn heat_maps(spec: &HeatMaps<'_>) -> Figure {
    let mut svg = Svg::default();
    let y = header(&mut svg, spec.title, spec.subtitle) + 38.0;
    let (xa, ya) = (Axis::linear(spec.x.0, spec.x.1), Axis::linear(spec.y.0, spec.y.1));
    let length = |a: Axis| a.range().1 - a.range().0;
    let aspect = (length(ya) / length(xa)).clamp(0.2, 5.0);
    let w = SIDE.min(1.25 * SIDE / aspect).round();
    let h = (w * aspect).round();

    let density: Vec<f64> = spec.log_density.iter().map(|v| v.exp()).collect();
    let top = |values: &[f64]| {
        values.iter().copied().filter(|v| v.is_finite()).fold(f64::NEG_INFINITY, f64::max)
    };
    let highest = top(spec.log_density);
    let floor = if spec.floor < highest { spec.floor } else { highest - 1.0 };
    let clipped = spec.log_density.iter().any(|&v| v < floor);
    let maps = [
        ("p(x)", &density[..], Axis::linear(0.0, top(&density)), false),
        ("log p(x)", spec.log_density, Axis::linear(floor, highest), clipped),
    ];
    let pitch = 58.0 + w + BAR_GAP + BAR_WIDTH + 62.0;
    for (k, (name, values, colors, clipped)) in maps.into_iter().enumerate() {
        let panel = Panel { x: (MARGIN + 58.0 + k as f64 * pitch).round(), y, w, h, xa, ya };
        panel.heading(&mut svg, panel.x, name, if k == 0 { "" } else { "nats" });
        map(&mut svg, &panel, spec, values, &colors);
        let ticks = panel.equal_ticks(70.0);
        panel.grid(&mut svg, Grid::None, &ticks);
        panel.tick_labels(&mut svg, &ticks);
        panel.x_label(&mut svg, spec.labels[0]);
        panel.y_label(&mut svg, spec.labels[1], 46.0);
        color_bar(&mut svg, &panel, &colors, (clipped, false));
    }
    let width = 2.0 * MARGIN + 2.0 * pitch - 8.0;
    Figure::new(svg, spec.title, width, y + h + BELOW + 4.0)
}

/// The level of `v` on the colour axis.
pub(super) fn level(v: f64, colors: &Axis) -> u8 {
    if v.is_nan() { NO_VALUE } else { (colors.share(v).clamp(0.0, 1.0) * 254.0).round() as u8 }
}

pub(super) fn palette() -> Vec<Rgb> {
    let levels = (0..NO_VALUE).map(|k| sequential(f64::from(k) / 254.0));
    levels.chain([sequential(f64::NAN)]).collect()
}

/// `values` [rows, columns], row by row from the bottom up, in colour; returns how many whole rows
/// there are.
pub(super) fn cells(
    svg: &mut Svg,
    panel: &Panel,
    values: &[f64],
    columns: usize,
    colors: &Axis,
) -> usize {
    let columns = columns.max(1);
    let rows = values.len() / columns;
    if rows == 0 {
        svg.rect(panel.x, panel.y, panel.w, panel.h, sequential(f64::NAN));
        return 0;
    }
    let mut indices = Vec::with_capacity(rows * columns);
    for row in values[..rows * columns].chunks_exact(columns).rev() {
        indices.extend(row.iter().map(|&v| level(v, colors)));
    }
    let uri = indexed_uri(columns, rows, &indices, &palette());
    svg.image(panel.x, panel.y, panel.w, panel.h, &uri);
    rows
}

/// The cells with the points over them.
fn map(svg: &mut Svg, panel: &Panel, spec: &HeatMaps<'_>, values: &[f64], colors: &Axis) {
    let columns = spec.columns.max(1);
    let rows = cells(svg, panel, values, columns, colors);
    if rows == 0 {
        return;
    }
    // White on dark cells and ink on bright ones, so that a point shows wherever it lies.
    let mut layer = Layer::new(panel.w, panel.h, &[THEME.ink, Rgb(255, 255, 255)]);
    let inside = |p: &&[f64; 2]| panel.xa.contains(p[0]) && panel.ya.contains(p[1]);
    for &[x, y] in thin(spec.points.len(), MAX_DOTS).map(|i| &spec.points[i]).filter(inside) {
        let column = ((panel.xa.share(x) * columns as f64) as usize).min(columns - 1);
        let row = ((panel.ya.share(y) * rows as f64) as usize).min(rows - 1);
        let bright = level(values[row * columns + column], colors) > 140;
        let (color, opacity) = if bright { (0, 0.5) } else { (1, 0.6) };
        layer.disc(panel.sx(x) - panel.x, panel.sy(y) - panel.y, 1.0, color, opacity);
    }
    if !spec.points.is_empty() {
        svg.image(panel.x, panel.y, panel.w, panel.h, &layer.uri());
    }
}

/// The bar at the right of `panel`; an end beyond which there are values says "≤" or "≥".
pub(super) fn color_bar(svg: &mut Svg, panel: &Panel, colors: &Axis, clipped: (bool, bool)) {
    let x = panel.right() + BAR_GAP;
    let levels: Vec<u8> = (0..NO_VALUE).rev().collect();
    svg.image(x, panel.y, BAR_WIDTH, panel.h, &indexed_uri(1, levels.len(), &levels, &palette()));
    let bar = Panel { x, w: BAR_WIDTH, ya: *colors, ..*panel };
    let mut ticks = colors.ticks(((panel.h / 50.0) as usize).max(2));
    let (lowest, highest) = colors.range();
    for (value, sign, _) in
        [(lowest, "≤", clipped.0), (highest, "≥", clipped.1)].into_iter().filter(|end| end.2)
    {
        ticks.retain(|tick| (bar.sy(tick.value) - bar.sy(value)).abs() > 16.0);
        ticks.push(Tick { value, label: format!("{sign} {}", end_label(value)) });
    }
    for tick in &ticks {
        let y = bar.sy(tick.value);
        let (from, to) = ((bar.right(), y), (bar.right() + 4.0, y));
        svg.line(from, to, Stroke::solid(THEME.axis, 1.0));
        let style = TextStyle::TICK.anchor(Anchor::Start);
        svg.text(bar.right() + 8.0, y + 0.35 * THEME.tick, &tick.label, style);
    }
}

/// A whole number as it is; another in two digits.
fn end_label(value: f64) -> String {
    if value.fract() == 0.0 { text::number(value, 0) } else { text::compact(value, 2) }
}
