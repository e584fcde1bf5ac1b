//! `cargo xtask peers`: `gauss` and its Python rivals on the same tables, one after the other.
//!
//! ```text
//! python (environment) ┐
//! gauss, known_tables  ┴> tables ─ prepare.py ─> Prepared ─ ours | rivals (run.py) ─> record
//!                                                              statistics ─> report ─> text, JSON
//! ```
//!
//! A system sees the training and validation parts of a table and is scored on its test part. All
//! statistics are computed here, from the log-densities that the systems write, by one code.

mod csv;
mod machine;
mod markdown;
mod options;
mod ours;
mod process;
mod python;
mod quiet;
mod record;
mod render;
mod report;
mod rivals;
mod statistics;
mod tables;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};

use machine::Machine;
use options::Options;
use python::Python;
use record::{Outcome, Place, Record};
use report::{Report, Row, TableReport};
use statistics::Score;
use tables::Prepared;

/// Our own name in the tables.
const OURS: &str = "gauss";
/// Every system, in the order in which it runs and is listed.
const SYSTEMS: [&str; 8] =
    [OURS, "mixture", "kde", "vine", "zuko-gf", "zuko-maf", "zuko-nsf", "sinflow"];
/// Log-densities and samples that are timed.
const TIMED_ROWS: usize = 100_000;
const QUICK_TIMED_ROWS: usize = 10_000;

/// The task. Exit codes: 0 done, 1 something is missing or broken, 2 the command line is at fault.
pub fn run(root: &Path, cargo: &str, arguments: &[String]) -> ExitCode {
    if arguments.iter().any(|a| a == "--help" || a == "-h") {
        print!("{}", options::HELP);
        return ExitCode::SUCCESS;
    }
    let options = match Options::parse(arguments) {
        Ok(options) => options,
        Err(sentence) => {
            eprint!("peers: {sentence}\n\n{}", options::HELP);
            return ExitCode::from(2);
        }
    };
    match compare(root, cargo, &options) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("peers: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Where things are.
struct Places {
    scripts: PathBuf,
    /// The program `gauss`.
    program: PathBuf,
    /// What a run makes and keeps; of a quick run elsewhere.
    work: PathBuf,
}

fn compare(root: &Path, cargo: &str, options: &Options) -> anyhow::Result<ExitCode> {
    // First what may be missing, then what takes time.
    let interpreter = python::find()?;
    let home = root.join("target").join("peers");
    let work = if options.quick { home.join("quick") } else { home.clone() };
    let scripts = root.join("xtask").join("peers");
    let built = build(root, cargo)?;
    let places = Places { scripts, program: built.join(executable("gauss")), work };

    let generated = places.work.join("tables");
    generate(&built, &generated, options.rows)?;
    let mut all = tables::find(&generated, true)?;
    if let Some(folder) = &options.data {
        all.extend(tables::find(folder, false)?);
    }
    let chosen = match tables::choose(all, &options.tables) {
        Ok(chosen) => chosen,
        Err(sentence) => {
            eprintln!("peers: {sentence}");
            return Ok(ExitCode::from(2));
        }
    };

    let python = python::environment(&interpreter, &home.join("venv"), &places.scripts)?;
    let mut reports = Vec::new();
    for table in chosen {
        let directory = places.work.join("prepared").join(&table.name);
        let timed = timed_rows(options);
        let scripts = &places.scripts;
        let prepared = Prepared::new(table, directory, &python, scripts, timed, options.quick)?;
        reports.push(table_report(&prepared, &python, &places, options)?);
    }
    let machine = Machine::describe(root, &python.environment);
    let report = Report::new(machine, timed_rows(options), options.quick, reports);

    print!("{}", render::terminal(&report));
    let json = options.out.clone().unwrap_or_else(|| places.work.join("peers.json"));
    write(&json, &serde_json::to_string_pretty(&report)?)?;
    if options.docs && options.is_complete() {
        write(&root.join("docs").join("benchmarks.md"), &render::markdown(&report))?;
    } else {
        eprintln!("docs/benchmarks.md is as it was: a whole run writes it");
    }
    Ok(ExitCode::SUCCESS)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| path.display().to_string())?;
    eprintln!("wrote {}", path.display());
    Ok(())
}

fn timed_rows(options: &Options) -> usize {
    if options.quick { QUICK_TIMED_ROWS } else { TIMED_ROWS }
}

/// Every chosen system on one table.
fn table_report(
    prepared: &Prepared,
    python: &Python,
    places: &Places,
    options: &Options,
) -> anyhow::Result<TableReport> {
    let directory = places.work.join("results").join(&prepared.table.name);
    record::make(&directory)?;
    let truth = prepared.truth()?;
    let mut rows = Vec::new();
    for system in options.chosen_systems() {
        let place = Place { directory: directory.clone(), system };
        let record = recall_or_measure(prepared, &place, python, places, options)?;
        let log_q = match record.outcome {
            Outcome::Measured(_) => Some(csv::column(&place.log_prob())?),
            Outcome::Failed { .. } => None,
        };
        let score = log_q.as_ref().map(|log_q| Score::new(log_q, truth.as_deref()));
        rows.push(Row { system, record, score, log_q });
    }
    Ok(TableReport::new(prepared, rows))
}

fn recall_or_measure(
    prepared: &Prepared,
    place: &Place,
    python: &Python,
    places: &Places,
    options: &Options,
) -> anyhow::Result<Record> {
    let ours = place.system == OURS;
    // Seconds of another machine, or of other packages, are not comparable.
    let of_system = if ours {
        ours::fingerprint(&places.program)?
    } else {
        Machine::fingerprint(&python.environment)
    };
    let fingerprint = format!("{:016x}-{of_system:016x}", prepared.fingerprint);
    eprint!("{}: {} ... ", prepared.table.name, place.system);
    let wanted = |record: &Record| match &record.outcome {
        Outcome::Measured(figures) => !(options.again && figures.is_disturbed()),
        Outcome::Failed { .. } => true,
    };
    let known = if options.fresh { None } else { place.recall(&fingerprint).filter(wanted) };
    if let Some(record) = known {
        eprintln!("{}, measured before", summary(&record.outcome));
        return Ok(record);
    }
    let outcome = if ours {
        ours::measure(prepared, place, &places.program, timed_rows(options), options.limit)?
    } else {
        rivals::measure(prepared, place, python, &places.scripts, options.limit, options.quick)?
    };
    eprintln!("{}", summary(&outcome));
    let measured_at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |t| t.as_secs());
    let record = Record { fingerprint, measured_at, outcome };
    place.store(&record)?;
    Ok(record)
}

