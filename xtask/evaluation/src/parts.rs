//! The three parts of the data as three types, so that the compiler keeps them apart.
//!
//! Whatever is chosen (a mixture weight, say) is chosen by code that takes [`NormalTraces`] alone;
//! it cannot be handed an attack, nor a validation trace.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use monitor::trace::adfa::folder::Part;
use sha2::{Digest, Sha256};

use trainer::corpus::normal::NormalTraces;
use trainer::corpus::{Corpus, Trace};

/// Normal traces that only measure false alarms.
#[derive(Clone, Debug)]
pub struct Validation(pub Vec<Trace>);

/// Traces of attacks: they only measure detection.
#[derive(Clone, Debug)]
pub struct Attacks(pub Vec<Attack>);

/// One trace of an attack.
#[derive(Clone, Debug)]
pub struct Attack {
    /// The kind of attack: the folder's name without its number.
    pub family: String,
    /// The attack it was recorded in: the folder's name. Its traces are processes of one attack.
    pub run: String,
    /// The calls.
    pub trace: Trace,
}

/// All that an evaluation reads.
#[derive(Clone, Debug)]
pub struct Parts {
    /// For fitting and choosing.
    pub training: NormalTraces,
    /// For false alarms.
    pub validation: Validation,
    /// For detection.
    pub attacks: Attacks,
}

impl Parts {
    /// Takes a corpus apart.
    ///
    /// # Errors
    ///
    /// A corpus without attacks, such as recordings, or an attack trace that lies in no folder:
    /// its run is not known.
    pub fn new(corpus: Corpus) -> Result<Self> {
        ensure!(
            !corpus.validation.is_empty() && !corpus.attacks.is_empty(),
            "an evaluation needs normal traces and attacks to score; give ADFA-LD's folder or zip"
        );
        let attack = |trace: Trace| {
            let (_, run) = Part::of(Path::new(&trace.name)).unwrap_or((Part::Attack, None));
            let run = run.with_context(|| {
                format!(
                    "{} lies in no folder of an attack run; put it into one",
                    trace.name
                )
            })?;
            Ok(Attack::new(&run, trace))
        };
        Ok(Self {
            training: corpus.training,
            validation: Validation(corpus.validation),
            attacks: Attacks(
                corpus
                    .attacks
                    .into_iter()
                    .map(attack)
                    .collect::<Result<_>>()?,
            ),
        })
    }

    /// SHA-256 over the names and calls of all traces, part by part in the order of names.
    #[must_use]
    pub fn sha256(&self) -> String {
        let mut traces: Vec<&Trace> = self.training.traces().iter().collect();
        traces.extend(&self.validation.0);
        traces.extend(self.attacks.0.iter().map(|attack| &attack.trace));
        traces.sort_by(|a, b| a.name.cmp(&b.name));
        let mut hash = Sha256::new();
        for trace in traces {
            hash.update(trace.name.as_bytes());
            hash.update([0]);
            hash.update((trace.calls.len() as u64).to_le_bytes());
            for call in &trace.calls {
                hash.update(call.to_le_bytes());
            }
        }
        format!("{:x}", hash.finalize())
    }
}

impl Validation {
    /// The calls of each trace.
    pub fn calls(&self) -> impl Iterator<Item = &[u16]> {
        self.0.iter().map(|trace| &trace.calls[..])
    }
}

impl Attacks {
    /// The calls of each trace.
    pub fn calls(&self) -> impl Iterator<Item = &[u16]> {
        self.0.iter().map(|attack| &attack.trace.calls[..])
    }

    /// The number of the run of each trace, runs counted in the order in which they first occur.
    #[must_use]
    pub fn runs(&self) -> Vec<u32> {
        numbered(self.0.iter().map(|attack| &attack.run[..]))
    }
}

impl Attack {
    /// The attack trace in folder `run`, whose family is its name without a number at the end
    /// (`Hydra_SSH_3` is of `Hydra_SSH`).
    #[must_use]
    pub fn new(run: &str, trace: Trace) -> Self {
        let family = match run.rsplit_once('_') {
            Some((family, number))
                if !family.is_empty()
                    && !number.is_empty()
                    && number.bytes().all(|b| b.is_ascii_digit()) =>
            {
                family
            }
            _ => run,
        };
        Self {
            family: family.to_owned(),
            run: run.to_owned(),
            trace,
        }
    }
}

fn numbered<'a>(names: impl Iterator<Item = &'a str>) -> Vec<u32> {
    let mut seen = HashMap::new();
    names
        .map(|name| {
            let next = seen.len() as u32;
            *seen.entry(name).or_insert(next)
        })
        .collect()
}

