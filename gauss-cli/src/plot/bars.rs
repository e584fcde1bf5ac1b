//! What each block of an iterative model removes, and what the model has reached by then.

use super::axis::{Axis, pad, robust_range};
use super::figure::Figure;
use super::panel::{BELOW, Grid, MARGIN, Panel, header, label_room};
use super::svg::{Anchor, Stroke, Svg, TextStyle};
use super::text;
use super::theme::{Rgb, THEME};

const WIDTH: f64 = 1040.0;
const HEIGHT: f64 = 280.0;
/// Distance between the two panels.
const GUTTER: f64 = 28.0;
/// From this ratio of the largest to the smallest positive bar the scale is logarithmic.
const LOG_FROM: f64 = 30.0;
/// Decades a logarithmic scale shows at most.
const MAX_DECADES: i32 = 8;

/// What `bars_and_line` draws; position `k` of either slice belongs to block `k + 1`.
#[derive(Debug, Clone, Copy)]
pub struct BarsAndLine<'a> {
    /// Title of the figure.
    pub title: &'a str,
    /// Line below the title; may be empty.
    pub subtitle: &'a str,
    /// Name of the horizontal axis, such as "block".
    pub x_label: &'a str,
    /// Heading and unit of the left panel.
    pub bars_label: (&'a str, &'a str),
    /// Heights of the bars.
    pub bars: &'a [f64],
    /// Heading and unit of the right panel.
    pub line_label: (&'a str, &'a str),
    /// Heights of the line.
    pub line: &'a [f64],
    /// Name and height of a horizontal reference line in the right panel.
    pub reference: Option<(&'a str, f64)>,
}

/// Two panels: bars (stems on a logarithmic scale if they span decades), and a line.
///
/// On the logarithmic scale a value that is not positive is a hollow dot on the bottom line.
pub fn bars_and_line(spec: &BarsAndLine<'_>) -> Figure {
    let mut svg = Svg::default();
    let y = header(&mut svg, spec.title, spec.subtitle) + 38.0;
    let blocks = spec.bars.len().max(spec.line.len()).max(1) as f64;
    let xa = Axis::linear(0.25, blocks + 0.75);
    let (bar_axis, log) = bar_axis(spec.bars);
    let line_axis = line_axis(spec);
    let room = label_room(&[bar_axis, line_axis], 6);
    let w = ((WIDTH - 2.0 * MARGIN - 2.0 * room - GUTTER) / 2.0).round();
    let panel = |k: f64, ya: Axis| {
        let x = (MARGIN + room + k * (room + w + GUTTER)).round();
        Panel { x, y, w, h: HEIGHT, xa, ya }
    };

    let left = panel(0.0, bar_axis);
    left.heading(&mut svg, left.x - room, spec.bars_label.0, spec.bars_label.1);
    let ticks = ticks(&left, blocks);
    left.grid(&mut svg, Grid::Rows, &ticks);
    if log {
        stems(&mut svg, &left, spec.bars);
    } else {
        bars(&mut svg, &left, spec.bars);
    }
    left.tick_labels(&mut svg, &ticks);
    left.x_label(&mut svg, spec.x_label);

    let right = panel(1.0, line_axis);
    right.heading(&mut svg, right.x - room, spec.line_label.0, spec.line_label.1);
    let ticks = self::ticks(&right, blocks);
    right.grid(&mut svg, Grid::Rows, &ticks);
    line(&mut svg, &right, spec);
    right.tick_labels(&mut svg, &ticks);
    right.x_label(&mut svg, spec.x_label);
    Figure::new(svg, spec.title, WIDTH, y + HEIGHT + BELOW + 4.0)
}

/// The panel's ticks, with whole blocks only.
fn ticks(panel: &Panel, blocks: f64) -> super::panel::Ticks {
    let (mut across, up) = panel.ticks();
    across.retain(|t| t.value.fract() == 0.0 && t.value >= 1.0 && t.value <= blocks);
    (across, up)
}

fn bar_axis(bars: &[f64]) -> (Axis, bool) {
    let positive = || bars.iter().copied().filter(|v| v.is_finite() && *v > 0.0);
    let (min, max) = (positive().fold(f64::INFINITY, f64::min), positive().fold(0.0, f64::max));
    if max >= LOG_FROM * min {
        let top = max.log10().ceil() as i32;
        let bottom = (min.log10().floor() as i32).max(top - MAX_DECADES);
        return (Axis::log10(10f64.powi(bottom), 10f64.powi(top)), true);
    }
    let (lo, hi) = robust_range(bars.iter().copied(), 0.0, 0.0).unwrap_or((0.0, 1.0));
    let (lo, hi) = (lo.min(0.0), hi.max(0.0));
    let room = 0.06 * (hi - lo);
    (
        Axis::linear(
            if lo < 0.0 { lo - room } else { 0.0 },
            if hi > 0.0 { hi + room } else { 0.0 },
        ),
        false,
    )
}

