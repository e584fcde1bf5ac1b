//! Which columns are meant, and what they hold.

use gauss_cli::table::{Missing, ReadOptions, Select};
use gauss_model::Kind;

use crate::{fault, read_with, reals, strings, values};

#[test]
fn columns_are_found_by_name() {
    let text = "id,b,a,note\n7,2,1,x\n8,4,3,\n";
    let wanted = strings(&["a", "b"]);
    let columns = reals(&wanted);
    for select in [Select::Named(&wanted), Select::Model(&columns)] {
        let table = read_with(text, select, &ReadOptions::default()).expect("both columns");
        assert_eq!(table.names(), wanted);
        assert_eq!(values(&table), [[1.0, 2.0], [3.0, 4.0]]);
    }
}

#[test]
fn columns_that_are_not_there() {
    let message = |text: &str, select: Select<'_>| {
        read_with(text, select, &ReadOptions::default())
            .expect_err("no such column")
            .fault
            .to_string()
    };
    let wanted = strings(&["a", "b"]);
    assert_eq!(
        message("a,c\n1,2\n", Select::Named(&wanted)),
        "no column \"b\"; the table has \"a\", \"c\""
    );
    assert_eq!(
        message("a,c\n1,2\n", Select::Model(&reals(&wanted))),
        "the model's column \"b\" is missing; the table has \"a\", \"c\""
    );
    assert_eq!(
        message("u,v\n1,2\n", Select::Model(&reals(&wanted))),
        "none of the model's columns is in the table: expected \"a\", \"b\", got \"u\", \"v\""
    );
    assert_eq!(
        message("z0,z1,z2\n1,2,3\n", Select::Latent(4)),
        "the model has 4 columns, the table has 3: \"z0\", \"z1\", \"z2\""
    );
}

#[test]
fn without_a_header_columns_go_by_position() {
    let bare = ReadOptions { no_header: true, ..ReadOptions::default() };
    let table = read_with("1,2\n3,4\n", Select::All, &bare).expect("two rows");
    assert_eq!((table.names(), table.rows()), (strings(&["x0", "x1"]), 2));

    let wanted = strings(&["a", "b"]);
    let table = read_with("1,2\n", Select::Model(&reals(&wanted)), &bare).expect("by position");
    assert_eq!(values(&table), [[1.0, 2.0]]);
    let error =
        read_with("1,2,3\n", Select::Model(&reals(&wanted)), &bare).expect_err("three columns");
    assert!(error.to_string().contains("the model has 2 columns, the table has 3"), "{error}");

    let error = read_with("1,2\n3,x\n", Select::All, &bare).expect_err("a cell of text");
    assert_eq!(
        error.fault.to_string(),
        "row 2, column \"x1\": not a number: \"x\" (a missing \
             value is an empty cell or NA)"
    );
}

#[test]
fn latent_columns_go_by_name_first() {
    let options = ReadOptions::default();
    let by_name = read_with("z1,w,z0\n1,2,3\n", Select::Latent(2), &options).expect("z0 and z1");
    assert_eq!(values(&by_name), [[3.0, 1.0]]);
    let by_position = read_with("u,v\n1,2\n", Select::Latent(2), &options).expect("two columns");
    assert_eq!(values(&by_position), [[1.0, 2.0]]);
}

#[test]
fn categories_are_listed_by_how_often_they_come() {
    let text = "city,x\nOslo,1\nRome,2\nBonn,3\n Rome ,4\nNA,5\n\"Rome\",6\nBonn,7\nParis,8\n";
    let options = ReadOptions {
        categories: strings(&["c*"]),
        missing: Missing::NanRow,
        ..ReadOptions::default()
    };
    let table = read_with(text, Select::All, &options).expect("a column of names");
    let levels = strings(&["Rome", "Bonn", "Oslo", "Paris"]);
    assert_eq!(table.columns[0].kind, Kind::Category(levels));
    let codes: Vec<f64> = table.data.col(0).iter().copied().collect();
    assert_eq!(codes[..4], [2.0, 0.0, 1.0, 0.0]);
    assert!(codes[4].is_nan() && codes[5..] == [0.0, 1.0, 3.0]);
    assert_eq!(table.missing_rows, 1);

    let other = "x,city\n1,Bonn\n2,Atlantis\n3,oslo\n";
    let other = read_with(other, Select::Model(&table.columns), &ReadOptions::default());
    let other = other.expect("the model's columns");
    assert_eq!(other.data.col(0).iter().copied().collect::<Vec<_>>(), [1.0, -1.0, -1.0]);
    let unknown = other.unknown.expect("two unknown names");
    assert_eq!((unknown.cells, unknown.first.cell.as_str()), (2, "Atlantis"));
    assert_eq!((unknown.first.column.as_str(), unknown.first.place.line), ("city", 3));

    let many: Vec<String> = (0..300).map(|k| format!("id{k}\n")).collect();
    let options = ReadOptions { categories: strings(&["a"]), ..ReadOptions::default() };
    let error =
        read_with(format!("a\n{}", many.concat()), Select::All, &options).expect_err("300 names");
    assert!(error.to_string().contains("more than 256 different values"), "{error}");
}

#[test]
fn columns_of_text_are_named_at_once() {
    let text = "city,x,kind,note\nOslo,1,a,7\nRome,2,b,x\nBonn,3,c,8\n";
    assert_eq!(
        fault(text),
        "column \"city\" holds text (row 1, line 2 of the file: \"Oslo\"), and \"kind\" (row 1, line \
         2 of the file: \"a\"); leave them out with --exclude city,kind, or take them as categories \
         with --categorical city,kind"
    );
    let excluded = strings(&["city", "kind"]);
    let error = read_with(text, Select::Except(&excluded), &ReadOptions::default());
    assert_eq!(
        error.expect_err("a slip").fault.to_string(),
        "row 2 (line 3 of the file), column \"note\": not a number: \"x\" (a missing \
             value is an empty cell or NA)"
    );
    // A model's column of numbers is that: text in it is a bad cell, however much there is.
    let column = reals(&strings(&["city"]));
    let error = read_with(text, Select::Model(&column), &ReadOptions::default());
    assert!(error.expect_err("text").to_string().contains("column \"city\": not a number"));
}

/// A table of several blocks, so that places are counted across them.
#[test]
fn a_misspelt_column_is_guessed() {
    let error = |select: Select<'_>| {
        let text = "height,weight\n1,2\n";
        read_with(text, select, &ReadOptions::default()).expect_err("misspelt").fault.to_string()
    };
    let guess = "(did you mean \"height\"?); the table has \"height\", \"weight\"";
    let wanted = strings(&["hieght", "weight"]);
    assert_eq!(error(Select::Named(&wanted)), format!("no column \"hieght\" {guess}"));
    assert_eq!(
        error(Select::Model(&reals(&wanted))),
        format!("the model's column \"hieght\" is missing {guess}")
    );
}
