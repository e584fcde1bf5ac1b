//! x from z: the root of z(x) = z by Newton's method on the z scale, safeguarded by a bracket.
//!
//! - **The bracket is free.** Where x <= μ_k + σ_k z for all k, every Φ(t_k) <= Φ(z), so the root
//!   lies in [min_k (μ_k + σ_k z), max_k (μ_k + σ_k z)] for any z: no range is asked of anyone.
//! - **The start** is inverse cubic Hermite interpolation in a table of z at the knots
//!   μ_k + jσ_k/2, |j| <= 12, made once per mixture.
//! - **A step** never leaves the bracket: bisection takes over where Newton's would, and after a
//!   Newton step that did not halve the residual. (Without the latter, two points with a narrow
//!   component between them can send Newton's method from one to the other forever.)
//! - **The end.** z(x) is known to a few ε max(1, |z|), so x to that over dz/dx. From the table,
//!   a Newton step is the last one when the curvature seen over the step before it says that what
//!   remains is below that; no further evaluation is spent on confirming it. (Unless one of the
//!   two steps was long beside the narrowest σ, whose flank may then lie ahead unseen.) A single
//!   value, without a table, is confirmed. In a gap between components z is a plateau of equal
//!   doubles, any point of which is a root.
//!
//! All rows of a slice iterate together through the vectorised forward map; those that are done
//! leave the set.

use super::Mixture;
use crate::slice;

/// Knots per component: μ + jσ/2 for |j| <= 12.
const HALF_KNOTS: i32 = 12;
/// So many bisections take the middle of the bracket; the mixtures of a fit never need as many.
const HALVINGS: u32 = 100;
/// Far more than that, 64 for a bracket of doubles that is then halved in their number, and a Newton
/// step after each.
pub(crate) const MAX_STEPS: usize = 400;
/// A step tells the curvature if ln dz/dx changed no more than this over it, and z no more than ...
const MAX_BEND: f64 = 0.5;
/// ... this.
const MAX_MOVED: f64 = 0.25;
/// The last step is no longer than this part of the narrowest σ.
const REACH: f64 = 0.1;
/// Over a step of length s the curvature can grow by this factor times s/σ, σ the narrowest: on a
/// component's flank at t, d ln(dz/dx)/dx grows by t per σ.
const GROWTH: f64 = 8.0;
/// z(x) itself is only known to so many ε max(1, |z|).
const NOISE: f64 = 4.0;

/// The double with as many doubles between it and `lo` as between it and `hi`: a bracket of 600
/// decades is halved in decades, where its middle takes off a factor of two.
fn middle_double(lo: f64, hi: f64) -> f64 {
    // The order of doubles is that of these integers, as in `f64::total_cmp`.
    let position = |x: f64| {
        let bits = x.to_bits() as i64;
        bits ^ ((bits >> 63) as u64 >> 1) as i64
    };
    let (lo, hi) = (position(lo), position(hi));
    let middle = (lo & hi) + ((lo ^ hi) >> 1);
    f64::from_bits((middle ^ ((middle >> 63) as u64 >> 1) as i64) as u64)
}

/// One root in progress: target z, bracket [lo, hi], the step before this one.
#[derive(Clone, Copy, Debug)]
struct Root {
    row: usize,
    z: f64,
    lo: f64,
    hi: f64,
    narrowest: f64,
    last_x: f64,
    last_residual: f64,
    last_log_slope: f64,
    /// |residual| before the Newton step that led here; infinite after anything else.
    before_newton: f64,
    bisections: u32,
}

impl Root {
    fn new(row: usize, z: f64, (lo, hi): (f64, f64), narrowest: f64) -> Self {
        Self {
            row,
            z,
            lo,
            hi,
            narrowest,
            last_x: f64::INFINITY,
            last_residual: 0.0,
            last_log_slope: f64::INFINITY,
            before_newton: f64::INFINITY,
            bisections: 0,
        }
    }

