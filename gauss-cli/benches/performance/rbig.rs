//! The greedy fit: a small table against the clock, and a large one against the clock and the
//! memory, in a process of its own.
//!
//! **What the memory counts.** The peak of the resident set (`VmHWM` of Linux) of a process that
//! makes the data in place and fits them: the program and its libraries, the data themselves, and
//! everything the fit holds beside them.

use crate::clock::{Effort, least, timed};
use crate::report::{Goal, Row};
use anyhow::Context;
use faer::Mat;
use gauss_rbig::{RbigOptions, fit, recipe};
use rayon::ThreadPool;
use serde::{Deserialize, Serialize};
use std::process::Command;

/// Rows and columns of the large table.
const LARGE: (usize, usize) = (1_000_000, 10);

/// Chained parabolas: every column bends with the one before it. Made in place.
pub fn parabolas(rows: usize, columns: usize) -> Mat<f64> {
    let mut x = Mat::zeros(rows, columns);
    for j in 0..columns {
        let step = 0.137 + 0.061 * j as f64;
        for i in 0..rows {
            let uniform = (i as f64 * step * 0.618_033_988_749_894_9).fract() - 0.5;
            let before: f64 = if j == 0 { 0.0 } else { x[(i, j - 1)] };
            x[(i, j)] = 2.0 * uniform + 0.4 * (before * before - 1.0);
        }
    }
    x
}

/// All blocks, whatever they gain.
pub fn blocks(count: usize, options: RbigOptions) -> RbigOptions {
    RbigOptions { max_blocks: count, components: 8, patience: None, ..options }
}

/// Seconds of one fit.
pub fn run(x: &Mat<f64>, options: &RbigOptions) -> anyhow::Result<f64> {
    let (fitted, seconds) = timed(|| fit(x.as_ref(), options, &mut ()));
    fitted?;
    Ok(seconds)
}

/// What the process of its own reports.
#[derive(Serialize, Deserialize)]
struct Alone {
    seconds: f64,
    /// `None` where the system does not tell.
    peak_bytes: Option<f64>,
}

/// Measures both.
pub fn measure(two: &ThreadPool, effort: Effort) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    let x = parabolas(6_000, 8);
    let ways = [
        ("K = 8, as a warm start", blocks(12, recipe::warm_start())),
        ("K <= 8 chosen", blocks(12, RbigOptions::default())),
    ];
    for (way, options) in ways {
        let seconds = least(effort.repeats, || two.install(|| run(&x, &options)))?;
        rows.push(
            Row::new(format!("RBIG, 6,000 × 8, 12 blocks, {way}"), "2 threads", "s")
                .measured(seconds, Some(Goal::AtMost(0.15)))
                .note("RBIG in Python: 80 s by its own report"),
        );
    }

    let alone = (0..if effort.quick { 1 } else { 3 }).map(|_| in_a_process());
    let alone = alone.collect::<anyhow::Result<Vec<Alone>>>()?;
    let seconds = alone.iter().map(|a| a.seconds).fold(f64::INFINITY, f64::min);
    rows.push(
        Row::new("RBIG, 1,000,000 × 10, 10 blocks, K <= 8 chosen", "all threads", "s")
            .measured(seconds, Some(Goal::AtMost(10.0))),
    );
    let row = Row::new("the same, peak memory over the data's", "all threads", "×");
    let data_bytes = (8 * LARGE.0 * LARGE.1) as f64;
    let peaks = alone.iter().map(|a| a.peak_bytes).collect::<Option<Vec<f64>>>();
    rows.push(match peaks.map(|peaks| peaks.into_iter().fold(0.0, f64::max)) {
        Some(peak) => {
            let megabytes = format!("{:.0} MB", peak / 1e6);
            let of_which = format!("of which the data are {:.0} MB", data_bytes / 1e6);
            row.measured(peak / data_bytes, Some(Goal::AtMost(3.0)))
                .note(format!("the process, its program included: {megabytes}, {of_which}"))
        }
        None => row.note("this system does not tell"),
    });
    Ok(rows)
}

/// The argument that makes the benchmark do the large fit and nothing else.
pub const ALONE: &str = "--large-fit-alone";

fn in_a_process() -> anyhow::Result<Alone> {
    let program = std::env::current_exe().context("where this program is")?;
    let output = Command::new(program).arg(ALONE).output().context("the large fit")?;
    if !output.status.success() {
        anyhow::bail!("the large fit failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    serde_json::from_slice(&output.stdout).context("what the large fit reports")
}

/// The large fit; prints one JSON object.
pub fn alone() -> anyhow::Result<()> {
    let x = parabolas(LARGE.0, LARGE.1);
    let seconds = run(&x, &blocks(10, RbigOptions::default()))?;
    let report = Alone { seconds, peak_bytes: peak_bytes() };
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}

/// The largest resident set this process has had.
fn peak_bytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kibibytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(1024.0 * kibibytes)
}
