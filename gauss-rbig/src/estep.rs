//! The expectation step of EM, vectorised over points.
//!
//! For points u_j with weights w_j and components k the step needs, with
//! t_jk = (u_j - μ_k)/σ_k and e_jk = π_k φ(t_jk)/σ_k,
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

use crate::exp2::exp2;
use gauss_math::simd::{self, LOGICAL_LANES, Pack, SIDE_BY_SIDE, tree_sum};
use pulp::{Simd, WithSimd};
use std::f64::consts::LOG2_E;

/// Points a chunk.
const CHUNK: usize = 256;
/// Below this a density is computed again in logarithms.
const TINY: f64 = 1e-250;

/// Points, padded with weight zero to a whole number of [`LOGICAL_LANES`].
#[derive(Debug, Clone)]
pub(crate) struct Padded {
    pub u: Vec<f64>,
    pub weight: Vec<f64>,
    /// Σ weight.
    pub total: f64,
}

impl Padded {
    pub fn new(mut u: Vec<f64>, mut weight: Vec<f64>) -> Self {
        let total = weight.iter().sum();
        let length = u.len().next_multiple_of(LOGICAL_LANES);
        let last = u.last().copied().unwrap_or(0.0);
        u.resize(length, last);
        weight.resize(length, 0.0);
        Self { u, weight, total }
    }
}

/// One component as the kernel wants it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Component {
    pub mean: f64,
    /// 1/σ
    pub precision: f64,
    /// ln π - ln σ - ½ ln 2π
    pub log_factor: f64,
}

impl Component {
    fn log_density(self, u: f64) -> f64 {
        let t = (u - self.mean) * self.precision;
        self.log_factor - 0.5 * t * t
    }
}

/// What the step returns for one component: Σ r, Σ r t, Σ r t².
pub(crate) type Sums = [f64; 3];

/// Buffers of the step; no allocation after the first.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    /// [K][CHUNK]
    e: Vec<f64>,
    /// [K][3][LOGICAL_LANES]
    lanes: Vec<[[f64; LOGICAL_LANES]; 3]>,
    /// [K]
    pub sums: Vec<Sums>,
}

/// Runs the step over all points. Fills `work.sums` [K]; returns Σ w ln p.
pub(crate) fn e_step(points: &Padded, components: &[Component], work: &mut Workspace) -> f64 {
    work.e.resize(components.len() * CHUNK, 0.0);
    work.lanes.clear();
    work.lanes.resize(components.len(), [[0.0; LOGICAL_LANES]; 3]);
    let log_likelihood = simd::run(Step { points, components, work });
    work.sums.clear();
    work.sums.extend(work.lanes.iter().map(|l| [tree_sum(l[0]), tree_sum(l[1]), tree_sum(l[2])]));
    log_likelihood
}

struct Step<'a> {
    points: &'a Padded,
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
        for (u, weight) in points.u.chunks(CHUNK).zip(points.weight.chunks(CHUNK)) {
            let n = u.len();
            let total = &mut total[..n];
            densities(s, u, components, &mut work.e, total);
            // Negated so that NaN, too, takes the careful path.
            let rescued = !total.iter().all(|&p| p >= TINY);
            if rescued {
                rescue(u, components, &mut work.e, total, &mut shift[..n]);
            }
            if rescued {
                for (l, (w, m)) in weight.iter().zip(&shift[..n]).enumerate() {
                    log_likelihood[l % LOGICAL_LANES] += w * m;
                }
            }
            normalise(s, weight, total, &mut log_likelihood);
            for ((component, e), lanes) in
                components.iter().zip(work.e.chunks_exact(CHUNK)).zip(&mut work.lanes)
            {
                moments(s, u, *component, &e[..n], total, lanes);
            }
        }
        tree_sum(log_likelihood)
    }
}

