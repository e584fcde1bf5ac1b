//! The Knothe-Rosenblatt map of a mixture of normals with full covariances, frozen: a mixture fitted by
//! EM as a flow.
//!
//! Component k has weight w_k = softmax(logits)_k, mean m_k and covariance L_k L_kᵀ, given by
//! A_k = L_k⁻¹, lower triangular with ln A_k,ii = δ_ki. With u_k = A_k (x - m_k), of which u_ki depends on
//! x_1, ..., x_i alone,
//!
//! ```text
//! a_k1 = ln w_k,   a_k,i+1 = a_ki + δ_ki - u_ki²/2,   γ_·i = softmax_k a_·i,
//! F_i = Σ_k γ_ki Φ(u_ki),   z_i = Φ⁻¹(F_i),
//! ```
//!
//! which is column i's conditional distribution given the columns before it
//! ([`gauss_math::conditional`]), and
//!
//! ```text
//! log_det + log N(z; 0, I) = ln p(x) = ln Σ_k exp(a_k,d+1) - d/2 ln 2π,
//! ```
//!
//! which needs neither Φ nor Φ⁻¹: where the layer is the flow's last, log p is made this way.
//!
//! The running weights are shifted by what leaves γ as it is: u² enters less the row's smallest, so
//! that one weight at least is finite however far out the row is.
//!
//! Backwards, ∂L/∂a_ki comes from z_i and log_det and from a_k,i+1, and ū_ki is what the kernel
//! says less u_ki ∂L/∂a_k,i+1; x̄ = Σ_k A_kᵀ ū_k. The way to the data finds x_i from z_i dimension by dimension:
//! given x_1, ..., x_{i-1}, component k is a normal of σ = e^(-δ_ki).
//!
//! Per row K d kernel terms and K d (d + 1)/2 multiply-adds; ln p alone the latter, and K exponentials.
//!
//! Sources: Rosenblatt, Remarks on a multivariate transformation (1952); Knothe (1957).

mod columns;
mod density;

use super::BoundLayer;
use crate::error::InvalidLayer;
use crate::layer::{Layer, Pass, as_block, check_log_scales, counted, room};
use columns::Columns;
use gauss_math::conditional::{Conditional, Gradient, InverseWork, invert};
use gauss_math::mixture::MAX_ABS_LOG_SIGMA;
use gauss_math::normal::HALF_LN_2PI;
use gauss_math::simd::LOGICAL_LANES;
use gauss_math::triangular;

pub(crate) struct Shape {
    pub components: usize,
}

impl crate::layer::Shape for Shape {
    fn name(&self) -> &'static str {
        "rosenblatt"
    }

    fn describe(&self) -> String {
        format!("{} with full covariances", counted(self.components, "normal"))
    }

    fn n_params(&self, dim: usize) -> usize {
        let strict = dim.saturating_mul(dim.saturating_sub(1)) / 2;
        let each = dim.saturating_mul(2).saturating_add(strict).saturating_add(1);
        self.components.saturating_mul(each)
    }

    fn n_trainable(&self, _: usize) -> usize {
        0
    }

    fn validate(&self, dim: usize, params: &[f64]) -> Result<(), InvalidLayer> {
        if self.components == 0 {
            return Err(InvalidLayer::NoComponents);
        }
        let numbers = Numbers::of(params, self.components, dim);
        check_log_scales(numbers.log_diagonals, MAX_ABS_LOG_SIGMA)
    }

    fn bind(&self, dim: usize) -> BoundLayer {
        BoundLayer::Rosenblatt(Rosenblatt {
            dim,
            components: vec![Component::default(); self.components],
        })
    }
}

/// The layer's parameters.
struct Numbers<'a> {
    /// `[K]`
    logits: &'a [f64],
    /// `[K][d]`
    means: &'a [f64],
    /// δ `[K][d]`
    log_diagonals: &'a [f64],
    /// A below its diagonal, row by row, `[K][d (d - 1)/2]`.
    strict: &'a [f64],
}

impl<'a> Numbers<'a> {
    fn of(params: &'a [f64], components: usize, dim: usize) -> Self {
        let (logits, rest) = params.split_at(components);
        let (means, rest) = rest.split_at(components * dim);
        let (log_diagonals, strict) = rest.split_at(components * dim);
        Self { logits, means, log_diagonals, strict }
    }
}