fn summary(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Measured(figures) if figures.is_disturbed() => {
            let others = figures.others.unwrap_or_default();
            format!("fitted in {:.1} s, disturbed: {others:.1} cores", figures.fit_seconds)
        }
        Outcome::Measured(figures) => format!("fitted in {:.1} s", figures.fit_seconds),
        Outcome::Failed { reason } => format!("failed: {reason}"),
    }
}

/// Builds the program and the generator of tables; the directory of the program.
fn build(root: &Path, cargo: &str) -> anyhow::Result<PathBuf> {
    let arguments = ["build", "--release", "-p", "gauss-cli"];
    let targets = ["--bin", "gauss", "--example", "known_tables"];
    let status = Command::new(cargo)
        .args(arguments)
        .args(targets)
        .arg("--target-dir") // where the program is then looked for
        .arg(root.join("target"))
        .current_dir(root)
        .status()
        .with_context(|| cargo.to_owned())?;
    if !status.success() {
        bail!("gauss cannot be built");
    }
    Ok(root.join("target").join("release"))
}

fn generate(built: &Path, directory: &Path, rows: usize) -> anyhow::Result<()> {
    let program = built.join("examples").join(executable("known_tables"));
    let mut command = Command::new(&program);
    command.arg(directory).args(["--rows", &rows.to_string()]);
    let status = command.status().with_context(|| program.display().to_string())?;
    if !status.success() {
        bail!("the tables cannot be made");
    }
    Ok(())
}

fn executable(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}
