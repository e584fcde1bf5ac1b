//! Mixtures of multivariate normal distributions with full covariances, by expectation
//! maximisation (Dempster, Laird and Rubin 1977).
//!
//! Rows are whitened as a whole first, so that one regularisation fits every table: each
//! component's covariance is smoothed by one pseudo-row of [`RIDGE`] times the table's covariance.
//! Components begin at rows drawn far from each other (k-means++; Arthur and Vassilvitskii 2007).
//!
//! How many components: 1, 2, 4, ... are fitted to four fifths of the rows, until two sizes in turn
//! gain nothing on the other fifth; the best is then fitted to all of them.

use super::gaussian::Gaussian;
use crate::sampling;
use faer::MatRef;
use gauss_flow::rows;
use gauss_math::slice;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// Scatter of the pseudo-row, of whitened rows.
pub const RIDGE: f64 = 0.01;
/// Components at most.
const MOST: usize = 32;
/// Sizes in turn that gain nothing, after which no larger one is tried: one may be a bad start.
const PATIENCE: usize = 2;
/// Rows per component and dimension, at least: fewer give a covariance of noise.
const ROWS_PER_DIMENSION: usize = 4;
/// Rows on which the number of components is tried.
const TRIAL_ROWS: usize = 5000;
/// Passes of a fit, at most, and the gain, in nats per row, that is worth another.
const PASSES: usize = 40;
const GAIN: f64 = 5e-4;

/// A mixture in d dimensions.
#[derive(Debug, Clone)]
pub struct Mixture {
    whole: Gaussian,
    /// ln weight and density of whitened rows.
    components: Vec<(f64, Gaussian)>,
}

impl Mixture {
    /// A mixture with the number of components that rows held out of x `[n, d]` prefer. None
    /// where the rows span no volume.
    pub fn choose(x: MatRef<'_, f64>, seed: u64) -> Option<Mixture> {
        let trial = rows::pick(x, &sampling::choose(x.nrows(), TRIAL_ROWS, seed));
        let fold = sampling::folds(trial.nrows(), 5, seed);
        let (held_out, rest) = sampling::split(&fold, 0);
        let (held_out, rest) =
            (rows::pick(trial.as_ref(), &held_out), rows::pick(trial.as_ref(), &rest));
        let most = MOST.min(rest.nrows() / (ROWS_PER_DIMENSION * (x.ncols() + 1)));
        let mut best: Option<(f64, Mixture)> = None;
        let (mut k, mut in_vain) = (1, 0);
        while k <= most.max(1) && in_vain < PATIENCE {
            let Some(mixture) = Mixture::fit(rest.as_ref(), k, seed) else { break };
            let log_prob = mixture.log_prob(held_out.as_ref());
            let score = log_prob.iter().sum::<f64>() / log_prob.len() as f64;
            if best.as_ref().is_none_or(|(before, _)| score > *before) {
                best = Some((score, mixture));
                in_vain = 0;
            } else {
                in_vain += 1;
            }
            k *= 2;
        }
        match best {
            Some((_, mixture)) if mixture.len() > 1 => Some(mixture.refit(x)),
            _ => Mixture::fit(x, 1, seed),
        }
    }

    /// A mixture of k components, fewer where one dies out. None where the rows span no volume.
    pub fn fit(x: MatRef<'_, f64>, k: usize, seed: u64) -> Option<Mixture> {
        let whole = Gaussian::fit(x)?;
        let w = whole.whiten(x);
        let nearest = nearest(w.as_ref(), &starts(w.as_ref(), k, seed));
        let shares: Vec<Vec<f64>> = (0..k)
            .map(|c| nearest.iter().map(|&at| if at == c { 1.0 } else { 0.0 }).collect())
            .collect();
        let mixture = Mixture { components: maximise(w.as_ref(), &shares), whole };
        Some(mixture.improve(w.as_ref()))
    }

    /// Further passes on other rows than it was fitted to.
    fn refit(self, x: MatRef<'_, f64>) -> Mixture {
        let w = self.whole.whiten(x);
        self.improve(w.as_ref())
    }

    /// Passes of expectation and maximisation, for as long as they gain.
    fn improve(mut self, w: MatRef<'_, f64>) -> Mixture {
        let mut before = f64::NEG_INFINITY;
        for _ in 0..PASSES {
            let (shares, log_prob) = self.expect(w);
            let mean = log_prob.iter().sum::<f64>() / log_prob.len() as f64;
            if !(mean - before > GAIN) {
                break;
            }
            before = mean;
            self.components = maximise(w, &shares);
        }
        self
    }

