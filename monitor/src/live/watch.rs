//! The live run: attach, follow, read until an end comes, detach, read what is left.

use std::{collections::HashSet, os::fd::AsFd, time::Duration};

use crossbeam_channel::{Receiver, Sender};
use monitor_common::record::Window;
use tokio::{
    io::{Interest, unix::AsyncFd},
    runtime::Runtime,
    signal::unix::{Signal, SignalKind, signal},
    time::{MissedTickBehavior, interval},
};

use super::{
    attachment::Attachment,
    command::{Prepared, Running},
    error::{ProbeError, WatchError},
    followed_cgroup::FollowedCgroup,
    kin, layout,
    plan::{Plan, Wanted},
    preflight::Host,
    privileges::{self, Needs, Remains},
    probe::{Probe, Readers, Sizes},
    reader::Reader,
    services::{CgroupEvent, Services},
    signals,
    target::{self, Target},
    touch::Details,
};
use crate::{
    pipeline::Feed,
    syscall::event::{Event, ServiceId},
};

/// What a live run is asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whom to watch; with a command, nobody else than it.
    pub target: Target,
    /// Whether children are watched too.
    pub follow: bool,
    /// How long, if not until something else ends the run.
    pub duration: Option<Duration>,
    /// How long a call may wait in its thread's window.
    pub flush_interval: Duration,
    /// How large the probe's tables are.
    pub sizes: Sizes,
    /// By which kind of tracepoint, if not by what the kernel needs.
    pub attachment: Option<Attachment>,
    /// How much of what calls touch is read.
    pub details: Details,
    /// The service of what is watched and has no other.
    pub service: ServiceId,
    /// Whether cgroups tell services, as [`Services`] is told; for a cgroup they always do.
    pub by_cgroup: bool,
}

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
        if let Target::Processes(pids) = &options.target {
            pids.iter()
                .try_for_each(|&pid| target::check_process(pid))?;
        }
        let layout =
            layout::of_kernel(&btf).map_err(|error| WatchError::Layout(error.to_string()))?;
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
        let load = |plan| Probe::load(&filter, &layout, options.sizes, plan);
        let plan = plan(&host, &wanted)?;
        let has_details = plan.details != Details::Off;
        let (probe, readers) = match load(plan) {
            Err(ProbeError::Program(error)) if has_details => {
                log::warn!("what calls touch is not read: this kernel refuses the program for it");
                log::debug!("{error}");
                let details = Details::Off;
                load(self::plan(&host, &Wanted { details, ..wanted })?)?
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

    /// Attaches the probe and lists whom it watches. From then on a signal ends the run in order, also one that
    /// comes before [`Self::run`].
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

    /// Cgroups that come and go from the attachment on, where cgroups tell services. At most 4,096 wait to be
    /// taken; what finds them waiting is counted in
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
        let alive = || {
            !ends_with_targets
                || services.has_processes()
                || probe.is_nested() && named.iter().any(|&pid| target::check_process(pid).is_ok())
        };
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

/// Why a run ended.
enum Ending {
    /// No watched process is left.
    TargetsGone,
    /// By the duration, or because nobody listens any more.
    Asked,
    /// By this signal.
    Signal(libc::c_int),
}

/// Signals, and what waits for them.
struct Listening {
    runtime: Runtime,
    signals: Signals,
}

impl Listening {
    fn new() -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let signals = runtime.block_on(async { Signals::new() })?;
        Ok(Self { runtime, signals })
    }
}

/// Signals that were not ignored at the start.
struct Signals {
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
    hang_up: Option<Signal>,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        let of = |kind: SignalKind| {
            let ignored = signals::is_ignored(kind.as_raw_value());
            (!ignored).then(|| signal(kind)).transpose()
        };
        Ok(Self {
            interrupt: of(SignalKind::interrupt())?,
            terminate: of(SignalKind::terminate())?,
            hang_up: of(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> libc::c_int {
        tokio::select! {
            () = received(&mut self.interrupt) => libc::SIGINT,
            () = received(&mut self.terminate) => libc::SIGTERM,
            () = received(&mut self.hang_up) => libc::SIGHUP,
        }
    }
}

/// Waits for a signal; for ever if it is ignored.
async fn received(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// Reads until an end comes.
#[expect(
    clippy::too_many_arguments,
    reason = "each is one thing that the loop waits for or looks at"
)]
async fn until_end(
    reader: &mut Reader,
    options: &Options,
    mut signals: Signals,
    command: Option<&(u32, Running)>,
    alive: impl Fn() -> bool,
    mut hang_up: Option<&mut Box<dyn FnMut()>>,
    mut look_at_cgroup: impl FnMut() -> Result<(), ProbeError>,
    feed: &Feed,
) -> Result<Ending, WatchError> {
    // A descriptor of its own, so that waiting for the ring and reading it do not exclude each
    // other.
    let ring = reader.readers.ring.as_fd().try_clone_to_owned()?;
    // SAFETY: the descriptor is owned by the `AsyncFd`, so it stays open and the same as long.
    let readiness = unsafe { AsyncFd::register_with_interest(ring, Interest::READABLE) };
    let readiness = readiness.map_err(std::io::Error::from)?;
    let mut ticks = interval(options.flush_interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let end = options
        .duration
        .map(|duration| tokio::time::Instant::now() + duration);
    let mut asked_to_end = false;
    let mut was_alive = true;
    loop {
        tokio::select! {
            ready = readiness.readable() => {
                ready?.clear_ready();
                reader.empty_ring(feed);
            }
            _ = ticks.tick() => {
                // Asked before reading: whatever the last process did is in the maps by then.
                let alive = alive();
                look_at_cgroup()?;
                reader.look(feed)?;
                // A walk over a table that changes may miss an entry, but hardly twice.
                if !alive && !was_alive {
                    return Ok(Ending::TargetsGone);
                }
                was_alive = alive;
            }
            number = signals.next() => {
                if number == libc::SIGHUP
                    && let Some(hang_up) = &mut hang_up
                {
                    hang_up();
                    continue;
                }
                let Some((pid, _)) = command else { return Ok(Ending::Signal(number)) };
                if asked_to_end || command.is_some_and(|(_, running)| running.is_finished()) {
                    return Ok(Ending::Signal(number));
                }
                asked_to_end = true;
                pass_on(number, *pid);
            }
            () = sleep_until(end) => return Ok(Ending::Asked),
        }
        if !feed.is_open() {
            return Ok(Ending::Asked);
        }
    }
}

async fn sleep_until(end: Option<tokio::time::Instant>) {
    match end {
        Some(end) => tokio::time::sleep_until(end).await,
        None => std::future::pending().await,
    }
}

/// Passes a signal on to the command, unless the terminal has given it to both already.
fn pass_on(number: libc::c_int, pid: u32) {
    // SAFETY: none of the three takes a pointer.
    unsafe {
        let from_terminal = number == libc::SIGINT && libc::tcgetpgrp(0) == libc::getpgrp();
        if !from_terminal {
            libc::kill(pid as libc::pid_t, number);
        }
    }
}
