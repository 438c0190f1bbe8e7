//! What a thread did that its service never did before.

use std::cmp::Ordering;

use crate::detail::{Detail, Outcome, sensitive};
use crate::profile::class::{Class, is_privileged, technique};
use crate::syscall::event::{Call, Comm};

/// What can be new.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum First {
    /// The service never made this call.
    Call(Call),
    /// No process of the service had this name.
    Name(Comm),
    /// Processes of this name never made this call, though others did.
    CallOfName(Comm, Call),
    /// The service never touched this, as it stands generalised.
    Touch(Detail),
    /// The service touched this before, and it never went that way.
    Outcome(Detail, Outcome),
}

impl First {
    /// The class of this new thing.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Call(call) => Class::of_call(*call),
            Self::Name(_) => Class::Name,
            Self::CallOfName(_, call) => Class::of_call_of_name(*call),
            Self::Touch(detail) => Class::of_touch(detail),
            Self::Outcome(detail, outcome) => Class::of_outcome(detail, *outcome),
        }
    }
}

/// Something new that a thread did.
#[derive(Clone, Debug, PartialEq)]
pub struct FirstSeen {
    /// The place of the call in its thread, counted from 0.
    pub seq: u64,
    /// What was new.
    pub what: First,
    /// What it is worth as evidence, nats.
    pub nats: f64,
}

impl FirstSeen {
    /// Whether it is a call that the service never made and that only a privileged process has a
    /// use for, or a thing on the list of those that are heavy wherever they are new
    /// ([`sensitive`]).
    #[must_use]
    pub fn is_privileged(&self) -> bool {
        match &self.what {
            First::Call(call) => is_privileged(*call),
            First::Touch(detail) | First::Outcome(detail, Outcome::Ok) => {
                sensitive::of(detail).is_some()
            }
            First::Outcome(..) | First::Name(_) | First::CallOfName(..) => false,
        }
    }

    /// The technique of MITRE ATT&CK that it is a means of, where that is certain.
    #[must_use]
    pub fn technique(&self) -> Option<&'static str> {
        match &self.what {
            First::Call(call) | First::CallOfName(_, call) => technique(*call),
            First::Touch(detail) | First::Outcome(detail, Outcome::Ok) => {
                sensitive::of(detail).and_then(|line| line.technique)
            }
            First::Name(_) | First::Outcome(..) => None,
        }
    }

    /// Whether it is to be reported before another: privileged calls before all else, then what is
    /// worth more nats.
    #[must_use]
    pub fn outweighs(&self, other: &Self) -> bool {
        self.heaviest_first(other) == Ordering::Less
    }

    /// The order in which new things are named, the heaviest first.
    #[must_use]
    pub fn heaviest_first(&self, other: &Self) -> Ordering {
        let privileged = other.is_privileged().cmp(&self.is_privileged());
        privileged.then(other.nats.total_cmp(&self.nats))
    }
}
