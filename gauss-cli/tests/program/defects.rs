//! Tables with no density of their own: the warning, the two ways out, and what is remembered.

use std::fmt::Write;

use crate::support::{Place, QUICK, Run, parse, rows};
use serde_json::json;

/// The table `a,b,c` with further columns made of its rows.
fn widened(seed: u64, names: &str, more: impl Fn(usize, &[f64]) -> String) -> String {
    let (_, cells) = parse(&rows(seed, 200));
    let mut text = format!("a,b,c,{names}\n");
    for (i, row) in cells.iter().enumerate() {
        let (a, b, c) = (row[0], row[1], row[2]);
        writeln!(text, "{a},{b},{c},{}", more(i, row)).expect("a string takes all");
    }
    text
}

/// `sum` is a + b, `grade` one of 1 .. 4.
fn defective(seed: u64) -> String {
    widened(seed, "sum,grade", |i, row| format!("{},{}", row[0] + row[1], i * i % 7 % 4 + 1))
}

/// What the model file says of defects and noise.
#[track_caller]
fn notes(place: &Place) -> Vec<serde_json::Value> {
    let inspect = place.gauss(["inspect", "m.gauss", "--json"]).ok().json();
    let notes = inspect["notes"].as_array().expect("a list").clone();
    let own = |note: &serde_json::Value| {
        note["name"] == "noise" || note["name"] == "no density of its own"
    };
    notes.into_iter().filter(own).collect()
}

#[track_caller]
fn fit(place: &Place, options: &str) -> Run {
    let arguments = format!("fit train.csv --out m.gauss --json{options}");
    place.gauss(arguments.split(' ').chain(QUICK)).ok()
}

fn warnings(run: &Run) -> Vec<&str> {
    run.stderr.lines().filter(|line| line.starts_with("warning: ")).collect()
}

const SUM: &str = r#"column "sum" is "a" + "b", to rounding"#;
const GRADE: &str = r#"column "grade" takes only 3 distinct values"#;

#[test]
fn a_defect_is_named_by_fit_inspect_and_score() {
    let place = Place::empty();
    place.write("train.csv", defective(0));
    let run = fit(&place, "");
    let grade_out = "take it as whole numbers with --integer grade --support 'grade>=0', leave it \
                     out with --exclude grade, or give it a noise floor with --noise grade=1";
    assert_eq!(warnings(&run)[0], format!("warning: train.csv: {GRADE}; {grade_out}"));
    assert!(warnings(&run)[1].starts_with(&format!("warning: train.csv: {SUM}; leave it out")));
    assert_eq!(warnings(&run).len(), 2);
    let report = run.json();
    assert_eq!(
        report["defects"][0],
        json!({
            "kind": "few_values",
            "columns": ["grade"],
            "sentence": GRADE,
            "ways_out": grade_out,
        })
    );
    assert_eq!(report["defects"][1]["kind"], "linear_combination");
    assert_eq!(report["defects"][1]["columns"], json!(["sum", "a", "b"]));
    assert_eq!(report["noise"], json!([]));

    let shown = place.gauss(["inspect", "m.gauss"]).ok().stdout;
    for sentence in [SUM, GRADE] {
        let line = shown.lines().find(|line| line.contains(sentence)).expect("the sentence");
        assert!(line.trim_start().starts_with("no density of its own"), "{line}");
    }

    let score = place.gauss(["score", "m.gauss", "train.csv", "--json"]).ok();
    let [line] = warnings(&score)[..] else { panic!("{}", score.stderr) };
    assert!(line.contains(SUM) && line.contains(GRADE), "{line}");
    assert_eq!(score.json()["defects"], json!([GRADE, SUM]));
    let quiet = place.gauss(["score", "m.gauss", "train.csv", "--quiet"]).ok();
    assert!(quiet.stderr.is_empty(), "{}", quiet.stderr);
}

#[test]
fn a_table_with_a_density_is_not_warned_of() {
    let place = Place::with_model();
    let run = fit(&place, "");
    assert_eq!((warnings(&run).len(), &run.json()["defects"]), (0, &json!([])));
    let score = place.gauss(["score", "m.gauss", "test.csv", "--json"]).ok();
    assert_eq!((warnings(&score).len(), &score.json()["defects"]), (0, &json!([])));
    assert!(notes(&place).is_empty());
}

