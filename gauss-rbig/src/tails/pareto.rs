//! The generalised Pareto distribution of exceedances, by maximum likelihood.
//!
//! ln g(y) = -ln β - (1/ξ + 1) ln(1 + ξ y/β). With θ = ξ/β the likelihood is, for a given θ, greatest
//! at ξ(θ) = Σ w ln(1 + θ y)/Σ w, so that one number is left to look for (Grimshaw 1993):
//!
//! ```text
//! ℓ(θ) = -W (ln ξ(θ)/θ + 1) - Σ w ln(1 + θ y)        θ > 0
//! ℓ(0) = -W (ln ȳ + 1)                               the exponential tail
//! ```
//!
//! Of exceedances that are only known to lie beyond c, w ln(1 + θ c) enters the sum of ξ(θ) but not
//! W, and w c the sum of ȳ. ℓ(θ) may have a second maximum of a few far values: a grid finds the
//! higher one.

/// The grid's ends and step, in ln θ times the median exceedance: from ξ of about 1e-4 to tails of
/// which half lies within e⁻⁶ of their scale.
const GRID: (f64, f64) = (-9.0, 6.0);
const STEPS: usize = 30;
/// Golden sections of two steps of the grid: 0.618^30 of them is 5e-7.
const SECTIONS: usize = 30;
/// (√5 - 1)/2
const GOLDEN: f64 = 0.618_033_988_749_895;

/// Exceedances y > 0, increasing, and their weights.
pub(super) struct Exceedances<'a> {
    y: &'a [f64],
    weights: &'a [f64],
    /// How many of them are known; of the others no more than that they exceed the last of these.
    known: usize,
}

/// The likeliest tail with ξ > 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pareto {
    /// ξ
    pub index: f64,
    /// β
    pub scale: f64,
    /// 2 (ℓ(θ) - ℓ(0)), at least 0: of an exponential tail ½ χ²₀ + ½ χ²₁.
    pub likelihood_ratio: f64,
}

impl<'a> Exceedances<'a> {
    /// Of which all are known; weights `[n]` that add up to the effective number of them.
    pub fn new(y: &'a [f64], weights: &'a [f64]) -> Self {
        assert_eq!(y.len(), weights.len());
        Self { y, weights, known: y.len() }
    }

    /// The same with the largest `far` not looked at.
    pub fn censored(self, far: usize) -> Self {
        Self { known: self.known - far, ..self }
    }

    /// Σ w f(y), the known ones' and with it the others', and Σ w of the known.
    fn sums(&self, f: impl Fn(f64) -> f64) -> (f64, f64, f64) {
        let (mut sum, mut total) = (0.0, 0.0);
        for (y, w) in self.y[..self.known].iter().zip(self.weights) {
            sum += w * f(*y);
            total += w;
        }
        let unknown: f64 = self.weights[self.known..].iter().sum();
        let beyond = if unknown > 0.0 { unknown * f(self.y[self.known - 1]) } else { 0.0 };
        (sum, sum + beyond, total)
    }

    /// ℓ(θ) and ξ(θ).
    fn profile(&self, theta: f64) -> (f64, f64) {
        let (known, all, total) = self.sums(|y| (theta * y).ln_1p());
        let index = all / total;
        (-total * ((index / theta).ln() + 1.0) - known, index)
    }

    /// The fit; of at least one known exceedance.
    pub fn fit(&self) -> Pareto {
        let median = self.y[self.known / 2];
        let at = |step: f64| self.profile(step.exp() / median).0;
        let width = (GRID.1 - GRID.0) / STEPS as f64;
        let grid = (0..=STEPS).map(|i| GRID.0 + width * i as f64);
        let best = grid.map(|step| (at(step), step)).max_by(|a, b| a.0.total_cmp(&b.0));
        let centre = best.map_or(0.0, |(_, step)| step);
        let (mut low, mut high) = (centre - width, centre + width);
        let [mut left, mut right] = [high - GOLDEN * 2.0 * width, low + GOLDEN * 2.0 * width];
        let [mut at_left, mut at_right] = [at(left), at(right)];
        for _ in 0..SECTIONS {
            if at_left > at_right {
                (high, right, at_right) = (right, left, at_left);
                left = high - GOLDEN * (high - low);
                at_left = at(left);
            } else {
                (low, left, at_left) = (left, right, at_right);
                right = low + GOLDEN * (high - low);
                at_right = at(right);
            }
        }
        let theta = (0.5 * (low + high)).exp() / median;
        let (log_likelihood, index) = self.profile(theta);
        let (_, all, total) = self.sums(|y| y);
        let exponential = -total * ((all / total).ln() + 1.0);
        let likelihood_ratio = (2.0 * (log_likelihood - exponential)).max(0.0);
        Pareto { index, scale: index / theta, likelihood_ratio }
    }

