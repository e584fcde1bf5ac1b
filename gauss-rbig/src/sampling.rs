//! Rows picked at random, the same for a seed.
//!
//! Every k-th row would do were it not for tables with a period: rows that alternate between two
//! classes, or sensors in turn. Strata of neighbouring rows with one random row each keep the
//! even coverage and have no period.

use gauss_flow::{OwnedRows, Rows};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// A well mixed function of a number (the finaliser of SplitMix64, Steele, Lea and Flood 2014).
pub(crate) fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// At most `most` of the rows 0 .. n, increasing; all of them if n <= `most`.
pub(crate) fn stratified(n: usize, most: usize, seed: u64) -> impl Iterator<Item = usize> {
    let width = n.div_ceil(most).max(1);
    (0..n.div_ceil(width)).map(move |i| {
        let size = width.min(n - i * width);
        i * width + (mix(seed ^ mix(i as u64)) % size as u64) as usize
    })
}

/// Rows that a search learns from, or is judged by, at most: to rank candidates, more are not needed.
pub(crate) const SEARCH_ROWS: usize = 40_000;

/// At most [`SEARCH_ROWS`] of the rows; `None` for all of them.
pub(crate) fn few(x: Rows<'_>, seed: u64) -> Option<OwnedRows> {
    (x.nrows() > SEARCH_ROWS)
        .then(|| x.pick(&stratified(x.nrows(), SEARCH_ROWS, seed).collect::<Vec<usize>>()))
}

/// [`stratified`], dealt at random into `N` parts of nearly equal size.
pub(crate) fn parts<const N: usize>(n: usize, most: usize, seed: u64) -> [Vec<usize>; N] {
    let mut rows: Vec<usize> = stratified(n, most, seed).collect();
    rows.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let size = rows.len().div_ceil(N);
    std::array::from_fn(|part| {
        let start = (part * size).min(rows.len());
        let mut own = rows[start..(start + size).min(rows.len())].to_vec();
        own.sort_unstable();
        own
    })
}

/// `count` of `0..n` at random without repetition, in order; all of them if there are no more.
#[must_use]
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
#[must_use]
pub fn folds(n: usize, folds: usize, seed: u64) -> Vec<usize> {
    let mut fold: Vec<usize> = (0..n).map(|i| i % folds).collect();
    fold.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    fold
}

/// The rows of a fold, and the others.
#[must_use]
pub fn split(fold: &[usize], held_out: usize) -> (Vec<usize>, Vec<usize>) {
    (0..fold.len()).partition(|&i| fold[i] == held_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_rows_if_few_and_one_of_each_stratum_if_many() {
        assert_eq!(stratified(5, 8, 1).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        let rows: Vec<usize> = stratified(1000, 100, 1).collect();
        assert!(rows.iter().enumerate().all(|(i, row)| row / 10 == i));
    }

    #[test]
    fn parts_cover_without_overlap() {
        let [a, b] = parts::<2>(11, 100, 3);
        let mut all = [a, b].concat();
        all.sort_unstable();
        assert_eq!(all, (0..11).collect::<Vec<_>>());
    }
}
