//! What a masked network costs over a block of rows, and how it corrects a mixture.
//!
//! A conditioned layer gives every row a mixture of its own: that of its dimension, corrected by a
//! network that sees the earlier dimensions. Everything here works on blocks `[features][n]`, a
//! feature's values contiguous, n a multiple of [`LOGICAL_LANES`].
//!
//! | file | what |
//! |---|---|
//! | `product.rs` | W x, Wᵀ z̄ and z̄ xᵀ for the rectangles of a masked weight matrix |
//! | `activation.rs` | SiLU with its derivative, asinh |
//! | `correction.rs` | the corrected mixture of each row, and the way back |
//!
//! **Bits.** Lanes are rows in all but z̄ xᵀ, where they are columns of the weights; a sum over
//! features or rows is one chain of multiply-adds per lane, in order. So a row's result depends
//! neither on its neighbours nor on the register's width, which a general GEMM does not promise.

mod activation;
mod correction;
mod product;

pub use activation::{asinh, silu};
pub use correction::{Base, Corrected, CorrectedBar, Sums};
pub use product::{add_outer, add_transposed, affine};

use crate::simd::LOGICAL_LANES;

/// Refuses a number of rows that does not fill its registers.
fn assert_whole(n: usize) {
    assert!(
        n > 0 && n.is_multiple_of(LOGICAL_LANES),
        "{n} rows, not a multiple of {LOGICAL_LANES}"
    );
}
