//! One column at a time: few values, atoms, grids.
//!
//! Two rows drawn from a density in double precision agree in every bit with a probability of
//! some 10⁻¹⁵, and among a million rows one expects no such pair. So ties are evidence whatever
//! the shape of the density, and the question is only how many of them matter. Let the column
//! take value v with probability p_v. Two rows tie with probability Σ p_v², and 1/Σ p_v² is the
//! **effective number of values**: the number of equally probable values that would tie as often
//! (3.5 σ/δ for a normal rounded to a grid of step δ). It depends on neither units nor tails.
//!
//! Everything is read off a sorted selection of rows, at most 8,192 of them.

use super::Defect;
use super::words::shortest;
use crate::marginal::scale::{Scale, median_gap};
use crate::mean::mean;
use faer::ColRef;

/// Values that differ by less than so many units in the last place, of the value or of the
/// column's spread, may be equal but for rounding: 0.1 + 0.2 and 0.3 came from the same grid.
const TIE: f64 = 4.0 * f64::EPSILON;

/// So many doubles are four units in the last place on either side of a value: what lies there in
/// more of them is no rounding of one value, but values of their own.
const MOST_ROUNDINGS: usize = 9;

/// Up to so many distinct values are few, whatever their pattern: a mixture has as many
/// components, and could sit on every one of them.
const FEW: usize = 20;

/// Rows per distinct value from which values are few. A continuous column has one; two are what
/// a table has whose every row stands there twice.
const ROWS_PER_VALUE: usize = 2;

/// Equal rows from which they may be an atom: among n rows printed with three digits five equal
/// ones happen by chance, ten beside single neighbours do not.
const ATOM_ROWS: usize = 10;

/// The least share of an atom. A component that narrows by a factor 10⁴ on a share a of the rows
/// gains 9 a nats: 0.05, which tells good models apart, at half a percent.
const ATOM_SHARE: f64 = 0.005;

/// An atom has so many times the rows of the values around it: a jump of the distribution
/// function on a scale at which it is smooth elsewhere. A rounded normal never has a jump of more
/// than a factor 2 between values that matter; a Cauchy rounded to its half-width has 5.
const ATOM_CONTRAST: usize = 10;

/// Atoms named in one column, the largest; more than that are no news.
const MOST_ATOMS: usize = 4;

/// The rows that must tie for a column to be rounded: most. With m rows and G effective values
/// that is m > 0.7 G: the number of rows then tells the grid from a continuum at a glance.
const TIED: f64 = 0.5;

/// Up to so many effective values ties matter: about what the components of a flow, some tens of
/// layers of some tens of components, could sit on one by one. A grid of σ/300 is harmless.
const MOST_EFFECTIVE: f64 = 1000.0;

/// Rows below which ties say nothing.
const LEAST_ROWS: usize = 10;

/// How far a gap may be from a whole number of steps, and the share of gaps that must be nearer:
/// gaps at random come so near one time in 25.
const OFF_GRID: f64 = 0.02;
const ON_GRID: f64 = 0.95;

/// What is known of one column.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub scale: Scale,
    /// Median distance of neighbouring distinct values off the atoms; 0 of a constant column.
    pub resolution: f64,
    /// Step of the grid that all its values lie on, 0 if there is none.
    pub step: f64,
    rounding: Rounding,
    ties: Ties,
}

/// Within which distances values are equal but for rounding: this part of the value, or this much.
#[derive(Debug, Clone, Copy, Default)]
struct Rounding {
    relative: f64,
    absolute: f64,
}

impl Rounding {
    /// The widest that the sorted values bear out: of the column's spread (differences of the
    /// column's own values have it), of the value, or none. A column over many decades has most of
    /// its values within an ε of its spread, one far from 0 all of them within some units in the
    /// last place, and neither says that they are equal.
    fn of(sorted: &[f64], spread: f64) -> Self {
        let widest = Rounding { relative: TIE, absolute: TIE * spread };
        let relative = Rounding { relative: TIE, absolute: 0.0 };
        [widest, relative].into_iter().find(|r| r.explains(sorted)).unwrap_or_default()
    }

