//! The expectation step of EM for a mixture of normals in d dimensions, vectorised over rows.
//!
//! For rows x_i with weights w_i and components k of weight π_k, mean m_k and covariance
//! Σ_k = (A_kᵀ A_k)⁻¹, A_k lower triangular, in three passes over a block of rows:
//!
//! ```text
//! u = A_k (x_i - m_k),   t_ki = ln π_k + ln det A_k - (d/2) ln 2π - |u|²/2        log_terms
//! ln p_i = ln Σ_k e^{t_ki},   r_ki = w_i e^{t_ki}/p_i                             normalise
//! Σ_i r_ki,   Σ_i r_ki x_i,   Σ_i r_ki x_i x_iᵀ                                   add_moments
//! ```
//!
//! Rows come as a block x `[d][n]`, a dimension's values contiguous. Lanes are rows, parameters are
//! broadcast; sums over rows are kept in [`LOGICAL_LANES`] partial sums, so AVX2 and AVX-512 give the
//! same bits. A row costs d(d + 1)/2 multiply-adds in the first pass and as many in the last, and
//! one exponential, per component. Both products are cut into tiles of registers (two rows of A by
//! four registers of rows; two by three columns), so that loads do not outnumber multiply-adds.
//!
//! Second moments are about the origin: they lose |x|²/σ² ε of a component's variance σ². Rows
//! should be standardised first.

use crate::simd::{self, LOGICAL_LANES, Pack, SIDE_BY_SIDE, tree_sum};
use pulp::{Simd, WithSimd};

/// Registers of rows side by side in [`log_terms`]: with two rows of A, eight sums that do not wait
/// for each other.
const WIDE: usize = 4;
/// Rows in a block are a multiple of this: four registers of the widest instruction set.
pub const ROWS: usize = 2 * LOGICAL_LANES;

/// The components as the kernel wants them.
///
/// ```
/// use gauss_math::normals::{Normals, ROWS, log_terms, normalise};
/// // Two normals on the line, at -1 and 1, of standard deviations 1 and ½.
/// let normals = Normals::new(1, &[0.5_f64.ln(); 2], &[-1.0, 1.0], &[1.0, 2.0]);
/// let (x, mut terms) = ([1.0; ROWS], [0.0; 2 * ROWS]);
/// let mut log_prob = [0.0; ROWS];
/// log_terms(&normals, &x, &mut terms, ROWS);
/// normalise(&mut terms, &[1.0; ROWS], &mut log_prob);
/// let p = (0.5 * (-2.0_f64).exp() + 1.0) / std::f64::consts::TAU.sqrt();
/// assert!((log_prob[0] - p.ln()).abs() < 1e-15);
/// ```
#[derive(Debug, Clone)]
pub struct Normals {
    dim: usize,
    /// ln π + ln det A - (d/2) ln 2π `[K]`.
    log_factor: Vec<f64>,
    /// `[K][d]`.
    mean: Vec<f64>,
    /// Two rows of A after each other, column by column as far as the second row goes; a last row
    /// without a partner has zeros beside it.
    factor: Vec<f64>,
}

impl Normals {
    /// From ln π `[K]`, the means `[K][d]` and the lower triangles of A `[K][d(d + 1)/2]`, row by
    /// row.
    ///
    /// # Panics
    /// When a length does not fit, or d = 0.
    #[must_use]
    pub fn new(dim: usize, log_weights: &[f64], means: &[f64], factors: &[f64]) -> Self {
        let (k, triangle) = (log_weights.len(), dim * (dim + 1) / 2);
        assert!(dim > 0 && means.len() == k * dim && factors.len() == k * triangle);
        let at_mean = -0.5 * dim as f64 * std::f64::consts::TAU.ln();
        let mut log_factor = Vec::with_capacity(k);
        let mut factor = Vec::with_capacity(k * tiles(dim));
        for (log_weight, a) in log_weights.iter().zip(factors.chunks_exact(triangle)) {
            let row = |j: usize| &a[j * (j + 1) / 2..][..=j];
            let log_det: f64 = (0..dim).map(|j| row(j)[j].ln()).sum();
            log_factor.push(log_weight + log_det + at_mean);
            for j in (0..dim).step_by(2) {
                for l in 0..(j + 2).min(dim) {
                    factor.push(if l <= j { row(j)[l] } else { 0.0 });
                    factor.push(if j + 1 < dim { row(j + 1)[l] } else { 0.0 });
                }
            }
        }
        Self { dim, log_factor, mean: means.to_vec(), factor }
    }

