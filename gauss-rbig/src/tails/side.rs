//! One side of a column, looked at from within: its exceedances, their tail, and where the map that
//! makes it normal begins.
//!
//! **How many exceedances.** The index errs by (1 + ξ)/√k by chance, and for a tail that is only
//! nearly a power the more the further in it begins. At n = [`FULL`] rows a tenth serves Student's t
//! with 1, 2 and 3 degrees of freedom alike: ln p at the 1 - 10⁻⁶ quantile is then, in the median of
//! 60 draws, 0.5, 0.8 and 1.1 nats off, against 0.6, 0.8 and 1.1 with a twentieth, which finds fewer
//! tails, 0.9, 1.1 and 1.4 with a fortieth, and 0.5, 1.1 and 1.6 with three twentieths. With more rows the share falls as n^(-1/3): k = 500 (n/5000)^(2/3), between the optimal
//! exponents 0.57 of three degrees of freedom and 0.8 of one (Hall 1982).
//!
//! **Where the map begins.** What is normal beyond x at the 90 % point only has a normal's scale
//! there, not its centre: the mixture that is fitted next would have to end in a normal that lies on
//! the far side of the column. The fitted tail, extended inwards, is the same tail: p grows to q,
//! β to β (q/p)^(-ξ), and the threshold moves to t + β ((q/p)^(-ξ) - 1)/ξ. It is begun at the q for
//! which the centre of the normal that it becomes, threshold - s z_q, is a little beyond the median
//! ([`SHARED`]), or as near to that as it comes with the threshold beyond the 60 % point.

use super::Tail;
use super::pareto::{Exceedances, Pareto};
use gauss_math::normal;

/// The share of the weight beyond the threshold, up to [`FULL`] rows.
const SHARE: f64 = 0.1;
/// From here on the share falls.
const FULL: f64 = 5000.0;
/// The fewest exceedances, and the least weight of them.
const LEAST: usize = 30;
/// Of the exceedances at least this part must differ from each other: else they lie on a grid, and
/// have no tail but that of the grid's.
const DISTINCT: f64 = 0.5;
/// One in so many exceedances, the farthest, counts only as far where a tail is tested.
const FAR: usize = 100;

/// The index is taken where the log-likelihood is so many nats below its height, on the heavy side:
/// one standard error. An index too small costs a far row many times what one that is too large does,
/// and a tail that is not yet a power where it is fitted has too small a one: of Student's t with 3
/// degrees of freedom in 5 columns ln p at the 1 - 10⁻⁶ quantile is 2.6 nats off in the median of
/// draws at the likeliest index, 1.8 with half a standard error, 1.2 with one; with 1 degree 1.5, 1.4
/// and 1.3. The divergence of new rows is the same.
const CAUTION: f64 = 0.5;
/// How far the centre of a tail's normal lies beyond the median, in its deviations: a mixture's
/// widest component has the middle of the column and less than all of the weight, and w Φ̄(u) is near
/// Φ̄(u + 0.4) for w of a fifth to a half and u of 2 to 4. 0.2 and 0.7 do nearly as well; 0 doubles
/// the divergence from Student's t.
const SHARED: f64 = 0.4;
/// At least so much of the weight lies within a threshold: the sides of a column do not meet.
const INNER: f64 = 0.6;
/// q is below ½, and z_q above 0.
const INNERMOST: f64 = 0.499;
/// Halvings of ln q: it need not be known to better than 1e-9.
const BISECTIONS: usize = 30;

/// A side: its values times its sign.
pub(super) struct Side {
    sign: f64,
    median: f64,
    /// Where a map may begin.
    inner: f64,
    /// t, of the values times the sign.
    threshold: f64,
    /// p
    probability: f64,
    /// y, increasing, and their weights; none where there are too few.
    exceedances: Vec<f64>,
    weights: Vec<f64>,
}

