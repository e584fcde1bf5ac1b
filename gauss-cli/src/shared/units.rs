//! A fit speaks of the points that the flow sees; its report of the table's own values. The two
//! densities differ by ln|det ∂y/∂x| of each row, their means by its mean.

use gauss_rbig::recipe::Fitted;

/// ln|det ∂y/∂x| of the rows that a fit was given, by their part in it.
pub struct Units {
    /// Of the table's rows.
    pub table: Vec<f64>,
    /// Of the rows of --validation.
    pub validation: Option<Vec<f64>>,
}

impl Units {
    /// Every mean log-density of the fit, in the table's units. What the search tried on a part of
    /// the rows is moved by the mean over all of them.
    pub fn apply(&self, fitted: &mut Fitted) {
        let held_out = self.held_out(fitted);
        let learnt = self.learnt(fitted);
        if (learnt, held_out) == (0.0, 0.0) {
            return;
        }
        fitted.validation_log_prob.iter_mut().for_each(|log_prob| *log_prob += held_out);
        for baseline in &mut fitted.baselines {
            baseline.score += held_out;
        }
        for trial in &mut fitted.trials {
            trial.before += held_out;
            trial.after += held_out;
        }
        for record in fitted.history.iter_mut().flat_map(|history| &mut history.epochs) {
            record.train_nll -= learnt;
            record.validation_nll.iter_mut().for_each(|nll| *nll -= held_out);
        }
    }

    fn held_out(&self, fitted: &Fitted) -> f64 {
        match &self.validation {
            Some(validation) => mean(validation.iter().copied()),
            None => mean(fitted.held_out.iter().map(|&row| self.table[row])),
        }
    }

    fn learnt(&self, fitted: &Fitted) -> f64 {
        let mut learns = vec![true; self.table.len()];
        for &row in &fitted.held_out {
            learns[row] = false;
        }
        mean(self.table.iter().zip(learns).filter(|(_, learns)| *learns).map(|(&v, _)| v))
    }
}

/// 0 of nothing.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0_usize);
    for value in values {
        sum += value;
        count += 1;
    }
    if count == 0 { 0.0 } else { sum / count as f64 }
}
