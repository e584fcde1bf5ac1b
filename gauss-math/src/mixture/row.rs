//! z = Φ⁻¹(F(x)) and ln dz/dx of one row, a mixture for each dimension.
//!
//! One row has few values but many components, so the passes of `forward.rs` are turned:
//!
//! 1. the sums L, U and Σ π_k/σ_k e_k of each dimension: lanes are components, and the terms are
//!    then added one by one in the components' order;
//! 2. z and ln dz/dx from the sums: lanes are dimensions, a register of them at a time;
//! 3. dimensions whose p or f would underflow, in log space: sums as in 1, z as in 2. Those beyond
//!    all their components are known beforehand, and 1 and 2 are spared.
//!
//! Every number comes from the same operations on the same numbers as in a block of rows, and so
//! has the same bits.
//!
//! A dimension's sums reach their lane by a selection: written to memory one by one and loaded as
//! a register, they would have to wait until the last of them is there.

use super::component::WIDEST;
use super::{Mixture, far, near};
use crate::simd::{self, Mask, Pack, T_MAX};
use pulp::{Simd, WithSimd};

/// A number for each lane.
type Lanes = [f64; WIDEST];

const LANE: Lanes = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];

/// The map of one row by a mixture for each of its d dimensions.
///
/// x `[d]`; z `[d]`: overwritten; log_det: the d logarithms of dz/dx are ADDED to it one after
/// another. The bits of [`Mixture::forward`] on the same instruction set, in each dimension; NaN for
/// a NaN or infinite x.
///
/// ```
/// use gauss_math::mixture::{self, Mixture};
/// let mixtures = [Mixture::new(&[0.0], &[1.0], &[0.0]), Mixture::new(&[0.0], &[0.0], &[0.5])];
/// let (mut z, mut log_det) = ([0.0; 2], 0.0);
/// mixture::forward_row(&mixtures, &[3.0, 0.0], &mut z, &mut log_det);
/// assert!((z[0] - 2.0).abs() < 1e-14 && z[1].abs() < 1e-15 && (log_det + 0.5).abs() < 1e-14);
/// ```
///
/// # Panics
/// When the lengths differ.
pub fn forward_row(mixtures: &[Mixture], x: &[f64], z: &mut [f64], log_det: &mut f64) {
    let d = mixtures.len();
    assert!(x.len() == d && z.len() == d, "mixtures, x, z: {d}, {}, {}", x.len(), z.len());
    simd::run(Row { mixtures, x, z, log_det });
}

struct Row<'a> {
    mixtures: &'a [Mixture],
    x: &'a [f64],
    z: &'a mut [f64],
    log_det: &'a mut f64,
}

impl WithSimd for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let columns = self.x.chunks(S::F64_LANES).zip(self.z.chunks_mut(S::F64_LANES));
        for ((x, z), mixtures) in columns.zip(self.mixtures.chunks(S::F64_LANES)) {
            let mut log_slopes = [0.0; WIDEST];
            if !near_dimensions(s, mixtures, x, z, &mut log_slopes) {
                far_dimensions(s, mixtures, x, z, &mut log_slopes);
            }
            for log_slope in &log_slopes[..x.len()] {
                *self.log_det += log_slope;
            }
        }
    }
}

/// z and ln dz/dx of a register of dimensions; z = ±∞ where log space has to do it. Returns whether
/// it has to nowhere.
#[inline(always)]
fn near_dimensions<S: Simd>(
    s: S,
    mixtures: &[Mixture],
    x: &[f64],
    z: &mut [f64],
    log_slopes: &mut Lanes,
) -> bool {
    let one = Pack::<S, 1>::splat(s, 1.0);
    let mut sums = near::Sums { lower: one, upper: one, slope: one };
    let (mut xs, mut tiny_slopes) = (one, one);
    let (mut dimensions, mut count) = ([0; WIDEST], 0);
    for (i, (mixture, x)) in mixtures.iter().zip(x).enumerate() {
        if let Some(side) = mixture.side_of_all(s, *x) {
            z[i] = side * f64::INFINITY;
            continue;
        }
        let [lower, upper, slope] = mixture.near_sums(s, *x);
        let own = is_lane(s, count);
        sums.lower = own.select(lower, sums.lower);
        sums.upper = own.select(upper, sums.upper);
        sums.slope = own.select(slope, sums.slope);
        xs = own.select(*x, xs);
        tiny_slopes = own.select(mixture.tiny_slope, tiny_slopes);
        dimensions[count] = i;
        count += 1;
    }
    let mut all_near = count == x.len();
    if count > 0 {
        let (point, mut zs, mut logs) = (sums.map(xs, tiny_slopes), [0.0; WIDEST], [0.0; WIDEST]);
        point.z.store(simd::vectors_mut::<S>(&mut zs), 0);
        simd::ln(point.jacobian).store(simd::vectors_mut::<S>(&mut logs), 0);
        for (lane, &i) in dimensions[..count].iter().enumerate() {
            (z[i], log_slopes[i]) = (zs[lane], logs[lane]);
            all_near &= zs[lane].is_finite();
        }
    }
    all_near
}

