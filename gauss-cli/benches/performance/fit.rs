//! The exponent of a power law, by least squares: of the whole cost, and of the part that grows.

use serde::Serialize;

/// b of cost = a·size^b, over (size, cost) with both positive; NaN with fewer than two sizes.
pub fn exponent(points: &[(f64, f64)]) -> f64 {
    let logs: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
    let n = logs.len() as f64;
    let (mean_x, mean_y) =
        (logs.iter().map(|p| p.0).sum::<f64>() / n, logs.iter().map(|p| p.1).sum::<f64>() / n);
    let covariance: f64 = logs.iter().map(|p| (p.0 - mean_x) * (p.1 - mean_y)).sum();
    let variance: f64 = logs.iter().map(|p| (p.0 - mean_x).powi(2)).sum();
    covariance / variance
}

/// a + c·size^b, fitted.
#[derive(Clone, Copy, Serialize)]
pub struct BesideFixed {
    /// a >= 0, the cost that does not grow.
    pub fixed: f64,
    /// b.
    pub exponent: f64,
}

/// The least squares of relative errors over b in steps of 0.005 from 0.3 to 2, with a and c the
/// solution of the normal equations for each b, a = 0 where they would have it negative.
pub fn beside_fixed(points: &[(f64, f64)]) -> BesideFixed {
    let fits = (60..=400).map(|step| {
        let b = 0.005 * f64::from(step);
        // Relative to the cost, a point says 1 = a·(1/y) + c·(x^b/y).
        let terms = || points.iter().map(|(x, y)| (1.0 / y, x.powf(b) / y));
        let sum = |f: fn((f64, f64)) -> f64| terms().map(f).sum::<f64>();
        let (uu, uv, vv) = (sum(|t| t.0 * t.0), sum(|t| t.0 * t.1), sum(|t| t.1 * t.1));
        let (u, v) = (sum(|t| t.0), sum(|t| t.1));
        let a = (u * vv - v * uv) / (uu * vv - uv * uv);
        let (a, c) = if a > 0.0 { (a, (v - a * uv) / vv) } else { (0.0, v / vv) };
        let error: f64 = terms().map(|(u, v)| (a * u + c * v - 1.0).powi(2)).sum();
        (error, BesideFixed { fixed: a, exponent: b })
    });
    let none = (f64::INFINITY, BesideFixed { fixed: f64::NAN, exponent: f64::NAN });
    fits.fold(none, |best, fit| if fit.0 < best.0 { fit } else { best }).1
}
