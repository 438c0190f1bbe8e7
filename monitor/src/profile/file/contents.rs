//! What lies between a profile's preamble and its seal, in plain numbers and text, sorted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::detail::{Detail, NoDetail, Outcome};
use crate::profile::accepted::{Acceptance, Accepted, BEFORE, Sequence};
use crate::profile::class::Class;
use crate::profile::held_out::{HeldOut, MOST_PEAKS};
use crate::profile::known::{Known, MOST_NAMES};
use crate::profile::mixture::Mixture;
use crate::profile::ngram::{Ngram, Node};
use crate::profile::novelty::Novelty;
use crate::profile::provenance::Provenance;
use crate::profile::sightings::{Learned, MOST_SIGHTINGS, Sightings};
use crate::profile::touched::{MOST_THINGS, Sighting, Thing, Touched};
use crate::profile::vocabulary::Vocabulary;
use crate::profile::{ORDER, Profile};
use crate::syscall::event::{Abi, Call, Comm};

/// In the order of the file; see `docs/profile.md`.
#[derive(Deserialize, Serialize)]
pub(super) struct Contents {
    pub(super) provenance: Provenance,
    /// ABI tag and number, by token.
    pub(super) calls: Vec<(u8, u32)>,
    /// Tokens learned, and those not counted.
    pub(super) learned: (u64, u64),
    /// Length, last token and count, see [`Node`].
    pub(super) ngrams: Vec<(u8, u32, u32)>,
    /// Weight, and where the LSTM is asked.
    pub(super) mixture: (f64, f64),
    /// Name and tokens.
    pub(super) names: Vec<(Vec<u8>, Vec<u32>)>,
    /// Code of a class, and when something of it was new: calls and seconds learned before.
    pub(super) sightings: Vec<(u16, Vec<(u64, f64)>)>,
    /// Calls and seconds that these count.
    pub(super) known: (u64, f64),
    pub(super) accepted: Vec<Sequence>,
    /// Alarm, when, and sequences.
    pub(super) acceptances: Vec<(String, u64, u64)>,
    pub(super) novelty: Novelty,
    pub(super) held_out: HeldOut,
    /// Text form, count, calls and milliseconds before it was first seen; touches of others.
    pub(super) touched: (Vec<(String, u64, u64, u64)>, u64),
    /// Of acceptances by their ids, where there are any: behind all else, where a monitor that does
    /// not know them stops reading.
    #[serde(skip)]
    pub(super) reasons: Vec<(String, String)>,
    /// Of things by their text forms, where any are known: outcomes by their tags, and how often.
    /// Behind the reasons, in the same way.
    #[serde(skip)]
    pub(super) outcomes: Vec<(String, Vec<(u8, u32)>)>,
}

/// The bytes of contents.
pub(super) fn written(contents: &Contents) -> Vec<u8> {
    const PLAIN: &str = "plain numbers and text in memory";
    let mut bytes = postcard::to_stdvec(contents).expect(PLAIN);
    let has_outcomes = !contents.outcomes.is_empty();
    if !contents.reasons.is_empty() || has_outcomes {
        bytes.extend(postcard::to_stdvec(&contents.reasons).expect(PLAIN));
    }
    if has_outcomes {
        bytes.extend(postcard::to_stdvec(&contents.outcomes).expect(PLAIN));
    }
    bytes
}

/// Contents from their bytes.
pub(super) fn read(bytes: &[u8]) -> Result<Contents, postcard::Error> {
    let (mut contents, rest): (Contents, _) = postcard::take_from_bytes(bytes)?;
    if !rest.is_empty() {
        let (reasons, rest) = postcard::take_from_bytes(rest)?;
        contents.reasons = reasons;
        if !rest.is_empty() {
            contents.outcomes = postcard::from_bytes(rest)?;
        }
    }
    Ok(contents)
}