#[test]
fn columns_are_left_out_by_name() {
    let place = Place::empty();
    // A column of text may be left out too: it is never read.
    place.write("train.csv", widened(0, "name,copy", |i, row| format!("row {i},{}", row[2])));
    let run = fit(&place, " --exclude copy,name");
    assert_eq!(warnings(&run).len(), 0);
    assert_eq!(run.json()["columns"], json!(["a", "b", "c"]));
    place.gauss(["score", "m.gauss", "train.csv"]).ok();
}

#[test]
fn noise_gives_a_column_a_density_and_is_remembered() {
    let place = Place::empty();
    place.write("train.csv", defective(0));
    place.write("valid.csv", defective(1));
    let run = fit(&place, " --noise grade=1 --noise sum=10 --validation valid.csv");
    assert_eq!(warnings(&run).len(), 0, "{}", run.stderr);
    let noise = [("grade", 1.0), ("sum", 10.0)];
    let noise = noise.map(|(column, width)| json!({ "column": column, "width": width }));
    assert_eq!(run.json()["noise"], json!(noise));
    let scores = || place.gauss(["score", "m.gauss", "train.csv"]).ok().stdout;
    let first = scores();

    let note = |value: &str| json!({ "name": "noise", "value": value });
    assert_eq!(notes(&place), [note("grade: uniform, width 1"), note("sum: uniform, width 10")]);
    let score = place.gauss(["score", "m.gauss", "train.csv", "--json"]).ok();
    let [line] = warnings(&score)[..] else { panic!("{}", score.stderr) };
    assert!(line.contains("grade: uniform, width 1"), "{line}");
    assert_eq!(score.json()["noise"][1], "sum: uniform, width 10");

    fit(&place, " --noise grade=1 --noise sum=10 --validation valid.csv --threads 1");
    assert_eq!(scores(), first, "the noise follows from the seed");
    fit(&place, " --noise grade=1 --noise sum=10 --validation valid.csv --seed 1");
    assert_ne!(scores(), first);
}

/// Validation rows that repeat the training rows must not repeat their noise.
#[test]
fn training_and_validation_rows_have_their_own_noise() {
    let place = Place::empty();
    place.write("train.csv", defective(0));
    let likelihoods = |noise: &str| {
        let report = fit(&place, &format!("{noise} --validation train.csv --exclude sum")).json();
        let number = |key: &str| report[key].as_f64().expect("a number");
        (number("train_nll"), number("validation_nll"))
    };
    let (train, validation) = likelihoods("");
    assert!((train - validation).abs() < 1e-9);
    let (train, validation) = likelihoods(" --noise grade=1");
    assert!((train - validation).abs() > 1e-6);
}

#[test]
fn remedies_that_cannot_be() {
    let place = Place::with_model();
    let before = place.contents();
    for (options, code, message) in [
        ("--exclude d", 1, r#"train.csv: no column "d"; the table has "a", "b", "c""#),
        ("--exclude a,b,c", 1, "train.csv: no column is left to be read"),
        ("--exclude a,a", 2, r#"--exclude names "a" twice"#),
        ("--exclude a --columns b", 2, "cannot be used with"),
        ("--noise d=1", 1, r#"no column "d" among the columns in use: "a", "b", "c""#),
        ("--exclude b --noise b=1", 1, r#"no column "b" among the columns in use: "a", "c""#),
        ("--integer a,a", 2, r#"--integer names "a" twice"#),
        ("--categorical a,b,a", 2, r#"--categorical names "a" twice"#),
        ("--noise a=0", 2, "the width: must be a number above 0, at most 1e150"),
        ("--noise a=-1", 2, "the width: must be a number above 0, at most 1e150"),
        ("--noise a=wide", 2, "the width: must be a number above 0, at most 1e150"),
        ("--noise a", 2, "must be NAME=WIDTH"),
        ("--noise =1", 2, "has no column name"),
        ("--noise a=1 --noise a=2", 2, r#"--noise names "a" twice"#),
    ] {
        let arguments = format!("fit train.csv --out m.gauss {options}");
        let run = place.gauss(arguments.split(' '));
        assert_eq!((run.code, run.stdout.as_str()), (code, ""), "{options}: {run:?}");
        assert!(run.stderr.contains(message), "{options}: {}", run.stderr);
    }
    assert_eq!(place.contents(), before);
}
