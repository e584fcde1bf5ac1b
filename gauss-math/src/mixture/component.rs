//! What the kernels read of a mixture's components, eight side by side.
//!
//! A block of rows has a row in each lane and one component's numbers in all of them; one row
//! alone has a component in each lane. Both read [`Component<P>`], P a number for all lanes or a
//! register of them, so that the arithmetic is written once.

use crate::simd::{self, Pack};
use pulp::Simd;

/// The most doubles that a register of any instruction set holds.
pub(super) const WIDEST: usize = 8;

/// One component, or a register of them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Component<P> {
    pub mean: P,
    pub inv_sigma: P,
    pub weight: P,
    /// weight/σ
    pub slope: P,
    pub log_weight: P,
    pub log_sigma: P,
}

/// The component whose every number is `$make` of `$from`'s; a closure might not be inlined.
macro_rules! each {
    ($from:expr, $number:ident => $make:expr) => {
        each!($from, $number => $make; mean inv_sigma weight slope log_weight log_sigma)
    };
    ($from:expr, $number:ident => $make:expr; $($field:ident)*) => {
        Component { $($field: { let $number = &$from.$field; $make }),* }
    };
}

/// K components, the last eight filled up with the last one's place and a weight of 0: what no
/// component asks for, no filling does.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Components {
    groups: Vec<Component<[f64; WIDEST]>>,
    len: usize,
}

impl Components {
    pub fn clear(&mut self) {
        self.groups.clear();
        self.len = 0;
    }

    pub fn push(&mut self, c: Component<f64>) {
        if self.len.is_multiple_of(WIDEST) {
            self.groups.push(Component::default());
        }
        let group = &mut self.groups[self.len / WIDEST];
        let i = self.len % WIDEST;
        group.mean[i..].fill(c.mean);
        group.inv_sigma[i..].fill(c.inv_sigma);
        group.weight[i] = c.weight;
        group.slope[i] = c.slope;
        group.log_weight[i] = c.log_weight;
        group.log_sigma[i] = c.log_sigma;
        self.len += 1;
    }

    /// Makes weights of what is proportional to them, with `sum` as their sum, and fills the slopes.
    pub fn normalise(&mut self, sum: f64) {
        let log_sum = libm::log(sum);
        for group in &mut self.groups {
            for i in 0..WIDEST {
                group.weight[i] /= sum;
                group.slope[i] = group.weight[i] * group.inv_sigma[i];
                group.log_weight[i] -= log_sum;
            }
        }
    }

    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len
    }

    #[inline(always)]
    pub fn iter(&self) -> impl Iterator<Item = Component<f64>> {
        (0..self.len).map(|k| each!(self.groups[k / WIDEST], numbers => numbers[k % WIDEST]))
    }

    /// How many registers the components fill.
    #[inline(always)]
    pub fn registers<S: Simd>(&self) -> usize {
        self.len.div_ceil(S::F64_LANES)
    }

    /// The i-th of them, and how many of its lanes hold a component.
    #[inline(always)]
    pub fn register<S: Simd>(&self, s: S, i: usize) -> (Component<Pack<S, 1>>, usize) {
        let first = i * S::F64_LANES;
        let group = &self.groups[first / WIDEST];
        let at = first % WIDEST / S::F64_LANES;
        let c = each!(group, numbers => Pack::load(s, simd::vectors::<S>(numbers), at));
        (c, S::F64_LANES.min(self.len - first))
    }
}