    /// K.
    #[must_use]
    pub fn len(&self) -> usize {
        self.log_factor.len()
    }

    /// Whether K = 0.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.log_factor.is_empty()
    }

    /// d.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }
}

/// Numbers of a factor of d dimensions in pairs of rows.
fn tiles(dim: usize) -> usize {
    (0..dim).step_by(2).map(|j| 2 * (j + 2).min(dim)).sum()
}

/// terms `[K][n]` <- t of x `[d][n]`, n a multiple of [`ROWS`]; NaN where a value is.
///
/// # Panics
/// When a length does not fit.
pub fn log_terms(normals: &Normals, x: &[f64], terms: &mut [f64], n: usize) {
    assert!(n.is_multiple_of(ROWS) && x.len() == normals.dim * n);
    assert_eq!(terms.len(), normals.len() * n);
    if n > 0 {
        let mut work = Vec::new();
        let centred = aligned(&mut work, normals.dim * ROWS);
        simd::run(LogTerms { normals, x, terms, n, centred });
    }
}

struct LogTerms<'a> {
    normals: &'a Normals,
    x: &'a [f64],
    terms: &'a mut [f64],
    n: usize,
    /// x - m of the rows at hand `[d][WIDE registers]`.
    centred: &'a mut [f64],
}

impl WithSimd for LogTerms<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Normals { dim, log_factor, mean, factor } = self.normals;
        let x = simd::vectors::<S>(self.x);
        let centred = simd::vectors_mut::<S>(self.centred);
        let count = self.n / S::F64_LANES;
        let components = mean.chunks_exact(*dim).zip(factor.chunks_exact(tiles(*dim)));
        for ((terms, log_factor), (mean, factor)) in
            self.terms.chunks_exact_mut(self.n).zip(log_factor).zip(components)
        {
            let terms = simd::vectors_mut::<S>(terms);
            for i in (0..count).step_by(WIDE) {
                for (j, mean) in mean.iter().enumerate() {
                    let x = Pack::<S, WIDE>::load(s, x, j * count + i);
                    (x - *mean).store(centred, j * WIDE);
                }
                let zero = Pack::<S, WIDE>::splat(s, 0.0);
                let (mut square, mut rest) = (zero, factor);
                for j in (0..*dim).step_by(2) {
                    let (pair, others) = rest.split_at(2 * (j + 2).min(*dim));
                    rest = others;
                    let (mut u, mut v) = (zero, zero);
                    for (a, l) in pair.chunks_exact(2).zip((0..).step_by(WIDE)) {
                        let c = Pack::<S, WIDE>::load(s, centred, l);
                        u = c.mul_add(a[0], u);
                        v = c.mul_add(a[1], v);
                    }
                    square = v.mul_add(v, u.mul_add(u, square));
                }
                square.mul_add(-0.5, *log_factor).store(terms, i);
            }
        }
    }
}

/// log_prob `[n]` <- ln p, and terms `[K][n]`: from t to r, for the weights w >= 0 `[n]`, n a multiple
/// of [`ROWS`]. Where every e^t underflows even relative to the largest (all t are -∞), ln p is
/// -∞ and every r is 0; NaN of NaN.
///
/// # Panics
/// When a length does not fit, or there is no component.
pub fn normalise(terms: &mut [f64], weight: &[f64], log_prob: &mut [f64]) {
    let n = weight.len();
    assert!(n.is_multiple_of(ROWS) && log_prob.len() == n);
    if n > 0 {
        assert!(!terms.is_empty() && terms.len().is_multiple_of(n));
        simd::run(Normalise { terms, weight, log_prob });
    }
}

struct Normalise<'a> {
    terms: &'a mut [f64],
    weight: &'a [f64],
    log_prob: &'a mut [f64],
}

