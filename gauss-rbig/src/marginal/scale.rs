//! Centre, spread and resolution of a column, whatever its tails.
//!
//! A fit works in the units u = (x - centre)/spread. Both come from order statistics, so one
//! value at 10¹² moves neither: the centre is the median, the spread the interquartile range
//! over 1.349 (its value for a normal of unit variance). Where half of the values are equal and
//! that range is zero, wider ranges take over: 5-95 %, 0.5-99.5 %, minimum to maximum.
//!
//! **The floor of a component's standard deviation.** The likelihood of a mixture has no
//! maximum: a component that shrinks onto one value makes it as large as one likes. Values
//! recorded on a grid of step δ say nothing about scales below the standard deviation of their
//! own rounding error, δ/√12 (Sheppard 1898). The step is estimated by the median gap between
//! neighbouring distinct values: for a rounded column it is the grid's step, for a continuous
//! column the typical distance of two observations, which no component can honestly resolve
//! either. The floor is the larger of δ/√12 and a small fraction of the spread, which holds the
//! density at an atom in an otherwise continuous column (half of the values exactly 0, say).

use crate::marginal::histogram::Histogram;
use crate::sampling::stratified;
use gauss_flow::order::Sorted;

/// Above this many values the order statistics come from a sample of so many.
const SAMPLE: usize = 8192;

/// The floor as a fraction of the spread, for atoms in continuous columns.
const RELATIVE_FLOOR: f64 = 1e-4;

/// A column of which more than this part repeats is recorded on a grid, or has atoms.
const REPEATS: f64 = 0.01;

/// Robust location and scale of one column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scale {
    /// The median.
    pub centre: f64,
    /// A robust standard deviation; 0 only if all values are equal.
    pub spread: f64,
    /// The least standard deviation of a component, in the units of x.
    pub floor: f64,
    /// The values in order, or a fixed selection of at most `SAMPLE` of them.
    pub sorted: Sorted,
}

impl Scale {
    /// Of finite values `[n]`, at least one, and their weights `[n]`, all positive.
    pub fn of(x: &[f64], weights: Option<&[f64]>) -> Self {
        let rows: Vec<usize> = stratified(x.len(), SAMPLE, 0).collect();
        let pick = |all: &[f64]| rows.iter().map(|&i| all[i]).collect::<Vec<f64>>();
        let sorted = Sorted::of(pick(x), weights.map(pick).as_deref());
        let (low, high) = range(x);
        let centre = sorted.quantile(0.5);
        // (probability in each tail, width of that range for a standard normal)
        let spread = [(0.25, 1.349), (0.05, 3.290), (0.005, 5.152)]
            .iter()
            .map(|&(p, width)| (sorted.quantile(1.0 - p) - sorted.quantile(p)) / width)
            .find(|&spread| spread > 0.0)
            .unwrap_or((high - low) / 5.152);
        let floor = floor(&sorted, spread);
        Self { centre, spread, floor, sorted }
    }

    /// Of what a histogram has seen, in its own units: `None` of nothing. Its points stand for the
    /// values, half a bin apart where those lie closer.
    pub fn of_histogram(histogram: &Histogram) -> Option<Self> {
        let (centre, spread) = (histogram.centre(), histogram.spread());
        let points = histogram.points();
        let x: Vec<f64> = points.u.iter().map(|u| centre + spread * u).collect();
        if x.is_empty() {
            return None;
        }
        let sorted = Sorted::of(x, Some(&points.weight));
        let floor = floor(&sorted, spread);
        Some(Self { centre, spread, floor, sorted })
    }

    /// The quantile of the selection, linearly interpolated, in the units u.
    pub fn unit_quantile(&self, p: f64) -> f64 {
        (self.sorted.quantile(p) - self.centre) / self.spread
    }
}

/// The least standard deviation of a component.
fn floor(sorted: &Sorted, spread: f64) -> f64 {
    let floor = (median_gap(sorted.values()) / 12f64.sqrt()).max(RELATIVE_FLOOR * spread);
    // A gap is no resolution when there are hardly any: two values, one component.
    floor.min(0.3 * spread)
}

/// The standard deviation of the rounding error of a column whose values repeat, in its units: its
/// step over √12, the step being the median distance of neighbouring distinct values. 0 where less
/// than a hundredth of the weight is on values that repeat, as in a continuous column.
pub(crate) fn rounding(x: &[f64], weights: Option<&[f64]>) -> f64 {
    let sorted = Scale::of(x, weights).sorted;
    if sorted.repeating() > REPEATS { median_gap(sorted.values()) / 12f64.sqrt() } else { 0.0 }
}

/// Minimum and maximum.
fn range(x: &[f64]) -> (f64, f64) {
    x.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &v| (a.min(v), b.max(v)))
}

/// The median distance between neighbouring distinct values; 0 if there is but one.
pub(crate) fn median_gap(sorted: &[f64]) -> f64 {
    let mut gaps: Vec<f64> =
        sorted.windows(2).map(|w| w[1] - w[0]).filter(|&gap| gap > 0.0).collect();
    if gaps.is_empty() {
        return 0.0;
    }
    let middle = gaps.len() / 2;
    *gaps.select_nth_unstable_by(middle, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outlier_moves_nothing() {
        let mut x: Vec<f64> = (0..1001).map(|i| f64::from(i) / 1000.0).collect();
        let clean = Scale::of(&x, None);
        x.push(1e12);
        let dirty = Scale::of(&x, None);
        assert!((clean.centre - dirty.centre).abs() < 1e-3);
        assert!((clean.spread / dirty.spread - 1.0).abs() < 1e-2);
        assert!((clean.floor / dirty.floor - 1.0).abs() < 1e-2);
    }

    #[test]
    fn the_floor_of_a_rounded_column_is_the_deviation_of_its_rounding() {
        let x: Vec<f64> = (0..5000).map(|i| f64::from(i % 40) * 0.1).collect();
        let scale = Scale::of(&x, None);
        assert!((scale.floor - 0.1 / 12f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn rounding_is_seen_where_values_repeat() {
        let grid: Vec<f64> = (0..5000).map(|i| f64::from(i % 40) * 0.1).collect();
        assert!((rounding(&grid, None) - 0.1 / 12f64.sqrt()).abs() < 1e-12);
        let continuous: Vec<f64> =
            (0..5000).map(|i| (f64::from(i) * 0.618_033_988_749_895).fract()).collect();
        assert_eq!(rounding(&continuous, None), 0.0);
        assert_eq!(rounding(&[2.0; 50], None), 0.0); // a constant has no step
    }

    #[test]
    fn ties_and_constants() {
        let mut x = vec![3.0; 1000];
        assert_eq!(Scale::of(&x, None).spread, 0.0);
        x[17] = 4.0;
        let scale = Scale::of(&x, None);
        assert!(scale.spread > 0.0 && scale.floor > 0.0 && scale.floor <= scale.spread);
    }
}
