//! Discrete columns with probabilities of their own, and the end of a flow: the layers before it map
//! the other columns alone, and are given the discrete values.
//!
//! ```text
//! p(x) = P(c) p(y | c),    P(c) = Σ_k w_k Π_j p_kj(c_j)
//! ```
//!
//! c being the values of the m discrete columns, each known by its position in a table, and y the
//! other columns. P is a mixture of products of tables (latent classes); p(y | c) is what the
//! layers before this one are under the features of c as their context, a sum of a row of numbers
//! per value.
//!
//! A discrete value v is a point u of its cell (v - ½, v + ½], wherever in it, with the density
//! P(c) on all of the cell: the integral over the cell is P(c), without error. The map is that of
//! Rosenblatt, column by column: with γ the classes' weights given the columns before, and t the
//! place within the cell,
//!
//! ```text
//! F_j = Σ_k γ_k (Σ_{v before c_j} p_kj(v) + t p_kj(c_j)),    z_j = Φ⁻¹(F_j)
//! ```
//!
//! the randomised residual of Brockwell (2007) where t is uniform. Both tails are summed.
//!
//! A column of whole numbers may go on beyond its table: a value then stands for all beyond, whose
//! probabilities fall geometrically, by a ratio ρ from one to the next; and where the table has gaps, one
//! for all numbers in them, which share it equally.
//!
//! Per row K m look-ups and K exponentials. Source: Lazarsfeld and Henry, Latent Structure Analysis
//! (1968).

mod place;

use super::BoundLayer;
use crate::error::InvalidLayer;
use crate::layer::{Layer, Pass, counted, room};
use gauss_math::normal;
use place::{Column, Place};

/// One discrete column of a [`crate::LayerSpec::Tables`]: whole numbers, each with a probability of its
/// own, and what there is beside them.
#[derive(Clone, Debug, PartialEq)]
pub struct Values {
    /// The column of the flow, from 0.
    pub column: usize,
    /// The numbers of the table, increasing; the whole numbers between them that are none of them share
    /// a probability equally.
    pub own: Vec<f64>,
    /// ρ of the numbers below the first; 0: there are none.
    pub below: f64,
    /// ρ of the numbers above the last; 0: there are none.
    pub above: f64,
}

impl Values {
    /// How many probabilities there are: of every number of the table, of all others between them if
    /// there are such, of all below and of all above.
    #[must_use]
    pub fn count(&self) -> usize {
        let beyond = usize::from(self.below > 0.0) + usize::from(self.above > 0.0);
        self.own.len() + usize::from(has_gaps(&self.own)) + beyond
    }

    /// The position, among the column's probabilities, of the number whose cell holds u.
    #[must_use]
    pub fn code(&self, u: f64) -> Option<usize> {
        Column::new(self, 0).place(u).map(|place| place.code)
    }

    /// The number that each probability is of, `[count]`: of all beyond, the nearest, of all between,
    /// the middle.
    #[must_use]
    pub fn numbers(&self) -> Vec<f64> {
        let (first, last) = (self.own[0], self.own[self.own.len() - 1]);
        let below = (self.below > 0.0).then_some(first - 1.0);
        let between = has_gaps(&self.own).then_some(0.5 * (first + last));
        let above = (self.above > 0.0).then_some(last + 1.0);
        below.into_iter().chain(self.own.iter().copied()).chain(between).chain(above).collect()
    }
}

/// Whether there are whole numbers between these that are none of them.
fn has_gaps(own: &[f64]) -> bool {
    own.last().zip(own.first()).is_some_and(|(last, first)| last - first + 1.0 > own.len() as f64)
}

/// What a [`crate::LayerSpec::Tables`] is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Parts {
    /// The discrete columns, in order.
    pub columns: Vec<Values>,
    /// ln w `[K]`, of any sum.
    pub log_weights: Vec<f64>,
    /// ln p_kj(v) `[K][V]`, column after column, of any sum.
    pub log_probs: Vec<f64>,
    /// `[V][c]`: what each value adds to the context.
    pub features: Vec<f64>,
}

impl Parts {
    /// V.
    #[must_use]
    pub fn values(&self) -> usize {
        self.columns.iter().map(Values::count).sum()
    }

