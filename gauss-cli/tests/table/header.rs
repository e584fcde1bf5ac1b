//! First lines that look like rows, columns that are none, and what is too large to be either.

use std::io::Write;

use gauss_cli::table::{ReadOptions, Select, read};

use crate::{fault, read_with, reals, strings, table, values};

fn bare() -> ReadOptions {
    ReadOptions { no_header: true, ..ReadOptions::default() }
}

fn headed() -> ReadOptions {
    ReadOptions { header: true, ..ReadOptions::default() }
}

#[test]
fn a_line_of_numbers_is_the_header_where_it_is_said_to_be() {
    let text = "1990,1991.5,2000\n1,2,3\n4,5,6\n";
    let refusal = fault(text);
    assert!(refusal.contains("(1990, 1991.5, 2000)"), "{refusal}");
    // Both ways out that it names.
    assert!(refusal.contains("--header ") && refusal.contains("--no-header "), "{refusal}");
    let named = read_with(text, Select::All, &headed()).expect("a table");
    assert_eq!((named.names().join(" "), named.rows()), ("1990 1991.5 2000".to_owned(), 2));
    let rows = read_with(text, Select::All, &bare()).expect("a table");
    assert_eq!((rows.names().join(" "), rows.rows()), ("x0 x1 x2".to_owned(), 3));
}

#[test]
fn a_line_that_holds_the_models_names_is_the_header() {
    for (names, text) in [
        (&["1990", "2000"][..], "1990,2000\n1,2\n3,4\n"),
        (&["1990", "2000"], "2000,7,1990\n2,0,1\n4,0,3\n"),
        (&["7"], "7\n1\n3\n"),
        (&["-1.5e3", "nan"], "-1.5e3,nan\n1,2\n3,4\n"),
    ] {
        let model = reals(&strings(names));
        for options in [ReadOptions::default(), headed(), bare()] {
            let table = read_with(text, Select::Model(&model), &options).expect("a table");
            let expected: Vec<Vec<f64>> =
                [&[1.0, 2.0][..names.len()], &[3.0, 4.0][..names.len()]].map(<[_]>::to_vec).into();
            assert_eq!(values(&table), expected, "{text}");
        }
    }
}

#[test]
fn a_line_of_numbers_is_a_row_only_if_the_model_has_as_many_columns() {
    let model = reals(&strings(&["400", "410", "420", "430"]));
    let refusal = |text: &str| {
        let refused = read_with(text, Select::Model(&model), &ReadOptions::default());
        refused.expect_err("another table").fault.to_string()
    };
    // Most of the names are there: no row, and nothing that would make it one is offered.
    assert!(
        refusal("400,410,420,431\n1,2,3,4\n").contains("the model's column \"430\" is missing")
    );
    assert!(refusal("1,2\n3,4\n").contains("none of the model's columns"));
    let offered = refusal("1,2,3,4\n5,6,7,8\n");
    assert!(offered.contains("--no-header ") && !offered.contains("--header "), "{offered}");
    let rows = read_with("1,2,3,4\n5,6,7,8\n", Select::Model(&model), &bare()).expect("rows");
    assert_eq!(rows.rows(), 2);
}

#[test]
fn a_column_that_counts_the_rows_is_none() {
    for (text, names) in [
        (",a,b\n0,5,1\n1,6,2\n2,7,4\n", "a b"),
        ("\"\",a,b\n1,5,1\n2,6,2\n3,7,4\n", "a b"),
        ("Unnamed: 0,a\n0,5\n1,6\n2,7\n", "a"),
        ("a,__index_level_0__\n5,3\n6,9\n7,1\n", "a"),
        // These count nothing, or have a name of their own.
        ("Unnamed: 0,a\n0,5\n2,6\n3,7\n", "Unnamed: 0 a"),
        ("id,a\n0,5\n1,6\n2,7\n", "id a"),
        ("Unnamed: 0\n0\n1\n2\n", "Unnamed: 0"),
    ] {
        assert_eq!(table(text).names().join(" "), names, "{text}");
    }
    let asked = strings(&["Unnamed: 0"]);
    let options = ReadOptions::default();
    let asked = read_with("Unnamed: 0,a\n0,5\n1,6\n", Select::Named(&asked), &options);
    assert_eq!(asked.expect("asked for").names(), ["Unnamed: 0"]);
}

#[test]
fn columns_without_a_name_have_a_way_out() {
    for text in [",a\n5,1\n9,2\n", ",a\nx,1\ny,2\n", "b,,a,\n1,5,1,\n2,6,2,7\n", ",a\n1,1\n,2\n"] {
        let refusal = fault(text);
        assert!(refusal.contains("has no name") && refusal.contains("--exclude ''"), "{refusal}");
        let excluded = strings(&[""]);
        let table = read_with(text, Select::Except(&excluded), &ReadOptions::default());
        assert!(table.expect("the way out").names().contains(&"a".to_owned()), "{text}");
    }
}

#[test]
fn empty_columns_at_the_end_are_none() {
    assert_eq!(table("a;b;\n1;2;\n3;4;\n").names(), ["a", "b"]);
    assert_eq!(table("a,b,,\n1,2,,\n3,4, ,\n").names(), ["a", "b"]);
    assert_eq!(table(",a,\n0,2,\n1,4,\n").names(), ["a"]);
}

#[test]
fn what_is_too_large_is_refused_with_its_size() {
    let name = "n".repeat(100_000);
    let refusal = fault(format!("{name},b\n1,2\n"));
    assert_eq!(refusal, "the name of column 1 is 100000 bytes long; at most 4096 are a name");
    let options = ReadOptions { categories: strings(&["a"]), ..ReadOptions::default() };
    let refused = read_with(format!("a,b\nx,1\n{name},2\n"), Select::All, &options);
    let refusal = refused.expect_err("no name").fault.to_string();
    assert!(
        refusal.starts_with("row 2 (line 3 of the file), column \"a\": a name of"),
        "{refusal}"
    );
    assert!(refusal.len() < 300);
    let refusal = fault(",".repeat(1 << 21) + "\n");
    assert!(refusal.starts_with("2097153 columns; at most 1048576"), "{refusal}");
}

/// Millions of bytes without a line break, in a few of a packed file.
#[test]
fn a_row_without_an_end_is_refused() {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    for before in ["a\n1\n2\n", "a\n\"1\n", ""] {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(before.as_bytes()).expect("memory");
        for _ in 0..40 {
            packed.write_all(&vec![b'7'; 1 << 20]).expect("memory");
        }
        std::fs::write(file.path(), packed.finish().expect("memory")).expect("a file");
        let refused = read(file.path(), Select::All, &ReadOptions::default());
        let refusal = refused.expect_err("no row").fault.to_string();
        let line = before.matches('\n').count() + usize::from(!before.contains('"'));
        let expected = format!("the row that begins on line {line} is longer than 32 MiB");
        assert!(refusal.starts_with(&expected), "{refusal}");
    }
}
