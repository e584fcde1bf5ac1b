//! The expectation step of EM for a mixture of normals in one dimension, vectorised over points.
//!
//! For points x_j with weights w_j and components k the step needs, with
//! t_jk = (x_j - μ_k)/σ_k and e_jk = π_k φ(t_jk)/σ_k,
//!
//! - the log-likelihood Σ_j w_j ln Σ_k e_jk, and
//! - with the responsibilities r_jk = w_j e_jk/Σ_l e_jl, for each component the sums
//!   Σ_j r_jk, Σ_j r_jk t_jk and Σ_j r_jk t_jk².
//!
//! The moments are taken about the present parameters, so a narrow component far from the
//! origin loses no digits. Points go in chunks that stay in the first-level cache, in three
//! passes: the e_jk; their sum over k, its logarithm and reciprocal; the sums. Where every e_jk
//! underflows the point takes a scalar path that divides by the largest first.
//!
//! Lanes are points, parameters are broadcast. Sums are kept in [`LOGICAL_LANES`] partial sums
//! on any register width: AVX2 and AVX-512 give the same bits.
//!
//! ```
//! use gauss_math::expectation::{Component, Points, Workspace, e_step};
//!
//! // Two groups, about -2 and 3; ten iterations of EM from a rough guess (the maximisation step
//! // is yours: here plain maximum likelihood).
//! let x: Vec<f64> = (0..100).map(|i| if i < 30 { -2.0 } else { 3.0 } + (i as f64).sin()).collect();
//! let points = Points::new(x, vec![1.0; 100]);
//! let (mut weights, mut means, mut sigmas) = ([0.5, 0.5], [-1.0, 1.0], [1.0, 1.0]);
//! let mut work = Workspace::default();
//! for _ in 0..10 {
//!     let components = [0, 1].map(|k| Component::new(weights[k], means[k], sigmas[k]));
//!     e_step(&points, &components, &mut work);
//!     for (k, sums) in work.sums().iter().enumerate() {
//!         let (first, second) = (sums.first / sums.count, sums.second / sums.count);
//!         weights[k] = sums.count / points.total();
//!         means[k] += sigmas[k] * first;
//!         sigmas[k] *= (second - first * first).sqrt();
//!     }
//! }
//! assert!((weights[0] - 0.3).abs() < 0.01 && (means[1] - 3.0).abs() < 0.1);
//! ```

mod exp2;

use crate::simd::{self, LOGICAL_LANES, Pack, SIDE_BY_SIDE, tree_sum};
use exp2::exp2;
use pulp::{Simd, WithSimd};
use std::f64::consts::LOG2_E;

/// Points a chunk.
const CHUNK: usize = 256;
/// Below this a density is computed again in logarithms.
const TINY: f64 = 1e-250;

/// Points with weights.
#[derive(Debug, Clone)]
pub struct Points {
    /// Padded with weight zero to a whole number of [`LOGICAL_LANES`], as is `weight`.
    x: Vec<f64>,
    weight: Vec<f64>,
    len: usize,
    total: f64,
}

impl Points {
    /// Finite points and their weights >= 0, `[n]` each; n may be 0.
    ///
    /// # Panics
    /// When the lengths differ.
    #[must_use]
    pub fn new(mut x: Vec<f64>, mut weight: Vec<f64>) -> Self {
        assert_eq!(x.len(), weight.len(), "a weight for each point");
        let (len, total) = (x.len(), weight.iter().sum());
        let padded = len.next_multiple_of(LOGICAL_LANES);
        let last = x.last().copied().unwrap_or(0.0);
        x.resize(padded, last);
        weight.resize(padded, 0.0);
        Self { x, weight, len, total }
    }

    /// The points `[n]`.
    #[must_use]
    pub fn x(&self) -> &[f64] {
        &self.x[..self.len]
    }

    /// Their weights `[n]`.
    #[must_use]
    pub fn weights(&self) -> &[f64] {
        &self.weight[..self.len]
    }

    /// The sum of the weights.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.total
    }
}

/// One component as the kernel wants it.
#[derive(Debug, Clone, Copy)]
pub struct Component {
    mean: f64,
    inv_sigma: f64,
    /// ln π - ln σ - ½ ln 2π
    log_factor: f64,
}

