//! A mean, and how far chance alone moves it.

use serde::Serialize;

/// A mean over rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Mean {
    /// The mean; NaN of no rows.
    pub mean: f64,
    /// Its standard error; NaN of fewer than two rows.
    pub standard_error: f64,
    /// n, rows of weight 0 not among them.
    pub rows: usize,
    /// The effective sample size (Σw)²/Σw², n without weights.
    #[serde(skip)]
    pub effective: f64,
}

impl Mean {
    /// Of values, with the standard error s/√n, s their standard deviation; an infinite one makes
    /// the mean infinite or NaN, and the error NaN.
    #[must_use]
    pub fn of(values: &[f64]) -> Mean {
        let n = values.len() as f64;
        let mean = mean(values, None);
        let square: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        let standard_error =
            if values.len() < 2 { f64::NAN } else { (square / (n - 1.0) / n).sqrt() };
        Mean { mean, standard_error, rows: values.len(), effective: n }
    }

    /// Of values `[n]` with weights `[n]`, none of them negative: m = Σ w v/Σ w with the standard
    /// error √(n*/(n* - 1) Σ w² (v - m)²)/Σ w, n* the effective sample size. That is the ratio
    /// estimate's (Cochran 1977, Sampling Techniques, section 6; found nearest to the bootstrap's by Gatz
    /// and Smith 1995), with n* for n so that rows of next to no weight do not count.
    ///
    /// ```
    /// use gauss_rbig::mean::Mean;
    /// let values = [1.0, 2.0, 4.0, f64::INFINITY];
    /// let equal = Mean::weighted(&values, &[0.7, 0.7, 0.7, 0.0]);
    /// assert_eq!(equal, Mean::of(&values[..3]));
    /// let twice = Mean::weighted(&values, &[2.0, 1.0, 1.0, 0.0]);
    /// assert_eq!((twice.mean, twice.rows, twice.effective), (2.0, 3, 16.0 / 6.0));
    /// ```
    ///
    /// # Panics
    /// When there is another number of weights.
    #[must_use]
    pub fn weighted(values: &[f64], weights: &[f64]) -> Mean {
        assert_eq!(values.len(), weights.len(), "weights");
        let present: Vec<usize> = (0..weights.len()).filter(|&i| weights[i] > 0.0).collect();
        let own: Vec<f64> = present.iter().map(|&i| values[i]).collect();
        let Some(&first) = present.first() else { return Mean::of(&own) };
        if present.iter().all(|&i| weights[i] == weights[first]) {
            return Mean::of(&own);
        }
        // In parts of the largest, so that no square over- or underflows.
        let largest = present.iter().map(|&i| weights[i]).fold(0.0, f64::max);
        let parts: Vec<f64> = present.iter().map(|&i| weights[i] / largest).collect();
        let total: f64 = parts.iter().sum();
        let effective = total * total / parts.iter().map(|w| w * w).sum::<f64>();
        let mean = mean(&own, Some(&parts));
        let square: f64 = own.iter().zip(&parts).map(|(v, w)| (w * (v - mean)).powi(2)).sum();
        let standard_error = if effective > 1.0 {
            (effective / (effective - 1.0) * square).sqrt() / total
        } else {
            f64::NAN // as of one row
        };
        Mean { mean, standard_error, rows: own.len(), effective }
    }

    /// [`Mean::weighted`] of rows that have weights, [`Mean::of`] of those that have none.
    ///
    /// # Panics
    /// When there is another number of weights.
    #[must_use]
    pub fn of_rows(values: &[f64], weights: Option<&[f64]>) -> Mean {
        weights.map_or_else(|| Mean::of(values), |weights| Mean::weighted(values, weights))
    }

    /// Of a - b row by row: what both have in common with the row cancels, so the error is that
    /// of the difference alone.
    ///
    /// ```
    /// use gauss_rbig::mean::Mean;
    /// let paired = Mean::of_difference(&[1.0, 5.0, 9.0], &[0.5, 4.5, 8.5]);
    /// assert_eq!((paired.mean, paired.standard_error), (0.5, 0.0));
    /// ```
    #[must_use]
    pub fn of_difference(a: &[f64], b: &[f64]) -> Mean {
        Mean::of(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<f64>>())
    }

    /// Mean and error, both divided.
    #[must_use]
    pub fn over(self, divisor: f64) -> Mean {
        Mean { mean: self.mean / divisor, standard_error: self.standard_error / divisor, ..self }
    }
}

/// Σ w v / Σ w of values `[n]`, w = 1 without weights; NaN of none.
pub(crate) fn mean(values: &[f64], weights: Option<&[f64]>) -> f64 {
    match weights {
        None => values.iter().sum::<f64>() / values.len() as f64,
        Some(weights) => {
            let sum: f64 = values.iter().zip(weights).map(|(v, w)| w * v).sum();
            sum / weights.iter().sum::<f64>()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn the_error_of_a_weighted_mean_is_its_deviation() {
        // 3,000 means of 60 values with weights drawn apart from them: their standard deviation is
        // known to 1/√6000, 1.3 %; three times that, and as much for the ratio's bias of order 1/n.
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let (mut means, mut errors) = (Vec::new(), 0.0);
        for _ in 0..3000 {
            let values: Vec<f64> = (0..60).map(|_| rng.random()).collect();
            let weights: Vec<f64> = (0..60).map(|_| rng.random::<f64>().powi(2)).collect();
            let mean = Mean::weighted(&values, &weights);
            means.push(mean.mean);
            errors += mean.standard_error / 3000.0;
        }
        let spread = Mean::of(&means).standard_error * 3000_f64.sqrt();
        assert!((errors / spread - 1.0).abs() < 0.08, "{errors} {spread}");
    }
}
