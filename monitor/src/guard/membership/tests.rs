use super::{Members, Membership, SETTLES_NS, Told, Whose};
use crate::service::identity::Identity;
use crate::service::key::Key;
use crate::syscall::event::{Event, EventKind, ServiceId};
use crate::syscall::sample;

/// Every process with an even number is of one service. Keeps who was asked for.
#[derive(Default)]
struct Even(Vec<u32>);

impl Whose for Even {
    fn whose(&mut self, pid: u32) -> Option<Identity> {
        self.0.push(pid);
        pid.is_multiple_of(2)
            .then(|| Identity::of(Key::unit("even.service")))
    }
}

fn event(tgid: u32, time_ns: u64, kind: EventKind) -> Event {
    sample::event(sample::thread(tgid, tgid), time_ns, kind)
}

fn exit(tgid: u32, time_ns: u64) -> Event {
    event(tgid, time_ns, EventKind::Exit { count: 0 })
}

fn fork(tgid: u32, child: u32, time_ns: u64) -> Event {
    let kind = EventKind::Fork {
        child_tgid: child,
        child_tid: child,
    };
    event(tgid, time_ns, kind)
}

#[test]
fn files_are_asked_at_first_sight_at_exec_and_once_more_when_it_has_settled() {
    let (mut members, mut whose) = (Members::default(), Even::default());
    let mut asked = |event: &Event| {
        let found = members.of(event, Told::Nothing, &mut whose);
        if matches!(found, Membership::Asked(_)) {
            members.note(event, Some(0));
        }
        whose.0.len()
    };
    assert_eq!(asked(&exit(2, 10)), 1);
    assert_eq!(asked(&exit(2, 20)), 1);
    assert_eq!(asked(&event(2, 30, EventKind::Exec)), 2);
    assert_eq!(asked(&exit(2, SETTLES_NS * 2)), 3);
    assert_eq!(asked(&exit(2, SETTLES_NS * 4)), 3);
}

#[test]
fn a_child_is_of_its_parents_service_until_it_executes() {
    let (mut members, mut whose) = (Members::default(), Even::default());
    members.follow(&fork(4, 5, 10), Some(7));
    let mut of = |event: &Event| members.of(event, Told::Nothing, &mut whose);
    assert_eq!(of(&exit(5, 11)), Membership::Of(7));
    let exec = event(5, 12, EventKind::Exec);
    assert_eq!(of(&exec), Membership::Of(7), "gone, so that nothing tells");
    members.follow(&exit(5, 13), Some(7));
    assert_eq!(
        members.of(&exit(5, 14), Told::Nothing, &mut whose),
        Membership::Asked(None)
    );
}

#[test]
fn what_the_probe_tells_by_cgroup_holds_from_exec_on_and_nobody_is_asked() {
    let (mut members, mut whose) = (Members::default(), Even::default());
    // A manager of no service forks; its child is in the new service's cgroup before it executes.
    members.follow(&fork(2, 6, 10), None);
    let told = Told::ByCgroup(3);
    let mut of = |event: &Event| members.of(event, told, &mut whose);
    assert_eq!(of(&exit(6, 20)), Membership::None);
    assert_eq!(of(&event(6, 30, EventKind::Exec)), Membership::Of(3));
    assert_eq!(of(&exit(6, 40)), Membership::Of(3));
    // One whose beginning was not seen.
    assert_eq!(of(&exit(8, 40)), Membership::Of(3));
    assert_eq!(whose.0, Vec::<u32>::new());
}

#[test]
fn a_process_that_changes_its_cgroup_and_executes_nothing_follows_when_it_has_settled() {
    let (mut members, mut whose) = (Members::default(), Even::default());
    members.set(6, Some(1));
    let mut of = |time_ns| members.of(&exit(6, time_ns), Told::ByCgroup(2), &mut whose);
    assert_eq!(of(10), Membership::Of(1));
    assert_eq!(of(20), Membership::Of(1));
    assert_eq!(of(10 + SETTLES_NS), Membership::Of(2));
    assert_eq!(of(20 + SETTLES_NS), Membership::Of(2));
}

#[test]
fn below_the_root_of_its_tree_a_process_may_execute_what_it_likes() {
    let (mut members, mut whose) = (Members::default(), Even::default());
    members.set(2, Some(1));
    members.follow(&fork(2, 6, 10), Some(1));
    let exec = event(6, 20, EventKind::Exec);
    let told = Told::ByProcess(1);
    assert_eq!(members.of(&exec, told, &mut whose), Membership::Of(1));
    assert_eq!(whose.0, Vec::<u32>::new());
    // Its parent is gone: it may be a tree of its own by now.
    members.follow(&exit(2, 30), Some(1));
    let found = members.of(&exec, told, &mut whose);
    assert!(matches!(found, Membership::Asked(Some(_))), "{found:?}");
}

#[test]
fn what_a_runtime_executes_in_a_containers_cgroup_is_not_the_containers() {
    let (mut members, mut whose) = (Members::default(), Even::default());
    let exec = |marks: u32, time_ns| Event {
        service: ServiceId(marks),
        ..event(7, time_ns, EventKind::Exec)
    };
    let (moved, parents_mounts) = (1 << 31, 1 << 30);
    members.set(7, Some(1));
    let container = Told::ByContainer(5);
    let mut of = |event: &Event, told| members.of(event, told, &mut whose);
    let runtimes = exec(moved | parents_mounts, 10);
    assert_eq!(of(&runtimes, container), Membership::Of(1));
    assert_eq!(
        of(&exit(7, 20), container),
        Membership::Of(1),
        "what it does"
    );
    assert_eq!(of(&exec(moved, 30), container), Membership::Of(5));
    // Programs that it runs itself are its own, and a unit's first program has its manager's
    // mounts.
    assert_eq!(of(&exec(parents_mounts, 40), container), Membership::Of(5));
    // One that only was moved there, and its child, never become the container's, however long they
    // take.
    members.set(8, Some(1));
    let moved_only = exit(8, 2 * SETTLES_NS);
    let later = exit(9, 9 * SETTLES_NS);
    let mut of = |event: &Event, told| members.of(event, told, &mut whose);
    assert_eq!(of(&moved_only, container), Membership::Of(1));
    assert_eq!(of(&exit(8, 8 * SETTLES_NS), container), Membership::Of(1));
    members.follow(&fork(8, 9, 8 * SETTLES_NS), Some(1));
    let mut of = |event: &Event, told| members.of(event, told, &mut whose);
    assert_eq!(of(&later, container), Membership::Of(1));
    let unit = Told::ByCgroup(6);
    assert_eq!(of(&runtimes, unit), Membership::Of(6));
    assert!(whose.0.is_empty());
}

#[test]
fn one_that_makes_very_many_processes_makes_no_other_forgotten() {
    let mut members = Members::with_room_for(100);
    members.set(7, Some(1));
    (1000..5000).for_each(|tgid| members.set(tgid, Some(2)));
    assert!(members.members.len() <= 100);
    assert_eq!(members.members.get(&7).map(|it| it.service), Some(Some(1)));
}
