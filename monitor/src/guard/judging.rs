//! One service: what judges it, what learns it, and how far its life has come.

mod accepting;

use std::sync::Arc;
use std::time::Duration;

use super::board::{Action, ServiceStatus, Suppressed};
use super::learner::{self, Learner};
use super::membership::ServiceId;
use super::threads::{MOST_CALLS, MOST_THREADS, ServiceThreads};
use super::validation::{Done, Job};
use crate::config::{Config, Settings};
use crate::detect::counters::Counters;
use crate::detect::detector::{self, Adapting, Detector};
use crate::detect::verdict::Verdict;
use crate::incident::ids::IdSource;
use crate::model::{Model, ScoreError};
use crate::profile::budget;
use crate::profile::file::{encode, hexadecimal};
use crate::profile::{Profile, provenance::Origin};
use crate::service::identity::Identity;
use crate::service::key::Key;
use crate::service::life::{Evidence, Life, Order, State};
use crate::service::release::Release;
use crate::service::store::{Kept, Record, Save};
use crate::syscall::event::{Event, EventKind, ThreadKey};
use sha2::{Digest, Sha256};

/// What all services share.
pub(super) struct Shared {
    pub model: Model,
    pub config: Arc<Config>,
    pub ids: IdSource,
}

/// One service.
pub(super) struct Judging {
    pub key: Key,
    pub identity: Option<Identity>,
    name: Arc<str>,
    settings: Settings,
    life: Life,
    detector: Option<Detector>,
    learner: Option<Learner>,
    /// As of the last tick.
    evidence: Evidence,
    /// A validated profile that waits for a person's approval.
    ready: Option<Box<Profile>>,
    release: Option<Release>,
    paused: bool,
    first_seen_s: u64,
    calls_before: u64,
    lost_before: u64,
    calls: u64,
    /// Of a detector that was replaced.
    counted: Counters,
    provisional: u64,
    profile_sha256: Option<String>,
    last_call_ns: u64,
    validating: Option<u64>,
    validations: u64,
    pending: Vec<Verdict>,
    rate: f64,
    calls_at_tick: u64,
    asked_at_tick: u64,
    /// What has changed since the state was last kept.
    dirty: bool,
    profile_dirty: bool,
    keeps_previous: bool,
    /// Profiles until something was accepted or undone that are not kept yet, by what they are kept as.
    befores: Vec<(String, Box<Profile>)>,
    adapted_kept: u64,
    pub is_active: bool,
    /// Whether what judges or learns it is new, and knows of no thread how far it was seen.
    pub forgot_threads: bool,
    /// Whether the configuration has it watched.
    pub is_watched: bool,
    release_asked_s: u64,
    /// A process whose release is to be read.
    release_of: Option<u32>,
}

/// How long the release of a service is not read again, seconds.
const RELEASE_AGAIN_S: u64 = 10;

impl Judging {
    /// A service that was never seen before.
    pub fn new(key: Key, now_s: u64, shared: &Shared) -> Self {
        Self {
            name: key.as_str().into(),
            settings: shared.config.of_service(&key),
            key,
            identity: None,
            life: Life::begin(now_s),
            detector: None,
            learner: Some(Learner::new()),
            evidence: Evidence::default(),
            ready: None,
            release: None,
            paused: false,
            first_seen_s: now_s,
            calls_before: 0,
            lost_before: 0,
            calls: 0,
            counted: Counters::default(),
            provisional: 0,
            profile_sha256: None,
            last_call_ns: 0,
            validating: None,
            validations: 0,
            pending: Vec::new(),
            rate: 0.0,
            calls_at_tick: 0,
            asked_at_tick: 0,
            dirty: true,
            profile_dirty: false,
            keeps_previous: false,
            befores: Vec::new(),
            adapted_kept: 0,
            is_active: false,
            is_watched: true,
            forgot_threads: false,
            release_asked_s: 0,
            release_of: None,
        }
    }

    /// A service as it was kept.
    pub fn resume(kept: Kept, now_s: u64, shared: &Shared) -> Self {
        let record = kept.record;
        let mut judging = Self::new(record.key, record.first_seen_s, shared);
        judging.life = record.life;
        judging.life.resume();
        judging.release = record.release;
        judging.paused = record.paused;
        judging.calls_before = record.calls;
        judging.lost_before = record.lost;
        judging.learner = kept
            .learned
            .map(|(profile, lives)| Learner::resume(profile, lives));
        match kept.profile {
            Some(profile) => judging.judge_by(profile, shared),
            // What it was judged by is damaged.
            None if matches!(
                judging.life.state(),
                State::Watching | State::Changed | State::Unsettled
            ) =>
            {
                judging.life.relearn(now_s);
            }
            None => {}
        }
        if judging.life.state().learns() && judging.learner.is_none() {
            judging.learner = Some(Learner::new());
        }
        judging.profile_dirty = false;
        judging
    }

