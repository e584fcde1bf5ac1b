//! The layer ready for use.

use super::place::{Column, Place};
use super::{Parts, Shape};
use crate::layer::{Layer, Pass, room};
use gauss_math::normal;

#[derive(Clone, Debug, Default)]
pub(crate) struct Tables {
    shape: Shape,
    dim: usize,
    /// `[m]`
    columns: Vec<Column>,
    /// The flow's other columns `[d - m]`.
    others: Vec<usize>,
    /// ln w `[K]`.
    log_weights: Vec<f64>,
    /// p_kj(v), and its logarithm, `[K][V]`.
    probs: Vec<f64>,
    log_probs: Vec<f64>,
    /// `[V][c]`
    features: Vec<f64>,
}

impl Tables {
    /// Without its numbers.
    pub fn new(shape: Shape, dim: usize) -> Self {
        Self { shape, dim, ..Self::default() }
    }

    /// The flow's other columns, in order.
    pub fn others(&self) -> &[usize] {
        &self.others
    }

    /// c.
    pub fn n_features(&self) -> usize {
        self.shape.features
    }

    /// Takes the discrete columns out of x `[d][n]` to u `[m][n]`, and what is left to its front.
    pub fn part(&self, x: &mut [f64], u: &mut Vec<f64>, n: usize) {
        u.clear();
        for column in &self.columns {
            u.extend_from_slice(&x[column.at * n..][..n]);
        }
        for (to, from) in self.others.iter().enumerate() {
            x.copy_within(from * n..(from + 1) * n, to * n);
        }
    }

    /// [`Tables::part`] undone: x `[d][n]` has the others at its front, u is `[m][n]`.
    pub fn join(&self, x: &mut [f64], u: &[f64], n: usize) {
        for (from, to) in self.others.iter().enumerate().rev() {
            x.copy_within(from * n..(from + 1) * n, to * n);
        }
        for (column, u) in self.columns.iter().zip(u.chunks_exact(n)) {
            x[column.at * n..][..n].copy_from_slice(u);
        }
    }

    /// The features `[c][n]`, overwritten, of u `[m][n]`; NaN of what is no value.
    pub fn add_features(&self, u: &[f64], features: &mut [f64], n: usize) {
        let c = self.shape.features;
        features.fill(0.0);
        if c == 0 {
            return;
        }
        for (column, u) in self.columns.iter().zip(u.chunks_exact(n)) {
            for (i, u) in u.iter().enumerate() {
                match column.place(*u) {
                    Some(place) => {
                        let own = &self.features[(column.offset + place.code) * c..][..c];
                        for (k, own) in own.iter().enumerate() {
                            features[k * n + i] += own;
                        }
                    }
                    None => (0..c).for_each(|k| features[k * n + i] = f64::NAN),
                }
            }
        }
    }

    /// ln P(c) `[rows]`, ADDED to, of u `[m][n]`, rows <= n.
    pub fn add_log_prob(&self, u: &[f64], log_prob: &mut [f64], n: usize, work: &mut Vec<f64>) {
        let a = room(work, self.shape.components);
        for (i, log_prob) in log_prob.iter_mut().enumerate() {
            a.copy_from_slice(&self.log_weights);
            let mut beyond = 0.0;
            for (column, u) in self.columns.iter().zip(u.chunks_exact(n)) {
                match column.place(u[i]) {
                    Some(place) => {
                        beyond += place.log_share;
                        self.learn(column, &place, a);
                    }
                    None if u[i].is_nan() => beyond = f64::NAN,
                    None => beyond += f64::NEG_INFINITY,
                }
            }
            *log_prob += beyond + log_sum(a);
        }
    }

    /// The classes' weights after a value: a_k + ln p_kj(c).
    fn learn(&self, column: &Column, place: &Place, a: &mut [f64]) {
        let at = column.offset + place.code;
        for (k, a) in a.iter_mut().enumerate() {
            *a += self.log_probs[k * self.shape.values + at];
        }
    }

    /// γ of a, in place.
    fn weights(a: &[f64], gamma: &mut [f64]) {
        let top = a.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut sum = 0.0;
        for (gamma, a) in gamma.iter_mut().zip(a) {
            *gamma = libm::exp(a - top);
            sum += *gamma;
        }
        for gamma in gamma {
            *gamma /= sum;
        }
    }

    /// Σ_k γ_k p_kj(v) of the value at this position of all.
    fn prob(&self, at: usize, gamma: &[f64]) -> f64 {
        let own = self.probs.iter().skip(at).step_by(self.shape.values);
        own.zip(gamma).map(|(p, gamma)| p * gamma).sum()
    }

    /// z, and ln dz/du.
    fn forward_one(&self, column: &Column, place: &Place, gamma: &[f64]) -> (f64, f64) {
        let own = self.prob(column.offset + place.code, gamma);
        let sum = |codes: std::ops::Range<usize>| -> f64 {
            codes.map(|code| self.prob(column.offset + code, gamma)).sum()
        };
        let lower = sum(0..place.code) + own * place.below;
        let upper = sum(place.code + 1..column.count) + own * place.above;
        let z = if lower <= upper { normal::quantile(lower) } else { -normal::quantile(upper) };
        let log_density = own.ln() + place.log_share;
        (z, log_density - normal::log_pdf(z))
    }

