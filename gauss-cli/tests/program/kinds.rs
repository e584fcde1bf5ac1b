//! Columns of the user's own kind: in and out in the user's own form, and no mass elsewhere.

use std::fmt::Write;

use crate::support::{Place, QUICK, Run};

/// A positive price, a ratio within 0 and 1, and a count, all dependent.
fn sales(seed: u64, count: usize) -> String {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(1);
    let mut uniform = move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut text = "price,ratio,visits\n".to_owned();
    for _ in 0..count {
        // Two sums of uniforms stand for normals.
        let mut normal = || (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
        let (a, b) = (normal(), normal());
        let (price, ratio) = (a.exp(), 1.0 / (1.0 + (-2.0 * b).exp()));
        let visits = (2.0 + a + normal() * 0.5).max(0.0).round();
        writeln!(text, "{price},{ratio},{visits}").expect("a string takes all");
    }
    text
}

const KINDS: &str = "--support price>0|ratio in [0,1]|visits>=0|--integer|visits";

/// `fit train.csv --out m.gauss` with options separated by bars or blanks before the first bar.
#[track_caller]
fn fit(place: &Place, options: &str) -> Run {
    let (first, rest) = options.split_once(' ').unwrap_or((options, ""));
    let options = std::iter::once(first).chain(rest.split('|')).filter(|o| !o.is_empty());
    place.gauss(["fit", "train.csv", "--out", "m.gauss"].into_iter().chain(options).chain(QUICK))
}

fn place() -> Place {
    let place = Place::empty();
    place.write("train.csv", sales(0, 300));
    place.write("test.csv", sales(1, 100));
    place
}

#[test]
fn samples_are_of_the_kind_of_the_data() {
    let place = place();
    let text = fit(&place, KINDS).ok().stdout;
    for words in ["price: real > 0", "ratio: real in (0, 1)", "visits: integer, 0 or more"] {
        assert!(text.contains(words), "{text}");
    }
    place.gauss(["sample", "m.gauss", "--rows", "5000", "--out", "new.csv"]).ok();
    let (names, rows) = place.table("new.csv");
    assert_eq!(names, ["price", "ratio", "visits"]);
    for row in &rows {
        assert!(row[0] > 0.0 && row[1] > 0.0 && row[1] < 1.0, "{row:?}");
        assert!(row[2] >= 0.0 && row[2].fract() == 0.0, "{row:?}");
    }
    // Written as an integer, not as 3.0.
    let new = String::from_utf8(place.read("new.csv")).expect("text");
    assert!(new.lines().skip(1).all(|line| !line.rsplit(',').next().expect("cell").contains('.')));

    let inspect = place.gauss(["inspect", "m.gauss", "--json"]).ok().json();
    assert_eq!(inspect["kinds"][2]["kind"], "integer");
    assert_eq!(inspect["kinds"][2]["low"], 0.0);
    assert_eq!(inspect["kinds"][1]["high"], 1.0);
    assert_eq!(inspect["base_measure"]["count"], serde_json::json!(["visits"]));
    let shown = place.gauss(["inspect", "m.gauss"]).ok().stdout;
    assert!(shown.contains("a probability of visits"), "{shown}");
}

#[test]
fn the_way_to_the_latent_space_and_back_is_exact() {
    let place = place();
    fit(&place, KINDS).ok();
    place.gauss(["transform", "m.gauss", "test.csv", "--out", "z.csv"]).ok();
    place.gauss(["inverse", "m.gauss", "z.csv", "--out", "x.csv"]).ok();
    let ((_, there), (_, back)) = (place.table("test.csv"), place.table("x.csv"));
    for (x, y) in there.iter().zip(&back) {
        assert_eq!(x[2], y[2]);
        for j in 0..2 {
            assert!((x[j] - y[j]).abs() <= 1e-9 * x[j].abs(), "{x:?} came back as {y:?}");
        }
    }
}

/// Of a single column of counts: the probabilities of all of them add up to one.
#[test]
fn scores_are_probabilities_of_counts_and_nothing_is_outside() {
    let place = Place::empty();
    place.write("train.csv", sales(0, 300));
    fit(&place, "--columns visits|--integer|visits|--support|visits>=0").ok();
    let counts: Vec<String> = (-2..40).map(|k| k.to_string()).collect();
    place.write("counts.csv", format!("visits\n{}\n", counts.join("\n")));
    let report = place.gauss(["score", "m.gauss", "counts.csv", "--out", "s.csv", "--json"]).ok();
    let (_, scores) = place.table("s.csv");
    assert!(scores[..2].iter().all(|s| s[0] == f64::NEG_INFINITY), "{scores:?}");
    let total: f64 = scores.iter().map(|s| s[0].exp()).sum();
    // Counts from 40 on, and the rule over a cell, have the rest.
    assert!((total - 1.0).abs() < 0.01, "{total}");
    let report = report.json();
    assert_eq!(report["non_finite"], 2);
    assert_eq!(report["mean_log_prob"], serde_json::Value::Null);
    assert!(report["finite_mean_log_prob"].as_f64().expect("a number") < 0.0);
    assert_eq!(report["base_measure"]["count"], serde_json::json!(["visits"]));
}

/// The density of the logarithm, moved by the Jacobian: the search's figures are in the table's
/// units, whatever the model's.
#[test]
fn figures_of_a_fit_are_those_of_its_model() {
    let place = place();
    let options = "--support price>0|ratio in [0,1]|--exclude|visits|--validation|test.csv|--json";
    let report = fit(&place, options).ok().json();
    let score = place.gauss(["score", "m.gauss", "test.csv", "--json"]).ok().json();
    let (mean, fitted) =
        (score["mean_log_prob"].as_f64(), report["validation_nll"].as_f64().map(|nll| -nll));
    let (mean, fitted) = (mean.expect("a number"), fitted.expect("a number"));
    assert!((mean - fitted).abs() < 1e-9, "{mean} {fitted}");
    // Bounds are worth something: a model without them puts mass where nothing can be.
    let free = fit(&place, "--exclude visits|--validation|test.csv|--json").ok().json();
    let free = -free["validation_nll"].as_f64().expect("a number");
    assert!(fitted > free + 0.1, "{fitted} {free}");
}

#[test]
fn what_the_cells_suggest_is_offered_and_not_done() {
    let place = place();
    let run = fit(&place, "--json").ok();
    let hints: Vec<&str> = run.stderr.lines().filter(|l| l.starts_with("hint: ")).collect();
    assert_eq!(hints.len(), 2, "{}", run.stderr);
    assert!(hints[0].contains("--support 'price>0'"), "{}", hints[0]);
    assert!(hints[1].contains("--support 'ratio in [0,1]'"), "{}", hints[1]);
    // What is both a defect and an offer is said once.
    let ties = run.stderr.lines().find(|line| line.contains("\"visits\"")).expect("a warning");
    assert!(ties.starts_with("warning: "), "{ties}");
    assert!(ties.contains("whole numbers with --integer visits --support 'visits>=0', "), "{ties}");
    let report = run.json();
    assert_eq!(report["offers"].as_array().expect("a list").len(), 3);
    assert_eq!(report["offers"][2]["kind"], "whole_numbers");
    assert_eq!(report["offers"][2]["options"], "--integer visits --support 'visits>=0'");
    assert_eq!(report["kinds"][0]["low"], serde_json::Value::Null);
    assert!(fit(&place, KINDS).ok().stderr.lines().all(|l| !l.starts_with("hint: ")));
}

#[test]
fn cells_that_are_not_of_their_kind_are_named() {
    let place = Place::empty();
    let text = sales(0, 100);
    let with = |line: &str| place.write("train.csv", format!("{text}{line}\n"));
    for (line, options, message) in [
        (
            "-3,0.5,1",
            "--support price>0",
            "train.csv: row 101, column \"price\": -3 is outside its support, price > 0",
        ),
        ("0,0.5,1", "--support price>=0", "train.csv: row 101, column \"price\": 0 is the bound"),
        (
            "2,1,1",
            "--support ratio in [0,1]",
            "train.csv: row 101, column \"ratio\": 1 is the bound",
        ),
        (
            "2,0.5,1.5",
            "--integer visits",
            "train.csv: row 101, column \"visits\": 1.5 is not a whole",
        ),
        (
            "2,0.5,3e9",
            "--integer visits",
            "train.csv: row 101, column \"visits\": 3000000000 is beyond 2^31",
        ),
        (
            "2,0.5,-1",
            "--integer visits|--support|visits>=0",
            "train.csv: row 101, column \"visits\": -1 is outside its support, integer, 0 or more",
        ),
    ] {
        with(line);
        let run = fit(&place, options);
        assert_eq!(run.code, 1, "{run:?}");
        let last = run.stderr.lines().last().expect("a line");
        assert!(last.starts_with(&format!("error: {message}")), "{last}");
        assert!(!place.path("m.gauss").exists());
    }
    // Counted as in the file, also where rows before it are left out.
    place.write("train.csv", text.replacen('\n', "\n,,\n", 1) + "-3,0.5,1\n");
    let run = fit(&place, "--support price>0|--missing|drop");
    assert!(run.stderr.contains("train.csv: row 102, column \"price\": -3"), "{}", run.stderr);
    with("2,0.5,1");
    for options in [
        "--support price",
        "--support price>x",
        "--support price in [2,1]",
        "--support price>0|price<9",
    ] {
        let run = fit(&place, options);
        assert_eq!(run.code, 2, "{options}: {run:?}");
    }
    let run = fit(&place, "--integer visit");
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("no column \"visit\""), "{}", run.stderr);
}
