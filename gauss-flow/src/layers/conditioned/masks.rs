//! Which unit sees what (MADE: Germain, Gregor, Murray & Larochelle, 2015), and where its weights are.
//!
//! Position p of 0..d is the p-th column in the layer's order. A hidden unit of degree g sees the
//! context and the positions below g, in the second layer the first layer's units of degree g and
//! less; position p is told by the second layer's units of degree p and less. Degrees go round
//! 1..d-1, and 0..d-1 where there is a context, over the units of a layer, *sorted*: the
//! mask of every row of weights is then a prefix, and only what is not masked is stored.
//!
//! ```text
//! inputs   context, x_0, x_1, ..., x_d-2          degree g sees the first c + g
//! hidden   degree 0 (with a context), 1, ...      degree g sees the first `upto(g)`
//! ```

use std::ops::Range;

/// Sizes up to here have counts that fit 128 bits; a layer claiming more has more numbers than
/// there are addresses, or none that would be of use.
const LARGEST: usize = u32::MAX as usize;

/// The degrees of the hidden units of a layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Masks {
    dim: usize,
    context: usize,
    hidden: usize,
}

impl Masks {
    pub fn new(dim: usize, context: usize, hidden: usize) -> Self {
        Self { dim, context, hidden }
    }

    /// The least degree.
    fn first(self) -> usize {
        usize::from(self.context == 0)
    }

    /// h: 0 where there is nothing to see.
    pub fn hidden(self) -> usize {
        self.upto(self.dim - 1)
    }

    /// What the network sees: the context and all columns but the last.
    pub fn inputs(self) -> usize {
        self.context + self.dim - 1
    }

    /// How many inputs a unit of this degree sees: the first.
    pub fn seen(self, degree: usize) -> usize {
        self.context + degree
    }

    /// How many units of a hidden layer have at most this degree: the first.
    pub fn upto(self, degree: usize) -> usize {
        let degrees = self.dim - self.first();
        if degrees == 0 {
            return 0;
        }
        let done = (degree + 1).saturating_sub(self.first());
        done * (self.hidden / degrees) + done.min(self.hidden % degrees)
    }

    /// The units of this degree.
    pub fn units(self, degree: usize) -> Range<usize> {
        if degree < self.first() { 0..0 } else { self.below(degree)..self.upto(degree) }
    }

    fn below(self, degree: usize) -> usize {
        degree.checked_sub(1).map_or(0, |less| self.upto(less))
    }
}

/// How many weights and biases the network has with 3K outputs per position; saturating.
pub(super) fn n_network(dim: usize, context: usize, hidden: usize, components: usize) -> usize {
    if [dim, context, hidden, components].iter().any(|size| *size > LARGEST) {
        return if hidden == 0 { 0 } else { usize::MAX };
    }
    let [d, c, h, k] = [dim, context, hidden, components].map(|size| size as u128);
    let first = u128::from(context == 0);
    let degrees = d.saturating_sub(first);
    if degrees == 0 || hidden == 0 {
        return 0;
    }
    let (each, more) = (h / degrees, h % degrees);
    // Over the degrees i = 0, 1, ... counted from the first: those below `more` have a unit more.
    let sum_to = |n: u128| n * n.saturating_sub(1) / 2; // Σ_{i < n} i
    let inputs = h * (c + first) + each * sum_to(degrees) + sum_to(more);
    // Σ_i upto(i) = Σ (i + 1) each + min(i + 1, more)
    let ends =
        |n: u128| sum_to(n + 1) * each + sum_to(n.min(more) + 1) + n.saturating_sub(more) * more;
    let hidden_weights = each * ends(degrees) + ends(more);
    let outputs = 3 * k * ends(degrees);
    let total = inputs + hidden_weights + outputs + 2 * h;
    usize::try_from(total).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_that_of_the_rows() {
        for dim in 1..9 {
            for context in 0..3 {
                for hidden in [0, 1, 2, 3, 5, 8, 17] {
                    let masks = Masks::new(dim, context, hidden);
                    let mut want = 0;
                    for degree in 0..dim {
                        let units = masks.units(degree).len();
                        want += units * (masks.seen(degree) + masks.upto(degree) + 2);
                        want += 3 * 4 * masks.upto(degree);
                    }
                    let got = n_network(dim, context, hidden, 4);
                    assert_eq!(got, want, "d {dim}, c {context}, h {hidden}");
                    let nothing = dim == 1 && context == 0;
                    assert_eq!(masks.hidden(), if nothing { 0 } else { hidden });
                }
            }
        }
    }

    #[test]
    fn units_go_round_the_degrees() {
        let masks = Masks::new(4, 0, 8);
        assert_eq!((0..4).map(|g| masks.units(g)).collect::<Vec<_>>(), [0..0, 0..3, 3..6, 6..8]);
        let masks = Masks::new(4, 2, 6);
        assert_eq!((0..4).map(|g| masks.units(g)).collect::<Vec<_>>(), [0..2, 2..4, 4..5, 5..6]);
        let few = Masks::new(9, 0, 3); // the later columns are told by the first three
        assert_eq!((few.upto(0), few.upto(3), few.upto(8)), (0, 3, 3));
    }

    #[test]
    fn claims_of_any_size_have_a_count() {
        assert_eq!(n_network(usize::MAX, 3, 4, 5), usize::MAX);
        assert_eq!(n_network(LARGEST, LARGEST, LARGEST, LARGEST), usize::MAX);
        assert_eq!(n_network(usize::MAX, 0, 0, 1), 0);
        assert_eq!(n_network(0, 0, 4, 1), 0);
    }
}
