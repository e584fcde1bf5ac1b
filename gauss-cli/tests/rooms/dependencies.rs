//! Between the crates: each depends on those below it, in tests as well; and what only a program
//! needs (a command line, pages, pictures, Parquet, bars) stays in the program.

use std::fs;
use std::path::Path;

/// The crates from the bottom.
const CRATES: [&str; 6] =
    ["gauss-math", "gauss-flow", "gauss-rbig", "gauss-model", "gauss-cli", "xtask"];
/// The last of the libraries.
const LIBRARIES: &str = "gauss-model";
/// Crates that no library may depend on, not even in a test.
const FOR_PROGRAMS: [&str; 5] = ["clap", "maud", "resvg", "parquet", "indicatif"];
/// Crates that a library may only offer to depend on.
const FOR_FEATURES: [&str; 1] = ["schemars"];

/// A line of a manifest.
#[derive(Debug, PartialEq, Eq)]
struct Dependency {
    line: usize,
    /// The crate, whatever it is called in the code.
    name: String,
    optional: bool,
}

/// The dependencies of a manifest, of all kinds and targets.
fn dependencies(manifest: &str) -> Vec<Dependency> {
    let mut found: Vec<Dependency> = Vec::new();
    let mut table = Vec::new(); // the parts of the header's name
    let mut depth = 0; // of the brackets of a value that goes on
    for (text, line) in manifest.lines().zip(1..) {
        let text = text.split('#').next().unwrap_or_default().trim();
        if depth == 0 && text.starts_with('[') {
            table = keys(text.trim_matches(['[', ']']));
            if let [.., kind, name] = &table[..]
                && is_kind(kind)
            {
                found.push(Dependency { line, name: name.clone(), optional: false });
            }
            continue;
        }
        let begins = depth == 0;
        let count = |signs: [char; 2]| text.matches(signs).count();
        depth = depth + count(['[', '{']) - count([']', '}']);
        let Some((key, _)) = text.split_once('=').filter(|_| begins) else { continue };
        match &table[..] {
            [.., kind] if is_kind(kind) => {
                let name = keys(key).swap_remove(0);
                if found.last().is_none_or(|last| last.name != name) {
                    found.push(Dependency { line, name, optional: false });
                }
            }
            [.., kind, _] if is_kind(kind) => {}
            _ => continue,
        }
        let Some(dependency) = found.last_mut() else { continue };
        dependency.optional |= setting(text, "optional") == Some("true");
        if let Some(package) = setting(text, "package") {
            package.trim_matches('"').clone_into(&mut dependency.name);
        }
    }
    found
}

fn is_kind(name: &str) -> bool {
    matches!(name, "dependencies" | "dev-dependencies" | "build-dependencies")
}

/// The parts of a dotted key, without quotes.
fn keys(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quote = None;
    for c in text.trim().chars() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(begun), c) if begun == c => quote = None,
            (None, '.') => parts.push(String::new()),
            (None, c) if c.is_whitespace() => {}
            (_, c) => parts.last_mut().expect("at least one").push(c),
        }
    }
    parts
}

/// What a line sets a key to: alone, dotted or among others in braces.
fn setting<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.split(['{', ',', '}']).find_map(|part| {
        let (name, value) = part.split_once('=')?;
        (name.trim().rsplit('.').next()? == key).then(|| value.trim())
    })
}

/// What is wrong with the manifest of a crate.
fn refused(own: &str, manifest: &str) -> Vec<String> {
    let place = |name: &str| CRATES.iter().position(|other| *other == name);
    let file = format!("{own}/Cargo.toml");
    let Some(from) = place(own) else {
        return vec![format!("{file}: {own} is no crate of the list in tests/rooms")];
    };
    let is_library = Some(from) <= place(LIBRARIES);
    let judge = |Dependency { line, name, optional }: Dependency| {
        if place(&name).is_some_and(|to| to >= from) {
            return Some(format!("{file}:{line}: {own} depends on {name}, which stands above it"));
        }
        let for_programs = FOR_PROGRAMS.contains(&name.as_str());
        if is_library && for_programs {
            return Some(format!("{file}:{line}: {own} depends on {name}, which is for programs"));
        }
        let for_features = FOR_FEATURES.contains(&name.as_str());
        (is_library && for_features && !optional)
            .then(|| format!("{file}:{line}: {own} depends on {name}, which must be optional"))
    };
    dependencies(manifest).into_iter().filter_map(judge).collect()
}

