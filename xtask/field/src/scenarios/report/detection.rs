//! When an attack counts as detected: one rule for every detector.
//!
//! An alarm of a process of the attack, or of what descends from one and was forked at or after the
//! attack's start, has to lie within 5 s of that start, or of the last step of a slow attack. Other
//! alarms do not count, whatever they say. An alarm in a stretch of calls that the start falls into
//! counts with a delay of 0 where its own time, which is only known to lie within the stretch,
//! seems earlier.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use monitor::syscall::event::{EventKind, made_at};
use serde::{Deserialize, Serialize};

use crate::scenarios::marks::Mark;
use crate::scenarios::plain::Alarm;

/// How soon after its start an attack has to be detected.
pub const WITHIN: Duration = Duration::from_secs(5);

/// How late an attack was detected.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Detected {
    /// From the attack's start to the call that raised the alarm, milliseconds.
    pub delay_ms: f64,
    /// Calls of the attack's process tree from its start up to that one.
    pub delay_calls: u64,
}

/// Calls in a row of one process.
#[derive(Clone, Copy, Debug)]
struct Made {
    tgid: u32,
    times: (u64, u64),
    calls: usize,
}

impl Made {
    /// How many of them were made from one time to another, both included.
    fn between(&self, from_ns: u64, to_ns: u64) -> u64 {
        if self.times.0 > to_ns || self.times.1.max(self.times.0) < from_ns {
            return 0;
        }
        let at = |place| made_at(self.times, place, self.calls);
        let made = (0..self.calls).map(at);
        made.filter(|made_ns| (from_ns..=to_ns).contains(made_ns))
            .count() as u64
    }
}

/// What the recording tells of the time after an attack's start.
#[derive(Debug)]
struct Watched<'a> {
    mark: &'a Mark,
    /// Forks of processes: when, parent, child.
    forks: Vec<(u64, u32, u32)>,
    made: Vec<Made>,
}

impl<'a> Watched<'a> {
    const fn new(mark: &'a Mark) -> Self {
        Self {
            mark,
            forks: Vec::new(),
            made: Vec::new(),
        }
    }

    fn end_ns(&self) -> u64 {
        let within = WITHIN + self.mark.attack.lasts();
        self.mark.start_ns.saturating_add(within.as_nanos() as u64)
    }

    fn concerns(&self, first_ns: u64, last_ns: u64) -> bool {
        first_ns <= self.end_ns() && last_ns >= self.mark.start_ns
    }

    /// The attack's processes and all that descend from them. Events of different threads may be
    /// recorded in another order than they happened in, so that forks are put in order first.
    fn tree(&mut self) -> HashSet<u32> {
        let mut tree: HashSet<u32> = self.mark.processes.iter().copied().collect();
        tree.insert(self.mark.tgid);
        self.forks.sort_unstable();
        for &(_, parent, child) in &self.forks {
            if tree.contains(&parent) {
                tree.insert(child);
            }
        }
        tree
    }

    /// Whether the call of an alarm that lies before the start may have been made after it: a
    /// recording has the times of the first and the last call of a stretch only, and those between
    /// are taken to be evenly spread.
    fn may_be_later(&self, alarm: &Alarm) -> bool {
        let start_ns = self.mark.start_ns;
        let around = |made: &Made| {
            made.tgid == alarm.tgid && made.times.0 <= alarm.time_ns && made.times.1 >= start_ns
        };
        alarm.time_ns < start_ns && self.made.iter().any(around)
    }

    fn detected(&self, tree: &HashSet<u32>, alarms: &[Alarm]) -> Option<Detected> {
        let start_ns = self.mark.start_ns;
        let in_time = start_ns..=self.end_ns();
        let first_ns = alarms
            .iter()
            .filter(|alarm| tree.contains(&alarm.tgid))
            .filter_map(|alarm| match alarm.time_ns {
                time_ns if in_time.contains(&time_ns) => Some(time_ns),
                _ if self.may_be_later(alarm) => Some(start_ns),
                _ => None,
            })
            .min()?;
        let of_tree = self.made.iter().filter(|made| tree.contains(&made.tgid));
        Some(Detected {
            delay_ms: (first_ns - start_ns) as f64 / 1e6,
            delay_calls: of_tree.map(|made| made.between(start_ns, first_ns)).sum(),
        })
    }
}

