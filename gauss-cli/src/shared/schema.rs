//! JSON Schemas (draft 2020-12) of what commands print with `--json`, made from the very structs
//! that are printed. They are kept in docs/schema, and a test holds real outputs against them.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

/// The schema of the object of type T that `command` prints.
pub fn of<T: JsonSchema>(command: &'static str) -> (&'static str, Value) {
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
