//! Counts known calls through the probe and the ring, as a live run would.

use std::ffi::OsString;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::{Check, Outcome};
use crate::live::command;
use crate::live::privileges::Needs;
use crate::live::probe::Sizes;
use crate::live::target::Target;
use crate::live::touch::Details;
use crate::live::watch::{Options, Watch};
use crate::pipeline::{Engine, Parts, Pipeline, Queue, Reporting};
use crate::syscall::event::{Event, EventKind, ServiceId};
use crate::syscall::table;

/// Calls that are made and counted.
pub const CALLS: u64 = 1000;

/// The command of this program that makes them, as the command line must know it.
pub const COMMAND: &str = "self-test-calls";

/// Makes the calls.
pub fn make_calls() {
    for _ in 0..CALLS {
        // SAFETY: getppid takes nothing and cannot fail. Called by its number: a C library may
        // answer by itself.
        unsafe { libc::syscall(libc::SYS_getppid) };
    }
}

#[derive(Clone, Default)]
struct Count(Arc<Mutex<u64>>);

impl Engine for Count {
    fn push(&mut self, event: &Event) {
        let EventKind::Calls(stretch) = &event.kind else {
            return;
        };
        let is_getppid = |number: u32| i64::from(number) == libc::SYS_getppid;
        let found = stretch
            .calls
            .iter()
            .filter(|call| call.abi == table::host() && is_getppid(call.number));
        let mut count = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *count += found.count() as u64;
    }
}

/// Watches this program while it makes [`CALLS`] calls, in a thread that gives up its privileges.
#[must_use]
pub fn run() -> Check {
    const NAME: &str = "self-test";
    let tested = thread::spawn(count).join();
    match tested {
        Ok(Ok(CALLS)) => Check::ok(
            NAME,
            format!("{CALLS} of {CALLS} calls came through the ring"),
        ),
        Ok(Ok(count)) => Check::wrong(
            NAME,
            Outcome::Failed,
            format!("{count} of {CALLS} calls came through the ring"),
            "please report this with monitor support-bundle",
        ),
        Ok(Err(error)) => Check::failed(NAME, &error),
        Err(_) => Check::failed(NAME, "it stopped on an internal error: please report it"),
    }
}

fn count() -> Result<u64, String> {
    fn text(error: impl ToString) -> String {
        error.to_string()
    }
    let mut watch = Watch::load(Options {
        target: Target::Processes(Vec::new()),
        follow: true,
        duration: Some(Duration::from_secs(30)),
        flush_interval: Duration::from_millis(20),
        sizes: Sizes {
            ring_bytes: 1 << 20,
            max_threads: 64,
            max_processes: None,
        },
        attachment: None,
        details: Details::Off,
        service: ServiceId::ONLY,
        by_cgroup: false,
    })
    .map_err(text)?;
    let program = std::env::current_exe().map_err(text)?;
    let arguments = [OsString::from(COMMAND)];
    let command = command::prepare(program.as_os_str(), &arguments, None).map_err(text)?;
    watch.attach(Some(&command)).map_err(text)?;
    let needs = Needs {
        signals_a_command: true,
        ..Needs::default()
    };
    watch.give_up_rights(needs).map_err(text)?;
    let count = Count::default();
    let (feed, pipeline) = Pipeline::start(Parts {
        engine: Box::new(count.clone()),
        tap: None,
        listeners: Vec::new(),
        reporting: Reporting::default(),
        queue: Queue::of(1 << 10),
        tick: Duration::from_secs(60),
        cpu: None,
    })
    .map_err(text)?;
    let ended = watch.run(Some(command), &feed).map_err(text);
    pipeline.finish(feed).map_err(text)?;
    ended?;
    let count = count.0.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(*count)
}
