//! What to beware of in a table that has a density of its own, and still is one that a fit may get
//! wrong: values far from all others, groups that lie too far apart, next to no rows.
//!
//! **Far.** The spread of a column is the least width that holds a quarter of its distinct values (as
//! the shorth of Andrews et al. 1972 holds half), which is one group's where there are up to four, and
//! knows neither atoms nor outliers. By their distance from the middle of it, the values are told apart at the first
//! jump to at least [`FAR`] spreads and [`JUMP`] times the distance before: a tail that falls like a
//! power gets as far, but hardly in one jump. Few values beyond it are outliers; as many as a group
//! has are one, and two groups are a matter of the numbers' digits: a double has sixteen, and what is
//! left for the inner shape of groups that lie 10⁷ spreads apart is nine.

use crate::Error;
use crate::sampling::stratified;
use gauss_flow::Rows;
use rayon::prelude::*;

/// Spreads from which a value is far: an interquartile range is about two, a median deviation one.
const FAR: f64 = 1e5;
/// Spreads between two groups from which their shapes are lost.
const APART: f64 = 1e7;
/// How many times as far as the value before it a far value is, at least.
const JUMP: f64 = 1000.0;
/// Values that the spread is read off, at most.
const SELECTED: usize = 8192;
/// Distinct values without which a column has no spread.
const LEAST_VALUES: usize = 8;
/// Far values are outliers if they are no more than one in so many, or than [`ALWAYS_FEW`].
const ONE_IN: usize = 50;
const ALWAYS_FEW: usize = 3;
/// Rows below which a warning is due: nine know a deviation to a quarter, and a tenth of a column's
/// rows lie beyond all of them.
const LEAST_ROWS: usize = 10;

/// What to beware of. Columns and rows are counted from 0.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Caution {
    /// So few rows that even a spread is a guess.
    FewRows {
        /// With weight.
        rows: usize,
        /// How many there should be at least.
        least: usize,
    },
    /// Values that lie far from all others of their column.
    Far {
        /// The column.
        column: usize,
        /// The row of the farthest.
        row: usize,
        /// The farthest.
        value: f64,
        /// How far that is, in spreads of the column.
        spreads: f64,
        /// How many there are.
        values: usize,
    },
    /// Two groups of values so far apart that a double has not the digits for the shape of either.
    Apart {
        /// The column.
        column: usize,
        /// A row of the larger group, and one of the others.
        rows: [usize; 2],
        /// What the column is there.
        values: [f64; 2],
        /// How far apart they are, in spreads.
        spreads: f64,
    },
}

/// What to beware of in the rows of x `[n, d]`; rows of weight 0 are not there.
///
/// ```
/// use gauss_rbig::defects::{Caution, cautions};
/// let x = faer::Mat::from_fn(100, 1, |i, _| if i == 17 { 1e9 } else { (i as f64 * 0.7).sin() });
/// let found = cautions(x.as_ref())?;
/// assert!(matches!(found[..], [Caution::Far { column: 0, row: 17, values: 1, .. }]));
/// # Ok::<(), gauss_rbig::Error>(())
/// ```
///
/// # Errors
/// [`Error::Rows`], [`Error::NonFinite`], [`Error::NoDimensions`].
pub fn cautions<'a>(x: impl Into<Rows<'a>>) -> Result<Vec<Caution>, Error> {
    let x = x.into();
    x.check(x.ncols())?;
    let present: Vec<usize> = (0..x.nrows()).filter(|&i| x.weight(i) > 0.0).collect();
    let few = (present.len() < LEAST_ROWS)
        .then_some(Caution::FewRows { rows: present.len(), least: LEAST_ROWS });
    let of_column = |j: usize| {
        let values: Vec<f64> = present.iter().map(|&i| x.x()[(i, j)]).collect();
        of_values(j, &values, &present)
    };
    let of_columns: Vec<Caution> = (0..x.ncols()).into_par_iter().filter_map(of_column).collect();
    Ok(few.into_iter().chain(of_columns).collect())
}

