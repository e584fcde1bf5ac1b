//! x from z: the root of z(x) = z by safeguarded Newton steps on the z scale, as in
//! `mixture/inverse.rs`, all rows together.
//!
//! Where x <= m_k + σ_k z for all k, every Φ(u_k) <= Φ(z): the root lies in
//! [min_k (m_k + σ_k z), max_k (m_k + σ_k z)] whatever the weights. The start is where a normal of
//! the row's mean and variance has its z, if that is in the bracket. Rows that are done leave the set.

use super::Conditional;
use crate::mixture::inverse::{Confirmed, MAX_STEPS, inverse_slopes};
use crate::simd::LOGICAL_LANES;
use crate::slice;

/// Scratch of [`invert`]: no allocation once it has grown.
#[derive(Debug, Default)]
pub struct InverseWork {
    roots: Vec<Confirmed>,
    /// -ln σ and 1/σ, `[K][n]` each.
    slopes: Vec<f64>,
    numbers: Vec<f64>,
}

/// x `[n]`: overwritten with the roots of Φ⁻¹(F(x)) = z, a row's weights the softmax of its
/// log_weights; log_weights, means, log_sigmas `[K][n]`, z `[n]`, any n.
///
/// |error| <= 4 ε (|x| + max(1, |z|)/(dz/dx)), as for [`Mixture::invert`](crate::mixture::Mixture::invert);
/// ±∞ for ±∞; NaN for a NaN in the row.
///
/// ```
/// use gauss_math::conditional::{InverseWork, invert};
/// // One component in each of two rows.
/// let mut x = [0.0; 2];
/// invert(&[0.0; 2], &[1.0, -1.0], &[0.0; 2], &[0.5, 0.25], &mut x, &mut InverseWork::default());
/// assert_eq!(x, [1.5, -0.75]);
/// ```
///
/// # Panics
/// When a length does not fit.
pub fn invert(
    log_weights: &[f64],
    means: &[f64],
    log_sigmas: &[f64],
    z: &[f64],
    x: &mut [f64],
    work: &mut InverseWork,
) {
    let n = z.len();
    assert_eq!(x.len(), n, "x");
    let len = means.len();
    assert!(n == 0 || (len > 0 && len.is_multiple_of(n)), "{len} numbers in {n} rows");
    assert_eq!((log_weights.len(), log_sigmas.len()), (len, len), "log weights and ln σ");

    let InverseWork { roots, slopes, numbers } = work;
    slopes.clear();
    slopes.extend(log_sigmas.iter().map(|l| -l));
    slopes.resize(2 * len, 0.0);
    let (log_slopes, inv_sigmas) = slopes.split_at_mut(len);
    slice::exp(log_slopes, inv_sigmas);
    let rows = Rows { log_weights, means, log_slopes, inv_sigmas, n };
    roots.clear();
    for (row, (&z, x)) in z.iter().zip(x.iter_mut()).enumerate() {
        *x = if rows.has_nan(row) { f64::NAN } else { z };
        if x.is_finite() {
            roots.push(rows.start(row, z));
        }
    }
    for _ in 0..MAX_STEPS {
        if roots.is_empty() {
            break;
        }
        let points = rows.evaluate(roots, numbers);
        let mut i = 0;
        roots.retain_mut(|root| {
            let done = root.step(points.z[i], points.log_slope[i], points.inv_slope[i]);
            i += 1;
            if done {
                x[root.row()] = root.best;
            }
            !done
        });
    }
    for root in roots.iter() {
        x[root.row()] = root.best;
    }
}

struct Rows<'a> {
    log_weights: &'a [f64],
    means: &'a [f64],
    log_slopes: &'a [f64],
    inv_sigmas: &'a [f64],
    n: usize,
}

/// The map at each root's x.
struct Points<'a> {
    z: &'a [f64],
    log_slope: &'a [f64],
    inv_slope: &'a [f64],
}

impl Rows<'_> {
    /// Where each component's number of a row is.
    fn of(&self, row: usize) -> impl Iterator<Item = usize> + Clone {
        (row..self.means.len()).step_by(self.n)
    }

    /// Whether a number of the row is NaN: it has no root then.
    fn has_nan(&self, row: usize) -> bool {
        let arrays = [self.log_weights, self.means, self.log_slopes];
        self.of(row).any(|i| arrays.iter().any(|a| a[i].is_nan()))
    }

    fn start(&self, row: usize, z: f64) -> Confirmed {
        let (mut lo, mut hi) = (f64::INFINITY, f64::NEG_INFINITY);
        let top = self.of(row).fold(f64::NEG_INFINITY, |m, i| m.max(self.log_weights[i]));
        let (mut total, mut mean, mut square) = (0.0, 0.0, 0.0);
        for i in self.of(row) {
            let (m, sigma) = (self.means[i], 1.0 / self.inv_sigmas[i]);
            lo = lo.min(m + sigma * z);
            hi = hi.max(m + sigma * z);
            let weight = libm::exp(self.log_weights[i] - top);
            total += weight;
            let step = weight / total;
            square += weight * sigma * sigma + (m - mean) * (m - mean) * (weight - weight * step);
            mean += step * (m - mean);
        }
        let guess = mean + (square / total).sqrt() * z;
        let inside = guess >= lo && guess <= hi;
        Confirmed::new(row, z, (lo, hi), if inside { guess } else { 0.5 * lo + 0.5 * hi })
    }

    fn evaluate<'w>(&self, roots: &[Confirmed], numbers: &'w mut Vec<f64>) -> Points<'w> {
        let n = roots.len().next_multiple_of(LOGICAL_LANES);
        let len = self.means.len() / self.n * n;
        numbers.resize(numbers.len().max(3 * len + 4 * n), 0.0);
        let (log_weights, rest) = numbers[..3 * len + 4 * n].split_at_mut(len);
        let (u, rest) = rest.split_at_mut(len);
        let (log_slopes, rest) = rest.split_at_mut(len);
        for (i, root) in roots.iter().chain(std::iter::repeat(&roots[0])).take(n).enumerate() {
            for (k, from) in self.of(root.row()).enumerate() {
                let to = k * n + i;
                log_weights[to] = self.log_weights[from];
                log_slopes[to] = self.log_slopes[from];
                u[to] = (root.x - self.means[from]) * self.inv_sigmas[from];
            }
        }
        let (z, rest) = rest.split_at_mut(n);
        let (log_slope, rest) = rest.split_at_mut(n);
        let (negated, inv_slope) = rest.split_at_mut(n);
        log_slope.fill(0.0);
        Conditional { log_weights, u, log_slopes }.forward(z, log_slope);
        inverse_slopes(log_slope, negated, inv_slope);
        Points { z, log_slope, inv_slope }
    }
}
