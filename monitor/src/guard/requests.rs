//! What is asked of a guard while it runs.

use std::sync::Arc;

use crossbeam_channel::Sender;

use super::Guard;
use super::acceptance::Acceptance;
use super::board::Action;
use super::membership::{Members, ServiceId};
use super::threads::ServiceThreads;
use crate::config::Config;
use crate::profile::Profile;
use crate::service::key::Key;

/// Services whose threads are looked at within a tick, at most: it holds up judging.
pub(super) const LOOKS: usize = 4;

/// Something asked of a guard while it runs.
pub enum Request {
    /// Of one service.
    Act {
        /// Which.
        service: Key,
        /// What.
        action: Action,
        /// The profile before, for [`Action::Rollback`]: read by whoever may, since the guard
        /// itself may not.
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

impl Guard {
    pub(super) fn answer(&mut self, request: Request, now_s: u64, looks: &mut usize) {
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
                for (id, one) in (0..).zip(&mut self.services) {
                    one.configure(&before, &self.shared);
                    if !one.is_watched {
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
                    Some(&id) => {
                        let outcome = self.act(id, action, previous.map(|it| *it), now_s);
                        // At once: it is not to be lost with the monitor.
                        self.keep_one(id as usize);
                        outcome
                    }
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
                let one = &mut self.services[id as usize];
                let outcome =
                    one.change_normal(&it.id, it.change, it.is_tried, now_s, &self.shared);
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
        let one = &mut self.services[id as usize];
        one.act(action, previous, now_s, &self.shared)
    }
}

fn unknown(service: &Key) -> String {
    format!("there is no service {service}: see monitor services")
}
