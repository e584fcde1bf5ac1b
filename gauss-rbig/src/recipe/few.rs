//! A handful of rows can be learnt by heart by anything: they get the simple model that does better
//! in cross-validation, or by the caller's validation rows.
//!
//! Of one normal distribution and independent columns the better one is it. The shrunk normal is
//! both, in a proportion that the rows say; it is the model where it is ahead of them by more than
//! chance ([`judge::is_well_ahead`]), or where so few rows judge nothing.

use super::fitted::{Fitted, Winner};
use super::judge;
use super::rivals::Rival;
use crate::Error;
use crate::baseline::Baseline;
use gauss_flow::{Flow, Rows};

const FOLDS: usize = 5;
/// Rows of which none can be spared: two others give a column's deviation to a factor of two.
const LEAST_TO_JUDGE: usize = 4;

/// A simple model, and how it does on rows that it has not seen.
struct Judged {
    baseline: Baseline,
    flow: Flow,
    /// Mean log-density of the rows.
    score: f64,
    /// Log-density of each.
    log_prob: Vec<f64>,
}

/// By cross-validation.
pub(super) fn fit(x: Rows<'_>) -> Result<Fitted, Error> {
    let mut judged = Vec::new();
    for baseline in Baseline::FLOWS {
        let Some(flow) = baseline.flow(x)? else { continue };
        let (score, log_prob) = cross_validated(baseline, x);
        judged.push(Judged { baseline, flow, score, log_prob });
    }
    let fitted = chosen(judged, x, x.nrows() >= LEAST_TO_JUDGE);
    Ok(Fitted { train_rows: x.nrows(), ..fitted })
}

/// By validation rows.
pub(super) fn fit_validated(x: Rows<'_>, validation: Rows<'_>) -> Result<Fitted, Error> {
    let mut judged = Vec::new();
    for baseline in Baseline::FLOWS {
        let Some(flow) = baseline.flow(x)? else { continue };
        let log_prob = flow.log_prob(validation.x())?;
        let score = finite_or_worst(validation.mean(&log_prob));
        judged.push(Judged { baseline, flow, score, log_prob });
    }
    let (train_rows, validation_rows) = (x.nrows(), validation.nrows());
    let fitted = chosen(judged, validation, true);
    let own = |rival: &&Rival| Some(rival.baseline) == fitted.fallback();
    let validation_log_prob = fitted.baselines.iter().find(own).map(|rival| rival.score);
    Ok(Fitted { validation_log_prob, train_rows, validation_rows, ..fitted })
}

/// Mean log-density, and that of each row `[n]`, under the fits to the four fifths that it is not in;
/// -inf where those have no such density.
fn cross_validated(baseline: Baseline, x: Rows<'_>) -> (f64, Vec<f64>) {
    let folds = x.nrows().min(FOLDS);
    let mut log_prob = vec![f64::NEG_INFINITY; x.nrows()];
    let mut total = 0.0;
    for fold in 0..folds {
        let (own, others): (Vec<usize>, Vec<usize>) =
            (0..x.nrows()).partition(|i| i % folds == fold);
        let [own_rows, others] = [&own, &others].map(|at| x.pick(at));
        // A column may be constant in what a fold leaves, or the rows span no volume.
        let found = match baseline.flow(others.rows()) {
            Ok(Some(flow)) => flow.log_prob(own_rows.rows().x()).ok(),
            Ok(None) | Err(_) => None,
        };
        let found = found.unwrap_or_else(|| vec![f64::NEG_INFINITY; own.len()]);
        total += finite_or_worst(own_rows.rows().mean(&found)) * own_rows.rows().total();
        for (i, value) in own.into_iter().zip(found) {
            log_prob[i] = value;
        }
    }
    (total / x.total(), log_prob)
}

fn finite_or_worst(score: f64) -> f64 {
    if score.is_nan() { f64::NEG_INFINITY } else { score }
}

/// The model among these; `judges`: whether the rows can judge it.
fn chosen(mut judged: Vec<Judged>, rows: Rows<'_>, judges: bool) -> Fitted {
    let is_shrunk = |k: &usize| judged[*k].baseline == Baseline::Shrunk;
    let shrunk = (0..judged.len()).find(is_shrunk);
    let simple = (0..judged.len())
        .filter(|k| !is_shrunk(k))
        .max_by(|a, b| judged[*a].score.total_cmp(&judged[*b].score));
    let best = match (simple, shrunk) {
        (Some(simple), Some(shrunk)) => {
            let [own, other] = [shrunk, simple].map(|k| &judged[k].log_prob);
            let ahead = !judges || judge::is_well_ahead(own, other, rows);
            if ahead { shrunk } else { simple }
        }
        (simple, _) => simple.expect("independent columns are a flow"),
    };
    let score = |judged: &Judged| Rival { baseline: judged.baseline, score: judged.score };
    let baselines = judged.iter().filter(|j| j.score.is_finite()).map(score).collect();
    let Judged { baseline, flow, .. } = judged.swap_remove(best);
    Fitted { baselines, ..Fitted::of(flow, Winner::Baseline(baseline)) }
}
