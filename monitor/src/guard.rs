//! Watches every service of a host at once, each by its own profile.
//!
//! [`Guard`] is the engine of such a run: it tells whose each event is, hands it to that service's
//! own judging, and leads each service through its life. The services share the model, its share of
//! the CPU, the thread that validates and the one that writes the state; threads, alarms and what
//! is learned are each service's own, so that none of them crowds out another.

pub mod board;

pub mod acceptance;

pub mod requests;

pub mod threads;

pub mod keeper;

pub(crate) mod membership;

pub mod lookup;

pub mod claims;

pub mod place;

pub mod asked;

#[cfg(feature = "live")]
pub mod control;

mod service;

mod rights;

mod share;

mod validation;

mod whereabouts;

mod belonging;

mod round;

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::Receiver;

use crate::config::Config;
use crate::detect::counters::Counters;
use crate::detect::verdict::Verdict;
use crate::incident::ids::IdSource;
use crate::model::Model;
use crate::pipeline::{Engine, EngineError};
use crate::run::clock::unix_s;
use crate::service::key::Key;
use crate::service::store::Kept;
use crate::syscall::event::{Event, EventKind};

use board::Board;
use claims::Claims;
use keeper::Keeper;
use lookup::Lookups;
use membership::{Members, ServiceId};
pub use requests::Request;
use service::{Service, Shared};
use validation::Validation;
use whereabouts::Whereabouts;

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
    services: Vec<Service>,
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
    /// When a thread cannot be started, or onnxruntime does not take the model once more.
    pub fn new(parts: Parts) -> io::Result<Self> {
        let shared = Shared {
            model: parts.model,
            config: parts.config,
            ids: parts.ids,
            store: parts.keeper.store().clone(),
        };
        let now = Instant::now();
        let mut guard = Self {
            // Validation gives way to all others: the scorer must not wait for what it holds.
            validation: Validation::start(shared.model.twin().map_err(io::Error::other)?)?,
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
                let service = Service::resume(kept, unix_s(), &guard.shared);
                guard.add(service);
            }
        }
        guard.show();
        Ok(guard)
    }

    fn add(&mut self, service: Service) -> ServiceId {
        let id = ServiceId::try_from(self.services.len()).unwrap_or(ServiceId::MAX);
        self.by_key.insert(service.key.clone(), id);
        self.services.push(service);
        id
    }

    fn remark_of(&mut self, what: String) {
        self.board.lock().remark(unix_s(), what.clone());
        (self.remark)(what);
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
        let service = &mut self.services[id as usize];
        if matches!(event.kind, EventKind::Exec) {
            service.began(event.thread.tgid);
        }
        service.push(event, &self.shared);
        if !std::mem::replace(&mut service.is_active, true) {
            self.active.push(id);
        }
    }

    fn score(&mut self, verdicts: &mut Vec<Verdict>) -> Result<(), EngineError> {
        self.look_at_cgroups();
        let now_s = unix_s();
        for id in self.active.drain(..) {
            let service = &mut self.services[id as usize];
            service.is_active = false;
            service.score(now_s, verdicts)?;
        }
        Ok(())
    }

    fn finish(&mut self, verdicts: &mut Vec<Verdict>) -> Result<(), EngineError> {
        let now_s = unix_s();
        self.active.clear();
        for service in &mut self.services {
            service.is_active = false;
            service.finish(now_s, verdicts)?;
            if let Some(save) = service.save() {
                self.keeper.save_at_the_end(save);
            }
        }
        self.show();
        Ok(())
    }

    fn counters(&self) -> Counters {
        let mut all = Counters::default();
        for service in &self.services {
            all.join(&service.counters());
        }
        all
    }

    fn set_clock_offset(&mut self, unix_offset_ns: i128) {
        self.shared.ids.set_offset(unix_offset_ns);
        for service in &mut self.services {
            service.set_clock_offset(unix_offset_ns);
        }
    }

    fn advance(&mut self, now_ns: u64, verdicts: &mut Vec<Verdict>) {
        let now_s = unix_s();
        for service in &mut self.services {
            service.advance(now_ns, now_s, verdicts);
        }
    }

    fn limit_model(&mut self, share: f64) {
        self.model_share = share;
        self.share_model();
    }

    fn tick(&mut self) {
        self.round();
        (self.alive)();
    }
}
