//! The multivariate normal distribution by maximum likelihood (of few rows better shrunk:
//! [`Gaussian::shrunk`]).
//!
//! With Σ = L Lᵀ the whitened row is w = L⁻¹(x - m), and ln p(x) = ln N(w; 0, I) - ln det L.
//! All of it follows from the rows' [`Moments`], so rows may be seen apart; but where they all but lie
//! in a plane, [`Gaussian::fit`] looks at the rows themselves (`flat.rs`).

use super::flat;
use super::mixture::Mixture;
use crate::Error;
use crate::linear::moments::Moments;
use crate::linear::product;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{
    LltError, LltRegularization, cholesky_in_place, cholesky_in_place_scratch,
};
use faer::linalg::triangular_solve::solve_lower_triangular_in_place;
use faer::{Mat, MatRef, Par, Spec};
use gauss_flow::rows::Counted;
use gauss_flow::{Flow, Rows};
use gauss_math::normal;

/// A pivot below so many d ε of its variance is lost to rounding: d terms of ε/2 each went into it,
/// and as much into the covariance.
const LOST: f64 = 4.0 * f64::EPSILON;

/// N(m, Σ) in d dimensions.
#[derive(Debug, Clone, PartialEq)]
pub struct Gaussian {
    mean: Vec<f64>,
    /// L⁻¹, lower triangular.
    whitening: Mat<f64>,
    /// -ln det L.
    log_det: f64,
}

impl Gaussian {
    /// By maximum likelihood: the rows' mean, and their scatter over n, by their weights if they
    /// have any.
    ///
    /// ```
    /// use gauss_rbig::multivariate::gaussian::Gaussian;
    /// let x = faer::mat![[-1.0, 0.0], [1.0, 0.0], [0.0, -2.0], [0.0, 2.0]];
    /// let normal = Gaussian::fit(x.as_ref())?;
    /// // Variances ½ and 2, no correlation: ln p(0) = -ln 2π.
    /// let at_mean = normal.log_prob(faer::mat![[0.0, 0.0]].as_ref())?[0];
    /// assert!((at_mean + std::f64::consts::TAU.ln()).abs() < 1e-15);
    /// # Ok::<(), gauss_rbig::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NoDimensions`], [`Error::Rows`], [`Error::NonFinite`]; [`Error::NoVolume`] where a
    /// column is constant or follows from those before it, to the rounding of its values.
    pub fn fit<'a>(rows: impl Into<Rows<'a>>) -> Result<Gaussian, Error> {
        let rows = rows.into();
        rows.check(rows.ncols())?;
        let counted = Counted::of(rows);
        let moments = Moments::of(counted.rows());
        if flat::is_flat(&moments) {
            let factor = flat::factor(counted.rows(), &moments)?;
            return Ok(Self::of_factor(moments.mean(), &factor));
        }
        Self::of_moments(&moments, 0.0)
    }

    /// The same of rows that were summed, with `ridge` pseudo-rows of unit scatter added to the
    /// covariance.
    ///
    /// # Errors
    /// [`Error::NoDimensions`], [`Error::Rows`] without rows, [`Error::NoVolume`], [`Error::Option`]
    /// unless the ridge is a number from 0 up.
    pub fn of_moments(moments: &Moments, ridge: f64) -> Result<Gaussian, Error> {
        if !(ridge >= 0.0 && ridge.is_finite()) {
            let (name, requirement) = ("ridge", "a number from 0 up");
            return Err(Error::Option { name, requirement, value: ridge });
        }
        let (d, count) = (moments.dim(), moments.total());
        if d == 0 {
            return Err(Error::NoDimensions);
        }
        if count == 0.0 {
            return Err(Error::Rows { needed: 1, got: 0 });
        }
        let mut covariance = moments.covariance();
        if ridge > 0.0 {
            for j in 0..d {
                for i in 0..d {
                    let prior = if i == j { ridge } else { 0.0 };
                    covariance[(i, j)] = (covariance[(i, j)] * count + prior) / (count + ridge);
                }
            }
        }
        Self::of_covariance(moments.mean(), covariance)
    }

    /// With this mean `[d]` and covariance `[d, d]`.
    pub(super) fn of_covariance(mean: Vec<f64>, covariance: Mat<f64>) -> Result<Gaussian, Error> {
        Ok(Self::of_factor(mean, &cholesky(covariance)?))
    }

    /// With this mean `[d]` and the covariance L Lᵀ, L a lower triangle without a zero on its diagonal.
    fn of_factor(mean: Vec<f64>, factor: &Mat<f64>) -> Gaussian {
        let log_det = -(0..mean.len()).map(|j| factor[(j, j)].ln()).sum::<f64>();
        Gaussian { mean, whitening: inverse(factor), log_det }
    }

    /// The flow with this density, as [`Mixture::to_flow`] makes it.
    ///
    /// # Errors
    /// As there.
    pub fn to_flow(&self, standardization: &[f64]) -> Result<Flow, Error> {
        Mixture::of_normal(&self.mean, &self.whitening).to_flow(standardization)
    }

    /// d.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.mean.len()
    }

    /// w `[n, d]` of the rows x `[n, d]`.
    ///
    /// # Errors
    /// [`Error::Columns`].
    pub fn whiten(&self, x: MatRef<'_, f64>) -> Result<Mat<f64>, Error> {
        gauss_flow::rows::check_columns(self.dim(), x)?;
        Ok(self.whitened(x))
    }

    /// ln p(x) `[n]`; NaN of a row with a value that is none.
    ///
    /// # Errors
    /// [`Error::Columns`].
    pub fn log_prob(&self, x: MatRef<'_, f64>) -> Result<Vec<f64>, Error> {
        gauss_flow::rows::check_columns(self.dim(), x)?;
        Ok(self.log_densities(x))
    }

    /// -ln det L: what whitening adds to a log-density.
    #[must_use]
    pub fn log_det(&self) -> f64 {
        self.log_det
    }

    /// [`Self::whiten`] of rows of the right width.
    pub(super) fn whitened(&self, x: MatRef<'_, f64>) -> Mat<f64> {
        let centred = Mat::from_fn(x.nrows(), x.ncols(), |i, j| x[(i, j)] - self.mean[j]);
        product(centred.as_ref(), self.whitening.transpose())
    }

    /// [`Self::log_prob`] of rows of the right width.
    pub(super) fn log_densities(&self, x: MatRef<'_, f64>) -> Vec<f64> {
        let w = self.whitened(x);
        let mut square = vec![0.0; x.nrows()];
        for column in w.col_iter() {
            for (total, &w) in square.iter_mut().zip(column.iter()) {
                *total += w * w;
            }
        }
        let at_mean = self.log_det + x.ncols() as f64 * normal::log_pdf(0.0);
        square.into_iter().map(|square| at_mean - square / 2.0).collect()
    }
}