/// The dimensions that are left with z = ±∞, in log space.
#[inline(always)]
fn far_dimensions<S: Simd>(
    s: S,
    mixtures: &[Mixture],
    x: &[f64],
    z: &mut [f64],
    log_slopes: &mut Lanes,
) {
    let mut sums: Option<far::Sums<S, 1>> = None;
    let mut widest = Pack::<S, 1>::splat(s, 0.0);
    let (mut dimensions, mut count) = ([0; WIDEST], 0);
    for (i, (mixture, x)) in mixtures.iter().zip(x).enumerate() {
        if z[i].is_finite() {
            continue;
        }
        if !x.is_finite() {
            (z[i], log_slopes[i]) = (f64::NAN, f64::NAN);
            continue;
        }
        let own = mixture.far_sums(s, *x, z[i].signum());
        let lane = is_lane(s, count);
        // Lanes without a dimension repeat the first, so that nothing is done for their sake.
        sums = Some(if let Some(others) = sums { others.with_lanes(lane, &own) } else { own });
        widest = lane.select(mixture.widest, widest);
        dimensions[count] = i;
        count += 1;
    }
    let Some(sums) = sums else { return };
    let (point, mut distances, mut logs) = (sums.map(widest), [0.0; WIDEST], [0.0; WIDEST]);
    point.a.store(simd::vectors_mut::<S>(&mut distances), 0);
    point.log_det.store(simd::vectors_mut::<S>(&mut logs), 0);
    for (lane, &i) in dimensions[..count].iter().enumerate() {
        (z[i], log_slopes[i]) = (distances[lane].copysign(z[i]), logs[lane]);
    }
}

/// One lane of a register.
#[inline(always)]
fn is_lane<S: Simd>(s: S, lane: usize) -> Mask<S, 1> {
    let (index, lane) = (Pack::load(s, simd::vectors::<S>(&LANE), 0), lane as f64);
    index.at_least(lane) & index.at_most(lane)
}

impl Mixture {
    /// The side of z where a finite x lies so far beyond all components that p is certainly below
    /// [`simd::TINY`]: every term is, from |t| = 37 on.
    #[inline(always)]
    fn side_of_all<S: Simd>(&self, s: S, x: f64) -> Option<f64> {
        let x = Pack::<S, 1>::splat(s, x);
        let (mut below, mut above) = (true, true);
        for i in 0..self.components.registers::<S>() {
            let (c, _) = self.components.register(s, i);
            let t = (x - c.mean) * c.inv_sigma;
            below &= t.at_most(-T_MAX).all();
            above &= t.at_least(T_MAX).all();
        }
        if below { Some(-1.0) } else { above.then_some(1.0) }
    }

    /// L, U and Σ π_k/σ_k e_k at x; lanes are components.
    #[inline(always)]
    fn near_sums<S: Simd>(&self, s: S, x: f64) -> [f64; 3] {
        let x = Pack::splat(s, x);
        let (mut sums, mut lanes) = ([0.0; 3], [[0.0; WIDEST]; 3]);
        for i in 0..self.components.registers::<S>() {
            let (c, count) = self.components.register(s, i);
            let term = near::Term::new(x, &c);
            for (lanes, pack) in lanes.iter_mut().zip([term.lower, term.upper, term.density]) {
                pack.store(simd::vectors_mut::<S>(lanes), 0);
            }
            for k in 0..count {
                for (sum, lanes) in sums.iter_mut().zip(&lanes) {
                    *sum += lanes[k];
                }
            }
        }
        sums
    }
}
