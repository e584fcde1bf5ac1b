//! What a fit tried and chose: for the report of `gauss fit` and the notes of the model file.

use gauss_rbig::recipe::{Baseline, Fitted, Trial};
use schemars::JsonSchema;
use serde::Serialize;

/// The search as JSON; log-densities are means over the validation rows, in nats.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Search")]
pub struct Trials {
    /// The winner, and out of how many.
    pub chosen: Option<String>,
    /// Every candidate in every round.
    pub tried: Vec<Tried>,
    /// The simple models that any fit must beat.
    pub baselines: Vec<Simple>,
    /// The simple model that did better than anything trained, and is the result.
    pub fallback: Option<String>,
}

/// One candidate in one round.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Tried {
    /// The round, from 1; the better candidates go on to the next.
    round: usize,
    /// Its size and how it was begun, for a person.
    candidate: String,
    /// Steps of the training in this round.
    steps: usize,
    /// Before them: the mean of ln p(x) over the validation rows, in nats per row.
    log_prob_before: f64,
    /// After them.
    log_prob_after: f64,
    /// The time they took.
    seconds: f64,
}

/// A simple model.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Simple {
    /// Its name.
    name: String,
    /// The mean of ln p(x) over the validation rows, in nats per row.
    log_prob: f64,
}

impl Trials {
    /// Of a fit.
    pub fn of(fitted: &Fitted) -> Self {
        Self {
            chosen: chosen(fitted),
            tried: fitted.trials.iter().map(Tried::of).collect(),
            baselines: fitted.baselines.iter().map(Simple::of).collect(),
            fallback: fitted.fallback().map(|simple| simple.to_string()),
        }
    }
}

impl Tried {
    fn of(trial: &Trial) -> Self {
        Self {
            round: trial.round,
            candidate: trial.candidate.to_string(),
            steps: trial.steps,
            log_prob_before: trial.before,
            log_prob_after: trial.after,
            seconds: trial.seconds,
        }
    }
}

impl Simple {
    fn of(baseline: &Baseline) -> Self {
        Self { name: baseline.model.to_string(), log_prob: baseline.score }
    }

    /// How far it is from a model with this mean log-density.
    pub fn prose(&self, log_prob: f64) -> String {
        let gap = log_prob - self.log_prob;
        format!("{:.4} more than {}", gap.max(0.0), self.name)
    }
}

fn chosen(fitted: &Fitted) -> Option<String> {
    let candidate = fitted.candidate()?;
    let begun = fitted.trials.iter().filter(|trial| trial.round == 1).count();
    Some(format!("{candidate}; the best of {begun}"))
}

/// The lines of the model file's notes.
pub fn notes(fitted: &Fitted) -> Vec<(String, String)> {
    let mut notes = Vec::new();
    let mut note = |name: &str, text: String| notes.push((name.to_owned(), text));
    if let Some(chosen) = chosen(fitted) {
        note("chosen", chosen);
    }
    if let Some(score) = fitted.validation_log_prob {
        note("held out", format!("{score:.4} nats on {} validation rows", fitted.validation_rows));
    }
    for baseline in &fitted.baselines {
        note("baseline", format!("{:.4} nats: {}", baseline.score, baseline.model));
    }
    if let Some(name) = fitted.fallback() {
        let why = if fitted.validation_rows > 0 {
            "nothing trained did better"
        } else {
            "too few rows to judge anything else by"
        };
        note("model", format!("{name}: {why}"));
    }
    for Trial { round, candidate, steps, before, after, .. } in &fitted.trials {
        let text = format!("round {round}, {steps} steps: {before:.4} to {after:.4}, {candidate}");
        note("tried", text);
    }
    if fitted.refitted {
        note("refit", "on all rows, those that validated included".to_owned());
    }
    notes
}
