//! Lower triangular matrices over a block of rows, the block transposed: x `[d][n]`, a dimension's
//! values contiguous, n a multiple of [`LOGICAL_LANES`].
//!
//! What a normal with precision AᵀA and mean m asks of its rows: u = A (x - m), of which u_i needs
//! x_1, ..., x_i alone, and |u|². x - m is taken before anything is multiplied: with A m computed once
//! and for all, a narrow normal far from 0 would lose |m|/σ of its digits.

use crate::simd::{self, LOGICAL_LANES, Pack, SIDE_BY_SIDE};
use pulp::{Simd, WithSimd};

/// Refuses what is no block `[d][n]`.
fn assert_block(len: usize, d: usize, n: usize) {
    simd::assert_whole(n);
    assert_eq!(len, d * n, "the length of {d} columns of {n} rows");
}

/// out `[n]` <- Σ_j a_j (x_j - m_j), for a, m `[i]` and x `[i][n]`: one row of a triangle.
///
/// # Panics
/// When a length does not fit.
pub fn row(a: &[f64], means: &[f64], x: &[f64], out: &mut [f64]) {
    assert_block(x.len(), a.len(), out.len());
    assert_eq!(means.len(), a.len(), "means");
    simd::run(Row { a, means, x, out });
}

struct Row<'a> {
    a: &'a [f64],
    means: &'a [f64],
    x: &'a [f64],
    out: &'a mut [f64],
}

impl WithSimd for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let x = simd::vectors::<S>(self.x);
        let out = simd::vectors_mut::<S>(self.out);
        let count = out.len();
        for i in (0..count).step_by(SIDE_BY_SIDE) {
            let mut sum = Pack::<S, SIDE_BY_SIDE>::splat(s, 0.0);
            for (j, (a, mean)) in self.a.iter().zip(self.means).enumerate() {
                sum = (Pack::load(s, x, j * count + i) - *mean).mul_add(*a, sum);
            }
            sum.store(out, i);
        }
    }
}

/// x_bar `[i][n]` += a u_barᵀ, for a `[i]` and u_bar `[n]`: the transpose of [`row`].
///
/// # Panics
/// When a length does not fit.
pub fn add_row_transposed(a: &[f64], u_bar: &[f64], x_bar: &mut [f64]) {
    assert_block(x_bar.len(), a.len(), u_bar.len());
    simd::run(AddRowTransposed { a, u_bar, x_bar });
}

struct AddRowTransposed<'a> {
    a: &'a [f64],
    u_bar: &'a [f64],
    x_bar: &'a mut [f64],
}

impl WithSimd for AddRowTransposed<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let u_bar = simd::vectors::<S>(self.u_bar);
        let x_bar = simd::vectors_mut::<S>(self.x_bar);
        let count = u_bar.len();
        for (j, a) in self.a.iter().enumerate() {
            for i in (0..count).step_by(SIDE_BY_SIDE) {
                let (u_bar, at) = (Pack::<S, SIDE_BY_SIDE>::load(s, u_bar, i), j * count + i);
                u_bar.mul_add(*a, Pack::load(s, x_bar, at)).store(x_bar, at);
            }
        }
    }
}

/// out `[n]` <- |A (x - m)|², for A's rows one after another, a `[d (d + 1)/2]`, means `[d]`, x
/// `[d][n]`. work `[16 d]`: overwritten.
///
/// # Panics
/// When a length does not fit.
pub fn squared_norm(a: &[f64], means: &[f64], x: &[f64], out: &mut [f64], work: &mut [f64]) {
    let d = means.len();
    assert_block(x.len(), d, out.len());
    assert_eq!(a.len(), d * (d + 1) / 2, "the triangle");
    let work = &mut work[..LOGICAL_LANES * d];
    simd::run(SquaredNorm { a, means, x, out, work });
}

struct SquaredNorm<'a> {
    a: &'a [f64],
    means: &'a [f64],
    x: &'a [f64],
    out: &'a mut [f64],
    /// x - m of a pack of rows.
    work: &'a mut [f64],
}

impl WithSimd for SquaredNorm<'_> {
    type Output = ();

    /// Two of A's rows at a time, so that each x - m is loaded for two products.
    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let x = simd::vectors::<S>(self.x);
        let out = simd::vectors_mut::<S>(self.out);
        let centred = simd::vectors_mut::<S>(self.work);
        let (d, count) = (self.means.len(), out.len());
        let zero = Pack::<S, SIDE_BY_SIDE>::splat(s, 0.0);
        for i in (0..count).step_by(SIDE_BY_SIDE) {
            for (j, mean) in self.means.iter().enumerate() {
                (Pack::<S, SIDE_BY_SIDE>::load(s, x, j * count + i) - *mean)
                    .store(centred, j * SIDE_BY_SIDE);
            }
            let mut squares = zero;
            let mut rows = self.a;
            let mut first = 0;
            while first + 1 < d {
                let (upper, rest) = rows.split_at(first + 1);
                let (lower, rest) = rest.split_at(first + 2);
                let (mut u, mut v) = (zero, zero);
                for (j, (a, b)) in upper.iter().zip(lower).enumerate() {
                    let own = Pack::<S, SIDE_BY_SIDE>::load(s, centred, j * SIDE_BY_SIDE);
                    u = own.mul_add(*a, u);
                    v = own.mul_add(*b, v);
                }
                let last = Pack::<S, SIDE_BY_SIDE>::load(s, centred, (first + 1) * SIDE_BY_SIDE);
                v = last.mul_add(lower[first + 1], v);
                squares = u.mul_add(u, squares);
                squares = v.mul_add(v, squares);
                rows = rest;
                first += 2;
            }
            if first < d {
                let mut u = zero;
                for (j, a) in rows.iter().enumerate() {
                    let own = Pack::<S, SIDE_BY_SIDE>::load(s, centred, j * SIDE_BY_SIDE);
                    u = own.mul_add(*a, u);
                }
                squares = u.mul_add(u, squares);
            }
            squares.store(out, i);
        }
    }
}
