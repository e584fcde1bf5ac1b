//! Names are others' words: whatever is in those of columns, levels and files and in what a model
//! remembers, nothing of it reaches a terminal but as text, and no line is forged.

use faer::Mat;
use gauss_cli::table::{Encoding, write};
use gauss_model::provenance::{How, Weights};
use gauss_model::{Column, Kind, Model, Provenance};

use crate::support::{Place, Run};

/// Clears the screen, names the window, colours (in seven bits and in eight), deletes, turns the
/// direction of writing twice, ends lines of two sorts, and begins one of its own.
const HOSTILE: &str = "n\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m\u{7f}\u{202e}\u{2066}\u{2028}\u{85}\0\r\nerror: forged\tx";

fn is_obeyed(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}');
    c.is_control() || turns || matches!(c, '\u{2066}'..='\u{2069}')
}

fn named(name: &str) -> String {
    format!("{name} {HOSTILE}")
}

/// A file's name holds no NUL.
fn file(name: &str) -> String {
    format!("{name}-{}.x", HOSTILE.replace(['\0', '/'], ""))
}

/// Every word of the model is hostile.
fn hostile(model: &Model) -> Vec<u8> {
    let levels = vec![named("level"), named("other")];
    let columns = model.columns().iter().zip(["a", "b", "c"]).map(|(column, name)| Column {
        name: named(name),
        kind: if name == "c" { Kind::Category(levels.clone()) } else { column.kind.clone() },
        fill: None,
    });
    let provenance = Provenance {
        how: How::Words(named("how")),
        created_by: named("program"),
        notes: vec![(named("note"), named("text"))],
        weights: Some(Weights { column: Some(named("weight")) }),
        ..model.provenance().clone()
    };
    let model = Model::new(model.flow().clone(), columns.collect(), provenance);
    model.expect("a model").to_bytes().expect("bytes")
}

/// Nothing but text and line breaks, and no line of the names' own.
#[track_caller]
fn check(what: &str, run: &Run) {
    for (stream, text) in [("output", &run.stdout), ("error", &run.stderr)] {
        let found: Vec<char> = text.chars().filter(|&c| c != '\n' && is_obeyed(c)).collect();
        assert!(found.is_empty(), "{what}, standard {stream}: {found:?} in {text:?}");
        let forged = text.lines().skip(usize::from(run.code != 0)).any(|l| l.starts_with("error:"));
        assert!(!forged, "{what}, standard {stream}: a forged line in {text:?}");
    }
    assert!(run.code == 0 || run.stderr.lines().count() == 1 || run.code == 2, "{what}: {run:?}");
}

#[test]
fn names_reach_the_terminal_as_text() {
    let place = Place::with_model();
    let model = Model::from_bytes(&place.read("model.gauss")).expect("a model");
    let (m, t, fit, out) = (file("model"), file("table"), file("train"), file("out"));
    place.write(&m, hostile(&model));
    // A table to fit: whole numbers, and numbers that repeat, so that there is much to be said.
    let columns = ["a", "b", "w"].map(|name| Column::real(named(name)));
    let rows = Mat::from_fn(90, 3, |i, j| match j {
        0 => ((i * 7) % 13) as f64,
        1 => (i as f64 * 0.37).sin(),
        _ => 0.25 * (i % 3) as f64,
    });
    let mut bytes = Vec::new();
    write(&mut bytes, Encoding::default(), &columns, rows.as_ref()).expect("memory");
    place.write(&fit, bytes);
    place.gauss(["sample", &m, "-n", "60", "--out", &t, "--format", "csv", "-q"]).ok();

    let (missing, folder) = (file("missing"), file("folder"));
    let quick = ["--blocks", "1", "--components", "2", "--budget", "1epochs"];
    let model_out = ["--out", &out];
    let runs: Vec<(Vec<&str>, i32)> = vec![
        (vec!["inspect", &m], 0),
        (vec!["sample", &m, "-n", "3", "--out", "s.csv"], 0),
        (vec!["score", &m, &t, "--out", "s.csv"], 0),
        (vec!["transform", &m, &t, "--out", "z.csv"], 0),
        (vec!["inverse", &m, "z.csv", "--out", "x.csv"], 0),
        (vec!["compare", &m, &m, &t], 0),
        (vec!["plot", &m, &t, "--out", &folder, "--only", "marginals"], 0),
        (vec!["report", &m, &t, "--out", &out], 0),
        ([&["fit", &fit][..], &model_out, &quick].concat(), 0),
        // Refusals.
        (vec!["inspect", &missing], 1),
        (vec!["inspect", &fit], 1),
        (vec!["score", &m, &fit], 1),
        (vec!["score", "model.gauss", &fit], 1),
        (vec!["compare", &m, "model.gauss", &t], 1),
        (vec!["fit", &missing, "--out", "f"], 1),
        (vec!["fit", &t, "--out", "f"], 1),
        (vec!["fit", &fit, "--out", "f", "--columns", HOSTILE_OPTION], 1),
        (vec!["fit", &fit, "--out", "f", "--weights", HOSTILE_OPTION], 1),
        (vec!["fit", &fit, "--out", "f", "--noise", HOSTILE_OPTION], 2),
        (vec!["fit", &fit, "--out", "f", "--support", HOSTILE_OPTION], 2),
        (vec!["fit", &fit, "--out", "f", "--method", HOSTILE_OPTION], 2),
        (vec!["fit", &fit, "--out", "f", "--budget", HOSTILE_OPTION], 2),
        (vec!["sample", &m, "-n", HOSTILE_OPTION], 2),
        (vec!["sample", &m, "-n", "3", HOSTILE_OPTION], 2),
        (vec![HOSTILE_OPTION], 2),
        (vec!["man", "--out", "train.csv/x"], 1),
    ];
    for (arguments, code) in runs {
        for json in [false, true] {
            let more: &[&str] = if json { &["--json"] } else { &[] };
            let run = place.gauss(arguments.iter().chain(more));
            let what = format!("{arguments:?} {more:?}");
            assert_eq!(run.code, code, "{what}: {}", run.stderr);
            check(&what, &run);
            if json && code == 0 {
                run.json(); // and the names come back from it
            }
        }
    }
    let told = place.gauss(["inspect", &m, "--json"]).ok().json();
    assert_eq!(told["columns"][0], named("a"), "a script has the name itself");

    // What is drawn and written of them is text, too.
    let page = String::from_utf8(place.read(&out)).unwrap_or_default();
    let figure = std::fs::read_to_string(place.path(&folder).join("marginals.svg")).expect("text");
    place.gauss(["report", &m, &t, "--out", "r.html", "-q"]).ok();
    let report = String::from_utf8(place.read("r.html")).expect("text");
    for text in [page, figure, report] {
        let found: Vec<char> =
            text.chars().filter(|&c| !"\n\t".contains(c) && is_obeyed(c)).collect();
        assert!(found.is_empty(), "{found:?}");
    }
}

/// As a command line can hold it.
const HOSTILE_OPTION: &str = "n\u{1b}[2J\u{9b}31m\u{7f}\u{202e}\u{2028}\r\nerror: forged\tx";
