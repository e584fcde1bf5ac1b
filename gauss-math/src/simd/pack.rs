//! Arithmetic on a few registers side by side.
//!
//! A multiply-add takes four cycles, and a processor can start two in each: a polynomial by
//! Horner's rule, whose every step waits for the one before, would leave seven of eight idle. With
//! L registers in a [`Pack`] there are L chains that do not wait for each other, written once.
//!
//! Everything here is `#[inline(always)]`: a function that is not inlined into a kernel is compiled
//! without the kernel's instruction set, and costs tenfold.

use pulp::Simd;
use std::ops::{Add, BitAnd, Div, Mul, Neg, Not, Sub};

/// L vector registers; every operation acts lane by lane.
#[must_use]
#[derive(Clone, Copy, Debug)]
pub struct Pack<S: Simd, const L: usize> {
    s: S,
    v: [S::f64s; L],
}

/// A truth value for each lane of a [`Pack`].
#[derive(Clone, Copy, Debug)]
pub struct Mask<S: Simd, const L: usize> {
    s: S,
    m: [S::m64s; L],
}

/// What stands beside a [`Pack`] in an operation: another one, or a number for all lanes.
pub trait Operand<S: Simd, const L: usize>: Copy {
    /// As a pack.
    fn pack(self, s: S) -> Pack<S, L>;
}

impl<S: Simd, const L: usize> Operand<S, L> for Pack<S, L> {
    #[inline(always)]
    fn pack(self, _: S) -> Self {
        self
    }
}

impl<S: Simd, const L: usize> Operand<S, L> for f64 {
    #[inline(always)]
    fn pack(self, s: S) -> Pack<S, L> {
        Pack { s, v: [s.splat_f64s(self); L] }
    }
}

/// The pack whose register l is `$make` of l; a loop, since a closure might not be inlined.
macro_rules! each {
    ($s:expr, $l:ident => $make:expr) => {{
        let mut v = [$s.splat_f64s(0.0); L];
        for $l in 0..L {
            v[$l] = $make;
        }
        Pack { s: $s, v }
    }};
}

macro_rules! operator {
    ($trait:ident, $method:ident, $instruction:ident) => {
        impl<S: Simd, const L: usize, R: Operand<S, L>> $trait<R> for Pack<S, L> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: R) -> Self {
                let other = other.pack(self.s);
                each!(self.s, l => self.s.$instruction(self.v[l], other.v[l]))
            }
        }
    };
}

operator!(Add, add, add_f64s);
operator!(Sub, sub, sub_f64s);
operator!(Mul, mul, mul_f64s);
operator!(Div, div, div_f64s);

impl<S: Simd, const L: usize> Neg for Pack<S, L> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        each!(self.s, l => self.s.neg_f64s(self.v[l]))
    }
}

