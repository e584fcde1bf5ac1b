//! Text as people write it, and what is said of text that cannot be read.

use std::path::Path;

use gauss_cli::table::{ReadOptions, Select, read};

use crate::{fault, read_with, reals, strings, table, values};

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
             file), column \"b\"): no row is whole, and no median can be taken",
        ),
        (
            "a,b\n1,\n2,3\n",
            "missing values in 1 of 2 columns: \"b\" 1 (of 2 rows; first: row 1 (line 2 of the \
             file), column \"b\"): --missing drop passes over such rows, --missing median fills in \
             the column's median",
        ),
        (
            "c,a,b\n1,nan,2\n3,4,?\n5, N/A ,6\n",
            "missing values in 2 of 3 columns: \"a\" 2, \"b\" 1 (of 3 rows; first: row 1 (line 2 of \
             the file), column \"a\"): --missing median fills in the column's median",
        ),
        (
            "a,b\n1,3\n2,inf\n",
            "row 2 (line 3 of the file), column \"b\": not a finite number: \"inf\" (--missing drop \
             passes over such rows)",
        ),
        (
            "a,b\n1,-inf\n",
            "row 1 (line 2 of the file), column \"b\": not a finite number: \"-inf\"",
        ),
        (
            "a,b\n1e999,1\n2,3\n",
            "row 1 (line 2 of the file), column \"a\": not a finite number: \"1e999\" (--missing \
             drop passes over such rows)",
        ),
        ("a,b,a\n1,2,3\n", "column \"a\" appears twice, as columns 1 and 3"),
        (",b\n1,2\n", "column 1 has no name (name it, or leave it out with --exclude '')"),
        (
            "1.5,2\n3,4\n",
            "line 1 holds numbers (1.5, 2), but a header row with the column names is required \
             (--header takes line 1 as the names; --no-header takes line 1 as data and names the columns x0, x1, ...)",
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
