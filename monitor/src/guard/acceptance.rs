//! What a person takes as normal of a service, or takes back, while the guard runs.

use crossbeam_channel::Sender;
use serde::{Deserialize, Serialize};

use crate::profile::Profile;
use crate::profile::accepted::Later;
use crate::report::acceptance::Row;
use crate::service::key::Key;
use crate::syscall::flight::Flight;

/// An incident or an alarm that a person takes as normal, or takes back.
pub struct Acceptance {
    /// The service whose it is.
    pub service: Key,
    /// Its id.
    pub id: String,
    /// What is asked.
    pub change: Change,
    /// Whether it is only said what would come of it.
    pub is_tried: bool,
    /// Where the outcome goes, or why there is none.
    pub reply: Sender<Result<Accepted, String>>,
}

/// How normal changes.
pub enum Change {
    /// What it did is normal from now on.
    Accept {
        /// The calls of its alarms, with what followed each.
        flights: Vec<Flight>,
        /// Why.
        reason: Option<String>,
    },
    /// It is not normal after all: read by whoever may, since the guard itself may not.
    Undo {
        /// The profile as it was before.
        before: Box<Profile>,
        /// What was accepted since, which stays accepted.
        later: Vec<Later>,
    },
}

/// What came of it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Accepted {
    /// What was done, in words; empty when it was only tried.
    pub done: String,
    /// What became normal, or is no longer.
    pub takes: Vec<Row>,
    /// Calls that were learned since and are forgotten with it.
    pub forgets: u64,
}
