//! Who wins: the highest mean log-density of the validation rows, and, of those that chance alone
//! may have put ahead of it, what is simpler.
//!
//! Chance is the standard error of the mean difference, row by row: what two densities have in
//! common with the row cancels. (The one-standard-error rule: Breiman et al. 1984, section 3.4.3.)

use super::mixture::Mixed;
use super::sample::Sample;
use super::search::Runner;
use crate::Error;
use crate::mean::Mean;
use gauss_flow::Rows;

/// Whether a is ahead of b by more than chance; log-densities of the validation rows, `[n]` each.
pub(super) fn is_ahead(a: &[f64], b: &[f64], validation: Rows<'_>) -> bool {
    is_ahead_by(1.0, a, b, validation)
}

/// The same where a is the best of many by these very rows, which flatters it by about one standard
/// error more: the largest of a few normal numbers is about one deviation above their mean.
pub(super) fn is_surely_ahead(a: &[f64], b: &[f64], validation: Rows<'_>) -> bool {
    is_ahead_by(2.0, a, b, validation)
}

/// Nats per row by which a shrunk normal distribution has to be ahead: of many rows it is one normal to
/// some 1/n, and who is ahead then is of no account.
const WELL: f64 = 0.1;

/// The same by enough to matter.
pub(super) fn is_well_ahead(a: &[f64], b: &[f64], validation: Rows<'_>) -> bool {
    is_surely_ahead(a, b, validation) && validation.mean(a) - validation.mean(b) >= WELL
}

fn is_ahead_by(errors: f64, a: &[f64], b: &[f64], validation: Rows<'_>) -> bool {
    let difference: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    let difference = Mean::of_rows(&difference, validation.weights());
    // One row, or a density of 0, has no standard error.
    let chance = if difference.standard_error.is_nan() { 0.0 } else { difference.standard_error };
    difference.mean > errors * chance
}

/// Whether a mixture is ahead of what was trained by more than chance: what is ahead by chance alone
/// gives way to the flow, which generalises better.
pub(super) fn is_better(
    mixed: &Mixed,
    trained: &Runner,
    validation: Sample<'_>,
) -> Result<bool, Error> {
    let [mixed, trained] = [&mixed.flow, &trained.flow].map(|flow| validation.log_prob(flow));
    Ok(is_ahead(&mixed?, &trained?, validation.all()))
}

/// Of runners, the best first: the best, or one of another kind with fewer parameters that it is
/// not ahead of.
pub(super) fn choose(mut runners: Vec<Runner>, validation: Sample<'_>) -> Result<Runner, Error> {
    let mut chosen = 0;
    if runners.len() == 1 {
        return Ok(runners.swap_remove(0));
    }
    let log_prob = validation.log_prob(&runners[0].flow)?;
    for i in 1..runners.len() {
        let [best, other] = [&runners[0], &runners[i]];
        let simpler = other.candidate.kind() != best.candidate.kind()
            && other.flow.n_params() < runners[chosen].flow.n_params();
        if simpler && !is_ahead(&log_prob, &validation.log_prob(&other.flow)?, validation.all()) {
            chosen = i;
        }
    }
    Ok(runners.swap_remove(chosen))
}