impl WithSimd for Normalise<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let terms = simd::vectors_mut::<S>(self.terms);
        let weight = simd::vectors::<S>(self.weight);
        let log_prob = simd::vectors_mut::<S>(self.log_prob);
        let count = weight.len();
        for i in (0..count).step_by(SIDE_BY_SIDE) {
            let at = (i..terms.len()).step_by(count);
            let mut most = Pack::<S, SIDE_BY_SIDE>::splat(s, f64::MIN);
            for k in at.clone() {
                most = Pack::load(s, terms, k).max(most);
            }
            let mut sum = Pack::splat(s, 0.0);
            for k in at.clone() {
                let part = simd::exp(Pack::<S, SIDE_BY_SIDE>::load(s, terms, k) - most);
                part.store(terms, k);
                sum = sum + part;
            }
            // The largest term alone is 1; less is no term at all.
            let none = sum.less(1.0);
            let log_sum = most + simd::ln(sum.max(1.0));
            none.select(f64::NEG_INFINITY, log_sum).store(log_prob, i);
            let weight = Pack::<S, SIDE_BY_SIDE>::load(s, weight, i);
            let share = none.select(0.0, weight / sum);
            for k in at {
                (Pack::load(s, terms, k) * share).store(terms, k);
            }
        }
    }
}

/// `len` numbers that begin at a cache line: a load across two lines costs two, and a register of
/// AVX-512 is as long as a line.
fn aligned(work: &mut Vec<f64>, len: usize) -> &mut [f64] {
    const LINE: usize = 64;
    const SPARE: usize = LINE / size_of::<f64>() - 1;
    work.resize(len + SPARE, 0.0);
    let start = work.as_ptr().align_offset(LINE).min(SPARE);
    &mut work[start..start + len]
}

/// Numbers in the sums of a component: Σ r, Σ r x `[d]`, and the lower triangle of Σ r x xᵀ
/// `[d(d + 1)/2]`, row by row.
#[must_use]
pub fn moments_len(dim: usize) -> usize {
    1 + dim + dim * (dim + 1) / 2
}

/// sums `[K][moments_len(d)]`: ADDED to, from r `[K][n]` and x `[d][n]`, n a multiple of [`ROWS`].
/// work is the kernel's own, so that it allocates once.
///
/// # Panics
/// When a length does not fit.
pub fn add_moments(r: &[f64], x: &[f64], sums: &mut [f64], n: usize, work: &mut Vec<f64>) {
    assert!(n.is_multiple_of(ROWS));
    if n == 0 {
        return;
    }
    let dim = x.len() / n;
    assert!(dim > 0 && x.len() == dim * n && r.len().is_multiple_of(n));
    assert_eq!(sums.len(), r.len() / n * moments_len(dim));
    let own = aligned(work, x.len() + dim.next_multiple_of(2) * n);
    let (copy, scaled) = own.split_at_mut(x.len());
    copy.copy_from_slice(x);
    simd::run(AddMoments { r, x: copy, sums, n, scaled });
}

struct AddMoments<'a> {
    r: &'a [f64],
    x: &'a [f64],
    sums: &'a mut [f64],
    n: usize,
    /// r x of one component, an even number of rows `[n]`.
    scaled: &'a mut [f64],
}

/// Partial sums.
type Lanes = [f64; LOGICAL_LANES];

impl WithSimd for AddMoments<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let x = simd::vectors::<S>(self.x);
        let y = simd::vectors_mut::<S>(self.scaled);
        let count = self.n / S::F64_LANES;
        let dim = x.len() / count;
        let components = self.r.chunks_exact(self.n);
        for (r, sums) in components.zip(self.sums.chunks_exact_mut(moments_len(dim))) {
            let r = simd::vectors::<S>(r);
            let (first, second) = sums.split_at_mut(1 + dim);
            first[0] += total(s, r);
            for j in (0..dim).step_by(2) {
                // A last column without a partner is done twice.
                let pair = [column(x, count, j), column(x, count, (j + 1).min(dim - 1))];
                let sums = scale(s, r, pair, &mut y[j * count..][..2 * count]);
                for (sum, first) in sums.into_iter().zip(&mut first[1 + j..]) {
                    *first += tree_sum(sum);
                }
            }
            for j in (0..dim).step_by(2) {
                let left = [column(y, count, j), column(y, count, j + 1)];
                for l in (0..(j + 2).min(dim)).step_by(3) {
                    let (second_of, third) = ((l + 1).min(dim - 1), (l + 2).min(dim - 1));
                    let right =
                        [column(x, count, l), column(x, count, second_of), column(x, count, third)];
                    let sums = products(s, left, right);
                    for (j, sums) in (j..dim).zip(sums) {
                        for (l, sum) in (l..=j).zip(sums) {
                            second[j * (j + 1) / 2 + l] += tree_sum(sum);
                        }
                    }
                }
            }
        }
    }
}

