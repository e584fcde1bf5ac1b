//! What the commands print with `--json` is what docs/schema says, no more and no less.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::Place;

/// Every command, in the ways that change its object.
const RUNS: [&str; 26] = [
    "fit train.csv --out a.gauss --blocks 1 --budget 2epochs",
    "fit train.csv --out b.gauss --method rbig --blocks 1 --noise a=0.1 --exclude c",
    "fit ties.csv --out c.gauss --blocks 1 --budget 1epochs --no-refit",
    "score model.gauss test.csv",
    "score model.gauss test.csv --out s.csv",
    "score model.gauss hole.csv --missing drop",
    "score b.gauss test.csv",
    "sample model.gauss --rows 3",
    "sample model.gauss --rows 3 --out n.csv",
    "transform model.gauss test.csv",
    "transform model.gauss hole.csv --missing drop --out z.csv",
    "inverse model.gauss test.csv",
    "inverse model.gauss z.csv --missing drop --out x.csv",
    "inspect model.gauss",
    "inspect b.gauss",
    "compare model.gauss a.gauss test.csv",
    "compare model.gauss a.gauss one.csv --out d.csv",
    "plot model.gauss test.csv --out figures",
    "plot model.gauss one.csv --out figures",
    "report model.gauss test.csv --out r.html",
    "report model.gauss test.csv --train train.csv --out r.html",
    "report model.gauss one.csv --out r.html",
    "completions bash",
    "man",
    "man --out pages",
    "demo --out demo",
];

#[test]
fn every_object_is_what_its_schema_says() {
    let place = Place::with_model();
    let ties: Vec<String> = (0..120).map(|k| format!("{},{k}.5\n", k % 7)).collect();
    place.write("ties.csv", format!("k,t\n{}", ties.concat()));
    place.write("hole.csv", "a,b,c\n0.5,50,\n0.1,70,0.001\n");
    place.write("one.csv", "a,b,c\n0.1,70,0.001\n");

    let schemas: BTreeMap<&str, Value> = gauss_cli::commands::schemas().into_iter().collect();
    let mut unused: Vec<&str> = schemas.keys().copied().collect();
    for arguments in RUNS {
        let object = place.gauss(arguments.split(' ').chain(["--json"])).ok().json();
        let command = object["command"].as_str().expect("its name");
        assert!(arguments.starts_with(command), "{arguments}: {command}");
        unused.retain(|name| *name != command);
        let mut schema = schemas[command].clone();
        close(&mut schema);
        let validator = jsonschema::draft202012::new(&schema).expect("a schema");
        let errors: Vec<String> = validator
            .iter_errors(&object)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "gauss {arguments}: {errors:#?}");
    }
    assert!(unused.is_empty(), "never run: {unused:?}");
}

#[test]
fn every_command_has_a_schema() {
    let mut gauss = gauss_cli::cli::command();
    gauss.build();
    let schemas = gauss_cli::commands::schemas();
    for command in gauss.get_subcommands().map(clap::Command::get_name).filter(|c| *c != "help") {
        assert!(schemas.iter().any(|(name, _)| *name == command), "{command}");
    }
    for (_, schema) in schemas {
        jsonschema::meta::validate(&schema).expect("a valid schema");
    }
}

#[test]
fn every_member_is_explained() {
    for (command, mut schema) in gauss_cli::commands::schemas() {
        let definitions = schema["$defs"].take();
        let definitions = definitions.as_object().into_iter().flatten();
        for (name, part) in [(&command.to_owned(), &schema)].into_iter().chain(definitions) {
            for (member, value) in part["properties"].as_object().into_iter().flatten() {
                let plain = member == "command" || value.get("description").is_some();
                assert!(plain, "{command}: {name}.{member}");
            }
        }
    }
}

/// Readers must bear new members; this test must not.
fn close(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Object(members) => {
            if members.get("properties").is_some_and(Value::is_object) {
                members.insert("additionalProperties".to_owned(), json!(false));
            }
            members.values_mut().for_each(close);
        }
        _ => {}
    }
}
