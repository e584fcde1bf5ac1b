//! Rows that all but lie in a plane: near-copies, sums that hold but for a little.
//!
//! A covariance knows the deviation of what is left of a column, given those before it, to √ε of
//! the column's own: what is below is lost when squares are summed. The rows themselves know it to
//! ε. With X the centred rows, each times √(w/Σw), and X = Q R, the covariance is RᵀR: its factor
//! is L = Rᵀ, and no square was taken.
//!
//! R of many rows comes block by block: that of a block under the R of those before it
//! (communication-avoiding QR: Demmel, Grigori, Hoemmen and Langou 2012).
//!
//! **What cannot be told.** Where the rows' own rounding is a part of what is left that matters, no
//! arithmetic brings it back, and [`factor`] refuses.

use super::gaussian::{cholesky, inverse};
use crate::Error;
use crate::linear::moments::Moments;
use faer::Mat;
use gauss_flow::Rows;

/// 1 - R² of a column, given those before it, below which its factor is made from the rows: sums of
/// squares are known to some ε, so here to 10⁻⁵.
const FLAT: f64 = 1e-10;
/// The part that the rounding of the rows may have in the deviation of what is left: ln p is then
/// right to its square.
const TOLD: f64 = 0.03;
/// Rows of a block, or twice as many as columns.
const BLOCK: usize = 1024;

/// Whether a covariance is too near a plane's to be factorised as it is; columns without variance are
/// passed over.
pub(crate) fn is_flat(moments: &Moments) -> bool {
    let mut covariance = moments.covariance();
    let dim = covariance.nrows();
    for (j, deviation) in moments.standard_deviations().into_iter().enumerate() {
        if deviation == 0.0 {
            covariance[(j, j)] = 1.0;
        }
    }
    let variances: Vec<f64> = (0..dim).map(|j| covariance[(j, j)]).collect();
    match cholesky(covariance) {
        Ok(factor) => (0..dim).any(|j| factor[(j, j)].powi(2) < FLAT * variances[j]),
        Err(_) => true,
    }
}

/// L of Σ = L Lᵀ, of counted rows with these moments, from the rows.
///
/// # Errors
/// [`Error::NoVolume`] where what is left of a column is nothing, or not to be told from rounding.
pub(super) fn factor(rows: Rows<'_>, moments: &Moments) -> Result<Mat<f64>, Error> {
    let (dim, scale) = (rows.ncols(), moments.standard_deviations());
    if let Some(column) = scale.iter().position(|s| !(*s > 0.0)) {
        return Err(Error::NoVolume { column });
    }
    let r = triangle(rows, &moments.mean(), &scale);
    let total = rows.total().sqrt();
    let factor = Mat::from_fn(dim, dim, |i, j| {
        if i < j { 0.0 } else { (r[(j, i)] * r[(j, j)].signum()) * scale[i] / total }
    });
    if let Some(column) = (0..dim).find(|&j| !(factor[(j, j)] > 0.0)) {
        return Err(Error::NoVolume { column });
    }
    let whitening = inverse(&factor);
    // Rounding to the nearest double is uniform over a unit in the last place, at most ε times
    // the value.
    let rounding: Vec<f64> = rows
        .x()
        .col_iter()
        .map(|column| column.iter().fold(0.0_f64, |most, v| most.max(v.abs())))
        .map(|largest| f64::EPSILON * largest / 12.0_f64.sqrt())
        .collect();
    let part = |j: usize| (0..=j).map(|k| (whitening[(j, k)] * rounding[k]).powi(2)).sum::<f64>();
    match (0..dim).find(|&j| !(part(j).sqrt() <= TOLD)) {
        Some(column) => Err(Error::NoVolume { column }),
        None => Ok(factor),
    }
}

/// R of the rows (x - mean)/scale, each times √w: upper triangular, on this thread.
fn triangle(rows: Rows<'_>, mean: &[f64], scale: &[f64]) -> Mat<f64> {
    let dim = rows.ncols();
    let length = BLOCK.max(2 * dim);
    let mut r = Mat::<f64>::zeros(dim, dim);
    for start in (0..rows.nrows()).step_by(length) {
        let block = rows.subrows(start, length.min(rows.nrows() - start));
        let mut columns: Vec<Vec<f64>> = (0..dim)
            .map(|j| {
                let own = block.x().col(j);
                let scaled = |i: usize| block.weight(i).sqrt() * ((own[i] - mean[j]) / scale[j]);
                (0..dim).map(|i| r[(i, j)]).chain((0..block.nrows()).map(scaled)).collect()
            })
            .collect();
        reflect(&mut columns);
        r = Mat::from_fn(dim, dim, |i, j| if i <= j { columns[j][i] } else { 0.0 });
    }
    r
}

