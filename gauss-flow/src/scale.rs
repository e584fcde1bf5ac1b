//! Centre and scale of columns: what is standardised by.

use crate::counted::Counted;
use crate::error::Error;
use crate::order::Sorted;
use crate::rows::Rows;
use rayon::prelude::*;

/// A deviation this many times that of the quartiles comes from a few far outliers: of Student's t
/// with two degrees of freedom, whose variance is infinite, 10,000 values stay below 10.
const FEW_OUTLIERS: f64 = 30.0;
/// Distance between the quartiles of N(0, 1).
const NORMAL_QUARTILES: f64 = 1.348_979_500_392_163_5;

/// Parameters of [`crate::LayerSpec::Standardize`] for these rows, [`column_scales`]: shift `[d]`,
/// ln scale `[d]`.
///
/// # Errors
/// When there is no row, a value that is not finite, or ([`Error::ConstantColumn`]) a column of
/// one value only.
pub fn standardization<'a>(rows: impl Into<Rows<'a>>) -> Result<Vec<f64>, Error> {
    let rows = rows.into();
    rows.check(rows.ncols())?;
    let counted = Counted::of(rows);
    let rows = counted.rows();
    let scales: Vec<(f64, f64)> = column_scales(rows)
        .into_iter()
        .enumerate()
        .map(|(column, scale)| {
            let value = rows.x()[(0, column)];
            scale.ok_or(Error::ConstantColumn { column, value })
        })
        .collect::<Result<_, Error>>()?;
    Ok(scales.iter().map(|s| s.0).chain(scales.iter().map(|s| s.1)).collect())
}

/// [`column_scale`] of each column of finite values, in parallel.
#[must_use]
pub fn column_scales(rows: Rows<'_>) -> Vec<Option<(f64, f64)>> {
    (0..rows.ncols())
        .into_par_iter()
        .map(|j| column_scale(rows.x().col(j).iter().copied().collect(), rows.weights()))
        .collect()
}

/// Centre and ln scale of finite values `[n]`, with their weights `[n]` if there are any: their
/// mean and standard deviation (over n); `None` where all are equal.
///
/// Where the deviation exceeds `FEW_OUTLIERS` times what the quartiles say it should be, it is
/// that of a few outliers, and would squeeze all other values into one point: then they are the
/// median and the distance of the quartiles over that of a normal's.
///
/// # Panics
/// When there is another number of weights than of values.
#[must_use]
pub fn column_scale(values: Vec<f64>, weights: Option<&[f64]>) -> Option<(f64, f64)> {
    if let Some(all) = weights.filter(|weights| weights.contains(&0.0)) {
        // What has no weight may be anything, also the value that others are taken about.
        let present = || (0..all.len()).filter(|&i| all[i] > 0.0);
        let weights: Vec<f64> = present().map(|i| all[i]).collect();
        return column_scale(present().map(|i| values[i]).collect(), Some(&weights));
    }
    let weight = |i: usize| weights.map_or(1.0, |weights| weights[i]);
    let total = weights.map_or(values.len() as f64, |weights| weights.iter().sum());
    // Around the first value, so that an offset of 1e12 costs no digits; halved, so that the
    // difference of the largest doubles does not overflow.
    let origin = *values.first()?;
    let halves = || values.iter().map(|v| 0.5 * v - 0.5 * origin);
    let largest = halves().map(f64::abs).fold(0.0, f64::max);
    if !(largest > 0.0) {
        return None;
    }
    let parts = || halves().map(|half| half / largest).enumerate();
    let mean = parts().map(|(i, part)| weight(i) * part).sum::<f64>() / total;
    let square = parts().map(|(i, part)| weight(i) * (part - mean).powi(2)).sum::<f64>() / total;
    let (centre, log_scale) =
        (origin + 2.0 * (mean * largest), largest.ln() + (2.0_f64).ln() + 0.5 * square.ln());

    let [low, median, high] = quartiles(values, weights);
    let robust = (0.5 * high - 0.5 * low).ln() + (2.0 / NORMAL_QUARTILES).ln();
    if robust.is_finite() && log_scale - robust > FEW_OUTLIERS.ln() {
        Some((median, robust))
    } else {
        Some((centre, log_scale))
    }
}

/// The first values up to which there is more than a quarter, a half, three quarters of the weight.
fn quartiles(mut values: Vec<f64>, weights: Option<&[f64]>) -> [f64; 3] {
    if weights.is_some() {
        let sorted = Sorted::of(values, weights);
        return [0.25, 0.5, 0.75].map(|p| sorted.beyond(p));
    }
    // Without sorting what lies between.
    let n = values.len();
    [n / 4, n / 2, 3 * n / 4].map(|i| *values.select_nth_unstable_by(i, f64::total_cmp).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integer_weights_repeat_a_value() {
        let (values, weights) = (vec![1.0, 4.0, -2.0, 0.5], [1.0, 3.0, 2.0, 1.0]);
        let repeated = vec![1.0, 4.0, 4.0, 4.0, -2.0, -2.0, 0.5];
        let a = column_scale(values, Some(&weights)).unwrap();
        let b = column_scale(repeated, None).unwrap();
        assert!((a.0 - b.0).abs() < 1e-15 && (a.1 - b.1).abs() < 1e-15, "{a:?} {b:?}");
    }

    #[test]
    fn a_value_without_weight_makes_no_scale() {
        assert_eq!(column_scale(vec![3.0, 3.0, 9.0], Some(&[1.0, 1.0, 0.0])), None);
        assert_eq!(column_scale(vec![9.0, 3.0, 3.0], Some(&[0.0, 1.0, 1.0])), None);
        let with = column_scale(vec![-1e300, 1.0, 2.0, 4.0], Some(&[0.0, 1.0, 1.0, 1.0]));
        assert_eq!(with, column_scale(vec![1.0, 2.0, 4.0], None));
        let x = faer::mat![[9.0], [3.0], [3.0]];
        let rows = Rows::weighted(x.as_ref(), &[0.0, 1.0, 1.0]).unwrap();
        let refused = Err(Error::ConstantColumn { column: 0, value: 3.0 });
        assert_eq!(standardization(rows), refused);
    }
}
