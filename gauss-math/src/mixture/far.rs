//! A row where p or f would underflow, lane by lane: the marginal map in log space.
//!
//! Far out, ln F and ln f are both near -t²/2 with t up to 1e6 and beyond, and their difference
//! would lose everything to cancellation. So both sums are taken relative to their largest term,
//! π* exp(-τ*²/2), which is kept as (τ*, ln π*): the ratio of another term to it has the logarithm
//! ln π - ln π* - (τ - τ*)(τ + τ*)/2. With P = Σ and D = Σ the relative sums of π M(τ) exp(-τ²/2)
//! and π/σ exp(-τ²/2),
//!
//! - ln dz/dx = ln (D M(|z|)/P) plus the ratio of the two largest terms, which in a tail are one and
//!   the same: -t²/2 has cancelled before anything is rounded;
//! - z solves (τ*² - z²)/2 + ln M(z) = ln P + ln π*. With y = τ*² - 2 (ln P + ln π*) - ln 2π it is
//!   √(y - ln y + (ln y - 2)/y) to 2e-7 for the z > 35 of these rows (the tail's asymptotic series,
//!   inverted), and one step of Newton's method squares that: 1e-15.
//!
//! In a gap between components F is not small but f is: a component on the other side of x then
//! enters P with π Φ(|t|), τ = 0. There z is a plateau of equal doubles and ln dz/dx an honest,
//! hugely negative number.

use super::Mixture;
use super::component::{Component, WIDEST};
use crate::normal::{HALF_LN_2PI, SQRT_2PI, number, one};
use crate::simd::{self, Mask, Operand, Pack, T_MAX};
use pulp::{Scalar, Simd};

/// From here on z = τ* √(1 - 2 ln π*/τ*²): a square would overflow, and ln P is nothing beside τ*². (So
/// would be the logarithm of a weight that does not depend on the row, but one that does may be as large.)
const BEYOND: f64 = 1e150;
/// M(τ) is taken of no more than this: 1/τ must not become subnormal.
const MILLS_MAX: f64 = 1e300;
/// ln [`simd::TINY`]
const LN_TINY: f64 = -644.723_826_038_332_8;

/// Where x lies from a component.
#[derive(Clone, Copy)]
pub(crate) struct Distance<S: Simd, const L: usize> {
    /// |t|
    tau: Pack<S, L>,
    /// |t| if x lies out on the side of the smaller tail, 0 if on the other.
    pub out: Pack<S, L>,
}

impl<S: Simd, const L: usize> Distance<S, L> {
    /// side: that of z, -1 or 1.
    #[inline(always)]
    pub(in crate::mixture) fn new<P: Operand<S, L>>(
        x: Pack<S, L>,
        side: Pack<S, L>,
        c: &Component<P>,
    ) -> Self {
        Self::at((x - c.mean) * c.inv_sigma, side)
    }

    /// At t.
    #[inline(always)]
    pub fn at(t: Pack<S, L>, side: Pack<S, L>) -> Self {
        // Finite, so that a difference of two is 0 where both have overflowed.
        Self { tau: t.abs().min(f64::MAX), out: (t * side).max(0.0).min(f64::MAX) }
    }

    /// Whether any lane lies on the other side.
    #[inline(always)]
    pub fn any_inside(&self) -> bool {
        !self.tau.at_most(self.out).all()
    }
}

/// The largest term π exp(-τ²/2) of a sum.
#[derive(Clone, Copy)]
pub(crate) struct Largest<S: Simd, const L: usize> {
    tau: Pack<S, L>,
    log_weight: Pack<S, L>,
}

impl<S: Simd, const L: usize> Largest<S, L> {
    /// Of no term yet.
    #[inline(always)]
    fn none(s: S) -> Self {
        let (tau, log_weight) = (f64::MAX, f64::NEG_INFINITY);
        Self { tau: Pack::splat(s, tau), log_weight: Pack::splat(s, log_weight) }
    }

    /// ln of a term's ratio to this one.
    #[inline(always)]
    fn log_ratio<P: Operand<S, L>>(&self, tau: Pack<S, L>, log_weight: P) -> Pack<S, L> {
        // Without a fused multiply-add, and so the same on every instruction set.
        let difference = (tau - self.tau) * (tau * 0.5 + self.tau * 0.5);
        let weights = log_weight.pack(tau.simd()) - self.log_weight;
        // A weight of 0 is one, however near its component lies.
        weights.at_least(-f64::MAX).select(weights - difference, f64::NEG_INFINITY)
    }

