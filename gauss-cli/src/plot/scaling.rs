//! Scaling curves: cost against size, both on logarithmic scales, where a power law is a line and
//! its exponent the slope.

use super::axis::{Axis, Tick};
use super::figure::Figure;
use super::panel::{BELOW, Grid, MARGIN, Mark, Panel, header, label_room, legend};
use super::svg::{Anchor, Stroke, Svg, TextStyle};
use super::text;
use super::theme::{Rgb, THEME};

const WIDTH: f64 = 1040.0;
const HEIGHT: f64 = 280.0;
/// Distance between two panels.
const GUTTER: f64 = 30.0;
/// Height of a panel's heading.
const HEADING: f64 = 34.0;
/// Room for an exponent right of its curve.
const LABEL_WIDTH: f64 = 40.0;
/// Least distance of two exponents' baselines.
const LABEL_STEP: f64 = 15.0;
/// The line of slope 1.
const GUIDE: Stroke = Stroke { color: Rgb(0x9a, 0xa2, 0xad), width: 1.2, dash: Some((1.5, 3.0)) };

/// One measured cost.
#[derive(Debug, Clone, Copy)]
pub struct ScalingCurve<'a> {
    /// Its name, for the legend; the same in every panel.
    pub name: &'a str,
    /// (size, cost), by rising size; what is not positive is left out.
    pub points: &'a [(f64, f64)],
    /// Index of the series colour.
    pub color: usize,
    /// The fitted exponent, written at the curve's end.
    pub exponent: f64,
}

/// The costs over one kind of size.
#[derive(Debug, Clone, Copy)]
pub struct ScalingPanel<'a> {
    /// Name of the panel.
    pub title: &'a str,
    /// What is kept fixed, beside the name.
    pub note: &'a str,
    /// Name of the size.
    pub x_label: &'a str,
    /// The curves, drawn in this order.
    pub curves: &'a [ScalingCurve<'a>],
}

/// What `scaling_curves` draws.
#[derive(Debug, Clone, Copy)]
pub struct ScalingCurves<'a> {
    /// Title of the figure.
    pub title: &'a str,
    /// Line below the title; may be empty.
    pub subtitle: &'a str,
    /// Side by side.
    pub panels: &'a [ScalingPanel<'a>],
}

/// Panels side by side, each with scales of its own. Every curve has its exponent at its end and
/// a dotted line of slope 1 through its last point, so that what departs from it is seen.
pub fn scaling_curves(spec: &ScalingCurves<'_>) -> Figure {
    let mut svg = Svg::default();
    let mut y = header(&mut svg, spec.title, spec.subtitle);
    y += legend(&mut svg, MARGIN, y, WIDTH - 2.0 * MARGIN, &entries(spec));

    let count = spec.panels.len().max(1) as f64;
    let axes: Vec<(Axis, Axis)> = spec.panels.iter().map(|p| axes(p.curves)).collect();
    let room = label_room(&axes.iter().map(|a| a.1).collect::<Vec<_>>(), 5);
    let w = (WIDTH - 2.0 * MARGIN - count * room - (count - 1.0) * GUTTER) / count;
    for (k, (one, &(xa, ya))) in spec.panels.iter().zip(&axes).enumerate() {
        let x = MARGIN + room + k as f64 * (room + w + GUTTER);
        let panel = Panel { x: x.round(), y: y + HEADING, w: w.round(), h: HEIGHT, xa, ya };
        // The curves end before the exponents begin.
        let inner = Panel { w: panel.w - LABEL_WIDTH, ..panel };
        panel.heading(&mut svg, x - room, one.title, one.note);
        let ticks = (x_ticks(one.curves, xa), y_ticks(ya));
        inner.grid(&mut svg, Grid::Rows, &ticks);
        draw(&mut svg, &inner, one.curves);
        inner.tick_labels(&mut svg, &ticks);
        inner.x_label(&mut svg, one.x_label);
    }
    Figure::new(svg, spec.title, WIDTH, y + HEADING + HEIGHT + BELOW + 4.0)
}

/// Each name once, then the line of slope 1.
fn entries<'a>(spec: &ScalingCurves<'a>) -> Vec<(&'a str, Mark)> {
    let mut entries: Vec<(&str, Mark)> = Vec::new();
    for curve in spec.panels.iter().flat_map(|p| p.curves) {
        if !entries.iter().any(|e| e.0 == curve.name) {
            entries.push((curve.name, Mark::Line(stroke(curve))));
        }
    }
    entries.push(("proportional; at the end of a curve, its fitted exponent", Mark::Line(GUIDE)));
    entries
}