    /// The layer, at the end of a flow of `dim` columns, and its parameters.
    ///
    /// # Panics
    /// When a column is none of the flow's, or the tables do not fit them.
    #[must_use]
    pub fn layer(&self, dim: usize) -> (crate::LayerSpec, Vec<f64>) {
        let (components, values) = (self.log_weights.len(), self.values());
        assert_eq!(self.log_probs.len(), components * values, "a table for every class");
        let features = if values == 0 { 0 } else { self.features.len() / values };
        let spec = crate::LayerSpec::Tables {
            components,
            columns: self.columns.len(),
            values,
            features,
        };
        let mut params = vec![0.0; 3 * dim];
        for column in &self.columns {
            let numbers = [column.own.len() as f64, column.below, column.above];
            for (k, number) in numbers.into_iter().enumerate() {
                params[k * dim + column.column] = number;
            }
        }
        // Beside the table's own numbers, of which there are as many as values at most, zeros.
        params.extend(self.columns.iter().flat_map(|column| &column.own));
        params.resize(3 * dim + values, 0.0);
        params.extend([&self.log_weights[..], &self.log_probs, &self.features].concat());
        (spec, params)
    }

    /// The same of a layer's parameters.
    pub(crate) fn of(shape: &Shape, dim: usize, params: &[f64]) -> Self {
        let (head, rest) = params.split_at(3 * dim);
        let (mut own, rest) = rest.split_at(shape.values);
        let (log_weights, rest) = rest.split_at(shape.components);
        let (log_probs, features) = rest.split_at(shape.components * shape.values);
        let mut columns = Vec::new();
        for column in (0..dim).filter(|j| head[*j] != 0.0) {
            let [count, below, above] = [0, 1, 2].map(|k| head[k * dim + column]);
            let (numbers, others) = own.split_at((count as usize).min(own.len()));
            own = others;
            columns.push(Values { column, own: numbers.to_vec(), below, above });
        }
        Self {
            columns,
            log_weights: log_weights.to_vec(),
            log_probs: log_probs.to_vec(),
            features: features.to_vec(),
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub components: usize,
    pub columns: usize,
    pub values: usize,
    pub features: usize,
}

impl crate::layer::Shape for Shape {
    fn name(&self) -> &'static str {
        "tables"
    }

    fn describe(&self) -> String {
        let classes = match self.components {
            1 => "1 class".to_owned(),
            classes => format!("{classes} classes"),
        };
        format!("{} of {}, {classes}", counted(self.values, "value"), counted(self.columns, "column"))
    }

    fn n_params(&self, dim: usize) -> usize {
        let tables = self.components.saturating_mul(self.values.saturating_add(1));
        let features = self.values.saturating_mul(self.features);
        let numbers = dim.saturating_mul(3).saturating_add(self.values);
        numbers.saturating_add(tables).saturating_add(features)
    }

    fn n_trainable(&self, _: usize) -> usize {
        0
    }

    fn validate(&self, dim: usize, params: &[f64]) -> Result<(), InvalidLayer> {
        if self.components == 0 {
            return Err(InvalidLayer::NoComponents);
        }
        /// Numbers up to here leave room for a place within their cells.
        const LARGEST: f64 = 4_503_599_627_370_496.0;
        let whole = |v: f64| v.fract() == 0.0 && v.abs() <= LARGEST;
        for column in 0..dim {
            let [count, below, above] = [0, 1, 2].map(|k| params[k * dim + column]);
            let is_none = [count, below, above] == [0.0; 3];
            let ratios = [below, above].iter().all(|ratio| (0.0..1.0).contains(ratio));
            let is_table = whole(count) && count > 0.0 && ratios;
            if !(is_none || is_table) {
                return Err(InvalidLayer::Table { column, count, below, above });
            }
        }
        let parts = Parts::of(self, dim, params);
        for Values { column, own, .. } in &parts.columns {
            let increasing = own.windows(2).all(|pair| pair[0] < pair[1]);
            if own.is_empty() || !increasing || !own.iter().all(|v| whole(*v)) {
                return Err(InvalidLayer::Numbers { column: *column });
            }
        }
        let (columns, values) = (parts.columns.len(), parts.values());
        if columns != self.columns || values != self.values {
            return Err(InvalidLayer::Values { columns, values });
        }
        Ok(())
    }

    fn context(&self) -> usize {
        0
    }

    fn bind(&self, dim: usize) -> BoundLayer {
        BoundLayer::Tables(Tables { shape: *self, dim, ..Tables::default() })
    }
}

#[derive(Clone, Debug)]
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

impl Default for Tables {
    fn default() -> Self {
        Self {
            shape: Shape { components: 0, columns: 0, values: 0, features: 0 },
            dim: 0,
            columns: Vec::new(),
            others: Vec::new(),
            log_weights: Vec::new(),
            probs: Vec::new(),
            log_probs: Vec::new(),
            features: Vec::new(),
        }
    }
}

impl Tables {
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
        gamma.iter_mut().for_each(|gamma| *gamma /= sum);
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
                own.iter_mut().for_each(|l| *l -= sum);
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
