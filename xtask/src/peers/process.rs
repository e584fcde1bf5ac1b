//! A process with a time limit: how long it took, or in one line why it failed.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::quiet::Watch;

/// How often a running process is looked at; what is timed by it is off by as much at most.
const LOOK: Duration = Duration::from_millis(2);

/// A process that ended well.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// From start to end.
    pub seconds: f64,
    /// Cores that other programs used meanwhile, where that is known.
    pub others: Option<f64>,
}

/// Runs it to its end, with its words in the file `log`.
///
/// # Errors
/// A line that says that it cannot be run, failed (with its last line), or took too long and was
/// ended.
pub fn run(command: &mut Command, limit: Duration, log: &Path) -> Result<Run, String> {
    let words = || File::create(log).map_err(|error| format!("{}: {error}", log.display()));
    let stderr = words()?;
    let started = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(stderr)
        .spawn()
        .map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    let mut watch = Watch::new(child.id());
    loop {
        watch.look();
        match child.try_wait() {
            Ok(Some(status)) if status.success() => {
                let seconds = started.elapsed().as_secs_f64();
                return Ok(Run { seconds, others: watch.others() });
            }
            Ok(Some(status)) => return Err(last_words(log, &status.to_string())),
            Ok(None) if started.elapsed() > limit => {
                // It may have ended by itself since; either way it is over.
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("no result in {} s", limit.as_secs()));
            }
            Ok(None) => thread::sleep(LOOK),
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// The last line that was written, or the status where there is none.
fn last_words(log: &Path, status: &str) -> String {
    let text = fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let text = text.unwrap_or_default();
    let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty());
    line.map_or_else(|| status.to_owned(), str::to_owned)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn shell(line: &str, limit: Duration) -> Result<Run, String> {
        let directory = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        run(command.args(["-c", line]), limit, &directory.path().join("log"))
    }

    #[test]
    fn a_failure_is_told_by_its_last_line() {
        let line = "echo first >&2; echo the reason >&2; exit 3";
        assert_eq!(shell(line, MINUTE).unwrap_err(), "the reason");
        assert!(shell("exit 3", MINUTE).unwrap_err().contains('3'));
        assert!(shell("true", MINUTE).unwrap().seconds < 60.0);
    }

    #[test]
    fn what_takes_too_long_is_ended() {
        let started = Instant::now();
        let error = shell("exec sleep 60", Duration::from_millis(50)).unwrap_err();
        assert!(error.starts_with("no result"), "{error}");
        assert!(started.elapsed() < Duration::from_secs(30));
    }
}
