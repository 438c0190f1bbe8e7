//! Holds a value against `docs/monitor-output.schema.json`.
//!
//! It knows the keywords that this schema uses and refuses every other, so that none is passed
//! over.

use serde_json::Value;

/// The schema that the project publishes.
fn published() -> Value {
    let text = include_str!("../../../docs/monitor-output.schema.json");
    serde_json::from_str(text).expect("the schema is JSON")
}

/// Checks a line of output.
pub fn check(line: &Value) {
    let schema = published();
    let kind = line["type"].as_str().expect("a line has a type");
    let definition = &schema["$defs"][kind];
    assert!(definition.is_object(), "the schema has no {kind}");
    if let Err(error) = fits(line, definition, &schema) {
        panic!("{kind}: {error}\n{line}");
    }
    fits(line, &schema, &schema).expect("exactly one kind of line");
}

fn fits(value: &Value, schema: &Value, root: &Value) -> Result<(), String> {
    let keywords = schema.as_object().ok_or("a schema is an object")?;
    for (keyword, rule) in keywords {
        keyword_fits(value, keyword, rule, schema, root)
            .map_err(|error| format!("{keyword}: {error}"))?;
    }
    Ok(())
}

fn keyword_fits(
    value: &Value,
    keyword: &str,
    rule: &Value,
    schema: &Value,
    root: &Value,
) -> Result<(), String> {
    let good = match keyword {
        "$schema" | "title" | "description" | "$defs" => true,
        "$ref" => {
            let path = rule.as_str().and_then(|path| path.strip_prefix("#/$defs/"));
            return fits(value, &root["$defs"][path.ok_or("a foreign $ref")?], root);
        }
        "const" => value == rule,
        "enum" => list(rule)?.contains(value),
        "type" => match rule {
            Value::Array(types) => types.iter().any(|one| is_of_type(value, one)),
            one => is_of_type(value, one),
        },
        "minimum" => value.is_null() || value.as_f64() >= rule.as_f64(),
        "maximum" => value.is_null() || value.as_f64() <= rule.as_f64(),
        "minItems" => list(value)?.len() as u64 >= rule.as_u64().unwrap_or(u64::MAX),
        "maxItems" => list(value)?.len() as u64 <= rule.as_u64().unwrap_or(0),
        "pattern" => hexadecimal(value, rule)?,
        "required" => {
            for name in list(rule)? {
                let name = name.as_str().ok_or("a name is a string")?;
                value.get(name).ok_or(format!("{name} is missing"))?;
            }
            true
        }
        "properties" => {
            for (name, rule) in rule.as_object().ok_or("an object")? {
                if let Some(value) = value.get(name) {
                    fits(value, rule, root).map_err(|error| format!("{name}: {error}"))?;
                }
            }
            // The published schema allows more; the monitor itself writes what it documents.
            let object = value.as_object().ok_or("no object")?;
            if let Some(name) = object.keys().find(|&name| rule.get(name).is_none()) {
                return Err(format!("{name} is not documented"));
            }
            true
        }
        "additionalProperties" => {
            for value in value.as_object().ok_or("no object")?.values() {
                fits(value, rule, root)?;
            }
            true
        }
        "items" => {
            for value in list(value)? {
                fits(value, rule, root)?;
            }
            true
        }
        "prefixItems" => {
            for (value, rule) in list(value)?.iter().zip(list(rule)?) {
                fits(value, rule, root)?;
            }
            true
        }
        "anyOf" => list(rule)?.iter().any(|one| fits(value, one, root).is_ok()),
        "oneOf" => {
            let fitting = list(rule)?
                .iter()
                .filter(|one| fits(value, one, root).is_ok());
            fitting.count() == 1
        }
        other => {
            return Err(format!(
                "this test does not know the keyword {other} of {schema}"
            ));
        }
    };
    if good {
        Ok(())
    } else {
        Err(format!("{value} is not {rule}"))
    }
}

fn list(value: &Value) -> Result<&Vec<Value>, String> {
    value.as_array().ok_or(format!("{value} is no list"))
}

fn is_of_type(value: &Value, kind: &Value) -> bool {
    match kind.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("null") => value.is_null(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_u64() || value.is_i64(),
        _ => false,
    }
}

/// The schema's patterns all say: so many lower-case hexadecimal digits.
fn hexadecimal(value: &Value, pattern: &Value) -> Result<bool, String> {
    let digits = pattern
        .as_str()
        .and_then(|pattern| pattern.strip_prefix("^[0-9a-f]{"))
        .and_then(|pattern| pattern.strip_suffix("}$"))
        .and_then(|digits| digits.parse::<usize>().ok())
        .ok_or(format!("this test does not know the pattern {pattern}"))?;
    let text = value.as_str().ok_or("no string")?;
    let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    Ok(text.len() == digits && text.bytes().all(hexadecimal))
}

#[test]
fn the_validator_refuses_what_does_not_fit() {
    let root = published();
    let model = |text: &str| {
        let value: Value = serde_json::from_str(text).expect("JSON");
        fits(&value, &root["$defs"]["model"], &root)
    };
    let hash = "0".repeat(64);
    assert_eq!(
        model(&format!(r#"{{"name":"a","sha256":"{hash}"}}"#)),
        Ok(())
    );
    assert!(model(r#"{"name":"a"}"#).is_err());
    assert!(model(&format!(r#"{{"name":1,"sha256":"{hash}"}}"#)).is_err());
    assert!(model(r#"{"name":"a","sha256":"00"}"#).is_err());
    assert!(model(&format!(r#"{{"name":"a","sha256":"{hash}","x":1}}"#)).is_err());
}
