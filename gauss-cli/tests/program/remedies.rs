//! Every way out that a message offers is one: it is taken from the message, followed on the input
//! that provoked it, and works. A message that offers an option in words that no input here provokes
//! fails the test, too.

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::{Place, QUICK, Run, rows, with_column};

/// An input, the command that it provokes, and ways out whose value the message leaves to its reader:
/// the words, and what is typed for them; nothing where they are no way out.
struct Case {
    table: String,
    command: &'static str,
    typed: &'static [(&'static str, &'static str)],
}

fn case(table: impl Into<String>, command: &'static str) -> Case {
    Case { table: table.into(), command, typed: &[] }
}

fn lines(header: &str, row: impl Fn(usize) -> String, count: usize) -> String {
    let rows: Vec<String> = (0..count).map(row).collect();
    format!("{header}\n{}\n", rows.join("\n"))
}

/// A number that does not repeat.
fn number(k: usize) -> f64 {
    (k as f64 * 0.618_033_988_7).fract() + 1e-3 * (k as f64 * 0.377).sin()
}

fn cases() -> Vec<Case> {
    let words = |name: &str| {
        lines(&format!("a,{name},c"), |k| format!("{},w{},{}", number(k), k % 4, number(k + 7)), 90)
    };
    let many = |name: &str| lines(&format!("a,{name}"), |k| format!("{},w{k}", number(k)), 400);
    let gap = |gap: &str| {
        lines(
            "a,b",
            |k| {
                format!(
                    "{},{}",
                    number(k),
                    if k % 9 == 4 { gap.to_owned() } else { number(k + 3).to_string() }
                )
            },
            90,
        )
    };
    let weights = |odd: &str| {
        lines("w,a", |k| format!("{},{}", if k == 5 { odd } else { "2" }, number(k)), 90)
    };
    let constant = |name: &str| lines(&format!("a,{name}"), |k| format!("{},7", number(k)), 90);
    let whole =
        |name: &str| lines(&format!("a,{name}"), |k| format!("{},{}", number(k), (k * k) % 17), 90);
    let copy = |name: &str| {
        lines(
            &format!("a,c,{name}"),
            |k| format!("{},{},{}", number(k), number(3 * k + 1), number(k)),
            90,
        )
    };
    let bare = lines("0.5,0.25", |k| format!("{},{}", number(k), number(k + 3)), 90);
    let typed = |mut case: Case, typed| {
        case.typed = typed;
        case
    };
    vec![
        // Text, under names that shells, commas and options have a meaning for.
        case(words("b"), "fit TABLE"),
        case(words("\"size, m\""), "fit TABLE"),
        case(words("-x"), "fit TABLE"),
        case(words("it's"), "fit TABLE"),
        case(words("\"a\nb\""), "fit TABLE"),
        case(words("b"), "fit TABLE --columns a,b,c"),
        case(lines("b", |k| format!("w{}", k % 4), 90), "fit TABLE"),
        case(many("b"), "fit TABLE"),
        case(many("b"), "fit TABLE --categorical b"),
        case(many("b"), "fit TABLE --columns a,b --categorical b"),
        case(lines("a;b", |k| format!("{};{k},5", k * k), 90), "fit TABLE --delimiter ;"),
        case(lines("a,b", |k| format!("\"{k},25\",\"{},5\"", k * k), 90), "fit TABLE"),
        case(
            lines(
                "a;b",
                |k| format!("{k};{}", if k == 60 { "1,5".to_owned() } else { (k * k).to_string() }),
                90,
            ),
            "fit TABLE",
        ),
        // The header.
        case(bare.clone(), "fit TABLE"),
        case(bare.replacen("0.5,0.25", "0.5,0.5", 1), "fit TABLE"),
        case(rows(1, 40).replacen("a,b,c\n", "", 1), "score model.gauss TABLE"),
        case(rows(1, 40).replace(',', " "), "score model.gauss TABLE"),
        case(rows(1, 40).replace(',', ":"), "score model.gauss TABLE"),
        case(rows(1, 40).replace(',', "\t"), "score model.gauss TABLE --delimiter ,"),
        case(words("").replace(",w", ","), "fit TABLE"),
        case(words("").replace(",w", ","), "fit TABLE --columns a,,c"),
        typed(
            case(
                lines("Unnamed: 0,a,b", |k| format!("{k},{},{}", number(k), number(k + 3)), 90),
                "fit TABLE",
            ),
            &[("--columns takes it", "--columns 'Unnamed: 0,a,b'")],
        ),
        typed(
            case(rows(1, 40), "score model.gauss TABLE --no-header"),
            &[("also with --no-header", "")],
        ),
        // Cells without a value.
        case(gap(""), "fit TABLE"),
        case(gap("inf"), "fit TABLE"),
        case(gap("inf"), "fit TABLE --missing median"),
        case(
            lines(
                "a,b",
                |k| if k % 2 == 0 { format!("{},", number(k)) } else { format!(",{}", number(k)) },
                90,
            ),
            "fit TABLE",
        ),
        case(
            lines(
                "a,b",
                |k| if k % 2 == 0 { format!("{},", number(k)) } else { format!(",{}", number(k)) },
                90,
            ),
            "fit TABLE --missing drop",
        ),
        case(lines("a,b", |k| format!("{},", number(k)), 90), "fit TABLE --missing median"),
        case(
            lines("a,b", |k| format!("{},", number(k)), 90),
            "fit TABLE --missing median --columns a,b",
        ),
        case("a,b,c\n1,,3\n", "score model.gauss TABLE"),
        case("a,b,c\n1,,3\n1,2,3\n", "score model.gauss TABLE"),
        // Weights.
        case(weights("NA"), "fit TABLE --weights w"),
        case(
            lines("weight,a", |k| format!("{},{}", number(k) + 1.0, number(3 * k)), 90),
            "fit TABLE",
        ),
        // Columns that cannot be learnt, or have no density of their own.
        case(constant("k"), "fit TABLE"),
        case(constant("\"k,l\""), "fit TABLE --integer 'k?l'"),
        case(constant("k"), "fit TABLE --integer k"),
        case(constant("k"), "fit TABLE --support k>0"),
        case(constant("k"), "fit TABLE --columns a,k"),
        typed(
            case("a,b,c\n1,2,3\n2,5,4\n4,3,9\n", "fit TABLE"),
            &[("choose fewer columns with --columns", "--columns a")],
        ),
        case(whole("n"), "fit TABLE"),
        case(whole("\"n, m\""), "fit TABLE"),
        case(whole("-n"), "fit TABLE"),
        case(whole("n"), "fit TABLE --columns a,n"),
        case(
            lines("a,p", |k| format!("{},{}", number(k), (6.0 * number(k)).exp()), 90),
            "fit TABLE",
        ),
        case(
            lines("a,s", |k| format!("{},{}", number(k), number(5 * k).clamp(0.001, 0.999)), 400),
            "fit TABLE",
        ),
        case(copy("b"), "fit TABLE"),
        case(copy("\"b, d\""), "fit TABLE"),
        case(copy("-b"), "fit TABLE"),
        case(copy("b"), "fit TABLE --columns a,c,b"),
        case(
            lines("a,n", |k| format!("{},{}", number(k), k as f64 + 0.5), 90),
            "fit TABLE --integer n",
        ),
        case(
            lines("a,n", |k| format!("{},{}", number(k), (k * k) << 33), 90),
            "fit TABLE --integer n",
        ),
        case("a,b,c\n,2,3\n1,2,3\n", "score old.gauss TABLE --missing median"),
        // Command lines.
        typed(
            case(rows(1, 20), "plot model.gauss TABLE --out figures --only qq --pair a"),
            &[("--pair wants two columns", "")],
        ),
        typed(
            case(rows(1, 60), "report model.gauss TABLE --out r.html --train TABLE"),
            &[("--train is TABLE itself", "")],
        ),
        typed(
            case(rows(1, 90), "fit TABLE --kind mixture --blocks 2"),
            &[("--blocks is about blocks", "")],
        ),
        typed(
            case(rows(1, 20), "score model.gauss TABLE --out s.xlsx"),
            &[("name the format with --format", "--format csv")],
        ),
        typed(
            case(rows(1, 20), "score model.gauss TABLE --out TABLE"),
            &[("choose another --out", "--out s.csv")],
        ),
        typed(
            case(rows(1, 20), "plot model.gauss TABLE --out train.csv --only qq"),
            &[("choose another --out", "--out figures")],
        ),
    ]
}

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
        rest = more.trim_start().to_owned();
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

