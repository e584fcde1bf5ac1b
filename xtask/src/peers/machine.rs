//! What the figures were measured on.

use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::process::Command;
use std::thread;

use serde::{Deserialize, Serialize};

use super::python::Environment;

/// The machine and every version that counts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    pub processor: String,
    /// Logical ones that may be used; every system may use all.
    pub cores: usize,
    pub system: String,
    pub rustc: String,
    /// Version and commit.
    pub gauss: String,
    #[serde(flatten)]
    pub environment: Environment,
}

impl Machine {
    /// This one.
    pub fn describe(root: &Path, environment: &Environment) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        let commit = output(root, "git", &["describe", "--always", "--dirty", "--exclude=*"]);
        Self {
            processor: processor(root),
            cores: threads(),
            system: format!("{} {}", env::consts::OS, env::consts::ARCH),
            rustc: output(root, "rustc", &["--version"]).unwrap_or_else(unknown),
            gauss: commit.map_or(version.to_owned(), |commit| format!("{version} ({commit})")),
            environment: environment.clone(),
        }
    }

    /// Of what the rivals' seconds depend on.
    pub fn fingerprint(environment: &Environment) -> u64 {
        let mut hasher = DefaultHasher::new();
        (processor(Path::new(".")), threads(), environment).hash(&mut hasher);
        hasher.finish()
    }
}

/// Threads for every system.
pub fn threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn processor(root: &Path) -> String {
    let linux = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    });
    linux
        .or_else(|| output(root, "sysctl", &["-n", "machdep.cpu.brand_string"]))
        .or_else(|| env::var("PROCESSOR_IDENTIFIER").ok())
        .unwrap_or_else(unknown)
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn output(directory: &Path, program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).current_dir(directory).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned()).filter(|text| !text.is_empty())
}
