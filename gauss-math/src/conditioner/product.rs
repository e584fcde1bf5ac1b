//! Products of a small weight matrix with a block of rows.
//!
//! In each, a tile of four rows of the result and two registers of lanes stays in registers while
//! the sum runs: eight chains of multiply-adds, as many as a processor has under way, for six
//! loads.

use super::assert_rows;
use crate::simd::{self, LOGICAL_LANES, Pack, SIDE_BY_SIDE};
use pulp::{Simd, WithSimd};

/// Rows of a tile.
const TILE: usize = 4;

/// Calls `$f::<S, R>` with R = 4 for whole tiles of `$rows` rows, then with what is left.
macro_rules! tiles {
    ($rows:expr, $first:ident, $tile:ident => $call:expr) => {
        for $first in (0..$rows).step_by(TILE) {
            macro_rules! sized {
                ($r:literal) => {{
                    const $tile: usize = $r;
                    $call
                }};
            }
            match $rows - $first {
                1 => sized!(1),
                2 => sized!(2),
                3 => sized!(3),
                _ => sized!(4),
            }
        }
    };
}

/// z `[m][n]` <- b + W x, for w `[m][k]` row-major, bias `[m]` and the first k features of x
/// `[>= k][n]`. Each number is b, then + w_j x_j in the order of j.
///
/// # Panics
/// When a length does not fit, or n is no multiple of [`LOGICAL_LANES`].
pub fn affine(w: &[f64], bias: &[f64], x: &[f64], z: &mut [f64], n: usize) {
    assert_rows(n);
    let m = bias.len();
    assert_eq!(z.len(), m * n);
    let Some(k) = w.len().checked_div(m) else { return };
    assert_eq!(w.len(), m * k);
    simd::run(Affine { w, bias, x: &x[..k * n], z, n });
}

struct Affine<'a> {
    w: &'a [f64],
    bias: &'a [f64],
    x: &'a [f64],
    z: &'a mut [f64],
    n: usize,
}

impl WithSimd for Affine<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let (m, k) = (self.bias.len(), self.w.len() / self.bias.len());
        let count = self.n / S::F64_LANES;
        let x = simd::vectors::<S>(self.x);
        let z = simd::vectors_mut::<S>(self.z);
        tiles!(m, first, R => {
            let w = rows::<R>(&self.w[first * k..], k);
            let bias = &self.bias[first..first + R];
            let z = &mut z[first * count..(first + R) * count];
            for i in (0..count).step_by(SIDE_BY_SIDE) {
                let mut sums = [Pack::<S, SIDE_BY_SIDE>::splat(s, 0.0); R];
                for r in 0..R {
                    sums[r] = Pack::splat(s, bias[r]);
                }
                for j in 0..k {
                    let x = Pack::load(s, x, j * count + i);
                    for r in 0..R {
                        sums[r] = x.mul_add(w[r][j], sums[r]);
                    }
                }
                for r in 0..R {
                    sums[r].store(z, r * count + i);
                }
            }
        });
    }
}

/// The first R rows of length k.
#[inline(always)]
fn rows<const R: usize>(w: &[f64], k: usize) -> [&[f64]; R] {
    let mut rows = [&w[..0]; R];
    for r in 0..R {
        rows[r] = &w[r * k..(r + 1) * k];
    }
    rows
}

/// The first k features of x_bar `[>= k][n]`: ADDED to, Wᵀ z̄, for w `[m][k]` row-major and z_bar
/// `[m][n]`.
///
/// # Panics
/// When a length does not fit, or n is no multiple of [`LOGICAL_LANES`].
pub fn add_transposed(w: &[f64], z_bar: &[f64], x_bar: &mut [f64], n: usize) {
    assert_rows(n);
    let m = z_bar.len() / n;
    assert_eq!(z_bar.len(), m * n);
    let Some(k) = w.len().checked_div(m) else { return };
    assert_eq!(w.len(), m * k);
    simd::run(AddTransposed { w, z_bar, x_bar: &mut x_bar[..k * n], n });
}

struct AddTransposed<'a> {
    w: &'a [f64],
    z_bar: &'a [f64],
    x_bar: &'a mut [f64],
    n: usize,
}

impl WithSimd for AddTransposed<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let (m, k) = (self.z_bar.len() / self.n, self.x_bar.len() / self.n);
        let count = self.n / S::F64_LANES;
        let z_bar = simd::vectors::<S>(self.z_bar);
        let x_bar = simd::vectors_mut::<S>(self.x_bar);
        tiles!(k, first, R => {
            let x_bar = &mut x_bar[first * count..(first + R) * count];
            for i in (0..count).step_by(SIDE_BY_SIDE) {
                let mut sums = [Pack::<S, SIDE_BY_SIDE>::splat(s, 0.0); R];
                for r in 0..R {
                    sums[r] = Pack::load(s, x_bar, r * count + i);
                }
                for j in 0..m {
                    let z_bar = Pack::load(s, z_bar, j * count + i);
                    let w = &self.w[j * k + first..j * k + first + R];
                    for r in 0..R {
                        sums[r] = z_bar.mul_add(w[r], sums[r]);
                    }
                }
                for r in 0..R {
                    sums[r].store(x_bar, r * count + i);
                }
            }
        });
    }
}

