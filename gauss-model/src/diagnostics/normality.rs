//! Whether z is N(0, I): each dimension for itself, its correlations, and all of it at once.
//!
//! With enough rows any model is rejected, so each test comes with the size of what it found.

use super::anderson_darling;
use super::energy::{self, Energy, REPLICATES};
use super::multiplicity::holm;
use faer::MatRef;
use gauss_flow::stream::{Purpose, stream};
use gauss_math::normal;
use rand_distr::{ChiSquared, Distribution};
use rayon::prelude::*;
use serde::Serialize;

/// z against N(0, I).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Normality {
    /// Rows tested.
    pub rows: usize,
    /// Each dimension.
    pub dimensions: Vec<Dimension>,
    /// The largest correlation in size; none of a single dimension.
    pub correlation: Option<Correlation>,
    /// Mardia's kurtosis with mean and covariance known.
    pub kurtosis: Kurtosis,
    /// The energy test of all dimensions at once.
    pub energy: Energy,
}

/// A dimension of z against N(0, 1).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Dimension {
    /// 0 where the model is right.
    pub mean: f64,
    /// 1 where the model is right.
    pub standard_deviation: f64,
    /// 0 where the model is right.
    pub skewness: f64,
    /// 0 where the model is right.
    pub excess_kurtosis: f64,
    /// A² of Anderson and Darling.
    pub anderson_darling: f64,
    /// P(A² this large).
    pub p_value: f64,
    /// The same after Holm, over all dimensions.
    pub p_adjusted: f64,
}

/// The correlation of two dimensions.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Correlation {
    /// The dimensions, counted from 0.
    pub dimensions: [usize; 2],
    /// Pearson's r.
    pub correlation: f64,
    /// Two-sided, by Fisher's transformation, times the number of pairs.
    pub p_adjusted: f64,
    /// How many pairs there are.
    pub pairs: usize,
}

/// The mean of |z|⁴, which is d(d + 2) for a normal vector (Mardia 1970, with the moments known
/// rather than estimated). Its distribution is skewed for hundreds of rows, so it is taken from
/// draws of |z|², which is χ² of d degrees of freedom.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Kurtosis {
    /// Mean of |z|⁴.
    pub value: f64,
    /// d(d + 2).
    pub expected: f64,
    /// The share of normal draws, the rows included, that are as far from it.
    pub p_value: f64,
}

/// Of the finite rows z `[n, d]`; none of fewer than [`LEAST_ROWS`].
#[must_use]
pub fn examine(z: MatRef<'_, f64>, seed: u64) -> Option<Normality> {
    if z.nrows() < LEAST_ROWS {
        return None;
    }
    let columns: Vec<Vec<f64>> =
        z.col_iter().map(|column| column.iter().copied().collect()).collect();
    let mut dimensions: Vec<Dimension> = columns.par_iter().map(|z| Dimension::of(z)).collect();
    let adjusted = holm(&dimensions.iter().map(|d| d.p_value).collect::<Vec<f64>>());
    for (dimension, p) in dimensions.iter_mut().zip(adjusted) {
        dimension.p_adjusted = p;
    }
    Some(Normality {
        rows: z.nrows(),
        dimensions,
        correlation: Correlation::largest(&columns),
        kurtosis: Kurtosis::of(z, seed),
        energy: energy::test(z, seed),
    })
}

/// Moments of fewer rows say nothing.
pub const LEAST_ROWS: usize = 8;

impl Dimension {
    fn of(z: &[f64]) -> Dimension {
        let n = z.len() as f64;
        let mean = z.iter().sum::<f64>() / n;
        let moment = |k: i32| z.iter().map(|v| (v - mean).powi(k)).sum::<f64>() / n;
        let variance = moment(2);
        let anderson_darling = anderson_darling::statistic(z);
        let p_value = anderson_darling::p_value(anderson_darling);
        Dimension {
            mean,
            standard_deviation: (variance * n / (n - 1.0)).sqrt(),
            skewness: moment(3) / variance.powf(1.5),
            excess_kurtosis: moment(4) / variance.powi(2) - 3.0,
            anderson_darling,
            p_value,
            p_adjusted: p_value,
        }
    }
}

