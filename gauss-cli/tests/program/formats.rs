//! Tables of every format through the program, in and out.

use gauss_model::{Column, Kind};
use serde_json::json;

use crate::support::{Place, QUICK, parse, rows, run, with_column};

/// The scores of a table, as text.
fn scores(place: &Place, table: &str) -> String {
    place.gauss(["score", "model.gauss", table, "--quiet"]).ok().stdout
}

#[test]
fn every_format_goes_in_and_out() {
    let place = Place::with_model();
    let expected = scores(&place, "test.csv");
    // To the latent space and back in each format; then the values are those of the first way.
    place.gauss(["transform", "model.gauss", "test.csv", "--out", "z.csv"]).ok();
    place.gauss(["inverse", "model.gauss", "z.csv", "--out", "x.csv"]).ok();
    let round = scores(&place, "x.csv");
    for name in ["tsv", "csv.gz", "tsv.zst", "npy", "parquet"] {
        let (z, x) = (format!("z.{name}"), format!("x.{name}"));
        place.gauss(["transform", "model.gauss", "test.csv", "--out", &z]).ok();
        place.gauss(["inverse", "model.gauss", &z, "--out", &x]).ok();
        assert_eq!(scores(&place, &x), round, "{name}");
        // The same bytes on standard input.
        let piped = run(place
            .command()
            .args(["score", "model.gauss", "-", "--quiet"])
            .write_stdin(place.read(&x)));
        assert_eq!(piped.ok().stdout, round, "{name} piped");
        let s = format!("s.{name}");
        place.gauss(["score", "model.gauss", "test.csv", "--out", &s]).ok();
        place.gauss(["sample", "model.gauss", "-n", "10", "--out", &format!("n.{name}")]).ok();
    }
    assert_eq!(parse(&expected).1, place.table("s.tsv").1);
    assert!(place.read("s.npy").starts_with(b"\x93NUMPY"));
    assert!(place.read("s.parquet").starts_with(b"PAR1"));
    assert!(place.read("s.csv.gz").starts_with(b"\x1f\x8b"));
    assert!(place.read("s.tsv.zst").starts_with(b"\x28\xb5\x2f\xfd"));
    // --format decides over the name, and where there is none.
    place.gauss(["sample", "model.gauss", "-n", "5", "--out", "five", "--format", "npy"]).ok();
    assert!(place.read("five").starts_with(b"\x93NUMPY"));
    let tabs = place.gauss(["sample", "model.gauss", "-n", "5", "--format", "tsv"]).ok().stdout;
    assert!(tabs.starts_with("a\tb\tc\n"), "{tabs}");
}

#[test]
fn a_model_is_fitted_to_any_format() {
    let place = Place::with_model();
    place.gauss(["sample", "model.gauss", "-n", "300", "--out", "t.csv"]).ok();
    for name in ["t.npy", "t.parquet", "t.csv.zst"] {
        place.gauss(["sample", "model.gauss", "-n", "300", "--out", name]).ok();
        let fit = |table: &str, out: &str| {
            let arguments = ["fit", table, "--out", out, "--json"];
            place.gauss(arguments.iter().chain(&QUICK)).ok().json()
        };
        let (there, here) = (fit("t.csv", "a.gauss"), fit(name, "b.gauss"));
        assert_eq!(there["validation_nll"], here["validation_nll"], "{name}");
        let names =
            if name == "t.npy" { json!(["x0", "x1", "x2"]) } else { json!(["a", "b", "c"]) };
        assert_eq!(here["columns"], names);
    }
}

#[test]
fn columns_are_chosen_by_pattern_and_range() {
    let place = Place::empty();
    let (_, cells) = parse(&rows(0, 200));
    let line = |(k, row): (usize, &Vec<f64>)| format!("row {k},{},{},{}\n", row[0], row[1], row[2]);
    let lines: Vec<String> = cells.iter().enumerate().map(line).collect();
    place.write("train.csv", format!("id,x1,x2,y\n{}", lines.concat()));
    let fit = |options: &str| {
        let all = format!("fit train.csv --out m.gauss --json {options}");
        place.gauss(all.split(' ').chain(QUICK))
    };
    assert_eq!(fit("--columns y,x*").ok().json()["columns"], json!(["y", "x1", "x2"]));
    assert_eq!(fit("--columns x2:").ok().json()["columns"], json!(["x2", "y"]));
    assert_eq!(fit("--exclude :x1").ok().json()["columns"], json!(["x2", "y"]));
    for (options, message) in [
        (
            "--exclude x1",
            "train.csv: column \"id\" holds text (row 1, line 2 of the file: \"row 0\"); leave it out \
             with --exclude id, or take it as a category with --categorical id",
        ),
        (
            "--columns z*",
            "train.csv: no column matches \"z*\"; the table has \"id\", \"x1\", \"x2\", \"y\"",
        ),
    ] {
        let run = fit(options);
        assert_eq!((run.code, run.stderr), (1, format!("error: {message}\n")));
    }
}

#[test]
fn missing_cells_are_filled_on_request() {
    let place = Place::empty();
    let holes = rows(3, 200).replacen("a,b,c\n", "a,b,c\n1,,3\n4,NaN,6\n", 1);
    place.write("holes.csv", holes);
    let median = ["--missing", "median", "--json"];
    let fit = ["fit", "holes.csv", "--out", "m.gauss"];
    let fit = place.gauss(fit.iter().chain(&QUICK).chain(&median)).ok();
    let report = fit.json();
    assert_eq!((&report["rows"], &report["missing_rows"]), (&202.into(), &0.into()));
    assert_eq!(report["filled"], json!({ "b": 2 }));
    assert!(fit.stderr.contains("2 in \"b\""), "{}", fit.stderr);

    let score = ["score", "m.gauss", "holes.csv"];
    let score = place.gauss(score.iter().chain(&median)).ok().json();
    assert_eq!((&score["filled"], &score["non_finite"]), (&json!({ "b": 2 }), &0.into()));
    let refused = place.gauss(["score", "m.gauss", "holes.csv"]);
    let message = "error: holes.csv: missing values in 1 of 3 columns: \"b\" 2 (of 202 rows; first: row \
                   1 (line 2 of the file), column \"b\"): --missing drop passes over such rows, \
                   --missing median fills in the column's median\n";
    assert_eq!((refused.code, refused.stderr.as_str()), (1, message));
}

#[test]
fn names_of_a_category_are_known_to_the_model() {
    let place = Place::with_model();
    let city = |column: &mut Column| {
        column.kind = Kind::Category(vec!["Oslo".into(), "Rome".into()]);
    };
    place.write("cities.gauss", with_column(&place.read("model.gauss"), 2, city));

    place.write("t.csv", "c,a,b\nRome,0.5,1\nOslo,1,2\nAtlantis,1,2\n");
    let score = place.gauss(["score", "cities.gauss", "t.csv", "--json", "--out", "s.csv"]).ok();
    assert_eq!(score.json()["unknown_cells"], 1);
    let note = "1 cell with a name that the model does not know: \"c\" (row 3, line 4 of the file: \
                \"Atlantis\")";
    assert!(score.stderr.contains(note), "{}", score.stderr);

    let before = place.contents();
    let refused = place.gauss(["sample", "cities.gauss", "-n", "5", "--out", "n.npy"]);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.ends_with(
        "n.npy: a NumPy array holds numbers only, and column \"c\" holds names; write .csv or \
         .parquet\n"
    ));
    assert_eq!(place.contents(), before, "nothing is written");
}
