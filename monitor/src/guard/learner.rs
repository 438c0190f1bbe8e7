//! What a service that is not watched yet teaches, and the few alarms that it may raise meanwhile.

use sha2::{Digest, Sha256};

use crate::detect::verdict::{Alarm, Evidence as Complete, Pace};
use crate::incident::ids::IdSource;
use crate::learn::Census;
use crate::learn::census::{Life, MOST_KEPT_AMONG_MANY};
use crate::model::Model;
use crate::profile::Profile;
use crate::profile::class::is_privileged;
use crate::profile::file::hexadecimal;
use crate::profile::first_seen::{First, FirstSeen};
use crate::profile::provenance::Origin;
use crate::service::key::Key;
use crate::service::life::Evidence;
use crate::syscall::event::{Event, EventKind, Stretch, ThreadKey};
use crate::syscall::flight::Flight;

/// A service being learned.
pub(super) struct Learner {
    census: Census,
    begun_twice: bool,
}

impl Learner {
    /// Begins anew.
    pub fn new() -> Self {
        Self::resume(Profile::default(), Vec::new())
    }

    /// Goes on with what was kept.
    pub fn resume(profile: Profile, lives: Vec<Life>) -> Self {
        Self {
            census: Census::resume(profile, lives, MOST_KEPT_AMONG_MANY),
            begun_twice: false,
        }
    }

    /// A thread that was another service's up to the call at `seq` is this one's from there on.
    pub fn expect(&mut self, thread: ThreadKey, seq: u64, begun: bool) {
        self.census.expect(thread, seq, begun);
    }

    /// Learns an event. Gives the privileged call in it that was never made before, if there is one.
    pub fn push(&mut self, event: &Event) -> Option<FirstSeen> {
        let known = self.census.profile().vocabulary.calls().len();
        self.census.push(event);
        let calls = self.census.profile().vocabulary.calls();
        let mut new = calls.get(known..)?.iter().copied();
        let call = new.find(|&call| is_privileged(call))?;
        let EventKind::Calls(stretch) = &event.kind else {
            return None;
        };
        let place = stretch.calls.iter().position(|&it| it == call)?;
        let learned = self.census.profile().known.learned().calls;
        #[expect(clippy::cast_precision_loss, reason = "evidence need not be exact")]
        let nats = (1.0 + learned as f64).ln();
        Some(FirstSeen {
            seq: stretch.first_seq.saturating_add(place as u64),
            what: First::Call(call),
            nats,
        })
    }

    /// What learning has come to.
    pub fn evidence(&mut self) -> Evidence {
        // Once seen it stays so.
        self.begun_twice = self.begun_twice || self.census.begun_twice();
        let profile = self.census.profile();
        let progress = self.census.progress();
        Evidence {
            calls: profile.known.learned().calls,
            lost: progress.lost,
            quiet: profile.novelty.settled(profile.known.sightings()).is_some(),
            novelty: progress.novelty,
            begun_twice: self.begun_twice,
        }
    }

    /// A copy of what was learned, to be validated or kept: with its origin, and the lives to hold out.
    pub fn copy(&self) -> (Profile, Vec<Life>) {
        (self.census.profile().clone(), self.census.lives().to_vec())
    }

    /// What was learned, as its provenance tells it.
    pub fn origin(&self, key: &Key, seconds: f64, now_s: u64, model: &Model) -> Origin {
        let progress = self.census.progress();
        let calls = self.census.profile().known.learned().calls;
        let manifest = model.manifest();
        // No recording to learn again from: told from every other by when it was, and how much.
        let run = format!("{key}\n{now_s}\n{calls}\n{progress:?}");
        Origin {
            name: key.to_string(),
            sha256: hexadecimal(&Sha256::digest(run)),
            about: String::new(),
            calls,
            lives: progress.lives.max(self.census.lives().len() as u64),
            lost: progress.lost,
            seconds,
            learned_unix_s: now_s,
            kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease")
                .map(|release| release.trim().to_owned())
                .unwrap_or_default(),
            tool: env!("CARGO_PKG_VERSION").into(),
            model: (manifest.name.clone(), manifest.model_sha256.clone()),
        }
    }
}

/// The alarm about a privileged call of a service that is still being learned.
pub(super) fn alarm(event: &Event, stretch: &Stretch, first: FirstSeen, ids: &IdSource) -> Alarm {
    let end = usize::try_from(first.seq.saturating_sub(stretch.first_seq)).unwrap_or(usize::MAX);
    let end = end.saturating_add(1).min(stretch.calls.len());
    let begin = end.saturating_sub(Flight::CALLS);
    let time_ns = stretch.last_ns.max(event.time_ns);
    let (tid, start) = (
        event.thread.tid.to_le_bytes(),
        event.thread.start_ns.to_le_bytes(),
    );
    Alarm {
        id: ids.id(time_ns, &[&tid, &start, &first.seq.to_le_bytes()]),
        service: "".into(),
        time_ns,
        thread: event.thread,
        comm: event.comm,
        pace: Pace::FirstSeen,
        score: first.nats,
        threshold: 0.0,
        reasons: vec![(Pace::FirstSeen, first.nats, 0.0)],
        first_seen: vec![first],
        evidence: Complete::Complete,
        surprising: Vec::new(),
        flight: Flight {
            first_seq: stretch.first_seq.saturating_add(begin as u64),
            calls: stretch.calls[begin..end].to_vec(),
            names: vec![(stretch.first_seq, event.comm)],
            touches: Vec::new(),
        },
        lineage: Vec::new(),
        who: None,
        suppressed: None,
        provisional: true,
    }
}
