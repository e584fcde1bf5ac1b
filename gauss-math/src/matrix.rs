//! Small matrix products over a block of rows, the block transposed: x `[d][n]`, a dimension's
//! values contiguous. For a dozen dimensions and fewer these beat a general GEMM, whose packing
//! costs more than the product.

use crate::simd::{self, LOGICAL_LANES};
use pulp::{Simd, WithSimd};

/// z `[d][n]` <- Q x, for q `[d][d]` row-major and x `[d][n]`, n a multiple of [`LOGICAL_LANES`].
///
/// # Panics
/// When a length does not fit.
pub fn multiply(q: &[f64], x: &[f64], z: &mut [f64], n: usize) {
    assert!(n.is_multiple_of(LOGICAL_LANES) && x.len() == z.len());
    assert_eq!(q.len() * n * n, x.len() * x.len());
    simd::run(Multiply { q, x, z, n });
}

struct Multiply<'a> {
    q: &'a [f64],
    x: &'a [f64],
    z: &'a mut [f64],
    n: usize,
}

impl WithSimd for Multiply<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let x = simd::vectors::<S>(self.x);
        let z = simd::vectors_mut::<S>(self.z);
        let count = self.n / S::F64_LANES;
        if count == 0 {
            return;
        }
        let d = x.len() / count;
        for (q, z) in self.q.chunks_exact(d).zip(z.chunks_exact_mut(count)) {
            let first = s.splat_f64s(q[0]);
            for (z, x) in z.iter_mut().zip(&x[..count]) {
                *z = s.mul_f64s(first, *x);
            }
            for (q, x) in q.iter().zip(x.chunks_exact(count)).skip(1) {
                let q = s.splat_f64s(*q);
                for (z, x) in z.iter_mut().zip(x) {
                    *z = s.mul_add_e_f64s(q, *x, *z);
                }
            }
        }
    }
}

/// z `[d]` <- Q x of one row, for q_transposed = Qᵀ `[d][d]` row-major and x `[d]`: the bits of
/// [`multiply`].
///
/// # Panics
/// When a length does not fit.
pub fn multiply_row(q_transposed: &[f64], x: &[f64], z: &mut [f64]) {
    assert!(x.len() == z.len() && q_transposed.len() == x.len() * x.len());
    if !x.is_empty() {
        simd::run(MultiplyRow { q_transposed, x, z });
    }
}

struct MultiplyRow<'a> {
    q_transposed: &'a [f64],
    x: &'a [f64],
    z: &'a mut [f64],
}

impl WithSimd for MultiplyRow<'_> {
    type Output = ();
    /// Lanes are the coordinates of z, each with its own sum over those of x.
    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let d = self.x.len();
        for (i, z) in self.z.chunks_mut(S::F64_LANES).enumerate() {
            let own = i * S::F64_LANES..i * S::F64_LANES + z.len();
            let column = |j: usize| s.partial_load_f64s(&self.q_transposed[j * d..][own.clone()]);
            let mut sum = s.mul_f64s(column(0), s.splat_f64s(self.x[0]));
            for (j, x) in self.x.iter().enumerate().skip(1) {
                sum = s.mul_add_e_f64s(column(j), s.splat_f64s(*x), sum);
            }
            s.partial_store_f64s(z, sum);
        }
    }
}

/// q_bar `[d][d]` += z_bar xᵀ, for z_bar, x `[d][n]`, n a multiple of [`LOGICAL_LANES`].
///
/// # Panics
/// When a length does not fit.
pub fn add_outer(z_bar: &[f64], x: &[f64], q_bar: &mut [f64], n: usize) {
    assert!(n.is_multiple_of(LOGICAL_LANES) && x.len() == z_bar.len());
    assert_eq!(q_bar.len() * n * n, x.len() * x.len());
    simd::run(AddOuter { z_bar, x, q_bar, n });
}

struct AddOuter<'a> {
    z_bar: &'a [f64],
    x: &'a [f64],
    q_bar: &'a mut [f64],
    n: usize,
}

impl WithSimd for AddOuter<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let x = simd::vectors::<S>(self.x);
        let z_bar = simd::vectors::<S>(self.z_bar);
        let count = self.n / S::F64_LANES;
        if count == 0 {
            return;
        }
        let groups = LOGICAL_LANES / S::F64_LANES;
        let d = x.len() / count;
        for (z_bar, q_bar) in z_bar.chunks_exact(count).zip(self.q_bar.chunks_exact_mut(d)) {
            for (x, q_bar) in x.chunks_exact(count).zip(q_bar) {
                let mut lanes = [0.0; LOGICAL_LANES];
                for (group, lanes) in simd::vectors_mut::<S>(&mut lanes).iter_mut().enumerate() {
                    for i in (group..count).step_by(groups) {
                        *lanes = s.mul_add_e_f64s(z_bar[i], x[i], *lanes);
                    }
                }
                *q_bar += simd::tree_sum(lanes);
            }
        }
    }
}
