//! Mixtures of multivariate normal distributions with full covariances, by expectation
//! maximisation (Dempster, Laird and Rubin 1977).
//!
//! Rows are whitened as a whole first, so that one regularisation fits every table: each
//! component's covariance is smoothed by a hundredth of a pseudo-row with the table's covariance.
//! Components begin at rows drawn far from each other (k-means++; Arthur and Vassilvitskii 2007).
//!
//! How many components: 1, 2, 4, ... are fitted to four fifths of the rows, until two sizes in turn
//! gain nothing on the other fifth; the best is then fitted to all of them.

use super::gaussian::Gaussian;
use crate::Error;
use crate::linear::moments::Moments;
use crate::sampling;
use crate::seeds::{draw, plus_plus_seeds};
use faer::{Mat, MatRef};
use gauss_flow::Rows;
use gauss_flow::rows::Counted;
use gauss_math::slice;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// Scatter of the pseudo-row, of whitened rows.
const RIDGE: f64 = 0.01;
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
#[derive(Debug, Clone, PartialEq)]
pub struct Mixture {
    whole: Gaussian,
    /// ln weight and density of whitened rows.
    components: Vec<(f64, Gaussian)>,
}

impl Mixture {
    /// A mixture with the number of components that rows held out of x `[n, d]` prefer, by the rows'
    /// weights if they have any.
    ///
    /// # Errors
    /// As [`Mixture::fit`].
    pub fn choose<'a>(x: impl Into<Rows<'a>>, seed: u64) -> Result<Mixture, Error> {
        let x = x.into();
        x.check(x.ncols())?;
        let counted = Counted::of(x);
        let x = counted.rows();
        let trial = x.pick(&sampling::choose(x.nrows(), TRIAL_ROWS, seed));
        let fold = sampling::folds(trial.rows().nrows(), 5, seed);
        let (held_out, rest) = sampling::split(&fold, 0);
        let [held_out, rest] = [held_out, rest].map(|at| trial.rows().pick(&at));
        let (held_out, rest) = (held_out.rows(), rest.rows());
        let most = MOST.min(rest.nrows() / (ROWS_PER_DIMENSION * (x.ncols() + 1)));
        let mut best: Option<(f64, Mixture)> = None;
        let (mut k, mut in_vain) = (1, 0);
        while k <= most.max(1) && in_vain < PATIENCE {
            let Ok(mixture) = Mixture::fit(rest, k, seed) else { break };
            let score = held_out.mean(&mixture.log_densities(held_out.x()));
            if best.as_ref().is_none_or(|(before, _)| score > *before) {
                best = Some((score, mixture));
                in_vain = 0;
            } else {
                in_vain += 1;
            }
            k *= 2;
        }
        match best {
            Some((_, mixture)) if mixture.len() > 1 => Ok(mixture.refit(x)),
            _ => Mixture::fit(x, 1, seed),
        }
    }

    /// A mixture of k components, fewer where one dies out, by the rows' weights if they have any.
    ///
    /// # Errors
    /// [`Error::NoDimensions`], [`Error::Rows`], [`Error::NonFinite`]; [`Error::NoVolume`] where a
    /// column is constant or follows from those before it; [`Error::Option`] for k = 0.
    pub fn fit<'a>(x: impl Into<Rows<'a>>, k: usize, seed: u64) -> Result<Mixture, Error> {
        crate::marginal::em::check_components(k)?;
        let x = x.into();
        x.check(x.ncols())?;
        let counted = Counted::of(x);
        let x = counted.rows();
        let whole = Gaussian::fit(x)?;
        let white = White { w: whole.whitened(x.x()), rows: x };
        let nearest = white.nearest(k, seed);
        let shares: Vec<Vec<f64>> = (0..k)
            .map(|c| nearest.iter().map(|&at| if at == c { 1.0 } else { 0.0 }).collect())
            .collect();
        let mixture = Mixture { components: white.maximise(shares), whole };
        Ok(mixture.improve(&white))
    }

    /// Further passes on other rows than it was fitted to.
    fn refit(self, x: Rows<'_>) -> Mixture {
        let white = White { w: self.whole.whitened(x.x()), rows: x };
        self.improve(&white)
    }

    /// Passes of expectation and maximisation, for as long as they gain.
    fn improve(mut self, white: &White<'_>) -> Mixture {
        let mut before = f64::NEG_INFINITY;
        for _ in 0..PASSES {
            let (shares, log_prob) = self.expect(white.w.as_ref());
            let mean = white.rows.mean(&log_prob);
            if !(mean - before > GAIN) {
                break;
            }
            before = mean;
            self.components = white.maximise(shares);
        }
        self
    }

    /// The components' shares in each whitened row `[k][n]`, and its log-density.
    fn expect(&self, w: MatRef<'_, f64>) -> (Vec<Vec<f64>>, Vec<f64>) {
        let mut shares: Vec<Vec<f64>> = self
            .components
            .par_iter()
            .map(|(log_weight, normal)| {
                normal.log_densities(w).into_iter().map(|l| log_weight + l).collect()
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

    /// ln p(x) `[n]`; NaN of a row with a value that is none.
    ///
    /// # Errors
    /// [`Error::Columns`].
    pub fn log_prob(&self, x: MatRef<'_, f64>) -> Result<Vec<f64>, Error> {
        gauss_flow::rows::check_columns(self.whole.dim(), x)?;
        Ok(self.log_densities(x))
    }

    fn log_densities(&self, x: MatRef<'_, f64>) -> Vec<f64> {
        let (_, log_prob) = self.expect(self.whole.whitened(x).as_ref());
        log_prob.into_iter().map(|l| l + self.whole.log_det()).collect()
    }

    /// The components' weights, of sum one.
    #[must_use]
    pub fn weights(&self) -> Vec<f64> {
        self.components.iter().map(|(log_weight, _)| log_weight.exp()).collect()
    }

    /// How many components.
    #[must_use]
    pub fn len(&self) -> usize {
        self.components.len()
    }

    /// Never.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.components.is_empty()
    }
}

/// Counted rows, and the same whitened.
struct White<'a> {
    /// `[n, d]`.
    w: Mat<f64>,
    rows: Rows<'a>,
}