#[test]
fn no_crate_depends_on_one_above_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &Path| fs::read_to_string(path).expect("a manifest");
    let workspace = read(&root.join("Cargo.toml"));
    let members = workspace.lines().find_map(|line| setting_of_list(line, "members"));
    let members = members.expect("the members in a line");
    assert_eq!(members, CRATES, "the list in tests/rooms is that of the workspace");
    let faults: Vec<String> = members
        .iter()
        .flat_map(|name| refused(name, &read(&root.join(name).join("Cargo.toml"))))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The texts of `key = ["...", "..."]`.
fn setting_of_list<'a>(line: &'a str, key: &str) -> Option<Vec<&'a str>> {
    let list = line.strip_prefix(key)?.trim_start().strip_prefix('=')?;
    Some(list.split('"').skip(1).step_by(2).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn downwards_is_well() {
        for (own, manifest) in [
            ("gauss-flow", "[dependencies]\ngauss-math.workspace = true\n"),
            ("gauss-cli", "[dependencies]\nclap = \"4\"\ngauss-model = { path = \"x\" }\n"),
            ("gauss-model", "[dependencies]\nschemars = { workspace = true, optional = true }\n"),
            ("gauss-model", "[dependencies.schemars]\nworkspace = true\noptional = true\n"),
            ("gauss-math", "[features]\ngauss-flow = []\nclap = [\n\"a\",\n]\n[dependencies]\n"),
            ("gauss-math", "[dependencies]\nlibm = \"0.2\" # not clap = \"4\"\n"),
            (
                "gauss-model",
                "[dependencies]\nschemars.workspace = true\nschemars.optional = true\n",
            ),
        ] {
            assert_eq!(refused(own, manifest), [""; 0], "{manifest}");
        }
    }

    #[test]
    fn upwards_is_refused_however_it_is_written() {
        for manifest in [
            "[dependencies]\ngauss-rbig.workspace = true",
            "[dev-dependencies]\ngauss-rbig = \"0.1\"",
            "[build-dependencies]\n\"gauss-rbig\" = \"0.1\"",
            "[target.'cfg(unix)'.dependencies]\ngauss-rbig = { workspace = true }",
            "[dependencies]\nother = { package = \"gauss-rbig\", path = \"../gauss-rbig\" }",
            "[package]\n[dependencies.gauss-rbig]",
        ] {
            let expected =
                "gauss-flow/Cargo.toml:2: gauss-flow depends on gauss-rbig, which stands above it";
            assert_eq!(refused("gauss-flow", manifest), [expected], "{manifest}");
        }
        let renamed = "[dependencies.other]\npath = \"../gauss-rbig\"\npackage = \"gauss-rbig\"\n";
        let expected =
            "gauss-flow/Cargo.toml:1: gauss-flow depends on gauss-rbig, which stands above it";
        assert_eq!(refused("gauss-flow", renamed), [expected]);
    }

    #[test]
    fn what_programs_need_is_refused_in_a_library() {
        for (line, why) in [
            ("clap = \"4\"", "clap, which is for programs"),
            ("maud.workspace = true", "maud, which is for programs"),
            ("parquet = { workspace = true, optional = true }", "parquet, which is for programs"),
            ("schemars.workspace = true", "schemars, which must be optional"),
        ] {
            let manifest = format!("[dependencies]\nserde = {{\nversion = \"1\" }}\n{line}\n");
            let expected = format!("gauss-model/Cargo.toml:4: gauss-model depends on {why}");
            assert_eq!(refused("gauss-model", &manifest), [expected]);
        }
    }

    #[test]
    fn a_crate_without_a_place_in_the_list_is_refused() {
        let expected = "gauss-attic/Cargo.toml: gauss-attic is no crate of the list in tests/rooms";
        assert_eq!(refused("gauss-attic", ""), [expected]);
    }
}
