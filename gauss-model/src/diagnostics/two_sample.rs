//! Can a classifier tell one sample from another? (Friedman 2003; Lopez-Paz and Oquab 2017)
//!
//! If both come from the same distribution, no classifier is right on rows it has not seen more
//! often than by a coin's toss, and the number of rows it gets right is binomial with a chance of
//! 1/2. An accuracy of 1/2 does not prove the samples equal: another classifier might do better.
//!
//! Half of the rows teach and the other half are classified. Folds in turn would classify them
//! all, but their classifiers share rows: the number right varies more than a binomial, by a fifth
//! in its deviation, and p-values below 0.01 come three times too often.

use super::trees::Trees;
use faer::{Mat, MatRef};
use gauss_flow::rows;
use gauss_rbig::sampling;
use serde::Serialize;

/// Rows of either sample, at most.
pub const MOST_ROWS: usize = 5000;
/// Rows of either sample, at least: fewer teach a classifier nothing.
pub const LEAST_ROWS: usize = 20;

/// What the classifier reached on rows it had not seen.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TwoSample {
    /// Rows of either sample, half of which taught.
    pub rows: usize,
    /// Rows of both samples that were classified.
    pub classified: usize,
    /// The share of these it got right; a row that it gives even odds counts half.
    pub accuracy: f64,
    /// √(a(1 - a)/m) of m rows classified.
    pub standard_error: f64,
    /// P(a coin does as well), one-sided.
    pub p_value: f64,
    /// The chance that a row of the first sample is ranked above one of the second; 1/2 by chance.
    pub auc: f64,
    /// What each column contributed, of 1 in all.
    pub importance: Vec<f64>,
}

/// The test of the rows a against the rows b, `[n, d]` each. None of fewer than [`LEAST_ROWS`].
///
/// # Panics
/// If a and b differ in shape.
#[must_use]
pub fn test(a: MatRef<'_, f64>, b: MatRef<'_, f64>, seed: u64) -> Option<TwoSample> {
    assert_eq!(a.shape(), b.shape(), "samples of one shape");
    let (n, d) = a.shape();
    if n < LEAST_ROWS {
        return None;
    }
    let x = Mat::from_fn(2 * n, d, |i, j| if i < n { a[(i, j)] } else { b[(i - n, j)] });
    // Each sample is halved for itself, so that both are equally frequent in either half.
    let half: Vec<usize> =
        [seed, !seed].into_iter().flat_map(|seed| sampling::folds(n, 2, seed)).collect();
    let (unseen, seen) = sampling::split(&half, 0);
    let label: Vec<bool> = seen.iter().map(|&i| i < n).collect();
    let trees = Trees::fit(rows::pick(x.as_ref(), &seen).as_ref(), &label);
    let logits = trees.logits(rows::pick(x.as_ref(), &unseen).as_ref());
    let right: f64 = logits
        .iter()
        .zip(&unseen)
        .map(|(&logit, &i)| match (logit == 0.0, (logit > 0.0) == (i < n)) {
            (true, _) => 0.5,
            (_, right) => f64::from(u8::from(right)),
        })
        .sum();
    let classified = unseen.len();
    let accuracy = right / classified as f64;
    // Those of the first sample come first.
    let (first, second) = logits.split_at(unseen.partition_point(|&i| i < n));
    Some(TwoSample {
        rows: n,
        classified,
        accuracy,
        standard_error: (accuracy * (1.0 - accuracy) / classified as f64).sqrt(),
        p_value: binomial_tail(right.floor() as usize, classified),
        auc: auc(first, second),
        importance: trees.importance(),
    })
}

/// P(at least k heads of n tosses).
fn binomial_tail(k: usize, n: usize) -> f64 {
    // ln C(n, i) - n ln 2, from ln C(n, i+1) = ln C(n, i) + ln((n - i)/(i + 1)).
    let mut log_term = -(n as f64) * std::f64::consts::LN_2;
    let mut tail = 0.0;
    for i in 0..=n {
        if i >= k {
            tail += log_term.exp();
        }
        log_term += ((n - i) as f64 / (i + 1) as f64).ln();
    }
    tail.min(1.0)
}

