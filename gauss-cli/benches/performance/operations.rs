//! How many floating-point operations each kernel does, counted by hand in the source of
//! `gauss-math` (`simd/functions.rs`, `mixture/forward.rs`, `mixture/backward.rs`, `slice.rs`).
//!
//! A fused multiply-add is 2; a sum, difference, product, quotient or square root is 1 (though a
//! processor takes many times longer for the last two). Comparisons, selections, minima, signs,
//! absolute values and all integer work are 0. Whoever changes a kernel counts again here, and
//! only here.

/// Horner's rule with that many coefficients.
const fn horner(coefficients: usize) -> usize {
    2 * (coefficients - 1)
}

/// 2^k: the sum that brings the exponent to its place.
const POW2: usize = 1;
/// e^(-(y + y_lo)/2): k (fma, difference), the rest (2 fma, sum), the polynomial, the product with
/// 2^k.
const EXP_OF_MINUS_HALF: usize = 2 + 1 + 2 + 2 + 1 + horner(12) + POW2 + 1;
/// exp(-a²/2): the exact square (product, fma).
const EXP_NEG_HALF_SQUARE: usize = 1 + 2 + EXP_OF_MINUS_HALF;
/// Numerator and denominator of the Mills ratio, of degrees 9 and 10.
const MILLS: usize = horner(10) + horner(11);
/// ln x: exponent (2 differences), f and q = f/(2 + f) (difference, sum, quotient), q², the
/// polynomial, f - q²R (product, difference), the small part (product, fma), k ln 2 + (f + ..)
/// (product, 2 sums).
pub const LN: usize = 2 + 3 + 1 + horner(7) + 2 + 3 + 3;
/// e^x.
pub const EXP: usize = 1 + EXP_OF_MINUS_HALF;
/// Φ⁻¹: -2 ln 2p (sum, ln, product), r (sum, root), numerator, denominator, quotient.
pub const QUANTILE: usize = 1 + LN + 1 + 2 + (1 + horner(12)) + (2 + horner(12)) + 1;
/// φ (product) and Φ's tail (product, quotient), of which the other one is 1 less.
pub const PDF_AND_TAIL: usize = EXP_NEG_HALF_SQUARE + MILLS + 3;

/// The marginal map, per row and component: t (difference, product), e, the tail (2 products,
/// quotient), its complement, q, three sums.
const FORWARD_COMPONENT: usize = 2 + EXP_NEG_HALF_SQUARE + MILLS + 3 + 1 + 1 + 3;
/// The marginal map, per row: Φ⁻¹, M/p (product, quotient), the Jacobian, its logarithm and its
/// sum.
const FORWARD_ROW: usize = QUANTILE + (MILLS + 2) + 1 + LN + 1;
/// The gradient, per row and component: t (2), hq, gq, u (2 products, difference), four sums (two
/// of them fma), x̄, the side (product), the tail's complement.
const BACKWARD_COMPONENT: usize = 2 + 2 + 3 + (1 + 2 + 1 + 2) + 1 + 2;
/// The gradient, per row: 1/Σq of the tape, H, A (fma), G, its scaled copy, Σ (fma).
const BACKWARD_ROW: usize = 1 + 1 + 2 + 1 + 1 + 2;

/// The marginal map and ln dz/dx of one value, with K components.
pub const fn forward(k: usize) -> usize {
    k * FORWARD_COMPONENT + FORWARD_ROW
}

/// The same, and the gradient.
pub const fn forward_and_backward(k: usize) -> usize {
    forward(k) + k * BACKWARD_COMPONENT + BACKWARD_ROW
}

/// The counts with their names, for the report.
pub fn table(k: usize) -> Vec<(String, usize)> {
    vec![
        ("e^x".into(), EXP),
        ("ln x".into(), LN),
        ("φ with both tails of Φ".into(), PDF_AND_TAIL),
        ("Φ⁻¹".into(), QUANTILE),
        (format!("marginal map of one value, K = {k}, forward"), forward(k)),
        ("the same, forward + backward".into(), forward_and_backward(k)),
    ]
}
