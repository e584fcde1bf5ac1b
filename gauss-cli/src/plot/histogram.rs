//! The distribution of an error over its decades, with its quantiles marked.

use super::axis::{Axis, Tick};
use super::bins::Bins;
use super::figure::Figure;
use super::panel::{BELOW, Grid, MARGIN, Panel, bold_width, header};
use super::svg::{Stroke, Svg, TextStyle};
use super::text;
use super::theme::THEME;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 240.0;
/// Height of one row of labels above the panel.
const ROW: f64 = 20.0;

/// What `histogram` draws.
#[derive(Debug, Clone, Copy)]
pub struct Histogram<'a> {
    /// Title of the figure.
    pub title: &'a str,
    /// Line below the title; may be empty.
    pub subtitle: &'a str,
    /// Name of the error.
    pub x_label: &'a str,
    /// `[n]`: absolute errors, not their logarithms. Zeros have no place on the axis and are
    /// counted in words; the quantiles include them.
    pub errors: &'a [f64],
    /// Name and value of one more vertical line, such as a tolerance.
    pub reference: Option<(&'a str, f64)>,
}

/// A vertical line with its label.
struct Mark {
    value: f64,
    label: String,
    stroke: Stroke,
    row: usize,
}

/// The histogram of log10 of the errors, with lines at the median, the 95th percentile, the
/// maximum and the reference.
pub fn histogram(spec: &Histogram<'_>) -> Figure {
    let mut svg = Svg::default();
    let mut y = header(&mut svg, spec.title, spec.subtitle) + 8.0;
    let mut sorted: Vec<f64> = spec.errors.iter().copied().filter(|e| e.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let logs: Vec<f64> = sorted.iter().filter(|e| **e > 0.0).map(|e| e.log10()).collect();
    let mut marks = marks(&sorted, spec.reference);

    let extremes = logs.first().into_iter().chain(logs.last()).copied();
    let all = extremes.chain(marks.iter().map(|m| m.value));
    let (lo, hi) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |r, v| (r.0.min(v), r.1.max(v)));
    let (lo, hi) = if lo <= hi { (lo, hi) } else { (-16.0, -15.0) };
    let room = (0.04 * (hi - lo)).max(0.1);
    let xa = Axis::linear(lo - room, hi + room);
    let ends = (logs.first().copied().unwrap_or(lo), logs.last().copied().unwrap_or(hi));
    let bins = Bins::new(&logs, &Axis::linear(ends.0, ends.1));
    let mut panel = Panel {
        x: MARGIN,
        y,
        w: WIDTH - 2.0 * MARGIN - 150.0,
        h: HEIGHT,
        xa,
        ya: Axis::linear(0.0, 1.04 * bins.peak()),
    };
    stagger(&mut marks, &panel);
    let rows = marks.iter().map(|m| m.row + 1).max().unwrap_or(0);
    y += rows as f64 * ROW + 6.0;
    panel.y = y;

    let outline: Vec<(f64, f64)> =
        bins.outline().iter().map(|&(v, d)| (panel.sx(v), panel.sy(d))).collect();
    svg.area(&outline, THEME.color(0).tint(0.55));
    for mark in &marks {
        let (x, top) = (panel.sx(mark.value), panel.y - 6.0 - mark.row as f64 * ROW);
        svg.line((x, top - 11.0), (x, panel.bottom()), mark.stroke);
        svg.text(x + 6.0, top - 2.0, &mark.label, TextStyle::LABEL);
    }
    let ticks = (decades(&panel), Vec::new());
    panel.grid(&mut svg, Grid::None, &ticks);
    panel.tick_labels(&mut svg, &ticks);
    panel.x_label(&mut svg, spec.x_label);
    note(&mut svg, &panel, spec.errors);
    Figure::new(svg, spec.title, WIDTH, panel.bottom() + BELOW + 4.0)
}

/// Ticks at powers of ten; on less than a decade and a half, at round values between them.
fn decades(panel: &Panel) -> Vec<Tick> {
    let (lo, hi) = panel.xa.range();
    let target = (panel.w / 65.0) as usize;
    if hi - lo >= 1.5 {
        let whole = panel.xa.ticks(target).into_iter().filter(|t| t.value.fract().abs() < 1e-9);
        let label = |v: f64| text::power_of_ten(v.round() as i32);
        return whole.map(|t| Tick { label: label(t.value), ..t }).collect();
    }
    let inner = panel.xa.ticks(4);
    inner.into_iter().map(|t| Tick { label: text::compact(10f64.powf(t.value), 2), ..t }).collect()
}

/// The lines, from left to right; those of quantiles that are zero are left out.
fn marks(sorted: &[f64], reference: Option<(&str, f64)>) -> Vec<Mark> {
    let quantile =
        |p: f64| sorted.get((p * sorted.len().saturating_sub(1) as f64).round() as usize);
    let named = [
        ("median", quantile(0.5)),
        ("95th percentile", quantile(0.95)),
        ("maximum", quantile(1.0)),
    ];
    let own =
        named.into_iter().filter_map(|(name, v)| Some((name, *v?, Stroke::solid(THEME.ink, 1.4))));
    let other = reference.map(|(name, v)| (name, v, Stroke::dashed(THEME.color(1), 1.6)));
    let mut marks: Vec<Mark> = own
        .chain(other)
        .filter(|m| m.1 > 0.0 && m.1.is_finite())
        .map(|(name, v, stroke)| Mark {
            value: v.log10(),
            label: format!("{name} {}", text::compact(v, 2)),
            stroke,
            row: 0,
        })
        .collect();
    marks.sort_by(|a, b| a.value.total_cmp(&b.value));
    marks
}

/// Puts each label above all lines and labels that it would meet to its right.
fn stagger(marks: &mut [Mark], panel: &Panel) {
    for i in (0..marks.len()).rev() {
        let end = panel.sx(marks[i].value) + 6.0 + bold_width(&marks[i].label, THEME.label) + 8.0;
        let met = marks[i + 1..].iter().filter(|m| panel.sx(m.value) < end);
        marks[i].row = met.map(|m| m.row + 1).max().unwrap_or(0);
    }
}

/// How many errors the histogram cannot show.
fn note(svg: &mut Svg, panel: &Panel, errors: &[f64]) {
    let zeros = errors.iter().filter(|e| **e == 0.0).count();
    let lost = errors.iter().filter(|e| !e.is_finite()).count();
    let counts = [(zeros, "exactly 0"), (lost, "not finite")];
    let words = counts.iter().filter(|c| c.0 > 0).map(|(n, what)| format!("{n} {what}"));
    for (k, words) in words.enumerate() {
        svg.text(
            panel.right() + 12.0,
            panel.bottom() - 4.0 - 18.0 * k as f64,
            &words,
            TextStyle::NOTE,
        );
    }
}