impl<S: Simd, const L: usize> Pack<S, L> {
    /// Whether a product and a sum are rounded once: what is exact with a fused multiply-add needs
    /// another way without.
    pub const FUSED: bool =
        !S::IS_SCALAR && cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));

    /// x in every lane.
    #[inline(always)]
    pub fn splat(s: S, x: f64) -> Self {
        x.pack(s)
    }

    /// These registers.
    #[inline(always)]
    pub fn new(s: S, v: [S::f64s; L]) -> Self {
        Self { s, v }
    }

    /// The registers.
    #[inline(always)]
    pub fn registers(self) -> [S::f64s; L] {
        self.v
    }

    /// The instruction set.
    #[inline(always)]
    pub fn simd(self) -> S {
        self.s
    }

    /// The registers `from[at]`, `from[at + 1]`, ...
    #[inline(always)]
    pub fn load(s: S, from: &[S::f64s], at: usize) -> Self {
        let from = &from[at..at + L];
        each!(s, l => from[l])
    }

    /// Writes to `to[at]`, `to[at + 1]`, ...
    #[inline(always)]
    #[expect(clippy::manual_memcpy, reason = "registers go straight to memory, not by a call")]
    pub fn store(self, to: &mut [S::f64s], at: usize) {
        let to = &mut to[at..at + L];
        for l in 0..L {
            to[l] = self.v[l];
        }
    }

    /// self · b + c, rounded once where [`Pack::FUSED`].
    #[inline(always)]
    pub fn mul_add(self, b: impl Operand<S, L>, c: impl Operand<S, L>) -> Self {
        let (b, c) = (b.pack(self.s), c.pack(self.s));
        each!(self.s, l => self.s.mul_add_e_f64s(self.v[l], b.v[l], c.v[l]))
    }

    /// |self|
    #[inline(always)]
    pub fn abs(self) -> Self {
        each!(self.s, l => self.s.abs_f64s(self.v[l]))
    }

    /// √self
    #[inline(always)]
    pub fn sqrt(self) -> Self {
        each!(self.s, l => self.s.sqrt_f64s(self.v[l]))
    }

    /// The smaller one; NaN where self is NaN. (A processor returns its second operand then, or
    /// NaN; Rust's `f64::min` the one that is a number.)
    #[inline(always)]
    pub fn min(self, other: impl Operand<S, L>) -> Self {
        let other = other.pack(self.s);
        if S::IS_SCALAR {
            return other.less(self).select(other, self);
        }
        each!(self.s, l => self.s.min_f64s(other.v[l], self.v[l]))
    }

    /// The larger one; NaN where self is NaN.
    #[inline(always)]
    pub fn max(self, other: impl Operand<S, L>) -> Self {
        let other = other.pack(self.s);
        if S::IS_SCALAR {
            return self.less(other).select(other, self);
        }
        each!(self.s, l => self.s.max_f64s(other.v[l], self.v[l]))
    }

    /// self < other
    #[inline(always)]
    pub fn less(self, other: impl Operand<S, L>) -> Mask<S, L> {
        let (s, other) = (self.s, other.pack(self.s));
        let mut m = [s.less_than_f64s(self.v[0], other.v[0]); L];
        for l in 1..L {
            m[l] = s.less_than_f64s(self.v[l], other.v[l]);
        }
        Mask { s, m }
    }

    /// self <= other
    #[inline(always)]
    pub fn at_most(self, other: impl Operand<S, L>) -> Mask<S, L> {
        let (s, other) = (self.s, other.pack(self.s));
        let mut m = [s.less_than_or_equal_f64s(self.v[0], other.v[0]); L];
        for l in 1..L {
            m[l] = s.less_than_or_equal_f64s(self.v[l], other.v[l]);
        }
        Mask { s, m }
    }

    /// self >= other
    #[inline(always)]
    pub fn at_least(self, other: impl Operand<S, L>) -> Mask<S, L> {
        other.pack(self.s).at_most(self)
    }

    /// The registers' bits.
    #[inline(always)]
    pub(super) fn bits(self) -> [S::u64s; L] {
        let mut bits = [self.s.splat_u64s(0); L];
        for l in 0..L {
            bits[l] = self.s.transmute_u64s_f64s(self.v[l]);
        }
        bits
    }
}

impl<S: Simd, const L: usize> Mask<S, L> {
    /// `yes` where it holds, `no` elsewhere.
    #[inline(always)]
    pub fn select(self, yes: impl Operand<S, L>, no: impl Operand<S, L>) -> Pack<S, L> {
        let (yes, no) = (yes.pack(self.s), no.pack(self.s));
        each!(self.s, l => self.s.select_f64s(self.m[l], yes.v[l], no.v[l]))
    }

    /// Whether it holds in every lane.
    #[inline(always)]
    pub fn all(self) -> bool {
        let mut all = true;
        for m in self.m {
            all &= self.s.first_true_m64s(self.s.not_m64s(m)) >= S::F64_LANES;
        }
        all
    }
}

impl<S: Simd, const L: usize> BitAnd for Mask<S, L> {
    type Output = Self;
    #[inline(always)]
    fn bitand(mut self, other: Self) -> Self {
        for l in 0..L {
            self.m[l] = self.s.and_m64s(self.m[l], other.m[l]);
        }
        self
    }
}

impl<S: Simd, const L: usize> Not for Mask<S, L> {
    type Output = Self;
    #[inline(always)]
    fn not(mut self) -> Self {
        for l in 0..L {
            self.m[l] = self.s.not_m64s(self.m[l]);
        }
        self
    }
}