/// The chance that a value of `a` is above one of `b`; equal ones count half.
fn auc(a: &[f64], b: &[f64]) -> f64 {
    let mut below = b.to_vec();
    below.sort_by(f64::total_cmp);
    let beaten = |v: f64| {
        let less = below.partition_point(|&other| other < v);
        let not_more = below.partition_point(|&other| other <= v);
        (less + not_more) as f64 / 2.0
    };
    a.iter().map(|&v| beaten(v)).sum::<f64>() / (a.len() * b.len()) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};
    use rayon::prelude::*;

    fn draws(n: usize, seed: u64) -> Mat<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        Mat::from_fn(n, 3, |_, _| StandardNormal.sample(&mut rng))
    }

    #[test]
    fn the_same_distribution_is_a_coins_toss() {
        let found = test(draws(500, 1).as_ref(), draws(500, 2).as_ref(), 3).expect("enough rows");
        // Three standard errors of 0.016.
        assert!((found.accuracy - 0.5).abs() < 0.05 && found.p_value > 0.01, "{found:?}");
        assert!((found.auc - 0.5).abs() < 0.06, "{found:?}");
    }

    #[test]
    fn p_values_are_at_their_level_where_the_samples_are_alike() {
        const RUNS: u64 = 200;
        let p: Vec<f64> = (0..RUNS)
            .into_par_iter()
            .filter_map(|seed| {
                let (a, b) = (draws(60, seed), draws(60, seed + RUNS));
                Some(test(a.as_ref(), b.as_ref(), seed)?.p_value)
            })
            .collect();
        for level in [0.02, 0.1, 0.3] {
            let share = p.iter().filter(|&&p| p < level).count() as f64 / RUNS as f64;
            // Three standard errors; the binomial is discrete, so p-values are a little large.
            let tolerance = 3.0 * (level * (1.0 - level) / RUNS as f64).sqrt();
            assert!(
                share < level + tolerance && share > 0.3 * level - tolerance,
                "{level}: {share}"
            );
        }
    }

    #[test]
    fn a_shift_is_seen_and_its_column_named() {
        let mut b = draws(500, 2);
        for i in 0..500 {
            b[(i, 1)] += 4.0;
        }
        let found = test(draws(500, 1).as_ref(), b.as_ref(), 3).expect("enough rows");
        // Two normals four deviations apart overlap by 4.6 %: 0.977 at best.
        assert!(found.accuracy > 0.95 && found.auc > 0.98 && found.p_value < 1e-100, "{found:?}");
        assert!(found.importance[1] > 0.9, "{found:?}");
    }

    #[test]
    fn a_dependence_that_no_column_shows_alone_is_seen() {
        let mut b = draws(800, 2);
        for i in 0..800 {
            b[(i, 2)] = 0.8 * b[(i, 0)] + 0.6 * b[(i, 2)];
        }
        let found = test(draws(800, 1).as_ref(), b.as_ref(), 3).expect("enough rows");
        assert!(found.accuracy > 0.6 && found.p_value < 1e-6, "{found:?}");
    }

    #[test]
    fn the_binomial_tail_is_exact() {
        assert!((binomial_tail(8, 10) - 56.0 / 1024.0).abs() < 1e-15);
        assert!((binomial_tail(0, 10) - 1.0).abs() < 1e-14);
        // P(>= 5000 of 10,000) = 1/2 + half of the middle term, 0.0079788 by Stirling.
        assert!((binomial_tail(5000, 10_000) - 0.503_989_4).abs() < 1e-6);
    }

    #[test]
    fn ties_count_half() {
        assert_eq!(auc(&[1.0, 2.0], &[1.0, 0.0]), 0.875);
        assert_eq!(test(draws(19, 1).as_ref(), draws(19, 2).as_ref(), 1), None);
    }
}
