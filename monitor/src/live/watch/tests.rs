//! A probe that is told to look where nothing can be read.

mod needs_root {
    use std::io::{self, Write as _};
    use std::process::{Command, Stdio};
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    use std::sync::{Arc, Mutex, PoisonError, mpsc};
    use std::thread;
    use std::time::{Duration, Instant};

    use monitor_common::{loss::Loss, target::KernelLayout};

    use crate::detect::verdict::Verdict;
    use crate::live::layout;
    use crate::live::preflight::Host;
    use crate::live::probe::Sizes;
    use crate::live::target::Target;
    use crate::live::touch::Details;
    use crate::live::watch::{Options, Watch};
    use crate::pipeline::unjudged::Unjudged;
    use crate::pipeline::{Parts, Pipeline, Queue, Reporting};
    use crate::report::hub::{Listener, Policy, Role};
    use crate::report::sink::{Interest, Sink};
    use crate::run::snapshot::Snapshot;
    use crate::service;
    use crate::syscall::event::ServiceId;

    /// How the run stands; ends it when it is told to.
    #[derive(Clone, Default)]
    struct Heard(Arc<(Mutex<Snapshot>, AtomicBool)>);

    impl Heard {
        fn now(&self) -> Snapshot {
            let latest = self.0.0.lock();
            latest.unwrap_or_else(PoisonError::into_inner).clone()
        }

        fn wait_until(&self, what: &str, mut done: impl FnMut(&Snapshot) -> bool) {
            let deadline = Instant::now() + Duration::from_secs(60);
            loop {
                let now = self.now();
                if done(&now) {
                    return;
                }
                assert!(Instant::now() < deadline, "{what}: {now:?}");
                thread::sleep(Duration::from_millis(20));
            }
        }
    }

    impl Sink for Heard {
        fn interest(&self) -> Interest {
            Interest::STATUS
        }

        fn verdict(&mut self, _: &Verdict) -> io::Result<()> {
            Ok(())
        }

        fn status(&mut self, snapshot: &Snapshot) -> io::Result<()> {
            let (latest, is_over) = &*self.0;
            *latest.lock().unwrap_or_else(PoisonError::into_inner) = snapshot.clone();
            // Nobody listens any more, and that ends a run.
            let over = || io::ErrorKind::BrokenPipe.into();
            if is_over.load(Relaxed) {
                Err(over())
            } else {
                Ok(())
            }
        }
    }

    /// Watches `target` by a probe for which the kernel's layout is spoiled, while `meanwhile`
    /// looks on.
    fn watched(target: Target, spoil: fn(&mut KernelLayout), meanwhile: impl FnOnce(&Heard)) {
        let heard = Heard::default();
        let sink = heard.clone();
        let (attached, wait) = mpsc::channel();
        // A thread of its own, as signals are its own to take.
        let run = thread::spawn(move || {
            let host = Host::read();
            let mut layout =
                layout::of_kernel(&host.check().expect("a kernel that can be watched"))
                    .expect("its layout");
            spoil(&mut layout);
            let options = Options {
                target,
                follow: true,
                duration: None,
                flush_interval: Duration::from_millis(20),
                sizes: Sizes {
                    ring_bytes: 1 << 20,
                    max_threads: 1024,
                    max_processes: None,
                },
                attachment: None,
                details: Details::Off,
                service: ServiceId::ONLY,
                by_cgroup: false,
            };
            let mut watch = Watch::load_by(options, &host, &layout).expect("loads");
            watch.attach(None).expect("attaches");
            let listener = Listener::new("test", Role::Telling, Box::new(sink));
            let (feed, pipeline) = Pipeline::start(Parts {
                engine: Box::new(Unjudged::default()),
                tap: None,
                listeners: vec![listener.with(Policy::Wait)],
                reporting: Reporting::default(),
                queue: Queue::of(256),
                tick: Duration::from_millis(20),
                cpu: None,
            })
            .expect("threads");
            attached.send(()).expect("the test waits");
            watch.run(None, &feed).expect("runs");
            pipeline.finish(feed).expect("ends");
        });
        if wait.recv().is_ok() {
            meanwhile(&heard);
        }
        heard.0.1.store(true, Relaxed);
        run.join().expect("the watch does not panic");
    }

    fn count(reasons: &[(&'static str, u64)], reason: Loss) -> u64 {
        let found = reasons.iter().find(|it| it.0 == reason.name());
        found.map_or(0, |it| it.1)
    }

    #[test]
    #[ignore = "needs root"]
    fn exits_that_cannot_be_read_are_counted_and_gap_an_open_stream() {
        let mut shell = Command::new("sh")
            .args(["-c", "while read line; do /bin/true; done"])
            .stdin(Stdio::piped())
            .spawn()
            .expect("sh");
        let mut stdin = shell.stdin.take().expect("piped");
        let target = Target::Processes(vec![shell.id()]);
        // What is read as the address of the signals is a pair of ids, where the kernel has
        // nothing.
        let spoil =
            |layout: &mut KernelLayout| layout.task_signal = layout.task_tgid.min(layout.task_pid);
        watched(target, spoil, |heard| {
            heard.wait_until("its exits are counted", |now| {
                // Each line makes a child, whose end cannot be read.
                stdin.write_all(b"next\n").expect("it reads");
                count(&now.source.missed, Loss::LifecycleUnreadable) > 0
            });
            heard.wait_until("the shell goes on with a gap", |now| {
                stdin.write_all(b"next\n").expect("it reads");
                now.counters.gaps > 0
            });
            let now = heard.now();
            assert_eq!(count(&now.source.lost, Loss::CallUnreadable), 0);
        });
        drop(stdin);
        shell.wait().expect("ends");
    }

    #[test]
    #[ignore = "needs root"]
    fn calls_whose_cgroup_cannot_be_read_are_counted_as_lost() {
        let root = service::host::Host::at("/").cgroups();
        let target = Target::Cgroup(root.expect("cgroups of version 2"));
        let spoil =
            |layout: &mut KernelLayout| layout.task_cgroups = layout.task_tgid.min(layout.task_pid);
        watched(target, spoil, |heard| {
            heard.wait_until("what cannot be read is counted", |now| {
                count(&now.source.lost, Loss::CallUnreadable) > 0
            });
            assert_eq!(heard.now().source.received, 0, "of nobody it is known");
        });
    }
}
