//! What is kept of a service, in memory.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::learn::census::Life as ThreadLife;
use crate::profile::Profile;
use crate::service::key::Key;
use crate::service::life::Life;
use crate::service::release::Release;

/// Version of `state.json`.
pub(super) const VERSION: u32 = 1;

/// What is kept of a service beside its profiles.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Record {
    pub(super) version: u32,
    /// Which.
    pub key: Key,
    /// How far it is known.
    pub life: Life,
    /// The release that was learned.
    pub release: Option<Release>,
    /// Whether a person paused it.
    pub paused: bool,
    /// Calls seen in all.
    pub calls: u64,
    /// Calls lost in all.
    pub lost: u64,
    /// When it was first seen, seconds since 1970.
    pub first_seen_s: u64,
}

/// A service as it was kept.
pub struct Kept {
    /// Its state.
    pub record: Record,
    /// What it is judged by.
    pub profile: Option<Profile>,
    /// What is being learned, with the lives to hold out.
    pub learned: Option<(Profile, Vec<ThreadLife>)>,
}

/// Something to keep of a service.
pub struct Save {
    /// Its state.
    pub record: Record,
    /// What it is judged by, if that changed.
    pub profile: Option<Box<Profile>>,
    /// What is being learned, if that changed.
    pub learned: Option<(Box<Profile>, Vec<ThreadLife>)>,
    /// Whether the profile that stands there is kept as the previous one.
    pub keeps_previous: bool,
    /// Profiles that were judged by until something was accepted or undone, by what they are kept
    /// as.
    pub befores: Vec<(String, Box<Profile>)>,
    /// Versions of the profile that alarms rest on, by the SHA-256 of their files.
    pub versions: Vec<(Arc<str>, Box<Profile>)>,
    /// Whether nothing is being learned any more.
    pub ends_learning: bool,
}

impl Record {
    /// A record of this version.
    #[must_use]
    pub fn new(key: Key, life: Life, first_seen_s: u64) -> Self {
        Self {
            version: VERSION,
            key,
            life,
            release: None,
            paused: false,
            calls: 0,
            lost: 0,
            first_seen_s,
        }
    }
}
