//! Ways out that the texts of the program offer and none of the inputs provoked.

use std::collections::BTreeSet;
use std::path::Path;

/// Options that texts of the program name without offering them, or that cannot be followed here.
const NO_WAY: [(&str, &str); 20] = [
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
    ("or empty the cell and use --missing", "the table is to be edited first"),
    ("which --json", "says where the rest is"),
    ("leave some out of --columns", "so few rows are refused before"),
];

/// The words before an option, in texts of the program, that none of the messages said.
pub fn unheard(said: &str) -> Vec<String> {
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
