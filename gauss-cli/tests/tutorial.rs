//! `docs/tutorial.md` as a reader would follow it: every command is run, in order, in one folder
//! with the table beside it, and must say what the page says it says.
//!
//! Numbers are not compared, since the last digits of a fit may differ from machine to machine;
//! neither is the space between words. A line of `...` stands for any lines. A command with an
//! `error:` among its lines must fail, any other must not.
#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// A command of the page and the lines below it.
#[derive(Debug, PartialEq)]
struct Step {
    command: String,
    said: Vec<String>,
}

/// The steps in the page's ```console blocks; a command goes on after a backslash.
fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let (mut inside, mut unfinished) = (false, false);
    for line in page.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if let (true, Some(command)) = (inside, line.strip_prefix("$ ")) {
            steps.push(Step { command: command.to_owned(), said: Vec::new() });
            unfinished = command.ends_with('\\');
        } else if let (true, Some(step)) = (inside, steps.last_mut()) {
            if unfinished {
                step.command += "\n";
                step.command += line;
                unfinished = line.ends_with('\\');
            } else {
                step.said.push(line.to_owned());
            }
        }
    }
    steps
}

/// Words with every number in them made `#`.
fn shape(line: &str) -> String {
    let mut shape = String::new();
    for word in line.split_whitespace() {
        if !shape.is_empty() {
            shape.push(' ');
        }
        let mut digits = false;
        for c in word.chars() {
            let part = c.is_ascii_digit() || (digits && matches!(c, '.' | ','));
            if !part {
                shape.push(c);
            } else if !digits {
                shape.push('#');
            }
            digits = part;
        }
    }
    shape.replace("-#", "#")
}

/// Whether the shapes of `said` match those of `expected`, where `...` matches any lines.
fn matches(said: &[String], expected: &[String]) -> bool {
    match expected.split_first() {
        None => said.is_empty(),
        Some((dots, rest)) if dots == "..." => (0..=said.len()).any(|k| matches(&said[k..], rest)),
        Some((line, rest)) => {
            said.split_first().is_some_and(|(first, more)| first == line && matches(more, rest))
        }
    }
}

fn shapes(lines: &[String]) -> Vec<String> {
    lines.iter().map(|line| shape(line)).filter(|line| !line.is_empty()).collect()
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

#[test]
fn every_command_of_the_tutorial_says_what_the_page_says() {
    let page = std::fs::read_to_string(docs().join("tutorial.md")).expect("the tutorial");
    let steps = steps(&page);
    assert_eq!(steps.len(), 10, "from file to report in ten commands");

    let folder = tempfile::tempdir().expect("a folder");
    std::fs::copy(docs().join("tutorial/penguins.csv"), folder.path().join("penguins.csv"))
        .expect("the table");
    let program = Path::new(env!("CARGO_BIN_EXE_gauss"));
    let own = program.parent().expect("a folder").display().to_string();
    let path = std::env::var("PATH").map_or(own.clone(), |path| format!("{own}:{path}"));

    for Step { command, said } in &steps {
        let output = Command::new("sh")
            .args(["-c", &format!("exec 2>&1; {command}")])
            .current_dir(folder.path())
            .env("PATH", &path)
            .env("RUST_BACKTRACE", "0")
            .output()
            .expect("a shell");
        let text = String::from_utf8_lossy(&output.stdout);
        // Progress comes and goes with the speed of the machine.
        let lines: Vec<String> =
            text.lines().filter(|l| !l.starts_with("... ")).map(str::to_owned).collect();
        let fails = said.iter().any(|line| line.starts_with("error:"));
        assert_eq!(output.status.success(), !fails, "$ {command}\n{text}");
        assert!(matches(&shapes(&lines), &shapes(said)), "$ {command}\n{text}");
    }
    assert!(folder.path().join("report.html").exists());
}

#[test]
fn steps_and_shapes() {
    let page = "text\n```console\n$ a b \\\n  --c\nsaid 1.5\n$ d\n```\n```sh\n$ no\n```\n";
    let step = |command: &str, said: &[&str]| Step {
        command: command.to_owned(),
        said: said.iter().map(|&line| line.to_owned()).collect(),
    };
    assert_eq!(steps(page), [step("a b \\\n  --c", &["said 1.5"]), step("d", &[])]);
    assert_eq!(shape("  mean  -15.8 nats, 1,728 rows; x0"), "mean # nats, # rows; x#");
    let lines = |text: &str| -> Vec<String> { text.split('|').map(str::to_owned).collect() };
    assert!(matches(&lines("a|b|c"), &lines("a|...|c")));
    assert!(matches(&lines("a|c"), &lines("a|...|c")));
    assert!(!matches(&lines("a|b|c"), &lines("a|c")));
    assert!(!matches(&lines("a|b"), &lines("a|...|c")));
}
