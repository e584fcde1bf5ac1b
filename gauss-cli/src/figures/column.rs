//! A column as figures show it: its axis, and where a value stands on it.

use gauss_model::{Column, Kind, Support};

use crate::plot::{Axis, Scale, Tick, pad, power_of_ten, robust_range};

/// From this ratio of its 99th to its 1st percentile a positive quantity has a logarithmic axis.
const LOG_FROM: f64 = 100.0;
/// Share of the values beyond either end of the bulk, of few values at least one of them; and how
/// far from it, in multiples of its length, an axis still follows them.
const TAIL: f64 = 0.005;
const ONE: f64 = 1.5;
const REACH: f64 = 0.5;

/// The axis of a column.
#[derive(Debug, Clone)]
pub struct View {
    /// The axis, in places.
    pub scale: Scale,
    /// Places beyond which there are no values.
    pub bounds: (f64, f64),
    /// Whether the place of a value is its decimal logarithm.
    log: bool,
}

impl View {
    /// An axis that holds the bulk of the data and of the draws of `column`.
    pub fn new(column: &Column, data: &[f64], draws: &[f64]) -> Self {
        let log = is_log(&column.kind, data);
        let place = |v: f64| if log { v.log10() } else { v };
        let range = |values: &[f64]| {
            let tail = TAIL.max(ONE / values.len().max(1) as f64).min(0.5);
            robust_range(values.iter().map(|&v| place(v)), tail, REACH)
        };
        let ranges = [range(data), range(draws)];
        let (lo, hi) = ranges
            .into_iter()
            .flatten()
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
            .unwrap_or((0.0, 1.0));
        let (low, high) = column.kind.support().bounds();
        let bounds = (place(low), place(high));
        let bounds = (if bounds.0.is_nan() { f64::NEG_INFINITY } else { bounds.0 }, bounds.1);
        let whole = column.kind.is_discrete();
        let axis = if whole {
            Axis::linear(lo.round() - 0.5, hi.round() + 0.5)
        } else {
            let range = pad(Axis::linear(lo, hi).range(), 0.03);
            // Beyond a bound there is nothing to show.
            Axis::linear(range.0.max(bounds.0), range.1.min(bounds.1))
        };
        let ticks = match &column.kind {
            Kind::Category(levels) => Some(names(levels)),
            _ if log => Some(powers(&axis)),
            _ => None,
        };
        let scale = Scale { name: column.name.clone(), axis, ticks, whole };
        Self { scale, bounds, log }
    }

    /// Where a value stands.
    pub fn place(&self, v: f64) -> f64 {
        if self.log { v.log10() } else { v }
    }

    /// The value at a place, and ln of its change per change of the place.
    pub fn value(&self, place: f64) -> (f64, f64) {
        if !self.log {
            return (place, 0.0);
        }
        let v = 10f64.powf(place);
        (v, (v * std::f64::consts::LN_10).ln())
    }

    /// The places of values.
    pub fn places(&self, values: &[f64]) -> Vec<f64> {
        values.iter().map(|&v| self.place(v)).collect()
    }

    /// Whether the axis is logarithmic; densities are per decade then.
    pub fn is_log(&self) -> bool {
        self.log
    }
}

/// Positive quantities that span decades.
fn is_log(kind: &Kind, data: &[f64]) -> bool {
    let positive = matches!(kind, Kind::Real(Support::Above(low)) if *low >= 0.0);
    if !positive {
        return false;
    }
    let mut sorted: Vec<f64> = data.iter().copied().filter(|v| *v > 0.0).collect();
    sorted.sort_by(f64::total_cmp);
    let at = |p: f64| sorted[(p * (sorted.len() - 1) as f64) as usize];
    !sorted.is_empty() && at(0.99) >= LOG_FROM * at(0.01)
}

fn names(levels: &[String]) -> Vec<Tick> {
    let tick = |(k, name): (usize, &String)| Tick { value: k as f64, label: name.clone() };
    levels.iter().enumerate().map(tick).collect()
}

/// Powers of ten, every one or as many as leave about six.
fn powers(axis: &Axis) -> Vec<Tick> {
    let (lo, hi) = axis.range();
    let stride = (((hi - lo) / 6.0).ceil() as i32).max(1);
    let powers = (lo.ceil() as i32..=hi.floor() as i32).filter(|k| k.rem_euclid(stride) == 0);
    powers.map(|k| Tick { value: f64::from(k), label: power_of_ten(k) }).collect()
}
