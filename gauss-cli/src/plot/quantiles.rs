//! Q-Q plots beside each other: sorted values against the quantiles that they should have.

use super::axis::Axis;
use super::distributions::heading;
use super::figure::Figure;
use super::panel::{Grid, MARGIN, Mark, Panel, legend, wrapped_header};
use super::scale::Scale;
use super::svg::{Stroke, Svg, TextStyle};
use super::theme::{Rgb, THEME};
use super::tiles::{Height, Tiles};

const LEFT: f64 = 34.0;
const ABOVE: f64 = 32.0;
const BELOW: f64 = 28.0;
/// Most points drawn per panel, evenly along its width.
const MOST_POINTS: f64 = 400.0;

/// What `quantile_plots` draws.
#[derive(Debug, Clone, Copy)]
pub struct QuantilePlots<'a> {
    /// Title of the figure.
    pub title: &'a str,
    /// Text below the title; may be empty.
    pub subtitle: &'a str,
    /// What the line, the band, and the points within and outside the band are.
    pub names: [&'a str; 4],
    /// Both axes of every panel reach from -`reach` to `reach`.
    pub reach: f64,
    /// (quantile, lower, upper) by rising quantile: where a value lies if all is right.
    pub band: &'a [(f64, f64, f64)],
    /// The panels, in reading order.
    pub panels: &'a [QuantilePlot<'a>],
}

/// One panel.
#[derive(Debug, Clone, Copy)]
pub struct QuantilePlot<'a> {
    /// Its name.
    pub name: &'a str,
    /// What else is to be said of it; may be empty.
    pub note: &'a str,
    /// (quantile, value) by rising quantile.
    pub points: &'a [(f64, f64)],
}

/// Square panels in rows of five, all on the same axes.
pub fn quantile_plots(spec: &QuantilePlots<'_>) -> Figure {
    let tiles = Tiles::new(spec.panels.len(), 5, Height::Square, (LEFT, ABOVE, BELOW));
    let mut svg = Svg::default();
    let mut y = wrapped_header(&mut svg, spec.title, spec.subtitle, tiles.width());
    let marks = [
        (spec.names[0], Mark::Line(diagonal())),
        (spec.names[1], Mark::Fill(band())),
        (spec.names[2], Mark::Dot(THEME.color(0))),
        (spec.names[3], Mark::Dot(THEME.color(1))),
    ];
    y += legend(&mut svg, MARGIN, y, tiles.width() - 2.0 * MARGIN, &marks);
    let axis = Axis::linear(-spec.reach, spec.reach);
    for (k, plot) in spec.panels.iter().enumerate() {
        draw(&mut svg, &tiles.panel(k, y, axis, axis), spec, plot);
    }
    Figure::new(svg, spec.title, tiles.width(), y + tiles.height() + 8.0)
}

fn band() -> Rgb {
    Rgb(0xd3, 0xd8, 0xdf)
}

fn diagonal() -> Stroke {
    Stroke::solid(THEME.ink, 1.0)
}

fn draw(svg: &mut Svg, panel: &Panel, spec: &QuantilePlots<'_>, plot: &QuantilePlot<'_>) {
    let scale = Scale::real("", panel.xa);
    let ticks = (scale.across(panel), scale.up(panel));
    panel.grid(svg, Grid::Both, &ticks);
    panel.begin_clip(svg);
    let at = |x: f64, y: f64| (panel.sx(x), panel.sy(y));
    let lower = spec.band.iter().map(|&(q, lo, _)| at(q, lo));
    let upper = spec.band.iter().rev().map(|&(q, _, hi)| at(q, hi));
    svg.area(&lower.chain(upper).collect::<Vec<_>>(), band());
    let (lo, hi) = panel.xa.range();
    svg.line(at(lo, lo), at(hi, hi), diagonal());
    let beyond = |v: f64| !panel.ya.contains(v);
    let mut dots = [Vec::new(), Vec::new()];
    for (x, y) in kept(plot.points, (hi - lo) / MOST_POINTS) {
        let outside = usize::from(!within(spec.band, x, y));
        if beyond(y) {
            // A point beyond the panel is a tick at its edge.
            let (x, edge) = at(x, y.clamp(lo, hi));
            let inward = if y > hi { 7.0 } else { -7.0 };
            let stroke = Stroke::solid(THEME.color(outside), 1.6);
            svg.line((x, edge), (x, edge + inward), stroke);
        } else {
            dots[outside].push(at(x, y));
        }
    }
    for (color, dots) in dots.iter().enumerate() {
        svg.dots(dots, 1.6, THEME.color(color));
    }
    svg.end_clip();
    let count = plot.points.iter().filter(|p| beyond(p.1)).count();
    if count > 0 {
        let style = TextStyle::IN_PANEL;
        svg.text(panel.x + 5.0, panel.y + 15.0, &format!("{count} beyond"), style);
    }
    panel.tick_labels(svg, &ticks);
    heading(svg, panel, plot.name, plot.note);
}

/// The points without those that would hide each other: all at the ends, where they are sparse.
fn kept(points: &[(f64, f64)], apart: f64) -> Vec<(f64, f64)> {
    let mut last = f64::NEG_INFINITY;
    let last_rank = points.len().saturating_sub(1);
    let far = |(rank, point): (usize, &(f64, f64))| {
        let keep = point.0 >= last + apart || rank == last_rank;
        if keep {
            last = point.0;
        }
        keep.then_some(*point)
    };
    points.iter().enumerate().filter_map(far).collect()
}

/// Whether y lies in the band at x, which is interpolated between its places.
pub fn within(band: &[(f64, f64, f64)], x: f64, y: f64) -> bool {
    let right = band.partition_point(|b| b.0 < x).min(band.len().saturating_sub(1));
    let left = right.saturating_sub(1);
    let (Some(a), Some(b)) = (band.get(left), band.get(right)) else { return true };
    let share = if b.0 > a.0 { ((x - a.0) / (b.0 - a.0)).clamp(0.0, 1.0) } else { 1.0 };
    let between = |a: f64, b: f64| a + share * (b - a);
    between(a.1, b.1) <= y && y <= between(a.2, b.2)
}
