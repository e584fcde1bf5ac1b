//! A column of weights, which is none of the variables.

use gauss_cli::table::{Missing, ReadOptions, Select};
use gauss_model::Column;

use crate::read_with;

#[test]
fn weights_are_set_apart_by_name() {
    let options =
        |missing| ReadOptions { weights: Some("w".to_owned()), missing, ..ReadOptions::default() };
    let text = "a,w,b\n1,2,3\n4,0,6\n,1.5,9\n7,,8\n";
    let table = read_with("a,w,b\n1,2,3\n4,0,6\n", Select::All, &options(Missing::Reject));
    let table = table.expect("a table");
    assert_eq!(table.names(), ["a", "b"]);
    assert_eq!(table.weights.as_deref(), Some(&[2.0, 0.0][..]));
    assert_eq!(table.data[(1, 1)], 6.0);
    let rows = table.weighted().expect("weights of rows");
    assert_eq!(rows.total(), 2.0);

    let dropped = read_with(text, Select::All, &options(Missing::DropRow)).expect("two rows");
    assert_eq!((dropped.rows(), dropped.dropped), (2, vec![2, 3]));
    assert_eq!(dropped.weights.as_deref(), Some(&[2.0, 0.0][..]));
    let kept = read_with(text, Select::All, &options(Missing::NanRow)).expect("four rows");
    assert_eq!((kept.rows(), kept.missing_rows), (4, 2));
    assert_eq!(kept.weights.as_deref(), Some(&[2.0, 0.0, 0.0, 0.0][..]));

    // Beside a model's columns, by name and, without a header, by position.
    let columns = [Column::real("b"), Column::real("a")];
    let table = read_with("a,w,b\n1,2,3\n", Select::Model(&columns), &options(Missing::Reject));
    let table = table.expect("a table");
    assert_eq!((table.data[(0, 0)], table.weights), (3.0, Some(vec![2.0])));
    let by_place =
        ReadOptions { no_header: true, weights: Some("x1".to_owned()), ..ReadOptions::default() };
    let table = read_with("1,2,3\n", Select::Model(&columns), &by_place).expect("a table");
    assert_eq!((table.data[(0, 0)], table.data[(0, 1)]), (1.0, 3.0));
    assert_eq!(table.weights, Some(vec![2.0]));
    let named = ["w".to_owned(), "b".to_owned()];
    let table = read_with("a,w,b\n1,2,3\n", Select::Named(&named), &options(Missing::Reject));
    assert_eq!(table.expect("a table").names(), ["b"]);
}

#[test]
fn weights_that_are_none_are_refused_with_their_place() {
    let refusal = |text: &str, weights: &str, missing| {
        let weights = Some(weights.to_owned());
        let options = ReadOptions { weights, missing, ..ReadOptions::default() };
        let error = read_with(text, Select::All, &options).expect_err("no weights");
        error.to_string().split_once(": ").expect("the file").1.to_owned()
    };
    for (text, weights, missing, message) in [
        (
            "a,w\n1,1\n",
            "W",
            Missing::Reject,
            "no column \"W\" (did you mean \"w\"?); the table has \"a\", \"w\"",
        ),
        (
            "a,w\n1,1\n2,-0.5\n",
            "w",
            Missing::DropRow,
            "row 2 (line 3 of the file), column \"w\": the weight is below 0: \"-0.5\"; write 0 to \
             leave the row out of account",
        ),
        (
            "a,w\n1,1\n2,NaN\n",
            "w",
            Missing::Median,
            "row 2 (line 3 of the file), column \"w\": the weight is missing; write 0 to leave the \
             row out of account, or --missing drop passes over such rows",
        ),
        (
            "a,w\n1,inf\n2,1\n",
            "w",
            Missing::Reject,
            "row 1 (line 2 of the file), column \"w\": not a finite number: \"inf\" (--missing drop \
             passes over such rows)",
        ),
        (
            "a,w\n1,much\n2,little\n",
            "w",
            Missing::Reject,
            "row 1 (line 2 of the file), column \"w\": not a number: \"much\" (a missing value is an \
             empty cell or NA)",
        ),
        (
            "a,w\n1,0\n2,0\n",
            "w",
            Missing::Reject,
            "column \"w\": the weight of every row is 0; at least one must be above",
        ),
    ] {
        assert_eq!(refusal(text, weights, missing), message);
    }
    let array = |value: f64| {
        let mut bytes = Vec::new();
        let data = faer::Mat::from_fn(2, 2, |i, j| if (i, j) == (1, 1) { value } else { 1.0 });
        let columns = [Column::real("a"), Column::real("b")];
        let encoding = gauss_cli::table::Encoding::of(Some("a.npy".as_ref()), None).expect("NumPy");
        gauss_cli::table::write(&mut bytes, encoding, &columns, data.as_ref()).expect("memory");
        let options = ReadOptions { weights: Some("x1".to_owned()), ..ReadOptions::default() };
        read_with(bytes, Select::All, &options)
    };
    assert_eq!(array(3.0).expect("an array").weights, Some(vec![1.0, 3.0]));
    let error = array(-3.0).expect_err("a negative weight").to_string();
    assert!(error.contains("row 2, column \"x1\": the weight is below 0: \"-3.0\""), "{error}");
}
