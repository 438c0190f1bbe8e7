//! Whether this program can work with what a manifest says.

use thiserror::Error;

use super::{FORMAT, Kind, Manifest, Vocabulary};
use crate::syscall::adfa::VOCABULARY;

/// The largest number of values that one lane's state may hold, all tensors together; the default
/// model has a few hundred.
pub const LARGEST_STATE: usize = 1 << 14;

/// The largest `context` of a window model.
pub const LARGEST_CONTEXT: usize = 256;

/// What is wrong with a manifest by itself.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("the manifest's `{field}` is {found}, but must be {expected}")]
pub struct ManifestError {
    /// Which field.
    pub field: &'static str,
    /// What it holds.
    pub found: String,
    /// What it may hold.
    pub expected: String,
}

impl Manifest {
    /// Checks what can be checked without the graph: that every value is one that this program
    /// can work with, and that sizes are bounded.
    ///
    /// # Errors
    /// Names the first field that is not.
    pub fn check(&self) -> Result<(), ManifestError> {
        let ensure = |good: bool, field, found: String, expected: &str| {
            let expected = expected.to_owned();
            if good {
                Ok(())
            } else {
                Err(ManifestError {
                    field,
                    found,
                    expected,
                })
            }
        };
        ensure(
            self.format == FORMAT,
            "format",
            self.format.to_string(),
            "1",
        )?;
        let name = &self.name;
        ensure(
            !name.is_empty() && name.len() <= 100 && name.bytes().all(|b| b.is_ascii_graphic()),
            "name",
            format!("`{}`", name.escape_default()),
            "1 to 100 printable ASCII characters without blanks",
        )?;
        let vocabulary = &self.vocabulary;
        ensure(
            vocabulary.name == Vocabulary::ADFA_LD && vocabulary.size == VOCABULARY,
            "vocabulary",
            format!(
                "`{}` of {}",
                vocabulary.name.escape_default(),
                vocabulary.size
            ),
            "`adfa-ld-i386` of 341",
        )?;
        let start = vocabulary.start;
        ensure(
            start.is_none_or(|start| usize::from(start) == VOCABULARY),
            "vocabulary.start",
            format!("{start:?}"),
            "341 or null",
        )?;
        self.check_shape(&ensure)?;
        self.check_threshold(&ensure)?;
        ensure(
            self.model_sha256.len() == 64,
            "model_sha256",
            format!("`{}`", self.model_sha256.escape_default()),
            "64 hexadecimal digits",
        )
    }

    fn check_shape(
        &self,
        ensure: &impl Fn(bool, &'static str, String, &str) -> Result<(), ManifestError>,
    ) -> Result<(), ManifestError> {
        let context = self.context;
        let found = format!("{context:?}");
        if self.kind == Kind::Window {
            let bounded = context.is_some_and(|calls| (1..=LARGEST_CONTEXT).contains(&calls));
            ensure(bounded, "context", found, "1 to 256 for a window model")?;
            let none = self.state.is_empty();
            ensure(
                none,
                "state",
                "not empty".into(),
                "empty for a window model",
            )?;
            let found = self.distribution.to_string();
            return ensure(
                self.distribution,
                "distribution",
                found,
                "true for a window model",
            );
        }
        ensure(
            context.is_none(),
            "context",
            found,
            "null for a stateful model",
        )?;
        let mut values = 0_usize;
        for tensor in &self.state {
            let [Some(1), None, Some(width)] = tensor.shape[..] else {
                let found = format!("{:?}", tensor.shape);
                return ensure(false, "state.shape", found, "[1, null, width]");
            };
            values = values.saturating_add(width);
        }
        let bounded = (1..=LARGEST_STATE).contains(&values) && self.state.len() <= 16;
        let found = format!("{values} numbers in {} tensors", self.state.len());
        ensure(
            bounded,
            "state",
            found,
            "1 to 16384 numbers in at most 16 tensors",
        )
    }

    fn check_threshold(
        &self,
        ensure: &impl Fn(bool, &'static str, String, &str) -> Result<(), ManifestError>,
    ) -> Result<(), ManifestError> {
        let threshold = &self.threshold;
        for (field, nats) in [
            ("threshold.slow", threshold.slow),
            ("threshold.fast", threshold.fast),
        ] {
            let positive = nats.is_finite() && nats > 0.0;
            ensure(positive, field, nats.to_string(), "a number over 0")?;
        }
        for (field, calls) in [
            ("threshold.slow_calls", threshold.slow_calls),
            ("threshold.fast_calls", threshold.fast_calls),
        ] {
            let bounded = (1..=10_000).contains(&calls);
            ensure(bounded, field, calls.to_string(), "1 to 10000")?;
        }
        Ok(())
    }
}
