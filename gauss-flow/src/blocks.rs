//! Matrices cut into blocks of rows, the blocks spread over threads.
//!
//! A block is [`BLOCK`] rows, transposed on entry to `[d][n]` with n rounded up to whole vectors;
//! the padding repeats the last row. Blocks never depend on how many threads there are, and
//! whatever is summed over them is summed in block order. Columns that are given and not modelled,
//! the context, are those after the d-th.

use crate::derived::{Derived, Workspace};
use crate::far;
use crate::rows::Rows;
use crate::sums::Loss;
use faer::{Mat, MatMut, MatRef};
use gauss_math::simd::LOGICAL_LANES;
use rayon::prelude::*;
use std::sync::Mutex;

/// Rows in a block: with its tape it stays in the second-level cache through all the layers.
pub(crate) const BLOCK: usize = 128;

/// Workspaces that wait for their next block, so that none is allocated twice.
#[derive(Default)]
pub(crate) struct Pool(Mutex<Vec<Workspace>>);

impl Pool {
    /// Runs `f` with a workspace of the pool.
    pub fn with<T>(&self, f: impl FnOnce(&mut Workspace) -> T) -> T {
        let lock = || self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut ws = lock().pop().unwrap_or_default();
        let out = f(&mut ws);
        lock().push(ws);
        out
    }
}

/// Copies rows of `x` `[_, d + c]` into the block of `ws`; `row(i)` is the matrix row of the block's
/// i-th.
pub(crate) fn load(
    ws: &mut Workspace,
    dim: usize,
    x: MatRef<'_, f64>,
    rows: usize,
    row: impl Fn(usize) -> usize,
) {
    let n = rows.next_multiple_of(LOGICAL_LANES);
    let (input, context) = ws.input(dim, x.ncols() - dim, n);
    let columns = input.chunks_exact_mut(n).chain(context.chunks_exact_mut(n));
    for (j, column) in columns.enumerate() {
        let from = x.col(j);
        if let Some(from) = from.try_as_col_major() {
            let from = from.as_slice();
            for (i, to) in column[..rows].iter_mut().enumerate() {
                *to = from[row(i)];
            }
        } else {
            for (i, to) in column[..rows].iter_mut().enumerate() {
                *to = from[row(i)];
            }
        }
        let last = column[rows - 1];
        column[rows..].fill(last);
    }
}

/// Cuts a matrix into consecutive pieces of [`BLOCK`] rows.
fn blocks_mut(mut out: MatMut<'_, f64>) -> Vec<MatMut<'_, f64>> {
    let mut blocks = Vec::with_capacity(out.nrows().div_ceil(BLOCK));
    while out.nrows() > BLOCK {
        let (head, tail) = out.split_at_row_mut(BLOCK);
        blocks.push(head);
        out = tail;
    }
    blocks.push(out);
    blocks
}

/// Maps every block of `x` `[n, d + c]` through `f` and stores what is then in the workspace's output,
/// `[n, columns]`, and in `per_row` whatever `f` writes there for its rows.
pub(crate) fn map(
    dim: usize,
    x: MatRef<'_, f64>,
    columns: usize,
    per_row: &mut [f64],
    f: impl Fn(&mut Workspace, &mut [f64]) + Sync,
) -> Mat<f64> {
    let mut out = Mat::zeros(x.nrows(), columns);
    if x.nrows() == 0 {
        return out;
    }
    let pool = Pool::default();
    let outs = blocks_mut(out.as_mut());
    (outs.into_par_iter().zip(per_row.par_chunks_mut(BLOCK)).enumerate()).for_each(
        |(block, (mut out, per_row))| {
            pool.with(|ws| {
                load(ws, dim, x, per_row.len(), |i| block * BLOCK + i);
                f(ws, per_row);
                store(ws.output(), out.as_mut());
            });
        },
    );
    out
}

/// log p of every row of `x`.
pub(crate) fn log_prob(derived: &Derived, x: MatRef<'_, f64>) -> Vec<f64> {
    let mut out = vec![0.0; x.nrows()];
    let pool = Pool::default();
    out.par_chunks_mut(BLOCK).enumerate().for_each(|(block, out)| {
        pool.with(|ws| log_prob_of_block(derived, x, block * BLOCK, out, ws));
    });
    out
}

/// [`log_prob`] on this thread.
pub(crate) fn log_prob_into(
    derived: &Derived,
    x: MatRef<'_, f64>,
    out: &mut [f64],
    ws: &mut Workspace,
) {
    for (block, out) in out.chunks_mut(BLOCK).enumerate() {
        log_prob_of_block(derived, x, block * BLOCK, out, ws);
    }
}

/// log p of the rows of `x` from `start` on.
fn log_prob_of_block(
    derived: &Derived,
    x: MatRef<'_, f64>,
    start: usize,
    out: &mut [f64],
    ws: &mut Workspace,
) {
    load(ws, derived.dim(), x, out.len(), |i| start + i);
    derived.log_prob(ws, out);
    far::mend_log_prob(x.subrows(start, out.len()), out);
}

/// Σ -w log p of the rows.
pub(crate) fn loss(derived: &Derived, x: Rows<'_>) -> Loss {
    let log_prob = log_prob(derived, x.x());
    let nll = match x.weights() {
        None => -log_prob.iter().sum::<f64>(),
        Some(weights) => -(weights.iter().zip(&log_prob))
            .map(|(w, l)| if *w > 0.0 { w * l } else { 0.0 })
            .sum::<f64>(),
    };
    Loss { rows: x.nrows() as u64, weight: x.total(), nll }
}

/// out `[rows, d]` <- the first rows of a block `[d][n]`.
pub(crate) fn store(block: &[f64], mut out: MatMut<'_, f64>) {
    let n = block.len() / out.ncols();
    for (j, column) in block.chunks_exact(n).enumerate() {
        for i in 0..out.nrows() {
            out[(i, j)] = column[i];
        }
    }
}
