//! Every way out that a message offers is one, on the input that provoked it.

use gauss_cli::table::{ReadOptions, Select};

use crate::{fault, read_with, strings, table};

fn lines(header: &str, row: impl Fn(usize) -> String, rows: usize) -> String {
    let rows: Vec<String> = (0..rows).map(row).collect();
    format!("{header}\n{}\n", rows.join("\n"))
}

/// What stands behind an option in a message, without the quotes of a shell.
fn value_of<'a>(message: &'a str, option: &str) -> Option<&'a str> {
    let (_, rest) = message.split_once(&format!("{option} "))?;
    match rest.strip_prefix('\'') {
        Some(quoted) => quoted.split('\'').next(),
        None => rest.split([' ', ';']).next().map(|word| word.trim_end_matches(',')),
    }
}

#[test]
fn columns_of_text() {
    for (text, exclude, categorical) in [
        (lines("a,b", |k| format!("{k},w{}", k % 9), 600), true, true),
        (lines("a,b", |k| format!("{k},w{k}"), 600), true, false),
        (lines("b", |k| format!("w{}", k % 9), 600), false, true),
        (lines("b", |k| format!("w{k}"), 600), false, false),
        (lines("\"size, m\",a", |k| format!("w{},{k}", k % 9), 600), true, true),
        (
            lines(
                "a,b",
                |k| if k % 3 == 0 { format!("1,{k}") } else { format!("2,w{}", k % 9) },
                999,
            ),
            true,
            false,
        ),
    ] {
        let message = fault(&text);
        let offered = |option: &str| {
            let names: Vec<String> =
                value_of(&message, option)?.split(',').map(str::to_owned).collect();
            Some(names)
        };
        let (out, names) = (offered("--exclude"), offered("--categorical"));
        assert_eq!((out.is_some(), names.is_some()), (exclude, categorical), "{message}");
        if let Some(out) = out {
            read_with(&text, Select::Except(&out), &ReadOptions::default()).expect(&message);
        }
        if let Some(categories) = names {
            let options = ReadOptions { categories, ..ReadOptions::default() };
            read_with(&text, Select::All, &options).expect(&message);
        }
    }
}

#[test]
fn decimal_commas_in_quotes() {
    for text in ["a,b\n\"1,5\",\"2,25\"\n\"3,5\",\"4,75\"\n", "a;b\n1,5;2,25\n3,5;4,75\n"] {
        let message = fault(text);
        assert!(message.contains("--decimal-comma"), "{message}");
        let options = ReadOptions { decimal_comma: true, ..ReadOptions::default() };
        let table = read_with(text, Select::All, &options).expect("the way out");
        assert_eq!((table.rows(), table.data[(1, 1)]), (2, 4.75));
    }
}

#[test]
fn names_are_offered_as_options_take_them() {
    let text = "\"a, b\",c\n1,2\n3,4\n";
    let excluded = strings(&["a? b"]);
    let table_without = read_with(text, Select::Except(&excluded), &ReadOptions::default());
    assert_eq!(table_without.expect("c").names(), ["c"]);
    assert_eq!(table(text).names(), ["a, b", "c"]);
}
