//! Which columns may follow from others.
//!
//! Candidates come from the correlation matrix R of weighted rows, in which no outlier has a
//! say (see `relation.rs`); whether a relation holds is then seen on the rows.
//!
//! ```text
//! for each column j, in order:
//!     a copy of an earlier one?      R_jk near ±1, the nearest first
//!     a combination of those kept?   1 - R² by a Cholesky factor of R that grows by a row
//!     neither: j is kept
//! among the columns kept:            the eigenvector of R of least eigenvalue, until none is small
//! ```
//!
//! The order makes the later column the one that depends, and takes several relations one at a
//! time. What it cannot see is a relation that nearly holds and in which the last column has a
//! small coefficient, hence what is left, in units of that column, is large: the eigenvector can.
//!
//! A combination is stated with as few terms as will do: the predictors by decreasing
//! coefficient, 1, 2, 4, ... of them until the relation holds, then without those it can spare.

use super::Defect;
use super::relation::{COARSE, Sample};
use super::values::Column;
use crate::Error;
use crate::linear::moments::Moments;
use crate::linear::pca::Pca;
use faer::{Mat, MatRef};

/// Rows in which relations are sought, at least four per column, and rows on which they are
/// verified. A share of 5 % of 8,192 rows is known to 0.25 %.
const SEARCHED: usize = 512;
const VERIFIED: usize = 8192;

/// Rows below which a relation between two columns may be luck: it has two coefficients, and
/// four rows more agree within a hundredth of the spread one time in 10⁷.
pub(super) const LEAST_ROWS: usize = 6;

/// 1 - R² below which a column is a candidate: far above what a relation leaves, so that the few
/// rows in a hundred that break it, each by some 3 spreads, do not hide it. In a small table a
/// single such row may add 10/n.
const LOOSE: f64 = 0.3;
const PER_BROKEN_ROW: f64 = 10.0;
const LOOSEST: f64 = 0.6;

/// Three quarters of normal residuals are below 1.15 standard deviations: no relation is above.
const HOPELESS: f64 = 1.5 * COARSE;

/// What is left, relative to before, that makes a term worth its place.
const SPARE: f64 = 1.5;

/// Least variance of a weighted column, in squared spreads, that has a correlation.
const VARIES: f64 = 1e-12;

/// The relations between the columns of x [n, d], by the later column.
pub(super) fn relations(x: MatRef<'_, f64>, columns: &[Column]) -> Result<Vec<Defect>, Error> {
    let active: Vec<usize> = (0..columns.len()).filter(|&j| !columns[j].is_constant()).collect();
    let (rows, count) = (x.nrows(), active.len());
    let mut found = Vec::new();
    if rows <= count {
        found.push(Defect::FewRows { rows, columns: active.clone() });
    }
    if count < 2 || rows < LEAST_ROWS {
        return Ok(found);
    }
    let search = Search::new(
        Sample::of(x, columns, &active, SEARCHED.max(4 * count)),
        Sample::of(x, columns, &active, VERIFIED),
        count,
    );
    let relations = search.run()?;
    let describe = |(j, terms): &Relation| search.check.describe(*j, terms, &active);
    found.extend(relations.iter().map(describe));
    Ok(found)
}

/// A column and its terms, in units u.
type Relation = (usize, Vec<(usize, f64)>);

struct Search<'a> {
    sample: Sample<'a>,
    check: Sample<'a>,
    correlation: Mat<f64>,
    /// The bound on 1 - R² of a candidate.
    loose: f64,
}

impl<'a> Search<'a> {
    fn new(sample: Sample<'a>, check: Sample<'a>, count: usize) -> Self {
        let correlation = correlation(&sample, count);
        let loose = (PER_BROKEN_ROW / sample.rows() as f64).clamp(LOOSE, LOOSEST);
        Self { sample, check, correlation, loose }
    }

    fn run(&self) -> Result<Vec<Relation>, Error> {
        let mut found: Vec<Relation> = Vec::new();
        let mut originals: Vec<usize> = Vec::new();
        let mut factor = Cholesky::default();
        for j in (0..self.correlation.nrows()).filter(|&j| self.correlation[(j, j)] > 0.0) {
            if let Some(terms) = self.copy(j, &originals) {
                found.push((j, terms));
                continue;
            }
            originals.push(j);
            let (row, left) = factor.next(&self.correlation, j);
            let candidate = left <= self.loose && factor.kept.len() > 1;
            if let Some(terms) = candidate.then(|| self.combination(j, &factor.kept)).flatten() {
                found.push((j, terms));
            } else if left > f64::EPSILON.sqrt() {
                factor.keep(j, row, left);
            }
        }
        self.remaining(factor.kept, &mut found)?;
        found.sort_by_key(|relation| relation.0);
        Ok(found)
    }

