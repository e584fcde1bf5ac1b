//! Cells without a value, and what fills them.

use gauss_cli::table::{Missing, ReadOptions, Select, Table};

use crate::{read_with, reals, strings, table, values};

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
    assert!(error.to_string().ends_with("the one row has a missing value, nothing is left"));
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
