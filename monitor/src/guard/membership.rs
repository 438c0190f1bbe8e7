//! Which service each process is of.
//!
//! The probe tells it with every call, once it was told whose a cgroup or a process is. Where it
//! knows none, a child is of its parent's service, and files are asked: at the first sight of a
//! process, when it executes another program, and once more when it has settled.
//!
//! A process changes its service with the program that it executes. What a manager or a runtime
//! does between a fork and an exec, in the new service's cgroup already, is the manager's, at every
//! start alike; so is a program that a container's runtime executes there to make the container: it
//! has the runtime's mounts. One that changes its cgroup and executes nothing follows when it has
//! settled, but into a container only who executed a program of it.

use std::collections::HashMap;

use super::share;
use crate::service::identity::Identity;
use crate::syscall::event::{Event, EventKind};

/// Processes that are remembered; beyond it those of the service that has most are asked for again.
const MOST_PROCESSES: usize = 1 << 20;

/// How long after its first sight a process is asked for once more, nanoseconds: a daemon has left
/// its parent by then, and a runtime has written its files.
const SETTLES_NS: u64 = 2_000_000_000;

/// Number of a service in a run.
pub type ServiceId = u32;

/// Tells whose a process is.
pub trait Whose: Send {
    /// The identity of the service of process `pid`; `None` where it has none, or is gone.
    fn whose(&mut self, pid: u32) -> Option<Identity>;
}

/// What the probe says of an event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Told {
    /// Nothing.
    Nothing,
    /// It is of this service, by its cgroup.
    ByCgroup(ServiceId),
    /// It is in the cgroup of this service, which is a container.
    ByContainer(ServiceId),
    /// It is of this service, since it or an ancestor is.
    ByProcess(ServiceId),
}