/// Which traces stand in one way of counting.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct View {
    /// How it is called in `evaluation.json`.
    pub id: &'static str,
    /// What it leaves out, in words.
    pub what: String,
    /// Places in the validation part.
    pub normal: Vec<usize>,
    /// Places in the attack part.
    pub attacks: Vec<usize>,
}

/// The ways in which an evaluation counts the traces: all of them first.
///
/// ADFA-LD repeats itself: one trace alone stands hundreds of times in the validation part, and a
/// detector that happens to be right or wrong about it moves the figures.
#[must_use]
pub fn views(parts: &Parts) -> Vec<View> {
    let normal: Vec<&[u16]> = parts.validation.calls().collect();
    let attacks: Vec<&[u16]> = parts.attacks.calls().collect();
    let every = |traces: &[&[u16]]| (0..traces.len()).collect::<Vec<_>>();
    let mut counts: HashMap<&[u16], usize> = HashMap::new();
    for &trace in &normal {
        *counts.entry(trace).or_default() += 1;
    }
    // The first of the commonest, so that a tie does not depend on the map's order.
    let commonest = normal
        .iter()
        .copied()
        .rev()
        .max_by_key(|trace| counts[trace]);
    let times = commonest.map_or(0, |trace| counts[trace]);
    let trained: HashSet<&[u16]> = parts
        .training
        .traces()
        .iter()
        .map(|t| &t.calls[..])
        .collect();
    let distinct_normal = first_of_each(&normal);
    let distinct_attacks = first_of_each(&attacks);
    vec![
        View {
            id: "all",
            what: "every trace".to_owned(),
            normal: every(&normal),
            attacks: every(&attacks),
        },
        View {
            id: "distinct",
            what: "each distinct trace once".to_owned(),
            normal: distinct_normal.clone(),
            attacks: distinct_attacks.clone(),
        },
        View {
            id: "distinct_unseen",
            what: "each distinct trace once, none that equals a training trace".to_owned(),
            normal: distinct_normal
                .into_iter()
                .filter(|&i| !trained.contains(normal[i]))
                .collect(),
            attacks: distinct_attacks
                .into_iter()
                .filter(|&i| !trained.contains(attacks[i]))
                .collect(),
        },
        View {
            id: "without_commonest",
            what: format!("without the validation trace that stands {times} times"),
            normal: every(&normal)
                .into_iter()
                .filter(|&i| Some(normal[i]) != commonest)
                .collect(),
            attacks: every(&attacks),
        },
    ]
}

fn first_of_each(traces: &[&[u16]]) -> Vec<usize> {
    let mut seen = HashSet::new();
    (0..traces.len())
        .filter(|&i| seen.insert(traces[i]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(calls: &[u16]) -> Trace {
        Trace {
            name: "t".to_owned(),
            calls: calls.to_vec(),
        }
    }

    #[test]
    fn a_family_is_the_folder_without_its_number() {
        for (run, family) in [
            ("Hydra_SSH_3", "Hydra_SSH"),
            ("Adduser_10", "Adduser"),
            ("Adduser", "Adduser"),
            ("Web_Shell", "Web_Shell"),
            ("_7", "_7"),
            ("Odd_", "Odd_"),
        ] {
            assert_eq!(Attack::new(run, trace(&[1])).family, family);
        }
    }

    #[test]
    fn the_views_leave_out_what_they_say() {
        let parts = Parts {
            training: NormalTraces::made_up(vec![(trace(&[1, 2]), Vec::new())]),
            validation: Validation(
                [&[1, 2][..], &[3], &[3], &[3], &[4], &[4]]
                    .map(trace)
                    .to_vec(),
            ),
            attacks: Attacks(
                [("A_1", &[9][..]), ("A_2", &[9]), ("B_1", &[1, 2])]
                    .map(|(run, calls)| Attack::new(run, trace(calls)))
                    .to_vec(),
            ),
        };
        let views = views(&parts);
        let places: Vec<_> = views
            .iter()
            .map(|v| (v.id, v.normal.clone(), v.attacks.clone()))
            .collect();
        assert_eq!(
            places,
            [
                ("all", vec![0, 1, 2, 3, 4, 5], vec![0, 1, 2]),
                ("distinct", vec![0, 1, 4], vec![0, 2]),
                ("distinct_unseen", vec![1, 4], vec![0]),
                ("without_commonest", vec![0, 4, 5], vec![0, 1, 2]),
            ]
        );
        assert!(views[3].what.contains("3 times"));
        assert_eq!(parts.attacks.runs(), [0, 1, 2]);
    }
}
