//! What the figures were measured on.

use crate::backend;
use gauss_math::simd::Backend;
use serde::Serialize;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

/// The machine, the compiler, the source and the day; "unknown" where the system does not tell.
#[derive(Serialize)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// Vector instruction sets in use, the widest first.
    pub instruction_sets: Vec<String>,
    /// Threads that run at once.
    pub threads: usize,
    /// Operating system and architecture.
    pub system: String,
    /// `rustc --version`.
    pub compiler: String,
    /// The commit, with "+" where the working tree differs from it.
    pub commit: String,
    /// UTC, year-month-day.
    pub date: String,
}

impl Machine {
    /// Asks the system.
    pub fn describe(root: &Path) -> Self {
        let unknown = || "unknown".to_owned();
        let commit = said(root, "git", &["rev-parse", "--short", "HEAD"]);
        let changed = said(root, "git", &["status", "--porcelain", "--untracked-files=no"]);
        let mark = if changed.is_some_and(|files| !files.is_empty()) { "+" } else { "" };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            processor: processor().unwrap_or_else(unknown),
            instruction_sets: Backend::all().into_iter().map(backend::name).collect(),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            system: format!("{}, {}", std::env::consts::OS, std::env::consts::ARCH),
            compiler: said(root, "rustc", &["--version"]).unwrap_or_else(unknown),
            commit: commit.map_or_else(unknown, |commit| commit + mark),
            date: date((now.as_secs() / 86_400) as i64),
        }
    }
}

fn processor() -> Option<String> {
    let info = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let of = |field: &str| {
        let line = info.lines().find(|line| line.split(':').next().map(str::trim) == Some(field));
        line.and_then(|line| line.split(':').nth(1)).map(|value| value.trim().to_owned())
    };
    let name = of("model name")?;
    // A virtual machine may hide the name's number: family and model say which generation it is.
    let generation = of("cpu family").zip(of("model"));
    Some(generation.map_or(name.clone(), |(f, m)| format!("{name} (family {f}, model {m})")))
}

/// What a program says, trimmed.
fn said(root: &Path, program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).current_dir(root).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// The day so many days after 1970-01-01, in the Gregorian calendar: years counted from March, so
/// that the leap day is the last (Hinnant, chrono-Compatible Low-Level Date Algorithms).
pub fn date(days: i64) -> String {
    let days = days + 719_468; // since 0000-03-01
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = 400 * era + year + i64::from(month <= 2);
    format!("{year}-{month:02}-{day:02}")
}