    /// `other` in the lanes where `own` holds.
    #[inline(always)]
    fn with_lanes(&self, own: Mask<S, L>, other: &Self) -> Self {
        Self {
            tau: own.select(other.tau, self.tau),
            log_weight: own.select(other.log_weight, self.log_weight),
        }
    }

    #[inline(always)]
    fn offer<P: Operand<S, L>>(&mut self, tau: Pack<S, L>, log_weight: P) {
        let larger = Pack::splat(tau.simd(), 0.0).less(self.log_ratio(tau, log_weight));
        self.tau = larger.select(tau, self.tau);
        self.log_weight = larger.select(log_weight, self.log_weight);
    }
}

impl Largest<Scalar, 1> {
    #[inline(always)]
    fn in_every_lane<S: Simd>(self, s: S) -> Largest<S, 1> {
        let (tau, log_weight) = (number(self.tau), number(self.log_weight));
        Largest { tau: Pack::splat(s, tau), log_weight: Pack::splat(s, log_weight) }
    }
}

/// The largest terms of both sums: the first pass over the components finds them.
#[derive(Clone, Copy)]
pub(crate) struct Scale<S: Simd, const L: usize> {
    density: Largest<S, L>,
    tail: Largest<S, L>,
    /// Whether in any lane a component lies on the other side.
    any_inside: bool,
}

impl<S: Simd, const L: usize> Scale<S, L> {
    #[inline(always)]
    pub fn none(s: S) -> Self {
        Self { density: Largest::none(s), tail: Largest::none(s), any_inside: false }
    }

    #[inline(always)]
    pub fn offer<P: Operand<S, L>>(&mut self, at: Distance<S, L>, log_weight: P) {
        self.density.offer(at.tau, log_weight);
        self.tail.offer(at.out, log_weight);
        self.any_inside |= at.any_inside();
    }

    /// One component's term of D, but for its 1/σ, and of P.
    #[inline(always)]
    pub fn term<P: Operand<S, L>>(
        &self,
        at: Distance<S, L>,
        log_weight: P,
    ) -> (Pack<S, L>, Pack<S, L>) {
        let e = simd::exp(self.density.log_ratio(at.tau, log_weight));
        let m = simd::mills_anywhere(at.tau.min(MILLS_MAX));
        let tail = if self.any_inside {
            let e = simd::exp(self.tail.log_ratio(at.out, log_weight));
            let inner = -simd::exp_neg_half_square(at.tau.min(T_MAX)) * m + 1.0;
            e * at.tau.at_most(at.out).select(m, inner)
        } else {
            e * m // where all lie outside, both sums have the same largest term
        };
        (e, tail)
    }
}

/// Both sums at x.
#[derive(Clone, Copy)]
pub(crate) struct Sums<S: Simd, const L: usize> {
    pub scale: Scale<S, L>,
    /// D
    pub slope: Pack<S, L>,
    /// P
    pub p: Pack<S, L>,
}

/// z and ln dz/dx at x.
pub(crate) struct Point<S: Simd, const L: usize> {
    /// |z|
    pub a: Pack<S, L>,
    pub log_det: Pack<S, L>,
    /// M(|z|)/P
    pub mills_over_p: Pack<S, L>,
    /// ln of the ratio of D's largest term to P's, <= 0.
    pub log_ratio: Pack<S, L>,
}

impl<S: Simd, const L: usize> Sums<S, L> {
    /// `other` in the lanes where `own` holds.
    #[inline(always)]
    pub fn with_lanes(&self, own: Mask<S, L>, other: &Self) -> Self {
        let (one, two) = (&self.scale, &other.scale);
        let scale = Scale {
            density: one.density.with_lanes(own, &two.density),
            tail: one.tail.with_lanes(own, &two.tail),
            any_inside: one.any_inside || two.any_inside,
        };
        let (slope, p) = (own.select(other.slope, self.slope), own.select(other.p, self.p));
        Self { scale, slope, p }
    }

    /// ln f
    #[inline(always)]
    pub fn log_pdf(&self) -> Pack<S, L> {
        let Largest { tau, log_weight } = self.scale.density;
        tau * tau * -0.5 + (log_weight + simd::ln(self.slope) - HALF_LN_2PI)
    }

    /// ln of the smaller tail of F.
    #[inline(always)]
    pub fn log_tail(&self) -> Pack<S, L> {
        let Largest { tau, log_weight } = self.scale.tail;
        tau * tau * -0.5 + (log_weight + simd::ln(self.p))
    }

