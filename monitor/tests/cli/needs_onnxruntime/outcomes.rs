//! How calls on known things go, learned and judged.

use std::fmt::Write as _;
use std::fs;

use super::{MODEL, of_type};
use crate::harness::{run, text};
use crate::schema;

/// A job that looks for a library to be loaded before all else, in vain, reads its input and writes
/// its output, `rounds` times; one round's `found` looks otherwise.
fn job(rounds: u32, found: Option<&str>) -> String {
    let mut trace = String::new();
    for round in 0..rounds {
        let absent = "openat(AT_FDCWD, \"/etc/ld.so.preload\", O_RDONLY) = -1 ENOENT (No such file \
                      or directory)";
        let looked = found.filter(|_| round + 1 == rounds).unwrap_or(absent);
        for (place, call) in [
            "access(\"/etc/ld.so.preload\", R_OK) = 0",
            looked,
            "openat(AT_FDCWD, \"/srv/input\", O_RDONLY) = 3",
            "read(3, \"x\", 1) = 1",
            "write(1, \"x\", 1) = 1",
            "close(3) = 0",
        ]
        .into_iter()
        .enumerate()
        {
            let _ = writeln!(
                trace,
                "7 {}.{:06} {call}",
                round / 5,
                (round % 5) * 200_000 + place as u32
            );
        }
    }
    trace
}

#[test]
#[ignore = "needs onnxruntime"]
fn what_was_looked_for_in_vain_and_is_found_is_told_and_what_was_learned_so_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, content: String| {
        let path = folder.path().join(name);
        fs::write(&path, content).expect("written");
        path
    };
    let found = "openat(AT_FDCWD, \"/etc/ld.so.preload\", O_RDONLY) = 3";
    let normal = file("normal.strace", job(3000, None));
    let attacked = file("attacked.strace", job(300, Some(found)));
    let again = file("again.strace", job(300, None));
    let learned = |name: &str, from: &std::path::Path| {
        let profile = folder.path().join(name);
        let words = [
            "learn",
            "--model",
            MODEL,
            "--profile",
            text(&profile),
            text(from),
        ];
        let ran = run(&words);
        assert_eq!(ran.status, 0, "{}", ran.err);
        profile
    };
    let judged = |profile: &std::path::Path, trace: &std::path::Path| {
        let words = [
            "replay", "--model", MODEL, "--format", "json", "--budget", "1/day",
        ];
        let ran = run(&[&words[..], &["--profile", text(profile), text(trace)]].concat());
        let lines = ran.lines();
        lines.iter().for_each(schema::check);
        of_type(&lines, "incident")
    };
    let profile = learned("job.profile", &normal);
    assert_eq!(judged(&profile, &again), Vec::<serde_json::Value>::new());
    let incidents = judged(&profile, &attacked);
    let first = &incidents.first().expect("it is told")["first_seen"][0];
    assert_eq!(first["kind"], "outcome", "{first}");
    assert_eq!(first["detail"], "read:/etc/ld.so.preload");
    assert_eq!(first["outcome"], "ok");
    assert_eq!(first["technique"], "T1574.006");
    assert_eq!(incidents[0]["techniques"][0], "T1574.006");

    let both = file("both.strace", job(3000, Some(found)));
    let wiser = learned("wiser.profile", &both);
    assert_eq!(judged(&wiser, &attacked), Vec::<serde_json::Value>::new());
    let shown = run(&["profile", "show", text(&wiser)]);
    assert!(shown.out.contains("2,999 not there"), "{}", shown.out);
}
