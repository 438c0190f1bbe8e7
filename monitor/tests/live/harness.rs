//! Runs a live watch and gathers its events.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::traced::traced;

use monitor::{
    live::{
        command,
        probe::Sizes,
        services::Services,
        target::Target,
        touch::Details,
        watch::{Options, Watch},
    },
    pipeline::{Engine, Parts, Pipeline, Queue},
    run::snapshot::SourceStatus,
    syscall::event::{Abi, Call, Event, EventKind, ServiceId, ThreadKey},
};

/// What a watch saw.
pub struct Seen {
    pub events: Vec<Event>,
    pub source: SourceStatus,
    pub status: Option<u8>,
}

pub fn options() -> Options {
    Options {
        target: Target::Processes(Vec::new()),
        follow: true,
        // A test that hangs fails by what it did not see.
        duration: Some(Duration::from_secs(60)),
        flush_interval: Duration::from_millis(20),
        sizes: Sizes {
            ring_bytes: 1 << 23,
            max_threads: 4096,
            max_processes: None,
        },
        attachment: crate::ATTACHMENT,
        details: Details::Full,
        service: ServiceId::ONLY,
        by_cgroup: false,
    }
}

/// Watches `traced` with these arguments from its first call to its end.
pub fn watch_traced(arguments: &[&str], options: Options) -> Seen {
    watch_command(traced(), arguments, options)
}

/// Watches a command from its first call to its end.
pub fn watch_command(program: PathBuf, arguments: &[&str], options: Options) -> Seen {
    let arguments: Vec<OsString> = arguments.iter().map(Into::into).collect();
    let command = command::prepare(program.as_os_str(), &arguments, None).expect("a program");
    watch(options, Some(command), || ())
}

/// Watches until the end that the options and the command give; `meanwhile` runs once the probe is
/// attached.
///
/// The watch gives up privileges, which are each thread's own: it has a thread to itself, so that
/// the test keeps them.
pub fn watch(
    options: Options,
    command: Option<command::Prepared>,
    meanwhile: impl FnOnce(),
) -> Seen {
    watch_by(|| (), options, command, Vec::new(), |_| meanwhile())
}

/// The same for who changes the probe's tables meanwhile.
pub fn watch_with(
    options: Options,
    command: Option<command::Prepared>,
    meanwhile: impl FnOnce(Services),
) -> Seen {
    watch_by(|| (), options, command, Vec::new(), meanwhile)
}

/// The same by a thread that first calls `prepare`.
fn watch_by(
    prepare: fn(),
    options: Options,
    command: Option<command::Prepared>,
    services: Vec<(u32, ServiceId)>,
    meanwhile: impl FnOnce(Services),
) -> Seen {
    let (attached, wait) = std::sync::mpsc::channel();
    let watch = std::thread::spawn(move || {
        prepare();
        let mut watch = Watch::load(options).expect("loads");
        for (pid, service) in services {
            watch.services().add_process(pid, service).expect("room");
        }
        watch.attach(command.as_ref()).expect("attaches");
        attached.send(watch.services()).expect("the test waits");
        let events = Arc::new(Mutex::new(Vec::new()));
        let (feed, pipeline) = Pipeline::start(Parts {
            engine: Box::new(Gather(Arc::clone(&events))),
            tap: None,
            listeners: Vec::new(),
            reporting: monitor::pipeline::Reporting::default(),
            // However little of a CPU the scorer gets beside other tests, it has room for all.
            queue: Queue {
                batches: 1 << 16,
                least_calls: 1 << 26,
            },
            tick: Duration::from_secs(60),
            cpu: None,
        })
        .expect("threads");
        let status = watch.run(command, &feed).expect("runs");
        let outcome = pipeline.finish(feed).expect("ends");
        assert_eq!(
            outcome.snapshot.unscored.calls, 0,
            "the queue held everything"
        );
        let events = std::mem::take(&mut *events.lock().expect("no panic"));
        Seen {
            events,
            source: outcome.snapshot.source,
            status: status.command,
        }
    });
    if let Ok(services) = wait.recv() {
        meanwhile(services);
    }
    watch.join().expect("the watch does not panic")
}