    /// Takes other settings up; `before` is the configuration until now. A service that nothing changes for goes on
    /// undisturbed.
    pub fn configure(&mut self, before: &Config, shared: &Shared) {
        self.is_watched = shared.config.watches(&self.key);
        let settings = shared.config.of_service(&self.key);
        if settings == self.settings && before.alarms == shared.config.alarms {
            return;
        }
        self.settings = settings;
        if let Some(profile) = self.detector.take().and_then(|mut detector| {
            // Its streams end here: thresholds are theirs from the beginning.
            self.count(&mut detector);
            detector.into_profile()
        }) {
            self.judge_by(profile, shared);
            self.profile_dirty = false;
        }
    }

    fn count(&mut self, detector: &mut Detector) {
        // Verdicts about the ends of its threads; inference was done for all that was queued.
        let _ = detector.finish(&mut self.pending);
        self.counted.join(&detector.counters());
        self.counted.open_threads = 0;
        self.adapted_kept = 0;
    }

    fn judge_by(&mut self, profile: Profile, shared: &Shared) {
        if let Some(mut before) = self.detector.take() {
            self.count(&mut before);
        }
        let alarms = &shared.config.alarms;
        let settings = detector::Settings {
            max_threads: self.settings.threads,
            alarms_per_minute: Some(alarms.per_minute).filter(|&it| it > 0),
            again_after: Some(alarms.again_after.0).filter(|it| !it.is_zero()),
            service: Arc::clone(&self.name),
            ids: shared.ids.clone(),
            ..detector::Settings::default()
        };
        let (thresholds, _) = budget::thresholds(&profile, &self.settings.budget);
        self.profile_sha256 = Some(hexadecimal(&Sha256::digest(encode(&profile))));
        let model = shared.model.clone();
        let mut detector = Detector::with_profile(model, profile, thresholds, settings);
        if self.settings.adapt {
            detector.adapt(Adapting::default());
        }
        self.detector = Some(detector);
        self.forgot_threads = true;
        self.profile_dirty = true;
        self.dirty = true;
    }

    /// Whether its calls are judged or learned.
    pub const fn hears(&self) -> bool {
        !self.paused && self.is_watched
    }

    /// A thread is of another service from now on, after `seq` calls.
    pub fn leave(&mut self, event: &Event, seq: u64) {
        let left = Event {
            kind: EventKind::Exit { count: seq },
            ..event.clone()
        };
        if let Some(learner) = &mut self.learner {
            learner.push(&left);
        }
        if let Some(detector) = &mut self.detector {
            detector.push(&left);
        }
    }

    /// A thread that was another service's is this one's from now on, after `seq` calls; `begun` tells whether it was seen to
    /// begin.
    pub fn join(&mut self, thread: ThreadKey, seq: u64, begun: bool) {
        if let Some(learner) = &mut self.learner {
            learner.expect(thread, seq, begun);
        }
        if let Some(detector) = &mut self.detector {
            detector.expect(thread, seq);
        }
    }

    /// Takes an event in.
    pub fn push(&mut self, event: &Event, shared: &Shared) {
        if let EventKind::Calls(stretch) = &event.kind {
            self.calls += stretch.calls.len() as u64;
            self.last_call_ns = self.last_call_ns.max(stretch.last_ns).max(event.time_ns);
        }
        if !self.hears() {
            return;
        }
        if let Some(learner) = &mut self.learner {
            self.dirty = true;
            let first = learner.push(event);
            // Before a profile is fit, only this is told, and nothing of how a service starts.
            let tells = self.detector.is_none() && self.life.state() != State::New;
            if let (Some(first), EventKind::Calls(stretch), true) = (first, &event.kind, tells) {
                let alarm = learner::alarm(event, stretch, first, &shared.ids);
                self.provisional += 1;
                self.pending.push(Verdict::Alarm(Box::new(alarm)));
            }
        }
        if let Some(detector) = &mut self.detector {
            detector.push(event);
        }
    }

    /// Judges what is queued; every verdict names the service.
    pub fn score(&mut self, now_s: u64, verdicts: &mut Vec<Verdict>) -> Result<(), ScoreError> {
        let from = verdicts.len();
        verdicts.append(&mut self.pending);
        if let Some(detector) = &mut self.detector {
            detector.score(verdicts)?;
        }
        self.name_in(&mut verdicts[from..], now_s);
        Ok(())
    }

