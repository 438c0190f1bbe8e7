//! Which service each process is of.
//!
//! A child is of its parent's service. Where no parent was seen, and when a process executes another program, files are
//! asked; so a process that a service's manager started and moved into its cgroup is the service's from its first call on.

use std::collections::HashMap;

use crate::service::identity::Identity;
use crate::syscall::event::{Event, EventKind};

/// Processes that are remembered; beyond it all are asked for again.
const MOST_PROCESSES: usize = 1 << 20;

/// How long after its first sight a process is asked for once more, nanoseconds: a daemon has left its parent by then, and a
/// runtime has written its files.
const SETTLES_NS: u64 = 2_000_000_000;

/// Number of a service in a run.
pub type ServiceId = u32;

/// Tells whose a process is.
pub trait Whose: Send {
    /// The identity of the service of process `pid`; `None` where it has none, or is gone.
    fn whose(&mut self, pid: u32) -> Option<Identity>;
}

#[derive(Clone, Copy, Debug)]
struct Member {
    service: Option<ServiceId>,
    /// When it is asked for again; 0 for never.
    again_ns: u64,
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

/// The processes seen.
#[derive(Debug, Default)]
pub struct Members {
    members: HashMap<u32, Member>,
}

impl Members {
    /// Whose an event is.
    pub fn of(&mut self, event: &Event, whose: &mut dyn Whose) -> Membership {
        let tgid = event.thread.tgid;
        let known = self.members.get(&tgid).copied();
        let is_due = |it: &Member| it.again_ns > 0 && event.time_ns >= it.again_ns;
        match known {
            Some(member) if !matches!(event.kind, EventKind::Exec) && !is_due(&member) => {
                member.service.map_or(Membership::None, Membership::Of)
            }
            Some(member) => match whose.whose(tgid) {
                // It ended meanwhile, so that nothing tells: it stays what it was.
                None => {
                    self.settle(tgid);
                    member.service.map_or(Membership::None, Membership::Of)
                }
                found => Membership::Asked(found.map(Box::new)),
            },
            None => Membership::Asked(whose.whose(tgid).map(Box::new)),
        }
    }

    /// Notes whose a process is that was asked for, as of `event`.
    pub fn note(&mut self, event: &Event, service: Option<ServiceId>) {
        if self.members.len() >= MOST_PROCESSES {
            self.members.clear();
        }
        let tgid = event.thread.tgid;
        let has_settled = |it: &Member| it.again_ns == 0 || event.time_ns >= it.again_ns;
        let again_ns = if self.members.get(&tgid).is_some_and(has_settled) {
            0
        } else {
            event.time_ns.saturating_add(SETTLES_NS)
        };
        self.members.insert(tgid, Member { service, again_ns });
    }

    /// Follows forks and ends.
    pub fn follow(&mut self, event: &Event, service: Option<ServiceId>) {
        match event.kind {
            // A parent without a start is of before the run: its child may be in another place by now, and is asked for.
            EventKind::Fork { child_tgid, .. }
                if child_tgid != event.thread.tgid && event.thread.start_ns > 0 =>
            {
                let again_ns = event.time_ns.saturating_add(SETTLES_NS);
                self.members
                    .insert(child_tgid, Member { service, again_ns });
            }
            EventKind::Exit { .. } if event.thread.tid == event.thread.tgid => {
                self.members.remove(&event.thread.tgid);
            }
            _ => {}
        }
    }

    fn settle(&mut self, tgid: u32) {
        if let Some(member) = self.members.get_mut(&tgid) {
            member.again_ns = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Members, Membership, Whose};
    use crate::service::identity::Identity;
    use crate::service::key::Key;
    use crate::syscall::event::{Comm, Event, EventKind, ServiceId, ThreadKey};

    /// Every process with an even number is of one service.
    struct Even(Vec<u32>);

    impl Whose for Even {
        fn whose(&mut self, pid: u32) -> Option<Identity> {
            self.0.push(pid);
            pid.is_multiple_of(2)
                .then(|| Identity::of(Key::unit("even.service")))
        }
    }

    fn event(tgid: u32, time_ns: u64, kind: EventKind) -> Event {
        Event {
            thread: ThreadKey {
                tgid,
                tid: tgid,
                start_ns: 1,
            },
            service: ServiceId::NONE,
            comm: Comm::default(),
            time_ns,
            kind,
        }
    }

    #[test]
    fn files_are_asked_at_first_sight_at_exec_and_once_more_when_it_has_settled() {
        let (mut members, mut whose) = (Members::default(), Even(Vec::new()));
        let exit = |time_ns| event(2, time_ns, EventKind::Exit { count: 0 });
        let mut of = |members: &mut Members, event: &Event| {
            let found = members.of(event, &mut whose);
            if matches!(found, Membership::Asked(_)) {
                members.note(event, Some(0));
            }
            whose.0.len()
        };
        assert_eq!(of(&mut members, &exit(10)), 1);
        assert_eq!(of(&mut members, &exit(20)), 1);
        assert_eq!(of(&mut members, &event(2, 30, EventKind::Exec)), 2);
        assert_eq!(of(&mut members, &exit(3_000_000_000)), 3);
        assert_eq!(of(&mut members, &exit(9_000_000_000)), 3);
    }

    #[test]
    fn a_child_is_of_its_parents_service_until_it_executes() {
        let (mut members, mut whose) = (Members::default(), Even(Vec::new()));
        let fork = EventKind::Fork {
            child_tgid: 5,
            child_tid: 5,
        };
        members.follow(&event(4, 10, fork), Some(7));
        let call = event(5, 11, EventKind::Exit { count: 1 });
        assert_eq!(members.of(&call, &mut whose), Membership::Of(7));
        let exec = event(5, 12, EventKind::Exec);
        assert_eq!(
            members.of(&exec, &mut whose),
            Membership::Of(7),
            "gone, so that nothing tells"
        );
        members.follow(&call, Some(7));
        assert_eq!(members.of(&call, &mut whose), Membership::Asked(None));
    }
}
