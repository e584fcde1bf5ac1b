//! `gauss plot`: what it writes, what it leaves alone, what it refuses.

use std::collections::BTreeMap;
use std::fs;

use crate::support::{Place, QUICK, rows};

const ALL: [&str; 8] =
    ["pairs", "marginals", "density", "pushforward", "qq", "latent", "layers", "history"];

/// The files in a directory of the place.
fn files(place: &Place, directory: &str) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(place.path(directory))
        .expect("the directory")
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, fs::read(path).expect("a file"))
        })
        .collect()
}

#[test]
fn every_figure_becomes_an_svg_and_a_png() {
    let place = Place::with_model();
    let run = place.gauss("plot model.gauss test.csv --out figures --json".split(' ')).ok();
    let report = run.json();
    let made = report["figures"].as_array().expect("a list");
    let names: Vec<&str> = made.iter().map(|f| f["figure"].as_str().expect("a name")).collect();
    assert_eq!(names, ALL);
    assert_eq!((&report["rows"], &report["left_out"]), (&100.into(), &serde_json::json!([])));
    let files = files(&place, "figures");
    assert_eq!(files.len(), 2 * ALL.len(), "{:?}", files.keys());
    for figure in made {
        let text = |key: &str| figure[key].as_str().expect("text");
        assert!(text("caption").ends_with('.') && !text("title").is_empty());
        let svg = place.read(text("svg"));
        assert!(svg.starts_with(b"<svg") && svg.len() < 600_000, "{}: {}", text("svg"), svg.len());
        assert!(place.read(text("png")).starts_with(b"\x89PNG"), "{}", text("png"));
    }
}

#[test]
fn files_of_the_same_names_are_replaced_and_others_kept() {
    let place = Place::with_model();
    let arguments = |seed: &'static str| {
        let fixed = "plot model.gauss test.csv --out figures --only qq,history --seed";
        fixed.split(' ').chain([seed])
    };
    place.make_directory("figures");
    place.write("figures/qq.svg", "old");
    place.write("figures/pairs.svg", "another's");
    let run = place.gauss(arguments("1")).ok();
    assert!(run.stdout.contains("figures/qq.svg") && !run.stdout.contains("pairs"), "{run:?}");
    let first = files(&place, "figures");
    let names: Vec<&String> = first.keys().collect();
    assert_eq!(names, ["history.png", "history.svg", "pairs.svg", "qq.png", "qq.svg"]);
    assert_eq!(first["pairs.svg"], b"another's");
    assert!(first["qq.svg"].starts_with(b"<svg"));
    place.gauss(arguments("1").chain(["--threads", "2"])).ok();
    assert_eq!(files(&place, "figures"), first, "the same seed gives the same bytes");
}

#[test]
fn figures_without_a_reason_are_left_out_with_a_note() {
    let place = Place::with_model();
    let fit = "fit train.csv --out one.gauss --columns a --method rbig --blocks 1";
    place.gauss(fit.split(' ')).ok();
    let plot = "plot one.gauss test.csv --out f --only pairs,marginals,history";
    let run = place.gauss(plot.split(' ')).ok();
    for name in ["pairs", "history"] {
        assert!(run.stderr.contains(&format!("{name} is left out: it needs")), "{}", run.stderr);
    }
    let names: Vec<String> = files(&place, "f").into_keys().collect();
    assert_eq!(names, ["marginals.png", "marginals.svg"]);
    let report = place.gauss(plot.split(' ').chain(["--json", "--quiet"])).ok().json();
    assert_eq!(report["left_out"][0]["figure"], "pairs");
}

