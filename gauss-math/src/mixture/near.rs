//! A row where p and f can be represented: its sums over components, and z from them, lane by lane.

use super::component::Component;
use crate::simd::{self, Mask, Operand, Pack, T_MAX, TINY};
use pulp::Simd;

/// What one component adds to the sums at x.
pub(crate) struct Term<S: Simd, const L: usize> {
    /// π Φ(t)
    pub lower: Pack<S, L>,
    /// π Φ(-t)
    pub upper: Pack<S, L>,
    /// π/σ exp(-t²/2)
    pub density: Pack<S, L>,
    /// π exp(-t²/2)
    pub height: Pack<S, L>,
    /// π Φ(-|t|)
    pub tail: Pack<S, L>,
}

impl<S: Simd, const L: usize> Term<S, L> {
    #[inline(always)]
    pub(in crate::mixture) fn new<P: Operand<S, L>>(x: Pack<S, L>, c: &Component<P>) -> Self {
        Self::at((x - c.mean) * c.inv_sigma, c.weight, c.slope)
    }

    /// The term of π and π/σ at t.
    #[inline(always)]
    pub fn at<P: Operand<S, L>>(t: Pack<S, L>, weight: P, slope: P) -> Self {
        let a = t.abs().min(T_MAX);
        let e = simd::exp_neg_half_square(a);
        let (p, q) = simd::mills(a);
        let height = e * weight;
        let tail = height * p / q;
        let rest = -tail + weight;
        let negative = t.less(0.0);
        Self {
            lower: negative.select(tail, rest),
            upper: negative.select(rest, tail),
            density: e * slope,
            height,
            tail,
        }
    }
}

/// L, U and Σ π/σ exp(-t²/2) at x.
#[derive(Clone, Copy)]
pub(crate) struct Sums<S: Simd, const L: usize> {
    pub lower: Pack<S, L>,
    pub upper: Pack<S, L>,
    pub slope: Pack<S, L>,
}

/// z and dz/dx at x.
pub(crate) struct Point<S: Simd, const L: usize> {
    /// Whether this is the answer. Where not, z is ±∞ on its side, and log space has to do it.
    pub near: Mask<S, L>,
    pub z: Pack<S, L>,
    /// dz/dx; 1 where not near.
    pub jacobian: Pack<S, L>,
    /// p, negative where z is positive.
    pub signed_p: Pack<S, L>,
    /// M(|z|)/p
    pub mills_over_p: Pack<S, L>,
}

impl<S: Simd, const L: usize> Sums<S, L> {
    #[inline(always)]
    pub fn map(self, x: Pack<S, L>, tiny_slope: impl Operand<S, L>) -> Point<S, L> {
        let is_lower = self.lower.at_most(self.upper);
        // Rounding can leave the smaller of two near-halves above ½ by an ulp.
        let p = self.lower.min(self.upper).min(0.5);
        let near = p.at_least(TINY) & self.slope.at_least(tiny_slope) & x.abs().at_most(f64::MAX);
        let p = near.select(p, 0.5);
        let a = simd::upper_quantile(p);
        let (mills_p, mills_q) = simd::mills(a);
        let mills_over_p = mills_p / (mills_q * p);
        let a = near.select(a, f64::INFINITY);
        Point {
            near,
            z: is_lower.select(-a, a),
            jacobian: near.select(self.slope * mills_over_p, 1.0),
            signed_p: is_lower.select(p, -p),
            mills_over_p,
        }
    }
}