    /// Judges what is queued and ends all streams.
    pub fn finish(&mut self, now_s: u64, verdicts: &mut Vec<Verdict>) -> Result<(), ScoreError> {
        let from = verdicts.len();
        verdicts.append(&mut self.pending);
        if let Some(detector) = &mut self.detector {
            detector.finish(verdicts)?;
        }
        self.name_in(&mut verdicts[from..], now_s);
        Ok(())
    }

    fn name_in(&self, verdicts: &mut [Verdict], now_s: u64) {
        for verdict in verdicts {
            let Verdict::Alarm(alarm) = verdict else {
                continue;
            };
            alarm.service = Arc::clone(&self.name);
            let privileged = alarm.first_seen.iter().any(|it| it.is_privileged());
            // A change was told; what goes with it weighs little, but for what no release is an excuse for.
            let of_change = self.life.is_grouped(now_s) && !privileged;
            alarm.provisional |= of_change || self.life.state() == State::Unsettled;
        }
    }

    /// Says how the events' clock relates to the time of day.
    pub fn set_clock_offset(&mut self, unix_offset_ns: i128) {
        if let Some(detector) = &mut self.detector {
            detector.set_clock_offset(unix_offset_ns);
        }
    }

    /// Lets time pass, by the clock of the events.
    pub fn advance(&mut self, now_ns: u64, now_s: u64, verdicts: &mut Vec<Verdict>) {
        let from = verdicts.len();
        verdicts.append(&mut self.pending);
        if let Some(detector) = &mut self.detector {
            detector.advance(now_ns, verdicts);
        }
        self.name_in(&mut verdicts[from..], now_s);
    }

    /// Lets the model see that share of the calls that ask for it.
    pub fn limit_model(&mut self, share: f64) {
        if let Some(detector) = &mut self.detector {
            detector.limit_model(share);
        }
    }

    /// Calls that asked the model since this was last asked.
    pub fn newly_asked(&mut self) -> u64 {
        let asked = self.detector.as_ref().map_or(0, |it| it.counters().asked);
        let before = std::mem::replace(&mut self.asked_at_tick, asked);
        asked.saturating_sub(before)
    }

    fn look(&mut self) -> Evidence {
        let learner = self.learner.as_mut();
        self.evidence = learner.map(Learner::evidence).unwrap_or_default();
        self.evidence
    }

    /// Lets time go by. Gives what is to be validated.
    pub fn tick(
        &mut self,
        id: ServiceId,
        now_s: u64,
        passed: Duration,
        shared: &Shared,
        remark: &mut dyn FnMut(String),
    ) -> Option<Job> {
        #[expect(clippy::cast_precision_loss, reason = "a rate need not be exact")]
        let rate = (self.calls - self.calls_at_tick) as f64 / passed.as_secs_f64().max(1e-3);
        // Over about ten ticks.
        self.rate += (rate - self.rate) * 0.1;
        self.calls_at_tick = self.calls;
        if !self.hears() {
            return None;
        }
        let evidence = self.look();
        let before = self.life.state();
        self.life.learned_for(passed, &evidence);
        let order = self.life.step(now_s, &evidence, &self.settings);
        let job = match order {
            Some(Order::Validate) => self.job(id, now_s, shared),
            Some(Order::Watch) => {
                match self.ready.take() {
                    Some(profile) => self.watch(*profile, shared),
                    None => self.life.not_validated(now_s),
                }
                None
            }
            None => None,
        };
        self.entered(before, remark);
        job
    }

    fn entered(&mut self, before: State, remark: &mut dyn FnMut(String)) {
        let now = self.life.state();
        if now != before {
            self.dirty = true;
            // A validation that found too little is shown as what is lacking.
            let again = before == State::Validating && now == State::Learning;
            if now != State::Validating && !again {
                remark(format!("{}: {before} → {now}", self.key));
            }
        }
    }

    fn job(&mut self, id: ServiceId, now_s: u64, shared: &Shared) -> Option<Job> {
        let learner = self.learner.as_ref()?;
        let seconds = self.life.learned().as_secs_f64();
        let origin: Origin = learner.origin(&self.key, seconds, now_s, &shared.model);
        let (mut profile, lives) = learner.copy();
        profile.provenance.origins.push(origin);
        if self.life.state() == State::Changed
            && let Some(old) = self.detector.as_ref().and_then(Detector::profile)
        {
            // What the release before did stays normal.
            let mut merged = old.clone();
            if merged.merge(&profile).is_ok() {
                return self.numbered(id, merged, Vec::new());
            }
        }
        self.numbered(id, profile, lives)
    }

