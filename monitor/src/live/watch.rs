//! The live run: attach, follow, read until an end comes, detach, read what is left.

mod listening;

mod options;

mod until_end;

use std::collections::HashSet;

use crossbeam_channel::{Receiver, Sender};
use monitor_common::{record::Window, target::KernelLayout};

use super::{
    command::Prepared,
    error::{ProbeError, WatchError},
    followed_cgroup::FollowedCgroup,
    kin, layout,
    plan::{Plan, Wanted},
    preflight::Host,
    privileges::{self, Needs, Remains},
    probe::{Probe, Readers},
    reader::Reader,
    services::{CgroupEvent, Services},
    signals,
    target::{self, Target},
    touch::Details,
};
use crate::{pipeline::Feed, syscall::event::Event};
use listening::Listening;
pub use options::Options;
use until_end::{Ending, until_end};

/// Events of cgroups that may wait to be taken.
const QUEUED_CGROUPS: usize = 4096;

/// How a live run ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct End {
    /// The status of the command that was run, if it ended.
    pub command: Option<u8>,
    /// The signal that ended the run, if one did.
    pub signal: Option<libc::c_int>,
}

/// A probe in the kernel.
pub struct Watch {
    options: Options,
    probe: Probe,
    readers: Readers,
    named: Vec<u32>,
    /// Processes that were there before, as children of others that are watched too.
    kin: Vec<Event>,
    /// Done at SIGHUP, which ends the run otherwise.
    hang_up: Option<Box<dyn FnMut()>>,
    followed: Option<FollowedCgroup>,
    cgroups: (Sender<CgroupEvent>, Receiver<CgroupEvent>),
    /// From the attachment on.
    listening: Option<Listening>,
}

impl Watch {
    /// Checks host and target and loads the probe, which sees nothing yet.
    ///
    /// # Errors
    ///
    /// What stands in the way; nothing was loaded then.
    pub fn load(options: Options) -> Result<Self, WatchError> {
        let host = Host::read();
        let btf = host.check()?;
        let layout =
            layout::of_kernel(&btf).map_err(|error| WatchError::Layout(error.to_string()))?;
        Self::load_by(options, &host, &layout)
    }

    /// [`Self::load`] of a kernel that keeps what the probe reads by this layout.
    fn load_by(options: Options, host: &Host, layout: &KernelLayout) -> Result<Self, WatchError> {
        if let Target::Processes(pids) = &options.target {
            pids.iter()
                .try_for_each(|&pid| target::check_process(pid))?;
        }
        // Often enough that a burst finds room, and seldom enough that waking stays cheap.
        let wake_bytes = (options.sizes.ring_bytes / 16).clamp(Window::SIZE as u32, 1 << 18);
        let (follow, service) = (options.follow, options.service);
        let mut filter = target::filter(&options.target, follow, service, wake_bytes)?;
        filter.by_cgroup |= u32::from(options.by_cgroup);
        filter.shared = u32::from(options.by_cgroup);
        let by_cgroup = filter.by_cgroup != 0;
        let wanted = Wanted {
            attachment: options.attachment,
            by_cgroup,
            details: options.details,
        };
        let load = |plan| Probe::load(&filter, layout, options.sizes, plan);
        let plan = plan(host, &wanted)?;
        let has_details = plan.details != Details::Off;
        let (probe, readers) = match load(plan) {
            Err(ProbeError::Program(error)) if has_details => {
                log::debug!("{error}");
                let details = Details::Off;
                let mut plan = self::plan(host, &Wanted { details, ..wanted })?;
                let what = "what calls touch is not read: this kernel refuses the program for it";
                plan.limits.tell(what.to_owned());
                load(plan)?
            }
            loaded => loaded?,
        };
        let followed = match &options.target {
            Target::Cgroup(path) => Some(FollowedCgroup::new(path, service, probe.services())?),
            _ => None,
        };
        Ok(Self {
            options,
            followed,
            cgroups: crossbeam_channel::bounded(QUEUED_CGROUPS),
            probe,
            readers,
            named: Vec::new(),
            kin: Vec::new(),
            hang_up: None,
            listening: None,
        })
    }

    /// Does this at SIGHUP, in the place of ending the run.
    pub fn on_hang_up(&mut self, hang_up: Box<dyn FnMut()>) {
        self.hang_up = Some(hang_up);
    }