impl From<&Profile> for Contents {
    fn from(profile: &Profile) -> Self {
        let learned = profile.known.learned();
        let seen = |at: &Learned| (at.calls, at.seconds);
        let sightings = profile.known.sightings().classes();
        let sightings =
            sightings.map(|(class, all)| (class.code(), all.iter().map(seen).collect()));
        Self {
            provenance: profile.provenance.clone(),
            calls: profile
                .vocabulary
                .calls()
                .iter()
                .map(|call| (call.abi.tag(), call.number))
                .collect(),
            learned: (profile.ngram.learned(), profile.ngram.uncounted()),
            ngrams: profile
                .ngram
                .nodes()
                .iter()
                .map(|node| (node.length, node.token, node.count))
                .collect(),
            mixture: (profile.mixture.weight, profile.mixture.asked_below),
            names: profile
                .known
                .names()
                .into_iter()
                .map(|(name, tokens)| (name.as_bytes().to_vec(), tokens))
                .collect(),
            sightings: sightings.collect(),
            known: (learned.calls, learned.seconds),
            accepted: profile.accepted.sequences.iter().copied().collect(),
            acceptances: profile
                .accepted
                .acceptances
                .iter()
                .map(|it| (it.alarm.clone(), it.unix_s, it.sequences as u64))
                .collect(),
            novelty: profile.novelty.clone(),
            held_out: profile.held_out.clone(),
            touched: touched(&profile.touched),
            reasons: profile
                .accepted
                .acceptances
                .iter()
                .filter_map(|it| Some((it.alarm.clone(), it.reason.clone()?)))
                .collect(),
            outcomes: outcomes(&profile.touched),
        }
    }
}

impl TryFrom<Contents> for Profile {
    type Error = String;

    fn try_from(contents: Contents) -> Result<Self, String> {
        contents.check()?;
        let mut vocabulary = Vocabulary::default();
        for (place, &(tag, number)) in contents.calls.iter().enumerate() {
            let abi = Abi::ALL.into_iter().find(|abi| abi.tag() == tag);
            let abi = abi.ok_or_else(|| format!("an ABI of tag {tag}"))?;
            if vocabulary.intern(Call { abi, number }) as usize != place {
                return Err("a call twice, or too many calls".into());
            }
        }
        let nodes: Vec<_> = contents
            .ngrams
            .iter()
            .map(|&(length, token, count)| Node {
                length,
                token,
                count,
            })
            .collect();
        let ngram = Ngram::from_nodes(ORDER, Vocabulary::SIZE, contents.learned, &nodes);
        let learned = |(calls, seconds)| Learned { calls, seconds };
        let mut sightings = Vec::new();
        for (code, all) in contents.sightings {
            let class = Class::of_code(code).ok_or_else(|| format!("a class of code {code}"))?;
            sightings.push((class, all.into_iter().map(learned).collect()));
        }
        let sightings = Sightings::from_parts(sightings);
        let (things, others) = contents.touched;
        if things.len() > MOST_THINGS {
            return Err("more things touched than are learned".into());
        }
        let mut outcomes: BTreeMap<_, _> = contents.outcomes.into_iter().collect();
        let things: Vec<_> = things
            .into_iter()
            .map(|(text, count, calls, millis)| {
                let detail: Detail = text.parse().map_err(|error: NoDetail| error.to_string())?;
                let of_it = outcomes.remove(&text).unwrap_or_default().into_iter();
                let thing = Thing {
                    count,
                    first: Sighting { calls, millis },
                    outcomes: of_it.map(outcome).collect::<Result<_, _>>()?,
                };
                Ok((detail, thing))
            })
            .collect::<Result<_, String>>()?;
        let mut reasons: BTreeMap<String, String> = contents.reasons.into_iter().collect();
        let names = contents
            .names
            .into_iter()
            .map(|(name, tokens)| (Comm::new(&name), tokens));
        Ok(Self {
            vocabulary,
            ngram: ngram.map_err(|error| error.to_string())?,
            mixture: Mixture {
                weight: contents.mixture.0,
                asked_below: contents.mixture.1,
            },
            known: Known::from_parts(names, sightings, learned(contents.known)),
            touched: Touched::from_parts(things, others),
            accepted: Accepted {
                sequences: contents.accepted.into_iter().collect(),
                acceptances: contents
                    .acceptances
                    .into_iter()
                    .map(|(alarm, unix_s, sequences)| Acceptance {
                        reason: reasons.remove(&alarm),
                        alarm,
                        unix_s,
                        sequences: usize::try_from(sequences).unwrap_or(usize::MAX),
                    })
                    .collect(),
            },
            provenance: contents.provenance,
            novelty: contents.novelty,
            held_out: contents.held_out,
        })
    }
}