/// Options that texts of the program name without offering them, or that cannot be followed here.
const NO_WAY: [(&str, &str); 19] = [
    ("standard input cannot be both TRAIN and --validation", "says what is wrong"),
    ("standard input cannot be both TABLE and --train", "says what is wrong"),
    ("--pair", "the option that is wrong"),
    ("--train", "the option that is wrong, and in the report a pointer to another report"),
    ("Without --train", "the report: says how it was made"),
    ("Ranges were compared with the rows given as --train", "the report: says how it was made"),
    ("is in --integer", "says what contradicts"),
    ("is in --integer or --categorical", "says what contradicts"),
    ("is in --categorical", "says what contradicts"),
    ("the noise of --noise", "says what is wrong"),
    ("put it before --support", "a slip in the order of words"),
    ("--method", "the option that is wrong"),
    ("--reflections", "the option that is wrong"),
    ("fewer --rows", "no machine of a test has too little memory for it"),
    ("or --out", "no machine of a test has too little memory for it"),
    ("choose fewer columns with --columns", "followed where rows are too few"),
    ("build with --features", "an option of cargo"),
    ("leave columns out with --exclude", "so few rows are refused before"),
    ("leave some out of --columns", "so few rows are refused before"),
];

/// The words before an option, in texts of the program, that none of the messages said.
fn unheard(said: &str) -> Vec<String> {
    let mut found = BTreeSet::new();
    for (path, text) in sources() {
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        for literal in literals(text) {
            if literal.contains("Example") || literal.contains("**") || literal.contains("gauss ") {
                continue; // pages of help
            }
            for part in literal.split(['{', '}']) {
                for (at, _) in part.match_indices("--") {
                    let end = part[at + 2..].find(|c: char| !(c.is_ascii_lowercase() || c == '-'));
                    let end = end.map_or(part.len(), |end| at + 2 + end);
                    if end == at + 2 {
                        continue;
                    }
                    let words =
                        &part[part[..at].rfind([',', ';', '(', ':']).map_or(0, |p| p + 1)..end];
                    let known = NO_WAY.iter().any(|(known, _)| words.trim() == *known);
                    if !known && !said.contains(words.trim()) {
                        found.insert(format!("{path}: {}", words.trim()));
                    }
                }
            }
        }
    }
    found.into_iter().collect()
}

