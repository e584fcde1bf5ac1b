//! z_i = Φ⁻¹(F_i(x_i)) where the mixture F_i depends on the earlier columns and on the context: an
//! autoregressive layer (Huang, Krueger, Lacoste & Courville, 2018) of mixture distribution functions.
//!
//! The columns come in their order, or in reverse. Of the p-th, component k of K has in each row
//!
//! ```text
//! (c^ℓ, c^u, c^e) = network(context, x before p)           0 at the start
//! g = ℓ + c^ℓ,   e = 3 tanh(c^e/3),   u = (x - μ) e^(e - λ) + c^u
//! F = Σ_k softmax(g)_k Φ(u_k)
//! ```
//!
//! With c = 0 it is the marginal map of the same ℓ, μ and λ = ln σ. The Jacobian is triangular:
//! log_det is the sum over the columns of ln dz/dx. The network sees asinh(x), and of the context
//! asinh((y - shift)/scale), so that a far value is no further out than its logarithm. Its masks are
//! in `masks.rs`, its passes in `network.rs`; the mixtures' arithmetic is
//! [`gauss_math::conditioner`]'s and [`gauss_math::conditional`]'s; `start.rs` has numbers to begin
//! with.
//!
//! **Parameters.** ℓ, μ, λ `[d][K]` each. Then the network, position by position: with u hidden units
//! that are new at position p (degree p), s = c + p inputs before it and t units up to there, W¹ `[u][s]`,
//! b¹ `[u]`, W² `[u][t]`, b² `[u]`, V `[3][K][t]`; masked weights are not stored, and V has no bias, since ℓ,
//! μ and λ are that. In one dimension without context there is no network. Last the context's shift
//! and ln scale `[c]` each, frozen.
//!
//! Per row, a pass costs about (d - 1) h/2 + h²/2 + 3 K d h/2 multiply-adds and K d kernel terms, the way
//! back twice as much, and the inverse one pass and d roots of mixtures.

mod masks;
mod network;
mod shape;
mod start;

pub(crate) use shape::Shape;
pub use start::{marginal_near_identity, params_for_marginal};

use crate::layer::{Layer, Pass, as_block, room};
use gauss_math::conditional::{Conditional, Gradient, InverseWork, invert};
use gauss_math::conditioner::{Base, Corrected, CorrectedBar, Sums, asinh};
use gauss_math::simd::LOGICAL_LANES;
use network::{Activations, Bars, Kept, Network};
use std::ops::Range;

#[derive(Clone, Debug)]
pub(crate) struct Conditioned {
    dim: usize,
    components: usize,
    context: usize,
    reversed: bool,
    /// ℓ, μ, λ `[d][K]` each.
    marginal: Vec<f64>,
    network: Network,
    /// Of the context `[c]`.
    shift: Vec<f64>,
    scale: Vec<f64>,
}

/// Arrays `[K][n]` of a row's mixture: g, u, ln s and s.
const ARRAYS: usize = 4;

impl Conditioned {
    /// The column at a position of the order.
    fn column(&self, position: usize) -> usize {
        if self.reversed { self.dim - 1 - position } else { position }
    }

    /// Where the numbers of a column are in each of ℓ, μ and λ.
    fn own(&self, column: usize) -> Range<usize> {
        column * self.components..(column + 1) * self.components
    }

