//! One linear relation: fitted so that a few rows that break it do not matter, and verified.
//!
//! In the units u = (x - centre)/spread of each column a relation is u_j = b₀ + Σ b_k u_k.
//!
//! **Fit.** Least squares with the weight w = (1 + (max |u|/5)²)⁻¹ on both sides of a row: a
//! relation that holds exactly holds at any weights, and a row at 10¹² has next to none. Then
//! concentration (Rousseeuw and Van Driessen 1999): fit again to the three quarters of the rows
//! with the least weighted residuals, for as long as that halves the residuals. An exact relation broken
//! in a few rows is reached in a step or two; noise halves but once, by selection, if at all.
//!
//! **Verification.** What counts is the residual that 95 % of the rows stay below, over 1.96: its
//! standard deviation were it normal. Where half of a column's rows or more are at one value the
//! same must hold on the other rows alone, for any two columns that are mostly 0 agree on most.

use super::values::Column;
use super::words::{shortest, significant};
use super::{Defect, search};
use crate::sampling::stratified;
use faer::MatRef;

/// Beyond so many spreads a row loses weight.
const FAR: f64 = 5.0;

/// The share of rows that a step of concentration keeps.
const KEPT: f64 = 0.75;
const STEPS: usize = 8;

/// The share of rows on which a relation must hold, and the half width of that share of a
/// standard normal.
const HOLDS: f64 = 0.95;
const HOLDS_WIDTH: f64 = 1.96;

/// A relation nearly holds if what is left has a hundredth of the column's spread. The column
/// given the others then adds ln 100 = 4.6 nats to every log-density, and all of them are about
/// what is left.
const NEARLY: f64 = 0.01;

/// A relation between rounded columns leaves their rounding errors, of variance step²/12 each.
/// That explains what is left if it is not half as large again, and is a relation still if it
/// has at most a tenth of the spread.
const ROUNDING: f64 = 1.5;
pub(super) const COARSE: f64 = 0.1;

/// Below this, in spreads, what is left is rounding of double precision.
const EXACT: f64 = 1e-10;

/// A residual this many times as large is the same: for coefficients of fewer digits.
const SAME: f64 = 1.02;

/// The width of a noise that parts a relation, in spreads: with a standard deviation of w/√12 it
/// is above [`NEARLY`], and hardly changes the column.
const PARTING: f64 = 0.05;

/// Rows of the columns that are not constant, in units u.
pub(super) struct Sample<'a> {
    columns: Vec<&'a Column>,
    /// u [columns][rows].
    u: Vec<Vec<f64>>,
}

impl<'a> Sample<'a> {
    /// At most so many rows of the columns `active` of x.
    pub fn of(x: MatRef<'_, f64>, columns: &'a [Column], active: &[usize], most: usize) -> Self {
        let rows: Vec<usize> = stratified(x.nrows(), most, 1).collect();
        let unit = |&j: &usize| {
            let (centre, spread) = (columns[j].scale.centre, columns[j].scale.spread);
            rows.iter().map(|&i| (x[(i, j)] - centre) / spread).collect()
        };
        Self {
            columns: active.iter().map(|&j| &columns[j]).collect(),
            u: active.iter().map(unit).collect(),
        }
    }

    pub fn rows(&self) -> usize {
        self.u[0].len()
    }

    pub fn column(&self, j: usize) -> &[f64] {
        &self.u[j]
    }

    /// The weight of each row, by what these columns hold.
    pub fn weights(&self, columns: impl Iterator<Item = usize>) -> Vec<f64> {
        let mut far = vec![0.0_f64; self.rows()];
        for j in columns {
            far.iter_mut().zip(&self.u[j]).for_each(|(far, u)| *far = far.max(u.abs()));
        }
        far.iter().map(|far| 1.0 / (1.0 + (far / FAR) * (far / FAR))).collect()
    }

