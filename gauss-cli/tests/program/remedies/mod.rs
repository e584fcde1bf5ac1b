//! Every way out that a message offers is one: it is taken from the message, followed on the input
//! that provoked it, and works. A message that offers an option in words that no input here provokes
//! fails the test, too.

mod cases;
mod unheard;

use crate::support::{Place, QUICK, Run, with_column};
use cases::{Case, cases};
use unheard::unheard;

/// What a message offers: words of a command line to add, an option to take the column out of, or one
/// to leave away.
#[derive(Debug, PartialEq)]
enum Way {
    Add(Vec<String>),
    OutOf(String),
    Without(String),
}

/// The ways out in a message, with what the test types for some.
fn ways(message: &str, typed: &[(&str, &str)]) -> Vec<Way> {
    let mut gauss = gauss_cli::cli::command();
    gauss.build();
    let takes = |option: &str| {
        let long = option.trim_start_matches('-');
        let args = || gauss.get_subcommands().flat_map(clap::Command::get_arguments);
        let arg =
            args().find(|arg| arg.get_long() == Some(long)).unwrap_or_else(|| panic!("{option}"));
        arg.get_action().takes_values()
    };
    let mut ways: Vec<Way> = Vec::new();
    let mut rest = message.to_owned();
    for (words, options) in typed {
        if rest.contains(words) {
            ways.extend((!options.is_empty()).then(|| Way::Add(split(options))));
            rest = rest.replace(words, "");
        }
    }
    let mut behind = String::new();
    while let Some(at) = rest.find("--") {
        let before = format!("{behind}{}", &rest[..at]);
        let after = rest[at..].to_owned();
        let end = after[2..]
            .find(|c: char| !(c.is_ascii_lowercase() || c == '-'))
            .map_or(after.len(), |e| e + 2);
        let (option, tail) = after.split_at(end);
        if before.ends_with("out of ") {
            ways.push(Way::OutOf(option.to_owned()));
            (behind, rest) = (String::new(), tail.to_owned());
            continue;
        }
        if before.ends_with("without ") {
            ways.push(Way::Without(option.to_owned()));
            (behind, rest) = (String::new(), tail.to_owned());
            continue;
        }
        let mut words = vec![option.to_owned()];
        let mut tail = tail.to_owned();
        if takes(option) {
            let (value, more) = word(tail.get(1..).unwrap_or_default());
            words = if tail.starts_with('=') {
                vec![format!("{option}={value}")]
            } else {
                vec![option.to_owned(), value]
            };
            tail = more;
        }
        // Two that belong together stand side by side.
        match ways.last_mut() {
            Some(Way::Add(last)) if before == " " => last.extend(words),
            _ => ways.push(Way::Add(words)),
        }
        (behind, rest) = (String::new(), tail);
    }
    ways
}

/// The first word of a command line, as a shell reads it, and what follows.
fn word(text: &str) -> (String, String) {
    let mut value = String::new();
    let mut rest = text;
    while let Some(quoted) = rest.strip_prefix('\'') {
        let (inside, after) = quoted.split_once('\'').expect("a quote is closed");
        value.push_str(inside);
        rest = after;
        if let Some(more) = rest.strip_prefix(r"\'") {
            value.push('\'');
            rest = more;
        }
    }
    if rest.len() == text.len() {
        let end = rest.find([' ', ';', ')']).unwrap_or(rest.len());
        let plain = rest[..end].trim_end_matches([',', ':']);
        return (plain.to_owned(), rest[plain.len()..].to_owned());
    }
    (value, rest.to_owned())
}

/// The words of a command line.
fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line.to_owned();
    while !rest.is_empty() {
        let (one, more) = if rest.starts_with('\'') {
            word(&rest)
        } else {
            let (one, more) = rest.split_once(' ').unwrap_or((&rest, ""));
            (one.to_owned(), more.to_owned())
        };
        words.push(one);
        more.trim_start().clone_into(&mut rest);
    }
    words
}

/// The command with a way out taken.
fn followed(command: &[String], way: &Way, column: &str) -> Vec<String> {
    const ONCE: [&str; 6] = ["--missing", "--kind", "--out", "--delimiter", "--format", "--pair"];
    let mut command = command.to_vec();
    match way {
        Way::Add(words) => {
            if let Some(at) = command.iter().position(|w| ONCE.contains(&&w[..]) && words[0] == *w)
            {
                command.drain(at..at + 2);
            }
            if words[0] == "--no-header" || words[0] == "--header" {
                command.retain(|word| !word.ends_with("-header"));
            }
            command.extend(words.iter().cloned());
        }
        Way::Without(option) => {
            let at = command.iter().position(|word| word == option).expect("it was given");
            command.drain(at..at + 2);
        }
        Way::OutOf(option) => {
            let at = command.iter().position(|word| word == option).expect("it was given");
            let left: Vec<&str> =
                command[at + 1].split(',').filter(|name| *name != column).collect();
            if left.is_empty() {
                command.drain(at..at + 2);
            } else {
                command[at + 1] = left.join(",");
            }
        }
    }
    command
}

/// The first name in quotes behind the word `column`.
fn column_of(message: &str) -> String {
    let (_, rest) = message.split_once("column ").unwrap_or_default();
    match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next().unwrap_or_default().to_owned(),
        None => String::new(), // by its number: it has no name
    }
}

fn run(place: &Place, command: &[String]) -> Run {
    let quick: &[&str] = if command[0] == "fit" { &QUICK } else { &[] };
    let quick = if command.iter().any(|word| word == "--blocks") { &QUICK[2..] } else { quick };
    place.gauss(command.iter().map(String::as_str).chain(quick.iter().copied()))
}

#[test]
fn every_way_out_that_is_offered_is_one() {
    let place = Place::with_model();
    place.write("old.gauss", with_column(&place.read("model.gauss"), 0, |_| ()));
    let (mut said, mut failures) = (String::new(), Vec::new());
    for Case { table, command, typed } in cases() {
        place.write("table.csv", &table);
        let mut command = split(&command.replace("TABLE", "table.csv"));
        if command[0] == "fit" {
            command.extend(["--out", "m.gauss"].map(str::to_owned));
        }
        let first = run(&place, &command);
        said.push_str(&first.stderr);
        let of_code = |line: &str| line.starts_with("error: ") == (first.code != 0);
        for message in first.stderr.lines().filter(|line| of_code(line)) {
            for way in ways(message, typed) {
                let again = followed(&command, &way, &column_of(message));
                let second = run(&place, &again);
                if second.code != 0 || second.stderr.lines().any(|line| line == message) {
                    failures.push(format!("{message}\n  {way:?}: {again:?}\n  {}", second.stderr));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let unheard = unheard(&said);
    assert!(unheard.is_empty(), "no input provokes these ways out:\n{}", unheard.join("\n"));
}

#[test]
fn ways_out_are_read_as_a_shell_reads_them() {
    let message = "t.csv: x; leave it out with --exclude 'it'\\''s', or --integer n --support 'n>=0' \
                   makes it so (--missing drop passes over it); leave b out of --columns";
    let add = |words: &str| Way::Add(words.split('|').map(str::to_owned).collect());
    assert_eq!(
        ways(message, &[]),
        [
            add("--exclude|it's"),
            add("--integer|n|--support|n>=0"),
            add("--missing|drop"),
            Way::OutOf("--columns".to_owned()),
        ]
    );
}