fn sources() -> Vec<(String, String)> {
    fn within(folder: &Path, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).expect("the sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                within(&path, found);
            } else {
                found.push((
                    path.display().to_string(),
                    std::fs::read_to_string(&path).expect("text"),
                ));
            }
        }
    }
    let mut found = Vec::new();
    within(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    found
}

/// The strings of a source, each on one line; comments hold none.
fn literals(text: &str) -> Vec<String> {
    let code: Vec<&str> =
        text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n").replace("'\"'", "").replace("b'\"'", "");
    let mut literals = Vec::new();
    let mut rest = &code[..];
    while let Some(at) = rest.find('"') {
        let mut literal = String::new();
        let mut chars = rest[at + 1..].char_indices();
        let mut end = rest.len();
        while let Some((k, c)) = chars.next() {
            match c {
                '"' => {
                    end = at + 2 + k;
                    break;
                }
                '\\' => match chars.next() {
                    Some((_, '\n')) => literal.push('\n'), // goes on behind the blanks
                    Some((_, escaped)) => literal.push(escaped),
                    None => {}
                },
                c => literal.push(c),
            }
        }
        let line: Vec<&str> = literal
            .split('\n')
            .enumerate()
            .map(|(k, part)| if k > 0 { part.trim_start() } else { part })
            .collect();
        literals.push(line.concat());
        rest = rest.get(end..).unwrap_or_default();
    }
    literals
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
