//! Watches every service of a host at once, each by its own profile.
//!
//! [`Guard`] is the engine of such a run: it tells whose each event is, hands it to that service's own judging, and leads
//! each service through its life. The services share the model, its share of the CPU, the thread that validates and the one
//! that writes the state; threads, alarms and what is learned are each service's own, so that none of them crowds out another.

pub mod board;

pub mod acceptance;

pub mod threads;

pub mod keeper;

pub mod membership;

pub mod lookup;

pub mod claims;

#[cfg(feature = "live")]
pub mod control;

mod judging;

mod learner;

mod rights;

mod share;

mod validation;

mod whereabouts;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};

use crate::config::Config;
use crate::detect::counters::Counters;
use crate::detect::verdict::Verdict;
use crate::incident::ids::IdSource;
use crate::model::Model;
use crate::pipeline::{Engine, EngineError};
use crate::profile::Profile;
use crate::service::identity::Identity;
use crate::service::key::{Key, KeyKind};
use crate::service::store::Kept;
use crate::syscall::event::{Event, EventKind};

use acceptance::Acceptance;
use board::{Action, Board};
use claims::Claims;
use judging::{Judging, Shared};
use keeper::Keeper;
use lookup::Lookups;
use membership::{Members, Membership, ServiceId, Told};
use threads::ServiceThreads;
use validation::Validation;
use whereabouts::Whereabouts;

/// How often lives go on and the board is written.
const TICK: Duration = Duration::from_secs(1);

/// Services whose threads are looked at within a tick, at most: it holds up judging.
const LOOKS: usize = 4;

/// What a crash may cost of what was learned.
const SAVED_WITHIN: Duration = Duration::from_secs(30);

/// Something asked of a guard while it runs.
pub enum Request {
    /// Of one service.
    Act {
        /// Which.
        service: Key,
        /// What.
        action: Action,
        /// The profile before, for [`Action::Rollback`]: read by whoever may, since the guard itself may not.
        previous: Option<Box<Profile>>,
        /// Where the outcome goes: in words, what was done or why not.
        reply: Sender<Result<String, String>>,
    },
    /// The threads of a service with their last calls.
    Look {
        /// Which.
        service: Key,
        /// Where they go, or why there are none.
        reply: Sender<Result<ServiceThreads, String>>,
    },
    /// Take an incident or an alarm as normal, or take that back.
    Accept(Box<Acceptance>),
    /// Go on by another configuration.
    Configure(Arc<Config>),
}

/// What a guard is made of.
pub struct Parts {
    /// The general model that all services share.
    pub model: Model,
    /// The configuration.
    pub config: Arc<Config>,
    /// Tells whose a process is, and of which release.
    pub lookups: Lookups,
    /// What the probe is told.
    pub claims: Box<dyn Claims>,
    /// What was kept of the services.
    pub kept: Vec<Kept>,
    /// Writes the state.
    pub keeper: Keeper,
    /// Where it is shown how the host stands.
    pub board: Board,
    /// What is asked meanwhile.
    pub requests: Receiver<Request>,
    /// Makes the ids of alarms.
    pub ids: IdSource,
    /// Hears what happens to services, in words.
    pub remark: Box<dyn FnMut(String) + Send>,
    /// Called whenever the guard has made its round: a watchdog's food.
    pub alive: Box<dyn FnMut() + Send>,
}

/// The engine of a run over all services of a host.
pub struct Guard {
    shared: Shared,
    services: Vec<Judging>,
    by_key: HashMap<Key, ServiceId>,
    members: Members,
    whereabouts: Whereabouts,
    lookups: Lookups,
    claims: Box<dyn Claims>,
    validation: Validation,
    keeper: Keeper,
    board: Board,
    requests: Receiver<Request>,
    remark: Box<dyn FnMut(String) + Send>,
    alive: Box<dyn FnMut() + Send>,
    /// Services with something queued.
    active: Vec<ServiceId>,
    begun: Instant,
    ticked: Instant,
    saved: Instant,
    next_saved: usize,
    unwatched: u64,
    left_out: u64,
    model_share: f64,
    waiting: Vec<validation::Job>,
}

