//! A histogram that stands in for the data in EM: any number of rows, two points a bin.
//!
//! EM sees the data through sums over points, so n points may be replaced by a few thousand
//! weighted ones. Each bin keeps its count, mean m and standard deviation s exactly and is
//! replaced by two points of half the weight at m - s and m + s: mass, mean and variance of
//! every bin, hence of the whole, are those of the data, and what is lost is of third order in
//! the bin's width over the component's.
//!
//! **Bins.** Equal widths are spoilt by one outlier and quantile bins by a narrow component or a
//! heavy tail. Widths that grow in proportion to the distance from the centre, as when asinh(u)
//! is cut into equal parts, are safe for both. Any function of that shape will do, so the cheap
//! one is taken: log₂(1 + |u|) made linear within each octave, which is the leading bits of the
//! floating-point number 1 + |u|. With 8 bits of mantissa a bin is 1/256 of the spread
//! wide for |u| < 1, twice that for |u| < 3, and so on; a million normal values occupy some
//! 1,500 bins, and an outlier at 10¹² one more.

/// Bits of the mantissa that number the bins within an octave of 1 + |u|.
const BITS: u32 = 8;
const SHIFT: u32 = 52 - BITS;
const FIRST: u64 = 1.0_f64.to_bits() >> SHIFT;

/// Count and moments about the bin's middle of the values |u| in one bin.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Cell {
    count: f64,
    first: f64,
    second: f64,
}

/// Weighted points.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Points {
    /// Positions, in the units u of the histogram.
    pub u: Vec<f64>,
    /// Weights, positive.
    pub weight: Vec<f64>,
}

/// Bins over u = (x - centre)/spread. A sum over rows: [`add`](Self::add) and
/// [`merge`](Self::merge).
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    centre: f64,
    spread: f64,
    /// Bins of u < 0 and of u >= 0, outwards.
    sides: [Vec<Cell>; 2],
}

impl Histogram {
    /// An empty histogram about `centre`, in units of `spread` > 0.
    pub fn new(centre: f64, spread: f64) -> Self {
        Self { centre, spread, sides: [Vec::new(), Vec::new()] }
    }

    /// Adds finite values.
    pub fn add(&mut self, x: &[f64]) {
        for &x in x {
            let u = (x - self.centre) / self.spread;
            let side = &mut self.sides[usize::from(u >= 0.0)];
            let a = u.abs();
            let key = (1.0 + a).to_bits() >> SHIFT;
            let bin = (key - FIRST) as usize;
            if bin >= side.len() {
                grow(side, bin);
            }
            let delta = a - middle(bin);
            let cell = &mut side[bin];
            cell.count += 1.0;
            cell.first += delta;
            cell.second += delta * delta;
        }
    }

    /// Adds what `other`, of the same centre and spread, has seen.
    pub fn merge(&mut self, other: &Self) {
        debug_assert!(self.centre == other.centre && self.spread == other.spread);
        for (side, others) in self.sides.iter_mut().zip(&other.sides) {
            if others.len() > side.len() {
                side.resize(others.len(), Cell::default());
            }
            for (cell, o) in side.iter_mut().zip(others) {
                cell.count += o.count;
                cell.first += o.first;
                cell.second += o.second;
            }
        }
    }

    /// The points that stand in for the data, at most two a bin, in increasing order of bins.
    ///
    /// ```
    /// use gauss_rbig::histogram::Histogram;
    /// let x: Vec<f64> = (0..100_000).map(|i| (i as f64 * 0.618).fract()).collect();
    /// let mut histogram = Histogram::new(0.5, 0.3);
    /// histogram.add(&x);
    /// let points = histogram.points();
    /// assert!(points.u.len() < 2000);
    /// assert_eq!(points.weight.iter().sum::<f64>(), 100_000.0);
    /// ```
    pub fn points(&self) -> Points {
        let [below, above] = &self.sides;
        let mut points = Points::default();
        let outward = |(bin, cell): (usize, &Cell)| (bin, *cell);
        for (bin, cell) in below.iter().enumerate().map(outward).rev() {
            push(&mut points, cell, bin, -1.0);
        }
        for (bin, cell) in above.iter().enumerate().map(outward) {
            push(&mut points, cell, bin, 1.0);
        }
        points
    }
}

#[cold]
fn grow(side: &mut Vec<Cell>, bin: usize) {
    side.resize((bin + 1).next_multiple_of(1 << BITS), Cell::default());
}

/// The middle of a bin of |u|.
fn middle(bin: usize) -> f64 {
    f64::from_bits(((bin as u64 + FIRST) << SHIFT) | (1 << (SHIFT - 1))) - 1.0
}

fn push(points: &mut Points, cell: Cell, bin: usize, sign: f64) {
    if cell.count == 0.0 {
        return;
    }
    let offset = cell.first / cell.count;
    let mean = middle(bin) + offset;
    let variance = (cell.second / cell.count - offset * offset).max(0.0);
    let deviation = variance.sqrt();
    // Ties: what rounding leaves of a zero variance is no spread.
    if deviation <= 1e-7 * (1.0 + mean.abs()) / f64::from(1 << BITS) {
        points.u.push(sign * mean);
        points.weight.push(cell.count);
    } else {
        points.u.extend([sign * mean - deviation, sign * mean + deviation]);
        points.weight.extend([0.5 * cell.count; 2]);
    }
}
