//! A panel (a rectangle with two axes), and the header and legend above the panels.

use super::axis::{Axis, Tick, nice_step};
use super::svg::{Anchor, Stroke, Svg, TextStyle};
use super::text;
use super::theme::{Rgb, THEME};

/// Space kept free around a figure.
pub const MARGIN: f64 = 16.0;
/// Distance from the bottom of a panel to the baseline of its tick labels.
const TICK_DROP: f64 = 18.0;
/// Distance from the bottom of a panel to the baseline of its axis label.
const LABEL_DROP: f64 = 40.0;
/// Height below a panel that ticks and an axis label take.
pub const BELOW: f64 = 48.0;

/// Which grid lines a panel shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grid {
    /// Horizontal lines.
    Rows,
    /// Vertical and horizontal lines, for point clouds.
    Both,
    /// Neither.
    None,
}

/// Ticks of the horizontal and of the vertical axis.
pub type Ticks = (Vec<Tick>, Vec<Tick>);

/// A rectangle of the figure with its two axes.
#[derive(Debug, Clone, Copy)]
pub struct Panel {
    /// Left edge, pixels.
    pub x: f64,
    /// Top edge, pixels.
    pub y: f64,
    /// Width, pixels.
    pub w: f64,
    /// Height, pixels.
    pub h: f64,
    /// Horizontal axis.
    pub xa: Axis,
    /// Vertical axis.
    pub ya: Axis,
}

impl Panel {
    /// Horizontal position of the value `v`.
    pub fn sx(&self, v: f64) -> f64 {
        self.x + self.w * self.xa.share(v)
    }

    /// Vertical position of the value `v`.
    pub fn sy(&self, v: f64) -> f64 {
        self.y + self.h * (1.0 - self.ya.share(v))
    }

    /// The bottom edge.
    pub fn bottom(&self) -> f64 {
        self.y + self.h
    }

    /// The right edge.
    pub fn right(&self) -> f64 {
        self.x + self.w
    }

    /// Ticks that suit the panel's size, horizontal and vertical.
    pub fn ticks(&self) -> Ticks {
        let count = |length: f64, each: f64| ((length / each) as usize).max(2);
        (self.xa.ticks(count(self.w, 75.0)), self.ya.ticks(count(self.h, 48.0)))
    }

    /// Ticks for equal scales, about `each` pixels apart: both axes have the same step, with which
    /// both have two ticks, for one alone shows no scale.
    pub fn equal_ticks(&self, each: f64) -> Ticks {
        let (lo, hi) = self.xa.range();
        let step = nice_step((hi - lo) / (self.w / each).max(1.0));
        let ticks = |step: f64| (self.xa.ticks_by(step), self.ya.ticks_by(step));
        let enough = |ticks: &Ticks| ticks.0.len().min(ticks.1.len()) >= 2;
        let finer = [step, step / 2.0, step / 4.0].map(nice_step).map(ticks);
        finer.into_iter().find(enough).unwrap_or_else(|| ticks(step))
    }

    /// Grid lines and the line along the bottom.
    pub fn grid(&self, svg: &mut Svg, grid: Grid, ticks: &Ticks) {
        let thin = Stroke::solid(THEME.grid, 1.0);
        if grid == Grid::Both {
            for tick in &ticks.0 {
                let x = crisp(self.sx(tick.value));
                svg.line((x, self.y), (x, self.bottom()), thin);
            }
        }
        if grid != Grid::None {
            for tick in &ticks.1 {
                let y = crisp(self.sy(tick.value));
                svg.line((self.x, y), (self.right(), y), thin);
            }
        }
    }

    /// The bottom line with its ticks, and the labels of both axes' ticks.
    pub fn tick_labels(&self, svg: &mut Svg, ticks: &Ticks) {
        let bottom = crisp(self.bottom());
        let stroke = Stroke::solid(THEME.axis, 1.0);
        svg.line((self.x, bottom), (self.right(), bottom), stroke);
        for tick in &ticks.0 {
            let x = crisp(self.sx(tick.value));
            svg.line((x, bottom), (x, bottom + 4.0), stroke);
            let style = TextStyle::TICK.anchor(Anchor::Middle);
            svg.text(x, self.bottom() + TICK_DROP, &tick.label, style);
        }
        for tick in &ticks.1 {
            let y = self.sy(tick.value) + 0.35 * THEME.tick;
            svg.text(self.x - 8.0, y, &tick.label, TextStyle::TICK.anchor(Anchor::End));
        }
    }