    /// Attaches the probe and lists whom it watches. From then on a signal ends the run in order,
    /// also one that comes before [`Self::run`].
    ///
    /// # Errors
    ///
    /// When the kernel refuses.
    pub fn attach(&mut self, command: Option<&Prepared>) -> Result<(), WatchError> {
        self.readers.programs = Some(self.probe.attach()?);
        self.named = match (&self.options.target, command) {
            (_, Some(command)) => vec![command.pid],
            (Target::Processes(pids), None) => pids.clone(),
            _ => Vec::new(),
        };
        // What a thread is shows when it calls; one that waits has called already.
        let target = &self.options.target;
        let mut listed = match target {
            Target::Comm(_) | Target::Uid(_) => kin::processes()
                .filter(|&pid| kin::fits(target, pid))
                .collect(),
            _ => self.named.clone(),
        };
        if let (Target::Comm(comm), true) = (target, listed.is_empty()) {
            log::warn!("no thread is called {comm} yet: waiting for one");
        }
        self.list(&mut listed)?;
        if !self.named.is_empty() {
            self.named.clone_from(&listed);
        }
        let service = self.options.service;
        // Their forks were before the probe: without these, nobody could tell who made whom.
        self.kin = match &self.options.target {
            Target::Cgroup(_) | Target::All => {
                kin::of(service, |pid| kin::fits(&self.options.target, pid))
            }
            _ => kin::of(service, |pid| listed.contains(&pid)),
        };
        self.listening = Some(Listening::new()?);
        Ok(())
    }

    /// What this host does not let the run see, a sentence each, with a remedy where there is one.
    /// Whole from the attachment on.
    #[must_use]
    pub fn limits(&self) -> &[String] {
        self.probe.limits()
    }

    /// Gives up the rights of this thread that neither reading nor `needs` needs. Threads that are
    /// started afterwards do not have them either. Gives what this host does not let it give up.
    ///
    /// # Errors
    ///
    /// When the kernel refuses.
    pub fn give_up_rights(&self, needs: Needs) -> Result<Remains, WatchError> {
        let needs = Needs {
            reads_maps: true,
            ..needs
        };
        Ok(privileges::give_up(&needs)?)
    }

    /// Watches these processes, and the children that they have, which are added to them.
    fn list(&self, pids: &mut Vec<u32>) -> Result<(), WatchError> {
        let services = self.probe.services();
        let mut known: HashSet<u32> = pids.iter().copied().collect();
        let mut at = 0;
        while let Some(&pid) = pids.get(at) {
            at += 1;
            services.add_process(pid, self.options.service)?;
            if target::check_process(pid).is_err() {
                // It ended before the probe could see that.
                services.remove_process(pid);
            }
            // A child made before the probe was attached is followed by nobody else.
            if self.options.follow {
                let children = target::children(pid).into_iter();
                let new = children.filter(|&it| it != std::process::id() && known.insert(it));
                pids.extend(new.collect::<Vec<_>>());
            }
        }
        Ok(())
    }

    /// Whose processes and cgroups are; to be changed from any thread while the watch runs.
    #[must_use]
    pub fn services(&self) -> Services {
        self.probe.services().clone()
    }

    /// Cgroups that come and go from the attachment on, where cgroups tell services. At most 4,096
    /// wait to be taken; what finds them waiting is counted in
    /// [`SourceStatus::missed`](crate::run::snapshot::SourceStatus::missed).
    #[must_use]
    pub fn cgroups(&self) -> Receiver<CgroupEvent> {
        self.cgroups.1.clone()
    }

    /// Watches until a signal, the end of all targets, the duration or the end of the stages behind
    /// `feed`. From then on a signal ends the process at once.
    ///
    /// # Errors
    ///
    /// [`WatchError`]; what was read until then has been handed to `feed`.
    pub fn run(self, command: Option<Prepared>, feed: &Feed) -> Result<End, WatchError> {
        let Self {
            options,
            probe,
            readers,
            named,
            kin,
            mut hang_up,
            mut followed,
            cgroups: (cgroups, _),
            listening,
        } = self;
        // A feed that takes no more says why at its end.
        let _ = feed.offer(kin);
        let Listening { runtime, signals } = match listening {
            Some(listening) => listening,
            None => Listening::new()?,
        };
        let command = match command {
            Some(command) => Some((command.pid, command.release()?)),
            None => None,
        };
        let ends_with_targets = !named.is_empty();
        let services = probe.services().clone();
        let alive = || !ends_with_targets || services.has_processes();
        let mut reader = Reader::new(readers, options.sizes.ring_bytes, &probe, cgroups);
        let until_end = until_end(
            &mut reader,
            &options,
            signals,
            command.as_ref(),
            alive,
            hang_up.as_mut(),
            || followed.as_mut().map_or(Ok(()), |it| it.look(&services)),
            feed,
        );
        let ended = runtime.block_on(until_end);
        signals::end_at_once();
        // Taken out first: what is read from here on is the whole rest.
        drop(probe);
        reader.rest(feed)?;
        let ended = ended?;
        let signal = match ended {
            Ending::Signal(number) => Some(number),
            Ending::TargetsGone | Ending::Asked => None,
        };
        let command = match (command, ended) {
            // The command is one of the targets, so its status is there or about to be.
            (Some((_, running)), Ending::TargetsGone) => Some(running.wait()?),
            (Some((_, running)), _) if running.is_finished() => Some(running.wait()?),
            _ => None,
        };
        Ok(End { command, signal })
    }
}

fn plan(host: &Host, wanted: &Wanted) -> Result<Plan, WatchError> {
    let plan = Plan::new(host, wanted).map_err(WatchError::Attachment)?;
    log::info!("attaching by {}", plan.attachment());
    Ok(plan)
}

#[cfg(test)]
mod tests;
