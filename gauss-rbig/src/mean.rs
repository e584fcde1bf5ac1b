//! A mean, and how far chance alone moves it.

use serde::Serialize;

/// A mean over rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Mean {
    /// The mean; NaN of no rows.
    pub mean: f64,
    /// The rows' standard deviation over √n; NaN of fewer than two rows.
    pub standard_error: f64,
    /// n.
    pub rows: usize,
}

impl Mean {
    /// Of values; an infinite one makes the mean infinite or NaN, and the error NaN.
    pub fn of(values: &[f64]) -> Mean {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let square: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        let standard_error =
            if values.len() < 2 { f64::NAN } else { (square / (n - 1.0) / n).sqrt() };
        Mean { mean, standard_error, rows: values.len() }
    }

    /// Of a - b row by row: what both have in common with the row cancels, so the error is that
    /// of the difference alone.
    ///
    /// ```
    /// use gauss_rbig::mean::Mean;
    /// let paired = Mean::of_difference(&[1.0, 5.0, 9.0], &[0.5, 4.5, 8.5]);
    /// assert_eq!((paired.mean, paired.standard_error), (0.5, 0.0));
    /// ```
    pub fn of_difference(a: &[f64], b: &[f64]) -> Mean {
        Mean::of(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<f64>>())
    }

    /// Mean and error, both divided.
    #[must_use]
    pub fn over(self, divisor: f64) -> Mean {
        Mean {
            mean: self.mean / divisor,
            standard_error: self.standard_error / divisor,
            rows: self.rows,
        }
    }
}
