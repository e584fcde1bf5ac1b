//! ln p(x) = ln Σ_k exp(ln w_k + Σ δ_k - |u_k|²/2) - d/2 ln 2π, without the map.

use super::Rosenblatt;
use gauss_math::simd::LOGICAL_LANES;
use gauss_math::{slice, triangular};

impl Rosenblatt {
    pub(super) fn density_work(&self, n: usize) -> usize {
        (2 * self.k() + 2) * n + LOGICAL_LANES * self.dim
    }

    /// ln p `[n]`: ADDED to log_prob. work: `[density_work]`.
    pub(super) fn add_density(&self, x: &[f64], log_prob: &mut [f64], work: &mut [f64]) {
        let n = log_prob.len();
        let (logs, rest) = work.split_at_mut(self.k() * n);
        let (terms, rest) = rest.split_at_mut(self.k() * n);
        let (top, rest) = rest.split_at_mut(n);
        let (sum, work) = rest.split_at_mut(n);
        top.fill(f64::NEG_INFINITY);
        for (logs, c) in logs.chunks_exact_mut(n).zip(&self.components) {
            triangular::squared_norm(&c.triangle, &c.means, x, logs, work);
            for (log, top) in logs.iter_mut().zip(&mut *top) {
                *log = c.log_peak - 0.5 * *log;
                *top = top.max(*log);
            }
        }
        for logs in logs.chunks_exact_mut(n) {
            for (log, top) in logs.iter_mut().zip(&*top) {
                // Where every density underflows its logarithm too, no term counts.
                *log -= top.max(-f64::MAX);
            }
        }
        slice::exp(logs, terms);
        sum.fill(0.0);
        for terms in terms.chunks_exact(n) {
            sum.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
        }
        let log_sum = &mut terms[..n];
        slice::ln(sum, log_sum);
        for (((log_prob, top), sum), log_sum) in log_prob.iter_mut().zip(top).zip(sum).zip(log_sum)
        {
            *log_prob += if sum.is_nan() {
                f64::NAN
            } else if *sum == 0.0 {
                f64::NEG_INFINITY
            } else {
                *top + *log_sum
            };
        }
    }
}
