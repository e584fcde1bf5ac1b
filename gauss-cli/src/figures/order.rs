//! Order statistics: between which values the k-th smallest of n lies.
//!
//! The k-th smallest of n uniform numbers is Beta(k, n + 1 - k), and
//!
//! ```text
//! P(U_(k) <= u) = P(Binomial(n, u) >= k) = Σ_{i >= k} C(n, i) uⁱ (1 - u)ⁿ⁻ⁱ
//! ```

use gauss_math::normal;

/// Halvings of an interval that leave it at the precision of a drawing.
const HALVINGS: usize = 40;

/// Logarithms of factorials up to n.
struct Binomial {
    /// `[n + 1]`: ln i!
    ln_factorial: Vec<f64>,
}

impl Binomial {
    fn new(n: usize) -> Self {
        let mut ln_factorial = vec![0.0; n + 1];
        for i in 1..=n {
            ln_factorial[i] = ln_factorial[i - 1] + (i as f64).ln();
        }
        Self { ln_factorial }
    }

    /// P(U_(k) <= u) for u below the mean of U_(k), where the sum's terms fall from the first on.
    fn lower(&self, k: usize, u: f64) -> f64 {
        let n = self.ln_factorial.len() - 1;
        let (ln_u, ln_rest) = (u.ln(), (-u).ln_1p());
        let ln_choose = self.ln_factorial[n] - self.ln_factorial[k] - self.ln_factorial[n - k];
        let mut term = (ln_choose + k as f64 * ln_u + (n - k) as f64 * ln_rest).exp();
        let ratio = (ln_u - ln_rest).exp();
        let mut total = term;
        for i in k..n {
            term *= ratio * (n - i) as f64 / (i + 1) as f64;
            total += term;
            if term < 1e-12 * total {
                break;
            }
        }
        total
    }

    /// The u below which U_(k) lies with probability `p`, which is small.
    fn quantile(&self, k: usize, p: f64) -> f64 {
        let n = self.ln_factorial.len() - 1;
        let mean = k as f64 / (n + 1) as f64;
        // The farthest is k = 1, whose quantile is about p times its mean; e⁻¹² is far below that.
        let (mut lo, mut hi) = (mean.ln() - 12.0, mean.ln());
        for _ in 0..HALVINGS {
            let middle = 0.5 * (lo + hi);
            if self.lower(k, middle.exp()) < p { lo = middle } else { hi = middle }
        }
        hi.exp()
    }
}

/// (quantile, lower, upper) of standard normals at `count` of the ranks of n of them: the
/// quantile at the mean rank k/(n + 1), and the ends of the central 95 % of the k-th smallest.
pub fn normal_band(n: usize, count: usize) -> Vec<(f64, f64, f64)> {
    let binomial = Binomial::new(n);
    let mut ranks: Vec<usize> = (0..count)
        .filter_map(|i| {
            // Dense where the quantiles are far apart: at both ends.
            let z = -1.0 + 2.0 * i as f64 / (count - 1).max(1) as f64;
            let reach = normal::quantile(n as f64 / (n + 1) as f64);
            let rank = (normal::cdf(z * reach) * (n + 1) as f64).round() as usize;
            (1..=n).contains(&rank).then_some(rank)
        })
        .collect();
    ranks.dedup();
    ranks
        .into_iter()
        .map(|k| {
            let lower = normal::quantile(binomial.quantile(k, 0.025));
            let upper = -normal::quantile(binomial.quantile(n + 1 - k, 0.025));
            (mean_rank(k, n), lower, upper)
        })
        .collect()
}

/// Φ⁻¹(k/(n + 1)), against which the k-th smallest of n is drawn.
pub fn mean_rank(k: usize, n: usize) -> f64 {
    normal::quantile(k as f64 / (n + 1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bisection to `HALVINGS` places of a range of 12 in ln u.
    const TOLERANCE: f64 = 1e-9;

    #[test]
    fn the_extremes_are_those_of_the_closed_form() {
        // The smallest of n lies below u with probability 1 - (1 - u)ⁿ, the largest with uⁿ.
        for n in [1, 2, 10, 1000] {
            let binomial = Binomial::new(n);
            let smallest = -(((0.975_f64).ln() / n as f64).exp_m1());
            let largest = (0.025_f64.ln() / n as f64).exp();
            assert!((binomial.quantile(1, 0.025) / smallest - 1.0).abs() < TOLERANCE, "{n}");
            assert!((binomial.quantile(n, 0.025) / largest - 1.0).abs() < TOLERANCE, "{n}");
        }
    }

    #[test]
    fn the_band_is_symmetric_and_narrows_with_more_values() {
        let middle = |n: usize| {
            let band = normal_band(n, 41);
            assert!(band.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 < w[1].1 && w[0].2 < w[1].2));
            for (a, b) in band.iter().zip(band.iter().rev()) {
                assert!((a.0 + b.0).abs() < 1e-12 && (a.1 + b.2).abs() < 1e-6, "{a:?} {b:?}");
                assert!(a.1 < a.0 && a.0 < a.2);
            }
            let at = band[band.len() / 2];
            at.2 - at.1
        };
        // Of a median: 2 · 1.96 · √(π/2n).
        assert!(
            (middle(999) / (3.92 * (0.5 * std::f64::consts::PI / 999.0).sqrt()) - 1.0).abs() < 0.01
        );
        assert!(middle(9) > 5.0 * middle(999));
    }
}
