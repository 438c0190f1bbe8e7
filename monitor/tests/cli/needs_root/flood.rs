//! Attacks beside threads that flood: what they do is scored and reported.

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::watching::Held;
use crate::harness::{Ran, monitor, parse, run, text};
use crate::schema;
use crate::traced::traced;

/// How long a flood lasts at most, whatever else fails.
const LONGEST: Duration = Duration::from_secs(180);

/// Attack processes.
const ATTACKS: usize = 20;

/// Threads of this process that call the kernel as fast as they can.
struct Flood {
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Flood {
    fn of(threads: usize) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let until = Instant::now() + LONGEST;
        let thread = |_| {
            let over = Arc::clone(&over);
            thread::spawn(move || {
                while !over.load(Relaxed) && Instant::now() < until {
                    for _ in 0..1000 {
                        // SAFETY: the call has no arguments and cannot fail.
                        unsafe { libc::syscall(libc::SYS_getppid) };
                    }
                }
            })
        };
        let threads = (0..threads).map(thread).collect();
        Self { over, threads }
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.over.store(true, Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// A child that makes 400 calls that nothing else here makes, and its pid.
fn attack() -> u32 {
    let mut command = Command::new("/bin/true");
    // SAFETY: between fork and exec the closure makes system calls only.
    unsafe {
        command.pre_exec(|| {
            for _ in 0..200 {
                libc::syscall(libc::SYS_personality, 0xffff_ffff_u32);
                libc::syscall(libc::SYS_getpriority, 0, 0);
            }
            Ok(())
        });
    }
    let mut child = command.spawn().expect("it starts");
    let pid = child.id();
    child.wait().expect("it ends");
    pid
}

fn usual() {
    let mut child = Command::new("/bin/true").spawn().expect("it starts");
    child.wait().expect("it ends");
}

/// A monitor of this process and its children that is ready, with the thread that reads what it
/// says.
fn watching(arguments: &[&str]) -> (Child, JoinHandle<String>) {
    let me = std::process::id().to_string();
    let mut child = monitor(
        &[
            &["--pid", &me, "--format", "json", "--no-alarm-log"],
            arguments,
        ]
        .concat(),
    )
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()
    .expect("it starts");
    let stderr = child.stderr.take().expect("piped");
    let (ready, is_ready) = std::sync::mpsc::channel();
    let said = thread::spawn(move || {
        let mut all = String::new();
        for line in std::io::BufRead::lines(std::io::BufReader::new(stderr)) {
            let line = line.expect("text");
            if line.contains("watching") {
                ready.send(()).expect("somebody waits");
            }
            all += &line;
            all.push('\n');
        }
        all
    });
    is_ready.recv().expect("the monitor watches");
    (child, said)
}

/// Watches a flood by so many threads with twenty attacks beside it: what the monitor said, and the
/// pids of the attacks.
fn attacked(threads: usize, arguments: &[&str]) -> (Ran, Vec<u32>) {
    let flood = Flood::of(threads);
    let (child, said) = watching(arguments);
    // SAFETY: the child is ours and not waited for yet.
    let end = || unsafe { libc::kill(child.id() as i32, libc::SIGTERM) };
    let reader = thread::scope(|scope| {
        scope
            .spawn(|| {
                thread::sleep(Duration::from_secs(2));
                let pids: Vec<_> = (0..ATTACKS)
                    .map(|_| {
                        thread::sleep(Duration::from_millis(150));
                        attack()
                    })
                    .collect();
                thread::sleep(Duration::from_secs(1));
                end();
                pids
            })
            .join()
            .expect("no panic")
    });
    drop(flood);
    let output = child.wait_with_output().expect("it ends");
    let mut ran = Ran::from(output);
    ran.err = said.join().expect("no panic");
    (ran, reader)
}

fn number(line: &Value, name: &str) -> u64 {
    line[name]
        .as_u64()
        .unwrap_or_else(|| panic!("no {name} in {line}"))
}

/// Four processes that flood, for so long at most as it takes to start twenty that each make some
/// hundred calls and say their pid.
const BESIDE_A_FLOOD: &str = r#"
    floods=
    for flood in 1 2 3 4; do
        (i=0; while [ $i -lt 20000000 ]; do kill -0 $$; i=$((i+1)); done) &
        floods="$floods $!"
    done
    sleep 2
    i=0
    while [ $i -lt 20 ]; do
        sh -c 'echo $$; j=0; while [ $j -lt 200 ]; do cd /; umask 022; j=$((j+1)); done'
        sleep 0.15
        i=$((i+1))
    done
    sleep 1
    kill $floods
"#;

#[test]
#[ignore = "needs root"]
fn without_a_profile_the_calls_of_every_attack_beside_a_flood_are_scored() {
    let folder = tempfile::tempdir().expect("a folder");
    for share in ["25", "5", "none"] {
        let output = folder.path().join(share);
        let watch = [
            "--no-alarm-log",
            "--format",
            "json",
            "--cpu",
            share,
            "--output",
            text(&output),
        ];
        let ran = run(&[&watch[..], &["--", "sh", "-c", BESIDE_A_FLOOD]].concat());
        let pids: Vec<u64> = ran
            .out
            .lines()
            .map(|pid| pid.parse().expect("a pid"))
            .collect();
        assert_eq!(pids.len(), ATTACKS, "{}", ran.err);
        let lines = parse(&std::fs::read_to_string(&output).expect("written"));
        for pid in pids {
            let ends: Vec<_> = lines
                .iter()
                .filter(|line| line["type"] == "thread_end" && line["pid"] == pid)
                .collect();
            let sum = |name| ends.iter().map(|end| number(end, name)).sum::<u64>();
            assert!(sum("calls") > 400, "{share} {pid}: {ends:?}");
            assert!(sum("lost") * 10 < sum("calls"), "{share} {pid}: {ends:?}");
            assert!(sum("scored") >= 100, "{share} {pid}: {ends:?}");
        }
    }
}

#[test]
#[ignore = "needs root"]
fn by_a_profile_every_attack_beside_a_flood_is_reported() {
    let folder = tempfile::tempdir().expect("a folder");
    let profile = folder.path().join("flood.profile");
    let me = std::process::id().to_string();
    {
        let _flood = Flood::of(4);
        let learning = thread::spawn({
            let profile = text(&profile).to_owned();
            move || run(&["learn", "--pid", &me, "--profile", &profile, "--for", "4"])
        });
        while !learning.is_finished() {
            usual();
            thread::sleep(Duration::from_millis(50));
        }
        let learned = learning.join().expect("no panic");
        assert_eq!(learned.status, 0, "{}", learned.err);
    }
    for share in ["5", "25", "none"] {
        every_attack_is_reported(&profile, share);
    }
}

/// Watches by a profile, with so much of the processor.
fn every_attack_is_reported(profile: &std::path::Path, share: &str) {
    let all = [
        "--cpu",
        share,
        "--again-after",
        "0",
        "--alarms-per-minute",
        "0",
        // Seconds of learning support no strict budget; what is asked here is who is heard at all.
        "--budget",
        "100000/hour",
        "--profile",
        text(profile),
    ];
    let (ran, pids) = attacked(4, &all);
    let lines = ran.lines();
    let reported: Vec<_> = pids
        .iter()
        .filter(|&&pid| {
            let mut alarms = lines.iter().filter(|line| line["type"] == "alarm");
            alarms.any(|line| line["pid"] == pid)
        })
        .collect();
    assert_eq!(reported.len(), ATTACKS, "{share} {pids:?} {}", ran.err);
}

#[test]
#[ignore = "needs root"]
fn a_service_that_floods_a_ring_of_one_page_is_told_as_blind_in_text_json_and_the_exit() {
    // A process of its own, which no other test is in, with four threads that call for minutes.
    let flood = Held::start(Command::new(traced()).args(["threads", "1000000000"]));
    let pid = flood.pid();
    let watch = [
        "--no-alarm-log",
        "--ring-size",
        "4K",
        "--for",
        "9",
        "--pid",
        &pid,
    ];
    // Where other programs have the CPUs, a flood may lose less than it takes.
    let blind = |format: &[&str]| {
        let mut runs = (0..5).map(|_| run(&[&watch[..], format].concat()));
        let ran = runs.find(|ran| ran.status != 0);
        ran.expect("one of five runs is blind")
    };
    let ran = blind(&["--format", "json"]);
    assert_eq!(ran.status, 4, "{}", ran.err);
    let lines = ran.lines();
    let statements: Vec<_> = lines.iter().filter(|it| it["type"] == "blind").collect();
    statements.iter().for_each(|line| schema::check(line));
    assert_eq!(statements[0]["state"], "opened", "{}", ran.err);
    assert!(number(statements[0], "lost") > 0 && number(statements[0], "threads") > 0);
    let alarms = lines.iter().filter(|it| it["type"] == "alarm").count();
    assert_eq!(alarms, 0, "a gap is no evidence");
    let ran = blind(&[]);
    assert_eq!(ran.status, 4, "{}", ran.err);
    assert!(ran.out.contains("BLIND to "), "{}{}", ran.out, ran.err);
}
