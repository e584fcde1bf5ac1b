//! What the program samples it scores, whatever the columns and their levels are called: `gauss sample
//! | gauss score`, by the program itself.

use std::collections::BTreeSet;

use assert_cmd::Command;
use gauss_model::{Column, Kind, Model};

use crate::models::models;
use crate::run::{Numbers, Run};

/// What names are made of: what tables, shells and terminals give a meaning to.
const PARTS: [&str; 40] = [
    "a",
    "B",
    "7",
    "0",
    "1.5",
    "-3e8",
    "nan",
    "inf",
    "NA",
    "null",
    " ",
    "  ",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\"",
    "\"\"",
    "'",
    ",",
    ";",
    "|",
    "#",
    "\\",
    "/",
    "=",
    "\u{1b}[31m",
    "\u{9b}2J",
    "\u{7f}",
    "\0",
    "\u{feff}",
    "\u{202e}",
    "\u{2028}",
    "\u{301}",
    "é",
    "漢",
    "😀",
    "PAR1",
    "Unnamed: 0",
    "__index_level_0__",
];

fn name(numbers: &mut Numbers) -> String {
    (0..=numbers.below(4)).map(|_| numbers.one(&PARTS)).collect()
}

/// A name that a cell of a table can hold: no blanks at its ends, and not one for a missing value.
fn level(numbers: &mut Numbers) -> String {
    format!("{}.", name(numbers).trim_start())
}

fn distinct(numbers: &mut Numbers, count: usize, one: fn(&mut Numbers) -> String) -> Vec<String> {
    let mut names = BTreeSet::new();
    while names.len() < count {
        names.insert(one(numbers));
    }
    let mut names: Vec<String> = names.into_iter().collect();
    names.rotate_left(numbers.below(count));
    names
}

/// The model with other names for its columns and levels.
fn renamed(numbers: &mut Numbers, model: &Model) -> Model {
    let names = distinct(numbers, model.columns().len(), name);
    let column = |(column, name): (&Column, String)| {
        let kind = match &column.kind {
            Kind::Category(levels) => Kind::Category(distinct(numbers, levels.len(), level)),
            kind => kind.clone(),
        };
        Column { name, kind, ..column.clone() }
    };
    let columns = model.columns().iter().zip(names).map(column).collect();
    Model::new(model.flow().clone(), columns, model.provenance().clone()).expect("a model")
}

#[test]
fn samples_are_scored_whatever_the_names() {
    let run = Run::of("names");
    let mut numbers = run.numbers();
    for round in run.rounds(12) {
        let model = renamed(&mut numbers, &models()[round % models().len()]);
        let bytes = model.to_bytes().expect("bytes");
        let file = run.file();
        let format = *numbers.one(&[&"csv", &"tsv", &"parquet", &"npy"]);
        let is_text_only = !cfg!(feature = "parquet") && format == "parquet";
        let has_levels = model.columns().iter().any(|c| matches!(c.kind, Kind::Category(_)));
        let format = if is_text_only || (has_levels && format == "npy") { "csv" } else { format };
        run.case(round, &bytes, || {
            let gauss = || Command::new(env!("CARGO_BIN_EXE_gauss"));
            let sampled = gauss()
                .args(["sample", "--rows", "3", "--quiet", "--format", format])
                .arg(&file)
                .output()
                .expect("the program runs");
            assert!(sampled.status.success(), "{}", String::from_utf8_lossy(&sampled.stderr));
            let scored = gauss()
                .args(["score", "--quiet"])
                .arg(&file)
                .arg("-")
                .write_stdin(sampled.stdout)
                .output()
                .expect("the program runs");
            let said = String::from_utf8_lossy(&scored.stderr);
            assert!(scored.status.success(), "{format}, {:?}: {said}", model.names());
            let scores = String::from_utf8(scored.stdout).expect("text");
            let scores: Vec<f64> =
                scores.lines().skip(1).map(|line| line.parse().expect("a number")).collect();
            assert!(
                scores.len() == 3 && scores.iter().all(|score| score.is_finite()),
                "{scores:?}"
            );
        });
    }
}
