//! Which service each event is of, and what the probe is told of that.

use super::Guard;
use super::membership::{Membership, ServiceId, Told};
use super::service::Service;
use crate::run::clock::unix_s;
use crate::service::identity::Identity;
use crate::service::key::{Key, KeyKind};
use crate::syscall::event::Event;

impl Guard {
    /// The service of an event; `None` when nobody watches it.
    pub(super) fn whose(&mut self, event: &Event) -> Option<ServiceId> {
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
        let service = &mut self.services[id as usize];
        service.identity = Some(identity);
        service.began(event.thread.tgid);
        Some(id)
    }

    /// Lets a service that a thread left and one that it joined know.
    pub(super) fn move_thread(&mut self, event: &Event, id: Option<ServiceId>) {
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

    /// Takes up the cgroups that were made meanwhile: before anybody in them does much, the probe
    /// knows whose they are.
    pub(super) fn look_at_cgroups(&mut self) {
        while let Some(made) = self.claims.made() {
            let Some(identity) = self.lookups.of_cgroup(&made.path) else {
                continue;
            };
            // A container that has its name is a service before its first process: its runtime's
            // programs are told apart from its own from the beginning. Elsewhere whoever comes is
            // asked for.
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
        let service = Service::new(key.clone(), unix_s(), &self.shared);
        self.remark_of(format!("{key} is new"));
        Some(self.add(service))
    }
}
