//! The gradient as a sum over rows: accumulated per chunk of blocks, merged in chunk order.

use crate::blocks::{BLOCK, Pool, load};
use crate::derived::Derived;
use crate::rows::Rows;
use crate::stream::{Purpose, stream};
use crate::sums::{Loss, Sums};
use gauss_math::simd::LOGICAL_LANES;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

/// At most this many partial sums: it bounds memory, and the threads one step can use.
const MAX_CHUNKS: usize = 64;
/// A batch is cut into this many blocks where they do not get too short for it.
const LEAST_BLOCKS: usize = 4;

/// Accumulates the loss and the layers' sums over the rows of a batch. What it allocates, it
/// keeps: after the first batch of a size there is no allocation.
pub(crate) struct GradientSum {
    pool: Pool,
    chunks: Vec<Chunk>,
    n_sums: usize,
    total: Vec<f64>,
    /// A buffer per layer.
    work: Vec<Vec<f64>>,
}

/// Normal noise on the rows of one step; see [`TrainOptions::noise`](crate::TrainOptions::noise).
#[derive(Clone, Copy)]
pub(crate) struct Noise<'a> {
    /// `[d]`
    pub sigmas: &'a [f64],
    pub seed: u64,
    pub step: u64,
}

impl Noise<'_> {
    /// Adds to the first `rows` rows of a block `[d][n]`, not to their context; a block has a stream
    /// of its own.
    fn add_to(self, block: &mut [f64], rows: usize, index: u64) {
        let mut rng = stream(self.seed, Purpose::TrainingNoise { step: self.step, block: index });
        let n = block.len() / self.sigmas.len();
        for (column, sigma) in block.chunks_exact_mut(n).zip(self.sigmas) {
            if *sigma > 0.0 {
                for x in &mut column[..rows] {
                    let z: f64 = StandardNormal.sample(&mut rng);
                    *x += sigma * z;
                }
            }
        }
    }
}

#[derive(Default)]
struct Chunk {
    nll: f64,
    sums: Vec<f64>,
}

impl GradientSum {
    pub fn new(derived: &Derived) -> Self {
        let n_sums = derived.n_sums();
        Self {
            pool: Pool::default(),
            chunks: Vec::new(),
            n_sums,
            total: vec![0.0; n_sums],
            work: Vec::new(),
        }
    }

    /// The sums over the rows `at` of x, or over all of them; `sums`: overwritten.
    pub fn sums(
        &mut self,
        derived: &Derived,
        x: Rows<'_>,
        at: Option<&[u32]>,
        noise: Option<Noise<'_>>,
        sums: &mut Sums,
    ) {
        let rows = at.map_or(x.nrows(), <[u32]>::len);
        let row = |i: usize| at.map_or(i, |at| at[i] as usize);
        // A small batch still has parts for several threads.
        let block_len = rows.div_ceil(LEAST_BLOCKS).next_multiple_of(LOGICAL_LANES);
        let block_len = block_len.clamp(2 * LOGICAL_LANES, BLOCK);
        let blocks = rows.div_ceil(block_len);
        let per_chunk = blocks.div_ceil(MAX_CHUNKS);
        let n_chunks = blocks.div_ceil(per_chunk);
        self.chunks.resize_with(n_chunks.max(self.chunks.len()), Chunk::default);
        let chunks = &mut self.chunks[..n_chunks];
        let (pool, n_sums) = (&self.pool, self.n_sums);
        chunks.par_iter_mut().enumerate().for_each(|(c, chunk)| {
            chunk.nll = 0.0;
            chunk.sums.clear();
            chunk.sums.resize(n_sums, 0.0);
            pool.with(|ws| {
                for block in c * per_chunk..((c + 1) * per_chunk).min(blocks) {
                    let start = block * block_len;
                    let len = block_len.min(rows - start);
                    load(ws, derived.dim(), x.x(), len, |i| row(start + i));
                    if let Some(noise) = noise {
                        noise.add_to(ws.input_again(), len, block as u64);
                    }
                    let weight = x.weights().map(|weights| move |i| weights[row(start + i)]);
                    chunk.nll += derived.nll_and_sums(ws, len, weight, &mut chunk.sums);
                }
            });
        });
        self.total.fill(0.0);
        let mut nll = 0.0;
        for chunk in chunks {
            nll += chunk.nll;
            self.total.iter_mut().zip(&chunk.sums).for_each(|(t, s)| *t += s);
        }
        let weight = match (x.weights(), at) {
            (None, _) => rows as f64,
            (Some(weights), None) => weights.iter().sum(),
            (Some(weights), Some(at)) => at.iter().map(|&i| weights[i as usize]).sum(),
        };
        sums.loss = Loss { rows: rows as u64, weight, nll };
        derived.finish_gradient(&self.total, &mut sums.grad, &mut self.work);
    }
}
