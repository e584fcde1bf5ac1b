//! A column of a table laid along an axis: its name, its range, its ticks.

use super::axis::{Axis, Tick};
use super::panel::Panel;
use super::text;
use super::theme::THEME;

/// Least distance between the labels of two ticks, pixels.
const BETWEEN: f64 = 8.0;
/// Least room a name is shortened to, and most it is given beside a panel, pixels.
const LEAST: f64 = 28.0;
const LONGEST: f64 = 56.0;

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

    /// Ticks for the bottom of `panel`: as many as stand apart, names shortened to their place.
    pub fn across(&self, panel: &Panel) -> Vec<Tick> {
        let mut ticks = self.ticks(((panel.w / 48.0) as usize).max(3));
        if self.ticks.is_some() {
            let place = |tick: &Tick| panel.sx(tick.value);
            let pitch =
                ticks.windows(2).map(|w| place(&w[1]) - place(&w[0])).fold(panel.w, f64::min);
            let stride = ((LEAST + BETWEEN) / pitch).ceil().max(1.0);
            ticks = ticks.into_iter().step_by(stride as usize).collect();
            for tick in &mut ticks {
                let room = stride * pitch - BETWEEN;
                tick.label = text::shortened(&tick.label, THEME.tick, room);
            }
        }
        let mut end = f64::NEG_INFINITY;
        ticks.retain(|tick| {
            let half = 0.5 * text::width(&tick.label, THEME.tick);
            let x = panel.sx(tick.value);
            let apart = x - half >= end + BETWEEN;
            if apart {
                end = x + half;
            }
            apart
        });
        ticks
    }

    /// Ticks for the left of `panel`: as many as stand apart, names shortened to `LONGEST`.
    pub fn up(&self, panel: &Panel) -> Vec<Tick> {
        let mut last = f64::INFINITY;
        let mut ticks = self.ticks(((panel.h / 44.0) as usize).max(2));
        ticks.retain_mut(|tick| {
            if self.ticks.is_some() {
                tick.label = text::shortened(&tick.label, THEME.tick, LONGEST);
            }
            let y = panel.sy(tick.value);
            let apart = y <= last - THEME.tick - 1.0;
            if apart {
                last = y;
            }
            apart
        });
        ticks
    }

    /// The room that the labels of [`Scale::up`] take beside a panel of so many pixels.
    pub fn room(&self, height: f64) -> f64 {
        let panel = Panel { x: 0.0, y: 0.0, w: height, h: height, xa: self.axis, ya: self.axis };
        let widths = self.up(&panel).into_iter().map(|t| text::width(&t.label, THEME.tick));
        widths.fold(12.0, f64::max)
    }
}
