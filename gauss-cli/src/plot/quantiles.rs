//! Q-Q plots beside each other: sorted values against the quantiles that they should have.

use super::axis::Axis;
use super::cloud;
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
/// Most points drawn per panel.
const MOST_POINTS: usize = 400;

/// What `quantile_plots` draws.
#[derive(Debug, Clone, Copy)]
pub struct QuantilePlots<'a> {
    /// Title of the figure.
    pub title: &'a str,
    /// Text below the title; may be empty.
    pub subtitle: &'a str,
    /// What the line, the band and the points are.
    pub names: [&'a str; 3],
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

/// Square panels in rows of six, all on the same axes.
pub fn quantile_plots(spec: &QuantilePlots<'_>) -> Figure {
    let tiles = Tiles::new(spec.panels.len(), 6, Height::Square, (LEFT, ABOVE, BELOW));
    let mut svg = Svg::default();
    let mut y = wrapped_header(&mut svg, spec.title, spec.subtitle, tiles.width());
    let marks = [
        (spec.names[0], Mark::Line(diagonal())),
        (spec.names[1], Mark::Fill(band())),
        (spec.names[2], Mark::Dot(THEME.color(0))),
    ];
    y += legend(&mut svg, MARGIN, y, tiles.width() - 2.0 * MARGIN, &marks);
    let axis = Axis::linear(-spec.reach, spec.reach);
    for (k, plot) in spec.panels.iter().enumerate() {
        draw(&mut svg, &tiles.panel(k, y, axis, axis), spec, plot);
    }
    Figure::new(svg, spec.title, tiles.width(), y + tiles.height() + 8.0)
}

fn band() -> Rgb {
    Rgb(0xdc, 0xe0, 0xe6)
}

fn diagonal() -> Stroke {
    Stroke::solid(THEME.ink, 1.0)
}

fn draw(svg: &mut Svg, panel: &Panel, spec: &QuantilePlots<'_>, plot: &QuantilePlot<'_>) {
    let scale = Scale::real("", panel.xa);
    let ticks = (scale.across(panel), scale.up(panel, LEFT - 10.0));
    panel.grid(svg, Grid::Both, &ticks);
    panel.begin_clip(svg);
    let at = |x: f64, y: f64| (panel.sx(x), panel.sy(y));
    let lower = spec.band.iter().map(|&(q, lo, _)| at(q, lo));
    let upper = spec.band.iter().rev().map(|&(q, _, hi)| at(q, hi));
    svg.area(&lower.chain(upper).collect::<Vec<_>>(), band());
    let (lo, hi) = panel.xa.range();
    svg.line(at(lo, lo), at(hi, hi), diagonal());
    let beyond = |v: f64| !panel.ya.contains(v);
    for (x, y) in kept(plot.points) {
        let color = THEME.color(0);
        if beyond(y) {
            // A point beyond the panel is a tick at its edge.
            let (x, edge) = at(x, y.clamp(lo, hi));
            let inward = if y > hi { 7.0 } else { -7.0 };
            svg.line((x, edge), (x, edge + inward), Stroke::solid(color, 1.6));
        } else {
            let (x, y) = at(x, y);
            svg.circle(x, y, 1.7, color, Stroke::solid(color, 0.0));
        }
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

/// At most `MOST_POINTS` of the points: all of either end, where they matter, and some between.
fn kept(points: &[(f64, f64)]) -> impl Iterator<Item = (f64, f64)> {
    let n = points.len();
    let end = (MOST_POINTS / 4).min(n / 2);
    let inner = cloud::thin(n - 2 * end, MOST_POINTS - 2 * end).map(move |k| end + k);
    (0..end).chain(inner).chain(n - end..n).map(|k| points[k])
}
