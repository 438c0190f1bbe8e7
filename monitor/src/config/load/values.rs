//! Every value of a configuration by its dotted key.

use std::collections::BTreeMap;

use toml::Value;

use super::Loaded;
use crate::config::Config;

/// A key as TOML writes it.
pub(super) fn quoted(key: &str) -> String {
    let is_bare = |it: u8| it.is_ascii_alphanumeric() || it == b'_' || it == b'-';
    if !key.is_empty() && key.bytes().all(is_bare) {
        key.to_owned()
    } else {
        Value::String(key.to_owned()).to_string()
    }
}

impl Loaded {
    /// Every value as `(dotted key, TOML, origin)`; the origin of a default is `None`.
    #[must_use]
    pub fn values(&self) -> Vec<(String, String, Option<&str>)> {
        let values = flat(&self.config);
        let told = values.into_iter().map(|(key, value)| {
            let origin = self.origins.get(&key).map(String::as_str);
            (key, value, origin)
        });
        told.collect()
    }
}

/// Every value of a configuration by its dotted key.
pub(in crate::config) fn flat(config: &Config) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    // A configuration is made of what TOML has.
    if let Ok(value) = Value::try_from(config) {
        flatten(&value, "", &mut values);
    }
    values
}

fn flatten(value: &Value, path: &str, values: &mut BTreeMap<String, String>) {
    match value {
        Value::Table(table) => {
            for (key, value) in table {
                let key = quoted(key);
                let path = if path.is_empty() {
                    key
                } else {
                    format!("{path}.{key}")
                };
                flatten(value, &path, values);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_table) => {
            for (at, value) in items.iter().enumerate() {
                flatten(value, &format!("{path}[{at}]"), values);
            }
        }
        value => {
            values.insert(path.to_owned(), value.to_string());
        }
    }
}
