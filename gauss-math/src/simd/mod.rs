//! Vector registers, the elementary functions over them, and the choice of instruction set.
//!
//! One source serves every instruction set: each function is generic over [`pulp::Simd`] and is
//! instantiated for AVX-512, AVX2, NEON and plain scalar code; [`run`] picks the widest one the
//! processor has. A lane never depends on its neighbours, and sums over rows use
//! [`LOGICAL_LANES`] partial sums on any width, so AVX2 and AVX-512 give the same bits. Without
//! a fused multiply-add the last bits differ.
//!
//! | file | what |
//! |---|---|
//! | `mod.rs` | which instruction set, and how a slice is cut into registers |
//! | `pack.rs` | arithmetic on a few registers side by side |
//! | `functions.rs` | exp, ln, Φ's tail and Φ⁻¹ |

mod functions;
mod pack;

pub use functions::{exp, exp_neg_half_square, ln, mills, mills_anywhere, pow2, upper_quantile};
pub use pack::{Mask, Operand, Pack};

use pulp::{Arch, Simd, WithSimd};
use std::cell::Cell;

/// Sums over rows are kept in this many partial sums, whatever the register's width.
pub const LOGICAL_LANES: usize = 16;

/// Registers that a kernel works on side by side; see [`Pack`]. Four would not fit AVX2's sixteen.
pub const SIDE_BY_SIDE: usize = 2;

/// |t| is clamped here in the vector path: exp(-37²/2) is still a normal number.
pub(crate) const T_MAX: f64 = 37.0;
/// Below this the vector path hands a tail probability to the scalar path in log space. What
/// the clamp at [`T_MAX`] leaves of a far component, 5e-298, is then beyond relative 1e-17.
pub(crate) const TINY: f64 = 1e-280;

/// A vector instruction set that this processor has.
#[derive(Clone, Copy, Debug)]
pub struct Backend(Arch);

impl Backend {
    /// The widest one.
    #[must_use]
    pub fn best() -> Self {
        Self(Arch::new())
    }

    /// Every one, the widest first, plain scalar code last; for tests that compare them.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            all.extend(pulp::x86::V4::try_new().map(|s| Self(Arch::V4(s))));
            all.extend(pulp::x86::V3::try_new().map(|s| Self(Arch::V3(s))));
        }
        #[cfg(target_arch = "aarch64")]
        all.push(Self(Arch::new()));
        all.push(Self(Arch::Scalar));
        all
    }

    /// Its name, for messages: `AVX-512`, `AVX2`, `Scalar`, or what pulp calls it.
    #[must_use]
    pub fn name(self) -> String {
        let full = format!("{:?}", self.0);
        match full.split('(').next().unwrap_or_default() {
            "V4" => "AVX-512".to_owned(),
            "V3" => "AVX2".to_owned(),
            other => other.to_owned(),
        }
    }

    /// Runs a kernel on it.
    #[inline]
    pub fn run<Op: WithSimd>(self, op: Op) -> Op::Output {
        self.0.dispatch(op)
    }

    /// Calls `f`, in which every kernel that this thread runs is run on this instruction set; for
    /// tests and benchmarks that compare them.
    ///
    /// ```
    /// use gauss_math::{simd::Backend, slice};
    /// for backend in Backend::all() {
    ///     let mut y = [0.0; 2];
    ///     backend.scope(|| slice::exp(&[0.0, 1.0], &mut y));
    ///     assert!(y[0] == 1.0 && (y[1] - std::f64::consts::E).abs() < 1e-15, "{}", backend.name());
    /// }
    /// ```
    pub fn scope<T>(self, f: impl FnOnce() -> T) -> T {
        struct Restore(Option<Backend>);
        impl Drop for Restore {
            fn drop(&mut self) {
                CHOSEN.set(self.0);
            }
        }
        let _restore = Restore(CHOSEN.replace(Some(self)));
        f()
    }
}

thread_local! {
    /// What [`Backend::scope`] has chosen for this thread.
    static CHOSEN: Cell<Option<Backend>> = const { Cell::new(None) };
}

/// Runs a kernel on the widest instruction set of this processor, or the one that
/// [`Backend::scope`] has chosen.
#[inline]
pub fn run<Op: WithSimd>(op: Op) -> Op::Output {
    CHOSEN.get().unwrap_or_else(Backend::best).run(op)
}

/// Splits a slice whose length is a multiple of [`LOGICAL_LANES`] into whole vectors.
#[inline(always)]
pub(crate) fn vectors<S: Simd>(x: &[f64]) -> &[S::f64s] {
    let (head, tail) = S::as_simd_f64s(x);
    debug_assert!(tail.is_empty());
    head
}

/// [`vectors`], mutable.
#[inline(always)]
pub(crate) fn vectors_mut<S: Simd>(x: &mut [f64]) -> &mut [S::f64s] {
    let (head, tail) = S::as_mut_simd_f64s(x);
    debug_assert!(tail.is_empty());
    head
}

/// Refuses a number of rows that does not fill its registers.
pub(crate) fn assert_whole(n: usize) {
    assert!(n.is_multiple_of(LOGICAL_LANES), "{n} rows, not a multiple of {LOGICAL_LANES}");
}

/// Adds partial sums in a fixed tree, the same on any vector width.
#[inline(always)]
#[must_use]
pub fn tree_sum(mut lanes: [f64; LOGICAL_LANES]) -> f64 {
    let mut width = LOGICAL_LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] += lanes[i + width];
        }
        width /= 2;
    }
    lanes[0]
}