    /// The components' shares in each whitened row `[k][n]`, and its log-density.
    fn expect(&self, w: MatRef<'_, f64>) -> (Vec<Vec<f64>>, Vec<f64>) {
        let mut shares: Vec<Vec<f64>> = self
            .components
            .par_iter()
            .map(|(log_weight, normal)| {
                normal.log_prob(w).into_iter().map(|l| log_weight + l).collect()
            })
            .collect();
        let mut most = vec![f64::NEG_INFINITY; w.nrows()];
        for term in &shares {
            most.iter_mut().zip(term).for_each(|(most, &term)| *most = most.max(term));
        }
        let mut sums = vec![0.0; w.nrows()];
        let mut below = vec![0.0; w.nrows()];
        for share in &mut shares {
            for ((below, &term), &most) in below.iter_mut().zip(&*share).zip(&most) {
                *below = term - most;
            }
            slice::exp(&below, share);
            sums.iter_mut().zip(&*share).for_each(|(sum, &part)| *sum += part);
        }
        for share in &mut shares {
            share.iter_mut().zip(&sums).for_each(|(share, &sum)| *share /= sum);
        }
        let log_prob = most.iter().zip(&sums).map(|(most, sum)| most + sum.ln()).collect();
        (shares, log_prob)
    }

    /// ln p(x) `[n]`.
    pub fn log_prob(&self, x: MatRef<'_, f64>) -> Vec<f64> {
        let (_, log_prob) = self.expect(self.whole.whiten(x).as_ref());
        log_prob.into_iter().map(|l| l + self.whole.log_det()).collect()
    }

    /// How many components.
    pub fn len(&self) -> usize {
        self.components.len()
    }

    /// Never.
    pub fn is_empty(&self) -> bool {
        self.components.is_empty()
    }
}

/// Weights and normals from the shares `[k][n]`. A component that holds less than a row is gone,
/// unless it is the only one.
fn maximise(w: MatRef<'_, f64>, shares: &[Vec<f64>]) -> Vec<(f64, Gaussian)> {
    shares
        .par_iter()
        .filter_map(|share| {
            let count: f64 = share.iter().sum();
            let normal = (count >= 1.0).then(|| Gaussian::weighted(w, share, RIDGE))??;
            Some(((count / w.nrows() as f64).ln(), normal))
        })
        .collect()
}

/// k rows: the first at random, each further one with a chance that grows with the square of its
/// distance from those before.
fn starts(w: MatRef<'_, f64>, k: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let row = |i: usize| -> Vec<f64> { w.row(i).iter().copied().collect() };
    let mut starts = vec![row(rng.random_range(0..w.nrows()))];
    let mut square = vec![f64::INFINITY; w.nrows()];
    while starts.len() < k {
        let latest = starts.last().map_or(&[][..], |start| start);
        for (i, least) in square.iter_mut().enumerate() {
            *least = least.min(square_distance(w, i, latest));
        }
        let mut left = rng.random::<f64>() * square.iter().sum::<f64>();
        let drawn = square.iter().position(|square| {
            left -= square;
            left < 0.0
        });
        starts.push(row(drawn.unwrap_or(0)));
    }
    starts
}

fn nearest(w: MatRef<'_, f64>, starts: &[Vec<f64>]) -> Vec<usize> {
    let distance = |i: usize, start: &[f64]| square_distance(w, i, start);
    (0..w.nrows())
        .map(|i| {
            let distances: Vec<f64> = starts.iter().map(|start| distance(i, start)).collect();
            (0..starts.len()).min_by(|&a, &b| distances[a].total_cmp(&distances[b])).unwrap_or(0)
        })
        .collect()
}

