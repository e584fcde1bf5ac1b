//! What a layer of tables is made of, and how its numbers are laid out.

use super::Shape;
use super::place::Column;

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

    /// ln of the part that the number whose cell holds u has in its probability: 0 of a number of the
    /// table.
    #[must_use]
    pub fn log_share(&self, u: f64) -> f64 {
        Column::new(self, 0).place(u).map_or(f64::NEG_INFINITY, |place| place.log_share)
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
        let features = self.features.len().checked_div(values).unwrap_or(0);
        let spec =
            crate::LayerSpec::Tables { components, columns: self.columns.len(), values, features };
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