    /// j by one of the `earlier` columns.
    fn copy(&self, j: usize, earlier: &[usize]) -> Option<Vec<(usize, f64)>> {
        let square = |k: usize| self.correlation[(j, k)].powi(2);
        let mut near: Vec<usize> =
            earlier.iter().copied().filter(|&k| 1.0 - square(k) <= self.loose).collect();
        near.sort_by(|&a, &b| square(b).total_cmp(&square(a)));
        near.iter().find_map(|&k| {
            let terms = self.sample.fit(j, &[k])?.1;
            self.check.verify(j, &terms).map(|_| terms)
        })
    }

    /// j by some of the predictors, as few as will do.
    fn combination(&self, j: usize, predictors: &[usize]) -> Option<Vec<(usize, f64)>> {
        // With half as many coefficients as rows a relation is no accident.
        let most = (self.sample.rows() / 2).saturating_sub(2);
        let (size, mut full) = self.sample.fit(j, predictors)?;
        if size > HOPELESS {
            return None;
        }
        full.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        let largest: Vec<usize> = full.iter().map(|term| term.0).collect();
        let sizes = (0..usize::BITS).map(|k| 1_usize << k).take_while(|&k| k < largest.len());
        let (mut terms, mut left) = sizes
            .chain([largest.len()])
            .filter(|&size| size <= most)
            .find_map(|size| self.verified(j, &largest[..size]))?;
        loop {
            terms.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
            let fewer: Vec<usize> = terms[..terms.len() - 1].iter().map(|term| term.0).collect();
            let bound = (SPARE * left).max(f64::EPSILON.sqrt());
            match self.verified(j, &fewer) {
                Some(spared) if spared.1 <= bound => (terms, left) = spared,
                _ => return Some(terms),
            }
        }
    }

    fn verified(&self, j: usize, predictors: &[usize]) -> Option<(Vec<(usize, f64)>, f64)> {
        if predictors.is_empty() {
            return None;
        }
        let terms = self.sample.fit(j, predictors)?.1;
        let left = self.check.verify(j, &terms)?;
        Some((terms, left))
    }

    /// Relations that the order of the columns hid.
    fn remaining(&self, mut kept: Vec<usize>, found: &mut Vec<Relation>) -> Result<(), Error> {
        while kept.len() > 1 {
            let count = kept.len();
            let among = Mat::from_fn(count, count, |a, b| self.correlation[(kept[a], kept[b])]);
            let pca = Pca::of_covariance(among.as_ref())?;
            let least = pca.components.col(count - 1);
            let size = |a: &usize| least[*a].abs();
            let Some(at) = (0..count).max_by(|a, b| size(a).total_cmp(&size(b))) else { break };
            if pca.eigenvalues[count - 1] > self.loose * size(&at).powi(2) {
                break;
            }
            let j = kept.remove(at);
            let Some(terms) = self.combination(j, &kept) else { break };
            found.push((j, terms));
        }
        Ok(())
    }
}

/// The correlations of the rows w (u - m), m the weighted mean; zero for a column that then hardly
/// varies.
fn correlation(sample: &Sample<'_>, count: usize) -> Mat<f64> {
    let weight = sample.weights(0..count);
    let total: f64 = weight.iter().map(|w| w * w).sum();
    let mean: Vec<f64> = (0..count)
        .map(|j| weight.iter().zip(sample.column(j)).map(|(w, u)| w * w * u).sum::<f64>() / total)
        .collect();
    let z = Mat::from_fn(sample.rows(), count, |i, j| weight[i] * (sample.column(j)[i] - mean[j]));
    let covariance = Moments::of(z.as_ref()).covariance();
    let inverse: Vec<f64> = (0..count)
        .map(|j| covariance[(j, j)])
        .map(|variance| if variance > VARIES { 1.0 / variance.sqrt() } else { 0.0 })
        .collect();
    Mat::from_fn(count, count, |i, j| covariance[(i, j)] * inverse[i] * inverse[j])
}

/// The factor L of the correlations L Lᵀ of the columns kept so far.
#[derive(Default)]
struct Cholesky {
    kept: Vec<usize>,
    rows: Vec<Vec<f64>>,
}

impl Cholesky {
    /// Column j's row of L less its last entry, and the square of that: 1 - R² given those kept.
    fn next(&self, correlation: &Mat<f64>, j: usize) -> (Vec<f64>, f64) {
        let mut row: Vec<f64> = Vec::with_capacity(self.kept.len() + 1);
        for (k, factor) in self.kept.iter().zip(&self.rows) {
            let known: f64 = row.iter().zip(factor).map(|(a, b)| a * b).sum();
            row.push((correlation[(j, *k)] - known) / factor[row.len()]);
        }
        let left = correlation[(j, j)] - row.iter().map(|l| l * l).sum::<f64>();
        (row, left)
    }

    fn keep(&mut self, j: usize, mut row: Vec<f64>, left: f64) {
        row.push(left.sqrt());
        self.kept.push(j);
        self.rows.push(row);
    }
}