    /// Whether the chains of values that it calls equal are few doubles each, and not all the values
    /// there are.
    fn explains(self, sorted: &[f64]) -> bool {
        let (mut doubles, mut chains) = (1, 1);
        for pair in sorted.windows(2) {
            if !self.ties(pair[1], pair[0]) {
                doubles = 1;
                chains += 1;
            } else if pair[1] != pair[0] {
                doubles += 1;
            }
            if doubles > MOST_ROUNDINGS {
                return false;
            }
        }
        chains > 1
    }

    fn ties(self, a: f64, b: f64) -> bool {
        (a - b).abs() <= (self.relative * b.abs()).max(self.absolute)
    }
}

/// Rows of one value.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Group {
    value: f64,
    rows: usize,
    /// Over the mean weight of a row: `rows` without weights.
    weight: f64,
}

/// How its rows tie.
#[derive(Debug, Clone, Default)]
struct Ties {
    few: Option<usize>,
    /// Value and share of all rows.
    atoms: Vec<(f64, f64)>,
    /// Share of tied rows, if the column is rounded.
    rounded: Option<f64>,
}

/// The spacing at which a column was recorded: the median distance of neighbouring distinct
/// values, off its atoms. For a rounded column that is the step of the grid where most steps are
/// taken, for a continuous one the typical distance of two observations (of at most 8,192), for a
/// constant 0.
///
/// ```
/// let x = faer::Col::from_fn(500, |i| (i * 7 % 40) as f64 / 4.0);
/// assert_eq!(gauss_rbig::defects::resolution(x.as_ref()), 0.25);
/// ```
///
/// # Panics
/// If the column has no rows.
#[must_use]
pub fn resolution(x: ColRef<'_, f64>) -> f64 {
    Column::of(&x.iter().copied().collect::<Vec<f64>>(), None).resolution
}

impl Column {
    /// Of finite values `[n]`, at least one, and their weights `[n]`, all positive. That rows tie is
    /// evidence whatever they weigh; how much of the table does is told by weight.
    pub fn of(x: &[f64], weights: Option<&[f64]>) -> Self {
        let scale = Scale::of(x, weights);
        let rounding = Rounding::of(scale.sorted.values(), scale.spread);
        let ties = Ties::default();
        let mut column = Self { scale, resolution: 0.0, step: 0.0, rounding, ties };
        if column.is_constant() {
            return column;
        }
        let groups = column.groups();
        let values: Vec<f64> = groups.iter().map(|group| group.value).collect();
        let rows = column.scale.sorted.values().len();
        if groups.len() <= FEW && rows >= ROWS_PER_VALUE * groups.len() && groups.len() > 1 {
            let all = column.distinct(x, &values);
            if all <= 2 * FEW {
                column.ties.few = Some(all);
                column.resolution = median_gap(&values);
                column.step = grid(&values).unwrap_or(column.resolution);
                return column;
            }
        }

        let atoms = atoms(&groups, rows);
        let value = |&i: &usize| (values[i], column.share(x, weights, values[i]));
        column.ties.atoms = atoms.iter().map(value).collect();
        let rest: Vec<Group> =
            (0..groups.len()).filter(|i| !atoms.contains(i)).map(|i| groups[i]).collect();
        let values: Vec<f64> = rest.iter().map(|group| group.value).collect();
        column.resolution = median_gap(&values);
        if column.resolution == 0.0 {
            column.resolution = column.scale.spread; // atoms and a stray row
        }
        if let Some(tied) = tied(&rest) {
            if let Some(step) = grid(&values) {
                column.step = step;
                column.ties.rounded = Some(tied);
            } else if rest.iter().map(|group| group.rows).sum::<usize>()
                > ROWS_PER_VALUE * rest.len()
            {
                column.ties.few = Some(column.distinct(x, &values));
            }
        }
        column
    }

    pub fn is_constant(&self) -> bool {
        self.scale.spread == 0.0
    }

    /// Whether two values are equal but for rounding.
    pub fn ties(&self, a: f64, b: f64) -> bool {
        self.rounding.ties(a, b)
    }

    pub fn defects(&self, column: usize) -> Vec<Defect> {
        let Ties { few, atoms, rounded } = &self.ties;
        let width = self.resolution;
        let atoms =
            atoms.iter().map(|&(value, share)| Defect::Atom { column, value, share, width });
        let few = few.map(|distinct| Defect::FewValues { column, distinct, width });
        let rounded = rounded.map(|ties| Defect::Rounded { column, step: self.step, ties });
        atoms.chain(few).chain(rounded).collect()
    }

