//! Between the rooms of this crate: a file imports from its own room and from those below it, in
//! the list that stands in `src/lib.rs`.

use std::fs;
use std::path::Path;

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

/// Every room that a file names by `crate::` or by `super::`, and where: in a `use` or within the
/// text.
fn imports<'a>(path: &'a str, text: &'a str) -> Vec<(usize, &'a str)> {
    let tokens = tokens(text);
    let at = |k: usize| tokens.get(k).map(|(_, token)| *token);
    let is_path = |k: usize| (at(k), at(k + 1)) == (Some(Token::Sign(':')), Some(Token::Sign(':')));
    let file = modules(path);
    let mut inner: Vec<(&str, usize)> = Vec::new(); // modules written in the file, with their depth
    let (mut depth, mut found) = (0, Vec::new());
    for (k, &(line, token)) in tokens.iter().enumerate() {
        let here = file.len() + inner.len();
        let (up, end) = match token {
            Token::Sign('{') => {
                depth += 1;
                if let (Some(2..), Some(Token::Word("mod"))) = (Some(k), at(k.wrapping_sub(2))) {
                    let Some(Token::Word(name)) = at(k - 1) else { continue };
                    inner.push((name, depth));
                }
                continue;
            }
            Token::Sign('}') => {
                inner.pop_if(|(_, begun)| *begun == depth);
                depth -= 1;
                continue;
            }
            Token::Word("crate") if is_path(k + 1) => (here, k + 3),
            Token::Word("super")
                if is_path(k + 1) && at(k.wrapping_sub(1)) != Some(Token::Sign(':')) =>
            {
                let supers = (0..).take_while(|n| at(k + 3 * n) == Some(Token::Word("super")));
                let count = supers.count();
                (count, k + 3 * count)
            }
            _ => continue,
        };
        match here.checked_sub(up) {
            Some(0) | None => found.extend(names(&tokens[end..]).map(|(line, name)| (line, name))),
            Some(_) => found.push((line, room(path))),
        }
    }
    found
}

/// The first name of a path, or of each path in the braces that it goes on with.
fn names<'a>(tokens: &[(usize, Token<'a>)]) -> impl Iterator<Item = (usize, &'a str)> {
    let mut depth = 0;
    let mut expected = true;
    let mut found = Vec::new();
    for &(line, token) in tokens {
        match token {
            Token::Sign('{') => depth += 1,
            Token::Sign('}') => depth -= 1,
            Token::Sign(',') if depth == 1 => expected = true,
            Token::Word(name) if expected && depth < 2 => {
                found.push((line, name));
                expected = false;
            }
            Token::Sign('*') if expected => found.push((line, "*")),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    found.into_iter()
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

fn files(directory: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_room_imports_from_one_above_it() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let lib = fs::read_to_string(source.join("lib.rs")).expect("the root");
    let rooms = rooms(&lib);
    let mut paths = Vec::new();
    files(&source, &mut paths);
    let mut faults = Vec::new();
    for path in &paths {
        let text = fs::read_to_string(path).expect("a source file");
        let path = path.strip_prefix(&source).expect("below src").to_string_lossy();
        faults.extend(refused(&path.replace('\\', "/"), &text, &rooms));
    }
    assert!(paths.len() > 100, "{} files", paths.len());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    for room in rooms {
        assert!(
            paths.iter().any(|path| path.strip_prefix(&source).is_ok_and(|path| {
                self::room(&path.to_string_lossy().replace('\\', "/")) == room
            })),
            "{room} is in the list, and nowhere else"
        );
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