    /// The heavier tail whose log-likelihood is `nats` below that of the likeliest, its scale the
    /// likeliest for it.
    pub fn heavier(&self, likeliest: Pareto, nats: f64) -> Pareto {
        let from = (likeliest.index / likeliest.scale).ln();
        let wanted = self.profile(from.exp()).0 - nats;
        let (mut low, mut high) = (from, from + 1.0);
        while self.profile(high.exp()).0 > wanted {
            (low, high) = (high, 2.0 * high - from);
        }
        for _ in 0..SECTIONS {
            let middle = 0.5 * (low + high);
            if self.profile(middle.exp()).0 > wanted {
                low = middle;
            } else {
                high = middle;
            }
        }
        let theta = low.exp();
        let (_, index) = self.profile(theta);
        Pareto { index, scale: index / theta, ..likeliest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// n exceedances of index ξ and scale 1, increasing.
    fn draw(n: usize, index: f64, rng: &mut ChaCha8Rng) -> Vec<f64> {
        let mut y: Vec<f64> = (0..n)
            .map(|_| {
                let e = -(1.0 - rng.random::<f64>()).ln();
                if index == 0.0 { e } else { (index * e).exp_m1() / index }
            })
            .collect();
        y.sort_unstable_by(f64::total_cmp);
        y
    }

    #[test]
    fn the_index_is_found_with_its_standard_error() {
        const REPEATS: usize = 200;
        const N: usize = 400;
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for index in [0.25, 1.0, 2.0] {
            let fits: Vec<Pareto> = (0..REPEATS)
                .map(|_| Exceedances::new(&draw(N, index, &mut rng), &[1.0; N]).fit())
                .collect();
            let mean = fits.iter().map(|fit| fit.index).sum::<f64>() / REPEATS as f64;
            let variance = fits.iter().map(|fit| (fit.index - mean).powi(2)).sum::<f64>();
            let deviation = (variance / (REPEATS - 1) as f64).sqrt();
            // Smith 1987: (1 + ξ)/√n; a deviation of 200 is known to 5 %, a mean to 7 % of one.
            let expected = (1.0 + index) / (N as f64).sqrt();
            assert!((deviation / expected - 1.0).abs() < 0.2, "{index}: {deviation} {expected}");
            assert!((mean - index).abs() < 0.3 * expected, "{index}: {mean}");
        }
    }

    /// Half a standard error, in the mean of some draws.
    #[test]
    fn a_heavier_tail_is_an_eighth_of_a_nat_less_likely() {
        const N: usize = 400;
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        for index in [0.25, 1.0] {
            let more = (0..20).map(|_| {
                let (y, weights) = (draw(N, index, &mut rng), [1.0; N]);
                let exceedances = Exceedances::new(&y, &weights);
                let fit = exceedances.fit();
                exceedances.heavier(fit, 0.125).index - fit.index
            });
            let more = more.sum::<f64>() / 20.0;
            let half = 0.5 * (1.0 + index) / (N as f64).sqrt();
            assert!((more / half - 1.0).abs() < 0.2, "{index}: {more} {half}");
        }
    }

    #[test]
    fn weights_are_repeats() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let y = draw(100, 0.7, &mut rng);
        let weights: Vec<f64> = (0..100).map(|i| f64::from(1 + i % 3)).collect();
        let repeated: Vec<f64> =
            (y.iter().zip(&weights)).flat_map(|(y, w)| vec![*y; *w as usize]).collect();
        let a = Exceedances::new(&y, &weights).fit();
        let b = Exceedances::new(&repeated, &vec![1.0; repeated.len()]).fit();
        assert!((a.index / b.index - 1.0).abs() < 1e-3, "{a:?} {b:?}"); // the medians differ
        assert!((a.likelihood_ratio - b.likelihood_ratio).abs() < 1e-6, "{a:?} {b:?}");
    }

    /// Of an exponential tail √(likelihood ratio) exceeds 1.645 in a twentieth of draws, or a
    /// little less, since ξ errs downwards in few of them; with and without the far ones.
    #[test]
    fn the_null_of_the_likelihood_ratio_is_half_a_normal() {
        const REPEATS: u32 = 1000;
        const N: usize = 400;
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut beyond = [[0_u32; 2]; 2];
        for _ in 0..REPEATS {
            let y = draw(N, 0.0, &mut rng);
            for (far, beyond) in [0, 4].into_iter().zip(&mut beyond) {
                let z = Exceedances::new(&y, &[1.0; N]).censored(far).fit().likelihood_ratio.sqrt();
                for (limit, beyond) in [1.645, 3.09].into_iter().zip(beyond) {
                    *beyond += u32::from(z > limit);
                }
            }
        }
        // Of 1,000: 50 ± 7 and 1 ± 1.
        for [five_percent, one_in_a_thousand] in beyond {
            assert!((20..=71).contains(&five_percent), "{beyond:?}");
            assert!(one_in_a_thousand <= 5, "{beyond:?}");
        }
    }

    #[test]
    fn one_wild_value_says_nothing_where_it_is_not_looked_at() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let mut y = draw(400, 0.0, &mut rng);
        y[399] = 1e12;
        let [all, most] = [0, 4].map(|far| Exceedances::new(&y, &[1.0; 400]).censored(far).fit());
        assert!(all.likelihood_ratio > 100.0 && all.index < 1.0, "{all:?}");
        assert!(most.likelihood_ratio < 5.0, "{most:?}");
    }
}
