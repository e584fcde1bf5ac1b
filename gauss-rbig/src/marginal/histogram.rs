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

use crate::Error;
use gauss_flow::rows::check_finite;
use gauss_flow::{Blocks, Rows};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// Bits of the mantissa that number the bins within an octave of 1 + |u|.
const BITS: u32 = 8;
const SHIFT: u32 = 52 - BITS;
const FIRST: u64 = 1.0_f64.to_bits() >> SHIFT;

/// Weight and moments about the bin's middle of the values |u| in one bin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
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
///
/// ```
/// use gauss_rbig::em::{self, EmOptions};
/// use gauss_rbig::histogram::Histogram;
/// let x: Vec<f64> = (0..5000).map(|i| f64::from(i % 2) * 8.0 + (f64::from(i) * 0.618).fract()).collect();
/// // Two machines see a half each; centre and spread are agreed on before.
/// let (mut whole, mut left) = (Histogram::new(4.0, 3.0)?, Histogram::new(4.0, 3.0)?);
/// let mut right = left.clone();
/// whole.add(&x)?;
/// left.add(&x[..2000])?;
/// right.add(&x[2000..])?;
/// left.merge(&right)?;
/// let [a, b] = [&left, &whole].map(|sum| em::fit_histogram(sum, 2, &EmOptions::default()));
/// let (a, b) = (a?.gmm, b?.gmm);
/// assert!((a.means[0] - b.means[0]).abs() < 1e-9 && (a.sigmas[1] - b.sigmas[1]).abs() < 1e-9);
/// # Ok::<(), gauss_rbig::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw")]
pub struct Histogram {
    centre: f64,
    spread: f64,
    /// Σ w².
    square: f64,
    /// Bins of u < 0 and of u >= 0, outwards.
    sides: [Vec<Cell>; 2],
}

/// A histogram as it is stored.
#[derive(Deserialize)]
struct Raw {
    centre: f64,
    spread: f64,
    square: f64,
    sides: [Vec<Cell>; 2],
}

impl TryFrom<Raw> for Histogram {
    type Error = Error;

    fn try_from(Raw { centre, spread, square, sides }: Raw) -> Result<Self, Error> {
        let proper = |value: f64| value >= 0.0 && value.is_finite();
        let refuse = |value| {
            let (name, requirement) =
                ("a sum of a histogram", "finite, and not below 0 if a square");
            Err(Error::Option { name, requirement, value })
        };
        for cell in sides.iter().flatten() {
            for value in [cell.count, cell.second, cell.first.abs()] {
                if !proper(value) {
                    return refuse(value);
                }
            }
        }
        if !proper(square) {
            return refuse(square);
        }
        Ok(Self { square, sides, ..Self::new(centre, spread)? })
    }
}

impl Histogram {
    /// An empty histogram about `centre`, in units of `spread`.
    ///
    /// # Errors
    /// [`Error::Option`] unless both are finite and the spread is positive.
    pub fn new(centre: f64, spread: f64) -> Result<Self, Error> {
        let option = |name, requirement, value| Err(Error::Option { name, requirement, value });
        if !centre.is_finite() {
            return option("centre", "finite", centre);
        }
        if !(spread > 0.0 && spread.is_finite()) {
            return option("spread", "finite and above 0", spread);
        }
        Ok(Self::about(centre, spread))
    }

    /// [`Histogram::new`] of what is known to be right.
    pub(crate) fn about(centre: f64, spread: f64) -> Self {
        Self { centre, spread, square: 0.0, sides: [Vec::new(), Vec::new()] }
    }

    /// Where u = 0.
    #[must_use]
    pub fn centre(&self) -> f64 {
        self.centre
    }

    /// The unit of u.
    #[must_use]
    pub fn spread(&self) -> f64 {
        self.spread
    }

    /// Σ w of what was added.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.sides.iter().flatten().map(|cell| cell.count).sum()
    }

    /// The effective sample size (Σw)²/Σw², the number of values where they had no weights; 0 of
    /// nothing.
    #[must_use]
    pub fn effective(&self) -> f64 {
        let total = self.total();
        if total > 0.0 { total * (total / self.square) } else { 0.0 }
    }

    /// Adds values, rows `[n, 1]`, with their weights if they have any.
    ///
    /// # Errors
    /// [`Error::Columns`], [`Error::NonFinite`]; nothing is added then.
    pub fn add<'a>(&mut self, x: impl Into<Rows<'a>>) -> Result<(), Error> {
        let x = x.into();
        gauss_flow::rows::check_columns(1, x.x())?;
        check_finite(x.x())?;
        self.add_column(x, 0);
        Ok(())
    }

    /// Adds a column of rows that come in blocks.
    ///
    /// # Errors
    /// [`Error::Columns`] where there is no such column, [`Error::NonFinite`] with rows counted
    /// from the first block on, and whatever keeps the rows from coming; the blocks before it are
    /// then added.
    pub fn add_blocks(&mut self, blocks: &mut dyn Blocks, column: usize) -> Result<(), Error> {
        if column >= blocks.dim() {
            return Err(Error::Columns { expected: column + 1, got: blocks.dim() });
        }
        let (mut before, mut fault) = (0, None);
        blocks.visit(&mut |rows| {
            if let Err(error) = check_finite(rows.x().subcols(column, 1)) {
                fault = Some(match error {
                    Error::NonFinite { row, value, .. } => {
                        Error::NonFinite { row: before + row, column, value }
                    }
                    other => other,
                });
                return ControlFlow::Break(());
            }
            before += rows.nrows();
            self.add_column(rows, column);
            ControlFlow::Continue(())
        })?;
        fault.map_or(Ok(()), Err)
    }

    fn add_column(&mut self, rows: Rows<'_>, column: usize) {
        for (i, &x) in rows.x().col(column).iter().enumerate() {
            self.add_value(x, rows.weight(i));
        }
    }

    /// Adds a finite value that counts `weight` times.
    pub(crate) fn add_value(&mut self, x: f64, weight: f64) {
        if weight == 0.0 {
            return;
        }
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
        cell.count += weight;
        cell.first += weight * delta;
        cell.second += weight * delta * delta;
        self.square += weight * weight;
    }

    /// Adds what `other` has seen.
    ///
    /// # Errors
    /// [`Error::Option`] with the other's centre or spread where it is not the same.
    pub fn merge(&mut self, other: &Self) -> Result<(), Error> {
        for (name, own, value) in
            [("centre", self.centre, other.centre), ("spread", self.spread, other.spread)]
        {
            if own != value {
                let requirement = "the same in histograms that are merged";
                return Err(Error::Option { name, requirement, value });
            }
        }
        self.square += other.square;
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
        Ok(())
    }

    /// The points that stand in for the data, at most two a bin, in increasing order of bins.
    ///
    /// ```
    /// use gauss_rbig::histogram::Histogram;
    /// let x: Vec<f64> = (0..100_000).map(|i| (i as f64 * 0.618).fract()).collect();
    /// let mut histogram = Histogram::new(0.5, 0.3)?;
    /// histogram.add(&x)?;
    /// let points = histogram.points();
    /// assert!(points.u.len() < 2000);
    /// assert_eq!(points.weight.iter().sum::<f64>(), 100_000.0);
    /// # Ok::<(), gauss_rbig::Error>(())
    /// ```
    #[must_use]
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
