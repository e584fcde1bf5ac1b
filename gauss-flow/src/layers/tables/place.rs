//! Where a point lies in the cells of a discrete column.

use super::Values;

/// A point keeps this share of its cell from the borders: rounding then gives its value.
const MARGIN: f64 = 1.0 / 2_097_152.0;
/// Whole numbers beyond this have no cell in a double.
pub(super) const LARGEST: f64 = 4_503_599_627_370_496.0;

/// A discrete column, ready for use.
///
/// Its values are, in this order: all numbers below the table, if it goes on there; the numbers of the
/// table, in order; all others between them, if there are some; all numbers above.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// The column of the flow.
    pub at: usize,
    /// Where its values begin among those of all.
    pub offset: usize,
    /// How many.
    pub count: usize,
    /// The numbers of the table, increasing.
    own: Vec<f64>,
    /// How many whole numbers there are between them that are none of them.
    between: f64,
    below: f64,
    above: f64,
}

/// A point of a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    /// Of the value, among the column's.
    pub code: usize,
    /// The part of the value's probability that lies below the point, and the part above it.
    pub below: f64,
    pub above: f64,
    /// ln of the number's share in the value's probability: 0 but for the numbers beyond the table.
    pub log_share: f64,
}

impl Column {
    pub fn new(values: &Values, offset: usize) -> Self {
        let own = values.own.clone();
        let span = own[own.len() - 1] - own[0] + 1.0;
        Self {
            at: values.column,
            offset,
            count: values.count(),
            between: span - own.len() as f64,
            own,
            below: values.below,
            above: values.above,
        }
    }

    /// The code of the first number of the table.
    fn first_code(&self) -> usize {
        usize::from(self.below > 0.0)
    }

    /// `None` where there is no value.
    pub fn place(&self, u: f64) -> Option<Place> {
        let v = u.round() + 0.0; // no -0
        if !(v.abs() <= LARGEST) {
            return None;
        }
        let t = (u - v + 0.5).clamp(0.0, 1.0);
        let (first, last) = (self.own[0], self.own[self.own.len() - 1]);
        if v < first {
            return (self.below > 0.0)
                .then(|| Self::far(0, first - v, 1.0 - t, self.below).mirrored());
        }
        if v > last {
            return (self.above > 0.0).then(|| Self::far(self.count - 1, v - last, t, self.above));
        }
        Some(match self.own.binary_search_by(|own| own.total_cmp(&v)) {
            Ok(at) => {
                Place { code: self.first_code() + at, below: t, above: 1.0 - t, log_share: 0.0 }
            }
            Err(after) => {
                // So many of the others are less.
                let less = v - first - after as f64;
                let below = (less + t) / self.between;
                let above = (self.between - less - t) / self.between;
                let code = self.first_code() + self.own.len();
                Place { code, below, above, log_share: -self.between.ln() }
            }
        })
    }

    /// The k-th number beyond the table, k = 1, 2, ..., has the part (1 - ρ) ρ^(k - 1); t: the part of
    /// its cell that lies towards the table.
    fn far(code: usize, k: f64, t: f64, ratio: f64) -> Place {
        let log_share = (-ratio).ln_1p() + (k - 1.0) * ratio.ln();
        let above = ratio.powf(k) + (1.0 - t) * log_share.exp();
        Place { code, below: 1.0 - above, above, log_share }
    }

    /// z and ln dz/du of a point that is in no cell.
    pub fn nowhere(&self, u: f64) -> (f64, f64) {
        if u.is_nan() {
            (f64::NAN, f64::NAN)
        } else {
            (if u < self.own[0] { f64::NEG_INFINITY } else { f64::INFINITY }, f64::NEG_INFINITY)
        }
    }

