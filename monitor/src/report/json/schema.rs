//! Which schema the lines are of.

/// The version of the schema: it grows when a field changes its meaning or goes, and stays when one
/// is added.
pub const SCHEMA: u32 = 2;

/// Whether lines of a schema can be read: what schema 1 lacks has a default.
#[must_use]
pub const fn is_readable(schema: u32) -> bool {
    schema == 1 || schema == SCHEMA
}