    /// Takes z(x), ln dz/dx and dx/dz at `x`; returns the next x, and whether it is the root.
    fn step(&mut self, x: f64, z: f64, log_slope: f64, inv_slope: f64) -> (f64, bool) {
        let residual = z - self.z;
        let resolution = f64::EPSILON * self.z.abs().max(1.0);
        if !(residual.abs() > 0.5 * resolution) {
            return (x, true); // also where the target is NaN
        }
        if residual > 0.0 {
            self.hi = self.hi.min(x);
        } else {
            self.lo = self.lo.max(x);
        }
        let newton = x - residual * inv_slope;
        // ½ |d ln(dz/dx)/dz| · residual²: what Newton's step leaves. The curvature is the mean one
        // over the last step, which is worth nothing where that step was long or bent: at the
        // edge of a gap the slope changes by orders of magnitude within 1e-10 of z.
        let bend = (log_slope - self.last_log_slope).abs();
        let moved = (residual - self.last_residual).abs();
        let growth = 1.0 + GROWTH * (x - self.last_x).abs() / self.narrowest;
        let remains = 0.5 * growth * bend / moved * residual * residual;
        let near = (newton - x).abs() <= REACH * self.narrowest;
        let known = bend <= MAX_BEND && moved <= MAX_MOVED && near;
        (self.last_x, self.last_residual, self.last_log_slope) = (x, residual, log_slope);

        let shrinks = residual.abs() <= 0.5 * self.before_newton;
        if shrinks && newton >= self.lo && newton <= self.hi {
            self.before_newton = residual.abs();
            let done = (known && remains <= 0.25 * resolution) || newton == x;
            (newton, done)
        } else {
            self.before_newton = f64::INFINITY;
            self.bisections += 1;
            let middle = if self.bisections <= HALVINGS {
                0.5 * self.lo + 0.5 * self.hi
            } else {
                middle_double(self.lo, self.hi)
            };
            (middle, !(middle > self.lo && middle < self.hi))
        }
    }
}

/// A root that is found without a table: it is confirmed by an evaluation, and is the best of the
/// points that were tried.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Confirmed {
    root: Root,
    /// Where the map is to be evaluated next.
    pub x: f64,
    pub best: f64,
    least: f64,
    tries: u32,
}

impl Confirmed {
    pub fn new(row: usize, z: f64, bracket: (f64, f64), start: f64) -> Self {
        // No step is short beside a σ of 0: none is the last one unconfirmed.
        let root = Root::new(row, z, bracket, 0.0);
        Self { root, x: start, best: start, least: f64::INFINITY, tries: 0 }
    }

    pub fn row(&self) -> usize {
        self.root.row
    }

    /// Takes z, ln dz/dx and dx/dz at `x`; whether `best` is the root.
    pub fn step(&mut self, z: f64, log_slope: f64, inv_slope: f64) -> bool {
        let target = self.root.z;
        let miss = (z - target).abs();
        if miss < self.least {
            (self.best, self.least) = (self.x, miss);
        }
        // Where rounding alone is left, a few steps more may still find a better x.
        self.tries += u32::from(self.least <= NOISE * f64::EPSILON * target.abs().max(1.0));
        let (next, _) = self.root.step(self.x, z, log_slope, inv_slope);
        let done = self.tries > 3 || next == self.x;
        self.x = next;
        done
    }
}

impl Mixture {
    /// The bracket that is free for any z.
    fn bracket(&self, z: f64) -> (f64, f64) {
        self.components.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), c| {
            let end = c.mean + z / c.inv_sigma;
            (lo.min(end), hi.max(end))
        })
    }

    fn narrowest(&self) -> f64 {
        1.0 / self.components.iter().fold(0.0_f64, |m, c| m.max(c.inv_sigma))
    }

    /// x with [`Mixture::gaussianize`]`(x).0 = z`: |error| <= 4 ε (|x| + max(1, |z|)/(dz/dx));
    /// ±∞ for ±∞, NaN for NaN.
    #[must_use]
    pub fn invert(&self, z: f64) -> f64 {
        if !z.is_finite() {
            return z;
        }
        let (lo, hi) = self.bracket(z);
        let mut root = Confirmed::new(0, z, (lo, hi), 0.5 * lo + 0.5 * hi);
        for _ in 0..MAX_STEPS {
            let (at, log_slope) = self.gaussianize(root.x);
            if root.step(at, log_slope, libm::exp(-log_slope)) {
                break;
            }
        }
        root.best
    }
}

/// The table of starts for one mixture.
#[derive(Clone, Debug)]
pub struct Inverter {
    /// Increasing; z, which is not decreasing, and dx/dz there.
    x: Vec<f64>,
    z: Vec<f64>,
    inv_slope: Vec<f64>,
    narrowest: f64,
}