/// L⁻¹ of a lower triangle L.
pub(super) fn inverse(factor: &Mat<f64>) -> Mat<f64> {
    let mut inverse = Mat::identity(factor.nrows(), factor.ncols());
    solve_lower_triangular_in_place(factor.as_ref(), inverse.as_mut(), Par::Seq);
    inverse
}

/// L of Σ = L Lᵀ in the lower triangle, on this thread.
pub(super) fn cholesky(covariance: Mat<f64>) -> Result<Mat<f64>, Error> {
    let d = covariance.nrows();
    let mut factor = covariance;
    let variances: Vec<f64> = (0..d).map(|j| factor[(j, j)]).collect();
    let request = cholesky_in_place_scratch::<f64>(d, Par::Seq, Spec::default());
    cholesky_in_place(
        factor.as_mut(),
        LltRegularization::default(),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(request)),
        Spec::default(),
    )
    .map_err(|LltError::NonPositivePivot { index }| Error::NoVolume { column: index })?;
    let lost = |&j: &usize| !(factor[(j, j)].powi(2) > variances[j] * LOST * d as f64);
    match (0..d).find(lost) {
        Some(column) => Err(Error::NoVolume { column }),
        None => Ok(factor),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_dimensions_by_hand() {
        let x = faer::mat![[-1.0, -1.0], [1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [0.0, 5.0]];
        let fitted = Gaussian::fit(x.as_ref()).expect("rows in general position");
        // Mean (0, 1), covariance diag(4/5, 24/5): ((1+0) * 4)/5, (2*4 + 2*0 + 16)/5.
        let at_mean = fitted.log_prob(faer::mat![[0.0, 1.0]].as_ref()).unwrap()[0];
        let expected = -(2.0 * std::f64::consts::PI).ln() - 0.5 * (0.8_f64 * 4.8).ln();
        assert!((at_mean - expected).abs() < 1e-14, "{at_mean} {expected}");
        let off = fitted.log_prob(faer::mat![[2.0, 1.0]].as_ref()).unwrap()[0];
        assert!((at_mean - off - 2.0 / 0.8).abs() < 1e-14);
    }

    #[test]
    fn rows_on_a_line_have_no_density() {
        let x = Mat::from_fn(50, 2, |i, j| (1.0 + j as f64) * (i as f64 * 0.37).sin());
        assert_eq!(Gaussian::fit(x.as_ref()), Err(Error::NoVolume { column: 1 }));
        let constant = Mat::from_fn(9, 1, |_, _| 3.0);
        assert_eq!(Gaussian::fit(constant.as_ref()), Err(Error::NoVolume { column: 0 }));
        let none = Moments::new(2);
        assert_eq!(Gaussian::of_moments(&none, 1.0), Err(Error::Rows { needed: 1, got: 0 }));
        let wide = Mat::zeros(1, 3);
        let fitted = Gaussian::fit(faer::mat![[0.0], [1.0]].as_ref()).unwrap();
        assert_eq!(fitted.log_prob(wide.as_ref()), Err(Error::Columns { expected: 1, got: 3 }));
    }

    #[test]
    fn integer_weights_repeat_rows_and_halves_merge() {
        let x = Mat::from_fn(40, 3, |i, j| ((i * (j + 2)) as f64 * 0.71).sin());
        let weights: Vec<f64> = (0..40).map(|i| f64::from(i % 4)).collect();
        let at: Vec<usize> = (0..40).flat_map(|i| std::iter::repeat_n(i, i % 4)).collect();
        let rows = Rows::weighted(x.as_ref(), &weights).unwrap();
        let weighted = Gaussian::fit(rows).unwrap().log_prob(x.as_ref()).unwrap();
        let repeated = gauss_flow::rows::pick(x.as_ref(), &at);
        let repeated = Gaussian::fit(&repeated).unwrap().log_prob(x.as_ref()).unwrap();
        let mut moments = Moments::of(rows.subrows(0, 17));
        moments.merge(&Moments::of(rows.subrows(17, 23)));
        let merged = Gaussian::of_moments(&moments, 0.0).unwrap().log_prob(x.as_ref()).unwrap();
        for i in 0..40 {
            // Sums of 60 rows in another order.
            assert!((weighted[i] - repeated[i]).abs() < 1e-12 * weighted[i].abs());
            assert!((weighted[i] - merged[i]).abs() < 1e-12 * weighted[i].abs());
        }
    }
}