    fn numbered(
        &mut self,
        service: ServiceId,
        profile: Profile,
        lives: Vec<crate::learn::census::Life>,
    ) -> Option<Job> {
        self.validations += 1;
        self.validating = Some(self.validations);
        Some(Job {
            service,
            number: self.validations,
            profile,
            lives,
            budget: self.settings.budget,
        })
    }

    /// Takes the outcome of a validation.
    pub fn validated(
        &mut self,
        done: Done,
        now_s: u64,
        shared: &Shared,
        remark: &mut dyn FnMut(String),
    ) {
        if self.validating.take_if(|it| *it == done.number).is_none() {
            return;
        }
        let before = self.life.state();
        match done.result {
            Err(why) => {
                self.life.not_validated(now_s);
                remark(format!(
                    "{}: what was learned could not be validated: {why}",
                    self.key
                ));
            }
            Ok((profile, found)) => {
                let evidence = self.look();
                let order = self.life.validated(now_s, found, &evidence, &self.settings);
                if order == Some(Order::Watch) {
                    self.watch(*profile, shared);
                } else if self.life.state() == State::Settled {
                    self.ready = Some(profile);
                }
            }
        }
        self.entered(before, remark);
    }

    /// It is judged by this profile from here on.
    fn watch(&mut self, profile: Profile, shared: &Shared) {
        self.judge_by(profile, shared);
        self.keeps_previous = true;
        if self.life.state() == State::Watching {
            self.learner = None;
        }
    }

    /// Hears which release a process of it is.
    pub fn released(&mut self, found: Release, now_s: u64, remark: &mut dyn FnMut(String)) {
        let change = self.release.as_ref().and_then(|it| it.change(&found));
        if let Some(change) = change {
            let before = self.life.state();
            if self.life.changed(now_s) {
                self.learn_anew();
                remark(format!("{} changed: {change}", self.key));
            }
            self.entered(before, remark);
        }
        match &mut self.release {
            Some(known) => known.take_up(found),
            none => *none = Some(found),
        }
        self.dirty = true;
    }

    /// A process of it began, or runs another program: its release is to be read.
    pub const fn began(&mut self, pid: u32) {
        self.release_of = Some(pid);
    }

    /// The process whose release is to be read by now, and who and of which release the service is as far as is known.
    pub fn release_to_read(&mut self, now_s: u64) -> Option<(u32, Identity, Option<Release>)> {
        if now_s.saturating_sub(self.release_asked_s) < RELEASE_AGAIN_S {
            return None;
        }
        let identity = self.identity.clone()?;
        let pid = self.release_of.take()?;
        self.release_asked_s = now_s;
        Some((pid, identity, self.release.clone()))
    }

    fn learn_anew(&mut self) {
        self.learner = Some(Learner::new());
        self.forgot_threads = true;
    }

    /// Does what a person asked. What came of it, in words.
    pub fn act(
        &mut self,
        action: Action,
        previous: Option<Profile>,
        now_s: u64,
        shared: &Shared,
    ) -> Result<String, String> {
        self.dirty = true;
        let key = &self.key;
        match action {
            Action::Approve => {
                if !self.life.approve() {
                    return Err(format!("{key} is watched already"));
                }
                Ok(format!(
                    "{key} is approved: it is validated and watched as soon as that is done"
                ))
            }
            Action::Relearn => {
                let told = format!("{key} is learned anew");
                self.life.relearn(now_s);
                self.learn_anew();
                self.validating = None;
                if let Some(mut detector) = self.detector.take() {
                    self.count(&mut detector);
                }
                Ok(told)
            }
            Action::Pause => {
                self.paused = true;
                Ok(format!(
                    "{key} is paused: it is neither judged nor learned until it is resumed"
                ))
            }
            Action::Resume => {
                self.paused = false;
                Ok(format!("{key} goes on"))
            }
            Action::Rollback => {
                let previous = previous.ok_or_else(|| format!("{key} has no previous profile"))?;
                let told = format!("{key} is judged by its previous profile again");
                self.judge_by(previous, shared);
                self.keeps_previous = true;
                self.life.rolled_back(now_s);
                self.learner = None;
                self.validating = None;
                Ok(told)
            }
        }
    }