impl Correlation {
    fn largest(columns: &[Vec<f64>]) -> Option<Correlation> {
        let n = columns.first()?.len() as f64;
        // Centred and of unit length, so that a correlation is a scalar product; a constant
        // column has none.
        let units: Vec<Vec<f64>> = columns
            .iter()
            .map(|column| {
                let mean = column.iter().sum::<f64>() / n;
                let length = column.iter().map(|v| (v - mean).powi(2)).sum::<f64>().sqrt();
                let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
                column.iter().map(|v| (v - mean) * scale).collect()
            })
            .collect();
        let d = columns.len();
        let pairs: Vec<[usize; 2]> = (0..d).flat_map(|i| (i + 1..d).map(move |j| [i, j])).collect();
        let product = |[i, j]: [usize; 2]| -> f64 {
            units[i].iter().zip(&units[j]).map(|(a, b)| a * b).sum()
        };
        let all: Vec<f64> = pairs.par_iter().map(|&pair| product(pair)).collect();
        let at = (0..all.len()).max_by(|&a, &b| all[a].abs().total_cmp(&all[b].abs()))?;
        let p = 2.0 * normal::sf(all[at].abs().min(1.0).atanh() * (n - 3.0).sqrt());
        Some(Correlation {
            dimensions: pairs[at],
            correlation: all[at],
            p_adjusted: (p * pairs.len() as f64).min(1.0),
            pairs: pairs.len(),
        })
    }
}

impl Kurtosis {
    fn of(z: MatRef<'_, f64>, seed: u64) -> Kurtosis {
        let (n, d) = (z.nrows(), z.ncols() as f64);
        let square = |i: usize| z.row(i).iter().map(|v| v * v).sum::<f64>();
        let value = (0..n).map(|i| square(i).powi(2)).sum::<f64>() / n as f64;
        let expected = d * (d + 2.0);
        let Ok(squares) = ChiSquared::new(d) else {
            return Kurtosis { value, expected, p_value: 1.0 }; // of no columns
        };
        let as_far = |&replicate: &u64| {
            let mut rng = stream(seed, Purpose::KurtosisNull { replicate });
            let sum: f64 = (0..n).map(|_| squares.sample(&mut rng).powi(2)).sum();
            (sum / n as f64 - expected).abs() >= (value - expected).abs()
        };
        let as_far = (0..REPLICATES as u64).into_par_iter().filter(as_far).count();
        let p_value = (1 + as_far) as f64 / (1 + REPLICATES) as f64;
        Kurtosis { value, expected, p_value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use faer::Mat;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::StandardNormal;

    fn draws(n: usize, d: usize, seed: u64) -> Mat<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        Mat::from_fn(n, d, |_, _| StandardNormal.sample(&mut rng))
    }

    #[test]
    fn normal_rows_pass() {
        let found = examine(draws(400, 3, 5).as_ref(), 1).expect("enough rows");
        assert!(found.dimensions.iter().all(|d| d.p_adjusted > 0.05), "{found:?}");
        assert!(found.energy.p_value > 0.05 && found.kurtosis.p_value > 0.05, "{found:?}");
        assert!(found.correlation.as_ref().is_some_and(|r| r.p_adjusted > 0.05), "{found:?}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let mut z = draws(400, 3, 5);
        for i in 0..400 {
            z[(i, 1)] = z[(i, 1)].exp() - 1.6; // skewed
            z[(i, 2)] = 0.8 * z[(i, 0)] + 0.6 * z[(i, 2)]; // correlated, each still normal
        }
        let found = examine(z.as_ref(), 1).expect("enough rows");
        assert!(found.dimensions[1].p_adjusted < 1e-6 && found.dimensions[1].skewness > 1.0);
        assert!(found.dimensions[2].p_adjusted > 0.05);
        let largest = found.correlation.expect("pairs");
        assert_eq!((largest.dimensions, largest.pairs), ([0, 2], 3));
        assert!((largest.correlation - 0.8).abs() < 0.06 && largest.p_adjusted < 1e-20);
        assert!(found.energy.p_value < 0.01);
    }

    #[test]
    fn one_dimension_has_no_correlation_and_few_rows_no_test() {
        assert_eq!(examine(draws(50, 1, 2).as_ref(), 1).and_then(|found| found.correlation), None);
        assert_eq!(examine(draws(LEAST_ROWS - 1, 2, 2).as_ref(), 1), None);
    }

    #[test]
    fn the_kurtosis_is_at_its_level() {
        const RUNS: u64 = 200;
        let p: Vec<f64> = (0..RUNS)
            .into_par_iter()
            .map(|seed| Kurtosis::of(draws(30, 1, seed).as_ref(), seed + RUNS).p_value)
            .collect();
        for level in [0.01, 0.1, 0.5] {
            let share = p.iter().filter(|&&p| p <= level).count() as f64 / RUNS as f64;
            // Three standard errors.
            let tolerance = 3.0 * (level * (1.0 - level) / RUNS as f64).sqrt();
            assert!((share - level).abs() < tolerance, "{level}: {share}");
        }
    }
}
