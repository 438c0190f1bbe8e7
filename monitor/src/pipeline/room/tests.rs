use std::time::Duration;

use super::{LEAST, MOST, Room};
use crate::syscall::event::{Event, EventKind, ServiceId};
use crate::syscall::sample;

fn stretch(tgid: u32, tid: u32, calls: usize) -> Event {
    sample::stretch(
        sample::thread(tgid, tid),
        0,
        0,
        vec![sample::call(39); calls],
    )
}

/// Fills the room with stretches of these threads until none of them is let in.
fn flood(room: &Room, threads: &[(u32, u32)]) {
    loop {
        let admitted = threads
            .iter()
            .filter(|&&(tgid, tid)| room.admit(&stretch(tgid, tid, 32)))
            .count();
        if admitted == 0 {
            return;
        }
    }
}

#[test]
fn beside_any_number_of_threads_that_flood_a_new_one_is_let_in() {
    for processes in [1, 4, 64] {
        for threads in [1, 16] {
            let room = Room::new(0, LEAST);
            let flooding: Vec<_> = (0..processes)
                .flat_map(|tgid| (0..threads).map(move |tid| (tgid, tgid * 1000 + tid)))
                .collect();
            flood(&room, &flooding);
            for victim in 0..20 {
                // One of a flooding process too, unless there are very many of those: what it
                // floods with is not to hide it.
                let mut tgids = vec![500_000 + victim];
                tgids.extend((processes <= 4).then_some(0));
                for tgid in tgids {
                    let event = stretch(tgid, 600_000 + victim, 400);
                    assert!(room.admit(&event), "{processes} {threads} {victim}");
                }
            }
        }
    }
}

#[test]
fn those_that_flood_share_what_they_take_alike() {
    let room = Room::new(0, LEAST);
    let flooding: Vec<_> = (1..=4).map(|tgid| (tgid, tgid)).collect();
    flood(&room, &flooding);
    for (tgid, tid) in flooding {
        let key = stretch(tgid, tid, 0).thread;
        let part = room.threads.get(key) as f64 / LEAST as f64;
        assert!((part - 0.2).abs() < 0.01, "{part}");
    }
}

#[test]
fn what_leaves_makes_room_and_the_counts_return_to_nothing() {
    let room = Room::new(0, LEAST);
    let event = stretch(1, 1, 32);
    let mut held = 0;
    while room.admit(&event) {
        held += 1;
    }
    assert!(room.is_pressed());
    (0..held).for_each(|_| room.leave(&event));
    assert!(!room.is_pressed());
    assert_eq!(room.threads.get(event.thread), 0);
    assert!(room.admit(&event));
}

#[test]
fn forks_and_exits_are_let_in_past_the_limit_but_not_without_end() {
    let room = Room::new(0, LEAST);
    flood(&room, &[(1, 1)]);
    let mut exit = stretch(1, 1, 0);
    exit.kind = EventKind::Exit { count: 1 };
    let mut admitted = 0_u64;
    while room.admit(&exit) {
        admitted += 1;
    }
    assert!((1000..=4 * LEAST).contains(&admitted), "{admitted}");
}

#[test]
fn a_service_of_very_many_threads_leaves_the_others_their_reserve() {
    let room = Room::new(0, LEAST);
    let of = |service, mut event: Event| {
        event.service = ServiceId(service);
        event
    };
    let exit = |tid| {
        let mut event = stretch(tid, tid, 0);
        event.kind = EventKind::Exit { count: 1 };
        event
    };
    // A fork bomb: nobody in it has much.
    let bomb = |tid: u32| room.admit(&of(1, stretch(tid, tid, 32)));
    let mut bombs = (1..).take_while(|&tid| bomb(tid)).count();
    assert!(bombs > 10_000, "{bombs}");
    for victim in 0..20 {
        let tid = 1_000_000 + victim;
        assert!(room.admit(&of(2, stretch(tid, tid, 400))), "{victim}");
    }
    // The one that floods has none of it.
    assert!(!room.admit(&of(1, stretch(2_000_000, 2_000_000, 32))));
    bombs = (1..)
        .take_while(|&tid| room.admit(&of(1, exit(tid))))
        .count();
    assert!(bombs > 10_000, "{bombs}");
    assert!(room.admit(&of(2, exit(1_000_000))));
    assert!(room.admit(&of(3, exit(3_000_000))));
}

#[test]
fn the_room_follows_the_scorers_speed_and_the_memory() {
    let room = Room::new(u64::MAX, LEAST);
    // A microsecond a unit, in as small rounds as there are.
    (0..200).for_each(|_| room.scored(2_000, Duration::from_micros(2_000)));
    let limit = room.limit.load(std::sync::atomic::Ordering::Relaxed);
    assert!((3_900_000..4_100_000).contains(&limit), "{limit}");
    (0..200).for_each(|_| room.scored(2_000, Duration::from_secs(1)));
    let limit = room.limit.load(std::sync::atomic::Ordering::Relaxed);
    assert!((LEAST..LEAST + 1000).contains(&limit), "{limit}");
    (0..200).for_each(|_| room.scored(1 << 20, Duration::from_nanos(1)));
    let limit = room.limit.load(std::sync::atomic::Ordering::Relaxed);
    assert!((MOST - 1000..=MOST).contains(&limit), "{limit}");
    assert_eq!(Room::new(100 << 20, LEAST).most, (100 << 20) / 16 / 8);
}
