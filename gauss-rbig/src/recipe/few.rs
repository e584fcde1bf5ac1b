//! A handful of rows can be learnt by heart by anything: they get the simple model that does better
//! in cross-validation.

use super::fitted::{Fitted, Winner};
use super::rivals::{Rival, rivals};
use crate::Error;
use gauss_flow::{Flow, Rows};

const FOLDS: usize = 5;

pub(super) fn fit(x: Rows<'_>) -> Result<Fitted, Error> {
    let folds = x.nrows().min(FOLDS);
    let mut totals: Vec<f64> = Vec::new();
    for fold in 0..folds {
        let (own, others): (Vec<usize>, Vec<usize>) =
            (0..x.nrows()).partition(|i| i % folds == fold);
        let [own, others] = [own, others].map(|at| x.pick(&at));
        for (k, found) in rivals(others.rows(), own.rows()).enumerate() {
            // A column may be constant in what a fold leaves, or the rows span no volume.
            let score = found.map_or(f64::NEG_INFINITY, |(rival, _)| rival.score);
            let score = if score.is_nan() { f64::NEG_INFINITY } else { score };
            totals.resize(totals.len().max(k + 1), 0.0);
            totals[k] += score * own.rows().total();
        }
    }
    let mut found = Vec::new();
    for (total, fitted) in totals.into_iter().zip(rivals(x, x)) {
        let (Rival { baseline, .. }, flow) = fitted?;
        found.push((Rival { baseline, score: total / x.total() }, flow));
    }
    let best = found.iter().enumerate().max_by(|a, b| a.1.0.score.total_cmp(&b.1.0.score));
    let best = best.map_or(0, |(k, _)| k);
    let (baselines, mut flows): (Vec<Rival>, Vec<Flow>) = found.into_iter().unzip();
    let winner = Winner::Baseline(baselines[best].baseline);
    let train_rows = x.nrows();
    Ok(Fitted { baselines, train_rows, ..Fitted::of(flows.swap_remove(best), winner) })
}
