//! Densities beside each other: one map each, on the same axes and in the same colours.

use super::axis::Axis;
use super::figure::Figure;
use super::heat::{BAR_WIDTH, cells, color_bar};
use super::panel::{BELOW, Grid, MARGIN, Panel, header};
use super::svg::Svg;

const WIDTH: f64 = 1040.0;
/// Most maps in a row.
const COLUMNS: usize = 3;
/// Room left of each map for its tick labels, and left of the first for the axis's name.
const LEFT: f64 = 34.0;
const NAME: f64 = 20.0;
/// Room above each map for its name and note, and below it for its tick labels.
const ABOVE: f64 = 40.0;
const TICKS: f64 = 26.0;
/// Room right of the maps for the colour bar with its labels.
const BAR: f64 = 14.0 + BAR_WIDTH + 46.0;

/// Densities on one grid.
#[derive(Debug, Clone, Copy)]
pub struct Densities<'a> {
    /// Title of the figure.
    pub title: &'a str,
    /// Line below the title; may be empty.
    pub subtitle: &'a str,
    /// The maps, in reading order.
    pub maps: &'a [DensityMap<'a>],
    /// Columns of the grid.
    pub columns: usize,
    /// Range of the first coordinate, from edge to edge.
    pub x: (f64, f64),
    /// Range of the second coordinate, from edge to edge.
    pub y: (f64, f64),
    /// Names of the two coordinates.
    pub labels: [&'a str; 2],
    /// Smallest log p told apart.
    pub floor: f64,
}

/// One of them.
#[derive(Debug, Clone, Copy)]
pub struct DensityMap<'a> {
    /// Its name.
    pub name: &'a str,
    /// A note beside the name, such as how good it is.
    pub note: &'a str,
    /// [rows, columns], row by row from the smallest second coordinate up: log p in nats at the
    /// centres of the cells.
    pub log_density: &'a [f64],
}

/// Square maps of log p in rows of three, the colours cut at `floor`.
pub fn densities(spec: &Densities<'_>) -> Figure {
    let mut svg = Svg::default();
    let top = header(&mut svg, spec.title, spec.subtitle);
    let rows = spec.maps.len().div_ceil(COLUMNS).max(1);
    let pitch = ((WIDTH - 2.0 * MARGIN - NAME - BAR) / COLUMNS as f64).floor();
    let side = pitch - LEFT - 6.0;
    let height = ABOVE + side + TICKS;
    let (xa, ya) = (Axis::linear(spec.x.0, spec.x.1), Axis::linear(spec.y.0, spec.y.1));
    let at = |row: usize, column: usize| Panel {
        x: MARGIN + NAME + LEFT + column as f64 * pitch,
        y: (top + ABOVE + row as f64 * height).round(),
        w: side,
        h: side,
        xa,
        ya,
    };

    let all = || spec.maps.iter().flat_map(|map| map.log_density).copied();
    let highest = all().filter(|v| v.is_finite()).fold(f64::NEG_INFINITY, f64::max);
    let floor = if spec.floor < highest { spec.floor } else { highest - 1.0 };
    let colors = Axis::linear(floor, highest);
    for (k, map) in spec.maps.iter().enumerate() {
        let (row, column) = (k / COLUMNS, k % COLUMNS);
        let panel = at(row, column);
        panel.heading(&mut svg, panel.x, map.name, map.note);
        cells(&mut svg, &panel, map.log_density, spec.columns, &colors);
        let ticks = panel.equal_ticks(60.0);
        panel.grid(&mut svg, Grid::None, &ticks);
        panel.tick_labels(&mut svg, &ticks);
        // The axes are the same: what they are is said at the figure's edges.
        if k + COLUMNS >= spec.maps.len() {
            panel.x_label(&mut svg, spec.labels[0]);
        }
        if column == 0 {
            panel.y_label(&mut svg, spec.labels[1], LEFT + 4.0);
        }
    }
    let (first, last) = (at(0, COLUMNS - 1), at(rows - 1, COLUMNS - 1));
    let bar = Panel { h: last.bottom() - first.y, ..first };
    color_bar(&mut svg, &bar, &colors, (all().any(|v| v < floor), false));
    Figure::new(svg, spec.title, WIDTH, last.bottom() + BELOW + 4.0)
}
