//! An axis: its range, its scale and its ticks.

use super::text;

/// A tick: where it stands and what it says.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// Position on the axis, in data units.
    pub value: f64,
    /// Label.
    pub label: String,
}

/// A range of data on a linear or logarithmic scale; always finite and of positive length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axis {
    lo: f64,
    hi: f64,
    log: bool,
}

impl Axis {
    /// A linear axis from `lo` to `hi`; an empty or non-finite range is replaced by a unit one.
    pub fn linear(lo: f64, hi: f64) -> Self {
        if !(lo.is_finite() && hi.is_finite() && (hi - lo).is_finite()) {
            return Self { lo: 0.0, hi: 1.0, log: false };
        }
        let least = (1e-9 * lo.abs().max(hi.abs())).max(1e-300);
        let (lo, hi) = if hi - lo > least {
            (lo, hi)
        } else {
            let half = 0.5 * lo.abs().max(1.0);
            (lo - half, lo + half)
        };
        Self { lo, hi, log: false }
    }

    /// A logarithmic axis from `lo > 0` to `hi`; anything else gives one from 1 to 10.
    pub fn log10(lo: f64, hi: f64) -> Self {
        if lo > 0.0 && hi > lo && hi.is_finite() {
            Self { lo, hi, log: true }
        } else {
            Self { lo: 1.0, hi: 10.0, log: true }
        }
    }

    /// The range `[lo, hi]`.
    pub fn range(&self) -> (f64, f64) {
        (self.lo, self.hi)
    }

    /// Whether `v` is finite and in the range.
    pub fn contains(&self, v: f64) -> bool {
        v >= self.lo && v <= self.hi
    }

    /// `v` as a share of the axis: 0 at its beginning, 1 at its end, bounded far outside.
    pub fn share(&self, v: f64) -> f64 {
        let t = if self.log {
            (v / self.lo).ln() / (self.hi / self.lo).ln()
        } else {
            (v - self.lo) / (self.hi - self.lo)
        };
        if t.is_nan() { 0.0 } else { t.clamp(-4.0, 5.0) }
    }

    /// Ticks at the multiples of `step > 0`, for axes that shall share their step.
    pub fn ticks_by(&self, step: f64) -> Vec<Tick> {
        linear_ticks(self.lo, self.hi, step)
    }

    /// About `target` ticks at round numbers (1, 2, 5 times a power of ten; powers of ten on a
    /// logarithmic axis of more than a decade).
    pub fn ticks(&self, target: usize) -> Vec<Tick> {
        if self.log {
            log_ticks(self.lo, self.hi, target)
        } else {
            self.ticks_by(nice_step((self.hi - self.lo) / target.max(1) as f64))
        }
    }
}

/// The number among 1, 2, 5 times a power of ten that is nearest to `raw > 0` in ratio.
pub fn nice_step(raw: f64) -> f64 {
    let power = 10f64.powi(raw.log10().floor() as i32);
    let ratio = raw / power;
    // The bounds are the geometric means of neighbours.
    let factor = match ratio {
        r if r < 2f64.sqrt() => 1.0,
        r if r < 10f64.sqrt() => 2.0,
        r if r < 50f64.sqrt() => 5.0,
        _ => 10.0,
    };
    factor * power
}

fn linear_ticks(lo: f64, hi: f64, step: f64) -> Vec<Tick> {
    let exponent = step.log10().floor();
    let magnitude = lo.abs().max(hi.abs()).log10();
    let (first, last) = ((lo / step - 1e-6).ceil(), (hi / step + 1e-6).floor());
    // Ranges too narrow for the precision of their position have no sensible ticks.
    if !(first.is_finite() && last.is_finite() && last - first < 1e3) {
        return Vec::new();
    }
    let scientific = !(-5.0..6.0).contains(&exponent) || magnitude >= 7.0;
    let count = (last - first) as usize;
    let values = (0..=count).map(|k| (first + k as f64) * step);
    values
        .map(|value| {
            let label = if scientific {
                let digits = (magnitude.floor() - exponent) as usize + 1;
                text::compact(if value.abs() < 1e-6 * step { 0.0 } else { value }, digits.min(6))
            } else {
                text::number(value, (-exponent).max(0.0) as usize)
            };
            Tick { value, label }
        })
        .collect()
}

