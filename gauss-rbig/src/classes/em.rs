//! Iterations.

use super::{Cells, Classes};
use crate::sampling::mix;
use crate::seeds::{draw, plus_plus_seeds};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// The weight of the prior in a class, in rows.
const PRIOR_ROWS: f64 = 0.03;
/// A class with less than this part of the weight is dropped.
const EMPTY: f64 = 1e-9;
/// A run ends where an iteration raises the objective of all rows together by less than this, in
/// nats, or by less than the other per row.
const TOLERANCE: f64 = 0.02;
const TOLERANCE_PER_ROW: f64 = 4e-6;
/// Starts by k-means++, and the iterations of each before the best goes on.
const STARTS: usize = 5;
const BURN_IN: usize = 10;
const MOST_ITERATIONS: usize = 200;
/// Parts of the combinations whose sums are made side by side; merged in order.
const SEGMENTS: usize = 64;

/// What EM knows of all rows before it begins.
pub(super) struct Shares {
    /// q `[V]`
    shares: Vec<f64>,
    /// One row spread evenly over each column's values `[V]`.
    even: Vec<f64>,
}

impl Shares {
    pub fn of(cells: &Cells) -> Self {
        let total = cells.total();
        let mut shares = vec![0.0; cells.counts.iter().sum()];
        for (codes, weight) in cells.iter() {
            add(&cells.counts, codes, weight, &mut shares);
        }
        for share in &mut shares {
            *share /= total;
        }
        let even = cells.counts.iter().flat_map(|&m| std::iter::repeat_n(1.0 / m as f64, m));
        Self { shares, even: even.collect() }
    }

    /// V.
    fn len(&self) -> usize {
        self.shares.len()
    }

    /// Rows of the prior on each value, in one of k classes.
    fn prior(&self, k: usize) -> impl Iterator<Item = f64> {
        let own = self.shares.iter().zip(&self.even);
        own.map(move |(q, even)| PRIOR_ROWS * q + even / k as f64)
    }
}

/// Sums of one class `[V]`: weight to each value of a combination.
fn add(counts: &[usize], codes: &[u32], weight: f64, sums: &mut [f64]) {
    let mut offset = 0;
    for (code, count) in codes.iter().zip(counts) {
        sums[offset + *code as usize] += weight;
        offset += count;
    }
}

/// Sums over combinations under some classes.
struct Sums {
    /// Σ w ln P.
    log_prob: f64,
    /// N `[K]`.
    weights: Vec<f64>,
    /// `[K][V]`
    values: Vec<f64>,
}

impl Sums {
    fn none(k: usize, values: usize) -> Self {
        Self { log_prob: 0.0, weights: vec![0.0; k], values: vec![0.0; k * values] }
    }

    fn merge(mut self, other: &Self) -> Self {
        self.log_prob += other.log_prob;
        self.weights.iter_mut().zip(&other.weights).for_each(|(a, b)| *a += b);
        self.values.iter_mut().zip(&other.values).for_each(|(a, b)| *a += b);
        self
    }

    /// The classes that follow; empty ones are left out.
    fn maximise(&self, counts: &[usize], shares: &Shares) -> Classes {
        let total: f64 = self.weights.iter().sum();
        let values = shares.len();
        let heaviest = self.weights.iter().copied().fold(0.0, f64::max);
        let mut classes =
            Classes { counts: counts.to_vec(), log_weights: Vec::new(), log_probs: Vec::new() };
        for (weight, own) in self.weights.iter().zip(self.values.chunks_exact(values)) {
            if *weight < EMPTY * total && *weight < heaviest {
                continue;
            }
            classes.log_weights.push((weight / total).ln());
            let k = self.weights.len();
            let rows = weight + PRIOR_ROWS + 1.0 / k as f64;
            let log_prob = |(n, prior): (&f64, f64)| ((n + prior) / rows).ln();
            classes.log_probs.extend(own.iter().zip(shares.prior(k)).map(log_prob));
        }
        let sum = classes.log_weights.iter().map(|l| l.exp()).sum::<f64>().ln();
        classes.log_weights.iter_mut().for_each(|l| *l -= sum);
        classes
    }
}