fn square_distance(w: MatRef<'_, f64>, i: usize, start: &[f64]) -> f64 {
    w.row(i).iter().zip(start).map(|(a, b)| (a - b).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mean::Mean;
    use faer::Mat;
    use rand_distr::{Distribution, StandardNormal};

    /// Three clusters in a plane, one of them narrow and slanted, with their exact density.
    fn clusters(n: usize, seed: u64) -> (Mat<f64>, Vec<f64>) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let rows: Vec<[f64; 2]> = (0..n)
            .map(|_| {
                let (a, b): (f64, f64) =
                    (StandardNormal.sample(&mut rng), StandardNormal.sample(&mut rng));
                match rng.random_range(0..3) {
                    0 => [10.0 + a, b],
                    1 => [-10.0 + a, 5.0 + b],
                    _ => [a, a + 0.1 * b],
                }
            })
            .collect();
        let log_prob = rows
            .iter()
            .map(|&[x, y]| {
                let normal =
                    |a: f64, b: f64| -(2.0 * std::f64::consts::PI).ln() - 0.5 * (a * a + b * b);
                let terms = [
                    normal(x - 10.0, y),
                    normal(x + 10.0, y - 5.0),
                    normal(x, (y - x) / 0.1) - 0.1_f64.ln(),
                ];
                (terms.iter().map(|t| t.exp()).sum::<f64>() / 3.0).ln()
            })
            .collect();
        (Mat::from_fn(n, 2, |i, j| rows[i][j]), log_prob)
    }

    #[test]
    fn a_mixture_is_found_and_beats_one_normal() {
        let (train, _) = clusters(600, 1);
        let (test, truth) = clusters(400, 2);
        let mixture = Mixture::choose(train.as_ref(), 3).expect("a fit");
        assert!(mixture.len() >= 3, "{}", mixture.len());
        let log_prob = mixture.log_prob(test.as_ref());
        let short = Mean::of_difference(&truth, &log_prob);
        // 17 parameters fitted to 600 rows cost about 17/1200 nats.
        assert!(short.mean < 0.08 && short.mean > -0.02, "{short:?}");
        let one = Gaussian::fit(train.as_ref()).expect("a fit").log_prob(test.as_ref());
        let gain = Mean::of_difference(&log_prob, &one);
        assert!(gain.mean > 1.0 && gain.mean > 10.0 * gain.standard_error, "{gain:?}");
    }

    #[test]
    fn many_clusters_are_found_although_a_size_between_gains_nothing() {
        // Nine clusters in a 3 by 3 lattice. Two components are no better than one: each way of
        // parting the lattice in two is as good as another.
        let (spacing, rows) = (12.0, 1200);
        let mut rng = ChaCha8Rng::seed_from_u64(6);
        let mut draw = || {
            let points: Vec<[f64; 2]> = (0..rows)
                .map(|_| {
                    [(); 2].map(|()| {
                        let z: f64 = StandardNormal.sample(&mut rng);
                        spacing * f64::from(rng.random_range(0..3)) + z
                    })
                })
                .collect();
            Mat::from_fn(rows, 2, |i, j| points[i][j])
        };
        let (train, test) = (draw(), draw());
        let mixture = Mixture::choose(train.as_ref(), 1).expect("a fit");
        // ln 9 of which cluster, and the entropy of a normal vector in a plane.
        let best = -(9.0_f64.ln() + 1.0 + (2.0 * std::f64::consts::PI).ln());
        let reached = Mean::of(&mixture.log_prob(test.as_ref()));
        // 54 parameters cost 0.02; starts that miss a cluster cost some tenths.
        assert!(best - reached.mean < 0.15, "{reached:?} of {best} with {}", mixture.len());
    }

    #[test]
    fn one_normal_needs_one_component_and_integrates_to_one() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let x = Mat::from_fn(300, 1, |_, _| {
            let z: f64 = StandardNormal.sample(&mut rng);
            5.0 + 2.0 * z
        });
        let mixture = Mixture::choose(x.as_ref(), 1).expect("a fit");
        let grid = Mat::from_fn(4001, 1, |i, _| -20.0 + i as f64 * 0.0125);
        let mass: f64 = mixture.log_prob(grid.as_ref()).iter().map(|l| l.exp() * 0.0125).sum();
        assert!((mass - 1.0).abs() < 1e-9, "{mass}");
        let one = Gaussian::fit(x.as_ref()).expect("a fit").log_prob(x.as_ref());
        let gap = Mean::of_difference(&mixture.log_prob(x.as_ref()), &one);
        assert!(gap.mean.abs() < 0.02, "{gap:?} with {} components", mixture.len());
    }

    #[test]
    fn rows_without_volume_have_none_and_few_rows_have_one() {
        assert!(Mixture::choose(Mat::from_fn(40, 2, |i, _| i as f64).as_ref(), 1).is_none());
        let few = Mat::from_fn(6, 2, |i, j| ((i * (j + 2)) as f64 * 0.7).sin());
        assert_eq!(Mixture::choose(few.as_ref(), 1).map(|mixture| mixture.len()), Some(1));
    }
}