    /// widest: the largest ln σ.
    #[inline(always)]
    pub fn map(&self, widest: impl Operand<S, L>) -> Point<S, L> {
        let log_tail = self.log_tail();
        let close = log_tail.at_least(LN_TINY);
        let a = if close.all() {
            upper_quantile_near(log_tail)
        } else if (!close).all() {
            self.upper_quantile()
        } else {
            close.select(upper_quantile_near(log_tail), self.upper_quantile())
        };
        let Largest { tau, log_weight } = self.scale.density;
        let log_ratio = self.scale.tail.log_ratio(tau, log_weight);
        let mills_over_p = simd::mills_anywhere(a.min(MILLS_MAX)) / self.p;
        let log_det = log_ratio + simd::ln(self.slope * mills_over_p);
        // Where z overflows the widest component is alone.
        let finite = a.at_most(f64::MAX);
        let log_det = finite.select(log_det, -widest.pack(a.simd()));
        Point { a, log_det, mills_over_p, log_ratio }
    }

    /// The z > 35 with ln Φ(-z) = -τ*²/2 + ln π* + ln P.
    #[inline(always)]
    fn upper_quantile(&self) -> Pack<S, L> {
        let Largest { tau, log_weight } = self.scale.tail;
        let t = tau.min(BEYOND);
        let c = log_weight + simd::ln(self.p) + HALF_LN_2PI;
        // A lane of which nothing is wanted here may have a y that is no square.
        let y = (t * t - c * 2.0).max(1.0);
        let ln_y = simd::ln(y);
        let z = (y - ln_y + (ln_y - 2.0) / y).sqrt();
        let m = simd::mills_anywhere(z);
        let residual = (t - z) * (t + z) * 0.5 + (simd::ln(m / self.p) - log_weight);
        let z = z + residual * m * SQRT_2PI; // d/dz ln Φ(-z) = -φ(z)/Φ(-z) = -1/(√(2π) M)
        let overflown = tau.at_least(f64::MAX);
        let beyond = tau * (-(log_weight / tau / tau) * 2.0 + 1.0).sqrt();
        tau.at_most(BEYOND).select(z, overflown.select(f64::INFINITY, beyond))
    }
}

/// -Φ⁻¹(e^l) for l >= ln [`simd::TINY`], or 37 or so for a lane below of which nothing is wanted.
#[inline(always)]
fn upper_quantile_near<S: Simd, const L: usize>(l: Pack<S, L>) -> Pack<S, L> {
    simd::upper_quantile(simd::exp(l.max(LN_TINY)).min(0.5))
}

impl Mixture {
    /// The sums at a finite x, in every lane; the terms are summed with lanes as components.
    #[inline(always)]
    pub(super) fn far_sums<S: Simd>(&self, s: S, x: f64, side: f64) -> Sums<S, 1> {
        let (x, side) = (Pack::splat(s, x), Pack::splat(s, side));
        let registers = self.components.registers::<S>();
        let mut any_inside = false;
        for i in 0..registers {
            let (c, _) = self.components.register(s, i);
            any_inside |= Distance::new(x, side, &c).any_inside();
        }
        let mut lanes = [[0.0; WIDEST]; 3];
        let none = Largest::none(Scalar::new());
        let (mut density, mut tail) = (none, none);
        for i in 0..registers {
            let (c, count) = self.components.register(s, i);
            let at = Distance::new(x, side, &c);
            for (lanes, pack) in lanes.iter_mut().zip([at.tau, at.out, c.log_weight]) {
                pack.store(simd::vectors_mut::<S>(lanes), 0);
            }
            let [tau, out, log_weight] = &lanes;
            for i in 0..count {
                density.offer(one(tau[i]), log_weight[i]);
            }
            if any_inside {
                for i in 0..count {
                    tail.offer(one(out[i]), log_weight[i]);
                }
            }
        }
        // Where all lie outside, both sums have the same largest term.
        let tail = if any_inside { tail } else { density };
        let (density, tail) = (density.in_every_lane(s), tail.in_every_lane(s));
        let scale = Scale { density, tail, any_inside };
        let (mut slope, mut p) = (0.0, 0.0);
        for i in 0..registers {
            let (c, count) = self.components.register(s, i);
            let (e, t) = scale.term(Distance::new(x, side, &c), c.log_weight);
            let [ds, ts, _] = &mut lanes;
            (e * c.inv_sigma).store(simd::vectors_mut::<S>(ds), 0);
            t.store(simd::vectors_mut::<S>(ts), 0);
            for i in 0..count {
                slope += ds[i];
                p += ts[i];
            }
        }
        Sums { scale, slope: Pack::splat(s, slope), p: Pack::splat(s, p) }
    }
}