impl Component {
    /// From π in \[0, 1\], μ and σ > 0.
    #[must_use]
    pub fn new(weight: f64, mean: f64, sigma: f64) -> Self {
        let log_factor = weight.ln() - sigma.ln() - 0.5 * std::f64::consts::TAU.ln();
        Self { mean, inv_sigma: 1.0 / sigma, log_factor }
    }

    fn log_density(self, x: f64) -> f64 {
        let t = (x - self.mean) * self.inv_sigma;
        self.log_factor - 0.5 * t * t
    }
}

/// What the step returns for one component.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sums {
    /// Σ r, the component's share of the total weight.
    pub count: f64,
    /// Σ r t
    pub first: f64,
    /// Σ r t²
    pub second: f64,
}

/// Buffers of the step; no allocation after the first with as many components.
#[derive(Debug, Default)]
pub struct Workspace {
    /// `[K][CHUNK]`
    e: Vec<f64>,
    /// `[K][3][LOGICAL_LANES]`
    lanes: Vec<[[f64; LOGICAL_LANES]; 3]>,
    /// `[K]`
    sums: Vec<Sums>,
}

impl Workspace {
    /// The sums of the last step `[K]`.
    #[must_use]
    pub fn sums(&self) -> &[Sums] {
        &self.sums
    }
}

/// Runs the step over all points: fills [`Workspace::sums`] and returns the log-likelihood
/// Σ w ln p, in nats. Exponentials are good to 3·10⁻¹⁴ relative, and so are the sums.
///
/// # Panics
/// When there is no component.
pub fn e_step(points: &Points, components: &[Component], work: &mut Workspace) -> f64 {
    assert!(!components.is_empty(), "a mixture has components");
    work.e.resize(components.len() * CHUNK, 0.0);
    work.lanes.clear();
    work.lanes.resize(components.len(), [[0.0; LOGICAL_LANES]; 3]);
    let log_likelihood = simd::run(Step { points, components, work });
    work.sums.clear();
    work.sums.extend(work.lanes.iter().map(|lanes| {
        let [count, first, second] = lanes.map(tree_sum);
        Sums { count, first, second }
    }));
    log_likelihood
}

struct Step<'a> {
    points: &'a Points,
    components: &'a [Component],
    work: &'a mut Workspace,
}

impl WithSimd for Step<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) -> f64 {
        let Self { points, components, work } = self;
        let mut log_likelihood = [0.0; LOGICAL_LANES];
        let mut total = [0.0; CHUNK];
        let mut shift = [0.0; CHUNK];
        for (x, weight) in points.x.chunks(CHUNK).zip(points.weight.chunks(CHUNK)) {
            let n = x.len();
            let total = &mut total[..n];
            densities(s, x, components, &mut work.e, total);
            // Negated so that NaN, too, takes the careful path.
            let rescued = !total.iter().all(|&p| p >= TINY);
            if rescued {
                rescue(x, components, &mut work.e, total, &mut shift[..n]);
                for (l, (w, m)) in weight.iter().zip(&shift[..n]).enumerate() {
                    log_likelihood[l % LOGICAL_LANES] += w * m;
                }
            }
            normalise(s, weight, total, &mut log_likelihood);
            for ((component, e), lanes) in
                components.iter().zip(work.e.chunks_exact(CHUNK)).zip(&mut work.lanes)
            {
                moments(s, x, *component, &e[..n], total, lanes);
            }
        }
        tree_sum(log_likelihood)
    }
}

/// e `[K][CHUNK]` and total `[n]`: overwritten.
#[inline(always)]
fn densities<S: Simd>(s: S, x: &[f64], components: &[Component], e: &mut [f64], total: &mut [f64]) {
    let x = S::as_simd_f64s(x).0;
    let total = S::as_mut_simd_f64s(total).0;
    for (k, (c, e)) in components.iter().zip(e.chunks_exact_mut(CHUNK)).enumerate() {
        let e = S::as_mut_simd_f64s(e).0;
        // log₂ e = log₂(π/(σ√2π)) - (t √(½ log₂ e))²
        let inv_sigma = c.inv_sigma * (0.5 * LOG2_E).sqrt();
        let factor = c.log_factor * LOG2_E;
        for i in (0..x.len()).step_by(SIDE_BY_SIDE) {
            let t = (Pack::<S, SIDE_BY_SIDE>::load(s, x, i) - c.mean) * inv_sigma;
            let density = exp2((-t).mul_add(t, factor));
            density.store(e, i);
            let sum = if k == 0 { density } else { density + Pack::load(s, total, i) };
            sum.store(total, i);
        }
    }
}

