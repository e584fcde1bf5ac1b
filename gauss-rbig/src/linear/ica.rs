//! Independent components: the directions in which white rows are least normal.
//!
//! Symmetric FastICA (Hyvärinen 1999). For a smooth contrast with derivative g, the extrema of
//! E[G(wᵀy)] over unit vectors w are fixed points of w ← E[y g(wᵀy)] - E[g'(wᵀy)] w, the means taken
//! by the rows' weights. All r directions are iterated together and kept orthogonal by
//! W ← (W Wᵀ)^(-½) W.
//!
//! g = tanh looks for heavy and for light tails and is robust to outliers; g(s) = s² looks for
//! skewness, to which tanh, being odd, is blind.

use crate::Error;
use crate::linear::pca::Pca;
use crate::linear::product;
use faer::Mat;

/// Where there is something to find 5 to 15 iterations do; where there is not, it wanders.
const ITERATIONS: usize = 15;
/// Largest 1 - cos of the angle by which a direction may still move.
const TOLERANCE: f64 = 1e-3;
/// Below this ratio of eigenvalues of W Wᵀ, known to ε, its inverse root is not good to 10⁻⁴,
/// from where one Newton step gives all digits.
const SINGULAR: f64 = 1e-11;

/// g of the fixed-point iteration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contrast {
    /// g = tanh.
    Tails,
    /// g(s) = s².
    Skewness,
}

impl Contrast {
    /// values [n]: become w g. Returns Σ w g'.
    fn apply(self, values: &mut [f64], weights: &[f64]) -> f64 {
        match self {
            Self::Tails => tanh(values, weights),
            Self::Skewness => {
                let mut slopes = 0.0;
                for (v, w) in values.iter_mut().zip(weights) {
                    slopes += w * (2.0 * *v);
                    *v = w * *v * *v;
                }
                slopes
            }
        }
    }
}

/// The orthogonal W [r, r] for white rows y [m, r] with weights [m], from the orthogonal W given.
pub(crate) fn fast_ica(
    y: &Mat<f64>,
    weights: &[f64],
    contrast: Contrast,
    mut w: Mat<f64>,
) -> Result<Mat<f64>, Error> {
    let (total, r) = (weights.iter().sum::<f64>(), y.ncols());
    for _ in 0..ITERATIONS {
        let mut s = product(y.as_ref(), w.transpose());
        let mut slope = vec![0.0; r];
        for j in 0..r {
            let column = s.col_mut(j).try_as_col_major_mut().expect("owned columns are contiguous");
            slope[j] = contrast.apply(column.as_slice_mut(), weights) / total;
        }
        let g = product(s.transpose(), y.as_ref());
        let next = Mat::from_fn(r, r, |i, j| g[(i, j)] / total - slope[i] * w[(i, j)]);
        // With hardly more rows than directions the rows need not determine them: keep W.
        let Some(next) = nearest_orthogonal(&next)? else { break };
        let cosine = |i: usize| (0..r).map(|j| next[(i, j)] * w[(i, j)]).sum::<f64>().abs();
        let moved = (0..r).map(|i| 1.0 - cosine(i)).fold(0.0_f64, f64::max);
        w = next;
        if moved < TOLERANCE {
            break;
        }
    }
    Ok(w)
}

/// values [n]: become w tanh. Returns Σ w (1 - tanh²).
fn tanh(values: &mut [f64], weights: &[f64]) -> f64 {
    const PIECE: usize = 256;
    let mut doubled = [0.0; PIECE];
    let mut exp = [0.0; PIECE];
    let mut slopes = 0.0;
    for (piece, weights) in values.chunks_mut(PIECE).zip(weights.chunks(PIECE)) {
        let n = piece.len();
        // tanh s = 1 - 2/(e^2s + 1); beyond ±20 it is ±1 to the last bit.
        for (d, v) in doubled.iter_mut().zip(&*piece) {
            *d = (2.0 * v).clamp(-40.0, 40.0);
        }
        gauss_math::slice::exp(&doubled[..n], &mut exp[..n]);
        for ((v, w), e) in piece.iter_mut().zip(weights).zip(&exp) {
            let tanh = 1.0 - 2.0 / (e + 1.0);
            slopes += w * (1.0 - tanh * tanh);
            *v = w * tanh;
        }
    }
    slopes
}

/// (W Wᵀ)^(-½) W, the orthogonal matrix nearest to W; `None` if W is singular.
fn nearest_orthogonal(w: &Mat<f64>) -> Result<Option<Mat<f64>>, Error> {
    let r = w.nrows();
    let pca = Pca::of_covariance(product(w.as_ref(), w.transpose()).as_ref())?;
    if !(pca.eigenvalues[r - 1] > SINGULAR * pca.eigenvalues[0]) {
        return Ok(None);
    }
    let u = pca.components.as_ref();
    let scaled = Mat::from_fn(r, r, |i, j| u[(i, j)] / pca.eigenvalues[j].sqrt());
    let root = product(scaled.as_ref(), u.transpose());
    let near = product(root.as_ref(), w.as_ref());
    // One Newton step from close by: orthogonal to rounding.
    let gram = product(near.as_ref(), near.transpose());
    let half =
        Mat::from_fn(
            r,
            r,
            |i, j| {
                if i == j { 1.5 - 0.5 * gram[(i, j)] } else { -0.5 * gram[(i, j)] }
            },
        );
    Ok(Some(product(half.as_ref(), near.as_ref())))
}