    /// ℓ, μ, λ of a column.
    fn base(&self, column: usize) -> Base<'_> {
        let (logits, rest) = self.marginal.split_at(self.dim * self.components);
        let (means, log_sigmas) = rest.split_at(logits.len());
        let own = self.own(column);
        Base {
            logits: &logits[own.clone()],
            means: &means[own.clone()],
            log_sigmas: &log_sigmas[own],
        }
    }

    /// Numbers of tape per row and position: the mixture, and what its kernel keeps.
    fn per_position(&self) -> usize {
        ARRAYS * self.components + Conditional::tape_len(self.components)
    }

    /// Shows the network the context `[c][n]`: the first of its inputs.
    fn see_context(&self, context: &[f64], inputs: &mut [f64], n: usize) {
        let seen = &mut inputs[..self.context * n];
        let columns = context.chunks_exact(n).zip(seen.chunks_exact_mut(n));
        for ((y, seen), (shift, scale)) in columns.zip(self.shift.iter().zip(&self.scale)) {
            seen.iter_mut().zip(y).for_each(|(seen, y)| *seen = (y - shift) / scale);
        }
        asinh(seen);
    }

    /// Shows the network the column at `position`, unless it is the last, which nobody sees.
    fn see(&self, position: usize, x: &[f64], inputs: &mut [f64]) {
        if position + 1 < self.dim {
            let n = x.len();
            let seen = &mut inputs[(self.context + position) * n..][..n];
            seen.copy_from_slice(x);
            asinh(seen);
        }
    }

    /// z and log_det of n rows, position by position.
    ///
    /// kept: the network's activations, then the mixture of each position and its kernel's tape; with
    /// `TAPE` side by side, without it one in place of the other. corrections `[3K][n]`.
    fn run<const TAPE: bool>(
        &self,
        (x, context): (&[f64], &[f64]),
        (z, log_det): (&mut [f64], &mut [f64]),
        kept: &mut [f64],
        corrections: &mut [f64],
    ) {
        let (n, k) = (log_det.len(), self.components);
        let masks = self.network.masks();
        let (activations, mixtures) = kept.split_at_mut(Activations::len(masks) * n);
        let mut at = Activations::of(masks, activations, n);
        self.see_context(context, at.inputs, n);
        let stride = if TAPE { self.per_position() * n } else { 0 };
        for position in 0..self.dim {
            let column = self.column(position);
            let x = &x[column * n..][..n];
            let z = &mut z[column * n..][..n];
            self.network.forward(position, &mut at, corrections, n);
            let (mixture, tape) = mixtures[position * stride..].split_at_mut(ARRAYS * k * n);
            self.base(column).correct(x, corrections, corrected(mixture));
            let rows = conditional(mixture);
            if TAPE {
                rows.forward_with_tape(z, log_det, tape);
            } else {
                rows.forward(z, log_det);
            }
            self.see(position, x, at.inputs);
        }
    }

    /// Numbers per row that `run` keeps without a tape, and its corrections.
    fn run_len(&self) -> usize {
        Activations::len(self.network.masks()) + (ARRAYS + 3) * self.components
    }
}

/// g, u, ln s and s, to write.
fn corrected(mixture: &mut [f64]) -> Corrected<'_> {
    let (logits, rest) = mixture.split_at_mut(mixture.len() / ARRAYS);
    let (u, rest) = rest.split_at_mut(logits.len());
    let (log_slopes, slopes) = rest.split_at_mut(logits.len());
    Corrected { logits, u, log_slopes, slopes }
}

/// The same for the kernel.
fn conditional(mixture: &[f64]) -> Conditional<'_> {
    let (log_weights, rest) = mixture.split_at(mixture.len() / ARRAYS);
    let (u, rest) = rest.split_at(log_weights.len());
    Conditional { log_weights, u, log_slopes: &rest[..u.len()] }
}

/// bar · d asinh(x)/dx
fn through_asinh(bar: f64, x: f64) -> f64 {
    bar / x.mul_add(x, 1.0).sqrt()
}

impl Layer for Conditioned {
    /// Parameters: logits `[d][K]`, means `[d][K]`, log σ `[d][K]`, the network's as in `network.rs`,
    /// shift `[c]`, log_scale `[c]`.
    fn set(&mut self, params: &[f64]) {
        let (marginal, rest) = params.split_at(3 * self.dim * self.components);
        let (network, rest) = rest.split_at(self.network.n_params());
        let (shift, log_scale) = rest.split_at(self.context);
        self.marginal.clear();
        self.marginal.extend_from_slice(marginal);
        self.network.set(network);
        self.shift.clear();
        self.shift.extend_from_slice(shift);
        self.scale.clear();
        self.scale.extend(log_scale.iter().map(|l| l.exp()));
    }

    fn forward(
        &self,
        x: &[f64],
        context: &[f64],
        z: &mut [f64],
        log_det: &mut [f64],
        work: &mut Vec<f64>,
    ) {
        let n = log_det.len();
        let work = room(work, self.run_len() * n);
        let (corrections, kept) = work.split_at_mut(3 * self.components * n);
        self.run::<false>((x, context), (z, log_det), kept, corrections);
    }

    fn forward_row(
        &self,
        x: &[f64],
        context: &[f64],
        z: &mut [f64],
        log_det: &mut f64,
        work: &mut Vec<f64>,
    ) {
        let len = self.run_len() * LOGICAL_LANES;
        as_block((x, context), z, log_det, work, len, |rows, out, work| {
            let (corrections, kept) = work.split_at_mut(3 * self.components * LOGICAL_LANES);
            self.run::<false>(rows, out, kept, corrections);
        });
    }

