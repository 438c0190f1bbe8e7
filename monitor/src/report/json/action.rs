//! What became of an action, as JSON.

use serde::Serialize;

use super::schema::SCHEMA;
use crate::response::statement::ActionStatement;

/// The line of an action.
#[derive(Debug, Serialize)]
pub struct ActionRecord<'a> {
    /// Version of the schema.
    schema: u32,
    /// `action`.
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    said: &'a ActionStatement,
}

impl<'a> ActionRecord<'a> {
    /// The line of this action.
    #[must_use]
    pub const fn new(said: &'a ActionStatement) -> Self {
        Self {
            schema: SCHEMA,
            kind: "action",
            said,
        }
    }
}
