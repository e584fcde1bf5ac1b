//! A rival: `run.py` in a process of its own.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use serde::Deserialize;

use super::python::{self, Python};
use super::record::{Figures, Outcome, Place, RoundTrip};
use super::statistics::integral;
use super::tables::Prepared;
use super::{csv, machine, process};

/// SYSTEM.json, as `run.py` writes it.
#[derive(Deserialize)]
struct Told {
    settings: String,
    fit_seconds: f64,
    log_prob_seconds: f64,
    sample_seconds: f64,
    round_trip: RoundTrip,
}

/// Those on which a rival is fastest: torch's flows gain from all cores, and the small matrices of
/// the others lose by them.
fn threads(system: &str) -> usize {
    if system.starts_with("zuko") { machine::threads() } else { 1 }
}

/// Measures it.
///
/// # Errors
/// When what it wrote cannot be read; that it failed or took too long is an outcome.
pub fn measure(
    prepared: &Prepared,
    place: &Place,
    python: &Python,
    scripts: &Path,
    limit: Duration,
    quick: bool,
) -> anyhow::Result<Outcome> {
    let (fit, validation) = prepared.rivals_parts();
    let threads = threads(place.system);
    let spare = machine::threads() - threads;
    let mut command = python::command(&python.program, threads);
    command.arg(scripts.join("run.py")).arg(place.system);
    command.arg("--fit").arg(fit).arg("--validation").arg(validation);
    command.arg("--test").arg(&prepared.table.test);
    command.arg("--prepared").arg(&prepared.directory).arg("--out").arg(&place.directory);
    command.args(quick.then_some("--quick"));
    let run = match process::run(&mut command, limit, &place.file("log")) {
        Ok(run) => run,
        Err(reason) => return Ok(Outcome::Failed { reason }),
    };

    let text = fs::read(place.file("json")).context(place.system)?;
    let told: Told = serde_json::from_slice(&text).context(place.system)?;
    let points = place.file("points.csv");
    let log_q = csv::column(&points)?;
    let weights = csv::column(&prepared.directory.join("weights.csv"))?;
    for used in [points, place.file("json")] {
        fs::remove_file(&used).with_context(|| used.display().to_string())?;
    }
    Ok(Outcome::Measured(Figures {
        settings: told.settings,
        fit_seconds: told.fit_seconds,
        log_prob_seconds: told.log_prob_seconds,
        sample_seconds: told.sample_seconds,
        round_trip: told.round_trip,
        integral: integral(prepared.facts.integral, &log_q, &weights),
        others: run.others.map(|others| f64::max(others - spare as f64, 0.0)),
    }))
}
