//! One service of the host: what judges and learns it, and how far its life has come.

mod accepting;

mod acting;

mod keeping;

mod living;

mod release;

mod showing;

use std::sync::Arc;

use crate::config::{Config, Settings};
use crate::detect::verdict::Verdict;
use crate::incident::ids::IdSource;
use crate::judging::{Judging, Rules};
use crate::learn::Learner;
use crate::model::{Model, ScoreError};
use crate::profile::{Profile, file};
use crate::service::identity::Identity;
use crate::service::key::Key;
use crate::service::life::{Evidence, Life, State};
use crate::service::store::{Kept, Store};
use crate::syscall::event::{Event, EventKind, ThreadKey};
use keeping::Unkept;
use release::Releases;

/// What all services share.
pub(super) struct Shared {
    pub model: Model,
    pub config: Arc<Config>,
    pub ids: IdSource,
    pub store: Store,
}

/// One service.
pub(super) struct Service {
    pub key: Key,
    pub identity: Option<Identity>,
    name: Arc<str>,
    settings: Settings,
    life: Life,
    judging: Judging,
    /// As of the last tick.
    evidence: Evidence,
    /// A validated profile that waits for a person's approval.
    ready: Option<Box<Profile>>,
    releases: Releases,
    paused: bool,
    first_seen_s: u64,
    calls_before: u64,
    lost_before: u64,
    /// What detectors had lost when what is learned now began.
    lost_at_learning: u64,
    calls: u64,
    profile_sha256: Option<String>,
    last_call_ns: u64,
    /// The number of the validation that is waited for.
    validating: Option<u64>,
    validations: u64,
    rate: f64,
    calls_at_tick: u64,
    unkept: Unkept,
    pub is_active: bool,
    /// Whether what judges or learns it is new, and knows of no thread how far it was seen.
    pub forgot_threads: bool,
    /// Whether it lacks what was touched up to now.
    pub forgot_touches: bool,
    /// Whether the configuration has it watched.
    pub is_watched: bool,
}

impl Service {
    /// A service that was never seen before.
    pub(super) fn new(key: Key, now_s: u64, shared: &Shared) -> Self {
        Self {
            name: key.as_str().into(),
            settings: shared.config.of_service(&key),
            key,
            identity: None,
            life: Life::begin(now_s),
            judging: Judging::new(None, Some(new_learner())),
            evidence: Evidence::default(),
            ready: None,
            releases: Releases::default(),
            paused: false,
            first_seen_s: now_s,
            calls_before: 0,
            lost_before: 0,
            lost_at_learning: 0,
            calls: 0,
            profile_sha256: None,
            last_call_ns: 0,
            validating: None,
            validations: 0,
            rate: 0.0,
            calls_at_tick: 0,
            unkept: Unkept::of_a_new_service(),
            is_active: false,
            is_watched: true,
            forgot_threads: false,
            forgot_touches: false,
        }
    }

    /// A service as it was kept.
    pub(super) fn resume(kept: Kept, now_s: u64, shared: &Shared) -> Self {
        let record = kept.record;
        let mut service = Self::new(record.key, record.first_seen_s, shared);
        service.life = record.life;
        service.life.resume();
        service.releases = Releases::new(record.release);
        service.paused = record.paused;
        service.calls_before = record.calls;
        service.lost_before = record.lost;
        let learned = kept.learned;
        let learner = learned.map(|(profile, lives)| Learner::among_many(profile, lives));
        service.judging.learn_by(learner);
        match kept.profile {
            Some(profile) => service.judge_by(profile, shared),
            // What it was judged by is damaged.
            None if matches!(
                service.life.state(),
                State::Watching | State::Changed | State::Unsettled
            ) =>
            {
                service.life.relearn(now_s);
            }
            None => {}
        }
        if service.life.state().learns() && service.judging.learner().is_none() {
            service.judging.learn_by(Some(new_learner()));
        }
        service.unkept.profile = false;
        service
    }

    /// Takes other settings up; `before` is the configuration until now. A service that nothing
    /// changes for goes on undisturbed.
    pub(super) fn configure(&mut self, before: &Config, shared: &Shared) {
        self.is_watched = shared.config.watches(&self.key);
        let settings = shared.config.of_service(&self.key);
        if settings == self.settings && before.alarms == shared.config.alarms {
            return;
        }
        self.settings = settings;
        // Its streams end here: thresholds are theirs from the beginning.
        let before = self.judging.judge_by(None);
        if let Some(profile) = before.and_then(|it| it.into_profile()) {
            self.judge_by(profile, shared);
            self.unkept.profile = false;
        }
    }

