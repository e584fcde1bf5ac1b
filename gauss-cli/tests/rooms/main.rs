//! The order of the house: arrows point down only, between the rooms of this crate (`imports`) and
//! between the crates (`dependencies`); and files are written in one place (`writers`). What is
//! refused is named with file and line.

mod dependencies;
mod imports;
mod tokens;
mod writers;

use std::fs;
use std::path::Path;

/// The source files of this crate: the path below `src`, and the text.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut found, mut directories) = (Vec::new(), vec![root.clone()]);
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).expect("below src").to_string_lossy();
                let text = fs::read_to_string(&path).expect("a source file");
                found.push((name.replace('\\', "/"), text));
            }
        }
    }
    found.sort();
    found
}