#[derive(Clone, Debug, Default)]
struct Component {
    log_weight: f64,
    /// `[d]`
    means: Vec<f64>,
    /// δ `[d]`
    log_diagonal: Vec<f64>,
    /// A with its diagonal, row by row, `[d (d + 1)/2]`.
    triangle: Vec<f64>,
    /// ln w + Σ δ - d/2 ln 2π: ln w p_k(x) where u = 0.
    log_peak: f64,
}

impl Component {
    /// Row i of A, up to the diagonal.
    fn row(&self, i: usize) -> &[f64] {
        &self.triangle[i * (i + 1) / 2..][..=i]
    }

    /// u_i `[n]`: overwritten, for x `[d][n]`.
    fn standardise(&self, i: usize, x: &[f64], u: &mut [f64]) {
        triangular::row(self.row(i), &self.means[..=i], &x[..(i + 1) * u.len()], u);
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Rosenblatt {
    dim: usize,
    components: Vec<Component>,
}

impl Rosenblatt {
    fn k(&self) -> usize {
        self.components.len()
    }

    /// The columns before the first dimension.
    fn begin(&self, columns: &mut Columns<'_>) {
        let n = columns.least.len();
        for (a, c) in columns.log_weights.chunks_exact_mut(n).zip(&self.components) {
            a.fill(c.log_weight);
        }
    }

    /// u and the slopes of dimension i.
    fn enter(&self, i: usize, x: &[f64], columns: &mut Columns<'_>) {
        let n = columns.least.len();
        let arrays = columns.u.chunks_exact_mut(n).zip(columns.log_slopes.chunks_exact_mut(n));
        for ((u, log_slopes), c) in arrays.zip(&self.components) {
            c.standardise(i, x, u);
            log_slopes.fill(c.log_diagonal[i]);
        }
    }

    /// Numbers of tape per dimension and row: a, u, and the kernel's.
    fn tape_len(&self) -> usize {
        2 * self.k() + Conditional::tape_len(self.k())
    }

    /// work: `[Columns::len]`.
    fn map(&self, x: &[f64], z: &mut [f64], log_det: &mut [f64], work: &mut [f64]) {
        let n = log_det.len();
        let mut columns = Columns::of(work, self.k(), n);
        self.begin(&mut columns);
        for (i, z) in z.chunks_exact_mut(n).enumerate() {
            self.enter(i, x, &mut columns);
            columns.rows().forward(z, log_det);
            columns.advance();
        }
    }
}

impl Layer for Rosenblatt {
    /// Parameters: logits `[K]`, means `[K][d]`, ln diag A `[K][d]`, strict A `[K][d (d - 1)/2]`.
    fn set(&mut self, params: &[f64]) {
        let d = self.dim;
        let numbers = Numbers::of(params, self.k(), d);
        let top = numbers.logits.iter().fold(f64::NEG_INFINITY, |m, l| m.max(*l));
        let sum: f64 = numbers.logits.iter().map(|l| libm::exp(l - top)).sum();
        let log_sum = libm::log(sum);
        for (k, c) in self.components.iter_mut().enumerate() {
            c.log_weight = numbers.logits[k] - top - log_sum;
            c.means.clear();
            c.means.extend_from_slice(&numbers.means[k * d..][..d]);
            c.log_diagonal.clear();
            c.log_diagonal.extend_from_slice(&numbers.log_diagonals[k * d..][..d]);
            let strict = &numbers.strict[k * (d * (d - 1) / 2)..];
            c.triangle.clear();
            for (i, log) in c.log_diagonal.iter().enumerate() {
                c.triangle.extend_from_slice(&strict[i * i.saturating_sub(1) / 2..][..i]);
                c.triangle.push(libm::exp(*log));
            }
            let log_det: f64 = c.log_diagonal.iter().sum();
            c.log_peak = c.log_weight + (log_det - d as f64 * HALF_LN_2PI);
        }
    }

    fn forward(
        &self,
        x: &[f64],
        _: &[f64],
        z: &mut [f64],
        log_det: &mut [f64],
        work: &mut Vec<f64>,
    ) {
        self.map(x, z, log_det, room(work, Columns::len(self.k(), log_det.len())));
    }

    fn forward_row(
        &self,
        x: &[f64],
        context: &[f64],
        z: &mut [f64],
        log_det: &mut f64,
        work: &mut Vec<f64>,
    ) {
        let len = Columns::len(self.k(), LOGICAL_LANES);
        as_block((x, context), z, log_det, work, len, |(x, _), (z, log_det), work| {
            self.map(x, z, log_det, work);
        });
    }

    fn inverse(&self, z: &[f64], _: &[f64], x: &mut [f64], n: usize, work: &mut Vec<f64>) {
        let k = self.k();
        let work = room(work, Columns::len(k, n) + 2 * k * n);
        let (columns, rest) = work.split_at_mut(Columns::len(k, n));
        let (means, log_sigmas) = rest.split_at_mut(k * n);
        let mut columns = Columns::of(columns, k, n);
        let mut inverse_work = InverseWork::default();
        self.begin(&mut columns);
        for (i, z) in z.chunks_exact(n).enumerate() {
            let (before, rest) = x.split_at_mut(i * n);
            let arrays = means.chunks_exact_mut(n).zip(log_sigmas.chunks_exact_mut(n));
            for ((means, log_sigmas), c) in arrays.zip(&self.components) {
                let (row, sigma) = (c.row(i), libm::exp(-c.log_diagonal[i]));
                triangular::row(&row[..i], &c.means[..i], before, means);
                for m in means.iter_mut() {
                    *m = c.means[i] - sigma * *m;
                }
                log_sigmas.fill(-c.log_diagonal[i]);
            }
            let x_i = &mut rest[..n];
            invert(columns.log_weights, means, log_sigmas, z, x_i, &mut inverse_work);
            self.enter(i, x, &mut columns);
            columns.advance();
        }
    }

    fn forward_with_tape(
        &self,
        x: &[f64],
        _: &[f64],
        z: &mut [f64],
        log_det: &mut [f64],
        tape: &mut Vec<f64>,
        work: &mut Vec<f64>,
    ) {
        let (n, k) = (log_det.len(), self.k());
        let tape = room(tape, self.tape_len() * self.dim * n);
        let mut columns = Columns::of(room(work, Columns::len(k, n)), k, n);
        self.begin(&mut columns);
        let tapes = tape.chunks_exact_mut(self.tape_len() * n);
        for (i, (z, tape)) in z.chunks_exact_mut(n).zip(tapes).enumerate() {
            self.enter(i, x, &mut columns);
            let (log_weights, rest) = tape.split_at_mut(k * n);
            let (u, kernel) = rest.split_at_mut(k * n);
            log_weights.copy_from_slice(columns.log_weights);
            u.copy_from_slice(columns.u);
            columns.rows().forward_with_tape(z, log_det, kernel);
            columns.advance();
        }
    }

    fn backward(
        &self,
        pass: Pass<'_>,
        tape: &[f64],
        x_bar: &mut [f64],
        _: &mut [f64],
        work: &mut Vec<f64>,
        _: &mut [f64],
    ) {
        let (n, len) = (pass.log_det_bar.len(), self.k() * pass.log_det_bar.len());
        let (log_slopes, rest) = room(work, 5 * len).split_at_mut(len);
        let (later, rest) = rest.split_at_mut(len); // ∂L/∂a_·,i+1
        let (a_bar, rest) = rest.split_at_mut(len);
        let (u_bar, slope_bar) = rest.split_at_mut(len);
        later.fill(0.0);
        x_bar.fill(0.0);
        for i in (0..self.dim).rev() {
            let column = i * n..(i + 1) * n;
            let (log_weights, rest) = tape[i * self.tape_len() * n..].split_at(len);
            let (u, kernel) = rest.split_at(len);
            for (log_slopes, c) in log_slopes.chunks_exact_mut(n).zip(&self.components) {
                log_slopes.fill(c.log_diagonal[i]);
            }
            Conditional { log_weights, u, log_slopes }.backward(
                &pass.z[column.clone()],
                kernel,
                &pass.z_bar[column],
                pass.log_det_bar,
                &mut Gradient { log_weights: a_bar, u: u_bar, log_slopes: slope_bar },
            );
            for ((u_bar, u), later) in u_bar.iter_mut().zip(u).zip(&*later) {
                *u_bar -= u * later;
            }
            later.iter_mut().zip(&*a_bar).for_each(|(later, a_bar)| *later += a_bar);
            for (u_bar, c) in u_bar.chunks_exact(n).zip(&self.components) {
                triangular::add_row_transposed(c.row(i), u_bar, &mut x_bar[..(i + 1) * n]);
            }
        }
    }

    fn add_log_density(&self, x: &[f64], log_prob: &mut [f64], work: &mut Vec<f64>) -> bool {
        if let [log_prob] = log_prob {
            let len = self.density_work(LOGICAL_LANES);
            as_block((x, &[]), &mut [], log_prob, work, len, |(x, _), (_, log_prob), work| {
                self.add_density(x, log_prob, work);
            });
        } else {
            self.add_density(x, log_prob, room(work, self.density_work(log_prob.len())));
        }
        true
    }
}
