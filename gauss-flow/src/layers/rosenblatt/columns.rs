//! What a block of rows carries from one dimension to the next.

use gauss_math::conditional::Conditional;

/// The arrays of one dimension, `[K][n]` each, and one of `[n]`.
pub(super) struct Columns<'a> {
    /// a, but for what leaves γ as it is.
    pub log_weights: &'a mut [f64],
    pub u: &'a mut [f64],
    /// δ
    pub log_slopes: &'a mut [f64],
    /// A row's least |u|, `[n]`.
    pub least: &'a mut [f64],
}

impl<'a> Columns<'a> {
    pub fn len(components: usize, n: usize) -> usize {
        (3 * components + 1) * n
    }

    pub fn of(work: &'a mut [f64], components: usize, n: usize) -> Self {
        let (log_weights, rest) = work[..Self::len(components, n)].split_at_mut(components * n);
        let (u, rest) = rest.split_at_mut(components * n);
        let (log_slopes, least) = rest.split_at_mut(components * n);
        Self { log_weights, u, log_slopes, least }
    }

    pub fn rows(&self) -> Conditional<'_> {
        Conditional { log_weights: self.log_weights, u: self.u, log_slopes: self.log_slopes }
    }

    /// a_·i to a_·,i+1, less what leaves γ as it is: (u² - least²)/2 in place of u²/2, the least of the
    /// components that are not absent.
    pub fn advance(&mut self) {
        let n = self.least.len();
        // Finite, so that two that have overflowed are equal.
        let distance = |u: f64| u.abs().min(f64::MAX);
        self.least.fill(f64::MAX);
        for (a, u) in self.log_weights.chunks_exact(n).zip(self.u.chunks_exact(n)) {
            for (least, (a, u)) in self.least.iter_mut().zip(a.iter().zip(u)) {
                // One that is absent already has nothing to say.
                *least = least.min(if *a < -f64::MAX { f64::MAX } else { distance(*u) });
            }
        }
        let columns = self.log_weights.chunks_exact_mut(n).zip(self.u.chunks_exact(n));
        for ((a, u), log_slope) in columns.zip(self.log_slopes.chunks_exact(n)) {
            let of_row = u.iter().zip(log_slope).zip(&*self.least);
            for (a, ((u, log_slope), least)) in a.iter_mut().zip(of_row) {
                let u = distance(*u);
                // What is absent stays so: its u may be less than the least of the others.
                if *a >= -f64::MAX {
                    *a += log_slope - (u - least) * (0.5 * u + 0.5 * least);
                }
            }
        }
    }
}
