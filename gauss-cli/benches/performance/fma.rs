//! The limit: how many fused multiply-adds the processor does in a second when nothing else
//! stands in the way, 2 operations each.
//!
//! Independent chains acc <- acc·a + b keep every unit busy through the latency of the one before;
//! 12 chains fit the 16 registers of AVX2, 24 the 32 of AVX-512 and NEON, and the better of the
//! two counts. Plain scalar code has no fused multiply-add: there it is a product and a sum.

use crate::backend;
use crate::clock::{Effort, least_per_call};
use gauss_math::simd::Backend;
use pulp::{Simd, WithSimd};
use rayon::ThreadPool;
use serde::Serialize;
use std::hint::black_box;

/// Steps of each chain in one call.
const STEPS: usize = 4096;

struct Chains<const CHAINS: usize>;

impl<const CHAINS: usize> WithSimd for Chains<CHAINS> {
    /// Lanes of a vector, and a sum that depends on every step.
    type Output = (usize, f64);

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) -> (usize, f64) {
        // The fixed point is 1: nothing overflows, underflows or slows down.
        let (a, b) = (s.splat_f64s(black_box(0.75)), s.splat_f64s(black_box(0.25)));
        let mut chains = [a; CHAINS];
        for (i, chain) in chains.iter_mut().enumerate() {
            *chain = s.splat_f64s(black_box(i as f64));
        }
        for _ in 0..STEPS {
            for chain in &mut chains {
                *chain = s.mul_add_e_f64s(*chain, a, b);
            }
        }
        let sum = chains.into_iter().fold(s.splat_f64s(0.0), |sum, chain| s.add_f64s(sum, chain));
        (S::F64_LANES, s.reduce_sum_f64s(sum))
    }
}

/// The limit of one instruction set on some threads.
#[derive(Clone, Serialize)]
pub struct Limit {
    /// Which instruction set.
    pub instruction_set: String,
    /// How many threads at once.
    pub threads: usize,
    /// 10⁹ operations a second, a multiply-add being two; all threads together.
    pub gflops: f64,
    /// The same after all other measurements: how steady the machine was.
    pub gflops_at_the_end: f64,
}

/// Measures it.
pub fn gflops(backend: Backend, pool: &ThreadPool, effort: Effort) -> f64 {
    let few = with_chains::<12>(backend, pool, effort);
    few.max(with_chains::<24>(backend, pool, effort))
}

fn with_chains<const CHAINS: usize>(backend: Backend, pool: &ThreadPool, effort: Effort) -> f64 {
    let (lanes, _) = backend.run(Chains::<CHAINS>);
    // Each thread for itself, the slowest of them counts: what they do together.
    let seconds = pool.broadcast(|_| {
        least_per_call(effort, || {
            black_box(backend.run(Chains::<CHAINS>));
        })
    });
    let slowest = seconds.into_iter().fold(0.0, f64::max);
    let operations = (2 * STEPS * CHAINS * lanes * pool.current_num_threads()) as f64;
    operations / slowest / 1e9
}

/// The limits of every instruction set on every number of threads.
pub struct Limits(pub Vec<Limit>);

impl Limits {
    /// Measures all.
    pub fn measure(pools: &[ThreadPool], effort: Effort) -> Self {
        let each = Backend::all().into_iter().flat_map(|backend| {
            pools.iter().map(move |pool| {
                let gflops = gflops(backend, pool, effort);
                Limit {
                    instruction_set: backend::name(backend),
                    threads: pool.current_num_threads(),
                    gflops,
                    gflops_at_the_end: gflops,
                }
            })
        });
        Self(each.collect())
    }

    /// Measures all again, for comparison.
    pub fn measure_again(&mut self, pools: &[ThreadPool], effort: Effort) {
        let again = Self::measure(pools, effort);
        for (limit, again) in self.0.iter_mut().zip(again.0) {
            limit.gflops_at_the_end = again.gflops;
        }
    }

    /// 10⁹ operations a second of an instruction set; 0 where it was not measured.
    pub fn of(&self, backend: Backend, threads: usize) -> f64 {
        let name = backend::name(backend);
        let found = self.0.iter().find(|l| l.instruction_set == name && l.threads == threads);
        found.map_or(0.0, |limit| limit.gflops)
    }
}
