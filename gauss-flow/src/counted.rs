//! Rows as a fit counts them: the definition of weights at the head of [`crate::rows`], made
//! numbers once, so that what learns needs to know nothing but sums.

use crate::rows::{Rows, pick};
use faer::{Mat, MatRef};

/// Rows of which each counts: those of weight 0 are left out, equal weights are none, and others
/// are brought to the sum (Σw)²/Σw², so that a sum of weights *is* the effective sample size.
///
/// ```
/// use gauss_flow::{Rows, rows::Counted};
/// let x = faer::mat![[0.0], [1.0], [2.0], [3.0]];
/// let counted = Counted::of(Rows::weighted(x.as_ref(), &[1.0, 0.0, 1.0, 2.0])?);
/// assert_eq!(counted.rows().x(), faer::mat![[0.0], [2.0], [3.0]]);
/// assert_eq!(counted.rows().total(), 16.0 / 6.0);
/// assert_eq!(counted.present(), Some(&[0, 2, 3][..]));
///
/// let equal = Counted::of(Rows::weighted(x.as_ref(), &[0.1; 4])?);
/// assert_eq!(equal.rows().weights(), None);
/// # Ok::<(), gauss_flow::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Counted<'a> {
    given: MatRef<'a, f64>,
    /// In place of `given`, where some have no weight.
    picked: Option<Mat<f64>>,
    present: Option<Vec<usize>>,
    weights: Option<Vec<f64>>,
}

impl<'a> Counted<'a> {
    /// These rows.
    #[must_use]
    pub fn of(rows: Rows<'a>) -> Self {
        let given = rows.x();
        let plain = Self { given, picked: None, present: None, weights: None };
        let Some(weights) = rows.weights() else { return plain };
        let present: Option<Vec<usize>> = weights
            .contains(&0.0)
            .then(|| (0..weights.len()).filter(|&i| weights[i] > 0.0).collect());
        let own: Vec<f64> = weights.iter().copied().filter(|w| *w > 0.0).collect();
        let equal = own.iter().all(|w| *w == own[0]);
        Self {
            picked: present.as_ref().map(|at| pick(given, at)),
            present,
            weights: (!equal).then(|| normalised(own)),
            ..plain
        }
    }

    /// To look at.
    #[must_use]
    pub fn rows(&self) -> Rows<'_> {
        let x = self.picked.as_ref().map_or(self.given, Mat::as_ref);
        Rows { x, weights: self.weights.as_deref() }
    }

    /// Where they stood among the rows given; `None` if all are there.
    #[must_use]
    pub fn present(&self) -> Option<&[usize]> {
        self.present.as_deref()
    }
}

/// Positive weights, brought to the sum of the effective sample size. Divided by the largest
/// first, so that no square over- or underflows.
fn normalised(mut weights: Vec<f64>) -> Vec<f64> {
    let largest = weights.iter().copied().fold(0.0, f64::max);
    for w in &mut weights {
        *w /= largest;
    }
    let sum: f64 = weights.iter().sum();
    let square: f64 = weights.iter().map(|w| w * w).sum();
    for w in &mut weights {
        *w *= sum / square;
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_common_factor_is_lost() {
        let x = Mat::from_fn(4, 1, |i, _| i as f64);
        let of = |weights: [f64; 4]| {
            let counted = Counted::of(Rows::weighted(x.as_ref(), &weights).unwrap());
            counted.rows().weights().map(<[f64]>::to_vec).unwrap()
        };
        let weights = [0.3, 1.7, 2.0, 0.9];
        let once = of(weights);
        assert_eq!(of(weights.map(|w| 2.0 * w)), once);
        for scale in [3.0, 1e-300, 1e300] {
            for (a, b) in of(weights.map(|w| scale * w)).iter().zip(&once) {
                assert!((a / b - 1.0).abs() < 4.0 * f64::EPSILON);
            }
        }
        let effective = Rows::weighted(x.as_ref(), &weights).unwrap().effective();
        assert!((once.iter().sum::<f64>() / effective - 1.0).abs() < 1e-15);
    }

    #[test]
    fn rows_without_weight_are_gone_and_none_are_some() {
        let x = Mat::from_fn(3, 2, |i, j| (i + j) as f64);
        let counted = Counted::of(Rows::weighted(x.as_ref(), &[0.0, 5.0, 5.0]).unwrap());
        assert_eq!(counted.rows().weights(), None);
        assert_eq!(counted.rows().x(), x.as_ref().subrows(1, 2));
        assert_eq!(counted.present(), Some(&[1, 2][..]));
        let none = Mat::<f64>::zeros(0, 2);
        assert_eq!(Counted::of(Rows::weighted(none.as_ref(), &[]).unwrap()).rows().nrows(), 0);
    }
}
