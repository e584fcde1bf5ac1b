//! A search speaks of the points that the flow sees; a model of the table's own values. The two
//! densities differ by ln|det ∂y/∂u| of each row, their means by its mean.

use gauss_rbig::recipe;

/// ln|det ∂y/∂u| of the rows that a fit was given, by their part in it, and their weights.
pub(super) struct Units<'a> {
    /// Of the table's rows.
    pub table: &'a [f64],
    pub weights: Option<&'a [f64]>,
    /// Of the caller's own validation rows.
    pub validation: Option<(&'a [f64], Option<&'a [f64]>)>,
}

impl Units<'_> {
    /// Every mean log-density of the search, in the table's units.
    pub fn apply(&self, search: &mut recipe::Fitted) {
        let held_out = self.held_out(search);
        let learnt = self.learnt(search);
        if (learnt, held_out) == (0.0, 0.0) {
            return;
        }
        search.shift(learnt, held_out);
    }

    fn held_out(&self, search: &recipe::Fitted) -> f64 {
        match self.validation {
            Some((log_det, weights)) => mean(log_det, weights, 0..log_det.len()),
            None => mean(self.table, self.weights, search.held_out.iter().copied()),
        }
    }

    fn learnt(&self, search: &recipe::Fitted) -> f64 {
        let mut learns = vec![true; self.table.len()];
        for &row in &search.held_out {
            learns[row] = false;
        }
        let rows = (0..self.table.len()).filter(|&row| learns[row]);
        mean(self.table, self.weights, rows)
    }
}

/// The weighted mean over some rows; 0 of nothing.
fn mean(values: &[f64], weights: Option<&[f64]>, rows: impl Iterator<Item = usize>) -> f64 {
    let (mut sum, mut total) = (0.0, 0.0);
    for row in rows {
        let weight = weights.map_or(1.0, |weights| weights[row]);
        sum += weight * values[row];
        total += weight;
    }
    if total == 0.0 { 0.0 } else { sum / total }
}
