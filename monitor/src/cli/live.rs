//! What watching and recording have in common: the live source and its options.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use monitor::pipeline::{Outcome, Parts, Pipeline, Queue};

use super::quantity;
use super::target::Target;

/// Options of the live source.
#[derive(Args, Clone, Debug)]
pub struct LiveArgs {
    /// End the run after this time, as in 90s, 5m or 1h30m; a bare number is seconds
    #[arg(long = "for", value_name = "DURATION", value_parser = quantity::duration)]
    duration: Option<Duration>,
    /// Milliseconds that a call of a thread that then blocks may wait to be seen
    #[arg(long, value_name = "MS", default_value_t = 100, value_parser = quantity::whole::<1, 60_000>)]
    flush_interval: u64,
    /// Size of the ring between kernel and monitor, as in 8M: a power of two, at least a page
    #[arg(long, value_name = "SIZE", default_value = "8M", value_parser = ring_size)]
    ring_size: u32,
    /// Processes, and at least as many threads, that can be watched at a time
    #[arg(long, value_name = "N", default_value_t = 10_240, value_parser = quantity::whole32::<1, { 1 << 22 }>)]
    pub max_threads: u32,
    /// What is read beside the calls: nothing, flags and requests, or also paths and addresses
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = Details::Full)]
    details: Details,
    /// By which kind of tracepoint, in place of what the kernel needs: for tests
    #[arg(long, value_enum, hide = true, env = "MONITOR_ATTACH", hide_env = true)]
    attach: Option<Attach>,
}

/// A kind of tracepoint.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Attach {
    Raw,
    Perf,
}

/// Files and sockets that a live run opens after its start, by when it has given up root's rights.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// Files that are made, replaced or removed: their folders are written to.
    pub written: Vec<PathBuf>,
    /// Files and folders that are read.
    pub read: Vec<PathBuf>,
    /// Whether connections are made over IP.
    pub uses_network: bool,
}

/// How much of what calls touch is read.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Details {
    /// Nothing
    Off,
    /// Flags, requests and kinds: no path and no address leaves the kernel
    Classes,
    /// Paths and addresses too
    Full,
}

/// How a live run ended.
#[derive(Debug)]
pub struct Ended {
    /// How the pipeline did.
    pub outcome: Outcome,
    /// The status of the command that was run, if it ended.
    pub command: Option<u8>,
    /// Whether a signal other than Ctrl-C ended the run.
    pub told_to_end: bool,
}

/// Batches that may wait to be scored; the calls in them are limited by the feed.
pub const QUEUE: Queue = Queue::of(4096);

/// How often the live line is drawn.
pub const TICK: Duration = Duration::from_millis(250);

/// Told of the stages of a run; an error ends it.
pub type Started<'a> = Box<dyn FnOnce(&Pipeline) -> Result<()> + 'a>;

/// Told of a probe that is loaded.
#[cfg(feature = "live")]
pub type Loaded = Box<dyn FnOnce(&monitor::live::watch::Watch)>;

/// What is done on the way of a live run.
#[derive(Default)]
pub struct Hooks<'a> {
    /// Once the probe is loaded, before anything sees it. With it cgroups and processes tell
    /// services, as it is told.
    #[cfg(feature = "live")]
    pub loaded: Option<Loaded>,
    /// Once the probe is attached.
    pub attached: Option<Box<dyn FnOnce()>>,
    /// Once the stages behind run, with the rights that are left.
    pub started: Option<Started<'a>>,
    /// With what this host does not let the run see or give up, a sentence each, once it is
    /// attached.
    pub limits: Option<Box<dyn FnOnce(Vec<String>)>>,
    /// At SIGHUP, in the place of ending the run.
    pub hang_up: Option<Box<dyn FnMut()>>,
}

/// [`run_with`] no hooks.
///
/// # Errors
/// See there.
pub fn run(
    target: Target,
    follow: bool,
    args: &LiveArgs,
    files: &Files,
    parts: impl FnOnce() -> Result<Parts>,
) -> Result<Ended> {
    run_with(target, follow, args, files, Hooks::default(), parts)
}

