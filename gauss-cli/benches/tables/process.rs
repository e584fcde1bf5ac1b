//! What a process costs: its seconds, and the most memory it ever had.

use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

/// Between two looks at a process. Its mark is the highest so far, so only what it takes within
/// the last of them is missed.
const LOOK: Duration = Duration::from_millis(2);

/// Of a process from its start to its end.
#[derive(Clone, Copy)]
pub struct Cost {
    pub seconds: f64,
    /// Bytes resident at the most, where the system tells.
    pub peak: Option<f64>,
}

/// Runs a program to its end.
pub fn run(command: &mut Command) -> Result<Cost> {
    let started = Instant::now();
    let child = command.spawn().context("the program starts")?;
    watch(child, started)
}

/// Runs a program whose standard output, a pipe, another one takes.
pub fn run_into(command: &mut Command, reader: &mut Command) -> Result<Cost> {
    let started = Instant::now();
    let mut child = command.spawn().context("the program starts")?;
    let output = child.stdout.take().context("a pipe")?;
    let mut reader = reader.stdin(output).stdout(Stdio::null()).spawn().context("the reader")?;
    let cost = watch(child, started)?;
    ensure!(reader.wait()?.success(), "the reader failed");
    Ok(cost)
}

fn watch(mut child: Child, started: Instant) -> Result<Cost> {
    let mut peak = None;
    let status = loop {
        peak = high_water(child.id()).or(peak);
        if let Some(status) = child.try_wait()? {
            break status;
        }
        sleep(LOOK);
    };
    ensure!(status.success(), "a process failed: {status}");
    Ok(Cost { seconds: started.elapsed().as_secs_f64(), peak })
}

/// `VmHWM` of a process, in bytes; none of one that has ended.
fn high_water(id: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024.0)
}
