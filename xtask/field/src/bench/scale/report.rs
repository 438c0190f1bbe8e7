//! What was measured, as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::live::{Live, Run};
use super::sweep::{Axis, Sweep};
use super::{Found, PLOTS, Report, chart, picture_name};

/// What a thread may take beyond the base, bytes, and the base, MiB: the targets.
const TARGET_BYTES: f64 = 4096.0;
const TARGET_BASE_MIB: f64 = 64.0;

/// Maps below this, bytes, are told of together.
const SMALL: u64 = 256 << 10;

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

fn judged_by(profile: bool) -> &'static str {
    if profile { "its own" } else { "none" }
}

impl Report {
    /// As Markdown, with the pictures when they were drawn.
    pub fn markdown(&self, pictured: bool) -> String {
        let mut text = format!(
            "On {}. Targets: {TARGET_BYTES:.0} bytes a thread beyond a base of \
             {TARGET_BASE_MIB:.0} MiB.\n",
            self.machine.sentence()
        );
        let (short, at_once): (Vec<_>, Vec<_>) =
            self.found.iter().partition(|found| found.case.short_lived);
        text += "\n**Synthetic streams**\n\n";
        synthetic(&mut text, &at_once);
        for found in short {
            short_lived(&mut text, found);
        }
        if !self.sweeps.is_empty() {
            text += "\n**How cost grows**\n\n";
            sweeps(&mut text, &self.sweeps, pictured);
        }
        text += "\n**Real threads**\n\n";
        match &self.live {
            Some(live) => real(&mut text, live),
            None => {
                let why = self.live_left_out.as_deref().unwrap_or("unknown");
                let _ = writeln!(text, "Left out: {why}.");
            }
        }
        text
    }
}

fn synthetic(text: &mut String, found: &[&Found]) {
    *text += "| Profile | Threads at once | Base, MiB | With all, MiB | Bytes a thread | \
              Nanoseconds a call |\n\
              |---|--:|--:|--:|--:|--:|\n";
    for found in found {
        let grown = found.last_kib().saturating_sub(found.before_kib) as f64 * 1024.0;
        let _ = writeln!(
            text,
            "| {} | {} | {:.1} | {:.1} | {:.0} | {:.0} |",
            judged_by(found.case.profile),
            found.case.threads,
            mib(found.before_kib),
            mib(found.last_kib()),
            grown / found.case.threads as f64,
            found.cpu_s * 1e9 / found.calls.max(1) as f64,
        );
    }
}

fn short_lived(text: &mut String, found: &Found) {
    let all: Vec<_> = found
        .after_kib
        .iter()
        .map(|&kib| format!("{:.1}", mib(kib)))
        .collect();
    let _ = writeln!(
        text,
        "\n{} threads of one process that came and went, beside one of another that stayed: memory \
         after each tenth was {} MiB; {} threads were forgotten by the table; the one that stayed \
         was {} in the end.",
        found.case.threads,
        all.join(", "),
        found.evicted,
        if found.judged {
            "still judged"
        } else {
            "NOT judged"
        },
    );
}

fn sweeps(text: &mut String, sweeps: &[Sweep], pictured: bool) {
    *text += "| What grows | from, to | Profile | CPU time, s | slope | Nanoseconds a call | \
              Memory, MiB | slope | slope beyond the base |\n\
              |---|---|---|---|--:|---|---|--:|--:|\n";
    for sweep in sweeps {
        let (Some(first), Some(last)) = (sweep.points.first(), sweep.points.last()) else {
            continue;
        };
        let _ = writeln!(
            text,
            "| {} | {}, {} | {} | {:.3}, {:.2} | {} | {:.0}, {:.0} | {:.1}, {:.1} | {} | {} |",
            sweep.axis.name(),
            first.size,
            last.size,
            judged_by(sweep.profile),
            first.cpu_s.median,
            last.cpu_s.median,
            chart::told(sweep.time_slope),
            first.ns_a_call(),
            last.ns_a_call(),
            mib(first.memory_kib),
            mib(last.memory_kib),
            chart::told(sweep.memory_slope),
            chart::told(sweep.beyond_slope),
        );
    }
    if pictured {
        for axis in Axis::ALL {
            let _ = writeln!(
                text,
                "\n![CPU time and memory as the number of {} grows]({PLOTS}/{})",
                axis.name(),
                picture_name(axis)
            );
        }
    }
}

fn real(text: &mut String, live: &Live) {
    let _ = writeln!(
        text,
        "Each run {:.0} s at {} calls/s asked for, all threads together, by `monitor --pid --cpu \
         none --max-threads {}`; a base is the same monitor with one thread that makes as many \
         calls.\n",
        live.seconds, live.rate, live.max_threads
    );
    *text += "| Profile | Threads | Base, MiB | Memory with all, MiB | at most, MiB | Bytes a \
              thread | Cores |\n\
              |---|--:|--:|--:|--:|--:|--:|\n";
    for (run, base) in pairs(live) {
        let grown = run.resident_kib.saturating_sub(base.resident_kib) as f64 * 1024.0;
        let _ = writeln!(
            text,
            "| {} | {} | {:.1} | {:.1} | {:.1} | {:.0} | {:.2} |",
            judged_by(run.profile),
            run.threads,
            mib(base.resident_kib),
            mib(run.resident_kib),
            mib(run.highest_kib),
            grown / f64::from(run.threads),
            run.cpu_s / run.seconds,
        );
    }
    *text += "\n| Profile | Calls made | received | lost | not judged in time | judged | the LSTM \
              saw, of what asked it | Threads seen | at once | forgotten | Alarms \
              |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n";
    for (run, _) in pairs(live) {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} of {} | {} | {} | {} | {} |",
            judged_by(run.profile),
            run.made,
            run.received,
            run.lost,
            run.unscored,
            run.scored,
            run.answered,
            run.asked,
            run.seen,
            run.at_once,
            run.forgotten,
            run.alarms,
        );
    }
    let _ = writeln!(
        text,
        "\nIn the kernel the monitor's maps take {:.1} MiB, however many threads there are: {}. \
         What starting and ending threads takes is received besides the calls made.",
        live.kernel_bytes() as f64 / f64::from(1 << 20),
        maps(live)
    );
}

/// The runs with all threads, each with its base.
fn pairs(live: &Live) -> impl Iterator<Item = (&Run, &Run)> {
    let all = live.runs.iter().filter(|run| run.threads > 1);
    all.filter_map(|run| Some((run, live.base(run)?)))
}

/// What the maps take by kind, the largest first.
fn maps(live: &Live) -> String {
    let mut kinds: BTreeMap<_, u64> = BTreeMap::new();
    for map in &live.maps {
        let of = format!(
            "{} of {} × {} bytes",
            map.kind, map.max_entries, map.value_bytes
        );
        let of = match map.kind {
            "ring buffer" => format!("ring buffer of {} KiB", map.max_entries >> 10),
            _ => of,
        };
        *kinds.entry(of).or_default() += map.memory_bytes;
    }
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    let (large, small) = kinds.split_at(kinds.partition_point(|(_, bytes)| *bytes >= SMALL));
    let rest: u64 = small.iter().map(|(_, bytes)| bytes).sum();
    let rest = (!small.is_empty()).then(|| ("the rest".to_owned(), rest));
    let told: Vec<_> = large
        .iter()
        .cloned()
        .chain(rest)
        .map(|(of, bytes)| format!("{of} {:.0} KiB", bytes as f64 / 1024.0))
        .collect();
    told.join(", ")
}