    /// The label of the horizontal axis, centred below it.
    pub fn x_label(&self, svg: &mut Svg, label: &str) {
        let style = TextStyle::NOTE.anchor(Anchor::Middle);
        svg.text(self.x + 0.5 * self.w, self.bottom() + LABEL_DROP, label, style);
    }

    /// The label of the vertical axis, `gap` pixels left of the panel, running upwards.
    pub fn y_label(&self, svg: &mut Svg, label: &str, gap: f64) {
        svg.text_upwards(self.x - gap, self.y + 0.5 * self.h, label, TextStyle::NOTE);
    }

    /// The panel's name and a grey note beside it, above the panel, from `x` on.
    pub fn heading(&self, svg: &mut Svg, x: f64, name: &str, note: &str) {
        let y = self.y - 15.0;
        svg.text(x, y, name, TextStyle::HEADING);
        let indent = if name.is_empty() { 0.0 } else { bold_width(name, THEME.label) + 8.0 };
        svg.text(x + indent, y, note, TextStyle::NOTE);
    }

    /// Begins drawing clipped to the panel.
    pub fn begin_clip(&self, svg: &mut Svg) {
        svg.begin_clip(self.x, self.y, self.w, self.h);
    }
}

/// The middle of the pixel that holds `v`: thin lines stay sharp there.
pub fn crisp(v: f64) -> f64 {
    (v - 0.5).round() + 0.5
}

/// Width of semibold text.
pub fn bold_width(text: &str, size: f64) -> f64 {
    1.05 * text::width(text, size)
}

/// Room for the widest tick label of several panels' vertical axes.
pub fn label_room(axes: &[Axis], target: usize) -> f64 {
    let labels = axes.iter().flat_map(|axis| axis.ticks(target));
    labels.map(|tick| text::width(&tick.label, THEME.tick)).fold(12.0, f64::max) + 10.0
}

/// Title and subtitle at the top left; returns the height they take, margin included.
pub fn header(svg: &mut Svg, title: &str, subtitle: &str) -> f64 {
    let mut y = MARGIN;
    if !title.is_empty() {
        svg.text(MARGIN, y + 14.0, title, TextStyle::TITLE);
        y += 26.0;
    }
    if !subtitle.is_empty() {
        svg.text(MARGIN, y + 11.0, subtitle, TextStyle::NOTE);
        y += 22.0;
    }
    y
}

/// [`header`] with the subtitle in as many lines as a figure of `width` pixels needs.
pub fn wrapped_header(svg: &mut Svg, title: &str, subtitle: &str, width: f64) -> f64 {
    let mut y = header(svg, title, "");
    for line in text::wrapped(subtitle, THEME.label, width - 2.0 * MARGIN) {
        svg.text(MARGIN, y + 11.0, &line, TextStyle::NOTE);
        y += 19.0;
    }
    y + 3.0
}

/// The sample shown beside a legend entry.
#[derive(Debug, Clone, Copy)]
pub enum Mark {
    /// A piece of line.
    Line(Stroke),
    /// A filled square.
    Fill(Rgb),
    /// A dot.
    Dot(Rgb),
}

/// Legend entries in rows of at most `width` pixels from (x, y) down; returns the height taken.
pub fn legend(svg: &mut Svg, x: f64, y: f64, width: f64, entries: &[(&str, Mark)]) -> f64 {
    if entries.is_empty() {
        return 0.0;
    }
    let (mut left, mut row) = (x, y + 8.0);
    for (label, mark) in entries {
        let sample = if matches!(mark, Mark::Line(_)) { 24.0 } else { 12.0 };
        let length = sample + 7.0 + text::width(label, THEME.label);
        if left > x && left + length > x + width {
            (left, row) = (x, row + 20.0);
        }
        match *mark {
            Mark::Line(stroke) => svg.line((left, row), (left + sample, row), stroke),
            Mark::Fill(fill) => svg.rect(left, row - 6.0, sample, 12.0, fill),
            Mark::Dot(fill) => svg.circle(left + 6.0, row, 4.0, fill, Stroke::solid(fill, 0.0)),
        }
        svg.text(left + sample + 7.0, row + 4.5, label, TextStyle::LABEL);
        left += length + 22.0;
    }
    row - y + 18.0
}
