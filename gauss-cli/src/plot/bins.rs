//! Histograms as densities, and their outlines.

use super::axis::Axis;

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
        let count = ((2.0 * (finite.len() as f64).cbrt()) as usize).clamp(12, 80);
        let (lo, hi) = axis.range();
        let width = (hi - lo) / count as f64;
        let mut density = vec![0.0; count];
        let weight = 1.0 / (finite.len().max(1) as f64 * width);
        for v in finite.into_iter().filter(|&v| axis.contains(v)) {
            density[(((v - lo) / width) as usize).min(count - 1)] += weight;
        }
        Self { lo, width, density }
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
