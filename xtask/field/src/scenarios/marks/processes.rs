//! Ends what an attack left running.

use std::collections::HashMap;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use procfs::process::Stat;

/// Kills the process `child` and its descendants, unless it began before the attack: then the id
/// belongs to another by now. Does nothing when it is gone.
pub fn end(child: u32, attack_start_ns: u64) {
    let ticks = procfs::ticks_per_second();
    // Boot time runs ahead of the monotonic clock by what the host slept, so a later start can only
    // look later still.
    let earliest = attack_start_ns / (1_000_000_000 / ticks.max(1));
    let processes = all();
    let Some(process) = processes.get(&child) else {
        return;
    };
    if child < 2 || process.starttime + 1 < earliest {
        return;
    }
    let mut doomed = vec![child];
    let mut next = 0;
    while let Some(&parent) = doomed.get(next) {
        doomed.extend(
            processes
                .iter()
                .filter(|(_, process)| process.ppid.cast_unsigned() == parent)
                .map(|(&pid, _)| pid),
        );
        next += 1;
    }
    for pid in doomed {
        // One that ended by itself meanwhile is what is wanted.
        let _ = kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL);
    }
}

fn all() -> HashMap<u32, Stat> {
    let all = procfs::process::all_processes().into_iter().flatten();
    let stats = all.flatten().filter_map(|it| it.stat().ok());
    stats.map(|it| (it.pid.cast_unsigned(), it)).collect()
}
