//! What a fit tried and chose: for the report of `gauss fit`, and as `gauss inspect` tells it.

use gauss_flow::LayerSpec;
use gauss_model::provenance::{DensityKind, Provenance, Trial, Winner};
use gauss_model::{Fitted, Model};
use gauss_rbig::recipe::{self, Rival};
use schemars::JsonSchema;
use serde::Serialize;

use super::defects::Caveats;
use crate::words::decimals;

/// The search as JSON; log-densities are means over the validation rows, in nats.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Search")]
pub struct Trials {
    /// The kind of density that won, of those that a search tries.
    pub kind: Option<DensityKind>,
    /// The same in words.
    #[serde(skip)]
    pub meaning: Option<String>,
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
            kind: fitted.model.provenance().kind(),
            meaning: kind(fitted.model.provenance()),
            chosen: chosen(fitted.model.provenance()),
            tried: fitted.search.trials.iter().map(Tried::of).collect(),
            baselines: fitted.search.baselines.iter().map(Simple::of).collect(),
            fallback: fallback(fitted),
        }
    }
}

impl Tried {
    fn of(trial: &recipe::Trial) -> Self {
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
    fn of(rival: &Rival) -> Self {
        Self { name: rival.baseline.to_string(), log_prob: rival.score }
    }

    /// How far it is from a model with this mean log-density.
    pub fn prose(&self, log_prob: f64) -> String {
        let gap = log_prob - self.log_prob;
        // Less than that is rounding, or is shown as none.
        let than = if gap < -5e-5 { "less" } else { "more" };
        format!("{} {than} than {}", decimals(gap.abs(), 4), self.name)
    }
}

/// The kind of density that won, and what that means.
fn kind(provenance: &Provenance) -> Option<String> {
    match &provenance.winner {
        Some(Winner::Trained(candidate)) => {
            Some(format!("{}: {}", candidate.kind(), candidate.meaning()))
        }
        _ => None,
    }
}

/// A simple model that won, in the middle of a sentence.
fn fallback(fitted: &Fitted) -> Option<String> {
    let simple = fitted.search.fallback()?;
    let layers = fitted.model.flow().layers();
    let given = layers.iter().any(|layer| matches!(layer, LayerSpec::Shifted { .. }));
    Some(if given { format!("{simple} given the discrete columns") } else { simple.to_string() })
}

fn chosen(provenance: &Provenance) -> Option<String> {
    match &provenance.winner {
        Some(Winner::Trained(candidate)) => {
            Some(format!("{candidate}; the best of {}", provenance.begun()))
        }
        _ => None,
    }
}

/// What `gauss inspect` tells of the fit, line by line; what an older file noted in words, as it
/// was.
pub fn notes(model: &Model) -> Vec<(String, String)> {
    let provenance = model.provenance();
    let mut notes = Vec::new();
    let mut note = |name: &str, text: String| notes.push((name.to_owned(), text));
    let held_out = provenance.held_out.rows();
    if let Some(kind) = kind(provenance) {
        note("kind", kind);
    }
    if let Some(chosen) = chosen(provenance) {
        note("chosen", chosen);
    }
    for tails in &provenance.tails {
        let column = &model.columns()[tails.column].name;
        for (side, tail) in [("lower", tails.lower), ("upper", tails.upper)] {
            if let Some(tail) = tail {
                let power = -1.0 / tail.index;
                let power = decimals(power, 2);
                note("tail", format!("{column}: the {side} one falls like the power {power}"));
            }
        }
    }
    if let Some(score) = provenance.held_out_log_prob {
        note("held out", format!("{} nats on {held_out} validation rows", decimals(score, 4)));
    }
    for baseline in &provenance.baselines {
        note("baseline", format!("{} nats: {}", decimals(baseline.score, 4), baseline.baseline));
    }
    if let Some(Winner::Baseline(name)) = &provenance.winner {
        let why = if held_out > 0 {
            "nothing trained did better"
        } else {
            "too few rows to judge anything else by"
        };
        note("model", format!("{name}: {why}"));
    }
    for Trial { round, candidate, steps, before, after } in &provenance.trials {
        let [before, after] = [before, after].map(|score| decimals(*score, 4));
        let text = format!("round {round}, {steps} steps: {before} to {after}, {candidate}");
        note("tried", text);
    }
    if provenance.refitted {
        note("refit", "on all rows, those that validated included".to_owned());
    }
    notes.extend(Caveats::of(model).notes().map(|(name, text)| (name.to_owned(), text)));
    notes.extend(provenance.notes.iter().cloned());
    notes
}
