//! Maps of two columns beside each other: points, or a quantity in colour with its bar.

use super::axis::Axis;
use super::cloud;
use super::figure::Figure;
use super::heat::{BAR_GAP, BAR_WIDTH, color_bar, level, palette};
use super::panel::{BELOW, Grid, MARGIN, Panel, wrapped_header};
use super::raster::indexed_uri;
use super::scale::Scale;
use super::svg::{Stroke, Svg};
use super::text;
use super::theme::THEME;

const WIDTH: f64 = 1040.0;
/// Side of a map, at most.
const SIDE: f64 = 320.0;
/// Room for the name of the vertical axis, beside its tick labels, and right of the colour bar.
const LEFT: f64 = 36.0;
const RIGHT: f64 = 66.0;

/// Pixels of a map's image along each side, at least.
const PIXELS: usize = 480;

/// What `maps` draws.
#[derive(Debug, Clone, Copy)]
pub struct Maps<'a> {
    /// Title of the figure.
    pub title: &'a str,
    /// Text below the title; may be empty.
    pub subtitle: &'a str,
    /// Horizontal and vertical axis of every map.
    pub scales: [&'a Scale; 2],
    /// The maps, from left to right.
    pub maps: &'a [Map<'a>],
}

/// One map.
#[derive(Debug, Clone, Copy)]
pub struct Map<'a> {
    /// Its name.
    pub name: &'a str,
    /// A note beside the name, such as a unit.
    pub note: &'a str,
    /// What it shows.
    pub layer: MapLayer<'a>,
}

/// What a map shows.
#[derive(Debug, Clone, Copy)]
pub enum MapLayer<'a> {
    /// `[n]`: points.
    Points(&'a [[f64; 2]]),
    /// A quantity in equal cells over both axes.
    Cells {
        /// `[rows][columns]`, from the smallest vertical coordinate up; NaN where there is none.
        values: &'a [f64],
        /// Cells in a row.
        columns: usize,
        /// Range of the colours.
        colors: (f64, f64),
    },
}

/// Square maps on the same axes.
pub fn maps(spec: &Maps<'_>) -> Figure {
    let bar = |map: &Map<'_>| match map.layer {
        MapLayer::Points(_) => 8.0,
        MapLayer::Cells { .. } => BAR_GAP + BAR_WIDTH + RIGHT,
    };
    let bars: f64 = spec.maps.iter().map(bar).sum();
    let count = spec.maps.len().max(1) as f64;
    let left = spec.scales[1].room(SIDE) + LEFT;
    let side = (((WIDTH - 2.0 * MARGIN - bars) / count - left).floor()).min(SIDE);
    let width = 2.0 * MARGIN + bars + count * (left + side);
    let mut svg = Svg::default();
    let y = wrapped_header(&mut svg, spec.title, spec.subtitle, width) + 32.0;
    let mut x = MARGIN;
    for map in spec.maps {
        let (xa, ya) = (spec.scales[0].axis, spec.scales[1].axis);
        let panel = Panel { x: x + left, y, w: side, h: side, xa, ya };
        draw(&mut svg, &panel, spec, map, left);
        x += left + side + bar(map);
    }
    Figure::new(svg, spec.title, width, y + side + BELOW + 4.0)
}

fn draw(svg: &mut Svg, panel: &Panel, spec: &Maps<'_>, map: &Map<'_>, left: f64) {
    panel.heading(svg, panel.x, map.name, map.note);
    let ticks = (spec.scales[0].across(panel), spec.scales[1].up(panel));
    match map.layer {
        MapLayer::Points(points) => {
            panel.grid(svg, Grid::Both, &ticks);
            cloud::draw(svg, panel, points, &[THEME.color(0)], |_| 0);
            let top = [(panel.x, panel.bottom()), (panel.x, panel.y), (panel.right(), panel.y)];
            svg.polyline(&top, Stroke::solid(THEME.grid, 1.0));
            svg.line(top[2], (panel.right(), panel.bottom()), Stroke::solid(THEME.grid, 1.0));
        }
        MapLayer::Cells { values, columns, colors } => {
            let axis = Axis::linear(colors.0, colors.1);
            let columns = columns.max(1);
            let rows = (values.len() / columns).max(1);
            if values.len() == rows * columns {
                // Cells as blocks of pixels: a viewer would blur the edges of larger ones.
                let (across, up) = (PIXELS.div_ceil(columns), PIXELS.div_ceil(rows));
                let mut indices = Vec::with_capacity(across * columns * up * rows);
                for row in values.chunks_exact(columns).rev() {
                    let line: Vec<u8> =
                        row.iter().flat_map(|&v| vec![level(v, &axis); across]).collect();
                    indices.extend(line.repeat(up));
                }
                let uri = indexed_uri(across * columns, up * rows, &indices, &palette());
                svg.image(panel.x, panel.y, panel.w, panel.h, &uri);
            }
            let (lowest, highest) = axis.range();
            // A hair above the top is the rounding of the values that made it.
            let top = highest + 1e-9 * (highest - lowest);
            let any = |beyond: &dyn Fn(f64) -> bool| values.iter().any(|&v| beyond(v));
            let clipped = (any(&|v| v < lowest), any(&|v| v > top));
            color_bar(svg, panel, &axis, clipped);
        }
    }
    panel.tick_labels(svg, &ticks);
    let names = spec.scales.map(|s| text::shortened(&s.name, THEME.label, panel.w));
    panel.x_label(svg, &names[0]);
    panel.y_label(svg, &names[1], left - 13.0);
}
