//! Joint probabilities of discrete columns: latent classes, by expectation and maximisation.
//!
//! ```text
//! P(c) = Σ_k w_k Π_j p_kj(c_j)
//! ```
//!
//! One class is independent columns; as many as there are different rows can be anything. A value is
//! known by its position among its column's, 0, 1, ... All that EM needs to know of the rows is how
//! often each combination of values stands among them, so that a million rows of a few columns
//! cost what some hundred do.
//!
//! An iteration is a sum over combinations: N_k = Σ r and N_kj(v) = Σ r over those with value v in
//! column j, r being the class's share of a combination's weight. Then
//!
//! ```text
//! w_k = N_k/Σ N,   p_kj(v) = (N_kj(v) + a q_j(v) + 1/(K m_j))/(N_k + a + 1/K)
//! ```
//!
//! with q_j the column's own shares and a = 0.03 rows, so that no class forbids what the column has; and
//! of one row, spread evenly over the m_j values, each class has its part, for the values that no row
//! shows (Perks 1947).
//!
//! Sources: Lazarsfeld and Henry, Latent Structure Analysis (1968); Goodman, Biometrika 61 (1974), 215.

mod cells;
mod em;
mod features;
mod search;

pub(crate) use cells::Cells;
pub(crate) use features::features;
pub(crate) use search::{Found, search};

/// Latent classes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Classes {
    /// How many values each column has `[m]`.
    counts: Vec<usize>,
    /// ln w `[K]`.
    pub log_weights: Vec<f64>,
    /// ln p_kj(v) `[K][V]`, column after column.
    pub log_probs: Vec<f64>,
}

impl Classes {
    /// K.
    pub fn len(&self) -> usize {
        self.log_weights.len()
    }

    /// V.
    fn values(&self) -> usize {
        self.counts.iter().sum()
    }

    /// ln (w_k p_k(c)) of every class to `terms` `[K]`, and ln P(c).
    fn terms(&self, codes: &[u32], terms: &mut [f64]) -> f64 {
        terms.copy_from_slice(&self.log_weights);
        let values = self.values();
        let mut offset = 0;
        for (code, count) in codes.iter().zip(&self.counts) {
            let own = self.log_probs.iter().skip(offset + *code as usize).step_by(values);
            terms.iter_mut().zip(own).for_each(|(term, log_prob)| *term += log_prob);
            offset += count;
        }
        let top = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        top + terms.iter().map(|term| (term - top).exp()).sum::<f64>().ln()
    }

    /// ln P(c) of each combination.
    pub fn log_prob(&self, cells: &Cells) -> Vec<f64> {
        let mut terms = vec![0.0; self.len()];
        cells.iter().map(|(codes, _)| self.terms(codes, &mut terms)).collect()
    }
}
