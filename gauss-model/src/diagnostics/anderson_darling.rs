//! Whether numbers are draws of N(0, 1), by Anderson and Darling's A² (1952): the squared distance
//! of the empirical distribution from Φ, weighted by 1/(Φ(1 - Φ)), so that tails count.
//!
//! ```text
//! A² = -n - n⁻¹ Σ_i (2i - 1) [ln Φ(z_(i)) + ln(1 - Φ(z_(n+1-i)))]
//! ```
//!
//! As n grows A² becomes Σ_j χ²_j / (j(j+1)) with independent χ² of one degree of freedom, whose
//! moment-generating function is √(-2πt / cos(π/2 √(1 + 8t))). With its poles t_j = j(j+1)/2,
//! Smirnov's inversion (1936) is an alternating sum of positive terms,
//!
//! ```text
//! P(A² > a) = π⁻¹ Σ_m (-1)^(m+1) ∫ e^(-ta) t⁻¹ √(2πt / |cos(π/2 √(1 + 8t))|) dt   over (t_{2m-1}, t_{2m})
//! ```
//!
//! which keeps its relative accuracy however small it is. The number of rows matters little: from
//! n = 8 on, p-values are within 0.006 of their limit (Marsaglia and Marsaglia 2004).

use gauss_math::normal;
use std::f64::consts::PI;

/// Nodes per interval; the integrand is smooth in the angle, so the midpoint rule converges
/// exponentially.
const NODES: usize = 128;
/// exp(-40) is nothing beside the first term.
const NEGLIGIBLE: f64 = 40.0;
/// P(A² < 0.02) < 1e-25.
const SMALLEST: f64 = 0.02;

/// A² of z against N(0, 1), mean and variance known. Infinite only if a value is.
#[must_use]
pub fn statistic(z: &[f64]) -> f64 {
    let mut sorted = z.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    let sum: f64 = (0..n)
        .map(|i| {
            let weight = (2 * i + 1) as f64;
            weight * (normal::log_cdf(sorted[i]) + normal::log_sf(sorted[n - 1 - i]))
        })
        .sum();
    -(n as f64) - sum / n as f64
}

/// P(A² > a) in the limit of many rows.
#[must_use]
pub fn p_value(a: f64) -> f64 {
    if a < SMALLEST {
        return 1.0;
    }
    let pole = |j: usize| (j * (j + 1)) as f64 / 2.0;
    let mut p = 0.0;
    for m in 1.. {
        let (from, to) = (pole(2 * m - 1), pole(2 * m));
        if m > 1 && (from - 1.0) * a > NEGLIGIBLE {
            break;
        }
        let (middle, half) = (f64::midpoint(from, to), (to - from) / 2.0);
        let integral: f64 = (0..NODES)
            .map(|k| {
                let angle = PI * (k as f64 + 0.5) / NODES as f64;
                let t = middle - half * angle.cos();
                let cos = (PI / 2.0 * (1.0 + 8.0 * t).sqrt()).cos().abs();
                (-t * a).exp() * (2.0 * PI / (t * cos)).sqrt() * half * angle.sin()
            })
            .sum();
        let term = integral / NODES as f64;
        p += if m % 2 == 1 { term } else { -term };
    }
    p.clamp(0.0, 1.0) // the sum of an alternating series, short of its last terms
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    #[test]
    fn critical_values_are_those_of_the_tables() {
        // By the series of Anderson and Darling themselves, their integrals by the trapezoidal rule.
        const TABLE: [(f64, f64); 7] = [
            (0.3, 0.938_157_636_057_1),
            (0.6, 0.647_995_635_723_0),
            (1.0, 0.357_266_673_214_1),
            (1.61, 0.152_258_400_720_4),
            (1.933, 0.099_994_623_208_3),
            (2.492, 0.050_022_186_359_7),
            (4.5, 0.004_990_026_459_99),
        ];
        for (a, p) in TABLE {
            assert!((p_value(a) - p).abs() < 1e-12, "{a}: {}", p_value(a));
        }
        assert_eq!((p_value(0.001), p_value(f64::INFINITY)), (1.0, 0.0));
    }

    #[test]
    fn exact_quantiles_are_as_close_to_normal_as_numbers_get() {
        let z: Vec<f64> =
            (0..1000).map(|i| normal::quantile((f64::from(i) + 0.5) / 1000.0)).collect();
        let a = statistic(&z);
        assert!(a < 0.01, "{a}");
        let shifted: Vec<f64> = z.iter().map(|z| z + 0.5).collect();
        assert!(p_value(statistic(&shifted)) < 1e-20);
    }

    #[test]
    fn p_values_are_uniform_where_the_hypothesis_holds() {
        const RUNS: usize = 1000;
        // Four standard errors of a share over RUNS runs.
        let tolerance = |p: f64| 4.0 * (p * (1.0 - p) / RUNS as f64).sqrt();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let p: Vec<f64> = (0..RUNS)
            .map(|_| {
                let z: Vec<f64> = (0..40).map(|_| StandardNormal.sample(&mut rng)).collect();
                p_value(statistic(&z))
            })
            .collect();
        for level in [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9] {
            let share = p.iter().filter(|&&p| p < level).count() as f64 / RUNS as f64;
            assert!((share - level).abs() < tolerance(level), "{level}: {share}");
        }
    }
}
