//! `gauss` as its users run it: every step is a process, from the CSV file it reads to the file it
//! writes, and is timed as one.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context;

use super::record::{Figures, Outcome, Place, RoundTrip};
use super::statistics::integral;
use super::tables::Prepared;
use super::{csv, process};
use process::Run;

/// Identifies the program.
///
/// # Errors
/// When it cannot be read.
pub fn fingerprint(program: &Path) -> anyhow::Result<u64> {
    let mut hasher = DefaultHasher::new();
    fs::read(program).with_context(|| program.display().to_string())?.hash(&mut hasher);
    Ok(hasher.finish())
}

/// Measures it.
///
/// # Errors
/// When what it wrote cannot be read; that it failed or took too long is an outcome.
pub fn measure(
    prepared: &Prepared,
    place: &Place,
    program: &Path,
    timed_rows: usize,
    limit: Duration,
) -> anyhow::Result<Outcome> {
    let model = place.file("model");
    let log = place.file("log");
    // `gauss COMMAND MODEL TABLE --out FILE`: the file and the seconds.
    let evaluate = |command: &str, table: &Path, kind: &str| -> Result<(PathBuf, Run), String> {
        let out = place.file(kind);
        let mut gauss = Command::new(program);
        gauss.arg(command).arg(&model).arg(table).arg("--out").arg(&out);
        process::run(&mut gauss, limit, &log).map(|run| (out, run))
    };
    let run = || -> Result<_, String> {
        let mut fit = Command::new(program);
        fit.arg("fit").arg(&prepared.table.train).arg("--out").arg(&model);
        if let Some(validation) = &prepared.table.validation {
            fit.arg("--validation").arg(validation);
        }
        let fit = process::run(&mut fit, limit, &log)?;
        let (_, log_prob) = evaluate("score", &prepared.directory.join("rows.csv"), "rows.csv")?;
        let mut sample = Command::new(program);
        sample.arg("sample").arg(&model).args(["--rows", &timed_rows.to_string()]);
        sample.arg("--out").arg(place.file("drawn.csv"));
        let sample = process::run(&mut sample, limit, &log)?;
        let (scores, _) = evaluate("score", &prepared.table.test, "log_prob.csv")?;
        let (latent, _) = evaluate("transform", &prepared.table.test, "latent.csv")?;
        let (back, _) = evaluate("inverse", &latent, "back.csv")?;
        let (points, _) = evaluate("score", &prepared.directory.join("points.csv"), "points.csv")?;
        Ok(([fit, log_prob, sample], scores, back, points))
    };
    let (timed, scores, back, points) = match run() {
        Ok(done) => done,
        Err(reason) => return Ok(Outcome::Failed { reason }),
    };

    let standardised = |path: &Path| -> anyhow::Result<Vec<f64>> {
        Ok(csv::column(path)?.into_iter().map(|l| l + prepared.log_scale()).collect())
    };
    let log_prob = standardised(&scores)?;
    csv::write_column(&place.log_prob(), "log_prob", &log_prob)?;
    let weights = csv::column(&prepared.directory.join("weights.csv"))?;
    let integral = integral(prepared.facts.integral, &standardised(&points)?, &weights);
    let round_trip = round_trip(prepared, &back)?;
    for kind in ["rows.csv", "drawn.csv", "latent.csv", "back.csv", "points.csv"] {
        let used = place.file(kind);
        fs::remove_file(&used).with_context(|| used.display().to_string())?;
    }
    Ok(Outcome::Measured(Figures {
        settings: chosen(program, &model)?,
        fit_seconds: timed[0].seconds,
        log_prob_seconds: timed[1].seconds,
        sample_seconds: timed[2].seconds,
        round_trip,
        integral,
        others: timed.iter().filter_map(|run| run.others).max_by(f64::total_cmp),
    }))
}

/// What the search chose, "KIND: SIZE", by `gauss inspect`.
fn chosen(program: &Path, model: &Path) -> anyhow::Result<String> {
    let run = Command::new(program).arg("inspect").arg(model).arg("--json").output()?;
    let told: serde_json::Value = serde_json::from_slice(&run.stdout).context("gauss inspect")?;
    let notes = told["notes"].as_array().context("gauss inspect: no notes")?;
    // The part of a note before the mark.
    let note = |name: &str, mark: &str| {
        let value = notes.iter().find(|note| note["name"] == name)?["value"].as_str()?;
        value.split(mark).next().map(str::to_owned)
    };
    Ok(match (note("kind", ":"), note("chosen", ";")) {
        (Some(kind), Some(size)) => format!("{kind}: {size}"),
        (_, Some(model)) => model,
        _ => "a simpler model".to_owned(),
    })
}

fn round_trip(prepared: &Prepared, back: &Path) -> anyhow::Result<RoundTrip> {
    let (test, back) = (csv::rows(&prepared.table.test)?, csv::rows(back)?);
    anyhow::ensure!(test.len() == back.len(), "{} rows came back of {}", back.len(), test.len());
    let mut most = 0.0;
    for (x_row, back_row) in test.iter().zip(&back) {
        for ((x, back), sd) in x_row.iter().zip(back_row).zip(&prepared.facts.sd) {
            let error = (x - back).abs() / sd;
            if !error.is_finite() {
                return Ok(RoundTrip::NotFinite);
            }
            most = f64::max(most, error);
        }
    }
    Ok(RoundTrip::Max(most))
}