/// Watches `target` until the run ends. `parts` is asked for the stages behind when the probe is
/// loaded and before it sees anything.
///
/// # Errors
/// When the host cannot, the target is not there, or a stage fails.
#[cfg(feature = "live")]
pub fn run_with(
    target: Target,
    follow: bool,
    args: &LiveArgs,
    files: &Files,
    hooks: Hooks<'_>,
    parts: impl FnOnce() -> Result<Parts>,
) -> Result<Ended> {
    use std::os::unix::ffi::OsStrExt;

    use monitor::live::attachment::Attachment;
    use monitor::live::command::{Invoker, prepare};
    use monitor::live::privileges::Needs;
    use monitor::live::probe::Sizes;
    use monitor::live::target::Target as Watched;
    use monitor::live::touch;
    use monitor::live::watch::{Options, Watch};
    use monitor::report::sink::Origin;
    use monitor::run::clock::WallClock;
    use monitor::syscall::event::{Comm, ServiceId};

    let about = target.to_string();
    let by_cgroup = hooks.loaded.is_some();
    let (target, command) = match target {
        Target::Processes(pids) => (Watched::Processes(pids), None),
        Target::Comm(name) => (Watched::Comm(Comm::new(name.as_bytes())), None),
        Target::Uid(uid) => (Watched::Uid(uid), None),
        Target::Cgroup(path) | Target::Service(path, _) => (Watched::Cgroup(path), None),
        Target::All => (Watched::All, None),
        Target::Command(program, words) => (Watched::Processes(Vec::new()), Some((program, words))),
    };
    let mut watch = Watch::load(Options {
        target,
        follow,
        duration: args.duration,
        flush_interval: Duration::from_millis(args.flush_interval),
        sizes: Sizes {
            ring_bytes: args.ring_size,
            max_threads: args.max_threads,
            max_processes: None,
        },
        attachment: args.attach.map(|attach| match attach {
            Attach::Raw => Attachment::Raw,
            Attach::Perf => Attachment::Perf,
        }),
        details: match args.details {
            Details::Off => touch::Details::Off,
            Details::Classes => touch::Details::Classes,
            Details::Full => touch::Details::Full,
        },
        service: if by_cgroup {
            ServiceId::NONE
        } else {
            ServiceId::ONLY
        },
        by_cgroup,
    })?;
    if let Some(loaded) = hooks.loaded {
        loaded(&watch);
    }
    let parts = parts()?;
    let command = command
        .map(|(program, words)| prepare(&program, &words, Invoker::of_sudo()))
        .transpose()?;
    watch.attach(command.as_ref())?;
    if let Some(hang_up) = hooks.hang_up {
        watch.on_hang_up(hang_up);
    }
    if let Some(attached) = hooks.attached {
        attached();
    }
    if command.is_none() {
        // Scripts wait for this line. A command has the terminal to itself.
        super::complain(&format!("watching {about}; Ctrl-C ends"));
    }
    let needs = Needs {
        signals_a_command: command.is_some(),
        reads: files.read.clone(),
        families: match files.uses_network {
            true => vec![libc::AF_INET, libc::AF_INET6],
            false => Vec::new(),
        },
        ..Needs::default()
    };
    let needs = files
        .written
        .iter()
        .fold(needs, |needs, file| needs.with_file(file));
    // The one place where rights are given up: whatever is started from here on inherits that.
    let remains = watch.give_up_rights(needs)?.0;
    remains.iter().for_each(|remains| super::complain(remains));
    if let Some(limits) = hooks.limits {
        let remains = remains.into_iter().map(str::to_owned);
        limits(watch.limits().iter().cloned().chain(remains).collect());
    }
    let (feed, pipeline) = Pipeline::start(parts)?;
    if let Some(started) = hooks.started {
        started(&pipeline)?;
    }
    let origin = Origin {
        name: None,
        clock: WallClock::Live,
    };
    // A stage that has ended already says why in `finish`.
    let _ = feed.begin(origin);
    let started = command.as_ref().map(|command| command.pid);
    let ended = watch.run(command, &feed);
    let outcome = pipeline.finish(feed)?;
    super::outputs::tell_failures(&outcome);
    let ended = ended?;
    let source = &outcome.snapshot.source;
    if started.is_none() && source.received == 0 && source.lost.is_empty() {
        // Nobody is to take this for a service that behaves.
        super::complain("no call was seen: what is watched made none in this time");
    }
    if let (Some(pid), None) = (started, ended.command) {
        super::complain(&format!(
            "the command (pid {pid}) goes on and is no longer watched"
        ));
    }
    Ok(Ended {
        outcome,
        command: ended.command,
        told_to_end: ended.signal.is_some_and(|it| it != libc::SIGINT),
    })
}

/// Says that this build cannot watch.
///
/// # Errors
/// Always.
#[cfg(not(feature = "live"))]
pub fn run_with(
    target: Target,
    _: bool,
    _: &LiveArgs,
    _: &Files,
    _: Hooks<'_>,
    _: impl FnOnce() -> Result<Parts>,
) -> Result<Ended> {
    anyhow::bail!(
        "this monitor was built without the feature `live`, so it cannot watch {target}: \
         build it with its default features (cargo xtask run does)"
    )
}

fn ring_size(text: &str) -> Result<u32, String> {
    const LEAST: u32 = 4096;
    match u32::try_from(quantity::size(text)?) {
        Ok(bytes) if bytes.is_power_of_two() && (LEAST..=1 << 30).contains(&bytes) => Ok(bytes),
        _ => Err("give a power of two from 4K to 1G, as in 8M".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::ring_size;

    #[test]
    fn a_ring_is_a_power_of_two_of_whole_pages() {
        for right in ["8388608", "8M", "8MiB", "8192k"] {
            assert_eq!(ring_size(right), Ok(8 << 20));
        }
        for wrong in ["0", "2048", "5000", "4294967296", "8T", "-4096", "3M"] {
            assert!(ring_size(wrong).is_err(), "{wrong}");
        }
    }
}
