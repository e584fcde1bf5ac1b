//! Whether the machine was quiet: what other programs took of the processors' time, stage by
//! stage, from the system's own counts (`/proc`, Linux only).
//!
//! The least over repeats forgives short disturbances; a program that keeps a processor busy
//! throughout doubles every time on all threads, and such a run is no measurement.

use serde::Serialize;
use std::fs::read_to_string;
use std::time::Instant;

/// One part of a run.
#[derive(Serialize)]
pub struct Stage {
    /// What was measured.
    pub what: &'static str,
    /// How long it took.
    pub seconds: f64,
    /// The share of all processors' time, 0 to 1, that went to other programs (on a virtual
    /// machine, to other machines too); `None` where the system does not tell.
    pub taken_by_others: Option<f64>,
}

/// Counts of a moment, in the system's ticks.
#[derive(Clone, Copy)]
struct Ticks {
    /// Of all processors, since the system came up.
    all: f64,
    /// Those in which something ran.
    busy: f64,
    /// Of this process and the children it has waited for.
    own: f64,
}

impl Ticks {
    fn now() -> Option<Self> {
        let system = read_to_string("/proc/stat").ok()?;
        // user nice system idle iowait irq softirq steal; what follows is counted in these.
        let all: Vec<f64> = numbers(system.lines().next()?.strip_prefix("cpu ")?, 8)?;
        let own = read_to_string("/proc/self/stat").ok()?;
        // The program's name, in parentheses, may have spaces; utime is the 11th number after it.
        let own = own.rsplit_once(')')?.1.trim_start().split_once(' ')?.1.to_owned();
        let own = numbers(&own, 14)?;
        let total: f64 = all.iter().sum();
        let (idle, waiting) = (all[3], all[4]);
        let own = own[10..].iter().sum();
        Some(Self { all: total, busy: total - idle - waiting, own })
    }
}

/// The first `count` numbers of a line.
fn numbers(line: &str, count: usize) -> Option<Vec<f64>> {
    let numbers: Option<Vec<f64>> =
        line.split_whitespace().take(count).map(|word| word.parse().ok()).collect();
    numbers.filter(|numbers| numbers.len() == count)
}

/// Follows a run.
pub struct Watch {
    began: Instant,
    stage: Instant,
    ticks: Option<Ticks>,
    /// The stages done.
    pub stages: Vec<Stage>,
}

impl Watch {
    /// Begins.
    pub fn new() -> Self {
        let now = Instant::now();
        Self { began: now, stage: now, ticks: Ticks::now(), stages: Vec::new() }
    }

    /// Does one stage, and says on standard error that it has begun.
    pub fn stage<T>(&mut self, what: &'static str, work: impl FnOnce() -> T) -> T {
        eprintln!("{:6.1} s  {what}", self.seconds());
        (self.stage, self.ticks) = (Instant::now(), Ticks::now());
        let result = work();
        let taken = self.ticks.zip(Ticks::now()).map(|(before, after)| {
            let others = (after.busy - before.busy) - (after.own - before.own);
            // Ticks are coarse: in a short stage the difference may come out below 0.
            (others / (after.all - before.all).max(1.0)).max(0.0)
        });
        let seconds = self.stage.elapsed().as_secs_f64();
        self.stages.push(Stage { what, seconds, taken_by_others: taken });
        result
    }

    /// Since the beginning.
    pub fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }
}

/// Beyond this share of all processors' time a run on all threads is no measurement.
const QUIET: f64 = 0.05;

/// The share that others took over all stages; `None` where the system does not tell.
fn share(stages: &[Stage]) -> Option<f64> {
    let taken = stages.iter().map(|s| s.taken_by_others.map(|taken| taken * s.seconds));
    let taken: f64 = taken.sum::<Option<f64>>()?;
    Some(taken / stages.iter().map(|s| s.seconds).sum::<f64>())
}

/// The share in words, and a warning where it is too large.
pub fn verdict(stages: &[Stage]) -> String {
    let Some(share) = share(stages) else {
        return "Whether the machine was idle is not known on this system.".to_owned();
    };
    let percent = format!("{:.0} % of all processors' time", 100.0 * share);
    if share <= QUIET {
        format!("The machine was idle but for this run: other programs took {percent}.")
    } else {
        format!(
            "**The machine was not idle**: other programs took {percent}. Times on several threads \
             are too long, and exponents are inexact."
        )
    }
}
