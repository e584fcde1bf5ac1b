//! Densities estimated from many draws: a fine histogram, smoothed by a normal kernel about as
//! wide as the eye can tell apart, and folded back at the ends of the support.

use crate::plot::Axis;

/// Bins over an axis.
const BINS: usize = 320;
/// Where the kernel is cut, in standard deviations.
const CUT: f64 = 4.0;

/// The kernel's standard deviation is the axis over this: 160 for 200,000 draws, and wider for
/// fewer, by the fifth root that balances noise and bias.
pub fn parts(draws: usize) -> f64 {
    (160.0 * (draws as f64 / 200_000.0).powf(0.2)).round().max(1.0)
}

/// (place, density) over `axis`, of all of `places`; zero beyond `bounds`.
pub fn curve(places: &[f64], axis: &Axis, bounds: (f64, f64)) -> Vec<(f64, f64)> {
    let grid = Grid::new(axis, BINS);
    let sd = BINS as f64 / parts(places.len());
    let beyond = (CUT * sd).ceil() as usize;
    let mut counts = vec![0.0; BINS + 2 * beyond];
    for &v in places {
        let bin = grid.bin(v) + beyond as f64;
        if bin >= 0.0 && bin < counts.len() as f64 {
            counts[bin as usize] += 1.0;
        }
    }
    let smooth = blur(&counts, sd);
    let weight = 1.0 / (places.len().max(1) as f64 * grid.width);
    let at = |k: isize| smooth.get((k + beyond as isize).max(0) as usize).copied().unwrap_or(0.0);
    (0..BINS)
        .map(|k| {
            let centre = grid.centre(k);
            let mut density = at(k as isize);
            for bound in [bounds.0, bounds.1] {
                if (centre - bound).abs() <= CUT * sd * grid.width {
                    density += at(grid.bin(2.0 * bound - centre) as isize);
                }
            }
            let inside = centre > bounds.0 && centre < bounds.1;
            (centre, if inside { weight * density } else { 0.0 })
        })
        .collect()
}

/// Cells of equal length along an axis.
#[derive(Debug, Clone, Copy)]
pub struct Grid {
    lo: f64,
    width: f64,
    /// How many.
    pub count: usize,
}

impl Grid {
    /// `count` cells over `axis`.
    pub fn new(axis: &Axis, count: usize) -> Self {
        let (lo, hi) = axis.range();
        Self { lo, width: (hi - lo) / count as f64, count }
    }

    /// The middle of cell `k`.
    pub fn centre(&self, k: usize) -> f64 {
        self.lo + (k as f64 + 0.5) * self.width
    }

    /// The number of the cell that holds `v`, which may be none of `count`.
    fn bin(&self, v: f64) -> f64 {
        ((v - self.lo) / self.width).floor()
    }

    /// The cell that holds `v`.
    fn cell(&self, v: f64) -> Option<usize> {
        let bin = self.bin(v);
        (bin >= 0.0 && bin < self.count as f64).then_some(bin as usize)
    }
}

/// The density `[y.count][x.count]` of points over a grid, as a histogram.
pub fn histogram(points: &[[f64; 2]], x: Grid, y: Grid) -> Vec<f64> {
    let mut density = vec![0.0; x.count * y.count];
    let weight = 1.0 / (points.len().max(1) as f64 * x.width * y.width);
    for point in points {
        if let (Some(column), Some(row)) = (x.cell(point[0]), y.cell(point[1])) {
            density[row * x.count + column] += weight;
        }
    }
    density
}

/// A histogram `[rows][columns]` smoothed by a normal kernel, whose standard deviation is so many
/// cells across and up; 0 leaves a direction as it is.
pub fn smoothed(density: &[f64], columns: usize, across: f64, up: f64) -> Vec<f64> {
    let rows = density.len() / columns.max(1);
    let mut out: Vec<f64> =
        density.chunks_exact(columns.max(1)).flat_map(|row| blur(row, across)).collect();
    for column in 0..columns {
        let values: Vec<f64> = (0..rows).map(|row| out[row * columns + column]).collect();
        for (row, v) in blur(&values, up).into_iter().enumerate() {
            out[row * columns + column] = v;
        }
    }
    out
}

/// `values` folded with a normal kernel of total 1; what would leave at an end is folded back.
fn blur(values: &[f64], sd: f64) -> Vec<f64> {
    if sd <= 0.0 {
        return values.to_vec();
    }
    let reach = (CUT * sd).ceil() as isize;
    let kernel: Vec<f64> =
        (-reach..=reach).map(|k| (-0.5 * (k as f64 / sd).powi(2)).exp()).collect();
    let total: f64 = kernel.iter().sum();
    let n = values.len() as isize;
    let fold = |k: isize| {
        let k = if k < 0 { -1 - k } else { k };
        if k >= n { 2 * n - 1 - k } else { k }
    };
    (0..n)
        .map(|k| {
            let near = kernel.iter().zip(-reach..).map(|(weight, step)| {
                let index = fold(k + step);
                if (0..n).contains(&index) { weight * values[index as usize] } else { 0.0 }
            });
            near.sum::<f64>() / total
        })
        .collect()
}
