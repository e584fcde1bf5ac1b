//! One normal distribution of few rows: correlations shrunk towards none.
//!
//! n rows in d columns give d(d - 1)/2 correlations, each with an error of about 1/√n. Where d is
//! not small beside n, they make a covariance whose least eigenvalues are far too small, or 0 where
//! n <= d, and rows that it has not seen pay for it. In units of each column's own deviation, with
//! R the correlations of the rows, the estimate is
//!
//! ```text
//! C = (1 - ρ) R + ρ I,    ρ = Σ_{i≠j} Var(R_ij) / Σ_{i≠j} R_ij²,  at most 1,
//! ```
//!
//! which has, to first order, the least expected squared error of all such C (Ledoit and Wolf, A
//! well-conditioned estimator for large-dimensional covariance matrices, 2004; with variances that
//! are not shrunk, and the errors of the entries off the diagonal alone: Schäfer and Strimmer 2005,
//! target D). With u the standardised rows, Var(R_ij) is the variance of u_i u_j over the rows, over
//! n - 1. With many rows ρ goes to 0 like 1/n.
//!
//! The whole is wider by (n + 1)/(n - 1), which is what the squared distance of a new row from the
//! mean of n others is expected to be, over their variance. Two rows have correlations of ±1
//! whatever they come from: ρ = 1.
//!
//! n is the effective number of rows.

use super::flat;
use super::gaussian::Gaussian;
use crate::Error;
use crate::linear::moments::Moments;
use faer::{Mat, MatRef};
use gauss_flow::Rows;
use gauss_flow::rows::Counted;

impl Gaussian {
    /// A normal whose correlations are shrunk towards none, by as much as the rows, and their weights if
    /// they have any, leave them open: of two rows or more, whatever the number of columns.
    ///
    /// ```
    /// use gauss_rbig::multivariate::gaussian::Gaussian;
    /// let x = faer::Mat::from_fn(5, 20, |i, j| ((i * (j + 2)) as f64 * 0.7).sin());
    /// let normal = Gaussian::shrunk(x.as_ref())?;
    /// assert!(normal.log_prob(x.as_ref())?[0].is_finite());
    /// # Ok::<(), gauss_rbig::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NoDimensions`], [`Error::NonFinite`]; [`Error::Rows`] for fewer than two with weight;
    /// [`Error::NoVolume`] where a column is constant, or more rows than columns say that it follows
    /// from those before it.
    pub fn shrunk<'a>(rows: impl Into<Rows<'a>>) -> Result<Gaussian, Error> {
        let rows = rows.into();
        rows.check(rows.ncols())?;
        let counted = Counted::of(rows);
        let rows = counted.rows();
        let n = rows.total();
        // Of weights that are next to nothing beside one of them no deviation follows.
        if rows.nrows() < 2 || !(n - 1.0 > f64::EPSILON) {
            return Err(Error::Rows { needed: 2, got: 1 });
        }
        let moments = Moments::of(rows);
        let scale = moments.standard_deviations();
        if let Some(column) = scale.iter().position(|s| !(*s > 0.0)) {
            return Err(Error::NoVolume { column });
        }
        // A plane that enough rows lie in is no matter of chance: shrinking would but give it a width.
        if rows.nrows() >= rows.ncols() + 2 && flat::is_flat(&moments) {
            flat::factor(rows, &moments)?;
        }
        let covariance = moments.covariance();
        let correlation = |i: usize, j: usize| covariance[(i, j)] / (scale[i] * scale[j]);
        let kept = 1.0 - intensity(rows, &moments.mean(), &scale, correlation);
        let wider = (n + 1.0) / (n - 1.0);
        let shrunk = Mat::from_fn(rows.ncols(), rows.ncols(), |i, j| {
            let part = if i == j { 1.0 } else { kept * correlation(i, j) };
            wider * part * (scale[i] * scale[j])
        });
        Gaussian::of_covariance(moments.mean(), shrunk)
    }
}