/// EM on these combinations.
pub(super) struct Run<'a> {
    pub cells: &'a Cells,
    pub shares: &'a Shares,
    pub seed: u64,
}

impl Run<'_> {
    /// K = k, or fewer where some die out, and the iterations that it took.
    pub fn fit(&self, k: usize) -> (Classes, usize) {
        if k == 1 {
            return self.iterate(self.seeded(1, 0), 1);
        }
        let mut best: Option<(f64, Classes)> = None;
        for at in 0..STARTS {
            let (classes, _) = self.iterate(self.seeded(k, at), BURN_IN);
            let objective = self.objective(&classes);
            if best.as_ref().is_none_or(|(highest, _)| objective > *highest) {
                best = Some((objective, classes));
            }
        }
        let (_, classes) = best.expect("there are starts");
        self.iterate(classes, MOST_ITERATIONS)
    }

    /// From some classes on.
    pub fn go_on(&self, classes: &Classes) -> Classes {
        self.iterate(classes.clone(), MOST_ITERATIONS).0
    }

    fn iterate(&self, mut classes: Classes, most: usize) -> (Classes, usize) {
        let tolerance = TOLERANCE.max(TOLERANCE_PER_ROW * self.cells.total());
        let mut before = f64::NEG_INFINITY;
        for iteration in 0..most {
            let sums = self.accumulate(&classes);
            let objective = sums.log_prob + self.log_prior(&classes);
            classes = sums.maximise(&self.cells.counts, self.shares);
            if objective - before < tolerance {
                return (classes, iteration + 1);
            }
            before = objective;
        }
        (classes, most)
    }

    fn objective(&self, classes: &Classes) -> f64 {
        self.accumulate(classes).log_prob + self.log_prior(classes)
    }

    /// The logarithm of the prior.
    fn log_prior(&self, classes: &Classes) -> f64 {
        let own = classes.log_probs.chunks_exact(self.shares.len());
        let terms = own.flat_map(|own| own.iter().zip(self.shares.prior(classes.len())));
        terms.map(|(log_prob, rows)| rows * log_prob).sum()
    }

    fn accumulate(&self, classes: &Classes) -> Sums {
        let (k, values) = (classes.len(), classes.values());
        let length = self.cells.len().div_ceil(SEGMENTS);
        let parts: Vec<Sums> = (0..self.cells.len().div_ceil(length))
            .into_par_iter()
            .map(|segment| {
                let mut sums = Sums::none(k, values);
                let mut terms = vec![0.0; k];
                for at in segment * length..((segment + 1) * length).min(self.cells.len()) {
                    let (codes, weight) = (self.cells.codes(at), self.cells.weights()[at]);
                    let log_prob = classes.terms(codes, &mut terms);
                    sums.log_prob += weight * log_prob;
                    for (class, term) in terms.iter().enumerate() {
                        let share = weight * (term - log_prob).exp();
                        sums.weights[class] += share;
                        let own = &mut sums.values[class * values..][..values];
                        add(&classes.counts, codes, share, own);
                    }
                }
                sums
            })
            .collect();
        parts.iter().fold(Sums::none(k, values), Sums::merge)
    }

    /// The classes of a start: of combinations that lie apart, each with those nearest to it.
    fn seeded(&self, k: usize, at: usize) -> Classes {
        let cells = self.cells;
        let mut rng =
            ChaCha8Rng::seed_from_u64(mix(self.seed ^ mix(((k as u64) << 32) | at as u64)));
        let weight = cells.weights().iter().copied();
        let first =
            draw(weight.clone(), &mut rng).unwrap_or_else(|| rng.random_range(0..cells.len()));
        let square = |a: usize, b: usize| {
            let pairs = cells.codes(a).iter().zip(cells.codes(b));
            pairs.filter(|(a, b)| a != b).count() as f64
        };
        let nearest = plus_plus_seeds(first, k, &weight, square, &mut rng).nearest;
        let mut sums = Sums::none(k, self.shares.len());
        for ((codes, weight), class) in cells.iter().zip(nearest) {
            sums.weights[class] += weight;
            let own = &mut sums.values[class * self.shares.len()..][..self.shares.len()];
            add(&cells.counts, codes, weight, own);
        }
        sums.maximise(&cells.counts, self.shares)
    }
}
