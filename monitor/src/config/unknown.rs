//! Keys that mean nothing, each with the nearest that does.

use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::Config;

/// How alike two words must be for the one to stand for the other (Jaro-Winkler, as clap has it).
const ALIKE: f64 = 0.7;

/// A key that no configuration has.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Unknown {
    /// Where in the text it begins.
    pub at: usize,
    /// The whole key, dotted.
    pub key: String,
    /// The nearest that is known there.
    pub nearest: Option<String>,
    /// All that are known there.
    pub known: Vec<String>,
}

/// The JSON schema of a configuration.
#[must_use]
pub fn schema() -> Value {
    schemars::schema_for!(Config).to_value()
}

/// All keys of `table` that no configuration has.
pub(super) fn find(table: &DeTable<'_>) -> Vec<Unknown> {
    let schema = schema();
    let mut found = Vec::new();
    in_table(table, &schema, &schema, "", &mut found);
    found
}

fn in_table(
    table: &DeTable<'_>,
    root: &Value,
    schema: &Value,
    path: &str,
    found: &mut Vec<Unknown>,
) {
    let properties = schema.get("properties").and_then(Value::as_object);
    let others = schema
        .get("additionalProperties")
        .filter(|it| it.is_object());
    if properties.is_none() && others.is_none() {
        // No table: its type is told by the reader.
        return;
    }
    for (key, value) in table {
        let name: &str = key.get_ref();
        let path = if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        };
        let of_name = properties.and_then(|it| it.get(name)).or(others);
        let Some(schema) = of_name else {
            let known = properties.into_iter().flat_map(|it| it.keys().cloned());
            let known: Vec<String> = known.collect();
            found.push(Unknown {
                at: key.span().start,
                nearest: nearest(name, &known),
                key: path,
                known,
            });
            continue;
        };
        in_value(value.get_ref(), root, resolved(root, schema), &path, found);
    }
}

fn in_value(
    value: &DeValue<'_>,
    root: &Value,
    schema: &Value,
    path: &str,
    found: &mut Vec<Unknown>,
) {
    match value {
        DeValue::Table(table) => in_table(table, root, schema, path, found),
        DeValue::Array(values) => {
            let Some(items) = schema.get("items") else {
                return;
            };
            for (at, value) in values.iter().enumerate() {
                let path = format!("{path}[{at}]");
                in_value(value.get_ref(), root, resolved(root, items), &path, found);
            }
        }
        _ => {}
    }
}

/// What a reference of a schema stands for: all of ours lie in `$defs`.
fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let reference = schema.get("$ref").and_then(Value::as_str);
    let name = reference.and_then(|it| it.strip_prefix("#/$defs/"));
    let target = name.and_then(|name| root.get("$defs")?.get(name));
    target.unwrap_or(schema)
}

fn nearest(name: &str, known: &[String]) -> Option<String> {
    let alike = |it: &String| strsim::jaro_winkler(name, it);
    let best = known.iter().max_by(|a, b| alike(a).total_cmp(&alike(b)))?;
    (alike(best) >= ALIKE).then(|| best.clone())
}