/// ρ of counted rows.
fn intensity(
    rows: Rows<'_>,
    mean: &[f64],
    scale: &[f64],
    correlation: impl Fn(usize, usize) -> f64,
) -> f64 {
    let (n, x): (f64, MatRef<'_, f64>) = (rows.total(), rows.x());
    let pairs = |of: &dyn Fn(usize, usize) -> f64| -> f64 {
        (0..x.ncols()).map(|j| (0..j).map(|i| 2.0 * of(i, j)).sum::<f64>()).sum()
    };
    let size = pairs(&|i, j| correlation(i, j).powi(2));
    if !(size > 0.0) || n <= 2.0 {
        return 1.0;
    }
    // Σ_{i≠j} (u_i u_j)² = (Σ u²)² - Σ u⁴ of each row.
    let mut squares = vec![(0.0, 0.0); x.nrows()];
    for ((column, mean), scale) in x.col_iter().zip(mean).zip(scale) {
        for ((square, fourth), x) in squares.iter_mut().zip(column.iter()) {
            let u2 = ((x - mean) / scale).powi(2);
            *square += u2;
            *fourth += u2 * u2;
        }
    }
    let products: Vec<f64> =
        squares.iter().map(|(square, fourth)| square * square - fourth).collect();
    let noise = (rows.mean(&products) - size) / (n - 1.0);
    (noise / size).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    /// Rows of an autoregressive normal: each column is 0.8 times the one before it, and noise.
    fn autoregressive(n: usize, d: usize, seed: u64) -> Mat<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut x = Mat::zeros(n, d);
        for i in 0..n {
            for j in 0..d {
                let own: f64 = StandardNormal.sample(&mut rng);
                x[(i, j)] = if j == 0 { own } else { 0.8 * x[(i, j - 1)] + 0.6 * own };
            }
        }
        x
    }

    fn mean(normal: &Gaussian, x: &Mat<f64>) -> f64 {
        Rows::from(x).mean(&normal.log_prob(x.as_ref()).expect("its columns"))
    }

    #[test]
    fn many_rows_are_left_as_they_are() {
        let (x, fresh) = (autoregressive(20_000, 3, 1), autoregressive(20_000, 3, 2));
        let [plain, shrunk] =
            [Gaussian::fit(&x), Gaussian::shrunk(&x)].map(|normal| mean(&normal.unwrap(), &fresh));
        // ρ is some 1/n.
        assert!((plain - shrunk).abs() < 1e-4, "{plain} {shrunk}");
    }

    #[test]
    fn two_columns_by_hand() {
        // Deviations 1 and 2, u = ±(1, 1) twice, ±(1, -1) once: R = 1/3. u₁u₂ is 1 or -1, so its
        // variance is 1 - 1/9, over n - 1 = 5; and ρ = (8/45)/(1/9) is above 1.
        let x = faer::mat![
            [1.0, 2.0],
            [-1.0, -2.0],
            [1.0, 2.0],
            [-1.0, -2.0],
            [1.0, -2.0],
            [-1.0, 2.0]
        ];
        let normal = Gaussian::shrunk(&x).unwrap();
        let wider: f64 = 7.0 / 5.0;
        let expected = -(std::f64::consts::TAU * 2.0 * wider).ln();
        let at_mean = normal.log_prob(faer::mat![[0.0, 0.0]].as_ref()).unwrap()[0];
        assert!((at_mean - expected).abs() < 1e-14, "{at_mean} {expected}");
        // Four times as many of the first: R = 3/5, the variance 16/25 over 19, ρ = 16/(9·19).
        let x = Mat::from_fn(20, 2, |i, j| {
            let sign = if i % 2 == 0 { 1.0 } else { -1.0 };
            let other = if i < 16 { sign } else { -sign };
            if j == 0 { sign } else { 2.0 * other }
        });
        let normal = Gaussian::shrunk(&x).unwrap();
        let r: f64 = 0.6 * (1.0 - 16.0 / (9.0 * 19.0));
        let expected = -(std::f64::consts::TAU * 2.0 * (21.0 / 19.0) * (1.0 - r * r).sqrt()).ln();
        let at_mean = normal.log_prob(faer::mat![[0.0, 0.0]].as_ref()).unwrap()[0];
        assert!((at_mean - expected).abs() < 1e-14, "{at_mean} {expected}");
    }

    #[test]
    fn units_and_repeated_rows_do_not_matter() {
        let x = autoregressive(30, 12, 3);
        let units = |j: usize| 10f64.powi(j as i32 - 6);
        let other = Mat::from_fn(30, 12, |i, j| 1e3 * units(j) + units(j) * x[(i, j)]);
        let moved: f64 = (0..12).map(|j| units(j).ln()).sum();
        let (a, b) = (Gaussian::shrunk(&x).unwrap(), Gaussian::shrunk(&other).unwrap());
        assert!((mean(&a, &x) - moved - mean(&b, &other)).abs() < 1e-9);
        // Equal weights are none, a row without weight is not there.
        let weights: Vec<f64> = (0..30).map(|i| if i < 20 { 0.3 } else { 0.0 }).collect();
        let weighted = Gaussian::shrunk(Rows::weighted(x.as_ref(), &weights).unwrap()).unwrap();
        let plain = Gaussian::shrunk(x.subrows(0, 20)).unwrap();
        assert_eq!(weighted, plain);
    }

    #[test]
    fn any_shape_of_two_rows_or_more_has_a_density() {
        for (n, d) in [(2, 1), (2, 3), (2, 50), (3, 1), (3, 2), (5, 100), (20, 40), (60, 40)] {
            let x = autoregressive(n, d, (n * d) as u64);
            let normal = Gaussian::shrunk(&x).unwrap();
            let fresh = autoregressive(50, d, 9);
            assert!(mean(&normal, &fresh).is_finite(), "{n} x {d}");
        }
        let one = autoregressive(1, 3, 1);
        assert_eq!(Gaussian::shrunk(&one), Err(Error::Rows { needed: 2, got: 1 }));
        let constant = Mat::from_fn(9, 2, |i, j| if j == 0 { i as f64 } else { 3.0 });
        assert_eq!(Gaussian::shrunk(&constant), Err(Error::NoVolume { column: 1 }));
        let copies = Mat::from_fn(9, 2, |i, j| (i as f64).sin() * (j + 1) as f64);
        assert_eq!(Gaussian::shrunk(&copies), Err(Error::NoVolume { column: 1 }));
    }
}