    /// Its threads with their last calls.
    pub fn threads(&mut self) -> Result<ServiceThreads, ScoreError> {
        let lacking = self.lacking();
        let tails = match &mut self.detector {
            Some(detector) => detector.tails(MOST_THREADS, MOST_CALLS)?,
            None => Vec::new(),
        };
        let open = self.counters().open_threads;
        Ok(ServiceThreads {
            service: self.key.to_string(),
            judged: self.detector.is_some(),
            lacking,
            left_out: open.saturating_sub(tails.len() as u64),
            threads: tails.into_iter().map(Into::into).collect(),
        })
    }

    fn lacking(&self) -> Vec<String> {
        if self.learner.is_some() && self.life.state() != State::Changed {
            self.life.lacks(&self.evidence, &self.settings)
        } else {
            Vec::new()
        }
    }

    /// What is to be kept, if anything changed.
    pub fn save(&mut self) -> Option<Box<Save>> {
        let adapted = self.detector.as_ref().map_or(0, |it| it.counters().adapted);
        let learned_on = adapted > self.adapted_kept;
        if !self.dirty && !learned_on {
            return None;
        }
        let profile = self.detector.as_ref().and_then(Detector::profile);
        let profile = profile.filter(|_| self.profile_dirty || learned_on);
        let mut record = Record::new(self.key.clone(), self.life.clone(), self.first_seen_s);
        record.release.clone_from(&self.release);
        record.paused = self.paused;
        record.calls = self.calls_before + self.calls;
        record.lost = self.lost();
        let save = Save {
            record,
            profile: profile.map(|it| Box::new(it.clone())),
            learned: self.learner.as_ref().map(|learner| {
                let (profile, lives) = learner.copy();
                (Box::new(profile), lives)
            }),
            keeps_previous: std::mem::take(&mut self.keeps_previous),
            befores: std::mem::take(&mut self.befores),
            ends_learning: self.learner.is_none(),
        };
        self.dirty = false;
        self.profile_dirty = false;
        self.adapted_kept = adapted;
        Some(Box::new(save))
    }

    /// A save that found no room is to be made again.
    pub fn unsaved(&mut self, save: Save) {
        self.dirty = true;
        self.befores = save.befores;
        self.profile_dirty |= save.profile.is_some();
        self.keeps_previous |= save.keeps_previous;
    }

    fn lost(&self) -> u64 {
        self.lost_before + self.evidence.lost.max(self.counters().lost)
    }

    /// What was counted of it.
    pub fn counters(&self) -> Counters {
        let mut counters = self.counted.clone();
        match &self.detector {
            Some(detector) => counters.join(&detector.counters()),
            None => counters.calls = counters.calls.max(self.calls),
        }
        counters.alarms += self.provisional;
        counters
    }

    /// How it stands.
    pub fn status(&self) -> ServiceStatus {
        let evidence = self.evidence;
        let counters = self.counters();
        let identity = self.identity.as_ref();
        ServiceStatus {
            service: self.key.to_string(),
            state: self.life.state(),
            since_s: self.life.since_s(),
            lacking: self.lacking(),
            paused: self.paused,
            release: self.release.as_ref().and_then(Release::words),
            unit: identity.and_then(|it| it.unit.clone()),
            cgroup: identity
                .and_then(|it| it.cgroup.as_ref())
                .map(|it| it.path.clone()),
            container_id: identity.and_then(|it| it.container_id.clone()),
            container: identity.and_then(|it| it.container.clone()),
            inner_container_id: identity.and_then(|it| it.inner_id.clone()),
            image: identity.and_then(|it| it.image.clone()),
            pod: identity
                .and_then(|it| it.pod.as_ref())
                .map(|pod| format!("{}/{}", pod.namespace, pod.name)),
            calls: self.calls_before + self.calls,
            calls_per_second: self.rate,
            lost: self.lost(),
            threads: counters.open_threads,
            learned: evidence.calls,
            learned_s: self.life.learned().as_secs_f64(),
            novelty: evidence.novelty,
            alarms: counters.alarms,
            nearest: self
                .detector
                .as_ref()
                .and_then(Detector::nearest)
                .map(Into::into),
            incidents: (0, 0),
            suppressed: Suppressed {
                alike: counters.alike,
                rate: counters.suppressed,
            },
            scored: counters.scored,
            io_uring_enter: counters.io_uring_enter,
            budget_per_second: self.settings.budget.per_second(),
            last_call_ns: self.last_call_ns,
            profile_sha256: self.profile_sha256.clone(),
            budget: self.settings.budget.to_string(),
        }
    }
}