fn line_axis(spec: &BarsAndLine<'_>) -> Axis {
    let reference = spec.reference.map(|r| r.1);
    let values = spec.line.iter().copied().chain(reference);
    let (lo, hi) = robust_range(values, 0.0, 0.0).unwrap_or((0.0, 1.0));
    let (lo, hi) = pad(Axis::linear(lo, hi).range(), 0.08);
    Axis::linear(lo, hi)
}

fn bars(svg: &mut Svg, panel: &Panel, bars: &[f64]) {
    let pitch = panel.sx(2.0) - panel.sx(1.0);
    let width = (0.72 * pitch).clamp(1.0, 48.0);
    let zero = panel.sy(0.0);
    for (k, &v) in bars.iter().enumerate().filter(|(_, v)| v.is_finite()) {
        let (x, y) = (panel.sx(k as f64 + 1.0), panel.sy(v));
        svg.rect(x - 0.5 * width, y.min(zero), width, (y - zero).abs(), THEME.color(0));
    }
    svg.line((panel.x, zero), (panel.right(), zero), Stroke::solid(THEME.axis, 1.0));
}

fn stems(svg: &mut Svg, panel: &Panel, bars: &[f64]) {
    let color = THEME.color(0);
    let pitch = panel.sx(2.0) - panel.sx(1.0);
    let radius = (0.3 * pitch).clamp(1.5, 4.5);
    let bottom = panel.bottom();
    for (k, &v) in bars.iter().enumerate().filter(|(_, v)| v.is_finite()) {
        let x = panel.sx(k as f64 + 1.0);
        if v >= panel.ya.range().0 {
            let y = panel.sy(v);
            svg.line(
                (x, bottom),
                (x, y),
                Stroke::solid(color.tint(0.45), (0.22 * pitch).clamp(1.0, 2.0)),
            );
            svg.circle(x, y, radius, color, Stroke::solid(color, 0.0));
        } else {
            svg.circle(
                x,
                bottom - radius - 2.0,
                radius,
                Rgb(255, 255, 255),
                Stroke::solid(color, 1.2),
            );
        }
    }
    if bars.iter().any(|&v| v <= 0.0) {
        let style = TextStyle::IN_PANEL.anchor(Anchor::End);
        svg.text(panel.right(), panel.y + 16.0, "○ not positive", style);
    }
}

fn line(svg: &mut Svg, panel: &Panel, spec: &BarsAndLine<'_>) {
    let color = THEME.color(1);
    let at = |(k, &v): (usize, &f64)| {
        (panel.sx(k as f64 + 1.0), if v.is_finite() { panel.sy(v) } else { f64::NAN })
    };
    let points: Vec<(f64, f64)> = spec.line.iter().enumerate().map(at).collect();
    let mut label = None;
    if let Some((name, v)) = spec.reference.filter(|r| r.1.is_finite()) {
        let y = panel.sy(v);
        let stroke = Stroke { color: THEME.ink, width: 1.2, dash: Some((1.5, 3.0)) };
        svg.line((panel.x, y), (panel.right(), y), stroke);
        // The label stands on the side of the line on which there is less of the curve.
        let end = panel.right() - text::width(name, THEME.tick) - 12.0;
        let near = || points.iter().filter(|p| p.0 >= end && p.1.is_finite());
        let above = near().filter(|p| p.1 < y).count();
        let drop = if 2 * above > near().count() { 15.0 } else { -6.0 };
        label = Some((y + drop, name));
    }
    svg.polyline(&points, Stroke::solid(color, 2.0));
    let radius = (0.25 * (panel.sx(2.0) - panel.sx(1.0))).clamp(1.5, 4.0);
    for &(x, y) in points.iter().filter(|p| p.1.is_finite()) {
        svg.circle(x, y, radius, color, Stroke::solid(color, 0.0));
    }
    if let Some((y, name)) = label {
        let style = TextStyle { color: THEME.ink, ..TextStyle::IN_PANEL }.anchor(Anchor::End);
        svg.text(panel.right(), y, name, style);
    }
}