/// Watches `traced` by a reader that is behind: it shares one CPU with what it watches, and runs
/// only while nothing else wants that CPU (`SCHED_IDLE`, sched(7)).
pub fn watch_traced_behind(arguments: &[&str], options: Options) -> Seen {
    let arguments: Vec<OsString> = arguments.iter().map(Into::into).collect();
    // On a thread of its own: threads and processes inherit the CPU.
    let test = std::thread::spawn(move || {
        keep_to_one_cpu();
        let command = command::prepare(traced().as_os_str(), &arguments, None);
        watch_by(
            run_when_idle,
            options,
            Some(command.expect("a program")),
            Vec::new(),
            |_| (),
        )
    });
    test.join().expect("the watch does not panic")
}

/// Watches processes, each as of its service.
pub fn watch_services(
    options: Options,
    services: Vec<(u32, ServiceId)>,
    meanwhile: impl FnOnce(),
) -> Seen {
    watch_by(|| (), options, None, services, |_| meanwhile())
}

/// Watches processes, each as of its service, by a reader that is behind: it shares one CPU with
/// them.
pub fn watch_services_behind(
    options: Options,
    services: Vec<(u32, ServiceId)>,
    meanwhile: impl FnOnce() + Send + 'static,
) -> Seen {
    let pids: Vec<u32> = services.iter().map(|&(pid, _)| pid).collect();
    let test = std::thread::spawn(move || {
        keep_to_one_cpu();
        for pid in pids {
            bind_to_this_cpu(pid);
        }
        watch_by(run_when_idle, options, None, services, |_| meanwhile())
    });
    test.join().expect("the watch does not panic")
}

fn keep_to_one_cpu() {
    bind_to_this_cpu(0);
}

/// Binds a process, or with 0 the calling thread, to the CPU that the calling thread runs on.
fn bind_to_this_cpu(pid: u32) {
    // SAFETY: an all-zero cpu_set_t is an empty set, and CPU_SET and the calls get whole sets.
    let kept = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        let cpu = libc::sched_getcpu();
        libc::CPU_SET(usize::try_from(cpu).expect("a CPU"), &mut set);
        libc::sched_setaffinity(pid as libc::pid_t, size_of_val(&set), &raw const set)
    };
    assert_eq!(kept, 0, "{}", std::io::Error::last_os_error());
}

fn run_when_idle() {
    let priority = libc::sched_param { sched_priority: 0 };
    // SAFETY: the parameter is a whole struct that outlives the call.
    let set = unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const priority) };
    assert_eq!(set, 0, "{}", std::io::Error::last_os_error());
}

impl Seen {
    /// The calls of each thread, in order, with a check that none is missing.
    pub fn whole_threads(&self) -> BTreeMap<ThreadKey, Vec<Call>> {
        let mut threads = BTreeMap::<ThreadKey, Vec<Call>>::new();
        for event in &self.events {
            if let EventKind::Calls(stretch) = &event.kind {
                let calls = threads.entry(event.thread).or_default();
                assert_eq!(
                    stretch.first_seq,
                    calls.len() as u64,
                    "a gap in {:?}",
                    event.thread
                );
                calls.extend(&stretch.calls);
            }
        }
        threads
    }

    /// How often `call` was made by anyone.
    pub fn count(&self, call: Call) -> u64 {
        self.calls().filter(|it| *it == call).count() as u64
    }

    pub fn calls(&self) -> impl Iterator<Item = Call> {
        self.events.iter().flat_map(|event| match &event.kind {
            EventKind::Calls(stretch) => stretch.calls.clone(),
            _ => Vec::new(),
        })
    }

    /// How many events are of a kind.
    pub fn events_that(&self, kind: impl Fn(&EventKind) -> bool) -> usize {
        self.events.iter().filter(|event| kind(&event.kind)).count()
    }

    /// Calls that the source says were lost, whatever the reason.
    pub fn lost(&self) -> u64 {
        self.source.lost.iter().map(|(_, count)| count).sum()
    }
}

/// A call of the table of the machine that the test runs on.
pub fn native(number: libc::c_long) -> Call {
    let abi = if cfg!(target_arch = "aarch64") {
        Abi::Aarch64
    } else {
        Abi::X86_64
    };
    Call {
        abi,
        number: number as u32,
    }
}

struct Gather(Arc<Mutex<Vec<Event>>>);

impl Engine for Gather {
    fn push(&mut self, event: &Event) {
        self.0.lock().expect("no panic").push(event.clone());
    }
}
