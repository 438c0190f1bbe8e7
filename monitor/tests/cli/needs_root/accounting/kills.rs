//! SIGKILL at any moment: files are whole, old or new.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use monitor::profile::{Profile, file};

use super::{LONGEST, number, of};
use crate::explain::{alarm, log};
use crate::harness::{monitor, parse, run, text};
use crate::traced::traced;

/// Moments of a stretch of time, no two alike and none rounder than another.
pub fn moments(count: u32, longest: Duration) -> impl Iterator<Item = Duration> {
    // The golden ratio's multiples spread most evenly (Weyl's sequence).
    (1..=count).map(move |it| longest.mul_f64((f64::from(it) * 0.618_033_988_749_895).fract()))
}

/// Starts it and kills it after so long, counted from when `has_begun`.
fn killed(command: &mut Command, has_begun: impl Fn() -> bool, after: Duration) {
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    let begun = Instant::now();
    while !has_begun() && child.try_wait().expect("a child").is_none() {
        assert!(begun.elapsed() < LONGEST, "it never begins");
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(after);
    // One that has ended by then is as good.
    let _ = child.kill();
    child.wait().expect("a child");
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |about| about.len())
}

#[test]
#[ignore = "needs root"]
fn a_recording_and_a_log_are_whole_up_to_where_they_end() {
    let folder = tempfile::tempdir().expect("a folder");
    for (place, after) in moments(5, Duration::from_millis(1500)).enumerate() {
        let recording = folder.path().join(format!("{place}.rec"));
        let log = folder.path().join(format!("{place}.jsonl"));
        let mut command = monitor(&["--threshold", "0.3", "--again-after", "0"]);
        command.args(["--alarms-per-minute", "0", "--no-learn"]);
        command.args(["--record", text(&recording), "--alarm-log", text(&log)]);
        let script = "i=0; while [ $i -lt 400 ]; do /bin/true; i=$((i+1)); done";
        command.args(["--", "sh", "-c", script]);
        killed(&mut command, || size(&recording) > 200, after);
        let replayed = run(&["replay", "--format", "json", text(&recording)]);
        assert!([0, 3].contains(&replayed.status), "{}", replayed.err);
        let lines = replayed.lines();
        let summary = of(&lines, "summary").last().expect("a summary");
        assert!(number(summary, "received") > 0, "{summary}");
        // A line goes out in one write.
        let text = fs::read_to_string(&log).expect("made");
        assert!(text.is_empty() || text.ends_with('\n'), "{place}");
        parse(&text);
    }
}

#[test]
#[ignore = "needs root"]
fn a_profile_is_the_old_one_or_the_new_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let recording = folder.path().join("run.rec");
    let recorded = run(&[
        "record",
        "--output",
        text(&recording),
        "--",
        text(&traced()),
        "getppid",
        "2000",
    ]);
    assert_eq!(recorded.status, 0, "{}", recorded.err);
    let profile = folder.path().join("web.profile");
    file::write(&profile, &Profile::default()).expect("written");
    let old = fs::read(&profile).expect("there");
    let begun = Instant::now();
    let learn = [
        "learn",
        "--force",
        "--profile",
        text(&profile),
        text(&recording),
    ];
    let whole = run(&learn);
    assert_eq!(whole.status, 0, "{}", whole.err);
    let takes = begun.elapsed();
    let (mut olds, mut news) = (0, 0);
    for after in moments(10, takes.mul_f64(1.1)) {
        fs::write(&profile, &old).expect("written");
        killed(&mut monitor(&learn), || true, after);
        let (there, _) = file::read(&profile).expect("whole");
        match there.provenance.calls() {
            0 => olds += 1,
            _ => news += 1,
        }
    }
    assert!(olds > 0, "{olds} {news}");
    // What was left behind keeps nobody from the next one.
    let again = run(&learn);
    assert_eq!(again.status, 0, "{}", again.err);
}

#[test]
#[ignore = "needs root"]
fn an_acceptance_is_there_or_not_and_beside_it_stands_the_profile_before_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let profile = folder.path().join("web.profile");
    file::write(&profile, &Profile::default()).expect("written");
    let old = fs::read(&profile).expect("there");
    let id = "01HF7YAT000000000000000000";
    let log = log(folder.path(), &[alarm(id)]);
    let accept = [
        "profile",
        "accept",
        id,
        "--yes",
        "--profile",
        text(&profile),
        "--alarm-log",
        text(&log),
    ];
    let kept = folder.path().join(format!("web.profile.before-{id}"));
    let restore = || {
        fs::remove_file(&profile).expect("there");
        fs::write(&profile, &old).expect("written");
        // It may not have come to it.
        let _ = fs::remove_file(&kept);
    };
    let begun = Instant::now();
    let whole = run(&accept);
    assert_eq!(whole.status, 0, "{}", whole.err);
    let takes = begun.elapsed();
    assert_eq!(fs::read(&kept).expect("kept"), old);
    let (mut olds, mut news) = (0, 0);
    for after in moments(40, takes.mul_f64(1.1)) {
        restore();
        killed(&mut monitor(&accept), || true, after);
        let (there, _) = file::read(&profile).expect("whole");
        let accepted = there.accepted.acceptances.len();
        if accepted == 0 {
            assert_eq!(fs::read(&profile).expect("there"), old);
            olds += 1;
        } else {
            assert!(kept.exists(), "it can be undone");
            news += 1;
        }
        if kept.exists() {
            assert_eq!(fs::read(&kept).expect("there"), old);
        }
    }
    assert!(olds > 0 && olds + news == 40, "{olds} {news}");
    // Neither a lock nor half a file that was left behind keeps anybody from the next one.
    restore();
    let again = run(&accept);
    assert_eq!(again.status, 0, "{}", again.err);
    let undo = [&["profile", "unaccept"], &accept[2..]].concat();
    let undone = run(&undo);
    assert_eq!(undone.status, 0, "{}", undone.err);
    let (there, _) = file::read(&profile).expect("whole");
    assert!(there.accepted.acceptances.is_empty());
}
