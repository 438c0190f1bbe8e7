//! The seeds, changed at random: what libFuzzer does for hours, for a moment at every build.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use monitor::config::Config;
use monitor::detail::Detail;
use monitor::model::manifest::Manifest;
use monitor::profile::file::decode;
use monitor::report::json::alarm::AlarmRecord;
use monitor::report::json::incident::IncidentRecord;
use monitor::report::json::thread::AftermathRecord;
use monitor::service::key::Key;
use monitor_common::touch::Touched;

use crate::btf::Btf;
use crate::counted::peak_of;
use crate::entries::unpack;
use crate::seeds::seeds;
use crate::targets::{TARGETS, asked};

/// Changed inputs for each seed.
const CHANGES: u64 = 2_000;

/// Bytes that a reader of a kilobyte may hold.
const MOST: usize = 64 << 20;

/// Marsaglia's xorshift: the same numbers at every run, so that a failure can be had again.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

/// A few changes of the kinds that fuzzers make: bits, bytes that numbers turn at, pieces left out,
/// doubled or from another seed.
fn changed(seed: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        match random.below(7) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
            1 if !bytes.is_empty() => bytes[at] = [0, 1, 0x7f, 0x80, 0xff, b'"'][random.below(6)],
            2 => bytes.truncate(at),
            3 => {
                let end = bytes.len().min(at + random.below(32));
                bytes.drain(at..end);
            }
            4 => {
                let end = bytes.len().min(at + random.below(64));
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            5 => {
                let from = random.below(other.len());
                let to = other.len().min(from + random.below(64));
                bytes.splice(at..at, other[from..to].iter().copied());
            }
            _ => {
                let number =
                    ["-1", "18446744073709551615", "1e999", "\u{feff}", "\n"][random.below(5)];
                bytes.splice(at..at, number.bytes());
            }
        }
    }
    bytes
}

#[test]
fn every_seed_is_what_its_reader_takes() {
    for (target, name, bytes) in seeds() {
        let text = || std::str::from_utf8(&bytes).expect("text");
        let is_taken = match (target, name) {
            ("alarm", _) => {
                serde_json::from_slice::<AlarmRecord>(&bytes).is_ok_and(|it| it.alarm().is_ok())
            }
            ("incident", _) => serde_json::from_slice::<IncidentRecord>(&bytes).is_ok(),
            ("aftermath", _) => serde_json::from_slice::<AftermathRecord>(&bytes)
                .is_ok_and(|it| it.aftermath().is_ok()),
            ("config", _) => toml::from_str::<Config>(text()).is_ok(),
            ("manifest", _) => {
                serde_json::from_slice::<Manifest>(&bytes).is_ok_and(|it| it.check().is_ok())
            }
            ("profile", "file") => decode(&bytes).is_ok(),
            ("detail", _) => text().parse::<Detail>().is_ok(),
            ("key", _) => text().parse::<Key>().is_ok(),
            ("btf", _) => Btf::parse(&bytes)
                .is_ok_and(|it| it.offset("task_struct", &["thread_info", "flags"]).is_ok()),
            ("request", _) => asked(text()).is_some_and(|it| it.is_ok()),
            ("zip", _) => unpack(Cursor::new(&bytes), 1 << 16).is_ok_and(|it| it.0.len() == 2),
            ("record", "touch") => Touched::from_bytes(&bytes).is_some(),
            _ => true,
        };
        assert!(is_taken, "{target} {name}");
        let known = TARGETS.iter().any(|it| it.0 == target);
        assert!(known, "no target reads {target}");
    }
    for (target, _) in TARGETS {
        assert!(
            seeds().iter().any(|it| it.0 == target),
            "no seed for {target}"
        );
    }
}

#[test]
fn no_reader_panics_or_takes_much_memory_whatever_the_bytes_are() {
    let seeds = seeds();
    for (target, read) in TARGETS {
        let own = seeds.iter().filter(|it| it.0 == target);
        for (place, (_, name, seed)) in own.enumerate() {
            let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ place as u64);
            for number in 0..CHANGES {
                let other = &seeds[random.below(seeds.len())].2;
                let bytes = changed(seed, other, &mut random);
                let mut peak = 0;
                let done = catch_unwind(AssertUnwindSafe(|| peak = peak_of(|| read(&bytes))));
                let input = || bytes.escape_ascii().to_string();
                assert!(done.is_ok(), "{target} {name} {number}: {}", input());
                assert!(
                    peak < MOST,
                    "{target} {name} {number}: {peak} bytes for {}",
                    input()
                );
            }
        }
    }
}
