//! Columns that are constant in a class.
//!
//! A value that all rows of a class share has no density there, and is an atom for whatever is learnt of
//! all classes together: blocks and mixtures narrow onto it, and draw it in other classes, too. So the
//! cells of such a class get noise, far below what the column's other values differ by: the class is
//! then narrow, and nothing else.

use crate::Error;
use crate::classes::Cells;
use faer::Mat;
use gauss_flow::stream::{Purpose, stream};
use gauss_flow::{OwnedRows, Rows};
use rand_distr::{Distribution, StandardNormal};

/// Rows that may agree by chance, where values are rounded.
const LEAST_ROWS: usize = 5;
/// The noise, as a part of the column's deviation.
const NOISE: f64 = 1e-3;

/// A column that is constant in the rows with one value of a discrete column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Constant {
    column: usize,
    discrete: usize,
    code: u32,
    /// Deviation of the noise.
    sigma: f64,
}

/// What is constant in rows x `[n, d]` whose discrete values are those of the cells.
pub(super) fn constants(x: Rows<'_>, cells: &Cells) -> Vec<Constant> {
    let mut found = Vec::new();
    for (column, values) in x.x().col_iter().enumerate() {
        let all: Vec<f64> = values.iter().copied().collect();
        let mean = x.mean(&all);
        let squares: Vec<f64> = all.iter().map(|v| (v - mean).powi(2)).collect();
        let sigma = NOISE * x.mean(&squares).sqrt();
        for (discrete, &count) in cells.counts.iter().enumerate() {
            // Rows, least and largest value of each class.
            let mut classes = vec![(0, f64::INFINITY, f64::NEG_INFINITY); count];
            for (i, value) in all.iter().enumerate() {
                let (rows, least, largest) = &mut classes[cells.code(i, discrete) as usize];
                *rows += 1;
                *least = least.min(*value);
                *largest = largest.max(*value);
            }
            let constant = classes.iter().enumerate().filter(|(_, (rows, least, largest))| {
                *rows >= LEAST_ROWS && least == largest && *rows < all.len()
            });
            found.extend(constant.map(|(code, _)| Constant {
                column,
                discrete,
                code: code as u32,
                sigma,
            }));
        }
    }
    found
}

/// The rows with noise in these cells.
///
/// # Errors
/// Of weights that rows cannot have.
pub(super) fn blurred(
    x: Rows<'_>,
    cells: &Cells,
    constants: &[Constant],
    seed: u64,
) -> Result<OwnedRows, Error> {
    let mut blurred: Mat<f64> = x.x().to_owned();
    for (index, constant) in constants.iter().enumerate() {
        let mut rng = stream(seed, Purpose::ClassNoise { class: index as u64 });
        for i in 0..x.nrows() {
            if cells.code(i, constant.discrete) == constant.code {
                let z: f64 = StandardNormal.sample(&mut rng);
                blurred[(i, constant.column)] += constant.sigma * z;
            }
        }
    }
    OwnedRows::new(blurred, x.weights().map(<[f64]>::to_vec))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_cells_of_a_constant_class_get_noise() {
        let codes: Vec<u32> = (0..20).map(|i| i % 2).collect();
        let cells = Cells::of(&[2], &codes, |_| 1.0);
        let x = Mat::from_fn(20, 2, |i, j| if i % 2 == 0 && j == 1 { 7.0 } else { i as f64 });
        let found = constants((&x).into(), &cells);
        assert_eq!(found.len(), 1);
        let noisy = blurred((&x).into(), &cells, &found, 1).unwrap();
        for (i, j) in (0..20).flat_map(|i| [(i, 0), (i, 1)]) {
            let moved = (noisy.rows().x()[(i, j)] - x[(i, j)]).abs();
            assert_eq!(moved > 0.0, i % 2 == 0 && j == 1);
            assert!(moved < 0.1);
        }
    }
}
