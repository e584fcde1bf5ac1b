//! docs/cli.md and docs/schema are what the program says today. `cargo xtask docs` writes them.

use std::collections::BTreeSet;
use std::path::Path;

use snapbox::{Assert, Data};

#[test]
fn the_generated_documents_are_up_to_date() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let files = gauss_cli::docs::files();
    let stale: Vec<String> = files
        .iter()
        .filter_map(|(path, text)| {
            let expected = Data::read_from(&docs.join(path), None).raw();
            Assert::new()
                .action_env("SNAPSHOTS")
                .normalize_paths(false)
                .try_eq(None, Data::text(text.as_str()), expected)
                .err()
                .map(|difference| difference.to_string())
        })
        .collect();
    assert!(stale.is_empty(), "run `cargo xtask docs`:\n{}", stale.concat());

    let generated: BTreeSet<String> = files.into_iter().map(|(path, _)| path).collect();
    for entry in std::fs::read_dir(docs.join("schema")).expect("the schemas") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        assert!(generated.contains(&format!("schema/{name}")), "{name} belongs to no command");
    }
}