    /// Distinct values of the sorted selection, increasing.
    fn groups(&self) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for (i, &value) in self.scale.sorted.values().iter().enumerate() {
            let weight = self.scale.sorted.weight(i);
            match groups.last_mut() {
                Some(last) if self.ties(value, last.value) => {
                    last.rows += 1;
                    last.weight += weight;
                }
                _ => groups.push(Group { value, rows: 1, weight }),
            }
        }
        groups
    }

    /// The number of distinct values of all rows, beginning with those `known`, sorted.
    fn distinct(&self, x: &[f64], known: &[f64]) -> usize {
        let mut values = known.to_vec();
        for &v in x {
            let i = values.partition_point(|&known| known < v);
            let near = |i: Option<usize>| {
                i.and_then(|i| values.get(i)).is_some_and(|&known| self.ties(v, known))
            };
            if !(near(Some(i)) || near(i.checked_sub(1))) {
                values.insert(i, v);
            }
        }
        values.len()
    }

    /// The share of all rows at a value.
    fn share(&self, x: &[f64], weights: Option<&[f64]>, value: f64) -> f64 {
        let there: Vec<f64> =
            x.iter().map(|&v| if self.ties(v, value) { 1.0 } else { 0.0 }).collect();
        mean(&there, weights)
    }
}

/// Which groups are atoms: the largest few, in the order of their values.
fn atoms(groups: &[Group], rows: usize) -> Vec<usize> {
    let mut atoms: Vec<usize> = (0..groups.len())
        .filter(|&i| {
            let Group { rows: count, weight, .. } = groups[i];
            let enough = count >= ATOM_ROWS && weight >= ATOM_SHARE * rows as f64;
            enough && count >= ATOM_CONTRAST * around(groups, i)
        })
        .collect();
    atoms.sort_by_key(|&i| std::cmp::Reverse(groups[i].rows));
    atoms.truncate(MOST_ATOMS);
    atoms.sort_unstable();
    atoms
}

/// Rows at the values around the i-th: of the four nearest in order the second least, so that
/// two atoms side by side do not hide each other.
fn around(groups: &[Group], i: usize) -> usize {
    let first = i.saturating_sub(2).min(groups.len().saturating_sub(5));
    let last = (first + 5).min(groups.len());
    let mut counts: Vec<usize> =
        (first..last).filter(|&k| k != i).map(|k| groups[k].rows).collect();
    counts.sort_unstable();
    counts.get(1).copied().unwrap_or(1)
}

/// The share of tied rows, if it is large and the effective number of values small.
fn tied(groups: &[Group]) -> Option<f64> {
    let rows: usize = groups.iter().map(|group| group.rows).sum();
    let pairs: f64 = groups.iter().map(|group| group.rows as f64 * (group.rows as f64 - 1.0)).sum();
    let effective = rows as f64 * (rows as f64 - 1.0) / pairs;
    let tied = groups.iter().filter(|group| group.rows > 1).map(|group| group.weight).sum::<f64>();
    let share = tied / groups.iter().map(|group| group.weight).sum::<f64>();
    (rows >= LEAST_ROWS && share >= TIED && effective <= MOST_EFFECTIVE).then_some(share)
}

/// The step of the grid that sorted distinct values lie on. A small gap is a step where gaps
/// are mostly one step wide, and a heavy tail leaves holes: hence a low quantile first.
fn grid(values: &[f64]) -> Option<f64> {
    let mut gaps: Vec<f64> = values.windows(2).map(|w| w[1] - w[0]).collect();
    if gaps.is_empty() {
        return None;
    }
    gaps.sort_unstable_by(f64::total_cmp);
    [0.05, 0.25, 0.5].iter().find_map(|p| {
        let step = gaps[(p * (gaps.len() - 1) as f64) as usize];
        let fits = gaps.iter().filter(|&&gap| (gap / step - (gap / step).round()).abs() < OFF_GRID);
        (fits.count() as f64 >= ON_GRID * gaps.len() as f64).then(|| {
            let single: Vec<f64> =
                gaps.iter().copied().filter(|gap| (gap / step).round() == 1.0).collect();
            shortest(single[single.len() / 2], 1e-6 * step)
        })
    })
}
