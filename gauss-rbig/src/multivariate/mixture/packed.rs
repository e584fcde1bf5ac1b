//! Rows cut into blocks as the kernel wants them, and the sums over them.
//!
//! Blocks are of [`BLOCK`] rows, a dimension's values contiguous. Which blocks make a segment
//! depends on the number of rows alone, and segments are merged in order: the sums have the same
//! bits at any number of threads.

use super::sums::Sums;
use faer::MatRef;
use gauss_flow::Rows;
use gauss_math::normals::{Normals, ROWS, add_moments, log_terms, normalise};
use rayon::prelude::*;

/// Rows in a block: with 16 components in ten dimensions it stays in the second-level cache.
pub(super) const BLOCK: usize = 256;
/// Sums alive at once.
const SEGMENTS: usize = 64;

/// Rows in blocks, each padded with its last row to a multiple of [`ROWS`], without weight.
pub(super) struct Packed {
    dim: usize,
    rows: usize,
    /// Blocks `[d][BLOCK]`; the last may be shorter.
    x: Vec<f64>,
    /// Padded as x is.
    weight: Vec<f64>,
    total: f64,
}

/// Buffers of a thread.
#[derive(Default)]
struct Work {
    /// `[K][BLOCK]`.
    terms: Vec<f64>,
    log_prob: Vec<f64>,
    scaled: Vec<f64>,
}

impl Work {
    /// The responsibilities of a block to `terms`, ln p to `log_prob`; Σ w ln p.
    fn expect(&mut self, normals: &Normals, x: &[f64], weight: &[f64]) -> f64 {
        let n = weight.len();
        self.terms.resize(normals.len() * n, 0.0);
        self.log_prob.resize(n, 0.0);
        log_terms(normals, x, &mut self.terms, n);
        normalise(&mut self.terms, weight, &mut self.log_prob);
        // What has no weight says nothing, not even that it is infinite.
        let terms = weight.iter().zip(&self.log_prob);
        terms.map(|(w, l)| if *w > 0.0 { w * l } else { 0.0 }).sum()
    }
}

impl Packed {
    /// (x - centre)/scale of rows, at least one.
    pub fn of(rows: Rows<'_>, centre: &[f64], scale: &[f64]) -> Self {
        let (n, dim) = (rows.nrows(), rows.ncols());
        let padded = n.next_multiple_of(ROWS);
        let mut x = vec![0.0; padded * dim];
        x.par_chunks_mut(BLOCK * dim).enumerate().for_each(|(block, out)| {
            load(rows.x(), block * BLOCK, centre, scale, out);
        });
        let mut weight = vec![0.0; padded];
        weight[..n].iter_mut().enumerate().for_each(|(i, w)| *w = rows.weight(i));
        Self { dim, rows: n, x, weight, total: rows.total() }
    }

    /// Σ w.
    pub fn total(&self) -> f64 {
        self.total
    }

    /// n.
    pub fn nrows(&self) -> usize {
        self.rows
    }

    /// The weight of row i.
    pub fn weight(&self, i: usize) -> f64 {
        self.weight[i]
    }

    /// Row i, value by value.
    pub fn row(&self, i: usize) -> impl Iterator<Item = f64> + '_ {
        let start = i / BLOCK * BLOCK;
        let n = BLOCK.min(self.weight.len() - start);
        let block = &self.x[start * self.dim..][..n * self.dim];
        block[i - start..].iter().step_by(n).copied()
    }

    /// The sums of all rows under `normals`.
    pub fn accumulate(&self, normals: &Normals) -> Sums {
        self.sum(normals.len(), |x, weight, work, sums, _| {
            sums.log_prob += work.expect(normals, x, weight);
        })
    }

    /// The sums where each row belongs to one of k components `[n]`.
    pub fn of_parts(&self, k: usize, part: &[usize]) -> Sums {
        self.sum(k, |_, weight, work, _, start| {
            let n = weight.len();
            work.terms.clear();
            work.terms.resize(k * n, 0.0);
            for (i, &part) in part[start..].iter().take(n).enumerate() {
                work.terms[part * n + i] = weight[i];
            }
        })
    }

    /// The sums of k components, whose responsibilities `fill` writes to the terms of a block, given
    /// x, weights, buffers, sums and the first row.
    fn sum(
        &self,
        k: usize,
        fill: impl Fn(&[f64], &[f64], &mut Work, &mut Sums, usize) + Sync,
    ) -> Sums {
        let length = self.rows.div_ceil(SEGMENTS).next_multiple_of(BLOCK);
        let segments = self.x.par_chunks(length * self.dim).zip(self.weight.par_chunks(length));
        let parts: Vec<Sums> = segments
            .enumerate()
            .map_init(Work::default, |work, (segment, (x, weight))| {
                let mut sums = Sums::new(self.dim, k);
                let blocks = x.chunks(BLOCK * self.dim).zip(weight.chunks(BLOCK));
                for (block, (x, weight)) in blocks.enumerate() {
                    fill(x, weight, work, &mut sums, segment * length + block * BLOCK);
                    sums.weight += weight.iter().sum::<f64>();
                    let n = weight.len();
                    add_moments(&work.terms[..k * n], x, &mut sums.parts, n, &mut work.scaled);
                }
                sums
            })
            .collect();
        let mut all = Sums::new(self.dim, k);
        for part in &parts {
            all.add(part);
        }
        all
    }

    /// Σ w ln p of all rows under `normals`.
    pub fn log_prob(&self, normals: &Normals) -> f64 {
        let blocks = self.x.par_chunks(BLOCK * self.dim).zip(self.weight.par_chunks(BLOCK));
        let parts: Vec<f64> = blocks
            .map_init(Work::default, |work, (x, weight)| work.expect(normals, x, weight))
            .collect();
        parts.iter().sum()
    }
}

/// ln p of each row of x under `normals`.
pub(super) fn log_prob(normals: &Normals, x: MatRef<'_, f64>) -> Vec<f64> {
    let (centre, scale) = (vec![0.0; x.ncols()], vec![1.0; x.ncols()]);
    let ones = [1.0; BLOCK];
    let mut out = vec![0.0; x.nrows()];
    out.par_chunks_mut(BLOCK).enumerate().for_each_init(
        || (Work::default(), Vec::new()),
        |(work, buffer), (block, out)| {
            let n = out.len().next_multiple_of(ROWS);
            buffer.resize(n * x.ncols(), 0.0);
            load(x, block * BLOCK, &centre, &scale, buffer);
            work.expect(normals, buffer, &ones[..n]);
            out.copy_from_slice(&work.log_prob[..out.len()]);
        },
    );
    out
}

/// The block out `[d][n]` <- (x - centre)/scale of the rows from `start` on, the last one repeated.
fn load(x: MatRef<'_, f64>, start: usize, centre: &[f64], scale: &[f64], out: &mut [f64]) {
    let n = out.len() / x.ncols();
    let rows = n.min(x.nrows() - start);
    for (j, out) in out.chunks_exact_mut(n).enumerate() {
        let column = x.col(j).subrows(start, rows);
        for (out, x) in out.iter_mut().zip(column.iter()) {
            *out = (x - centre[j]) / scale[j];
        }
        let last = out[rows - 1];
        out[rows..].fill(last);
    }
}
