//! The marginal map z = Φ⁻¹(F(x)) where weights and arguments are each row's own.
//!
//! A conditional distribution of a joint density, or a mixture whose parameters a network makes of
//! other coordinates, has other weights, means and widths in every row. The caller computes
//! u_k = (x - m_k)/σ_k, which may come out of a matrix product; this module does the rest. With
//! γ = softmax_k(log_weights),
//!
//! - F = Σ γ_k Φ(u_k), f = Σ γ_k φ(u_k) du_k/dx, z = Φ⁻¹(F), ln dz/dx = ln f - ln φ(z).
//!
//! It is [`crate::mixture`]'s arithmetic row by row: both tails are summed, z comes from the smaller
//! one, and where p or f would underflow the row is done in logarithms. Weights are kept as
//! logarithms, which may be thousands of nats apart: one that underflows counts for nothing near the
//! others' centre and for everything far out, where its own tail is the widest.
//!
//! | file | what |
//! |---|---|
//! | `mod.rs` | the arrays |
//! | `forward.rs` | z and ln dz/dx |
//! | `far.rs` | the rows that are done in log space |
//! | `backward.rs` | the gradient, a number per row and component |
//! | `inverse.rs` | x from z |

mod backward;
mod far;
mod forward;
mod inverse;

pub use backward::Gradient;
pub use inverse::{InverseWork, invert};

use crate::simd::assert_whole;

/// K components of n rows in one dimension, a component's rows contiguous: `[K][n]` each, n a multiple
/// of [`LOGICAL_LANES`](crate::simd::LOGICAL_LANES).
///
/// ```
/// use gauss_math::conditional::Conditional;
/// // Two halves of σ = 1 at ±2, seen from x = i/4 in row i.
/// let x: Vec<f64> = (0..16).map(|i| 0.25 * f64::from(i)).collect();
/// let u: Vec<f64> = x.iter().map(|x| x + 2.0).chain(x.iter().map(|x| x - 2.0)).collect();
/// let rows = Conditional { log_weights: &[0.0; 32], u: &u, log_slopes: &[0.0; 32] };
/// let (mut z, mut log_det) = ([0.0; 16], [0.0; 16]);
/// rows.forward(&mut z, &mut log_det);
/// assert!(z[0] == 0.0 && (log_det[0] + 2.0).abs() < 1e-15); // φ(2)/φ(0)
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Conditional<'a> {
    /// A row's weights are the softmax of its K numbers: finite ones, or -∞ for a component that is
    /// absent.
    pub log_weights: &'a [f64],
    /// u_k = (x - m_k)/σ_k; an infinite one is the limit of large ones.
    pub u: &'a [f64],
    /// ln du_k/dx = -ln σ_k, within about ±[`MAX_ABS_LOG_SIGMA`](crate::mixture::MAX_ABS_LOG_SIGMA).
    pub log_slopes: &'a [f64],
}

impl Conditional<'_> {
    /// K.
    ///
    /// # Panics
    /// When a length does not fit n rows.
    fn components(&self, n: usize) -> usize {
        assert_whole(n);
        let len = self.u.len();
        assert!(n == 0 || (len > 0 && len.is_multiple_of(n)), "{len} numbers in {n} rows");
        let lens = (self.log_weights.len(), self.log_slopes.len());
        assert_eq!(lens, (len, len), "log weights and log slopes");
        len.checked_div(n).unwrap_or(0)
    }
}
