//! JSON Schemas (draft 2020-12) of what every command prints with `--json`, made from the very
//! structs that are printed. They are kept in docs/schema, and a test holds real outputs against
//! them.
//!
//! A new command: derive [`JsonSchema`] for its report and add a line to [`all`].

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use crate::commands::rows::WithData;
use crate::commands::{
    compare, completions, fit, inspect, inverse, man, plot, report, sample, score, transform,
};
use crate::demo;

/// Every command with the schema of its object.
pub fn all() -> Vec<(&'static str, Value)> {
    vec![
        of::<fit::Report<'_>>("fit"),
        of::<score::Report>("score"),
        of::<WithData<'_, sample::Report<'_>>>("sample"),
        of::<WithData<'_, transform::Report>>("transform"),
        of::<WithData<'_, inverse::Report>>("inverse"),
        of::<inspect::Report<'_>>("inspect"),
        of::<plot::Report>("plot"),
        of::<report::Findings>("report"),
        of::<compare::Report>("compare"),
        of::<demo::Summary>("demo"),
        of::<completions::Report>("completions"),
        of::<man::Report>("man"),
    ]
}

fn of<T: JsonSchema>(command: &'static str) -> (&'static str, Value) {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let schema = SchemaGenerator::new(settings).into_root_schema_for::<T>();
    let mut schema = Value::from(schema);
    widen(&mut schema);
    schema["title"] = json!(format!("gauss {command} --json"));
    schema["properties"]["command"] = json!({ "const": command });
    (command, schema)
}

/// A number that is not finite is printed as null; and `double` or `uint64` are no formats that
/// JSON Schema knows.
fn widen(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(widen),
        Value::Object(members) => {
            if members.get("type") == Some(&json!("number")) {
                members.insert("type".to_owned(), json!(["number", "null"]));
            }
            if members.get("format").is_some_and(Value::is_string) {
                members.remove("format");
            }
            members.values_mut().for_each(widen);
        }
        _ => {}
    }
}