/// w_bar `[m][k]`: ADDED to, Σ_i z̄_i x_iᵀ over the n rows, in their order; for z_bar `[m][n]` and
/// the first k features of x, transposed to x_t `[n][stride]`, stride a multiple of
/// [`LOGICAL_LANES`].
///
/// Lanes are features here: with rows as lanes, a batch of 32 rows would spend more on adding lanes
/// up than on products.
///
/// # Panics
/// When a length does not fit, or n or the stride is no multiple of [`LOGICAL_LANES`].
pub fn add_outer(z_bar: &[f64], x_t: &[f64], stride: usize, w_bar: &mut [f64], n: usize) {
    assert_rows(n);
    assert!(stride.is_multiple_of(LOGICAL_LANES) && x_t.len() == n * stride);
    let m = z_bar.len() / n;
    assert_eq!(z_bar.len(), m * n);
    let Some(k) = w_bar.len().checked_div(m) else { return };
    assert!(w_bar.len() == m * k && k <= stride);
    simd::run(AddOuter { z_bar, x_t, stride, w_bar, n });
}

struct AddOuter<'a> {
    z_bar: &'a [f64],
    x_t: &'a [f64],
    stride: usize,
    w_bar: &'a mut [f64],
    n: usize,
}

impl WithSimd for AddOuter<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let (m, n) = (self.z_bar.len() / self.n, self.n);
        let k = self.w_bar.len() / m;
        let per_row = self.stride / S::F64_LANES;
        let x_t = simd::vectors::<S>(self.x_t);
        tiles!(m, first, R => {
            let z_bar = rows::<R>(&self.z_bar[first * n..], n);
            let w_bar = &mut self.w_bar[first * k..(first + R) * k];
            for i in (0..k.div_ceil(S::F64_LANES)).step_by(SIDE_BY_SIDE) {
                let mut sums = [Pack::<S, SIDE_BY_SIDE>::splat(s, 0.0); R];
                for row in 0..n {
                    let x = Pack::load(s, x_t, row * per_row + i);
                    for r in 0..R {
                        sums[r] = x.mul_add(z_bar[r][row], sums[r]);
                    }
                }
                for r in 0..R {
                    let w_bar = &mut w_bar[r * k + i * S::F64_LANES..(r + 1) * k];
                    // The last register may reach beyond the row.
                    for (w_bar, sum) in w_bar.chunks_mut(S::F64_LANES).zip(sums[r].registers()) {
                        let before = s.partial_load_f64s(w_bar);
                        s.partial_store_f64s(w_bar, s.add_f64s(before, sum));
                    }
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Backend;

    /// Numbers without a pattern, in [-1, 1).
    fn numbers(len: usize, seed: usize) -> Vec<f64> {
        (0..len).map(|i| (((i + 31 * seed) as f64 * 0.754_877_666).fract() - 0.5) * 2.0).collect()
    }

    /// Every product against its definition, on every instruction set; those with a fused
    /// multiply-add have the same bits.
    #[test]
    fn products_are_their_definitions_on_every_backend() {
        // A chain of k roundings of numbers below k.
        let tol = |k: usize| 4.0 * f64::EPSILON * (k * k + 1) as f64;
        for (m, k, n) in
            [(1, 0, 16), (3, 1, 16), (4, 7, 32), (6, 17, 48), (24, 64, 128), (0, 0, 16)]
        {
            let (w, bias, x) = (numbers(m * k, 1), numbers(m, 2), numbers((k + 2) * n, 3));
            let (z_bar, grad) = (numbers(m * n, 4), numbers(m * k, 5));
            let stride = (k + 2).next_multiple_of(LOGICAL_LANES);
            let mut x_t = vec![f64::NAN; n * stride];
            for (i, row) in x_t.chunks_exact_mut(stride).enumerate() {
                (0..k).for_each(|j| row[j] = x[j * n + i]);
            }
            let mut bits: Option<Vec<Vec<f64>>> = None;
            for backend in Backend::all() {
                let (mut z, mut x_bar, mut w_bar) = (vec![0.0; m * n], x.clone(), grad.clone());
                backend.scope(|| {
                    affine(&w, &bias, &x, &mut z, n);
                    add_transposed(&w, &z_bar, &mut x_bar, n);
                    add_outer(&z_bar, &x_t, stride, &mut w_bar, n);
                });
                for i in 0..n {
                    for r in 0..m {
                        let sum: f64 = (0..k).map(|j| w[r * k + j] * x[j * n + i]).sum();
                        assert!((z[r * n + i] - bias[r] - sum).abs() <= tol(k));
                    }
                    for j in 0..k {
                        let sum: f64 = (0..m).map(|r| w[r * k + j] * z_bar[r * n + i]).sum();
                        assert!((x_bar[j * n + i] - x[j * n + i] - sum).abs() <= tol(m));
                    }
                }
                assert_eq!(x_bar[k * n..], x[k * n..], "what has no weight is left alone");
                for (at, (got, before)) in w_bar.iter().zip(&grad).enumerate() {
                    let (r, j) = (at / k, at % k);
                    let sum: f64 = (0..n).map(|i| z_bar[r * n + i] * x[j * n + i]).sum();
                    assert!((got - before - sum).abs() <= tol(n));
                }
                if backend.name() != "Scalar" {
                    let all = vec![z, x_bar, w_bar];
                    let first = bits.get_or_insert_with(|| all.clone());
                    assert_eq!(first, &all, "{}", backend.name());
                }
            }
        }
    }
}