/// For points whose density underflows: e and total relative to the largest term, whose
/// logarithm goes to `shift` (0 for all other points).
#[cold]
#[inline(never)]
fn rescue(
    x: &[f64],
    components: &[Component],
    e: &mut [f64],
    total: &mut [f64],
    shift: &mut [f64],
) {
    for (j, &x) in x.iter().enumerate() {
        shift[j] = 0.0;
        if total[j] >= TINY {
            continue;
        }
        let largest = components.iter().map(|c| c.log_density(x)).fold(f64::NEG_INFINITY, f64::max);
        shift[j] = largest;
        total[j] = 0.0;
        for (k, c) in components.iter().enumerate() {
            e[k * CHUNK + j] = (c.log_density(x) - largest).exp();
            total[j] += e[k * CHUNK + j];
        }
    }
}

/// total `[n]`: becomes w/total. log_likelihood: ADDED to.
#[inline(always)]
fn normalise<S: Simd>(
    s: S,
    weight: &[f64],
    total: &mut [f64],
    log_likelihood: &mut [f64; LOGICAL_LANES],
) {
    let weight = S::as_simd_f64s(weight).0;
    let total = S::as_mut_simd_f64s(total).0;
    let acc = S::as_mut_simd_f64s(log_likelihood).0;
    let width = acc.len();
    for (w, p) in weight.chunks_exact(width).zip(total.chunks_exact_mut(width)) {
        for lane in 0..width {
            let [ln] = simd::ln(Pack::new(s, [p[lane]])).registers();
            acc[lane] = s.mul_add_e_f64s(w[lane], ln, acc[lane]);
            p[lane] = s.div_f64s(w[lane], p[lane]);
        }
    }
}

/// lanes: ADDED to.
#[inline(always)]
fn moments<S: Simd>(
    s: S,
    x: &[f64],
    c: Component,
    e: &[f64],
    ratio: &[f64],
    lanes: &mut [[f64; LOGICAL_LANES]; 3],
) {
    let [s0, s1, s2] = lanes;
    let (s0, s1, s2) =
        (S::as_mut_simd_f64s(s0).0, S::as_mut_simd_f64s(s1).0, S::as_mut_simd_f64s(s2).0);
    let width = LOGICAL_LANES / S::F64_LANES;
    let mean = s.splat_f64s(c.mean);
    let inv_sigma = s.splat_f64s(c.inv_sigma);
    let x = S::as_simd_f64s(x).0.chunks_exact(width);
    let e = S::as_simd_f64s(e).0.chunks_exact(width);
    let ratio = S::as_simd_f64s(ratio).0.chunks_exact(width);
    // Partial sums live in registers over the chunk; unused entries vanish.
    let zero = s.splat_f64s(0.0);
    let mut acc = [[zero; 3]; LOGICAL_LANES];
    for lane in 0..width {
        acc[lane] = [s0[lane], s1[lane], s2[lane]];
    }
    for ((x, e), ratio) in x.zip(e).zip(ratio) {
        for lane in 0..width {
            let t = s.mul_f64s(s.sub_f64s(x[lane], mean), inv_sigma);
            let r = s.mul_f64s(e[lane], ratio[lane]);
            let rt = s.mul_f64s(r, t);
            acc[lane][0] = s.add_f64s(acc[lane][0], r);
            acc[lane][1] = s.add_f64s(acc[lane][1], rt);
            acc[lane][2] = s.mul_add_e_f64s(rt, t, acc[lane][2]);
        }
    }
    for lane in 0..width {
        [s0[lane], s1[lane], s2[lane]] = acc[lane];
    }
}
