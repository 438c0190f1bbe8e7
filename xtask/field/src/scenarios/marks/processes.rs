//! Ends what an attack left running.

use std::collections::HashMap;
use std::fs;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, SysconfVar, sysconf};

/// A process by what `/proc/PID/stat` says.
#[derive(Clone, Copy, Debug)]
struct Process {
    parent: u32,
    /// Since boot, in clock ticks.
    started: u64,
}

/// Kills the process `child` and its descendants, unless it began before the attack: then the id belongs to another by now.
/// Does nothing when it is gone.
pub fn end(child: u32, attack_start_ns: u64) {
    let ticks = sysconf(SysconfVar::CLK_TCK).ok().flatten().unwrap_or(100);
    // Boot time runs ahead of the monotonic clock by what the host slept, so a later start can only look later still.
    let earliest = attack_start_ns / (1_000_000_000 / ticks.max(1).cast_unsigned());
    let processes = all();
    let Some(process) = processes.get(&child) else {
        return;
    };
    if child < 2 || process.started + 1 < earliest {
        return;
    }
    let mut doomed = vec![child];
    let mut next = 0;
    while let Some(&parent) = doomed.get(next) {
        doomed.extend(
            processes
                .iter()
                .filter(|(_, process)| process.parent == parent)
                .map(|(&pid, _)| pid),
        );
        next += 1;
    }
    for pid in doomed {
        // One that ended by itself meanwhile is what is wanted.
        let _ = kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL);
    }
}

fn all() -> HashMap<u32, Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            Some((pid, parse(&stat)?))
        })
        .collect()
}

/// The fields after the name, which may hold blanks and parentheses itself: proc(5).
fn parse(stat: &str) -> Option<Process> {
    let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    Some(Process {
        parent: fields.get(1)?.parse().ok()?,
        started: fields.get(19)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let stat = "7 (a) b) S 3 7 7 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 4711 1 1";
        let process = parse(stat).expect("a line of /proc/PID/stat");
        assert_eq!((process.parent, process.started), (3, 4711));
    }
}