fn stroke(curve: &ScalingCurve<'_>) -> Stroke {
    Stroke::solid(THEME.color(curve.color), 1.8)
}

/// The points that a logarithmic scale can show.
fn shown<'a>(curves: &'a [ScalingCurve<'a>]) -> impl Iterator<Item = (f64, f64)> + 'a {
    let positive = |v: f64| v > 0.0 && v.is_finite();
    let all = curves.iter().flat_map(|c| c.points).copied();
    all.filter(move |p| positive(p.0) && positive(p.1))
}

fn axes(curves: &[ScalingCurve<'_>]) -> (Axis, Axis) {
    let padded = |values: &mut dyn Iterator<Item = f64>, share: f64| {
        let ends = (f64::INFINITY, 0.0_f64);
        let (lo, hi) = values.fold(ends, |(lo, hi), v| (lo.min(v), hi.max(v)));
        let room = (hi / lo).powf(share).max(1.05);
        Axis::log10(lo / room, hi * room)
    };
    (padded(&mut shown(curves).map(|p| p.0), 0.04), padded(&mut shown(curves).map(|p| p.1), 0.08))
}

/// Powers of ten; on less than two decades, the sizes that were measured.
fn x_ticks(curves: &[ScalingCurve<'_>], axis: Axis) -> Vec<Tick> {
    let (lo, hi) = axis.range();
    if hi / lo >= 100.0 {
        return axis.ticks(6);
    }
    let mut sizes: Vec<f64> = shown(curves).map(|p| p.0).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.dedup();
    let every = sizes.len().div_ceil(8).max(1);
    let label = |value: f64| {
        let whole = value.fract() == 0.0 && value < 1e6;
        Tick { value, label: if whole { text::number(value, 0) } else { text::compact(value, 3) } }
    };
    sizes.into_iter().step_by(every).map(label).collect()
}

/// Powers of ten; on less than two decades also 2 and 5 times them.
fn y_ticks(axis: Axis) -> Vec<Tick> {
    let (lo, hi) = axis.range();
    if !(hi / lo < 100.0) {
        return axis.ticks(5);
    }
    let first = lo.log10().floor() as i32;
    let values = (first..first + 3).flat_map(|k| [1.0, 2.0, 5.0].map(|m| m * 10f64.powi(k)));
    let label = |value: f64| Tick { value, label: text::compact(value, 1) };
    values.filter(|v| axis.contains(*v)).map(label).collect()
}

fn draw(svg: &mut Svg, panel: &Panel, curves: &[ScalingCurve<'_>]) {
    // (baseline, exponent, colour) of the labels.
    let mut labels: Vec<(f64, f64, Rgb)> = Vec::new();
    panel.begin_clip(svg);
    for curve in curves {
        let own = [*curve];
        let Some((last_x, last_y)) = shown(&own).last() else { continue };
        let guide = |x: f64| (panel.sx(x), panel.sy(last_y * (x / last_x)));
        svg.line(guide(panel.xa.range().0), guide(last_x), GUIDE);
    }
    for curve in curves {
        let own = [*curve];
        let at: Vec<(f64, f64)> = shown(&own).map(|(x, y)| (panel.sx(x), panel.sy(y))).collect();
        svg.polyline(&at, stroke(curve));
        let rim = Stroke::solid(Rgb(0xff, 0xff, 0xff), 1.2);
        for &(x, y) in &at {
            svg.circle(x, y, 3.6, THEME.color(curve.color), rim);
        }
        if let Some(&(_, y)) = at.last() {
            labels.push((y + 0.35 * THEME.tick, curve.exponent, THEME.color(curve.color)));
        }
    }
    svg.end_clip();
    // From the top down, none on another.
    labels.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut free = f64::NEG_INFINITY;
    for (baseline, exponent, color) in labels.into_iter().filter(|l| l.1.is_finite()) {
        let y = baseline.max(free);
        free = y + LABEL_STEP;
        let style = TextStyle { color, bold: true, ..TextStyle::TICK }.anchor(Anchor::Start);
        svg.text(panel.right() + 4.0, y, &text::number(exponent, 2), style);
    }
}