    /// It is judged by this profile from here on.
    fn judge_by(&mut self, profile: Profile, shared: &Shared) {
        let (config, ids) = (&shared.config, shared.ids.clone());
        let rules = Rules::new(&self.settings, &config.alarms, Arc::clone(&self.name), ids);
        self.profile_sha256 = Some(file::sha256(&profile));
        let mut detector = rules.detector(shared.model.clone(), Some(profile));
        let path = shared.store.profile_path(&self.key);
        detector.name_versions(path.to_str().map(Into::into));
        self.judging.judge_by(Some(detector));
        self.forgot_threads = true;
        self.unkept.profile = true;
        self.unkept.state = true;
    }

    fn learn_anew(&mut self) {
        self.judging.learn_by(Some(new_learner()));
        self.forgot_threads = true;
        self.forgot_touches = true;
    }

    /// Whether its calls are judged or learned.
    pub(super) const fn hears(&self) -> bool {
        !self.paused && self.is_watched
    }

    /// A thread is of another service from now on, after `seq` calls.
    pub(super) fn leave(&mut self, event: &Event, seq: u64) {
        self.judging.leave(event, seq);
    }

    /// A thread that was another service's is this one's from now on, after `seq` calls; `begun`
    /// tells whether it was seen to begin.
    pub(super) fn join(&mut self, thread: ThreadKey, seq: u64, begun: bool) {
        self.judging.join(thread, seq, begun);
    }

    /// Takes an event in.
    pub(super) fn push(&mut self, event: &Event, shared: &Shared) {
        if let EventKind::Calls(stretch) = &event.kind {
            self.calls += stretch.calls.len() as u64;
            self.last_call_ns = self.last_call_ns.max(stretch.last_ns).max(event.time_ns);
        }
        if !self.hears() {
            return;
        }
        self.unkept.state |= self.judging.learner().is_some();
        // Before a profile is fit, only a privileged call is told, and nothing of how a service
        // starts.
        let ids = (self.life.state() != State::New).then_some(&shared.ids);
        self.judging.push(event, ids);
    }

    /// Judges what is queued; every verdict names the service.
    pub(super) fn score(
        &mut self,
        now_s: u64,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), ScoreError> {
        let from = verdicts.len();
        self.judging.score(verdicts)?;
        self.name_in(&mut verdicts[from..], now_s);
        Ok(())
    }

    /// Judges what is queued and ends all streams.
    pub(super) fn finish(
        &mut self,
        now_s: u64,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), ScoreError> {
        let from = verdicts.len();
        self.judging.finish(verdicts)?;
        self.name_in(&mut verdicts[from..], now_s);
        Ok(())
    }

    /// Lets time pass, by the clock of the events.
    pub(super) fn advance(&mut self, now_ns: u64, now_s: u64, verdicts: &mut Vec<Verdict>) {
        let from = verdicts.len();
        self.judging.advance(now_ns, verdicts);
        self.name_in(&mut verdicts[from..], now_s);
    }

    fn name_in(&self, verdicts: &mut [Verdict], now_s: u64) {
        for verdict in verdicts {
            let Verdict::Alarm(alarm) = verdict else {
                continue;
            };
            alarm.service = Arc::clone(&self.name);
            let privileged = alarm.first_seen.iter().any(|it| it.is_privileged());
            // A change was told, and of an unsettled service too little is known: what goes with it
            // weighs little, but for what neither is an excuse for.
            let is_excused = self.life.is_grouped(now_s) || self.life.state() == State::Unsettled;
            alarm.provisional |= is_excused && !privileged;
        }
    }

    /// Says how the events' clock relates to the time of day.
    pub(super) const fn set_clock_offset(&mut self, unix_offset_ns: i128) {
        self.judging.set_clock_offset(unix_offset_ns);
    }

    /// Lets the model see that share of the calls that ask for it.
    pub(super) fn limit_model(&mut self, share: f64) {
        self.judging.limit_model(share);
    }

    /// Calls that asked the model since this was last asked.
    pub(super) fn newly_asked(&mut self) -> u64 {
        self.judging.newly_asked()
    }
}

fn new_learner() -> Learner {
    Learner::among_many(Profile::default(), Vec::new())
}