/// The rows that hold a value far from all others of its column ([`Caution::Far`]), in order: what
/// should be learnt from, for it can judge nothing.
pub(crate) fn far_rows(x: Rows<'_>) -> Vec<usize> {
    let of_column = |j: usize| {
        let values: Vec<f64> = x.x().col(j).iter().copied().collect();
        let beyond = Beyond::of(&values)?;
        beyond.are_few().then_some(beyond.far)
    };
    let found: Vec<Vec<usize>> = (0..x.ncols()).into_par_iter().filter_map(of_column).collect();
    let mut rows = found.concat();
    rows.sort_unstable();
    rows.dedup();
    rows
}

/// Of finite values `[n]` of a column, that stand in these rows `[n]`.
fn of_values(column: usize, values: &[f64], rows: &[usize]) -> Option<Caution> {
    let beyond = Beyond::of(values)?;
    if beyond.are_few() {
        let at = *beyond.far.last()?;
        return Some(Caution::Far {
            column,
            row: rows[at],
            value: values[at],
            spreads: beyond.distance(values[at]),
            values: beyond.far.len(),
        });
    }
    let [near, far] = [beyond.nearest, beyond.far[0]];
    let spreads = beyond.distance(values[far]);
    (spreads >= APART).then(|| Caution::Apart {
        column,
        rows: [near, far].map(|i| rows[i]),
        values: [near, far].map(|i| values[i]),
        spreads,
    })
}

/// Values beyond the first jump.
struct Beyond {
    centre: f64,
    spread: f64,
    /// All values.
    count: usize,
    /// Where the value nearest to the centre stands.
    nearest: usize,
    /// Where those beyond stand, the nearest first.
    far: Vec<usize>,
}

impl Beyond {
    /// Of finite values; `None` where there are none.
    fn of(values: &[f64]) -> Option<Self> {
        let some: Vec<f64> = stratified(values.len(), SELECTED, 0).map(|i| values[i]).collect();
        let (centre, spread) = densest_quarter(some)?;
        let count = values.len();
        let mut beyond = Self { centre, spread, count, nearest: 0, far: Vec::new() };
        if !values.iter().any(|value| beyond.distance(*value) >= FAR) {
            return None;
        }
        let distance: Vec<f64> = values.iter().map(|value| beyond.distance(*value)).collect();
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by(|&a, &b| distance[a].total_cmp(&distance[b]));
        let jump = (1..count).find(|&k| {
            let [near, far] = [order[k - 1], order[k]].map(|i| distance[i]);
            far >= FAR && far >= JUMP * near
        })?;
        beyond.nearest = order[0];
        beyond.far = order.split_off(jump);
        Some(beyond)
    }

    /// In spreads; in halves, so that no difference overflows.
    fn distance(&self, value: f64) -> f64 {
        (value / 2.0 - self.centre / 2.0).abs() / self.spread * 2.0
    }

    fn are_few(&self) -> bool {
        self.far.len() <= ALWAYS_FEW.max(self.count / ONE_IN)
    }
}

/// Middle and width of the least interval that holds a quarter of the distinct values; `None` of too few.
fn densest_quarter(mut distinct: Vec<f64>) -> Option<(f64, f64)> {
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    if distinct.len() < LEAST_VALUES {
        return None;
    }
    let quarter = distinct.len() / 4;
    let width = |k: &usize| distinct[k + quarter] / 2.0 - distinct[*k] / 2.0;
    let at = (0..distinct.len() - quarter).min_by(|a, b| width(a).total_cmp(&width(b)))?;
    let spread = 2.0 * width(&at);
    let centre = distinct[at] / 2.0 + distinct[at + quarter] / 2.0;
    (spread > 0.0 && spread.is_finite()).then_some((centre, spread))
}

