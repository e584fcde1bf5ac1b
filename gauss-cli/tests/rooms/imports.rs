//! Between the rooms of this crate: a file imports from its own room and from those below it, in
//! the list that stands in `src/lib.rs`.

use crate::sources;
use crate::tokens::{Token, tokens};

/// The rooms from the top: the lines `name  what it is` of the list in lib.rs.
fn rooms(lib: &str) -> Vec<&str> {
    let list = lib.lines().skip_while(|line| *line != "//! ```text").skip(1);
    list.take_while(|line| *line != "//! ```")
        .filter_map(|line| line.strip_prefix("//! ")?.split_whitespace().next())
        .collect()
}

/// The modules from the crate's root down to that of a file below `src`; none for the root.
fn modules(path: &str) -> Vec<&str> {
    let path = path.strip_suffix(".rs").unwrap_or(path);
    path.split('/').filter(|name| !matches!(*name, "mod" | "lib" | "main")).collect()
}

/// The room that a file below `src` belongs to.
fn room(path: &str) -> &str {
    path.split('/').next().map_or(path, |first| first.strip_suffix(".rs").unwrap_or(first))
}

/// What a file names right below the crate's root, by `crate::` or by `super::`, and on which line:
/// in a `use`, or within the text.
fn imports<'a>(path: &str, text: &'a str) -> Vec<(usize, &'a str)> {
    let tokens = tokens(text);
    let at = |k: usize| tokens.get(k).map(|(_, token)| *token);
    let is_path = |k: usize| (at(k), at(k + 1)) == (Some(Token::Sign(':')), Some(Token::Sign(':')));
    let mut inner = Vec::new(); // depths of braces at which modules within the file begin
    let (mut depth, mut found) = (0, Vec::new());
    for (k, &(_, token)) in tokens.iter().enumerate() {
        let here = modules(path).len() + inner.len();
        match token {
            Token::Sign('{') => {
                depth += 1;
                if k >= 2 && at(k - 2) == Some(Token::Word("mod")) {
                    inner.push(depth);
                }
            }
            Token::Sign('}') => {
                inner.pop_if(|begun| *begun == depth);
                depth -= 1;
            }
            Token::Word("crate") if is_path(k + 1) => found.extend(names(&tokens[k + 3..])),
            Token::Word("super") if is_path(k + 1) => {
                let path = tokens[k..].iter().step_by(3);
                let up = path.take_while(|(_, token)| *token == Token::Word("super")).count();
                let continues = k > 0 && at(k - 1) == Some(Token::Sign(':'));
                if up == here && !continues {
                    found.extend(names(&tokens[k + 3 * up..]));
                }
            }
            _ => {}
        }
    }
    found
}

/// The first name of a path, or of each path in the braces that it goes on with.
fn names<'a>(tokens: &[(usize, Token<'a>)]) -> Vec<(usize, &'a str)> {
    let (mut depth, mut expected, mut found) = (0, true, Vec::new());
    for &(line, token) in tokens {
        let name = match token {
            Token::Word(name) => Some(name),
            Token::Sign('*') => Some("*"),
            Token::Sign(sign) => {
                depth = depth + usize::from(sign == '{') - usize::from(sign == '}');
                expected |= sign == ',' && depth == 1;
                None
            }
        };
        if let Some(name) = name.filter(|_| expected) {
            found.push((line, name));
            expected = false;
        }
        if depth == 0 {
            break;
        }
    }
    found
}

/// What is wrong with the imports of a file.
fn refused(path: &str, text: &str, rooms: &[&str]) -> Vec<String> {
    let place = |name: &str| rooms.iter().position(|room| *room == name);
    let own = room(path);
    let Some(from) = place(own) else {
        return vec![format!("src/{path}: {own} is no room of the list in src/lib.rs")];
    };
    let judge = |(line, name): (usize, &str)| match place(name) {
        None => Some(format!("src/{path}:{line}: {name} is no room of the list in src/lib.rs")),
        Some(to) if to < from => {
            Some(format!("src/{path}:{line}: {own} imports from {name}, which stands above it"))
        }
        Some(_) => None,
    };
    imports(path, text).into_iter().filter_map(judge).collect()
}

#[test]
fn no_room_imports_from_one_above_it() {
    let files = sources();
    let lib = files.iter().find(|(path, _)| path == "lib.rs").expect("the root");
    let rooms = rooms(&lib.1);
    let faults: Vec<String> =
        files.iter().flat_map(|(path, text)| refused(path, text, &rooms)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    for name in rooms {
        assert!(files.iter().any(|(path, _)| room(path) == name), "{name} is in the list alone");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIB: &str = "\
//! The program.
//!
//! ```text
//! lib       the root
//! commands  one file each
//! plot      figures
//! table     files
//! ```
pub mod commands;
";

    fn faults(path: &str, text: &str) -> Vec<String> {
        refused(path, text, &rooms(LIB))
    }

    #[test]
    fn the_list_is_read() {
        assert_eq!(rooms(LIB), ["lib", "commands", "plot", "table"]);
    }

    #[test]
    fn downwards_and_within_a_room_is_well() {
        for (path, text) in [
            ("lib.rs", "use crate::commands::run;"),
            ("commands/fit.rs", "use super::score; use crate::{plot::Figure, table};"),
            ("commands/mod.rs", "mod fit { use super::super::plot::x; use super::fit; }"),
            (
                "plot/axis.rs",
                "use super::svg; // crate::commands\n/// [`crate::commands`]\nfn f() {}",
            ),
            ("plot/axis.rs", "mod tests { use super::*; use super::super::svg; }"),
            ("plot/axis.rs", "pub(crate) fn f(text: &str) -> &str { \"crate::commands\" }"),
            ("table.rs", "fn f() { crate::table::g() }"),
        ] {
            assert_eq!(faults(path, text), [""; 0], "{path}: {text}");
        }
    }

    #[test]
    fn upwards_is_refused_however_it_is_written() {
        for (path, text) in [
            ("plot/axis.rs", "use crate::commands::fit;"),
            ("plot/axis.rs", "use crate::commands;"),
            ("plot/axis.rs", "pub use crate::{table::Table, commands::{self, fit::Fit}};"),
            ("plot/axis.rs", "fn f() { crate::commands::fit::run() }"),
            ("plot/axis.rs", "use super::super::commands::fit;"),
            ("plot/mod.rs", "use super::commands::fit;"),
            ("plot.rs", "use super::{table, commands};"),
            ("plot/axis.rs", "mod tests { use super::super::super::commands::fit; }"),
            ("plot/axis.rs", "mod a { mod b {} use crate::commands; }"),
        ] {
            let expected =
                format!("src/{path}:1: plot imports from commands, which stands above it");
            assert_eq!(faults(path, text), [expected], "{text}");
        }
        let lines = "use crate::{\n    table,\n    commands,\n};\n";
        let expected = "src/plot/axis.rs:3: plot imports from commands, which stands above it";
        assert_eq!(faults("plot/axis.rs", lines), [expected]);
    }

    #[test]
    fn a_room_without_a_place_in_the_list_is_refused() {
        let expected = "src/attic/box.rs: attic is no room of the list in src/lib.rs";
        assert_eq!(faults("attic/box.rs", ""), [expected]);
        let expected = "src/plot/axis.rs:1: attic is no room of the list in src/lib.rs";
        assert_eq!(faults("plot/axis.rs", "use crate::attic::Box;"), [expected]);
        let expected = "src/plot/axis.rs:1: * is no room of the list in src/lib.rs";
        assert_eq!(faults("plot/axis.rs", "use crate::*;"), [expected]);
    }
}
