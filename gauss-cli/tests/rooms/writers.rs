//! Files are written in one place, whose unfinished files Ctrl-C removes.

use crate::sources;
use crate::tokens::{Token, tokens};

/// The one writer, what it registers unfinished files with, and what sweeps those of the dead.
const WRITERS: [&str; 3] = ["table/output.rs", "terminal/interrupt.rs", "table/leftover.rs"];
/// Ways to begin or to place a file: the last two names of a path, or one.
const WAYS: [&str; 7] = [
    "fs::write",
    "fs::copy",
    "fs::rename",
    "File::create",
    "File::create_new",
    "OpenOptions",
    "tempfile",
];

/// Where a file begins or places a file.
fn ways(path: &str, text: &str) -> Vec<String> {
    if WRITERS.contains(&path) {
        return Vec::new();
    }
    let tokens = tokens(text);
    let word = |k: usize| match tokens.get(k) {
        Some((_, Token::Word(word))) => *word,
        _ => "",
    };
    let way = |(k, &(line, _)): (usize, &(usize, Token))| {
        let pair = format!("{}::{}", word(k), word(k + 3));
        let found = WAYS.iter().find(|way| **way == pair || **way == word(k))?;
        Some(format!("src/{path}:{line}: {found}: files are written in {} alone", WRITERS[0]))
    };
    tokens.iter().enumerate().filter_map(way).collect()
}

#[test]
fn files_are_written_in_one_place() {
    let found: Vec<String> = sources().iter().flat_map(|(path, text)| ways(path, text)).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn another_writer_is_refused() {
    let text = "use std::fs;\nfn f() {\n    fs::write(a, b); // fs::rename\n    fs::read(a);\n}\n";
    let expected = "src/plot/figure.rs:3: fs::write: files are written in table/output.rs alone";
    assert_eq!(ways("plot/figure.rs", text), [expected]);
    assert_eq!(ways("table/output.rs", text), [""; 0]);
    assert_eq!(ways("plot/figure.rs", "use std::fs::OpenOptions;").len(), 1);
    assert_eq!(ways("plot/figure.rs", "let f = std::fs::File::create(path)?;").len(), 1);
}
