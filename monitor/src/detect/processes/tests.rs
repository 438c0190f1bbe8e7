use super::{MOST_KIN, Processes};
use crate::syscall::event::{Comm, Event, EventKind, Stretch, ThreadKey};
use crate::syscall::sample;

fn thread(tgid: u32, tid: u32, start_ns: u64) -> ThreadKey {
    ThreadKey {
        tgid,
        tid,
        start_ns,
    }
}

/// The leader of a process that began at this time.
fn leader(tgid: u32, start_ns: u64) -> ThreadKey {
    thread(tgid, tgid, start_ns)
}

fn comm(name: &str) -> Comm {
    Comm::new(name.as_bytes())
}

/// `name(tgid)` of each, from the ancestor down.
fn shown(processes: &Processes, tgid: u32) -> String {
    let kin = processes.lineage(tgid);
    let shown: Vec<_> = kin
        .iter()
        .map(|kin| format!("{}({})", kin.comm, kin.tgid))
        .collect();
    shown.join(" ")
}

/// nginx (10) made sh (20), which made nc (30).
fn family() -> Processes {
    let mut processes = Processes::default();
    processes.named(leader(10, 100), comm("nginx"));
    processes.forked(leader(10, 100), comm("nginx"), 20);
    processes.executed(leader(20, 200), comm("sh"));
    processes.forked(leader(20, 200), comm("sh"), 30);
    processes.executed(leader(30, 300), comm("nc"));
    processes
}

#[test]
fn a_lineage_goes_from_the_first_watched_process_down() {
    let processes = family();
    assert_eq!(shown(&processes, 30), "nginx(10) sh(20) nc(30)");
    assert_eq!(shown(&processes, 10), "nginx(10)");
    assert_eq!(shown(&processes, 99), "");
}

#[test]
fn an_exec_of_a_thread_that_does_not_lead_keeps_the_lineage() {
    let mut processes = family();
    let worker = ThreadKey {
        tgid: 30,
        tid: 31,
        start_ns: 350,
    };
    processes.named(worker, comm("worker"));
    // The leader ends first; then come the thread's last calls and its end.
    processes.ended(leader(30, 300));
    processes.named(worker, comm("worker"));
    processes.ended(worker);
    processes.executed(leader(30, 400), comm("sh"));
    processes.named(leader(30, 400), comm("sh"));
    assert_eq!(shown(&processes, 30), "nginx(10) sh(20) sh(30)");
    processes.forked(leader(30, 400), comm("sh"), 40);
    assert_eq!(shown(&processes, 40), "nginx(10) sh(20) sh(30) (40)");
    // A process of that number of later, of which only the exec was seen, is another.
    processes.ended(leader(30, 400));
    for tgid in 1000..1100 {
        processes.named(leader(tgid, 500), comm("brief"));
        processes.ended(leader(tgid, 500));
    }
    processes.executed(leader(30, 900), comm("cat"));
    assert_eq!(shown(&processes, 30), "cat(30)");
}

#[test]
fn events_say_the_same_as_the_calls_of_this_table() {
    let event = |thread, name, kind| Event {
        comm: comm(name),
        ..sample::event(thread, 0, kind)
    };
    let calls = EventKind::Calls(Stretch {
        first_seq: 0,
        last_ns: 0,
        calls: Vec::new(),
    });
    let fork = |child_tgid| EventKind::Fork {
        child_tgid,
        child_tid: child_tgid,
    };
    let mut processes = Processes::default();
    for event in [
        event(leader(10, 100), "nginx", calls.clone()),
        event(leader(10, 100), "nginx", fork(20)),
        event(leader(20, 200), "nginx", calls),
        event(leader(20, 200), "sh", EventKind::Exec),
        event(leader(20, 200), "sh", EventKind::Exit { count: 1 }),
    ] {
        processes.note(&event);
    }
    assert_eq!(shown(&processes, 20), "nginx(10) sh(20)");
}

