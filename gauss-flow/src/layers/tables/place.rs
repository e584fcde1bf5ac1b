//! Where a point lies in the cells of a discrete column.

use super::Values;

/// A point keeps this share of its cell from the borders: rounding then gives its value.
const MARGIN: f64 = 1.0 / 2_097_152.0;
/// Whole numbers beyond this have no cell in a double.
const LARGEST: f64 = 4_503_599_627_370_496.0;

/// A discrete column, ready for use.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// The column of the flow.
    pub at: usize,
    /// Where its values begin among those of all.
    pub offset: usize,
    /// How many.
    pub count: usize,
    /// The first number of the table's own.
    first: f64,
    /// How many numbers of the table's own.
    own: f64,
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
        let beyond = usize::from(values.below > 0.0) + usize::from(values.above > 0.0);
        Self {
            at: values.column,
            offset,
            count: values.count,
            first: values.first,
            own: (values.count - beyond) as f64,
            below: values.below,
            above: values.above,
        }
    }

    /// `None` where there is no value.
    pub fn place(&self, u: f64) -> Option<Place> {
        let v = u.round();
        if !(v.abs() <= LARGEST) {
            return None;
        }
        let t = (u - v + 0.5).clamp(0.0, 1.0);
        let from = v - self.first;
        if from < 0.0 {
            (self.below > 0.0).then(|| self.far(0, -from, 1.0 - t, self.below).mirrored())
        } else if from >= self.own {
            let last = self.count - 1;
            (self.above > 0.0).then(|| self.far(last, from - self.own + 1.0, t, self.above))
        } else {
            let code = from as usize + usize::from(self.below > 0.0);
            Some(Place { code, below: t, above: 1.0 - t, log_share: 0.0 })
        }
    }

    /// The k-th number beyond the table, k = 1, 2, ..., has the part (1 - ρ) ρ^(k - 1); t: the part of
    /// its cell that lies towards the table.
    fn far(&self, code: usize, k: f64, t: f64, ratio: f64) -> Place {
        let log_share = (-ratio).ln_1p() + (k - 1.0) * ratio.ln();
        let above = ratio.powf(k) + (1.0 - t) * log_share.exp();
        Place { code, below: 1.0 - above, above, log_share }
    }

    /// z and ln dz/du of a point that is in no cell.
    pub fn nowhere(&self, u: f64) -> (f64, f64) {
        if u.is_nan() {
            (f64::NAN, f64::NAN)
        } else {
            (if u < self.first { f64::NEG_INFINITY } else { f64::INFINITY }, f64::NEG_INFINITY)
        }
    }

    /// The point of a value that has this share of the value's probability between it and the
    /// side that is meant.
    pub fn point(&self, code: usize, share: f64, from_above: bool) -> f64 {
        let is_below = self.below > 0.0 && code == 0;
        let is_above = self.above > 0.0 && code + 1 == self.count;
        if is_below || is_above {
            // `outer`: the part farther out than the point.
            let outer = if from_above == is_above { share } else { 1.0 - share };
            let ratio = if is_above { self.above } else { self.below };
            let k = (outer.ln() / ratio.ln()).floor().clamp(0.0, LARGEST / 2.0) + 1.0;
            let (inner, width) = (ratio.powf(k - 1.0), (1.0 - ratio) * ratio.powf(k - 1.0));
            let t = within((inner - outer) / width);
            return if is_above {
                (self.first + self.own - 1.0 + k).min(LARGEST) + (t - 0.5)
            } else {
                (self.first - k).max(-LARGEST) + (0.5 - t)
            };
        }
        let t = within(if from_above { 1.0 - share } else { share });
        self.first + (code - usize::from(self.below > 0.0)) as f64 + (t - 0.5)
    }
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

    fn column() -> Column {
        let values = Values { column: 0, count: 5, first: 10.0, below: 0.5, above: 0.25 };
        Column::new(&values, 0)
    }

    #[test]
    fn every_number_has_a_place_and_comes_back() {
        let column = column();
        for v in [-3.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 20.0] {
            for t in [0.01, 0.5, 0.99] {
                let u = v - 0.5 + t;
                let place = column.place(u).unwrap();
                assert!((place.below + place.above - 1.0).abs() < 1e-15);
                for from_above in [false, true] {
                    let share = if from_above { place.above } else { place.below };
                    let back = column.point(place.code, share, from_above);
                    assert!((back - u).abs() < 1e-3, "{u} {back} {place:?}");
                }
            }
        }
    }

    #[test]
    fn numbers_beyond_the_table_share_its_probability() {
        let column = column();
        for (range, code) in [(-40..10, 0), (13..60, 4)] {
            let places = range.map(|v| column.place(f64::from(v)).unwrap());
            let sum: f64 = places
                .map(|place| {
                    assert_eq!(place.code, code);
                    place.log_share.exp()
                })
                .sum();
            assert!((sum - 1.0).abs() < 1e-12);
        }
        let closed = Column::new(
            &Values { column: 0, count: 3, first: 0.0, below: 0.0, above: 0.0 },
            0,
        );
        assert_eq!((closed.place(-1.0), closed.place(3.0)), (None, None));
        assert_eq!(closed.place(2.0).unwrap().code, 2);
    }
}