impl White<'_> {
    /// Weights and normals from the shares `[k][n]`. A component that holds less than a row is gone,
    /// unless it is the only one.
    fn maximise(&self, shares: Vec<Vec<f64>>) -> Vec<(f64, Gaussian)> {
        let total = self.rows.total();
        shares
            .into_par_iter()
            .filter_map(|mut share| {
                if let Some(weights) = self.rows.weights() {
                    share.iter_mut().zip(weights).for_each(|(share, w)| *share *= w);
                }
                let count: f64 = share.iter().sum();
                if !(count >= 1.0) {
                    return None;
                }
                let own = Rows::weighted(self.w.as_ref(), &share).ok()?;
                let normal = Gaussian::of_moments(&Moments::of_part(own), RIDGE).ok()?;
                Some(((count / total).ln(), normal))
            })
            .collect()
    }

    /// The nearest of k seeds to each row.
    fn nearest(&self, k: usize, seed: u64) -> Vec<usize> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let n = self.w.nrows();
        let weight = (0..n).map(|i| self.rows.weight(i));
        let first = match self.rows.weights() {
            None => rng.random_range(0..n),
            Some(_) => draw(weight.clone(), &mut rng).unwrap_or(0),
        };
        let square = |i: usize, seed: usize| {
            self.w.row(i).iter().zip(self.w.row(seed).iter()).map(|(a, b)| (a - b).powi(2)).sum()
        };
        plus_plus_seeds(first, k, &weight, square, &mut rng).nearest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mean::Mean;
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
        let log_prob = mixture.log_prob(test.as_ref()).expect("its width");
        let short = Mean::of_difference(&truth, &log_prob);
        // 17 parameters fitted to 600 rows cost about 17/1200 nats.
        assert!(short.mean < 0.08 && short.mean > -0.02, "{short:?}");
        let one = Gaussian::fit(train.as_ref())
            .expect("a fit")
            .log_prob(test.as_ref())
            .expect("its width");
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
        let reached = Mean::of(&mixture.log_prob(test.as_ref()).expect("its width"));
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
        let mass: f64 = mixture
            .log_prob(grid.as_ref())
            .expect("its width")
            .iter()
            .map(|l| l.exp() * 0.0125)
            .sum();
        assert!((mass - 1.0).abs() < 1e-9, "{mass}");
        let one =
            Gaussian::fit(x.as_ref()).expect("a fit").log_prob(x.as_ref()).expect("its width");
        let gap = Mean::of_difference(&mixture.log_prob(x.as_ref()).expect("its width"), &one);
        assert!(gap.mean.abs() < 0.02, "{gap:?} with {} components", mixture.len());
    }

    #[test]
    fn rows_without_volume_have_none_and_few_rows_have_one() {
        let line = Mat::from_fn(40, 2, |i, _| i as f64);
        assert_eq!(Mixture::choose(line.as_ref(), 1), Err(Error::NoVolume { column: 1 }));
        let few = Mat::from_fn(6, 2, |i, j| ((i * (j + 2)) as f64 * 0.7).sin());
        assert_eq!(Mixture::choose(few.as_ref(), 1).map(|mixture| mixture.len()), Ok(1));
    }

    #[test]
    fn weights_that_undo_a_biased_draw_recover_the_density() {
        // The cluster at (-10, 5) is seen three times too seldom, and weighs three times as much.
        let (all, _) = clusters(6000, 7);
        let (test, truth) = clusters(2000, 8);
        let seldom = |i: usize| all[(i, 0)] < -5.0;
        let at: Vec<usize> = (0..6000).filter(|&i| !seldom(i) || i % 3 == 0).collect();
        let weights: Vec<f64> = at.iter().map(|&i| if seldom(i) { 3.0 } else { 1.0 }).collect();
        let biased = gauss_flow::rows::pick(all.as_ref(), &at);
        let rows = Rows::weighted(biased.as_ref(), &weights).expect("weights");
        let score = |mixture: Mixture| {
            Mean::of_difference(&truth, &mixture.log_prob(test.as_ref()).expect("its width"))
        };
        let weighted = score(Mixture::choose(rows, 3).expect("a fit"));
        let plain = score(Mixture::choose(biased.as_ref(), 3).expect("a fit"));
        // Shares of 3/7, 3/7, 1/7 for thirds lose 0.12 nats; 17 parameters cost 17/2n.
        assert!(weighted.mean < 0.02 && plain.mean > 0.08, "{weighted:?} {plain:?}");
        let twice: Vec<f64> = weights.iter().map(|w| 2.0 * w).collect();
        let rows_twice = Rows::weighted(biased.as_ref(), &twice).expect("weights");
        assert_eq!(Mixture::choose(rows, 3), Mixture::choose(rows_twice, 3));
    }
}
