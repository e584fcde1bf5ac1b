//! Tables as people write them, and what is said about those that cannot be read.

use std::path::Path;

use gauss_cli::table::{Missing, ReadOptions, Select, Table, TableError, read};
use gauss_model::{Column, Kind};

fn read_with(
    bytes: impl AsRef<[u8]>,
    wanted: Select<'_>,
    options: &ReadOptions,
) -> Result<Table, TableError> {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), bytes).expect("the table is written");
    read(file.path(), wanted, options)
}

fn table(text: impl AsRef<[u8]>) -> Table {
    read_with(text, Select::All, &ReadOptions::default()).expect("a good table")
}

/// The message without the file's name in front.
fn fault(text: impl AsRef<[u8]>) -> String {
    read_with(text, Select::All, &ReadOptions::default())
        .expect_err("a bad table")
        .fault
        .to_string()
}

fn values(table: &Table) -> Vec<Vec<f64>> {
    table.data.row_iter().map(|row| row.iter().copied().collect()).collect()
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn reals(names: &[String]) -> Vec<Column> {
    names.iter().map(Column::real).collect()
}

#[test]
fn tables_as_people_write_them() {
    let expected = [[1.0, -2.5], [3e-5, 4.0]];
    for (text, what) in [
        ("a,b\n1,-2.5\n3e-5,4\n", "plain"),
        ("a,b\n1,-2.5\n3e-5,4", "no line break at the end"),
        ("\u{feff}a,b\r\n1,-2.5\r\n3e-5,4\r\n", "byte-order mark and CRLF"),
        ("a;b\n1;-2.5\n3e-5;4\n", "semicolons"),
        ("a\tb\n1\t-2.5\n3e-5\t4\n", "tabs"),
        ("\"a\",\"b\"\n\"1\",\"-2.5\"\n\"3e-5\",\"4\"\n", "quotes"),
        (" a , b \n 1 ,\t-2.5\n3E-5, +4.0 \n", "blanks around cells"),
        ("\n\na,b\n\n1,-2.5\n   \n3e-5,4\n\n\n", "blank lines"),
        ("a,b\r1,-2.5\r3e-5,4\r", "carriage returns only"),
    ] {
        let table = table(text);
        assert_eq!(table.names(), ["a", "b"], "{what}");
        assert_eq!(values(&table), expected, "{what}");
    }
}

#[test]
fn quoted_names_may_hold_anything() {
    assert_eq!(table("\"size, m\";\"a \"\"b\"\"\"\n1;2\n").names(), ["size, m", "a \"b\""]);
    assert_eq!(table("größe,β\n1,2\n").names(), ["größe", "β"]);
    assert_eq!(table("0,1,2\n5,6,7\n").names(), ["0", "1", "2"]);
}

#[test]
fn a_fault_names_row_and_column() {
    for (text, message) in [
        ("", "the file is empty"),
        (" \r\n\n", "the file is empty"),
        ("\u{feff}", "the file is empty"),
        ("a,b\n", "a header but no rows of data"),
        ("a,b", "a header but no rows of data"),
        (
            "a,b\n1,2\n3\n",
            "row 2 (line 3 of the file): expected 2 cells, got 1 (the row ends at column \"a\")",
        ),
        ("a,b\n1,2,3\n", "row 1 (line 2 of the file): expected 2 cells, got 3"),
        (
            "a,b\n1,2\n3,abc\n",
            "row 2 (line 3 of the file), column \"b\": not a number: \"abc\" (a missing \
             value is an empty cell or NA)",
        ),
        (
            "a;b\n1;2,5\n",
            "column \"b\" holds text (row 1, line 2 of the file: \"2,5\"); \
             --decimal-comma reads it as numbers",
        ),
        (
            "a,b\r\n1,2\r\n\r\n3,0x1F\r\n",
            "row 2 (line 4 of the file), column \"b\": not a number: \"0x1F\" (a missing \
             value is an empty cell or NA)",
        ),
        (
            "\n\"a\nx\",b\n1,2\n\n\n3,y\n",
            "row 2 (line 7 of the file), column \"b\": not a number: \"y\" (a missing \
             value is an empty cell or NA)",
        ),
        (
            "a,b\n1,\n",
            "missing values in 1 of 2 columns: \"b\" 1 (of 1 row; first: row 1 (line 2 of the \
             file), column \"b\"): --missing drop passes over such rows, --missing median fills in \
             the column's median",
        ),
        (
            "c,a,b\n1,nan,2\n3,4,?\n5, N/A ,6\n",
            "missing values in 2 of 3 columns: \"a\" 2, \"b\" 1 (of 3 rows; first: row 1 (line 2 of \
             the file), column \"a\"): --missing drop passes over such rows, --missing median fills \
             in the column's median",
        ),
        (
            "a,b\n1,\n2,inf\n",
            "row 2 (line 3 of the file), column \"b\": not a finite number: \"inf\" (--missing drop \
             passes over such rows)",
        ),
        (
            "a,b\n1,-inf\n",
            "row 1 (line 2 of the file), column \"b\": not a finite number: \"-inf\" (--missing drop \
             passes over such rows)",
        ),
        (
            "a,b\n1e999,1\n",
            "row 1 (line 2 of the file), column \"a\": not a finite number: \"1e999\" (--missing \
             drop passes over such rows)",
        ),
        ("a,b,a\n1,2,3\n", "column \"a\" appears twice, as columns 1 and 3"),
        (",b\n1,2\n", "column 1 has no name (name it, or leave it out with --columns)"),
        (
            "1.5,2\n3,4\n",
            "line 1 holds numbers (1.5, 2), but a header row with the column names is required \
             (--no-header takes line 1 as data and names the columns x0, x1, ...)",
        ),
    ] {
        assert_eq!(fault(text), message, "{text:?}");
    }
}

#[test]
fn other_kinds_of_file_are_named() {
    assert!(fault(b"\x1f\x8b\x08\x00").starts_with("cannot be read: damaged gzip data"));
    assert!(fault(b"\x28\xb5\x2f\xfd\x00").starts_with("cannot be read: damaged zstd data"));
    assert!(fault(b"\x93NUMPY\x01\x00").contains("a damaged NumPy file"));
    assert!(fault(b"PAR1\x15\x04").contains("Parquet"));
    assert!(fault(b"PK\x03\x04..").contains("spreadsheet"));
    assert!(fault(b"\xff\xfea\x00").contains("UTF-16"));
    assert!(fault(b"a,\xff\n1,2\n").contains("column 2 is not UTF-8"));
    assert!(
        fault(b"a,b\n1,2\n1,\xff\n")
            .contains("row 2 (line 3 of the file), column \"b\": not a number")
    );
}

#[test]
fn messages_stay_on_one_line_and_short() {
    let runaway = format!("a,b\n1,\"{}\n", "no closing quote\n".repeat(1000));
    let message = fault(runaway);
    assert!(!message.contains('\n') && message.len() < 200, "{message}");

    let names: Vec<String> = (0..500).map(|k| format!("c{k}")).collect();
    let wanted = strings(&["y"]);
    let text = format!("{}\n", names.join(","));
    let error =
        read_with(text, Select::Model(&reals(&wanted)), &ReadOptions::default()).expect_err("no y");
    assert!(error.to_string().contains("(500 in all)"), "{error}");
}

#[test]
fn paths_that_hold_no_table() {
    let options = ReadOptions::default();
    let missing = read(Path::new("no/such/file.csv"), Select::All, &options).expect_err("missing");
    assert_eq!(missing.to_string(), "no/such/file.csv: no such file");
    let folder = read(Path::new("."), Select::All, &options).expect_err("a directory");
    assert_eq!(folder.to_string(), ".: is a directory, not a file");
}

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
fn missing_values_drop_the_row_or_keep_its_place() {
    let text = "a,b\n1,2\n,3\n4,NA\n5,inf\n6,7\n";
    let options = |missing| ReadOptions { missing, ..ReadOptions::default() };
    let dropped = read_with(text, Select::All, &options(Missing::DropRow)).expect("two rows left");
    assert_eq!(values(&dropped), [[1.0, 2.0], [6.0, 7.0]]);
    assert_eq!(dropped.missing_rows, 3);

    let kept = read_with(text, Select::All, &options(Missing::NanRow)).expect("five rows");
    assert_eq!((kept.rows(), kept.missing_rows), (5, 3));
    assert!(kept.data.row(1).iter().all(|v| v.is_nan()));

    let error =
        read_with("a,b\n,1\n", Select::All, &options(Missing::DropRow)).expect_err("nothing");
    assert!(error.to_string().ends_with("all 1 rows have a missing value, nothing is left"));
    let error =
        read_with("a,b\n2,1\nx,1\n", Select::All, &options(Missing::DropRow)).expect_err("text");
    assert!(error.to_string().contains(
        "not a number: \"x\" (a missing \
             value is an empty cell or NA)"
    ));
}

#[test]
fn missing_values_are_filled_with_the_columns_median() {
    let median = ReadOptions {
        missing: Missing::Median,
        categories: strings(&["kind"]),
        ..ReadOptions::default()
    };
    let text = "whole,real,kind\n1,0.5,b\n,2.5,a\n4,,b\n2,1,\n5,9,b\n";
    let table = read_with(text, Select::All, &median).expect("three columns");
    assert_eq!(table.filled, [1, 1, 1]);
    assert_eq!((table.data[(1, 0)], table.data[(2, 1)], table.data[(3, 2)]), (3.0, 1.75, 0.0));
    let fills: Vec<Option<f64>> = table.columns.iter().map(|column| column.fill).collect();
    assert_eq!(fills, [Some(3.0), Some(1.75), Some(0.0)]);

    // A table read for a model is filled with what the model remembers.
    let text = "kind,whole,real\na,,1\n,7,\n";
    let other = read_with(text, Select::Model(&table.columns), &median).expect("the same columns");
    assert_eq!(other.columns, table.columns);
    assert_eq!(values(&other), [[3.0, 1.0, 1.0], [7.0, 1.75, 0.0]]);
    assert_eq!(other.filled_by_name().into_values().sum::<usize>(), 3);

    let old = reals(&strings(&["whole"]));
    let error = read_with(text, Select::Model(&old), &median).expect_err("no fill");
    assert!(error.to_string().contains("remembers no median"), "{error}");
    let median = ReadOptions { missing: Missing::Median, ..ReadOptions::default() };
    let error = read_with("a\ninf\n1\n", Select::All, &median).expect_err("infinite");
    assert!(error.to_string().contains("not a finite number"), "{error}");
    let error = read_with("a,b\n1,\n2,\n", Select::All, &median).expect_err("no value");
    assert!(error.to_string().contains("column \"b\" has no value at all"), "{error}");
}

#[test]
fn every_table_of_its_own_has_fills() {
    let fills = |table: &Table| table.columns.iter().map(|c| c.fill).collect::<Vec<_>>();
    assert_eq!(fills(&table("a,b\n1,0.5\n2,1\n9,7\n")), [Some(2.0), Some(1.0)]);
    let drop = ReadOptions { missing: Missing::DropRow, ..ReadOptions::default() };
    let dropped = read_with("a,b\n1,\n2,1\n3,7\n", Select::All, &drop).expect("two rows");
    assert_eq!(fills(&dropped), [Some(3.0), Some(4.0)], "of the rows that are left");
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
fn places_are_those_of_the_file_however_long_it_is() {
    let rows = 400_000;
    let blank = |k: usize| if k.is_multiple_of(1000) { "\r\n" } else { "" };
    let lines: Vec<String> = (0..rows).map(|k| format!("{k},{}.5\n{}", k % 7, blank(k))).collect();
    let text = format!("a,b\n{}", lines.concat());
    assert!(text.len() > 2 * (1 << 21), "three blocks");
    let whole = table(&text);
    assert_eq!(whole.rows(), rows);
    assert!((0..rows).all(|k| whole.data[(k, 0)] == k as f64));
    assert_eq!(
        fault(format!("{text}7,x\n")),
        "row 400001 (line 400402 of the file), column \"b\": not a number: \"x\" (a missing \
             value is an empty cell or NA)"
    );
    assert_eq!(
        fault(format!("{text}7\n")),
        "row 400001 (line 400402 of the file): expected 2 cells, got 1 (the row ends at column \
         \"a\")"
    );
    // The same when every block has a quote and the csv crate reads it.
    let quoted = text.replace(",0.5", ",\"0.5\"");
    let again = table(&quoted);
    assert!((0..rows).all(|k| again.data[(k, 0)] == k as f64));
}

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

/// Blocks are parsed side by side; what is read, and what is said, is the same at any number.
#[test]
fn the_number_of_threads_changes_nothing() {
    let line = |k: usize| format!("{},level {},{}\n", k as f64 / 7.0, k * k % 13 % 5, k % 11);
    let lines: Vec<String> = (0..300_000).map(line).collect();
    let text = format!("a,kind,b\n{}", lines.concat());
    let faulty = format!("{text}1,level 1,x\n{text}");
    let options = ReadOptions { categories: strings(&["kind"]), ..ReadOptions::default() };
    let at = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads").install(|| {
            let whole = read_with(&text, Select::All, &options).expect("a good table");
            let fault = read_with(&faulty, Select::All, &options).expect_err("a bad cell").fault;
            (whole.columns, whole.data, fault.to_string())
        })
    };
    let (columns, data, fault) = at(1);
    assert_eq!(
        fault,
        "row 300001 (line 300002 of the file), column \"b\": not a number: \"x\" (a missing \
             value is an empty cell or NA)"
    );
    for threads in [2, 5] {
        let (other_columns, other_data, other_fault) = at(threads);
        assert_eq!((&other_columns, &other_fault), (&columns, &fault));
        assert!(other_data == data, "{threads} threads");
    }
}
