//! Bad data: exit code 1, one line that names file, row and column, nothing written, and an
//! existing output untouched.

use crate::support::{Place, Run, rows, run};

/// Runs a command that must fail on its data, with the output absent and with it present.
#[track_caller]
fn refused(place: &Place, arguments: &str, out: &str) -> String {
    let arguments = || arguments.split(' ').chain(["--out", out]);
    let before = place.contents();
    let first = place.gauss(arguments());
    check(&first);
    assert_eq!(place.contents(), before, "something was written");
    if !before.contains_key(out) && !out.contains('/') {
        place.write(out, "precious");
        let before = place.contents();
        let second = place.gauss(arguments().chain(["--json"]));
        check(&second);
        assert_eq!(place.contents(), before, "something was written over");
        assert_eq!(first.stderr, second.stderr);
        std::fs::remove_file(place.path(out)).expect("it is there");
    }
    let line = first.stderr.trim_end();
    line.strip_prefix("error: ").expect("the prefix of every error").to_owned()
}

#[track_caller]
fn check(run: &Run) {
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.is_empty(), "{run:?}");
    assert_eq!(run.stderr.lines().count(), 1, "one line: {}", run.stderr);
}

#[test]
fn tables_that_cannot_be_fitted() {
    let place = Place::empty();
    place.make_directory("folder.csv");
    for (name, text, message) in [
        ("empty.csv", "", "empty.csv: the file is empty"),
        ("header.csv", "a,b\n", "header.csv: a header but no rows of data"),
        (
            "ragged.csv",
            "a,b\n1,2\n3\n",
            "ragged.csv: row 2 (line 3 of the file): expected 2 cells, got 1",
        ),
        (
            "text.csv",
            "a,b\n1,2\n3,abc\n",
            "text.csv: row 2 (line 3 of the file), column \"b\": not a number: \"abc\"",
        ),
        (
            "nan.csv",
            "a,b\n1,2\nNaN,4\n",
            "nan.csv: missing values in 1 of 2 columns: \"a\" 1 (of 2 rows; first: row 2 (line 3",
        ),
        (
            "hole.csv",
            "a,b\n1,\n3,4\n",
            "hole.csv: missing values in 1 of 2 columns: \"b\" 1 (of 2 rows; first: row 1 (line 2",
        ),
        (
            "inf.csv",
            "a,b\n1,inf\n",
            "inf.csv: row 1 (line 2 of the file), column \"b\": not a finite number: \"inf\"",
        ),
        ("twice.csv", "a,a\n1,2\n", "twice.csv: column \"a\" appears twice, as columns 1 and 2"),
        ("bare.csv", "1,2\n3,4\n", "bare.csv: line 1 holds numbers (1, 2), but a header row"),
        ("packed.csv.gz", "\x1f\u{8b}", "packed.csv.gz: "),
    ] {
        place.write(name, text);
        let line = refused(&place, &format!("fit {name}"), "model.gauss");
        assert!(line.starts_with(message), "{line}");
    }
    assert_eq!(refused(&place, "fit nowhere.csv", "model.gauss"), "nowhere.csv: no such file");
    assert_eq!(
        refused(&place, "fit folder.csv", "model.gauss"),
        "folder.csv: is a directory, not a file"
    );
}

#[test]
fn tables_that_cannot_be_learned_from() {
    let place = Place::empty();
    let lines: Vec<String> = (0..200).map(|k| format!("{k},0.25\n")).collect();
    for (name, low, high) in [("wide.csv", -1.7e308, 1.7e308), ("narrow.csv", 2e-300, 3e-300)] {
        let line = |k: usize| format!("{k},{:e}\n", if k.is_multiple_of(2) { low } else { high });
        place.write(name, format!("a,b\n{}", (0..40).map(line).collect::<String>()));
        let message = refused(&place, &format!("fit {name}"), "model.gauss");
        assert!(message.starts_with(&format!("{name}: column \"b\" spans ")), "{message}");
    }
    place.write("constant.csv", format!("a,b\n{}", lines.concat()));
    let line = refused(&place, "fit constant.csv", "model.gauss");
    assert!(
        line.starts_with("constant.csv: column \"b\" is constant (every row is 0.25)"),
        "{line}"
    );

    place.write("few.csv", rows(0, 1));
    let line = refused(&place, "fit few.csv", "model.gauss");
    assert!(
        line.starts_with("few.csv: at least ")
            && line.contains(" rows are needed, got 1: a spread takes two"),
        "{line}"
    );

    place.write("train.csv", rows(0, 200));
    let line = refused(&place, "fit train.csv --columns a,d", "model.gauss");
    assert_eq!(line, "train.csv: no column \"d\"; the table has \"a\", \"b\", \"c\"");
}

