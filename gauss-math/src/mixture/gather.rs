//! The rows that are left with z = ±∞ and done again in log space, sixteen at a time.

use crate::simd::{self, LOGICAL_LANES, Mask, Pack, SIDE_BY_SIDE};
use pulp::Simd;
use std::iter::StepBy;
use std::ops::Range;

/// A number of each of the rows.
pub(crate) type Lanes = [f64; LOGICAL_LANES];

/// Some of the rows to be done, in order.
#[derive(Default)]
pub(crate) struct Rows {
    at: [usize; LOGICAL_LANES],
    count: usize,
    /// Rows before this one have been looked at.
    next: usize,
}

impl Rows {
    /// Whether there are any more with an infinite z: then they are those now.
    #[inline(always)]
    pub fn advance(&mut self, z: &[f64]) -> bool {
        self.count = 0;
        while self.count < LOGICAL_LANES && self.next < z.len() {
            if z[self.next].is_infinite() {
                self.at[self.count] = self.next;
                self.count += 1;
            }
            self.next += 1;
        }
        self.count > 0
    }

    /// Each row's number, the first one's in the lanes without a row.
    #[inline(always)]
    pub fn gather(&self, from: &[f64]) -> Lanes {
        std::array::from_fn(|lane| from[self.at[if lane < self.count { lane } else { 0 }]])
    }

    /// The registers at which packs of lanes with a row begin.
    #[inline(always)]
    pub fn packs<S: Simd>(&self) -> StepBy<Range<usize>> {
        (0..self.count.div_ceil(S::F64_LANES)).step_by(SIDE_BY_SIDE)
    }

    /// (lane, row) of the pack that begins at the register `at`.
    #[inline(always)]
    pub fn lanes_of<S: Simd>(&self, at: usize) -> impl Iterator<Item = (usize, usize)> {
        let lanes = at * S::F64_LANES..self.count.min((at + SIDE_BY_SIDE) * S::F64_LANES);
        lanes.map(|lane| (lane, self.at[lane]))
    }

    /// (lane, row) of all.
    #[inline(always)]
    pub fn lanes(&self) -> impl Iterator<Item = (usize, usize)> {
        self.at[..self.count].iter().copied().enumerate()
    }
}

/// lanes: overwritten from the register `at` on, with NaN where `holds` does not.
#[inline(always)]
pub(crate) fn store_where<S: Simd, const L: usize>(
    holds: Mask<S, L>,
    pack: Pack<S, L>,
    lanes: &mut Lanes,
    at: usize,
) {
    holds.select(pack, f64::NAN).store(simd::vectors_mut::<S>(lanes), at);
}
