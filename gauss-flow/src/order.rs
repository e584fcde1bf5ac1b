//! Order statistics of values with weights.
//!
//! A quantile interpolates between order statistics: with h(p) = (n - 1) p + 1 (type 7 of Hyndman
//! and Fan 1996) or n p + ½ (type 5), it is the value at place h of the sorted values, counted from
//! one. With weights (Akinshin 2023, arXiv:2304.07265) n becomes the effective sample size
//! n* = (Σw)²/Σw², and the quantile Σ_i v_i (F(s_i) - F(s_{i-1})), s_i the share of the weight up to
//! the i-th value and F the distribution function of a uniform variable on [(h - 1)/n*, h/n*]: for
//! equal weights the same, free of the weights' scale, and continuous in them.

use crate::rows::effective;

/// Values in order, and the shares of weight up to each.
#[derive(Clone, Debug, PartialEq)]
pub struct Sorted {
    values: Vec<f64>,
    /// s `[n]`, increasing to 1; `None` where all weights are equal.
    shares: Option<Vec<f64>>,
    /// n*.
    effective: f64,
}

impl Sorted {
    /// Of values `[n]`, at least one and none NaN, and their weights `[n]`, if there are any, all
    /// positive.
    ///
    /// ```
    /// use gauss_flow::order::Sorted;
    /// let plain = Sorted::of(vec![3.0, 1.0, 2.0, 4.0], None);
    /// assert_eq!(plain.quantile(0.5), 2.5);
    /// // The more weight, the nearer.
    /// let heavy = Sorted::of(vec![3.0, 1.0, 2.0, 4.0], Some(&[1.0, 1.0, 1.0, 9.0]));
    /// assert!(heavy.quantile(0.5) > 3.5);
    /// ```
    ///
    /// # Panics
    /// When there is no value, or another number of weights.
    #[must_use]
    pub fn of(mut values: Vec<f64>, weights: Option<&[f64]>) -> Self {
        assert!(!values.is_empty(), "values");
        let Some(weights) = weights else {
            values.sort_unstable_by(f64::total_cmp);
            let effective = values.len() as f64;
            return Self { values, shares: None, effective };
        };
        assert_eq!(values.len(), weights.len(), "weights");
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
        let total: f64 = weights.iter().sum();
        let mut sum = 0.0;
        let mut shares: Vec<f64> = Vec::with_capacity(values.len());
        for &i in &order {
            sum += weights[i];
            shares.push(sum / total);
        }
        let sorted = order.iter().map(|&i| values[i]).collect();
        Self { values: sorted, shares: Some(shares), effective: effective(weights) }
    }

    /// The values, increasing.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// n*, n where all weights are equal.
    #[must_use]
    pub fn effective(&self) -> f64 {
        self.effective
    }

    /// The p-quantile of type 7; for equal weights the least value at p = 0, the largest at 1.
    #[must_use]
    pub fn quantile(&self, p: f64) -> f64 {
        self.at(p.clamp(0.0, 1.0) * (self.effective - 1.0))
    }

    /// The p-quantile of type 5, for which each of n values stands for the middle of its n-th.
    #[must_use]
    pub fn middle_quantile(&self, p: f64) -> f64 {
        self.at((p * self.effective - 0.5).clamp(0.0, self.effective - 1.0))
    }

    /// The first value up to which there is more than the share p of the weight.
    #[must_use]
    pub fn beyond(&self, p: f64) -> f64 {
        let i = match &self.shares {
            None => (p * self.effective) as usize,
            Some(shares) => shares.partition_point(|share| *share <= p),
        };
        self.values[i.min(self.values.len() - 1)]
    }

    /// The share of the weight on values equal to the one before.
    #[must_use]
    pub fn repeating(&self) -> f64 {
        let repeats = (1..self.values.len()).filter(|&i| self.values[i] == self.values[i - 1]);
        match &self.shares {
            None => repeats.count() as f64 / self.values.len() as f64,
            Some(shares) => repeats.map(|i| shares[i] - shares[i - 1]).sum(),
        }
    }

    /// The weight of the i-th value over the mean weight: 1 where all are equal.
    ///
    /// # Panics
    /// When there is no such value.
    #[must_use]
    pub fn weight(&self, i: usize) -> f64 {
        self.shares.as_ref().map_or(1.0, |shares| {
            let before = if i == 0 { 0.0 } else { shares[i - 1] };
            (shares[i] - before) * shares.len() as f64
        })
    }

    /// The value at place h - 1 = `position`, from 0 to n* - 1.
    fn at(&self, position: f64) -> f64 {
        let last = self.values.len() - 1;
        let Some(shares) = &self.shares else {
            let (i, part) = (position as usize, position.fract());
            return self.values[i] + part * (self.values[(i + 1).min(last)] - self.values[i]);
        };
        let n = self.effective;
        let high = (position + 1.0) / n;
        let mut below = position / n;
        let first = shares.partition_point(|share| *share <= below).min(last);
        let start = self.values[first];
        let mut beyond = 0.0;
        for (value, share) in self.values[first..].iter().zip(&shares[first..]) {
            let to = share.min(high);
            beyond += (to - below) * n * (value - start);
            below = to;
            if *share >= high {
                break;
            }
        }
        start + beyond
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_weights_are_none() {
        let values: Vec<f64> = (0..17).map(|i| f64::from(i * i % 23)).collect();
        let plain = Sorted::of(values.clone(), None);
        let equal = Sorted::of(values.clone(), Some(&[0.3; 17]));
        for i in 0..=40 {
            let p = f64::from(i) / 40.0;
            // Sums of shares: some ε of the range of the values.
            assert!((plain.quantile(p) - equal.quantile(p)).abs() < 1e-12, "{p}");
            assert!((plain.middle_quantile(p) - equal.middle_quantile(p)).abs() < 1e-12, "{p}");
        }
        assert_eq!(plain.beyond(0.5), equal.beyond(0.5));
        assert!((plain.repeating() - equal.repeating()).abs() < 1e-15);
    }

    #[test]
    fn the_scale_of_weights_and_rows_of_little_weight_do_not_matter() {
        let values = vec![5.0, 1.0, 4.0, 2.0, 3.0];
        let weights = [1.0, 2.0, 0.5, 3.0, 1.5];
        let once = Sorted::of(values.clone(), Some(&weights));
        let twice = Sorted::of(values.clone(), Some(&weights.map(|w| 2.0 * w)));
        assert_eq!(once, twice);
        let more =
            Sorted::of([values, vec![1e6]].concat(), Some(&[1.0, 2.0, 0.5, 3.0, 1.5, 1e-20]));
        for p in [0.0, 0.1, 0.5, 0.9] {
            assert!((once.quantile(p) - more.quantile(p)).abs() < 1e-9, "{p}");
        }
    }

    #[test]
    fn integer_weights_repeat_the_value() {
        let weighted = Sorted::of(vec![1.0, 2.0, 7.0], Some(&[2.0, 1.0, 3.0]));
        let repeated = Sorted::of(vec![1.0, 1.0, 2.0, 7.0, 7.0, 7.0], None);
        for p in [0.1, 0.4, 0.6, 0.9] {
            assert_eq!(weighted.beyond(p), repeated.beyond(p));
        }
        assert_eq!(weighted.weight(2), 1.5);
    }
}