impl Guard {
    /// A guard that has seen no event.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn new(parts: Parts) -> std::io::Result<Self> {
        let shared = Shared {
            model: parts.model,
            config: parts.config,
            ids: parts.ids,
        };
        let now = Instant::now();
        let mut guard = Self {
            validation: Validation::start(shared.model.clone())?,
            shared,
            services: Vec::new(),
            by_key: HashMap::new(),
            members: Members::default(),
            whereabouts: Whereabouts::default(),
            lookups: parts.lookups,
            claims: parts.claims,
            keeper: parts.keeper,
            board: parts.board,
            requests: parts.requests,
            remark: parts.remark,
            alive: parts.alive,
            active: Vec::new(),
            begun: now,
            ticked: now,
            saved: now,
            next_saved: 0,
            unwatched: 0,
            left_out: 0,
            model_share: 1.0,
            waiting: Vec::new(),
        };
        for kept in parts.kept {
            if guard.shared.config.watches(&kept.record.key) {
                let judging = Judging::resume(kept, unix_s(), &guard.shared);
                guard.add(judging);
            }
        }
        guard.show();
        Ok(guard)
    }

    fn add(&mut self, judging: Judging) -> ServiceId {
        let id = ServiceId::try_from(self.services.len()).unwrap_or(ServiceId::MAX);
        self.by_key.insert(judging.key.clone(), id);
        self.services.push(judging);
        id
    }

    /// The service of an event; `None` when nobody watches it.
    fn whose(&mut self, event: &Event) -> Option<ServiceId> {
        let told = self.told(event);
        let found = match self.members.of(event, told, &mut self.lookups) {
            Membership::Of(id) => Some(id),
            Membership::None => None,
            Membership::Asked(identity) => {
                let id = identity.and_then(|it| self.asked(*it, event));
                self.members.note(event, id);
                id
            }
        };
        self.members.follow(event, found);
        found
    }

    /// What the probe says of an event.
    fn told(&self, event: &Event) -> Told {
        let id = self.claims.service(event.service);
        let known = id.and_then(|id| Some((id, self.services.get(id as usize)?)));
        match known {
            None => Told::Nothing,
            Some((id, it)) => match it.key.kind() {
                KeyKind::Executable => Told::ByProcess(id),
                KeyKind::Container | KeyKind::Pod => Told::ByContainer(id),
                KeyKind::Unit | KeyKind::UserUnit => Told::ByCgroup(id),
            },
        }
    }

    /// Takes up what files tell of the process of an event.
    fn asked(&mut self, identity: Identity, event: &Event) -> Option<ServiceId> {
        // Its runtime may write its name in a moment: by another one it would be another service.
        if identity.is_unnamed()
            && !self.by_key.contains_key(&identity.key)
            && self.members.is_settling(event)
        {
            return None;
        }
        let id = self.known_or_new(&identity.key)?;
        match &identity.cgroup {
            Some(cgroup) => self.claims.cgroup(cgroup, !identity.is_container(), id),
            None => self.claims.process(event.thread.tgid, id),
        }
        let judging = &mut self.services[id as usize];
        judging.identity = Some(identity);
        judging.began(event.thread.tgid);
        Some(id)
    }

    /// Lets a service that a thread left and one that it joined know.
    fn move_thread(&mut self, event: &Event, id: Option<ServiceId>) {
        let hears = |id: &ServiceId| self.services[*id as usize].hears();
        let id = id.filter(hears);
        let Some(moved) = self.whereabouts.note(event, id) else {
            return;
        };
        if let Some(from) = moved.from {
            self.services[from as usize].leave(event, moved.next_seq);
        }
        if let Some(id) = id {
            self.services[id as usize].join(event.thread, moved.next_seq, moved.begun);
        }
    }

    /// Takes up the cgroups that were made meanwhile: before anybody in them does much, the probe knows whose they are.
    fn look_at_cgroups(&mut self) {
        while let Some(made) = self.claims.made() {
            let Some(identity) = self.lookups.of_cgroup(&made.path) else {
                continue;
            };
            // A container that has its name is a service before its first process: its runtime's programs are told apart
            // from its own from the beginning. Elsewhere whoever comes is asked for.
            let id = if identity.is_container() && !identity.is_unnamed() {
                self.known_or_new(&identity.key)
            } else {
                self.by_key.get(&identity.key).copied()
            };
            if let (Some(id), Some(cgroup)) = (id, &identity.cgroup) {
                self.claims.cgroup(cgroup, !identity.is_container(), id);
                self.services[id as usize].identity = Some(identity);
            }
        }
    }

    fn known_or_new(&mut self, key: &Key) -> Option<ServiceId> {
        if !self.shared.config.watches(key) {
            return None;
        }
        if let Some(&id) = self.by_key.get(key) {
            return Some(id);
        }
        if self.services.len() >= self.shared.config.discovery.at_most {
            self.left_out += 1;
            return None;
        }
        let judging = Judging::new(key.clone(), unix_s(), &self.shared);
        self.remark_of(format!("{key} is new"));
        Some(self.add(judging))
    }

    fn remark_of(&mut self, what: String) {
        self.board.lock().remark(unix_s(), what.clone());
        (self.remark)(what);
    }

    /// What time and others bring: requests, validations, releases, saves.
    fn tick(&mut self) {
        let passed = self.ticked.elapsed();
        if passed < TICK {
            return;
        }
        self.ticked = Instant::now();
        let now_s = unix_s();
        let mut remarks = Vec::new();
        let mut remark = |it| remarks.push(it);
        while let Some(done) = self.validation.done() {
            if let Some(judging) = self.services.get_mut(done.service as usize) {
                judging.validated(done, now_s, &self.shared, &mut remark);
            }
        }
        while let Some((id, release)) = self.lookups.release() {
            if let Some(judging) = self.services.get_mut(id as usize) {
                judging.released(release, now_s, &mut remark);
            }
        }
        for (id, judging) in (0..).zip(&mut self.services) {
            if let Some((pid, identity, release)) = judging.release_to_read(now_s) {
                self.lookups.ask_release(id, identity, pid, release);
            }
            let job = judging.tick(id, now_s, passed, &self.shared, &mut remark);
            self.waiting.extend(job);
        }
        while let Some(job) = self.waiting.pop() {
            if let Err(job) = self.validation.offer(job) {
                self.waiting.push(*job);
                break;
            }
        }
        let mut looks = LOOKS;
        while let Ok(request) = self.requests.try_recv() {
            self.answer(request, now_s, &mut looks);
        }
        for remark in remarks {
            self.remark_of(remark);
        }
        self.remind();
        self.share_model();
        self.keep();
        self.show();
    }

    fn answer(&mut self, request: Request, now_s: u64, looks: &mut usize) {
        match request {
            Request::Look { service, reply } => {
                let outcome = match self.by_key.get(&service) {
                    None => Err(unknown(&service)),
                    Some(_) if *looks == 0 => Err("too much is asked at once".to_owned()),
                    Some(&id) => {
                        *looks -= 1;
                        let threads = self.services[id as usize].threads();
                        threads.map_err(|error| error.to_string())
                    }
                };
                let _ = reply.try_send(outcome);
            }
            Request::Accept(it) => self.accept(*it, now_s),
            Request::Configure(config) => {
                let before = std::mem::replace(&mut self.shared.config, config);
                // Whoever is watched now and was not before is found at its next call.
                self.members = Members::default();
                for (id, judging) in (0..).zip(&mut self.services) {
                    judging.configure(&before, &self.shared);
                    if !judging.is_watched {
                        self.claims.withdraw(id);
                    }
                }
                let mut board = self.board.lock();
                board.config_is_right = true;
                board.config_read_s = now_s;
            }
            Request::Act {
                service,
                action,
                previous,
                reply,
            } => {
                let outcome = match self.by_key.get(&service) {
                    None => Err(unknown(&service)),
                    Some(&id) => self.act(id, action, previous.map(|it| *it), now_s),
                };
                self.done(&reply, outcome);
            }
        }
    }

    /// Says what came of what a person asked.
    fn done(&mut self, reply: &Sender<Result<String, String>>, outcome: Result<String, String>) {
        if let Ok(done) = &outcome {
            self.remark_of(format!("a person asked: {done}"));
        }
        // Whoever asked may have gone.
        let _ = reply.try_send(outcome);
    }

    fn accept(&mut self, it: Acceptance, now_s: u64) {
        let outcome = match self.by_key.get(&it.service) {
            None => Err(unknown(&it.service)),
            Some(&id) => {
                let judging = &mut self.services[id as usize];
                let outcome =
                    judging.change_normal(&it.id, it.change, it.is_tried, now_s, &self.shared);
                // At once: who undoes it next reads what is kept.
                self.keep_one(id as usize);
                outcome
            }
        };
        if let Ok(accepted) = &outcome
            && !it.is_tried
        {
            self.remark_of(format!("a person asked: {}", accepted.done));
        }
        // Whoever asked may have gone.
        let _ = it.reply.try_send(outcome);
    }

    fn act(
        &mut self,
        id: ServiceId,
        action: Action,
        previous: Option<Profile>,
        now_s: u64,
    ) -> Result<String, String> {
        let judging = &mut self.services[id as usize];
        judging.act(action, previous, now_s, &self.shared)
    }

    /// Tells what judges or learns anew how far each thread was seen, so that nothing before is taken for lost.
    fn remind(&mut self) {
        for (id, judging) in (0..).zip(&mut self.services) {
            if std::mem::take(&mut judging.forgot_threads) {
                for (thread, seq) in self.whereabouts.of(id) {
                    judging.join(thread, seq, false);
                }
            }
        }
    }

    /// Shares what the model may do fairly: who asks little gets all of it.
    fn share_model(&mut self) {
        let asked: Vec<u64> = self.services.iter_mut().map(Judging::newly_asked).collect();
        let shares = share::fair(&asked, self.model_share);
        for (judging, share) in self.services.iter_mut().zip(shares) {
            judging.limit_model(share);
        }
    }

    /// Keeps some services' states, so that each is kept every half minute.
    fn keep(&mut self) {
        let count = self.services.len();
        if count == 0 {
            return;
        }
        let share = self.saved.elapsed().as_secs_f64() / SAVED_WITHIN.as_secs_f64();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "at most all of them"
        )]
        let due = ((share * count as f64).ceil() as usize).min(count);
        self.saved = Instant::now();
        for _ in 0..due {
            self.next_saved = (self.next_saved + 1) % count;
            if !self.keep_one(self.next_saved) {
                break;
            }
        }
    }

    /// Keeps the state of a service, if it changed. Whether there was room for it.
    fn keep_one(&mut self, place: usize) -> bool {
        let judging = &mut self.services[place];
        let Some(save) = judging.save() else {
            return true;
        };
        let kept = self.keeper.save(save);
        kept.map_err(|save| judging.unsaved(*save)).is_ok()
    }

    fn show(&self) {
        let services: Vec<_> = self.services.iter().map(Judging::status).collect();
        let mut board = self.board.lock();
        board.uptime_s = self.begun.elapsed().as_secs_f64();
        board.show(services);
        board.left_out = self.left_out;
        board.unwatched_calls = self.unwatched;
        board.model_share = self.model_share;
        board.saves_failed = self.keeper.failed();
    }
}