/// For every attack in a recording, and of every detector's alarms on it, whether and when it was
/// detected. Reads the recording once.
///
/// # Errors
///
/// The recording cannot be read.
pub fn hits(
    marks: &[Mark],
    recording: &Path,
    detectors: &[&[Alarm]],
) -> Result<Vec<Vec<Option<Detected>>>> {
    let mut watched: Vec<_> = marks.iter().map(Watched::new).collect();
    for event in monitor::trace::open(recording, None)? {
        let event = event?;
        let tgid = event.thread.tgid;
        match event.kind {
            EventKind::Calls(stretch) => {
                let made = Made {
                    tgid,
                    times: (event.time_ns, stretch.last_ns),
                    calls: stretch.calls.len(),
                };
                for it in &mut watched {
                    if it.concerns(event.time_ns, stretch.last_ns.max(event.time_ns)) {
                        it.made.push(made);
                    }
                }
            }
            EventKind::Fork { child_tgid, .. } if child_tgid != tgid => {
                for it in &mut watched {
                    if it.concerns(event.time_ns, event.time_ns) {
                        it.forks.push((event.time_ns, tgid, child_tgid));
                    }
                }
            }
            _ => {}
        }
    }
    let of_mark = |it: &mut Watched<'_>| {
        let tree = it.tree();
        let detected = detectors.iter().map(|alarms| it.detected(&tree, alarms));
        detected.collect()
    };
    Ok(watched.iter_mut().map(of_mark).collect())
}

#[cfg(test)]
mod tests {
    use super::{Detected, hits};
    use crate::scenarios::attack::Attack;
    use crate::scenarios::hand_made::{HandMade, MS};
    use crate::scenarios::marks::Mark;
    use crate::scenarios::plain::Alarm;

    const START: u64 = 1000 * MS;

    fn mark() -> Mark {
        Mark {
            attack: Attack::ReverseShell,
            tgid: 10,
            tid: 12,
            processes: vec![10, 20],
            start_ns: START,
            end_ns: START + 50 * MS,
            calls: 8,
            errno: 0,
            answer: String::new(),
        }
    }

    fn alarm(tgid: u32, after_ms: i64) -> Alarm {
        let time_ns = START.saturating_add_signed(after_ms * MS as i64);
        Alarm {
            time_ns,
            tgid,
            tid: tgid,
        }
    }

    /// The service 10 forked 15 before the attack; at 5 ms 20, which forks 30 at 12 ms; 40 is
    /// somebody else's.
    fn detected(alarms: &[Alarm]) -> Option<Detected> {
        let folder = tempfile::tempdir().expect("a folder");
        let ones = [1; 100];
        let recording = HandMade::default()
            .fork(10, 15, START - 1)
            // The grandchild is heard of before its parent is.
            .calls((30, 30), 0, START + 20 * MS, &ones)
            .fork(20, 30, START + 12 * MS)
            .fork(10, 20, START + 5 * MS)
            .fork(9, 40, START + 5 * MS)
            .calls((10, 10), 0, START - 10 * MS, &ones[..13])
            .calls((15, 15), 0, START, &ones)
            .calls((20, 20), 0, START + 6 * MS, &ones[..4])
            .calls((40, 40), 0, START, &ones)
            .write(folder.path(), "attack");
        let hits = hits(&[mark()], &recording, &[&[], alarms]).expect("read");
        assert_eq!(hits[0][0], None);
        hits[0][1]
    }

    #[test]
    fn the_first_alarm_of_the_attacks_process_tree_counts() {
        let found = detected(&[alarm(30, 40), alarm(20, 8), alarm(10, -20)]);
        // Three calls of 10 at 0, 1 and 2 ms, three of 20 at 6, 7 and 8 ms.
        let expected = Detected {
            delay_ms: 8.0,
            delay_calls: 6,
        };
        assert_eq!(found, Some(expected));
        let found = detected(&[alarm(30, 40)]).expect("a descendant's alarm");
        assert_eq!(found.delay_calls, 3 + 4 + 21);
    }

    #[test]
    fn an_alarm_in_the_stretch_that_the_start_falls_into_counts_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let recording = HandMade::default()
            .calls((10, 10), 0, START - 5 * MS, &[1; 10])
            .calls((10, 10), 10, START + 7 * MS, &[1; 5])
            .write(folder.path(), "attack");
        let early = |before_ms: i64| [alarm(10, -before_ms)];
        let found = |alarms: &[Alarm]| hits(&[mark()], &recording, &[alarms]).expect("read")[0][0];
        let detected = found(&early(2)).expect("in the stretch");
        assert_eq!(detected.delay_ms, 0.0);
        assert!(found(&early(6)).is_none(), "before the stretch");
    }

    #[test]
    fn alarms_of_others_before_it_or_too_late_do_not_count() {
        assert_eq!(detected(&[alarm(40, 3), alarm(10, -20)]), None);
        assert_eq!(detected(&[alarm(15, 3)]), None, "forked before the attack");
        assert!(detected(&[alarm(10, 5000)]).is_some());
        assert_eq!(detected(&[alarm(10, 5001)]), None);
    }
}
