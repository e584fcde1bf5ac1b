//! A column of a table laid along an axis: its name, its range, its ticks.

use super::axis::{Axis, Tick};
use super::panel::Panel;
use super::text;
use super::theme::THEME;

/// Least distance between the labels of two ticks, pixels.
const BETWEEN: f64 = 8.0;
/// Least room a label is shortened to; below, it says nothing.
const LEAST: f64 = 20.0;

/// How the values of a column are laid along an axis.
#[derive(Debug, Clone)]
pub struct Scale {
    /// The column's name.
    pub name: String,
    /// The range drawn.
    pub axis: Axis,
    /// Ticks of its own, where a position is not what the reader knows: the levels of a category,
    /// powers of ten on the axis of a logarithm.
    pub ticks: Option<Vec<Tick>>,
    /// The values are whole numbers, each with a cell of length one.
    pub whole: bool,
}

impl Scale {
    /// A scale of real numbers.
    pub fn real(name: impl Into<String>, axis: Axis) -> Self {
        Self { name: name.into(), axis, ticks: None, whole: false }
    }

    /// About `target` ticks within the range.
    pub fn ticks(&self, target: usize) -> Vec<Tick> {
        let mut ticks = self.ticks.clone().unwrap_or_else(|| self.axis.ticks(target));
        let free = self.ticks.is_some() || !self.whole;
        ticks.retain(|t| self.axis.contains(t.value) && (free || t.value.fract().abs() < 1e-6));
        ticks
    }

    /// Ticks for the bottom of `panel`: labels shortened to their place, and only as many as stand
    /// apart.
    pub fn across(&self, panel: &Panel) -> Vec<Tick> {
        let ticks = self.ticks(((panel.w / 48.0) as usize).max(3));
        let pitch = ticks.windows(2).map(|w| panel.sx(w[1].value) - panel.sx(w[0].value));
        let room = (pitch.fold(panel.w, f64::min) - BETWEEN).max(LEAST);
        let mut end = f64::NEG_INFINITY;
        let fitted = ticks.into_iter().filter_map(|tick| {
            let label = if self.ticks.is_some() {
                text::shortened(&tick.label, THEME.tick, room)
            } else {
                tick.label
            };
            let half = 0.5 * text::width(&label, THEME.tick);
            let x = panel.sx(tick.value);
            (x - half >= end + BETWEEN).then(|| {
                end = x + half;
                Tick { label, ..tick }
            })
        });
        fitted.collect()
    }

    /// Ticks for the left of `panel`, whose labels may take `room` pixels.
    pub fn up(&self, panel: &Panel, room: f64) -> Vec<Tick> {
        let mut last = f64::INFINITY;
        let mut ticks = self.ticks((panel.h / 44.0) as usize);
        ticks.retain_mut(|tick| {
            tick.label = text::shortened(&tick.label, THEME.tick, room);
            let y = panel.sy(tick.value);
            let apart = y <= last - THEME.tick - 1.0;
            if apart {
                last = y;
            }
            apart
        });
        ticks
    }
}