    fn inverse(&self, z: &[f64], context: &[f64], x: &mut [f64], n: usize, work: &mut Vec<f64>) {
        let masks = self.network.masks();
        let len = 3 * self.components * n;
        let work = room(work, len + Activations::len(masks) * n);
        let (corrections, activations) = work.split_at_mut(len);
        let mut at = Activations::of(masks, activations, n);
        let mut inverse = InverseWork::default();
        self.see_context(context, at.inputs, n);
        for position in 0..self.dim {
            let column = self.column(position);
            let own = column * n..(column + 1) * n;
            self.network.forward(position, &mut at, corrections, n);
            self.base(column).correct_in_place(corrections, n);
            let (logits, rest) = corrections.split_at(len / 3);
            let (means, log_sigmas) = rest.split_at(len / 3);
            let x = &mut x[own.clone()];
            invert(logits, means, log_sigmas, &z[own], x, &mut inverse);
            self.see(position, x, at.inputs);
        }
    }

    fn forward_with_tape(
        &self,
        x: &[f64],
        context: &[f64],
        z: &mut [f64],
        log_det: &mut [f64],
        tape: &mut Vec<f64>,
        work: &mut Vec<f64>,
    ) {
        let n = log_det.len();
        let per_row = Activations::len(self.network.masks()) + self.dim * self.per_position();
        let kept = room(tape, per_row * n);
        let corrections = room(work, 3 * self.components * n);
        self.run::<true>((x, context), (z, log_det), kept, corrections);
    }

    fn backward(
        &self,
        pass: Pass<'_>,
        tape: &[f64],
        x_bar: &mut [f64],
        context_bar: &mut [f64],
        work: &mut Vec<f64>,
        sums: &mut [f64],
    ) {
        let (n, k, c) = (pass.log_det_bar.len(), self.components, self.context);
        let masks = self.network.masks();
        let wanted = !sums.is_empty();
        // Where no sums are wanted, a mixture's go where nobody looks.
        let spare = if wanted { 0 } else { 3 * k };
        let len = 3 * k * n;
        let work = room(work, len + Bars::len(masks) * n + spare);
        let (bar, rest) = work.split_at_mut(len);
        let (buffer, spare) = rest.split_at_mut(Bars::len(masks) * n);
        let (marginal, network) = sums.split_at_mut(if wanted { self.marginal.len() } else { 0 });
        let marginal = if wanted { marginal } else { &mut spare[..3 * k] };
        let (logits, rest) = marginal.split_at_mut(marginal.len() / 3);
        let (means, log_sigmas) = rest.split_at_mut(logits.len());

        let (activations, mixtures) = tape.split_at(Activations::len(masks) * n);
        let at = Kept::of(masks, activations, n);
        let mut bars = Bars::of(masks, buffer, &at, wanted, n);
        let stride = self.per_position() * n;
        for position in (0..self.dim).rev() {
            let column = self.column(position);
            let rows = column * n..(column + 1) * n;
            let own = if wanted { self.own(column) } else { 0..k };
            let (x, x_bar) = (&pass.x[rows.clone()], &mut x_bar[rows.clone()]);
            let (mixture, tape) = mixtures[position * stride..].split_at(ARRAYS * k * n);
            let (g_bar, rest) = bar.split_at_mut(len / 3);
            let (u_bar, slope_bar) = rest.split_at_mut(len / 3);
            conditional(mixture).backward(
                &pass.z[rows.clone()],
                tape,
                &pass.z_bar[rows],
                pass.log_det_bar,
                &mut Gradient { log_weights: g_bar, u: u_bar, log_slopes: slope_bar },
            );
            self.base(column).backward(
                x,
                &mixture[2 * k * n..],
                CorrectedBar { logits: g_bar, u: u_bar, log_slopes: slope_bar },
                x_bar,
                Sums {
                    logits: &mut logits[own.clone()],
                    means: &mut means[own.clone()],
                    log_sigmas: &mut log_sigmas[own],
                },
            );
            self.network.backward(position, &at, bar, &mut bars, network, n);
            if position + 1 < self.dim {
                let seen = &bars.inputs[(c + position) * n..][..n];
                for ((x_bar, bar), x) in x_bar.iter_mut().zip(seen).zip(x) {
                    *x_bar += through_asinh(*bar, *x);
                }
            }
        }
        let columns = pass.context.chunks_exact(n).zip(bars.inputs.chunks_exact(n));
        let scales = self.shift.iter().zip(&self.scale);
        for (((y, bar), out), (shift, scale)) in
            columns.zip(context_bar.chunks_exact_mut(n)).zip(scales)
        {
            for ((y, bar), out) in y.iter().zip(bar).zip(out) {
                *out += through_asinh(*bar, (y - shift) / scale) / scale;
            }
        }
    }

    fn n_sums(&self) -> usize {
        self.marginal.len() + self.network.n_params()
    }
}
