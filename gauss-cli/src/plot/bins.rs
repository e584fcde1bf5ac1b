//! Histograms as densities, and their outlines.

use super::axis::Axis;
use super::scale::Scale;

/// Most bins of a scale of whole numbers.
const MOST_CELLS: f64 = 48.0;
/// Most bins of a scale of real numbers.
const MOST_BINS: usize = 80;

/// A histogram over equal bins of `[lo, hi]`.
pub struct Bins {
    lo: f64,
    width: f64,
    /// Share of all finite values per bin, divided by the bin's width.
    pub density: Vec<f64>,
}

impl Bins {
    /// Counts the finite `values` in equal bins over `axis`; those outside count for the total
    /// only. The number of bins is twice the cube root of the number of values (Rice's rule),
    /// between 12 and 80.
    pub fn new(values: &[f64], axis: &Axis) -> Self {
        let finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
        Self::counted(&finite, axis, rice(finite.len()))
    }

    /// Counts `finite` values in `count` bins.
    fn counted(finite: &[f64], axis: &Axis, count: usize) -> Self {
        let (lo, hi) = axis.range();
        let width = (hi - lo) / count as f64;
        let mut density = vec![0.0; count];
        let weight = 1.0 / (finite.len().max(1) as f64 * width);
        for &v in finite.iter().filter(|v| axis.contains(**v)) {
            density[(((v - lo) / width) as usize).min(count - 1)] += weight;
        }
        Self { lo, width, density }
    }

    /// Counts the `values` of a scale of whole numbers: a bin for each, or for as many as keeps
    /// the bins to `MOST_CELLS`.
    pub fn whole(values: &[f64], axis: &Axis) -> Self {
        let (lo, hi) = axis.range();
        let lo = (lo + 0.5).floor() - 0.5;
        let cells = (hi - lo).ceil().max(1.0);
        let width = (cells / MOST_CELLS).ceil();
        let mut density = vec![0.0; (cells / width).ceil() as usize];
        let finite = values.iter().filter(|v| v.is_finite()).count();
        let weight = 1.0 / (finite.max(1) as f64 * width);
        for &v in values.iter().filter(|v| axis.contains(**v)) {
            let last = density.len() - 1;
            density[(((v - lo) / width) as usize).min(last)] += weight;
        }
        Self { lo, width, density }
    }

    /// [`Bins::whole`] of a scale of whole numbers. Otherwise bins of twice the interquartile range
    /// over the cube root of the number of values (Freedman and Diaconis 1981), where they are
    /// narrower than those of [`Bins::new`]: long tails must not make the bulk one bin.
    pub fn of(values: &[f64], scale: &Scale) -> Self {
        if scale.whole {
            return Self::whole(values, &scale.axis);
        }
        let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let quantile = |p: f64| sorted.get((p * sorted.len() as f64) as usize).copied();
        let between = quantile(0.25).zip(quantile(0.75)).map_or(0.0, |(low, high)| high - low);
        let (lo, hi) = scale.axis.range();
        let wanted = (hi - lo) * (sorted.len() as f64).cbrt() / (2.0 * between);
        let least = rice(sorted.len());
        // Without a spread of its middle half a column has atoms; Rice's rule does for it.
        let count =
            if wanted.is_finite() { (wanted as usize).clamp(least, MOST_BINS) } else { least };
        Self::counted(&sorted, &scale.axis, count)
    }

    /// Centre, width and density of each bin.
    pub fn cells(&self) -> impl Iterator<Item = (f64, f64, f64)> {
        let centre = |k: usize| self.lo + (k as f64 + 0.5) * self.width;
        self.density.iter().enumerate().map(move |(k, &d)| (centre(k), self.width, d))
    }

    /// The largest density.
    pub fn peak(&self) -> f64 {
        self.density.iter().copied().fold(0.0, f64::max)
    }

    /// The corners of the stair outline as (value, density), from zero to zero.
    pub fn outline(&self) -> Vec<(f64, f64)> {
        let edge = |k: usize| self.lo + k as f64 * self.width;
        let mut corners = vec![(edge(0), 0.0)];
        for (k, &d) in self.density.iter().enumerate() {
            corners.extend([(edge(k), d), (edge(k + 1), d)]);
        }
        corners.push((edge(self.density.len()), 0.0));
        corners
    }
}

/// Twice the cube root of the number of values, between 12 and `MOST_BINS`.
fn rice(values: usize) -> usize {
    ((2.0 * (values as f64).cbrt()) as usize).clamp(12, MOST_BINS)
}
