//! Training curves: the whole run, and its later part on a scale of its own.

use super::axis::{Axis, pad, robust_range};
use super::figure::Figure;
use super::panel::{BELOW, Grid, MARGIN, Mark, Panel, header, label_room, legend};
use super::svg::{Stroke, Svg, TextStyle};
use super::text;
use super::theme::THEME;

const WIDTH: f64 = 1040.0;
const HEIGHT: f64 = 300.0;
/// Distance between the two panels.
const GUTTER: f64 = 28.0;
/// Most points drawn per curve and panel; beyond, each stretch is drawn by its extremes.
const MAX_POINTS: usize = 1200;

/// One curve.
#[derive(Debug, Clone, Copy)]
pub struct Series<'a> {
    /// Its name, for the legend.
    pub name: &'a str,
    /// (epoch, value), by rising epoch.
    pub points: &'a [(f64, f64)],
    /// Index of the series colour; a model's training and validation curves share one.
    pub color: usize,
    /// Dashed, as for validation.
    pub dashed: bool,
}

/// What `training_curves` draws.
#[derive(Debug, Clone, Copy)]
pub struct TrainingCurves<'a> {
    /// Title of the figure.
    pub title: &'a str,
    /// Line below the title; may be empty.
    pub subtitle: &'a str,
    /// The quantity and its unit.
    pub y_label: &'a str,
    /// The curves, drawn in this order.
    pub series: &'a [Series<'a>],
    /// Name and height of a horizontal reference line.
    pub reference: Option<(&'a str, f64)>,
    /// First epoch of the second panel.
    pub zoom_from: f64,
}

/// Two panels: all epochs, with limits that a few huge early values do not widen, and the epochs
/// from `zoom_from` on with the limits of their own values. A run without such epochs has the
/// first panel only.
pub fn training_curves(spec: &TrainingCurves<'_>) -> Figure {
    let mut svg = Svg::default();
    let mut y = header(&mut svg, spec.title, spec.subtitle);
    let reference_stroke = Stroke { color: THEME.ink, width: 1.2, dash: Some((1.5, 3.0)) };
    let mut entries: Vec<(&str, Mark)> =
        spec.series.iter().map(|s| (s.name, Mark::Line(stroke(s)))).collect();
    if let Some((name, _)) = spec.reference {
        entries.push((name, Mark::Line(reference_stroke)));
    }
    y += legend(&mut svg, MARGIN, y, WIDTH - 2.0 * MARGIN, &entries);

    let from = [f64::NEG_INFINITY, spec.zoom_from];
    let later = spec.series.iter().any(|s| s.points.iter().filter(|p| p.0 >= from[1]).count() > 1);
    let count = if later { 2 } else { 1 };
    let axes: Vec<(Axis, Axis)> = (0..count).map(|k| axes(spec, from[k], k == 0)).collect();
    let room = label_room(&axes.iter().map(|a| a.1).collect::<Vec<_>>(), 6);
    let w =
        (WIDTH - 2.0 * MARGIN - count as f64 * room - (count - 1) as f64 * GUTTER) / count as f64;
    for (k, &(xa, ya)) in axes.iter().enumerate() {
        let x = MARGIN + room + k as f64 * (room + w + GUTTER);
        let panel = Panel { x: x.round(), y: y + 34.0, w: w.round(), h: HEIGHT, xa, ya };
        let heading = match k {
            0 => "All epochs".to_owned(),
            _ => format!("From epoch {}", text::number(spec.zoom_from, 0)),
        };
        panel.heading(&mut svg, x - room, &heading, spec.y_label);
        let mut ticks = panel.ticks();
        if ticks.0.iter().any(|t| t.value.fract() != 0.0) {
            ticks.0 = panel.xa.ticks_by(1.0);
        }
        panel.grid(&mut svg, Grid::Rows, &ticks);
        panel.begin_clip(&mut svg);
        if let Some((_, v)) = spec.reference.filter(|r| ya.contains(r.1)) {
            svg.line((panel.x, panel.sy(v)), (panel.right(), panel.sy(v)), reference_stroke);
        }
        for series in spec.series {
            let shown: Vec<(f64, f64)> =
                series.points.iter().copied().filter(|p| p.0 >= from[k]).collect();
            let points: Vec<(f64, f64)> = thin_out(&shown)
                .into_iter()
                .map(|(e, v)| (panel.sx(e), if v.is_finite() { panel.sy(v) } else { v }))
                .collect();
            svg.polyline(&points, stroke(series));
        }
        svg.end_clip();
        mark_cut(&mut svg, &panel, spec.series);
        panel.tick_labels(&mut svg, &ticks);
        panel.x_label(&mut svg, "epoch");
    }
    Figure::new(svg, spec.title, WIDTH, y + 34.0 + HEIGHT + BELOW + 4.0)
}