/// inv_slope `[n]`: overwritten with dx/dz from ln dz/dx `[n]`; where that is beyond e^709, so
/// that a step along it leaves any bracket.
pub(crate) fn inverse_slopes(log_slope: &[f64], negated: &mut [f64], inv_slope: &mut [f64]) {
    for (negated, l) in negated.iter_mut().zip(log_slope) {
        *negated = -l.max(-709.0);
    }
    slice::exp(negated, inv_slope);
}

impl Inverter {
    /// The table of `mixture`: one forward pass over 25 K knots.
    pub fn new(mixture: &Mixture) -> Self {
        let knots = |c: super::Component<f64>| {
            let (mean, half_sigma) = (c.mean, 0.5 / c.inv_sigma);
            (-HALF_KNOTS..=HALF_KNOTS).map(move |j| mean + f64::from(j) * half_sigma)
        };
        let mut x: Vec<f64> = mixture.components.iter().flat_map(knots).collect();
        x.sort_unstable_by(f64::total_cmp);
        x.dedup();
        let mut z = vec![0.0; x.len()];
        let mut log_slope = vec![0.0; x.len()];
        mixture.forward(&x, &mut z, &mut log_slope);
        let (mut negated, mut inv_slope) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        inverse_slopes(&log_slope, &mut negated, &mut inv_slope);
        Self { x, z, inv_slope, narrowest: mixture.narrowest() }
    }

    /// The root for z with its bracket, narrowed to the knots beside it where there are any, and
    /// a start in it.
    fn start(&self, mixture: &Mixture, row: usize, z: f64) -> (Root, f64) {
        let after = self.z.partition_point(|&knot| knot < z);
        let extrapolate = |i: usize| self.x[i] + (z - self.z[i]) * self.inv_slope[i];
        let (bracket, guess) = if after == 0 {
            let (lo, hi) = mixture.bracket(z);
            ((lo, hi.min(self.x[0])), extrapolate(0))
        } else if after == self.z.len() {
            let (lo, hi) = mixture.bracket(z);
            ((lo.max(self.x[after - 1]), hi), extrapolate(after - 1))
        } else {
            ((self.x[after - 1], self.x[after]), self.hermite(after - 1, z))
        };
        let (lo, hi) = bracket;
        let guess = if guess >= lo && guess <= hi { guess } else { 0.5 * lo + 0.5 * hi };
        (Root::new(row, z, bracket, self.narrowest), guess)
    }

    /// Inverse cubic Hermite interpolation between knots i and i + 1.
    fn hermite(&self, i: usize, z: f64) -> f64 {
        let h = self.z[i + 1] - self.z[i];
        let u = (z - self.z[i]) / h;
        let dx = self.x[i + 1] - self.x[i];
        let (d0, d1) = (h * self.inv_slope[i], h * self.inv_slope[i + 1]);
        let cubic = d0 + u * (3.0 * dx - 2.0 * d0 - d1 + u * (d0 + d1 - 2.0 * dx));
        self.x[i] + u * cubic
    }

    /// x `[n]`: overwritten with the roots for z `[n]`; accuracy as [`Mixture::invert`]. Returns
    /// how often the map was evaluated for the row that needed it most.
    ///
    /// # Panics
    /// When the lengths differ.
    pub fn invert(&self, mixture: &Mixture, z: &[f64], x: &mut [f64]) -> usize {
        assert_eq!(z.len(), x.len());
        let mut roots = Vec::with_capacity(z.len());
        for (row, (&z, x)) in z.iter().zip(x.iter_mut()).enumerate() {
            *x = z;
            if z.is_finite() {
                let (root, start) = self.start(mixture, row, z);
                *x = start;
                roots.push(root);
            }
        }
        let mut buffer = vec![0.0; 5 * roots.len()];
        for evaluations in 0..MAX_STEPS {
            if roots.is_empty() {
                return evaluations;
            }
            let n = roots.len();
            let (at, rest) = buffer.split_at_mut(n);
            let (z_at, rest) = rest.split_at_mut(n);
            let (log_slope, rest) = rest.split_at_mut(n);
            let (inv_slope, rest) = rest.split_at_mut(n);
            for (at, root) in at.iter_mut().zip(&roots) {
                *at = x[root.row];
            }
            log_slope.fill(0.0);
            mixture.forward(at, z_at, log_slope);
            inverse_slopes(log_slope, &mut rest[..n], inv_slope);
            let mut i = 0;
            roots.retain_mut(|root| {
                let (next, done) = root.step(at[i], z_at[i], log_slope[i], inv_slope[i]);
                x[root.row] = next;
                i += 1;
                !done
            });
        }
        MAX_STEPS
    }
}