    /// The point of a value that has this share of the value's probability between it and the
    /// side that is meant.
    pub fn point(&self, code: usize, share: f64, from_above: bool) -> f64 {
        let (first, last) = (self.own[0], self.own[self.own.len() - 1]);
        let below = if from_above { 1.0 - share } else { share };
        match code.checked_sub(self.first_code()) {
            None => {
                let (k, t) = beyond(below, self.below);
                (first - k).max(-LARGEST) + (0.5 - t)
            }
            Some(at) if at < self.own.len() => self.own[at] + (within(below) - 0.5),
            Some(at) if at == self.own.len() && self.between > 0.0 => {
                let less = (below * self.between).floor().clamp(0.0, self.between - 1.0);
                self.other(less) + (within(below * self.between - less) - 0.5)
            }
            Some(_) => {
                let outer = if from_above { share } else { 1.0 - share };
                let (k, t) = beyond(outer, self.above);
                (last + k).min(LARGEST) + (t - 0.5)
            }
        }
    }

    /// The number between those of the table that is none of them, and has so many such below it.
    fn other(&self, less: f64) -> f64 {
        let first = self.own[0];
        // Before own[i] there are own[i] - own[0] - i such numbers, more and more.
        let (mut at, mut end) = (0, self.own.len());
        while at < end {
            let middle = usize::midpoint(at, end);
            if self.own[middle] - first - middle as f64 <= less {
                at = middle + 1;
            } else {
                end = middle;
            }
        }
        first + less + at as f64
    }
}

/// Which number beyond the table, from 1, and where in its cell, 0 being the side of the table, has this
/// part of the probability of all of them farther out.
fn beyond(outer: f64, ratio: f64) -> (f64, f64) {
    let k = (outer.ln() / ratio.ln()).floor().clamp(0.0, LARGEST / 2.0) + 1.0;
    let (inner, width) = (ratio.powf(k - 1.0), (1.0 - ratio) * ratio.powf(k - 1.0));
    (k, within((inner - outer) / width))
}

fn within(t: f64) -> f64 {
    // A share of a probability that underflows is no number: anywhere will do.
    if t.is_nan() { 0.5 } else { t.clamp(MARGIN, 1.0 - MARGIN) }
}

impl Place {
    /// The same on the other side.
    fn mirrored(self) -> Self {
        Place { below: self.above, above: self.below, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(own: &[f64], below: f64, above: f64) -> Column {
        Column::new(&Values { column: 0, own: own.to_vec(), below, above }, 0)
    }

    #[test]
    fn every_number_has_a_place_and_comes_back() {
        for column in [
            column(&[10.0, 11.0, 12.0], 0.5, 0.25),
            column(&[10.0, 11.0, 15.0, 17.0], 0.5, 0.25),
            column(&[7.0, 1e9], 0.9, 0.0),
        ] {
            for v in
                [-3.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0, 17.0, 20.0]
            {
                for t in [0.01, 0.5, 0.99] {
                    let u = v - 0.5 + t;
                    let place = column.place(u).unwrap();
                    assert!((place.below + place.above - 1.0).abs() < 1e-15);
                    for from_above in [false, true] {
                        let share = if from_above { place.above } else { place.below };
                        let back = column.point(place.code, share, from_above);
                        // One share of 10⁹ leaves few digits for the place in a cell.
                        assert!((back - u).abs() < 1e-3, "{u} {back} {place:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn numbers_that_are_not_in_the_table_share_a_probability() {
        let column = column(&[10.0, 12.0, 15.0], 0.5, 0.25);
        assert_eq!(column.count, 6);
        let others: Vec<i32> = (-60..80).filter(|v| ![10, 12, 15].contains(v)).collect();
        for (code, range) in [(0, -60..10), (4, 10..16), (5, 16..80)] {
            let own = others.iter().filter(|v| range.contains(*v));
            let places = own.map(|v| column.place(f64::from(*v)).unwrap());
            let sum: f64 = places
                .map(|place| {
                    assert_eq!(place.code, code);
                    place.log_share.exp()
                })
                .sum();
            assert!((sum - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn what_a_table_ends_at_it_ends_at() {
        let closed = column(&[0.0, 1.0, 2.0], 0.0, 0.0);
        assert_eq!((closed.place(-1.0), closed.place(3.0)), (None, None));
        assert_eq!((closed.place(2.0).unwrap().code, closed.count), (2, 3));
    }
}
