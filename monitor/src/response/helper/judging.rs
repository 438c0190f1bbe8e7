//! Whether something may be done, and to whom.

use std::time::Instant;

use super::{HOUR, Helper, Undo};
use crate::response::hands::{Process, ticks};
use crate::response::plan::Action;
use crate::response::request::Request;
use crate::response::untouchable;
use crate::service::key::Key;

/// To whom something is done.
pub(super) enum Target {
    Cgroup(String),
    Process {
        process: Process,
        pid: u32,
        start: u64,
        signal: libc::c_int,
    },
}

impl Target {
    pub(super) fn undo(&self) -> Option<Undo> {
        match self {
            Self::Cgroup(path) => Some(Undo::Thaw(path.clone())),
            Self::Process {
                pid, start, signal, ..
            } if *signal == libc::SIGSTOP => Some(Undo::Continue {
                pid: *pid,
                start: *start,
            }),
            Self::Process { .. } => None,
        }
    }

    pub(super) fn whom(&self) -> String {
        match self {
            Self::Cgroup(path) => path.clone(),
            Self::Process { pid, .. } => format!("the process {pid}"),
        }
    }

    pub(super) const fn done(&self) -> &'static str {
        match self {
            Self::Cgroup(_) => "frozen",
            Self::Process { signal, .. } if *signal == libc::SIGSTOP => "stopped",
            Self::Process { .. } => "killed",
        }
    }
}

impl Helper {
    /// What is to be done to whom, once everything speaks for it.
    pub(super) fn judge(&mut self, request: &Request, now: Instant) -> Result<Target, String> {
        if !self
            .plan
            .actions(request.severity)
            .contains(&request.action)
        {
            return Err("it is not configured for that severity".into());
        }
        while self
            .acted
            .front()
            .is_some_and(|&it| now.saturating_duration_since(it) >= HOUR)
        {
            self.acted.pop_front();
        }
        if self.acted.len() >= self.plan.per_hour {
            return Err(format!(
                "{} actions were enough for this hour",
                self.plan.per_hour
            ));
        }
        let key: Key = request
            .service
            .parse()
            .map_err(|_| "that is no service".to_owned())?;
        untouchable::service(&key, &self.plan.never)?;
        match &request.action {
            Action::Hook(_) => Err("hooks are run by another helper".into()),
            Action::Freeze => {
                self.judge_cgroup(&key, request.cgroup.as_deref().unwrap_or_default())
            }
            Action::Stop => self.judge_process(&key, request, libc::SIGSTOP),
            Action::Kill => self.judge_process(&key, request, libc::SIGKILL),
        }
    }

    fn judge_cgroup(&mut self, key: &Key, told: &str) -> Result<Target, String> {
        // Files may have changed since they were read.
        self.lookup.forget();
        let found = self.lookup.of_cgroup(told);
        let found = found.filter(|it| it.key == *key);
        let cgroup = found.and_then(|it| it.cgroup);
        let path = cgroup
            .ok_or_else(|| format!("{key} has no cgroup of its own there"))?
            .path;
        let needed = [1].iter().chain(&self.monitor);
        let needed: Option<Vec<_>> = needed.map(|&it| self.hands.cgroup_of(it)).collect();
        let needed = needed.ok_or("it cannot be read which cgroups must go on")?;
        untouchable::cgroup(&path, &needed)?;
        let members = self
            .hands
            .members(&path)
            .map_err(|error| format!("its processes cannot be read: {error}"))?;
        if members.is_empty() {
            return Err(format!("nothing runs in {path}"));
        }
        for pid in members {
            // One that is gone needs nothing. What others execute does not shield the service that
            // they are in.
            let facts = self.hands.facts(pid).unwrap_or_default();
            let facts = untouchable::Facts {
                executable: None,
                ..facts
            };
            if facts.pid != 0 {
                untouchable::process(&facts, &self.monitor)?;
            }
        }
        Ok(Target::Cgroup(path))
    }

    fn judge_process(
        &mut self,
        key: &Key,
        request: &Request,
        signal: libc::c_int,
    ) -> Result<Target, String> {
        let (pid, tid) = (request.pid, request.tid);
        // From here on it is that process, whoever gets the number; whether it is the right one is
        // looked at now.
        let process = Process::open(pid).map_err(|_| format!("the process {pid} is gone"))?;
        let stat = self
            .hands
            .stat(pid, tid)
            .ok_or_else(|| format!("the thread {tid} is gone"))?;
        if request.start_ns == 0 || stat.start != ticks(request.start_ns) {
            return Err(format!("{pid} is another process by now"));
        }
        let start = self.hands.stat(pid, pid).map_or(0, |it| it.start);
        let facts = self
            .hands
            .facts(pid)
            .ok_or_else(|| format!("the process {pid} is gone"))?;
        untouchable::process(&facts, &self.monitor)?;
        self.lookup.forget();
        if self.lookup.of_process(pid).is_none_or(|it| it.key != *key) {
            return Err(format!("{pid} is no process of {key}"));
        }
        Ok(Target::Process {
            process,
            pid,
            start,
            signal,
        })
    }
}