/// e [K][CHUNK] and total [n]: overwritten.
#[inline(always)]
fn densities<S: Simd>(s: S, u: &[f64], components: &[Component], e: &mut [f64], total: &mut [f64]) {
    let u = S::as_simd_f64s(u).0;
    let total = S::as_mut_simd_f64s(total).0;
    for (k, (c, e)) in components.iter().zip(e.chunks_exact_mut(CHUNK)).enumerate() {
        let e = S::as_mut_simd_f64s(e).0;
        // log₂ e = log₂(π/(σ√2π)) - (t √(½ log₂ e))²
        let precision = c.precision * (0.5 * LOG2_E).sqrt();
        let factor = c.log_factor * LOG2_E;
        for i in (0..u.len()).step_by(SIDE_BY_SIDE) {
            let t = (Pack::<S, SIDE_BY_SIDE>::load(s, u, i) - c.mean) * precision;
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
    u: &[f64],
    components: &[Component],
    e: &mut [f64],
    total: &mut [f64],
    shift: &mut [f64],
) {
    for (j, &u) in u.iter().enumerate() {
        shift[j] = 0.0;
        if total[j] >= TINY {
            continue;
        }
        let largest = components.iter().map(|c| c.log_density(u)).fold(f64::NEG_INFINITY, f64::max);
        shift[j] = largest;
        total[j] = 0.0;
        for (k, c) in components.iter().enumerate() {
            e[k * CHUNK + j] = (c.log_density(u) - largest).exp();
            total[j] += e[k * CHUNK + j];
        }
    }
}

/// total [n]: becomes w/total. log_likelihood: ADDED to.
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
    u: &[f64],
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
    let precision = s.splat_f64s(c.precision);
    let u = S::as_simd_f64s(u).0.chunks_exact(width);
    let e = S::as_simd_f64s(e).0.chunks_exact(width);
    let ratio = S::as_simd_f64s(ratio).0.chunks_exact(width);
    // Partial sums live in registers over the chunk; unused entries vanish.
    let zero = s.splat_f64s(0.0);
    let mut acc = [[zero; 3]; LOGICAL_LANES];
    for lane in 0..width {
        acc[lane] = [s0[lane], s1[lane], s2[lane]];
    }
    for ((u, e), ratio) in u.zip(e).zip(ratio) {
        for lane in 0..width {
            let t = s.mul_f64s(s.sub_f64s(u[lane], mean), precision);
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

#[cfg(test)]
mod tests {
    use super::*;
    use gauss_math::simd::Backend;

    /// Scalar code without fused multiply-add, over some thousand terms.
    const SCALAR_TOL: f64 = 1e-11;

    fn problem() -> (Padded, Vec<Component>) {
        // The last points are so far out that every density underflows.
        let mut u: Vec<f64> =
            (0..1000).map(|i| (f64::from(i) * 0.618).fract() * 8.0 - 4.0).collect();
        u.extend([60.0, -1e9]);
        let weight = (0..u.len()).map(|i| 1.0 + (i % 3) as f64).collect();
        let component = |k: i32| {
            let (mean, sigma) = (f64::from(k) - 2.0, 0.3 + 0.1 * f64::from(k));
            let log_factor = 0.2_f64.ln() - sigma.ln() - 0.5 * std::f64::consts::TAU.ln();
            Component { mean, precision: 1.0 / sigma, log_factor }
        };
        (Padded::new(u, weight), (0..5).map(component).collect())
    }

    fn on(backend: Backend) -> (f64, Vec<f64>) {
        let (points, components) = problem();
        let mut work = Workspace {
            e: vec![0.0; components.len() * CHUNK],
            lanes: vec![[[0.0; LOGICAL_LANES]; 3]; components.len()],
            sums: vec![],
        };
        let step = Step { points: &points, components: &components, work: &mut work };
        let log_likelihood = backend.run(step);
        (log_likelihood, work.lanes.into_iter().flatten().map(tree_sum).collect())
    }

    #[test]
    fn equals_the_definition() {
        let (points, components) = problem();
        let mut log_likelihood = 0.0;
        let mut sums = vec![0.0; 3 * components.len()];
        for (&u, &w) in points.u.iter().zip(&points.weight) {
            let log: Vec<f64> = components.iter().map(|c| c.log_density(u)).collect();
            let largest = log.iter().fold(f64::NEG_INFINITY, |a, &b| a.max(b));
            let total: f64 = log.iter().map(|l| (l - largest).exp()).sum();
            log_likelihood += w * (largest + total.ln());
            for (k, c) in components.iter().enumerate() {
                let r = w * (log[k] - largest).exp() / total;
                let t = (u - c.mean) * c.precision;
                for (power, term) in [r, r * t, r * t * t].into_iter().enumerate() {
                    sums[3 * k + power] += term;
                }
            }
        }
        let mut work = Workspace::default();
        let got = e_step(&points, &components, &mut work);
        assert!((got / log_likelihood - 1.0).abs() < SCALAR_TOL);
        for (got, want) in work.sums.iter().flatten().zip(&sums) {
            assert!((got - want).abs() <= SCALAR_TOL * want.abs().max(1.0), "{got} {want}");
        }
    }

    #[test]
    fn the_same_bits_on_every_vector_width() {
        let backends = Backend::all();
        let (scalar, vector) = backends.split_last().expect("there is scalar code");
        let reference = on(*scalar);
        for pair in vector.windows(2) {
            assert_eq!(on(pair[0]), on(pair[1]), "{} {}", pair[0].name(), pair[1].name());
        }
        for backend in vector {
            let got = on(*backend);
            assert!((got.0 / reference.0 - 1.0).abs() < SCALAR_TOL, "{}", backend.name());
        }
    }
}