    /// The u whose z this is.
    fn inverse_one(&self, column: &Column, z: f64, gamma: &[f64]) -> f64 {
        if z.is_nan() {
            return z;
        }
        let from_above = z > 0.0;
        // The mass beyond, on the nearer side.
        let target = normal::cdf(-z.abs());
        let mut before = 0.0;
        let mut last = (0, 0.5);
        for step in 0..column.count {
            let code = if from_above { column.count - 1 - step } else { step };
            let own = self.prob(column.offset + code, gamma);
            if own > 0.0 {
                let share = ((target - before) / own).clamp(0.0, 1.0);
                last = (code, share);
                if before + own > target {
                    break;
                }
            }
            before += own;
        }
        let (code, share) = last;
        column.point(code, share, from_above)
    }
}

fn log_sum(a: &[f64]) -> f64 {
    let top = a.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if top == f64::NEG_INFINITY {
        return top;
    }
    top + a.iter().map(|a| libm::exp(a - top)).sum::<f64>().ln()
}

impl Layer for Tables {
    /// Parameters: how many numbers, ratios below, ratios above, `[d]` each, 0 of columns that are not
    /// discrete; the numbers, column after column, then zeros `[V]`; ln w `[K]`; ln p `[K][V]`;
    /// features `[V][c]`.
    fn set(&mut self, params: &[f64]) {
        let parts = Parts::of(&self.shape, self.dim, params);
        let mut offset = 0;
        self.columns.clear();
        for values in &parts.columns {
            self.columns.push(Column::new(values, offset));
            offset += values.count();
        }
        let is_other = |j: &usize| !self.columns.iter().any(|column| column.at == *j);
        self.others = (0..self.dim).filter(is_other).collect();
        let sum = log_sum(&parts.log_weights);
        self.log_weights = parts.log_weights.iter().map(|l| l - sum).collect();
        self.log_probs = parts.log_probs;
        for own in self.log_probs.chunks_exact_mut(self.shape.values.max(1)) {
            for column in &self.columns {
                let own = &mut own[column.offset..][..column.count];
                let sum = log_sum(own);
                for l in own {
                    *l -= sum;
                }
            }
        }
        self.probs = self.log_probs.iter().map(|l| libm::exp(*l)).collect();
        self.features = parts.features;
    }

    fn forward(
        &self,
        x: &[f64],
        _: &[f64],
        z: &mut [f64],
        log_det: &mut [f64],
        work: &mut Vec<f64>,
    ) {
        let (n, k) = (log_det.len(), self.shape.components);
        z.copy_from_slice(x);
        let (a, gamma) = room(work, 2 * k).split_at_mut(k);
        for i in 0..n {
            a.copy_from_slice(&self.log_weights);
            for column in &self.columns {
                let at = column.at * n + i;
                let (latent, log_slope) = match column.place(x[at]) {
                    Some(place) => {
                        Self::weights(a, gamma);
                        let made = self.forward_one(column, &place, gamma);
                        self.learn(column, &place, a);
                        made
                    }
                    None => column.nowhere(x[at]),
                };
                z[at] = latent;
                log_det[i] += log_slope;
            }
        }
    }

    fn inverse(&self, z: &[f64], _: &[f64], x: &mut [f64], n: usize, work: &mut Vec<f64>) {
        let k = self.shape.components;
        x.copy_from_slice(z);
        let (a, gamma) = room(work, 2 * k).split_at_mut(k);
        for i in 0..n {
            a.copy_from_slice(&self.log_weights);
            for column in &self.columns {
                let at = column.at * n + i;
                Self::weights(a, gamma);
                x[at] = self.inverse_one(column, z[at], gamma);
                if let Some(place) = column.place(x[at]) {
                    self.learn(column, &place, a);
                }
            }
        }
    }

    /// Within a cell z_j grows with u_j at the rate f/φ(z_j), and nothing else changes.
    fn backward(
        &self,
        pass: Pass<'_>,
        _: &[f64],
        x_bar: &mut [f64],
        _: &mut [f64],
        work: &mut Vec<f64>,
        _: &mut [f64],
    ) {
        let (n, k) = (pass.log_det_bar.len(), self.shape.components);
        x_bar.copy_from_slice(pass.z_bar);
        let (a, gamma) = room(work, 2 * k).split_at_mut(k);
        for i in 0..n {
            a.copy_from_slice(&self.log_weights);
            for column in &self.columns {
                let at = column.at * n + i;
                let Some(place) = column.place(pass.x[at]) else { continue };
                Self::weights(a, gamma);
                let (z, log_slope) = self.forward_one(column, &place, gamma);
                // ∂ log_det/∂u = d/du (ln f - ln φ(z)) = z dz/du
                x_bar[at] = (pass.z_bar[at] + pass.log_det_bar[i] * z) * log_slope.exp();
                self.learn(column, &place, a);
            }
        }
    }
}
