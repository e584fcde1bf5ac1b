//! The different rows of discrete columns, and how often each stands there.

use crate::mean::Mean;

/// Combinations of values in lexicographic order, with their weights.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cells {
    /// How many values each column has `[m]`, at least one column.
    pub counts: Vec<usize>,
    /// `[C][m]`
    codes: Vec<u32>,
    /// `[C]`
    weights: Vec<f64>,
    /// Which combination each row is `[n]`.
    pub of_row: Vec<u32>,
}

impl Cells {
    /// Of the codes `[n][m]` of rows with these weights.
    pub fn of(counts: &[usize], codes: &[u32], weight: impl Fn(usize) -> f64) -> Self {
        let m = counts.len();
        let row = |i: usize| &codes[i * m..(i + 1) * m];
        let mut order: Vec<u32> = (0..(codes.len() / m) as u32).collect();
        // Equal rows stay in their order, so that a sum of their weights has the same bits always.
        order.sort_by(|&a, &b| row(a as usize).cmp(row(b as usize)));
        let mut cells = Self {
            counts: counts.to_vec(),
            codes: Vec::new(),
            weights: Vec::new(),
            of_row: vec![0; order.len()],
        };
        for (at, &i) in order.iter().enumerate() {
            let own = row(i as usize);
            if at == 0 || row(order[at - 1] as usize) != own {
                cells.codes.extend_from_slice(own);
                cells.weights.push(0.0);
            }
            let last = cells.weights.len() - 1;
            cells.weights[last] += weight(i as usize);
            cells.of_row[i as usize] = last as u32;
        }
        cells
    }

    /// C.
    pub fn len(&self) -> usize {
        self.weights.len()
    }

    /// Σ w.
    pub fn total(&self) -> f64 {
        self.weights.iter().sum()
    }

    pub fn codes(&self, at: usize) -> &[u32] {
        &self.codes[at * self.counts.len()..][..self.counts.len()]
    }

    /// The value of row i in a column.
    pub fn code(&self, i: usize, column: usize) -> u32 {
        self.codes(self.of_row[i] as usize)[column]
    }

    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Each combination and its weight.
    pub fn iter(&self) -> impl Iterator<Item = (&[u32], f64)> {
        self.codes.chunks_exact(self.counts.len()).zip(self.weights.iter().copied())
    }

    /// The weighted mean of a value per combination.
    pub fn mean(&self, values: &[f64]) -> f64 {
        let present = values.iter().zip(&self.weights).filter(|(_, w)| **w > 0.0);
        present.map(|(v, w)| v * w).sum::<f64>() / self.total()
    }

    /// A value per combination as one per row.
    pub fn per_row(&self, values: &[f64]) -> Vec<f64> {
        self.of_row.iter().map(|cell| values[*cell as usize]).collect()
    }

    /// The mean of a value per combination, over rows of these weights, and its error.
    pub fn mean_of_rows(&self, values: &[f64], weights: Option<&[f64]>) -> Mean {
        Mean::of_rows(&self.per_row(values), weights)
    }
}
