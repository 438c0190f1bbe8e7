//! A service that is being learned: from a recording, in a run of its own, or among all services of
//! a host.

use sha2::{Digest, Sha256};

use super::census::{Census, Life, MOST_KEPT_AMONG_MANY, Progress};
use super::finish;
use super::made::Made;
use crate::model::{Model, ScoreError};
use crate::profile::Profile;
use crate::profile::class::is_privileged;
use crate::profile::first_seen::{First, FirstSeen};
use crate::profile::provenance::Origin;
use crate::service::life::Evidence;
use crate::syscall::event::{Comm, Event, EventKind, ThreadKey};

/// Learns events as they come, knows what that has come to, and makes a profile of it.
pub struct Learner {
    census: Census,
    /// What was learned from so far.
    origins: Vec<Origin>,
    begun_twice: bool,
}

impl Learner {
    /// Adds to `profile`; what is held out takes an eighth of so many bytes at most, those that the
    /// process may still have.
    #[must_use]
    pub fn alone(profile: Profile, spare_bytes: u64) -> Self {
        Self::of(Census::new(profile).within(spare_bytes))
    }

    /// Goes on with what was kept of one service among many.
    #[must_use]
    pub fn among_many(profile: Profile, lives: Vec<Life>) -> Self {
        Self::of(Census::resume(profile, lives, MOST_KEPT_AMONG_MANY))
    }

    const fn of(census: Census) -> Self {
        Self {
            census,
            origins: Vec::new(),
            begun_twice: false,
        }
    }

    /// A thread that was another service's up to the call at `seq` is this one's from there on;
    /// `begun` tells whether it was seen to begin.
    pub fn expect(&mut self, thread: ThreadKey, seq: u64, begun: bool) {
        self.census.expect(thread, seq, begun);
    }

    /// Learns an event. Gives the privileged call in it that was never made before, if there is
    /// one.
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
            until_quiet: profile
                .novelty
                .calls_until_settled(profile.known.sightings()),
            novelty: progress.novelty,
            begun_twice: self.begun_twice,
        }
    }

    /// How learning from this source stands.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.census.progress()
    }

    /// The name of the life that made the most calls.
    #[must_use]
    pub fn busiest_name(&self) -> Option<Comm> {
        self.census.busiest_name()
    }

    /// Whether the recording of this SHA-256 was learned, now or before.
    #[must_use]
    pub fn has_learned(&self, sha256: &str) -> bool {
        let now = self.origins.iter().any(|it| it.sha256 == sha256);
        now || self.census.profile().provenance.has(sha256)
    }

    /// Whether anything was learned from to its end.
    #[must_use]
    pub const fn has_ended_any(&self) -> bool {
        !self.origins.is_empty()
    }

    /// A source is over: its threads end, and what was learned of it has this origin. `sha256` is
    /// that of its bytes, where it has any.
    pub fn end_source(
        &mut self,
        name: &str,
        sha256: Option<String>,
        about: String,
        made: &Made,
    ) -> Progress {
        let progress = self.census.end_source();
        let of_run = || of_run(name, made.unix_s, &progress);
        self.origins.push(Origin {
            name: name.to_owned(),
            sha256: sha256.unwrap_or_else(of_run),
            about,
            calls: progress.calls,
            lives: progress.lives,
            lost: progress.lost,
            seconds: progress.seconds,
            ..made.origin()
        });
        progress
    }

    /// Calls in all that the profile was learned from, those before included.
    #[must_use]
    pub fn calls(&self) -> u64 {
        let now = self.origins.iter().map(|it| it.calls);
        now.fold(
            self.census.profile().provenance.calls(),
            u64::saturating_add,
        )
    }

    /// Validates what was learned from the sources that ended ([`finish()`](super::finish()));
    /// `tell` hears how many of how many calls are done.
    ///
    /// # Errors
    /// When inference fails.
    pub fn finish(
        mut self,
        model: Model,
        tell: &mut dyn FnMut(u64, u64),
    ) -> Result<Profile, ScoreError> {
        self.census.note(self.origins);
        let (profile, lives) = self.census.into_parts();
        finish(model, profile, &lives, tell)
    }

    /// A copy of what was learned, to be kept, and the lives to hold out.
    #[must_use]
    pub fn copy(&self) -> (Profile, Vec<Life>) {
        (self.census.profile().clone(), self.census.lives().to_vec())
    }

    /// The same, to be validated: with its origin, a service that goes on and was learned for so
    /// many seconds.
    #[must_use]
    pub fn copy_with_origin(
        &self,
        service: &str,
        seconds: f64,
        made: &Made,
    ) -> (Profile, Vec<Life>) {
        let (mut profile, lives) = self.copy();
        let progress = self.census.progress();
        let calls = profile.known.learned().calls;
        profile.provenance.origins.push(Origin {
            name: service.to_owned(),
            sha256: of_run(&format!("{service}\n{calls}"), made.unix_s, &progress),
            calls,
            lives: progress.lives.max(lives.len() as u64),
            lost: progress.lost,
            seconds,
            ..made.origin()
        });
        (profile, lives)
    }
}

/// The digest of what was learned from no file that could be learned again: told from every other
/// by when it was, and how much.
fn of_run(name: &str, unix_s: u64, progress: &Progress) -> String {
    let run = format!("{name}\n{unix_s}\n{progress:?}");
    hex::encode(Sha256::digest(run))
}

#[cfg(test)]
mod tests {
    use super::{Learner, Made};
    use crate::profile::Profile;
    use crate::syscall::event::{Abi, Call, Comm, Event, EventKind, ServiceId, Stretch, ThreadKey};

    fn event(numbers: &[u32], first_seq: u64) -> Event {
        let calls = numbers.iter().map(|&number| Call {
            abi: Abi::X86_64,
            number,
        });
        Event {
            service: ServiceId::NONE,
            thread: ThreadKey {
                tgid: 7,
                tid: 7,
                start_ns: 1,
            },
            comm: Comm::new(b"web"),
            time_ns: 1_000_000_000 * (1 + first_seq),
            kind: EventKind::Calls(Stretch {
                first_seq,
                last_ns: 1_000_000_000 * (1 + first_seq),
                calls: calls.collect(),
            }),
        }
    }

    #[test]
    fn a_privileged_call_is_given_once_with_its_place() {
        let mut learner = Learner::among_many(Profile::default(), Vec::new());
        assert!(learner.push(&event(&[0, 1, 0], 0)).is_none());
        // 175 is init_module.
        let first = learner.push(&event(&[0, 175], 3)).expect("privileged");
        assert_eq!(first.seq, 4);
        assert!(learner.push(&event(&[175], 5)).is_none());
        assert_eq!(learner.evidence().calls, 6);
    }

    #[test]
    fn what_was_learned_from_is_known_again_and_counted() {
        let mut learner = Learner::alone(Profile::default(), 1 << 20);
        assert!(!learner.has_ended_any());
        let made = Made::default();
        for (name, digest) in [("a", Some("aa".to_owned())), ("b", None)] {
            learner.push(&event(&[0, 1, 0], 0));
            let progress = learner.end_source(name, digest, String::new(), &made);
            assert_eq!((progress.calls, progress.lives), (3, 1));
        }
        assert!(learner.has_learned("aa") && !learner.has_learned("b"));
        assert_eq!(learner.calls(), 6);
    }
}