impl Caution {
    /// A word for programs: `few_rows`, `far`, `apart`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Caution::FewRows { .. } => "few_rows",
            Caution::Far { .. } => "far",
            Caution::Apart { .. } => "apart",
        }
    }

    /// The column it is about, if it is about one.
    #[must_use]
    pub fn column(&self) -> Option<usize> {
        match self {
            Caution::FewRows { .. } => None,
            Caution::Far { column, .. } | Caution::Apart { column, .. } => Some(*column),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use faer::Mat;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Cauchy, Distribution, LogNormal, StandardNormal};

    fn normal(n: usize, d: usize, seed: u64) -> Mat<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        Mat::from_fn(n, d, |_, _| StandardNormal.sample(&mut rng))
    }

    #[test]
    fn far_values_of_either_sign_at_any_distance_are_named() {
        for n in [20, 500] {
            for distance in [1e6, 1e9, 1e12, 1e50, 1e140, 1e300] {
                for sign in [1.0, -1.0] {
                    let mut x = normal(n, 3, 1);
                    x[(7, 2)] = sign * distance;
                    let found = cautions(&x).unwrap();
                    let [Caution::Far { column: 2, row: 7, value, values: 1, .. }] = found[..]
                    else {
                        panic!("{distance}: {found:?}")
                    };
                    assert_eq!(value, sign * distance);
                }
            }
        }
        // Several, of which the farthest is named, at an offset and another scale.
        let mut x = Mat::from_fn(300, 1, |i, _| 1e6 + 1e-3 * (i as f64 * 0.7).sin());
        for (row, value) in [(5, 3e9), (6, -4e9), (200, 2e8)] {
            x[(row, 0)] = value;
        }
        let found = cautions(&x).unwrap();
        assert!(matches!(found[..], [Caution::Far { row: 6, values: 3, .. }]), "{found:?}");
        // A row without weight is not there.
        let weights: Vec<f64> =
            (0..300).map(|i| if x[(i, 0)] > 2e6 || x[(i, 0)] < 0.0 { 0.0 } else { 1.0 }).collect();
        let rows = Rows::weighted(x.as_ref(), &weights).unwrap();
        assert_eq!(cautions(rows).unwrap(), []);
    }

    #[test]
    fn groups_apart_are_told_from_outliers() {
        for (share, distance) in [(2, 1e12), (5, 1e8), (3, 1e200)] {
            let x = Mat::from_fn(600, 1, |i, _| {
                let own = (i as f64 * 0.7).sin();
                own + if i % share == 0 { distance } else { 0.0 }
            });
            let found = cautions(&x).unwrap();
            let [Caution::Apart { column: 0, rows: [near, far], .. }] = found[..] else {
                panic!("{distance}: {found:?}")
            };
            assert!((near % share == 0) != (far % share == 0));
        }
        let near = Mat::from_fn(600, 1, |i, _| (i as f64 * 0.7).sin() + 1e6 * (i % 2) as f64);
        assert_eq!(cautions(&near).unwrap(), []);
    }

    #[test]
    fn tails_decades_atoms_and_grids_are_none() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let cauchy = Cauchy::new(0.0, 1.0).unwrap();
        let decades = LogNormal::new(0.0, 5.0).unwrap();
        let x = Mat::from_fn(3000, 5, |i, j| match j {
            0 => cauchy.sample(&mut rng),
            1 => decades.sample(&mut rng),
            2 if i % 20 > 0 => 0.0,
            3 => (i % 5) as f64,
            4 => 1e9 + (i % 100) as f64,
            _ => StandardNormal.sample(&mut rng),
        });
        assert_eq!(cautions(&x).unwrap(), []);
    }

    #[test]
    fn a_handful_of_rows_is_few() {
        for n in [1, 3, 9] {
            let found = cautions(&normal(n, 2, 1)).unwrap();
            assert_eq!(found, [Caution::FewRows { rows: n, least: LEAST_ROWS }]);
        }
        assert_eq!(cautions(&normal(10, 2, 1)).unwrap(), []);
    }
}