impl Told {
    const fn service(self) -> Option<ServiceId> {
        match self {
            Self::Nothing => None,
            Self::ByCgroup(id) | Self::ByContainer(id) | Self::ByProcess(id) => Some(id),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Member {
    service: Option<ServiceId>,
    /// When it is asked for again; 0 for never.
    again_ns: u64,
    /// Who made it; 0 where that was not seen.
    parent: u32,
    /// Whether it, or who made it, executed a program in another place than its parent's, and with
    /// other mounts: a container's.
    entered: bool,
}

/// What an event's process is.
#[derive(Clone, Debug, PartialEq)]
pub enum Membership {
    /// Of this service.
    Of(ServiceId),
    /// Of none.
    None,
    /// It was asked for: this is what files tell.
    Asked(Option<Box<Identity>>),
}

impl From<Option<ServiceId>> for Membership {
    fn from(service: Option<ServiceId>) -> Self {
        service.map_or(Self::None, Self::Of)
    }
}

/// The processes seen.
#[derive(Debug)]
pub struct Members {
    members: HashMap<u32, Member>,
    most: usize,
}

impl Default for Members {
    fn default() -> Self {
        Self::with_room_for(MOST_PROCESSES)
    }
}

impl Members {
    fn with_room_for(most: usize) -> Self {
        Self {
            members: HashMap::new(),
            most,
        }
    }

    /// Whose an event is, of which the probe says `told`.
    pub fn of(&mut self, event: &Event, told: Told, whose: &mut dyn Whose) -> Membership {
        let tgid = event.thread.tgid;
        let executes = matches!(event.kind, EventKind::Exec);
        let is_apart = executes && event.service.has_parents_mounts();
        let enters = executes && event.service.has_moved() && !is_apart;
        if let Some(member) = self.members.get_mut(&tgid).filter(|_| enters) {
            member.entered = true;
        }
        let Some(member) = self.members.get(&tgid).copied() else {
            return match told {
                Told::ByContainer(_) if is_apart => self.apart(event, None),
                Told::ByCgroup(id) | Told::ByContainer(id) => {
                    self.set(tgid, Some(id));
                    Membership::Of(id)
                }
                // Who made it was not seen, so that nobody knows whether it left its tree.
                Told::ByProcess(_) | Told::Nothing => match whose.whose(tgid) {
                    Some(found) if is_apart && found.is_container() => self.apart(event, None),
                    found => Membership::Asked(found.map(Box::new)),
                },
            };
        };
        let is_due = member.again_ns > 0 && event.time_ns >= member.again_ns;
        match told {
            Told::ByCgroup(id) | Told::ByContainer(id) if member.service == Some(id) => {
                Membership::Of(id)
            }
            Told::ByContainer(_) if is_apart => self.apart(event, member.service),
            Told::ByContainer(id) if executes || is_due && member.entered => {
                self.set(tgid, Some(id));
                Membership::Of(id)
            }
            Told::ByCgroup(id) if executes || is_due => {
                self.set(tgid, Some(id));
                Membership::Of(id)
            }
            Told::ByCgroup(_) | Told::ByContainer(_) => {
                if member.again_ns == 0 {
                    self.ask_again(tgid, event.time_ns.saturating_add(SETTLES_NS));
                }
                member.service.into()
            }
            Told::ByProcess(_) | Told::Nothing
                if is_due
                    || executes
                        && (event.service.has_moved()
                            || !self.stays_in_its_tree(&member, told)) =>
            {
                match whose.whose(tgid) {
                    // It is there by now, and was not when it executed this, or it executed nothing
                    // there.
                    Some(found)
                        if found.is_container()
                            && found.cgroup.is_some()
                            && !if executes { enters } else { member.entered } =>
                    {
                        self.apart(event, member.service)
                    }
                    // It ended meanwhile, so that nothing tells: it stays what it was.
                    None => {
                        self.ask_again(tgid, 0);
                        member.service.into()
                    }
                    found => Membership::Asked(found.map(Box::new)),
                }
            }
            Told::ByProcess(_) | Told::Nothing => member.service.into(),
        }
    }

    /// A container's runtime executes a program of its own in the container's cgroup: it stays
    /// whose it is until the container's program is executed, or until it has settled.
    fn apart(&mut self, event: &Event, service: Option<ServiceId>) -> Membership {
        let tgid = event.thread.tgid;
        self.set(tgid, service);
        self.ask_again(tgid, event.time_ns.saturating_add(SETTLES_NS));
        service.into()
    }

    /// Whether a process is below the root of its tree for certain: its parent is there and of the
    /// same service.
    fn stays_in_its_tree(&self, member: &Member, told: Told) -> bool {
        let parent = self.members.get(&member.parent);
        let told = told.service();
        told.is_some()
            && told == member.service
            && parent.is_some_and(|parent| parent.service == told)
    }

    fn set(&mut self, tgid: u32, service: Option<ServiceId>) {
        self.make_room();
        let member = self.members.entry(tgid).or_insert(Member {
            service,
            again_ns: 0,
            parent: 0,
            entered: false,
        });
        (member.service, member.again_ns) = (service, 0);
    }

    fn make_room(&mut self) {
        if self.members.len() >= self.most {
            let crowd = share::largest(self.members.values().map(|it| it.service));
            self.members.retain(|_, it| Some(it.service) != crowd);
        }
    }

    fn ask_again(&mut self, tgid: u32, at_ns: u64) {
        if let Some(member) = self.members.get_mut(&tgid) {
            member.again_ns = at_ns;
        }
    }

    /// Whether the process of an event for which files were asked is asked for once more.
    #[must_use]
    pub fn is_settling(&self, event: &Event) -> bool {
        let known = self.members.get(&event.thread.tgid);
        known.is_none_or(|it| it.again_ns > event.time_ns)
    }

    /// Notes whose a process is that was asked for, as of `event`.
    pub fn note(&mut self, event: &Event, service: Option<ServiceId>) {
        let again_ns = if self.is_settling(event) {
            event.time_ns.saturating_add(SETTLES_NS)
        } else {
            0
        };
        self.set(event.thread.tgid, service);
        self.ask_again(event.thread.tgid, again_ns);
    }

    /// Follows forks and ends.
    pub fn follow(&mut self, event: &Event, service: Option<ServiceId>) {
        match event.kind {
            // A parent without a start is of before the run: its child may be in another place by
            // now, and is asked for.
            EventKind::Fork { child_tgid, .. }
                if child_tgid != event.thread.tgid && event.thread.start_ns > 0 =>
            {
                self.make_room();
                let member = Member {
                    service,
                    again_ns: event.time_ns.saturating_add(SETTLES_NS),
                    parent: event.thread.tgid,
                    entered: self
                        .members
                        .get(&event.thread.tgid)
                        .is_some_and(|it| it.entered),
                };
                self.members.insert(child_tgid, member);
            }
            EventKind::Exit { .. } if event.thread.tid == event.thread.tgid => {
                self.members.remove(&event.thread.tgid);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
