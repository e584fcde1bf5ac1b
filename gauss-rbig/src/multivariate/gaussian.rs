//! The multivariate normal distribution by maximum likelihood.
//!
//! With Σ = L Lᵀ the whitened row is w = L⁻¹(x - m), and ln p(x) = ln N(w; 0, I) - ln det L.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use gauss_math::normal;

/// N(m, Σ) in d dimensions.
#[derive(Debug, Clone)]
pub struct Gaussian {
    mean: Vec<f64>,
    /// L⁻¹, lower triangular.
    whitening: Mat<f64>,
    /// -ln det L.
    log_det: f64,
}

impl Gaussian {
    /// By maximum likelihood: the rows' mean, and their scatter over n. None where the rows span
    /// no volume.
    pub fn fit(x: MatRef<'_, f64>) -> Option<Gaussian> {
        Self::weighted(x, &vec![1.0; x.nrows()], 0.0)
    }

    /// The same of rows that count `weights` `[n]` times, none of them negative, with `ridge`
    /// pseudo-rows of unit scatter added to the covariance.
    pub fn weighted(x: MatRef<'_, f64>, weights: &[f64], ridge: f64) -> Option<Gaussian> {
        let (n, d) = (x.nrows(), x.ncols());
        let count: f64 = weights.iter().sum();
        if !(count > 0.0) {
            return None;
        }
        let mean: Vec<f64> = x
            .col_iter()
            .map(|column| column.iter().zip(weights).map(|(v, w)| w * v).sum::<f64>() / count)
            .collect();
        let roots: Vec<f64> = weights.iter().map(|w| w.sqrt()).collect();
        let scaled = Mat::from_fn(n, d, |i, j| roots[i] * (x[(i, j)] - mean[j]));
        let mut covariance = Mat::<f64>::zeros(d, d);
        matmul(&mut covariance, Accum::Replace, scaled.transpose(), &scaled, 1.0, Par::Seq);
        for j in 0..d {
            for i in 0..d {
                let prior = if i == j { ridge } else { 0.0 };
                covariance[(i, j)] = (covariance[(i, j)] + prior) / (count + ridge);
            }
        }
        let factor = cholesky(&covariance)?;
        let log_det = -(0..d).map(|j| factor[(j, j)].ln()).sum::<f64>();
        Some(Gaussian { mean, whitening: lower_inverse(&factor), log_det })
    }

    /// w `[n, d]` of the rows x `[n, d]`.
    pub fn whiten(&self, x: MatRef<'_, f64>) -> Mat<f64> {
        let centred = Mat::from_fn(x.nrows(), x.ncols(), |i, j| x[(i, j)] - self.mean[j]);
        let mut w = Mat::zeros(x.nrows(), x.ncols());
        matmul(&mut w, Accum::Replace, &centred, self.whitening.transpose(), 1.0, Par::Seq);
        w
    }

    /// ln p(x) `[n]`.
    pub fn log_prob(&self, x: MatRef<'_, f64>) -> Vec<f64> {
        let w = self.whiten(x);
        let mut square = vec![0.0; x.nrows()];
        for column in w.col_iter() {
            for (total, &w) in square.iter_mut().zip(column.iter()) {
                *total += w * w;
            }
        }
        let at_mean = self.log_det + x.ncols() as f64 * normal::log_pdf(0.0);
        square.into_iter().map(|square| at_mean - square / 2.0).collect()
    }

    /// -ln det L: what whitening adds to a log-density.
    pub fn log_det(&self) -> f64 {
        self.log_det
    }
}

/// L of Σ = L Lᵀ; none where a pivot is lost to rounding.
fn cholesky(a: &Mat<f64>) -> Option<Mat<f64>> {
    let d = a.nrows();
    let mut l = Mat::<f64>::zeros(d, d);
    for j in 0..d {
        for i in j..d {
            let product: f64 = (0..j).map(|k| l[(i, k)] * l[(j, k)]).sum();
            let rest = a[(i, j)] - product;
            if i > j {
                l[(i, j)] = rest / l[(j, j)];
            } else if rest > a[(j, j)] * f64::EPSILON * d as f64 * 4.0 {
                l[(j, j)] = rest.sqrt();
            } else {
                return None;
            }
        }
    }
    Some(l)
}

/// L⁻¹ by forward substitution.
fn lower_inverse(l: &Mat<f64>) -> Mat<f64> {
    let d = l.nrows();
    let mut inverse = Mat::<f64>::zeros(d, d);
    for j in 0..d {
        inverse[(j, j)] = 1.0 / l[(j, j)];
        for i in j + 1..d {
            let product: f64 = (j..i).map(|k| l[(i, k)] * inverse[(k, j)]).sum();
            inverse[(i, j)] = -product / l[(i, i)];
        }
    }
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_dimensions_by_hand() {
        let x = faer::mat![[-1.0, -1.0], [1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [0.0, 5.0]];
        let fitted = Gaussian::fit(x.as_ref()).expect("rows in general position");
        // Mean (0, 1), covariance diag(4/5, 24/5): ((1+0) * 4)/5, (2*4 + 2*0 + 16)/5.
        let at_mean = fitted.log_prob(faer::mat![[0.0, 1.0]].as_ref())[0];
        let expected = -(2.0 * std::f64::consts::PI).ln() - 0.5 * (0.8_f64 * 4.8).ln();
        assert!((at_mean - expected).abs() < 1e-14, "{at_mean} {expected}");
        let off = fitted.log_prob(faer::mat![[2.0, 1.0]].as_ref())[0];
        assert!((at_mean - off - 2.0 / 0.8).abs() < 1e-14);
    }

    #[test]
    fn rows_on_a_line_have_no_density() {
        let x = Mat::from_fn(50, 2, |i, j| (1.0 + j as f64) * (i as f64 * 0.37).sin());
        assert!(Gaussian::fit(x.as_ref()).is_none());
        assert!(Gaussian::fit(Mat::from_fn(9, 1, |_, _| 3.0).as_ref()).is_none());
    }
}