impl Engine for Guard {
    fn push(&mut self, event: &Event) {
        let id = self.whose(event);
        self.move_thread(event, id);
        let Some(id) = id else {
            if let EventKind::Calls(stretch) = &event.kind {
                self.unwatched += stretch.calls.len() as u64;
            }
            return;
        };
        let judging = &mut self.services[id as usize];
        if matches!(event.kind, EventKind::Exec) {
            judging.began(event.thread.tgid);
        }
        judging.push(event, &self.shared);
        if !std::mem::replace(&mut judging.is_active, true) {
            self.active.push(id);
        }
    }

    fn score(&mut self, verdicts: &mut Vec<Verdict>) -> Result<(), EngineError> {
        self.look_at_cgroups();
        let now_s = unix_s();
        for id in self.active.drain(..) {
            let judging = &mut self.services[id as usize];
            judging.is_active = false;
            judging.score(now_s, verdicts)?;
        }
        Ok(())
    }

    fn finish(&mut self, verdicts: &mut Vec<Verdict>) -> Result<(), EngineError> {
        let now_s = unix_s();
        self.active.clear();
        for judging in &mut self.services {
            judging.is_active = false;
            judging.finish(now_s, verdicts)?;
            if let Some(save) = judging.save() {
                self.keeper.save_at_the_end(save);
            }
        }
        self.show();
        Ok(())
    }

    fn counters(&self) -> Counters {
        let mut all = Counters::default();
        for judging in &self.services {
            all.join(&judging.counters());
        }
        all
    }

    fn set_clock_offset(&mut self, unix_offset_ns: i128) {
        self.shared.ids.set_offset(unix_offset_ns);
        for judging in &mut self.services {
            judging.set_clock_offset(unix_offset_ns);
        }
    }

    fn advance(&mut self, now_ns: u64, verdicts: &mut Vec<Verdict>) {
        let now_s = unix_s();
        for judging in &mut self.services {
            judging.advance(now_ns, now_s, verdicts);
        }
    }

    fn limit_model(&mut self, share: f64) {
        self.model_share = share;
        self.share_model();
    }

    fn tick(&mut self) {
        Self::tick(self);
        (self.alive)();
    }
}

fn unknown(service: &Key) -> String {
    format!("there is no service {service}: see monitor services")
}

fn unix_s() -> u64 {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed();
    since.unwrap_or_default().as_secs()
}