    /// The coefficients b of a relation, if these predictors are independent enough to have any.
    /// Beside them the weighted residual that three quarters of the rows stay below.
    pub fn fit(&self, target: usize, predictors: &[usize]) -> Option<(f64, Vec<(usize, f64)>)> {
        let weight = self.weights(predictors.iter().copied().chain([target]));
        let mut kept: Vec<usize> = (0..self.rows()).collect();
        let mut best: Option<(f64, Vec<(usize, f64)>)> = None;
        for _ in 0..STEPS {
            let pick = |j: usize| kept.iter().map(|&i| weight[i] * self.u[j][i]).collect();
            let mut design: Vec<Vec<f64>> = vec![kept.iter().map(|&i| weight[i]).collect()];
            design.extend(predictors.iter().map(|&k| pick(k)));
            let Some(b) = least_squares(design, pick(target)) else { break };
            let terms: Vec<(usize, f64)> = predictors.iter().copied().zip(b).collect();
            // Weighted as in the fit: a step then lowers what the fit minimises.
            let mut left = self.residuals(target, &terms).1;
            left.iter_mut().zip(&weight).for_each(|(left, w)| *left *= w);
            let size = quantile(&mut left.clone(), KEPT);
            let before = best.as_ref().map_or(f64::INFINITY, |best| best.0);
            if size < before {
                best = Some((size, terms));
            }
            if !(size < 0.5 * before && size > EXACT) {
                break;
            }
            kept = (0..self.rows()).filter(|&i| left[i] <= size).collect();
        }
        best
    }

    /// b₀ and, row by row, |u_j - b₀ - Σ b_k u_k|; b₀ is a median.
    fn residuals(&self, target: usize, terms: &[(usize, f64)]) -> (f64, Vec<f64>) {
        let mut left = self.u[target].clone();
        for &(k, b) in terms {
            left.iter_mut().zip(&self.u[k]).for_each(|(left, u)| *left -= b * u);
        }
        let constant = quantile(&mut left.clone(), 0.5);
        for left in &mut left {
            *left = (*left - constant).abs();
        }
        (constant, left)
    }

    /// The constant b₀ and the standard deviation of what a relation leaves, in spreads.
    fn left(&self, target: usize, terms: &[(usize, f64)]) -> (f64, f64) {
        let (constant, mut left) = self.residuals(target, terms);
        let off: Vec<usize> =
            (0..left.len()).filter(|&i| self.u[target][i].abs() > EXACT).collect();
        let mut elsewhere: Vec<f64> = off.iter().map(|&i| left[i]).collect();
        let mut size = quantile(&mut left, HOLDS);
        if 2 * off.len() <= left.len() {
            // With few rows off the atom nothing can be said.
            let enough = elsewhere.len() >= search::LEAST_ROWS;
            size = if enough { size.max(quantile(&mut elsewhere, HOLDS)) } else { f64::INFINITY };
        }
        (constant, size / HOLDS_WIDTH)
    }

    /// Whether a relation holds, at least nearly; the standard deviation of what it leaves.
    pub fn verify(&self, target: usize, terms: &[(usize, f64)]) -> Option<f64> {
        let left = self.left(target, terms).1;
        let step = |j: usize, b: f64| b * self.columns[j].step / self.columns[j].scale.spread;
        let rounding: f64 = terms.iter().map(|&(k, b)| step(k, b)).map(|step| step * step).sum();
        let rounding = ((rounding + step(target, 1.0).powi(2)) / 12.0).sqrt();
        let rounded = left <= COARSE && left <= ROUNDING * rounding;
        (left <= NEARLY || rounded).then_some(left)
    }