fn log_ticks(lo: f64, hi: f64, target: usize) -> Vec<Tick> {
    let (first, last) = (lo.log10().ceil() as i32, hi.log10().floor() as i32);
    let stride = ((last - first) / target.max(1) as i32 + 1).max(1);
    let powers = (first..=last).filter(|k| k.rem_euclid(stride) == 0);
    let ticks: Vec<Tick> =
        powers.map(|k| Tick { value: 10f64.powi(k), label: text::power_of_ten(k) }).collect();
    if ticks.len() >= 2 {
        ticks
    } else {
        linear_ticks(lo, hi, nice_step((hi - lo) / target.clamp(1, 4) as f64))
    }
}

/// The range of the finite `values`, cut to the bulk of them when few stray far away.
///
/// The bulk is what remains without a share `tail` of the values at each end, widened by `reach`
/// times its length on each side;
/// the range is the extremes where they lie within it and its ends otherwise. Returns None
/// without finite values.
pub fn robust_range(
    values: impl Iterator<Item = f64>,
    tail: f64,
    reach: f64,
) -> Option<(f64, f64)> {
    let mut sorted: Vec<f64> = values.filter(|v| v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let (&min, &max) = (sorted.first()?, sorted.last()?);
    let at = |p: f64| sorted[(p * (sorted.len() - 1) as f64).round() as usize];
    let (low, high) = (at(tail), at(1.0 - tail));
    if high <= low {
        return Some((min, max));
    }
    let room = reach * (high - low);
    Some((min.max(low - room), max.min(high + room)))
}

/// `range` widened by `share` of its length on each side.
pub fn pad(range: (f64, f64), share: f64) -> (f64, f64) {
    let room = share * (range.1 - range.0);
    (range.0 - room, range.1 + room)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let labels = |lo: f64, hi: f64, n: usize| {
            let ticks = Axis::linear(lo, hi).ticks(n);
            ticks.into_iter().map(|t| t.label).collect::<Vec<_>>()
        };
        assert_eq!(labels(-1.3, 2.4, 4), ["−1", "0", "1", "2"]);
        assert_eq!(labels(0.0, 0.61, 6), ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6"]);
        assert_eq!(labels(-0.3, 0.1, 4), ["−0.3", "−0.2", "−0.1", "0.0", "0.1"]);
        assert_eq!(labels(0.0, 2.1e-7, 2), ["0", "10⁻⁷", "2×10⁻⁷"]);
        for (lo, hi) in [(0.0, 1.0), (-7e5, 3e6), (1e-12, 3e-12), (99.0, 101.5), (-1e300, 1e300)] {
            for n in 1..12 {
                let ticks = Axis::linear(lo, hi).ticks(n);
                assert!(ticks.len() <= 2 * n + 1, "{lo} {hi} {n}: {ticks:?}");
                assert!(n < 3 || ticks.len() >= 2, "{lo} {hi} {n}: {ticks:?}");
                let room = 1e-6 * (hi - lo);
                assert!(ticks.iter().all(|t| t.value >= lo - room && t.value <= hi + room));
            }
        }
        let decades: Vec<String> =
            Axis::log10(1e-4, 1.0).ticks(6).into_iter().map(|t| t.label).collect();
        assert_eq!(decades, ["10⁻⁴", "10⁻³", "10⁻²", "10⁻¹", "10⁰"]);
    }

    #[test]
    fn steps_are_one_two_or_five() {
        assert_eq!(
            [0.9, 1.3, 1.5, 3.0, 3.3, 7.0, 8.0].map(nice_step),
            [1.0, 1.0, 2.0, 2.0, 5.0, 5.0, 10.0]
        );
    }

    #[test]
    fn a_range_leaves_out_strays() {
        let values = || (0..1000).map(|k| f64::from(k) / 1000.0);
        let (lo, hi) = robust_range(values().chain([1e6, f64::NAN]), 0.01, 0.5).expect("values");
        assert!(lo == 0.0 && hi > 0.99 && hi < 2.0);
        assert_eq!(robust_range([f64::NAN].into_iter(), 0.01, 0.5), None);
    }
}