/// Householder reflections that leave R in the upper triangle; what is below is of no more use.
/// (A library's own may take a column that is small beside the others for none.)
fn reflect(columns: &mut [Vec<f64>]) {
    for k in 0..columns.len() {
        let (done, rest) = columns.split_at_mut(k + 1);
        let v = &mut done[k][k..];
        let norm = dot(v, v).sqrt();
        if norm == 0.0 {
            continue;
        }
        let diagonal = -norm.copysign(v[0]);
        v[0] -= diagonal;
        let square = dot(v, v);
        for other in rest {
            let part = 2.0 * dot(v, &other[k..]) / square;
            other[k..].iter_mut().zip(&*v).for_each(|(x, v)| *x -= part * v);
        }
        v[0] = diagonal;
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::super::gaussian::Gaussian;
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};
    use std::f64::consts::TAU;

    /// Mean ln p under the fitted normal, and what it is exactly: at the maximum of the likelihood
    /// that is -½ ln det(2π e Σ), and Σ of x, x + s e₁, x + s e₂ has the determinant of x, s e₁, s e₂.
    fn found_and_true(k: i32, copies: usize, offset: f64, weights: Option<&[f64]>) -> (f64, f64) {
        let (n, mut rng) = (3000, ChaCha8Rng::seed_from_u64(k as u64));
        let parts: Mat<f64> = Mat::from_fn(n, 1 + copies, |_, _| StandardNormal.sample(&mut rng));
        let size = 10f64.powi(-k);
        let x = Mat::from_fn(n, 1 + copies, |i, j| {
            let first = offset + parts[(i, 0)];
            if j == 0 { first } else { first + size * parts[(i, j)] }
        });
        let rows = |x| match weights {
            Some(weights) => Rows::weighted(x, weights).expect("weights"),
            None => Rows::from(x),
        };
        let fitted = Gaussian::fit(rows(x.as_ref())).expect("a volume");
        let found = rows(x.as_ref()).mean(&fitted.log_prob(x.as_ref()).expect("its columns"));
        let apart = Gaussian::fit(rows(parts.as_ref())).expect("a volume");
        let dim = 1.0 + copies as f64;
        let exact = apart.log_det() - 0.5 * dim * (TAU.ln() + 1.0) - copies as f64 * size.ln();
        (found, exact)
    }

    #[test]
    fn near_copies_have_the_density_that_they_have() {
        let weights: Vec<f64> = (0..3000).map(|i| f64::from(1 + i % 5)).collect();
        for copies in [1, 2] {
            for weights in [None, Some(&weights[..])] {
                for k in 2..=12 {
                    let (found, exact) = found_and_true(k, copies, 0.0, weights);
                    assert!((found - exact).abs() < 0.01, "1e-{k}: {found}, not {exact}");
                }
                let (found, exact) = found_and_true(6, copies, 1e5, weights);
                assert!((found - exact).abs() < 0.01, "far from 0: {found}, not {exact}");
            }
        }
    }

    #[test]
    fn what_is_rounding_is_not_told() {
        let x = Mat::from_fn(500, 2, |i, j| {
            let first = 3.0 + (i as f64 * 0.7).sin();
            if j == 0 { first } else { first * 0.3 }
        });
        assert_eq!(Gaussian::fit(&x), Err(Error::NoVolume { column: 1 }));
        let far = Mat::from_fn(500, 2, |i, j| {
            1e8 + (i as f64 * 0.7).sin() + 1e-8 * j as f64 * (i as f64 * 1.3).sin()
        });
        assert_eq!(Gaussian::fit(&far), Err(Error::NoVolume { column: 1 }));
    }

    #[test]
    fn it_is_the_factor_of_the_covariance() {
        let x = Mat::from_fn(2500, 3, |i, j| ((i * (j + 2)) as f64 * 0.71).sin() + j as f64);
        let weights: Vec<f64> = (0..2500).map(|i| f64::from(1 + i % 3)).collect();
        for rows in [Rows::from(&x), Rows::weighted(x.as_ref(), &weights).unwrap()] {
            let moments = Moments::of(rows);
            let l = factor(rows, &moments).expect("a volume");
            let covariance = moments.covariance();
            // A sum of 2,500 rows twice, in another order.
            assert!((&l * l.transpose() - &covariance).norm_max() < 1e-13);
            assert!(!is_flat(&moments));
        }
    }
}
