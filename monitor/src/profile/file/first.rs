//! Version 1 of the contents, which is read and no longer written: new things stood in it by the
//! count of calls, and held-out peaks were those of running means.

use serde::Deserialize;

use super::contents::Contents;
use crate::profile::accepted::Sequence;
use crate::profile::class::Class;
use crate::profile::held_out::HeldOut;
use crate::profile::novelty::Novelty;
use crate::profile::provenance::Provenance;
use crate::profile::sightings::MOST_SIGHTINGS;
use crate::syscall::event::{Abi, Call};

/// In the order of the file; see `docs/profile.md`.
#[derive(Deserialize)]
pub(super) struct First {
    provenance: Provenance,
    calls: Vec<(u8, u32)>,
    learned: (u64, u64),
    ngrams: Vec<(u8, u32, u32)>,
    mixture: (f64, f64),
    names: Vec<(Vec<u8>, Vec<u32>)>,
    /// Of calls, of names, of calls of a name.
    sightings: (Vec<u64>, Vec<u64>, Vec<u64>),
    known: u64,
    accepted: Vec<Sequence>,
    acceptances: Vec<(String, u64, u64)>,
    novelty: Novelty,
    held_out: Means,
}

/// Held-out peaks of running means, which say nothing of the sum that is kept now.
#[derive(Deserialize)]
struct Means {
    _calls: u64,
    _runs: u64,
    asked: u64,
    begun_once: u64,
    begun_before: u64,
    _slow: Vec<f64>,
    _fast: Vec<f64>,
}

impl From<First> for Contents {
    fn from(first: First) -> Self {
        let seconds = first.provenance.seconds().max(0.0);
        let sightings = first.sightings();
        Self {
            provenance: first.provenance,
            calls: first.calls,
            learned: first.learned,
            ngrams: first.ngrams,
            mixture: first.mixture,
            names: first.names,
            sightings,
            known: (first.known, seconds),
            accepted: first.accepted,
            acceptances: first.acceptances,
            novelty: first.novelty,
            held_out: HeldOut {
                asked: first.held_out.asked,
                begun_once: first.held_out.begun_once,
                begun_before: first.held_out.begun_before,
                ..HeldOut::default()
            },
            touched: (Vec::new(), 0),
            reasons: Vec::new(),
            outcomes: Vec::new(),
        }
    }
}

impl First {
    /// The sightings by class, as if calls had come evenly in the time learned. Of a call of a name
    /// only that it was one is known; it counts as the commonest class.
    fn sightings(&self) -> Vec<(u16, Vec<(u64, f64)>)> {
        #[expect(clippy::cast_precision_loss, reason = "a time need not be exact")]
        let at = |calls: u64| {
            let share = calls as f64 / self.known.max(1) as f64;
            (calls, share.min(1.0) * self.provenance.seconds().max(0.0))
        };
        let (calls, names, of_names) = &self.sightings;
        let mut classes = Class::ALL.map(|_| Vec::new());
        for (&seen, &(tag, number)) in calls.iter().zip(&self.calls) {
            let abi = Abi::ALL.into_iter().find(|abi| abi.tag() == tag);
            if let Some(abi) = abi {
                let class = Class::of_call(Call { abi, number });
                classes[usize::from(class.code())].push(at(seen));
            }
        }
        for (class, seen) in [(Class::Name, names), (Class::CallOfName, of_names)] {
            classes[usize::from(class.code())].extend(seen.iter().map(|&seen| at(seen)));
        }
        let latest = |mut all: Vec<_>| all.split_off(all.len().saturating_sub(MOST_SIGHTINGS));
        let coded = Class::ALL.iter().map(|class| class.code());
        let coded = coded.zip(classes).filter(|(_, all)| !all.is_empty());
        coded.map(|(code, all)| (code, latest(all))).collect()
    }
}
