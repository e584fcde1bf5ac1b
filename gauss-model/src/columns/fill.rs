//! What is typical of a column: the value that stands in for a missing one, and the order of
//! names.

use super::{Column, Kind};

/// The value that may stand in for a missing one: the median of `values` `[n]`, of whole numbers a
/// whole number; of a category its commonest level, of several the first. Values that are not
/// finite count as missing; `None` where all are.
///
/// Weights `[n]` count as rows: the median is that of the rows repeated as often.
///
/// ```
/// use gauss_model::{Kind, columns::typical};
/// let real = Kind::default();
/// assert_eq!(typical(&real, &[0.5, 1.0, f64::NAN, 4.0], None), Some(1.0));
/// assert_eq!(typical(&real, &[0.5, 1.5], Some(&[3.0, 1.0])), Some(0.5));
/// ```
///
/// # Panics
/// When there is another number of weights than of values.
#[must_use]
pub fn typical(kind: &Kind, values: &[f64], weights: Option<&[f64]>) -> Option<f64> {
    if let Some(weights) = weights {
        assert_eq!(values.len(), weights.len(), "a weight per value");
    }
    if let Kind::Category(levels) = kind {
        return commonest(levels.len(), values, weights);
    }
    let median = match weights {
        None => median(values)?,
        Some(weights) => weighted_median(values, weights)?,
    };
    let whole = values.iter().filter(|v| v.is_finite()).all(|v| v.fract() == 0.0);
    Some(if whole { median.round() } else { median })
}

/// Gives a category's levels their order, the commonest first, ties by name, and its `values` `[n]`
/// their new positions: neighbours in the list are neighbours to the flow, and so the common ones
/// stand together. A column of another kind is left as it is, and so is a value that is no level.
///
/// ```
/// use gauss_model::{Column, Kind, columns::commonest_first};
/// let levels = ["Oslo", "Rome"].map(str::to_owned).to_vec();
/// let mut city = Column { kind: Kind::Category(levels), ..Column::real("city") };
/// let mut values = [0.0, 1.0, 1.0, f64::NAN];
/// commonest_first(&mut city, &mut values, None);
/// assert_eq!(city.kind, Kind::Category(vec!["Rome".to_owned(), "Oslo".to_owned()]));
/// assert_eq!(values[..3], [1.0, 0.0, 0.0]);
/// ```
///
/// # Panics
/// When there is another number of weights than of values.
pub fn commonest_first(column: &mut Column, values: &mut [f64], weights: Option<&[f64]>) {
    let Kind::Category(levels) = &mut column.kind else { return };
    let counts = counts(levels.len(), values, weights);
    let mut order: Vec<usize> = (0..levels.len()).collect();
    order.sort_by(|&a, &b| counts[b].total_cmp(&counts[a]).then(levels[a].cmp(&levels[b])));
    let mut new = vec![0.0; levels.len()];
    for (position, &old) in order.iter().enumerate() {
        new[old] = position as f64;
    }
    for value in values.iter_mut().chain(&mut column.fill) {
        if let Some(level) = level(new.len(), *value) {
            *value = new[level];
        }
    }
    *levels = order.into_iter().map(|old| std::mem::take(&mut levels[old])).collect();
}

/// The position of a level; `None` of a value that is none.
fn level(levels: usize, value: f64) -> Option<usize> {
    (value >= 0.0 && value < levels as f64 && value.fract() == 0.0).then_some(value as usize)
}

/// How often each level stands among the values.
fn counts(levels: usize, values: &[f64], weights: Option<&[f64]>) -> Vec<f64> {
    if let Some(weights) = weights {
        assert_eq!(values.len(), weights.len(), "a weight per value");
    }
    let mut counts = vec![0.0; levels];
    for (i, &value) in values.iter().enumerate() {
        if let Some(level) = level(levels, value) {
            counts[level] += weights.map_or(1.0, |weights| weights[i]);
        }
    }
    counts
}

fn commonest(levels: usize, values: &[f64], weights: Option<&[f64]>) -> Option<f64> {
    let counts = counts(levels, values, weights);
    let most = counts.iter().copied().fold(0.0, f64::max);
    if most > 0.0 { counts.iter().position(|&n| n == most).map(|at| at as f64) } else { None }
}

fn median(values: &[f64]) -> Option<f64> {
    let mut present: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    let n = present.len();
    if n == 0 {
        return None;
    }
    let (below, &mut upper, _) = present.select_nth_unstable_by(n / 2, f64::total_cmp);
    if n % 2 == 1 {
        return Some(upper);
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Some(midpoint(lower, upper))
}

/// The value at which the weights below and above are equal, or the middle between two of them.
fn weighted_median(values: &[f64], weights: &[f64]) -> Option<f64> {
    let mut present: Vec<(f64, f64)> = (values.iter().copied().zip(weights.iter().copied()))
        .filter(|(v, w)| v.is_finite() && *w > 0.0)
        .collect();
    present.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: f64 = present.iter().map(|(_, w)| w).sum();
    let mut below = 0.0;
    for (k, &(value, weight)) in present.iter().enumerate() {
        below += weight;
        if 2.0 * below > total {
            return Some(value);
        }
        if 2.0 * below == total {
            return Some(present.get(k + 1).map_or(value, |next| midpoint(value, next.0)));
        }
    }
    present.last().map(|last| last.0)
}

/// Halved before they are added: a sum may be beyond a double.
fn midpoint(a: f64, b: f64) -> f64 {
    a / 2.0 + b / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_typical_value_is_one_of_the_columns_own_kind() {
        let typical = |values: &[f64]| typical(&Kind::default(), values, None);
        assert_eq!(typical(&[3.0, f64::NAN, 1.0, 2.5]), Some(2.5));
        assert_eq!(typical(&[0.5, 1.0, 4.0, 9.0]), Some(2.5));
        assert_eq!(typical(&[1.0, 4.0]), Some(3.0), "whole numbers have a whole median");
        assert_eq!(typical(&[-f64::MAX, -f64::MAX]), Some(-f64::MAX));
        assert_eq!(typical(&[f64::NAN]), None);
    }

    #[test]
    fn whole_weights_are_repeated_rows() {
        let category = Kind::Category(["a", "b", "c"].map(str::to_owned).to_vec());
        let values = [2.0, 0.0, 1.0, 1.0, 2.0, f64::NAN];
        for weights in
            [[1, 1, 1, 1, 1, 1], [3, 1, 0, 2, 0, 9], [0, 5, 1, 0, 1, 0], [1, 2, 1, 0, 2, 0]]
        {
            let repeated: Vec<f64> = values
                .iter()
                .zip(weights)
                .flat_map(|(&v, times)| std::iter::repeat_n(v, times))
                .collect();
            let weights = weights.map(|w| w as f64);
            for kind in [&Kind::default(), &category] {
                let weighted = typical(kind, &values, Some(&weights));
                assert_eq!(weighted, typical(kind, &repeated, None), "{kind:?} {weights:?}");
            }
        }
        assert_eq!(typical(&category, &values, None), Some(1.0), "of two the first");
    }
}
