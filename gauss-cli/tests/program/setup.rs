//! Completions and manual pages.

use std::process::Command;

use crate::support::Place;

#[test]
fn every_shell_gets_a_script_that_knows_the_commands() {
    let place = Place::empty();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = place.gauss(["completions", shell]).ok().stdout;
        for word in ["compare", "transform", "budget", "learning-rate"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let script = place.gauss(["completions", "bash"]).ok().stdout;
    place.write("gauss.bash", &script);
    if let Ok(checked) = Command::new("bash").arg("-n").arg(place.path("gauss.bash")).output() {
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    }
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let place = Place::empty();
    let page = place.gauss(["man"]).ok().stdout;
    assert!(page.contains(".TH gauss 1") && page.contains("gauss\\-fit(1)"), "{page}");
    let report = place.gauss(["man", "--out", "man1", "--json"]).ok().json();
    let files = report["files"].as_array().expect("a list");
    for name in ["gauss.1", "gauss-fit.1", "gauss-compare.1"] {
        assert!(files.iter().any(|file| file == name), "{report}");
        let text = String::from_utf8(place.read(&format!("man1/{name}"))).expect("text");
        assert!(text.contains(&format!(".TH {} 1", name.trim_end_matches(".1"))), "{text}");
    }
    let own = String::from_utf8(place.read("man1/gauss.1")).expect("text");
    assert_eq!(own.trim_end(), page.trim_end());
}
