//! Simple densities that a model should beat, each fitted to other rows than it is scored on.

use faer::{Mat, MatRef};
use gauss_flow::layers::tables::Values;
use gauss_flow::rows;
pub use gauss_rbig::baseline::Baseline;
use gauss_rbig::baseline::Density;
use gauss_rbig::recipe::independent_tables;
use gauss_rbig::sampling;
use rayon::prelude::*;

/// Parts of a table whose rows are both fitted and scored.
pub const FOLDS: usize = 5;
/// Fewer rows teach no density worth comparing with, and have a mean whose error is unknown.
pub const LEAST_ROWS: usize = 16;
/// ln p of rows under a baseline, `[n]`, and the components of each mixture that was fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// ln p, one per row.
    pub log_prob: Vec<f64>,
    /// Components of the mixtures; empty for the others.
    pub components: Vec<usize>,
}

/// Fitted to `train` `[m, d]`, scored on `test` `[n, d]`. None where the training rows are too few
/// or span no volume. Columns whose values have probabilities of their own ([`Flow::discrete`]) have
/// their shares, and the baseline is one of the others.
///
/// [`Flow::discrete`]: gauss_flow::Flow::discrete
#[must_use]
pub fn score(
    baseline: Baseline,
    (train, test): (MatRef<'_, f64>, MatRef<'_, f64>),
    discrete: &[Values],
    seed: u64,
) -> Option<Scored> {
    if train.nrows() < LEAST_ROWS {
        return None;
    }
    let own = |j: &usize| discrete.iter().any(|values| values.column == *j);
    let (own, others): (Vec<usize>, Vec<usize>) = (0..train.ncols()).partition(own);
    let mut scored = Scored { log_prob: vec![0.0; test.nrows()], components: Vec::new() };
    if !others.is_empty() {
        let [train, test] = [train, test].map(|x| columns(x, &others));
        let density = baseline.fit(train.as_ref(), seed).ok()?;
        if let Density::Mixture(mixture) = &density {
            scored.components.push(mixture.len());
        }
        scored.log_prob = density.log_prob(test.as_ref()).ok()?;
    }
    if !own.is_empty() {
        let [train, test] = [train, test].map(|x| columns(x, &own));
        let at = discrete.iter().enumerate();
        let values: Vec<Values> =
            at.map(|(column, values)| Values { column, ..values.clone() }).collect();
        let shares = independent_tables(train.as_ref(), &values).ok()?;
        let of_shares = shares.log_prob(test.as_ref()).ok()?;
        scored.log_prob.iter_mut().zip(of_shares).for_each(|(sum, own)| *sum += own);
    }
    Some(scored)
}

/// Some columns of x.
fn columns(x: MatRef<'_, f64>, at: &[usize]) -> Mat<f64> {
    Mat::from_fn(x.nrows(), at.len(), |i, j| x[(i, at[j])])
}

/// Every row of x `[n, d]` scored by the baseline fitted to the four fifths it is not in. None
/// where some training rows are too few or span no volume.
#[must_use]
pub fn cross_fit(
    baseline: Baseline,
    x: MatRef<'_, f64>,
    discrete: &[Values],
    seed: u64,
) -> Option<Scored> {
    let fold = sampling::folds(x.nrows(), FOLDS, seed);
    let parts: Vec<(Vec<usize>, Scored)> = (0..FOLDS)
        .into_par_iter()
        .map(|k| {
            let (test, train) = sampling::split(&fold, k);
            if test.is_empty() {
                return Some((test, Scored { log_prob: Vec::new(), components: Vec::new() }));
            }
            let [train, rows]: [Mat<f64>; 2] = [&train, &test].map(|at| rows::pick(x, at));
            let parts = (train.as_ref(), rows.as_ref());
            Some((test, score(baseline, parts, discrete, seed)?))
        })
        .collect::<Option<_>>()?;
    let mut scored = Scored { log_prob: vec![0.0; x.nrows()], components: Vec::new() };
    for (at, part) in parts {
        for (i, value) in at.into_iter().zip(part.log_prob) {
            scored.log_prob[i] = value;
        }
        scored.components.extend(part.components);
    }
    Some(scored)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::mean::Mean;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    fn correlated(n: usize, seed: u64) -> Mat<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let rows: Vec<[f64; 2]> = (0..n)
            .map(|_| {
                let (a, b): (f64, f64) =
                    (StandardNormal.sample(&mut rng), StandardNormal.sample(&mut rng));
                [a, 0.8 * a + 0.6 * b]
            })
            .collect();
        Mat::from_fn(n, 2, |i, j| rows[i][j])
    }

    #[test]
    fn each_baseline_comes_near_what_it_can_reach() {
        let (train, test) = (correlated(800, 1), correlated(800, 2));
        let entropy = 1.0 + (2.0 * std::f64::consts::PI).ln();
        let information = -0.6_f64.ln(); // of a correlation of 0.8: -ln √(1 - 0.64)
        for (baseline, expected) in [
            (Baseline::Gaussian, -entropy + information),
            (Baseline::Independent, -entropy),
            (Baseline::Mixture, -entropy + information),
        ] {
            for scored in [
                score(baseline, (train.as_ref(), test.as_ref()), &[], 3),
                cross_fit(baseline, test.as_ref(), &[], 3),
            ] {
                let mean = Mean::of(&scored.expect("a fit").log_prob);
                // Three standard errors, and what a fit to some hundred rows costs.
                let tolerance = 3.0 * mean.standard_error + 0.02;
                assert!((mean.mean - expected).abs() < tolerance, "{baseline:?} {mean:?}");
            }
        }
    }

    #[test]
    fn a_constant_column_or_a_few_rows_have_no_baseline() {
        let constant = Mat::from_fn(60, 2, |i, j| if j == 0 { (i as f64).sin() } else { 2.0 });
        let few = correlated(LEAST_ROWS, 1); // four fifths of them are fewer
        for baseline in Baseline::ALL {
            assert!(cross_fit(baseline, constant.as_ref(), &[], 1).is_none(), "{baseline:?}");
            assert!(cross_fit(baseline, few.as_ref(), &[], 1).is_none(), "{baseline:?}");
        }
    }
}