fn touched(touched: &Touched) -> (Vec<(String, u64, u64, u64)>, u64) {
    let things = touched.things().iter().map(|(detail, thing)| {
        let first = thing.first;
        (detail.to_string(), thing.count, first.calls, first.millis)
    });
    (things.collect(), touched.others())
}

fn outcomes(touched: &Touched) -> Vec<(String, Vec<(u8, u32)>)> {
    let things = touched.things().iter().map(|(detail, thing)| {
        let outcomes = thing.outcomes.all();
        let outcomes = outcomes.map(|(outcome, count)| (outcome.tag(), count));
        (detail.to_string(), outcomes.collect::<Vec<_>>())
    });
    things.filter(|(_, all)| !all.is_empty()).collect()
}

fn outcome((tag, count): (u8, u32)) -> Result<(Outcome, u32), String> {
    let outcome = Outcome::from_tag(tag).ok_or_else(|| format!("an outcome of tag {tag}"))?;
    Ok((outcome, count))
}

impl Contents {
    /// What types alone do not rule out.
    fn check(&self) -> Result<(), String> {
        let (weight, asked_below) = self.mixture;
        let is_share = |it: f64| (0.0..=1.0).contains(&it);
        if !is_share(weight) || !is_share(asked_below) {
            return Err("a weight that is none".into());
        }
        let known = |token: u32| (token as usize) < self.calls.len() || token == Vocabulary::UNSEEN;
        let names_fit = self.names.len() <= MOST_NAMES
            && self.names.iter().all(|(name, tokens)| {
                name.len() < 16 && !name.contains(&0) && tokens.iter().all(|&t| known(t))
            });
        if !names_fit {
            return Err("a name or a name's call that cannot be".into());
        }
        let (calls, seconds) = self.known;
        let is_time = |it: f64| it.is_finite() && it >= 0.0;
        let in_order = |all: &[(u64, f64)]| {
            let times = all.iter().map(|at| at.1);
            all.len() <= MOST_SIGHTINGS
                && all.is_sorted_by_key(|at| at.0)
                && all.last().is_none_or(|last| last.0 <= calls)
                && times.clone().is_sorted()
                && times.clone().all(|at| is_time(at) && at <= seconds)
        };
        let once = self.sightings.is_sorted_by(|a, b| a.0 < b.0);
        if !(once && is_time(seconds) && self.sightings.iter().all(|it| in_order(&it.1))) {
            return Err("first sightings out of order".into());
        }
        let tokens = self.accepted.iter().flatten();
        if !tokens.into_iter().all(|&t| t == BEFORE || known(t.into())) {
            return Err("an accepted sequence of unknown calls".into());
        }
        let HeldOut { peaks, drift, .. } = &self.held_out;
        let are_peaks = peaks.len() <= MOST_PEAKS
            && peaks.iter().all(|peak| peak.is_finite() && *peak >= 0.0)
            && peaks.is_sorted_by(|a, b| a >= b);
        if !are_peaks || !drift.is_finite() || *drift < 0.0 {
            return Err("peaks out of order".into());
        }
        let seconds = |it: f64| it.is_finite() && it >= 0.0;
        let origins = self.provenance.origins.iter();
        let is_time = origins.map(|origin| origin.seconds).all(seconds) && self.novelty.is_sound();
        if is_time {
            Ok(())
        } else {
            Err("a curve of novelty or a time that cannot be".into())
        }
    }
}
