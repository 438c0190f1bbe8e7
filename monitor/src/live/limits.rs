//! What a host does not let a run see or give up.

/// Sentences, each told once by the log and kept for whoever asks later.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Limits(Vec<String>);

impl Limits {
    pub(super) fn tell(&mut self, what: String) {
        log::warn!("{what}");
        self.0.push(what);
    }

    pub(super) fn told(&self) -> &[String] {
        &self.0
    }
}
