//! Rows picked and left out.

use faer::{Mat, MatRef};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// The rows `[at.len(), d]` of x.
pub fn pick(x: MatRef<'_, f64>, at: &[usize]) -> Mat<f64> {
    Mat::from_fn(at.len(), x.ncols(), |i, j| x[(at[i], j)])
}

/// `count` of `0..n` at random without repetition, in order; all of them if there are no more.
pub fn choose(n: usize, count: usize, seed: u64) -> Vec<usize> {
    if count >= n {
        return (0..n).collect();
    }
    let mut chosen =
        rand::seq::index::sample(&mut ChaCha8Rng::seed_from_u64(seed), n, count).into_vec();
    chosen.sort_unstable();
    chosen
}

/// For each of n rows its fold, 0 up to `folds`, in random order and as equal as can be.
pub fn folds(n: usize, folds: usize, seed: u64) -> Vec<usize> {
    let mut fold: Vec<usize> = (0..n).map(|i| i % folds).collect();
    fold.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    fold
}

/// The rows of a fold, and the others.
pub fn split(fold: &[usize], held_out: usize) -> (Vec<usize>, Vec<usize>) {
    (0..fold.len()).partition(|&i| fold[i] == held_out)
}

/// Whether every value of a row is finite.
pub fn is_finite(x: MatRef<'_, f64>, i: usize) -> bool {
    x.row(i).iter().all(|v| v.is_finite())
}
