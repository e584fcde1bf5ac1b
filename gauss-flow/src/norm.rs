//! The length of a long vector.

use gauss_math::simd::{LOGICAL_LANES, tree_sum};

/// ‖v‖, in as many partial sums as the processor can add at once.
pub(crate) fn norm(v: &[f64]) -> f64 {
    let mut lanes = [0.0; LOGICAL_LANES];
    let (chunks, rest) = v.as_chunks::<LOGICAL_LANES>();
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane += x * x;
        }
    }
    let rest: f64 = rest.iter().map(|x| x * x).sum();
    (tree_sum(lanes) + rest).sqrt()
}
