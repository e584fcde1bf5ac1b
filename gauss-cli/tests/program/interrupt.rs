//! Ctrl-C, SIGTERM, SIGHUP: a fit keeps the best model so far, a second one and any other command stop at once.

#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Place, rows};

/// Where interrupts are ignored (a job in the background of a script) the program leaves it at
/// that, and there is nothing to test.
fn interrupts_are_ignored() -> bool {
    const SIGINT_BIT: u64 = 1 << 1;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).is_ok_and(|m| m & SIGINT_BIT != 0))
}

fn start(place: &Place, arguments: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_gauss"))
        .args(arguments.split(' '))
        .current_dir(place.path("."))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

fn interrupt(child: &Child) {
    send(child, "-INT");
}

fn send(child: &Child, signal: &str) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args([signal, &id]).status().expect("kill runs").success());
}

/// Reads lines of standard error up to one that begins like this.
fn wait_for(lines: &mut impl Iterator<Item = std::io::Result<String>>, beginning: &str) {
    let found = lines.any(|line| line.expect("text").starts_with(beginning));
    assert!(found, "no line begins with {beginning}");
}

/// More than a test could wait for.
const ENDLESS: &str = "fit big.csv --out model.gauss --budget 1h --json";

fn place() -> Place {
    let place = Place::empty();
    place.write("big.csv", rows(0, 4000));
    place
}

#[test]
fn a_fit_ends_early_and_its_model_is_whole() {
    if interrupts_are_ignored() {
        return;
    }
    let place = place();
    let mut child = start(&place, ENDLESS);
    let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
    wait_for(&mut lines, "... "); // progress: it has begun
    interrupt(&child);
    let pressed = Instant::now();
    wait_for(&mut lines, "interrupted: the best model so far is kept");
    let mut json = String::new();
    child.stdout.take().expect("piped").read_to_string(&mut json).expect("text");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    assert!(pressed.elapsed() < Duration::from_mins(1), "an hour was asked for");
    let report: serde_json::Value = serde_json::from_str(&json).expect("an object");
    assert_eq!(report["interrupted"], true);
    assert_eq!(report["refitted"], false);

    let score = place.gauss(["score", "model.gauss", "big.csv", "--json"]).ok().json();
    assert!(score["mean_log_prob"].as_f64().expect("finite") > f64::NEG_INFINITY);
    assert_eq!(place.contents().len(), 2, "no temporary file is left");
}

#[test]
fn a_second_interrupt_stops_at_once() {
    if interrupts_are_ignored() {
        return;
    }
    let place = place();
    place.write("model.gauss", "precious");
    let mut child = start(&place, ENDLESS);
    let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
    wait_for(&mut lines, "... ");
    interrupt(&child);
    wait_for(&mut lines, "interrupted: ");
    interrupt(&child);
    let code = child.wait().expect("it ends").code();
    let left = place.contents();
    // Between the two the fit may have written its model, or have come to its end.
    assert!(code == Some(130) || code == Some(0), "{code:?}");
    let model = &left["model.gauss"];
    let untouched = model == b"precious" && code == Some(130);
    assert!(untouched || gauss_model::Model::from_bytes(model).is_ok(), "half a model");
    assert_eq!(left.len(), 2, "no temporary file is left");
}

#[test]
fn other_commands_stop_at_once_and_leave_nothing() {
    if interrupts_are_ignored() {
        return;
    }
    let place = Place::with_model();
    place.write("new.csv", "precious");
    let before = place.contents();
    let mut child = start(&place, "sample model.gauss --rows 2000000000 --out new.csv");
    let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
    wait_for(&mut lines, "... sampling: ");
    assert_eq!(place.contents().len(), before.len() + 1, "it writes to a temporary file");
    interrupt(&child);
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    assert_eq!(place.contents(), before);
}

#[test]
fn what_ends_a_program_from_outside_is_as_an_interrupt() {
    if interrupts_are_ignored() {
        return;
    }
    for (signal, code) in [("-TERM", 143), ("-HUP", 129)] {
        let place = place();
        let mut child = start(&place, ENDLESS);
        let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        wait_for(&mut lines, "... ");
        send(&child, signal);
        wait_for(&mut lines, "interrupted: the best model so far is kept");
        let mut json = String::new();
        child.stdout.take().expect("piped").read_to_string(&mut json).expect("text");
        assert_eq!(child.wait().expect("it ends").code(), Some(0), "{signal}");
        let left = place.contents();
        assert!(gauss_model::Model::from_bytes(&left["model.gauss"]).is_ok() && left.len() == 2);

        let mut child = start(&place, "sample model.gauss --rows 2000000000 --out new.csv");
        let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        wait_for(&mut lines, "... sampling: ");
        send(&child, signal);
        assert_eq!(child.wait().expect("it ends").code(), Some(code), "{signal}");
        assert_eq!(place.contents(), left, "nothing new, nothing half-written");
    }
}

#[test]
fn a_signal_that_is_ignored_stays_so() {
    let place = place();
    let fit = format!("trap '' HUP; exec {} {ENDLESS}", env!("CARGO_BIN_EXE_gauss"));
    let mut child = Command::new("sh")
        .args(["-c", &fit])
        .current_dir(place.path("."))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
    wait_for(&mut lines, "... ");
    send(&child, "-HUP");
    wait_for(&mut lines, "... "); // it goes on
    assert!(child.try_wait().expect("a child").is_none());
    child.kill().expect("it ends");
    child.wait().expect("it ends");
}

#[test]
fn a_fit_that_reads_has_nothing_to_keep() {
    if interrupts_are_ignored() {
        return;
    }
    let place = Place::empty();
    let mut child = Command::new(env!("CARGO_BIN_EXE_gauss"))
        .args(["fit", "-", "--out", "model.gauss"])
        .current_dir(place.path("."))
        .stdin(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let open = child.stdin.take(); // it waits for the table
    std::thread::sleep(Duration::from_millis(300));
    interrupt(&child);
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    assert!(place.contents().is_empty());
    drop(open);
}

#[test]
fn a_demonstration_stops_among_its_files_and_leaves_no_half_of_one() {
    if interrupts_are_ignored() {
        return;
    }
    let place = Place::empty();
    place.make_directory("demo");
    let files = || -> Vec<String> {
        let entries = std::fs::read_dir(place.path("demo")).expect("the directory");
        entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
    };
    let mut child = start(&place, "demo --out demo --quiet");
    while files().is_empty() {
        assert!(child.try_wait().expect("a child").is_none(), "it ended without a file");
        std::thread::sleep(Duration::from_micros(200));
    }
    interrupt(&child);
    let code = child.wait().expect("it ends").code();
    assert!(code == Some(130) || code == Some(0), "{code:?}");
    let left: Vec<String> = files().into_iter().filter(|name| name.starts_with('.')).collect();
    assert_eq!(left, [""; 0]);
}