#[test]
fn validation_tables_that_do_not_fit() {
    let place = Place::empty();
    place.write("train.csv", rows(0, 200));
    place.write("valid.csv", "a,b\n1,2\n");
    let line = refused(&place, "fit train.csv --validation valid.csv", "model.gauss");
    assert!(line.starts_with("valid.csv: the model's column \"c\" is missing"), "{line}");
    place.write("valid.csv", "a,b,c\n1,2,oops\n");
    let line = refused(&place, "fit train.csv --validation valid.csv", "model.gauss");
    assert!(line.starts_with("valid.csv: row 1 (line 2 of the file), column \"c\""), "{line}");
    let line = refused(&place, "fit train.csv --validation nowhere.csv", "model.gauss");
    assert_eq!(line, "nowhere.csv: no such file");
}

#[test]
fn tables_that_do_not_suit_the_model() {
    let place = Place::with_model();
    for (name, text, message) in [
        (
            "two.csv",
            "a,b\n1,2\n",
            "two.csv: the model's column \"c\" is missing; the table has \"a\", \"b\"",
        ),
        (
            "other.csv",
            "u,v,w\n1,2,3\n",
            "other.csv: none of the model's columns is in the table: expected \"a\", \"b\", \"c\", got \"u\", \"v\", \"w\"",
        ),
        (
            "nan.csv",
            "a,b,c\n1,2,3\n4,nan,6\n",
            "nan.csv: missing values in 1 of 3 columns: \"b\" 1 (of 2 rows; first: row 2 (line 3",
        ),
        (
            "ragged.csv",
            "a,b,c\n1,2,3,4\n",
            "ragged.csv: row 1 (line 2 of the file): expected 3 cells, got 4",
        ),
        ("header.csv", "a,b,c\n", "header.csv: a header but no rows of data"),
        ("empty.csv", "", "empty.csv: the file is empty"),
    ] {
        place.write(name, text);
        for command in ["score", "transform"] {
            let line = refused(&place, &format!("{command} model.gauss {name}"), "out.csv");
            assert!(line.starts_with(message), "{line}");
        }
    }
    place.write("bare.csv", "1,2,3,4\n");
    let line = refused(&place, "score model.gauss bare.csv --no-header", "out.csv");
    assert!(line.starts_with("bare.csv: the model has 3 columns, the table has 4"), "{line}");
    place.write("z.csv", "z0,z1\n1,2\n");
    let line = refused(&place, "inverse model.gauss z.csv", "out.csv");
    assert!(line.starts_with("z.csv: the model has 3 columns, the table has 2"), "{line}");
}

#[test]
fn files_that_are_no_model() {
    let place = Place::with_model();
    let model = place.read("model.gauss");
    let mut flipped = model.clone();
    flipped[model.len() / 2] ^= 0x10;
    place.write("flipped.gauss", flipped);
    place.write("short.gauss", &model[..model.len() - 7]);
    place.write("long.gauss", [&model[..], b"more"].concat());
    place.write("stub.gauss", &model[..5]);
    place.write("empty.gauss", "");
    for name in
        ["flipped", "short", "long", "stub", "empty", "nowhere"].map(|n| format!("{n}.gauss"))
    {
        for arguments in [
            format!("score {name} test.csv"),
            format!("sample {name} --rows 5"),
            format!("transform {name} test.csv"),
            format!("inverse {name} test.csv"),
        ] {
            let line = refused(&place, &arguments, "out.csv");
            assert_eq!(line.matches(&name).count(), 1, "names the file once: {line}");
        }
        check(&place.gauss(["inspect", &name]));
    }
    let line = refused(&place, "score test.csv model.gauss", "out.csv");
    assert!(line.starts_with("test.csv: "), "{line}");
    let line = refused(&place, "score model.gauss model.gauss", "out.csv");
    assert!(line.contains("a gauss model"), "{line}");
    check(&place.gauss(["inspect", "."]));
}

#[test]
fn outputs_that_cannot_be_written() {
    let place = Place::with_model();
    place.make_directory("folder");
    for command in ["fit train.csv", "score model.gauss test.csv", "sample model.gauss --rows 3"] {
        let line = refused(&place, command, "nowhere/out");
        assert_eq!(line, "nowhere/out: cannot be written: there is no directory nowhere");
        let line = refused(&place, command, "folder");
        assert_eq!(line, "folder: cannot be written: it is a directory");
        let line = refused(&place, command, "test.csv/out");
        assert!(line.starts_with("test.csv/out: cannot be written"), "{line}");
    }
}

#[test]
fn a_read_only_file_is_not_replaced() {
    let place = Place::with_model();
    place.write("kept.csv", "kept");
    let mut permissions = place.path("kept.csv").metadata().expect("the file").permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(place.path("kept.csv"), permissions).expect("read-only");
    let line = refused(&place, "score model.gauss test.csv", "kept.csv");
    assert_eq!(line, "kept.csv: cannot be written: the existing file is read-only");
}

#[test]
fn backtraces_do_not_turn_a_line_into_a_dump() {
    let place = Place::empty();
    let arguments = ["fit", "nowhere.csv", "--out", "model.gauss"];
    let verbose = run(place.command().env("RUST_BACKTRACE", "1").args(arguments));
    check(&verbose);
    assert_eq!(verbose.stderr, place.gauss(arguments).stderr);
}