#[test]
fn a_parent_that_ended_stays_in_the_lineage_of_its_children_under_its_own_name() {
    let mut processes = family();
    processes.ended(leader(20, 200));
    // Another process has the number by now.
    processes.forked(leader(10, 100), comm("nginx"), 20);
    processes.executed(leader(20, 900), comm("cat"));
    assert_eq!(shown(&processes, 30), "nginx(10) sh(20) nc(30)");
    assert_eq!(shown(&processes, 20), "nginx(10) cat(20)");
}

#[test]
fn a_number_that_is_used_again_by_a_stranger_has_no_old_parent() {
    let mut processes = family();
    processes.named(leader(30, 900), comm("cron"));
    assert_eq!(shown(&processes, 30), "cron(30)");
    // A late word of the former owner changes nothing.
    processes.named(thread(30, 31, 350), comm("late"));
    processes.ended(leader(30, 300));
    assert_eq!(shown(&processes, 30), "cron(30)");
}

#[test]
fn a_child_that_is_heard_of_before_its_fork_finds_its_parent() {
    let mut processes = Processes::default();
    processes.named(leader(20, 200), comm("sh"));
    processes.forked(leader(10, 0), comm("nginx"), 20);
    assert_eq!(shown(&processes, 20), "nginx(10) sh(20)");
    // Told twice, as for a process that was made while the probe was attached.
    processes.forked(leader(10, 100), comm("nginx"), 20);
    assert_eq!(shown(&processes, 20), "nginx(10) sh(20)");
}

#[test]
fn a_process_is_called_by_its_leader() {
    let mut processes = Processes::default();
    processes.named(thread(10, 12, 120), comm("worker-2"));
    assert_eq!(shown(&processes, 10), "worker-2(10)");
    processes.named(leader(10, 100), comm("java"));
    processes.named(thread(10, 12, 120), comm("worker-2"));
    assert_eq!(shown(&processes, 10), "java(10)");
}

#[test]
fn a_process_whose_leader_ended_lives_on_in_its_threads() {
    let mut processes = Processes::with_room_for(2);
    processes.named(leader(10, 100), comm("old"));
    processes.named(thread(10, 11, 110), comm("thread"));
    processes.ended(leader(10, 100));
    processes.named(thread(10, 11, 110), comm("thread"));
    processes.named(leader(20, 200), comm("ended"));
    processes.ended(leader(20, 200));
    processes.named(leader(30, 300), comm("new"));
    assert_eq!(shown(&processes, 10), "old(10)");
    assert_eq!(shown(&processes, 20), "", "it had to make room");
}

#[test]
fn what_ended_longest_ago_is_forgotten_first_and_then_what_came_first() {
    let mut processes = Processes::with_room_for(3);
    for (tgid, name) in [(1, "a"), (2, "b"), (3, "c")] {
        processes.named(leader(tgid, tgid.into()), comm(name));
    }
    processes.ended(leader(3, 3));
    processes.ended(leader(2, 2));
    processes.named(leader(4, 4), comm("d"));
    assert_eq!(
        (shown(&processes, 3), shown(&processes, 2)),
        (String::new(), "b(2)".into())
    );
    processes.named(leader(5, 5), comm("e"));
    processes.named(leader(6, 6), comm("f"));
    assert_eq!(shown(&processes, 1), "");
    assert_eq!(processes.processes.len(), 3);
}

#[test]
fn a_hostile_order_of_events_makes_no_circle_and_no_table_without_end() {
    let mut processes = Processes::with_room_for(1000);
    for (parent, child) in [(1, 2), (2, 3), (3, 1), (1, 1), (2, 1)] {
        processes.forked(leader(parent, 0), comm("x"), child);
    }
    assert!(processes.lineage(1).len() <= 3);
    for tgid in 10..20_000 {
        processes.forked(leader(tgid, 0), comm("chain"), tgid + 1);
    }
    assert_eq!(processes.processes.len(), 1000);
    assert!(processes.by_tgid.len() <= 1000 && processes.ended.len() <= 1000);
    let kin = processes.lineage(20_000);
    assert_eq!(kin.len(), MOST_KIN);
    assert_eq!(kin[MOST_KIN - 1].tgid, 20_000);
}
