//! What is computed from log-densities, for every system alike.

use serde::{Deserialize, Serialize};

/// A mean and its standard error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    pub value: f64,
    pub error: f64,
}

impl Estimate {
    /// The mean of values; none where it is not finite.
    pub fn mean(values: impl ExactSizeIterator<Item = f64> + Clone) -> Option<Self> {
        let n = values.len() as f64;
        let value = values.clone().sum::<f64>() / n;
        let variance = values.map(|v| (v - value).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
        let error = (variance / n).sqrt();
        (value.is_finite() && error.is_finite()).then_some(Self { value, error })
    }
}

/// What a model scores on the rows of a test part.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Score {
    /// Mean of ln q, nats; none where a row has no finite one.
    pub log_likelihood: Option<Estimate>,
    /// KL(p ‖ q), the mean of ln p - ln q, where p is known.
    pub divergence: Option<Estimate>,
}

impl Score {
    /// From ln q of each row and ln p where it is known, in the same units.
    pub fn new(log_q: &[f64], log_p: Option<&[f64]>) -> Self {
        let gaps = |log_p: &[f64]| Estimate::mean(log_p.iter().zip(log_q).map(|(p, q)| p - q));
        Self {
            log_likelihood: Estimate::mean(log_q.iter().copied()),
            divergence: log_p.and_then(gaps),
        }
    }
}

/// Where an integral is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Points {
    /// So many nodes on each side of a square grid, one axis after the other.
    GridSide(usize),
    /// So many draws from a proposal.
    Draws(usize),
}

/// ∫ q, or why it cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Integral {
    /// On a grid: the error is the difference from every other node's.
    Quadrature(Estimate),
    /// From draws: the standard error.
    Sampled(Estimate),
    /// From draws, of which too few carry the weight for a mean to mean anything.
    TooFewDraws { effective: f64 },
    /// A density that is infinite or not a number somewhere.
    NotFinite,
}

/// Effective draws, (Σw)²/Σw², below which an estimate's own standard error is not to be trusted.
const LEAST_EFFECTIVE: f64 = 500.0;

/// ∫ q = Σ exp(ln q + weight) over the points.
pub fn integral(points: Points, log_q: &[f64], log_weights: &[f64]) -> Integral {
    let terms: Vec<f64> = log_q.iter().zip(log_weights).map(|(q, w)| (q + w).exp()).collect();
    let total = terms.iter().sum::<f64>();
    if !total.is_finite() {
        return Integral::NotFinite;
    }
    match points {
        Points::GridSide(side) => {
            let even = |i: &usize| (i / side).is_multiple_of(2) && (i % side).is_multiple_of(2);
            let coarse = 4.0 * (0..terms.len()).filter(even).map(|i| terms[i]).sum::<f64>();
            Integral::Quadrature(Estimate { value: total, error: (total - coarse).abs() })
        }
        Points::Draws(draws) => {
            let squares = terms.iter().map(|t| t * t).sum::<f64>();
            let effective = if squares > 0.0 { total * total / squares } else { 0.0 };
            if effective < LEAST_EFFECTIVE {
                return Integral::TooFewDraws { effective };
            }
            // Terms are q/(n r): their sum's variance is n times that of one.
            let n = draws as f64;
            let variance = (squares - total * total / n) * n / (n - 1.0);
            Integral::Sampled(Estimate { value: total, error: variance.max(0.0).sqrt() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_have_standard_errors() {
        let mean = Estimate::mean([1.0, 2.0, 3.0, 4.0].into_iter()).unwrap();
        assert_eq!(mean.value, 2.5);
        assert!((mean.error - (5.0_f64 / 3.0 / 4.0).sqrt()).abs() < 1e-15);
        assert_eq!(Estimate::mean([1.0, f64::NEG_INFINITY].into_iter()), None);
    }

    #[test]
    fn the_divergence_is_of_pairs() {
        let score = Score::new(&[-1.0, -2.0], Some(&[-0.5, -1.5]));
        assert_eq!(score.divergence, Some(Estimate { value: 0.5, error: 0.0 }));
        assert_eq!(score.log_likelihood.unwrap().value, -1.5);
        assert_eq!(Score::new(&[-1.0], None).divergence, None);
    }

    #[test]
    fn a_grid_integrates_a_normal_density() {
        let (side, step) = (81, 0.2);
        let at = |i: usize| (i as f64 - 40.0) * step;
        let log_normal = |i: usize| {
            let (x, y) = (at(i / side), at(i % side));
            -0.5 * (x * x + y * y) - (2.0 * std::f64::consts::PI).ln()
        };
        let log_q: Vec<f64> = (0..side * side).map(log_normal).collect();
        let weights = vec![2.0 * f64::ln(step); side * side];
        let Integral::Quadrature(got) = integral(Points::GridSide(side), &log_q, &weights) else {
            panic!("a grid has a quadrature");
        };
        // Steps of 0.2 and 0.4 of a standard deviation leave rounding; the tail beyond 8 too.
        assert!((got.value - 1.0).abs() < 1e-12 && got.error < 1e-12, "{got:?}");
    }

    #[test]
    fn draws_that_carry_no_weight_are_told() {
        // q is twice the proposal on half of its draws and nothing elsewhere: the integral is 1.
        let n = 2000;
        let weights = vec![-f64::ln(n as f64); n];
        let log_q = |i: usize| if i.is_multiple_of(2) { f64::ln(2.0) } else { f64::NEG_INFINITY };
        let log_q: Vec<f64> = (0..n).map(log_q).collect();
        let Integral::Sampled(got) = integral(Points::Draws(n), &log_q, &weights) else {
            panic!("1000 effective draws are enough");
        };
        assert!((got.value - 1.0).abs() < 1e-12);
        assert!((got.error - 1.0 / f64::sqrt(n as f64 - 1.0)).abs() < 1e-12);

        let mut one = vec![f64::NEG_INFINITY; n];
        one[0] = 3.0;
        let got = integral(Points::Draws(n), &one, &weights);
        assert!(
            matches!(got, Integral::TooFewDraws { effective } if (effective - 1.0).abs() < 1e-9)
        );
        one[1] = f64::INFINITY;
        assert_eq!(integral(Points::Draws(n), &one, &weights), Integral::NotFinite);
    }
}