/// Column j of columns `[n]` of so many registers. (By `map` over an array of columns it would be a
/// call, compiled without the kernel's instruction set.)
#[inline(always)]
fn column<T>(columns: &[T], count: usize, j: usize) -> &[T] {
    &columns[j * count..][..count]
}

/// Registers that hold the logical lanes together, in steps of [`SIDE_BY_SIDE`].
#[inline(always)]
fn groups<S: Simd>() -> (std::iter::StepBy<std::ops::Range<usize>>, usize) {
    let width = LOGICAL_LANES / S::F64_LANES;
    ((0..width).step_by(SIDE_BY_SIDE), width)
}

/// Σ r.
#[inline(always)]
fn total<S: Simd>(s: S, r: &[S::f64s]) -> f64 {
    let mut lanes: Lanes = [0.0; LOGICAL_LANES];
    let (groups, width) = groups::<S>();
    for group in groups {
        let mut sum = Pack::<S, SIDE_BY_SIDE>::splat(s, 0.0);
        for i in (group..r.len()).step_by(width) {
            sum = sum + Pack::load(s, r, i);
        }
        sum.store(simd::vectors_mut::<S>(&mut lanes), group);
    }
    tree_sum(lanes)
}

/// y `[2][n]` <- r x of two columns `[n]`, and their partial sums.
#[inline(always)]
fn scale<S: Simd>(s: S, r: &[S::f64s], x: [&[S::f64s]; 2], y: &mut [S::f64s]) -> [Lanes; 2] {
    let mut lanes = [[0.0; LOGICAL_LANES]; 2];
    let (y0, y1) = y.split_at_mut(r.len());
    let (groups, width) = groups::<S>();
    for group in groups {
        let zero = Pack::<S, SIDE_BY_SIDE>::splat(s, 0.0);
        let (mut sum0, mut sum1) = (zero, zero);
        let from = x[0].chunks_exact(width).zip(x[1].chunks_exact(width));
        let to = y0.chunks_exact_mut(width).zip(y1.chunks_exact_mut(width));
        for ((r, x), y) in r.chunks_exact(width).zip(from).zip(to) {
            let r = Pack::<S, SIDE_BY_SIDE>::load(s, r, group);
            let (a, b) = (r * Pack::load(s, x.0, group), r * Pack::load(s, x.1, group));
            a.store(y.0, group);
            b.store(y.1, group);
            (sum0, sum1) = (sum0 + a, sum1 + b);
        }
        sum0.store(simd::vectors_mut::<S>(&mut lanes[0]), group);
        sum1.store(simd::vectors_mut::<S>(&mut lanes[1]), group);
    }
    lanes
}

/// The partial sums of y x for two columns y and three columns x.
#[inline(always)]
fn products<S: Simd>(s: S, y: [&[S::f64s]; 2], x: [&[S::f64s]; 3]) -> [[Lanes; 3]; 2] {
    let mut lanes = [[[0.0; LOGICAL_LANES]; 3]; 2];
    let (groups, width) = groups::<S>();
    for group in groups {
        let mut sums = [[Pack::<S, SIDE_BY_SIDE>::splat(s, 0.0); 3]; 2];
        // Pieces of a length that the compiler knows need no check of each load.
        let left = y[0].chunks_exact(width).zip(y[1].chunks_exact(width));
        let right = x[0].chunks_exact(width).zip(x[1].chunks_exact(width));
        for ((y, x), last) in left.zip(right).zip(x[2].chunks_exact(width)) {
            let y = [Pack::<S, SIDE_BY_SIDE>::load(s, y.0, group), Pack::load(s, y.1, group)];
            for (l, x) in [x.0, x.1, last].into_iter().enumerate() {
                let x = Pack::<S, SIDE_BY_SIDE>::load(s, x, group);
                for j in 0..2 {
                    sums[j][l] = x.mul_add(y[j], sums[j][l]);
                }
            }
        }
        for j in 0..2 {
            for l in 0..3 {
                sums[j][l].store(simd::vectors_mut::<S>(&mut lanes[j][l]), group);
            }
        }
    }
    lanes
}