    /// A verified relation in the table's units, its numbers as short as the rows allow.
    /// `active` names the columns.
    pub fn describe(&self, target: usize, terms: &[(usize, f64)], active: &[usize]) -> Defect {
        let scale = |j: usize| &self.columns[j].scale;
        let spread = scale(target).spread;
        let in_table = |&(k, b): &(usize, f64)| (k, b * spread / scale(k).spread);
        let in_units = |&(k, c): &(usize, f64)| (k, c * scale(k).spread / spread);
        let left_by = |coefficients: &[(usize, f64)]| {
            self.left(target, &coefficients.iter().map(in_units).collect::<Vec<_>>())
        };

        let mut coefficients: Vec<(usize, f64)> = terms.iter().map(in_table).collect();
        coefficients.sort_unstable_by_key(|term| term.0);
        let (mut constant, mut left) = left_by(&coefficients);
        // Of values far from 0 rounding leaves more.
        let far = |&(k, c): &(usize, f64)| (c * scale(k).centre).abs();
        let magnitude = coefficients.iter().map(far).fold(scale(target).centre.abs(), f64::max);
        let exact = EXACT + 4.0 * f64::EPSILON * magnitude / spread;
        for digits in 1..=4 {
            let short: Vec<(usize, f64)> =
                coefficients.iter().map(|&(k, c)| (k, significant(c, digits))).collect();
            let (its_constant, its_left) = left_by(&short);
            if its_left <= (SAME * left).max(exact) {
                (coefficients, constant, left) = (short, its_constant, its_left);
                break;
            }
        }
        let mut intercept = scale(target).centre + spread * constant;
        for &(k, c) in &coefficients {
            intercept -= c * scale(k).centre;
        }
        let intercept = shortest(intercept, (0.1 * left).max(exact) * spread);

        let column = active[target];
        let residual = if left <= exact { 0.0 } else { left * spread };
        let width = significant(self.columns[target].resolution.max(PARTING * spread), 1);
        match coefficients[..] {
            [(k, scale)] => {
                Defect::Copy { column, of: active[k], scale, shift: intercept, residual, width }
            }
            _ => Defect::LinearCombination {
                column,
                terms: coefficients.iter().map(|&(k, c)| (active[k], c)).collect(),
                intercept,
                residual,
                width,
            },
        }
    }
}

/// The order statistic that a share p of the values does not exceed. Reorders them.
fn quantile(values: &mut [f64], p: f64) -> f64 {
    let rank = ((p * values.len() as f64).ceil() as usize).clamp(1, values.len()) - 1;
    *values.select_nth_unstable_by(rank, f64::total_cmp).1
}

/// The coefficients of columns 1 .. of the design, column 0 being the constant, by modified
/// Gram-Schmidt on the design and the target side by side, which is as stable as Householder's
/// method (Björck 1967). `None` if a column depends on those before it.
fn least_squares(mut design: Vec<Vec<f64>>, mut target: Vec<f64>) -> Option<Vec<f64>> {
    /// The share of a column's norm that must remain: its square is then above rounding.
    const INDEPENDENT: f64 = 1e-7;
    let count = design.len();
    if target.len() < count {
        return None;
    }
    let norms: Vec<f64> = design.iter().map(|column| dot(column, column).sqrt()).collect();
    let mut upper = vec![vec![0.0; count]; count];
    let mut right = vec![0.0; count];
    for k in 0..count {
        let (done, rest) = design.split_at_mut(k + 1);
        let pivot = &done[k];
        let square = dot(pivot, pivot);
        if !(square.sqrt() > INDEPENDENT * norms[k]) {
            return None;
        }
        for (j, column) in rest.iter_mut().enumerate() {
            upper[k][k + 1 + j] = subtract(column, pivot, square);
        }
        right[k] = subtract(&mut target, pivot, square);
    }
    for k in (0..count).rev() {
        let known: f64 = (k + 1..count).map(|j| upper[k][j] * right[j]).sum();
        right[k] -= known;
    }
    right.iter().all(|b| b.is_finite()).then(|| right.split_off(1))
}

/// Takes from a column its part along the pivot; returns how many pivots that is.
fn subtract(column: &mut [f64], pivot: &[f64], square: f64) -> f64 {
    let along = dot(pivot, column) / square;
    column.iter_mut().zip(pivot).for_each(|(c, p)| *c -= along * p);
    along
}

/// Four sums at a time, in a fixed order.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (a_fours, b_fours) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = a_fours.remainder().iter().zip(b_fours.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a_fours.zip(b_fours) {
        for lane in 0..4 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    rest + ((sums[0] + sums[2]) + (sums[1] + sums[3]))
}
