//! The command line itself: help, version, and usage errors with exit code 2.

use crate::support::Place;

/// Absurd sizes would run for ever or end in an abort: each is refused with the largest that is
/// sensible.
#[test]
fn absurd_sizes_are_refused_with_the_largest_sensible_one() {
    let place = Place::with_model();
    let before = place.contents();
    for option in ["--components", "--blocks", "--reflections", "--threads"] {
        for size in ["18446744073709551615", "18446744073709551616", "1000000000"] {
            let fit = ["fit", "train.csv", "--out", "m.gauss", option, size];
            let run = place.gauss(fit);
            assert_eq!(run.code, 2, "{option} {size}");
            let most = run.stderr.split("at most ").nth(1).unwrap_or_default();
            let most: String = most.chars().take_while(char::is_ascii_digit).collect();
            assert!(most.parse::<u64>().is_ok_and(|most| most < 1_000_000), "{}", run.stderr);
        }
    }
    assert_eq!(place.contents(), before);
}

#[test]
fn usage_errors_exit_with_2_and_print_nothing_on_standard_output() {
    let place = Place::with_model();
    let before = place.contents();
    for arguments in [
        "",
        "frobnicate",
        "fit",
        "fit train.csv",
        "fit train.csv --out",
        "fit train.csv --out m.gauss --frobnicate",
        "fit train.csv --out m.gauss --blocks none",
        "fit train.csv --out m.gauss --components 0",
        "fit train.csv --out m.gauss --budget=-1s",
        "fit train.csv --out m.gauss --budget 5",
        "fit train.csv --out m.gauss --budget 5parsecs",
        "fit train.csv --out m.gauss --budget 0epochs",
        "fit train.csv --out m.gauss --budget 0s",
        "fit train.csv --out m.gauss --budget 1e300h",
        "fit train.csv --out m.gauss --refit --no-refit",
        "fit train.csv --out m.gauss --prior -1",
        "fit train.csv --out m.gauss --learning-rate 0",
        "fit train.csv --out m.gauss --learning-rate nan",
        "fit train.csv --out m.gauss --method magic",
        "fit train.csv --out m.gauss --columns a,a",
        "fit train.csv --out train.csv",
        "fit train.csv --out ./train.csv",
        "fit train.csv --out m.gauss --validation",
        "fit - --validation - --out m.gauss",
        "score model.gauss",
        "score model.gauss test.csv --threads 0",
        "score model.gauss test.csv --seed x",
        "score model.gauss test.csv --delimiter ab",
        "score model.gauss test.csv --missing perhaps",
        "score model.gauss test.csv --out test.csv",
        "score model.gauss test.csv --out model.gauss",
        "sample model.gauss",
        "sample model.gauss --rows 0",
        "sample model.gauss --rows -3",
        "sample model.gauss --rows 1.5",
    ] {
        let run = place.gauss(arguments.split(' ').filter(|a| !a.is_empty()).chain(["--json"]));
        assert_eq!(run.code, 2, "{arguments}: {}", run.stderr);
        assert!(run.stdout.is_empty() && !run.stderr.is_empty(), "{arguments}: {run:?}");
        assert!(!run.stderr.contains("panicked"), "{arguments}: {}", run.stderr);
    }
    assert_eq!(place.contents(), before);
}

#[test]
fn help_shows_the_workflow_and_an_example_of_each_command() {
    let place = Place::empty();
    let help = place.gauss(["--help"]).ok().stdout;
    for command in ["fit", "score", "sample", "transform", "inverse", "inspect"] {
        assert!(help.contains(command), "{help}");
        let own = place.gauss([command, "--help"]).ok().stdout;
        assert!(own.contains(&format!("gauss {command} ")), "{own}");
        for option in ["--json", "--seed", "--threads", "--quiet"] {
            assert!(own.contains(option), "{command}: {option}");
        }
    }
    assert!(help.contains("gauss fit train.csv --out model.gauss"), "{help}");
    let version = place.gauss(["--version"]).ok().stdout;
    assert_eq!(version, format!("gauss {}\n", env!("CARGO_PKG_VERSION")));
}