#[test]
fn columns_pairs_and_rows_can_be_chosen() {
    let place = Place::with_model();
    place.write("holes.csv", rows(3, 120).replacen("a,b,c\n", "a,b,c\n1,,3\n", 1));
    let plot = "plot model.gauss holes.csv --out f --only pairs,density --columns c,a --pair c,b \
                --rows 50 --missing drop";
    let run = place.gauss(plot.split_whitespace()).ok();
    assert!(run.stderr.contains("1 row with missing values left out"), "{}", run.stderr);
    let svg = |name: &str| String::from_utf8(place.read(name)).expect("text");
    let pairs = svg("f/pairs.svg");
    assert!(pairs.contains("50 of 120 rows") && pairs.contains("2 of 3 columns"), "pairs");
    assert!(!pairs.contains(">b<") && svg("f/density.svg").contains(">b<"));
}

#[test]
fn columns_are_chosen_by_pattern_and_range_and_a_pair_may_have_commas_in_its_names() {
    let place = Place::empty();
    let renamed = |seed, count| rows(seed, count).replacen("a,b,c\n", "\"a,x\",\"b,c\",c\n", 1);
    place.write("train.csv", renamed(0, 120));
    place.gauss(["fit", "train.csv", "--out", "own.gauss"].iter().chain(&QUICK)).ok();
    let plot = ["plot", "own.gauss", "train.csv", "--out", "f", "--only", "pairs,density"];
    let svg = |name: &str| String::from_utf8(place.read(name)).expect("text");
    for (columns, pair, all) in [("a?x,b*", "a,x,b,c", false), ("?*", "a*,c", true)] {
        place.gauss(plot.iter().chain(&["--columns", columns, "--pair", pair])).ok();
        assert!(svg("f/density.svg").contains(">a,x<"), "{pair}");
        assert_eq!(svg("f/density.svg").contains(">b,c<"), !all, "{pair}");
        assert_eq!(svg("f/pairs.svg").contains(">c<"), all, "{columns}");
    }
}

#[test]
fn what_fails_leaves_everything_as_it_was() {
    let place = Place::with_model();
    place.make_directory("figures");
    place.write("figures/qq.svg", "precious");
    place.write("file", "a file");
    place.write("bad.csv", "a,b,c\n1,2,3\n4,x,6\n");
    let before = (place.contents(), files(&place, "figures"));
    for (arguments, code, message) in [
        ("model.gauss bad.csv --out figures", 1, "bad.csv: row 2"),
        ("model.gauss bad.csv --out new", 1, "bad.csv: row 2"),
        ("model.gauss test.csv --out figures --pair a,height", 1, "height"),
        ("model.gauss test.csv --out figures --columns a,height", 1, "height"),
        ("model.gauss test.csv --out figures --columns z*", 1, "z*"),
        ("model.gauss test.csv --out figures --pair a:c", 2, "selects 3 columns"),
        ("model.gauss test.csv --out nowhere/figures", 1, "there is no directory nowhere"),
        ("model.gauss test.csv --out file", 1, "file: is not a directory"),
        ("test.csv test.csv --out figures", 1, "not a gauss model"),
        ("model.gauss test.csv --out figures --pair a", 2, "--pair"),
        ("model.gauss test.csv --out figures --pair a,a", 2, "--pair"),
        ("model.gauss test.csv --out figures --columns a,a", 2, "twice"),
        ("model.gauss test.csv --out figures --only pears", 2, "pears"),
        ("model.gauss test.csv --out figures --rows 0", 2, "--rows"),
        ("model.gauss test.csv", 2, "--out"),
        ("model.gauss figures/qq.svg --out figures", 2, "is read by this command"),
    ] {
        let run = place.gauss(["plot"].into_iter().chain(arguments.split(' ')));
        assert_eq!(run.code, code, "{arguments}: {run:?}");
        assert!(run.stderr.contains(message), "{arguments}: {}", run.stderr);
        assert!(run.stdout.is_empty(), "{arguments}: {}", run.stdout);
        assert_eq!((place.contents(), files(&place, "figures")), before, "{arguments}");
    }
}

#[test]
fn the_help_names_every_figure_and_shows_examples() {
    let help = Place::empty().gauss(["plot", "--help"]).ok().stdout;
    assert!(help.contains("Examples:\n  gauss plot model.gauss"), "{help}");
    assert!(ALL.iter().all(|name| help.contains(name)), "{help}");
}