fn stroke(series: &Series<'_>) -> Stroke {
    let color = THEME.color(series.color);
    if series.dashed { Stroke::dashed(color, 1.8) } else { Stroke::solid(color, 1.8) }
}

/// The axes of the panel from epoch `from` on; a `tolerant` one leaves out extreme values.
fn axes(spec: &TrainingCurves<'_>, from: f64, tolerant: bool) -> (Axis, Axis) {
    let shown = || spec.series.iter().flat_map(|s| s.points.iter()).filter(move |p| p.0 >= from);
    let (tail, reach) = if tolerant { (0.1, 3.0) } else { (0.0, 0.0) };
    let epochs = robust_range(shown().map(|p| p.0), 0.0, 0.0).unwrap_or((0.0, 1.0));
    let values = robust_range(shown().map(|p| p.1), tail, reach).unwrap_or((0.0, 1.0));
    let reference = spec.reference.map_or(f64::NAN, |r| r.1);
    // A reference line far away would squeeze the curves: then it stays outside the panel.
    let near = |v: f64| {
        (v - values.0.clamp(v.min(values.1), values.1)).abs() <= 3.0 * (values.1 - values.0)
    };
    let values = if reference.is_finite() && near(reference) {
        (values.0.min(reference), values.1.max(reference))
    } else {
        values
    };
    let (lo, hi) = Axis::linear(values.0, values.1).range();
    let (lo, hi) = pad((lo, hi), 0.06);
    (Axis::linear(epochs.0, epochs.1), Axis::linear(lo, hi))
}

/// Says how far a curve goes beyond the panel, where it does.
fn mark_cut(svg: &mut Svg, panel: &Panel, series: &[Series<'_>]) {
    let (lo, hi) = panel.ya.range();
    let points = || {
        let all = series.iter().flat_map(|s| s.points.iter());
        all.filter(|p| p.1.is_finite() && panel.xa.contains(p.0))
    };
    let highest = points().map(|p| p.1).fold(f64::NEG_INFINITY, f64::max);
    let lowest = points().map(|p| p.1).fold(f64::INFINITY, f64::min);
    // The note stands right of the curves where they pass through its height.
    let band = 0.09 * (hi - lo);
    let last = |near: &dyn Fn(f64) -> bool| {
        points().filter(|p| near(p.1)).map(|p| p.0).fold(panel.xa.range().0, f64::max)
    };
    let mut note = |words: &str, v: f64, epoch: f64, y: f64| {
        let note = format!("{words} {}", text::compact(v, 3));
        let room = text::width(&note, THEME.tick) + 8.0;
        let x = (panel.sx(epoch) + 14.0).min(panel.right() - room);
        svg.text(x, y, &note, TextStyle::IN_PANEL);
    };
    if highest > hi {
        note("▲ up to", highest, last(&|v| v > hi - band), panel.y + 13.0);
    }
    if lowest < lo {
        note("▼ down to", lowest, last(&|v| v < lo + band), panel.bottom() - 8.0);
    }
}

/// At most about `MAX_POINTS` points: of each stretch its smallest and its largest value.
fn thin_out(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    if points.len() <= MAX_POINTS {
        return points.to_vec();
    }
    let mut kept = Vec::with_capacity(MAX_POINTS + 2);
    for stretch in points.chunks(2 * points.len() / MAX_POINTS + 1) {
        let by_value = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
        let ends = [stretch.iter().min_by(by_value), stretch.iter().max_by(by_value)];
        let mut ends: Vec<(f64, f64)> = ends.into_iter().flatten().copied().collect();
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        kept.extend(ends);
    }
    kept.extend(points.last());
    kept
}
