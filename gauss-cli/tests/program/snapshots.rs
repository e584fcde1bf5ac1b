//! What the program says, word for word: transcripts of sessions at a terminal.
//!
//! A transcript is a text file in `tests/transcripts`:
//!
//! ```text
//! # What this is about; such lines are passed over.
//! $ gauss fit nowhere.csv --out model.gauss
//! error: nowhere.csv: no such file
//! [exit 1]
//! ```
//!
//! - Every file is run from top to bottom by `sh` in a directory of its own, which holds train.csv,
//!   test.csv and model.gauss (see `Place::with_model`). `$DATA` is the folder `tests/data`.
//! - Standard output and standard error are shown as they come; an exit code other than 0 follows.
//! - After a code other than 0 nothing may have changed in the directory; `[changed FILE]` would tell
//!   what did. (So what a command needs is made by a `$` line of its own.)
//! - `[..]` stands for any text within a line, `...` for any lines, `[TIME]` for seconds, `[NUMBER]`
//!   for a result with three decimals or more. Lines of live progress are left out.
//! - `linux_*.txt` need Linux (/dev/full, /proc).
//!
//! **To add one**, write a file with `$` lines only, and run
//! `SNAPSHOTS=overwrite cargo test -p gauss-cli --test program snapshots`: it fills in the answers.
//! Read them; then put `[..]` for what differs from machine to machine (it survives the next
//! overwriting). To update all after a change of wording, run the same and read the diff.
//!
//! The pages in `transcripts/help` need no writing: a new command gets its own by the same run.

#![cfg(unix)]

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use gauss_cli::terminal::LINE_PREFIX;
use snapbox::{Assert, Data, Redactions};

use crate::support::Place;

#[test]
fn transcripts_are_as_they_were() {
    let mut files: Vec<PathBuf> = std::fs::read_dir(directory())
        .expect("the transcripts")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    files.retain(|path| cfg!(target_os = "linux") || !name(path).starts_with("linux_"));
    let jobs = files.into_iter().map(|path| {
        let script = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        (path, script)
    });
    check(&jobs.collect::<Vec<_>>());
}

#[test]
fn every_help_page_is_as_it_was() {
    let mut gauss = gauss_cli::cli::command();
    gauss.build();
    let commands = gauss.get_subcommands().map(clap::Command::get_name).filter(|c| *c != "help");
    let page = |name: &str, command: &str| {
        let script = format!("$ gauss{command} -h\n\n$ gauss{command} --help\n");
        (directory().join("help").join(format!("{name}.txt")), script)
    };
    let pages = commands.map(|command| page(command, &format!(" {command}")));
    check(&pages.chain([page("gauss", "")]).collect::<Vec<_>>());
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts")
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Runs every script and holds what happens against the file it belongs to.
#[track_caller]
fn check(jobs: &[(PathBuf, String)]) {
    let failures: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            jobs.iter().map(|(path, script)| scope.spawn(|| compare(path, script))).collect();
        threads.into_iter().filter_map(|thread| thread.join().expect("no panic")).collect()
    });
    assert!(failures.is_empty(), "{}", failures.concat());
}

/// What differs, if anything.
fn compare(path: &Path, script: &str) -> Option<String> {
    let place = Place::with_model();
    let here = std::fs::canonicalize(place.path(".")).expect("the directory");
    let mut redactions = Redactions::new();
    let time = regex::Regex::new(r"\b(?<redacted>\d+\.\d) s\b").expect("a pattern");
    redactions.insert("[TIME]", time).expect("a name");
    let number = regex::Regex::new(r"-?\b\d+\.\d{3,}\b").expect("a pattern");
    redactions.insert("[NUMBER]", number).expect("a name");
    redactions.insert("[DIR]", here).expect("a name");
    redactions.insert("[VERSION]", env!("CARGO_PKG_VERSION")).expect("a name");
    let expected = Data::read_from(path, None);
    Assert::new()
        .action_env("SNAPSHOTS")
        .normalize_paths(false)
        .try_eq(None, Data::text(play(&place, script, &redactions)), expected)
        .err()
        .map(|difference| difference.to_string())
}

/// The script with the answers as they are now.
fn play(place: &Place, script: &str, redactions: &Redactions) -> String {
    let mut transcript = String::new();
    let mut answered = false; // a blank line follows an answer
    for line in script.lines().filter(|line| line.starts_with(['#', '$'])) {
        if std::mem::take(&mut answered) {
            transcript.push('\n');
        }
        transcript.extend([line, "\n"]);
        if let Some(command) = line.strip_prefix("$ ") {
            let answer = answer(place, command);
            answered = !answer.is_empty();
            transcript.push_str(&redactions.redact(&answer));
        }
    }
    transcript
}

fn answer(place: &Place, command: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_gauss"));
    let search = std::env::var("PATH").unwrap_or_default();
    let before = place.contents();
    let output = Command::new("sh")
        .args(["-c", &format!("exec 2>&1\n{command}")])
        .current_dir(place.path("."))
        .env("PATH", format!("{}:{search}", program.parent().expect("a directory").display()))
        .env("DATA", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data"))
        .env("COLUMNS", "80")
        .env("RUST_BACKTRACE", "0")
        .env_remove("CLICOLOR_FORCE")
        .stdin(Stdio::null())
        .output()
        .expect("sh runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let lines = said.lines().filter(|line| !line.starts_with(LINE_PREFIX));
    let mut answer: String = lines.flat_map(|line| [line, "\n"]).collect();
    if !output.status.success() {
        let code = output.status.code().expect("an exit code");
        let _ = writeln!(answer, "[exit {code}]");
        let after = place.contents();
        for name in before.keys().chain(after.keys().filter(|name| !before.contains_key(*name))) {
            if before.get(name) != after.get(name) {
                let _ = writeln!(answer, "[changed {name}]");
            }
        }
    }
    answer
}
