//! The command line of `cargo xtask peers`, as far as it goes without Python.

use std::process::{Command, Output};

fn xtask(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(arguments).env_remove("PYTHON");
    command
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn an_unknown_option_or_system_is_a_usage_error() {
    for (argument, word) in [("--sytems=kde", "--sytems"), ("--systems=kda", "zuko-nsf")] {
        let output = xtask(&["peers", argument]).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(words(&output).contains(word), "{}", words(&output));
    }
}

#[test]
fn without_python_it_says_so() {
    let nowhere = tempfile::tempdir().unwrap();
    let output = xtask(&["peers"]).env("PATH", nowhere.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let words = words(&output);
    assert!(words.contains("Python is missing") && words.contains("3.11"), "{words}");
}

#[cfg(unix)]
#[test]
fn an_old_python_and_one_without_venv_are_refused_by_name() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let fake = folder.path().join("fake-python");
    for (answer, word) in [("echo 3 8", "is 3.8"), ("echo 3 12; echo ensurepip", "python3-venv")] {
        std::fs::write(&fake, format!("#!/bin/sh\n{answer}\n")).unwrap();
        std::fs::set_permissions(&fake, PermissionsExt::from_mode(0o755)).unwrap();
        let output = xtask(&["peers"]).env("PYTHON", &fake).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(words(&output).contains(word), "{}", words(&output));
    }
}