impl Side {
    /// Of values `[n]` and their counted weights `[n]`; sign: -1 for the lower side, 1 for the upper.
    pub fn of(values: &[f64], weights: Option<&[f64]>, sign: f64) -> Self {
        let weight = |i: usize| weights.map_or(1.0, |weights| weights[i]);
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|&a, &b| (sign * values[a]).total_cmp(&(sign * values[b])));
        let v: Vec<f64> = order.iter().map(|&i| sign * values[i]).collect();
        let w: Vec<f64> = order.iter().map(|&i| weight(i)).collect();
        let total: f64 = w.iter().sum();
        let wanted = total * SHARE * (FULL / total).cbrt().min(1.0);
        let (mut first, mut beyond) = (v.len(), 0.0);
        while first > 1 && beyond + w[first - 1] <= wanted {
            first -= 1;
            beyond += w[first];
        }
        let threshold = v[first - 1];
        while first < v.len() && v[first] == threshold {
            beyond -= w[first];
            first += 1;
        }
        let exceedances: Vec<f64> = v[first..].iter().map(|v| v - threshold).collect();
        let distinct = 1 + exceedances.windows(2).filter(|pair| pair[0] < pair[1]).count();
        let enough = exceedances.len() >= LEAST
            && beyond >= LEAST as f64
            && distinct as f64 >= DISTINCT * exceedances.len() as f64;
        let (exceedances, weights) =
            if enough { (exceedances, w[first..].to_vec()) } else { Default::default() };
        let quantile = |p: f64| {
            let mut sum = 0.0;
            let at = w.iter().position(|w| {
                sum += w;
                sum >= p * total
            });
            v[at.unwrap_or(v.len() - 1)]
        };
        let (median, inner) = (quantile(0.5), quantile(INNER));
        Self { sign, median, inner, threshold, probability: beyond / total, exceedances, weights }
    }

    /// Of a power-law tail to an exponential one; 0 where there are too few exceedances.
    pub fn likelihood_ratio(&self) -> f64 {
        if self.exceedances.is_empty() {
            return 0.0;
        }
        let far = self.exceedances.len().div_ceil(FAR);
        let tested = Exceedances::new(&self.exceedances, &self.weights).censored(far);
        tested.fit().likelihood_ratio
    }

    /// The likeliest tail; `None` where there are too few exceedances, or it is exponential or
    /// lighter.
    pub fn tail(&self) -> Option<Tail> {
        if self.exceedances.is_empty() {
            return None;
        }
        let exceedances = Exceedances::new(&self.exceedances, &self.weights);
        let fit = exceedances.heavier(exceedances.fit(), CAUTION);
        let (threshold, probability, scale) = self.begin(&fit);
        (fit.likelihood_ratio > 0.0).then_some(Tail {
            threshold: self.sign * threshold,
            probability,
            scale,
            index: fit.index,
        })
    }

    /// Threshold, q and scale where the map begins: as far in as the centre of the normal is
    /// far enough beyond the median, and the threshold beyond the 60 % point.
    fn begin(&self, fit: &Pareto) -> (f64, f64, f64) {
        let at = |log_ratio: f64| {
            let log_shrink = -fit.index * log_ratio;
            let threshold = self.threshold + fit.scale * log_shrink.exp_m1() / fit.index;
            (threshold, self.probability * log_ratio.exp(), fit.scale * log_shrink.exp())
        };
        let is_outside = |log_ratio: f64| {
            let (threshold, q, scale) = at(log_ratio);
            let z = -normal::quantile(q);
            let spread = scale / (normal::SQRT_2PI * normal::mills(z));
            threshold - spread * (z - SHARED) < self.median && threshold > self.inner
        };
        // Of both conditions each holds up to some q below ½, or always.
        let (mut low, mut high) = (0.0, (INNERMOST / self.probability).ln());
        for _ in 0..BISECTIONS {
            let middle = 0.5 * (low + high);
            if is_outside(middle) {
                low = middle;
            } else {
                high = middle;
            }
        }
        at(low)
    }
}
