//! From what a service went through to what the report says of it: all three detectors held against
//! the same recordings.

use anyhow::{Context as _, Result};

use super::attack::Attack;
use super::marks::Mark;
use super::plain::{Alarm, Plain};
use super::report::detection::{WITHIN, hits};
use super::report::{Attacked, Benign, ByDetector, InTurn, Learned, NotHad, Service, Together};
use super::study::{self, Lived, Studied, Watched};
use super::variant::Variant;
use super::watcher::Message;

/// Characters of an attack's answer that the report keeps.
const ANSWER: usize = 60;

/// Judges a service's recordings by the plain rules, and puts together what each detector found.
///
/// # Errors
/// A recording cannot be read.
pub fn findings(studied: Studied) -> Result<Service> {
    let plain = Plain::learn(&studied.recordings)?;
    let learned = plain.learned();
    let mut service = Service {
        name: studied.name.to_owned(),
        version: studied.version,
        other: studied.other,
        learned: Learned {
            recordings: studied.recordings.len(),
            calls: learned.calls,
            threads: learned.threads,
            seconds: learned.seconds,
            settled_after_calls: studied.learned["settled_after_calls"].as_u64(),
            settled_after_s: studied.learned["settled_after_s"].as_f64(),
            budget: studied.budget,
            stide_threshold: plain.stide_threshold(),
        },
        attacks: Vec::new(),
        benign: Vec::new(),
        not_had: Vec::new(),
        together: match &studied.together {
            Some(made) => Some(together(&plain, made)?),
            None => None,
        },
    };
    for life in studied.lives {
        match benign(&plain, life)? {
            Ok(benign) => service.benign.push(benign),
            Err(not_had) => service.not_had.push(not_had),
        }
    }
    for made in studied.attacks {
        match made.outcome {
            Ok((mark, watched)) => {
                let traceless = studied.traceless.iter().find(|(it, _)| *it == made.attack);
                let why = traceless.map(|(_, why)| (*why).to_owned());
                service.attacks.push(attacked(&plain, mark, &watched, why)?);
            }
            Err(why) => service.not_had.push(NotHad::new(made.attack.name(), &why)),
        }
    }
    for (attack, why) in studied.together.iter().flat_map(|it| &it.not_made) {
        let what = format!("{attack}, under one monitor");
        service.not_had.push(NotHad::new(&what, why));
    }
    Ok(service)
}

fn together(plain: &Plain, made: &study::Together) -> Result<Together> {
    let judged = plain.judge(&made.watched.recording)?;
    let alarms = &made.watched.verdicts.alarms;
    let detectors: [&[Alarm]; 3] = [alarms, &judged.never_seen, &judged.stide];
    let marks: Vec<_> = made.attacks.iter().map(|it| it.mark.clone()).collect();
    let found = hits(&marks, &made.watched.recording, &detectors)?;
    let attacks = made.attacks.iter().zip(found);
    let attacks = attacks.map(|(it, row)| {
        let by = |place: usize| row.get(place).copied().flatten();
        let provoked = it.provoked_ns.map(|began| {
            let before = began..it.mark.start_ns;
            alarms.iter().any(|alarm| before.contains(&alarm.time_ns))
        });
        InTurn {
            attack: it.mark.attack,
            provoked,
            by: ByDetector {
                monitor: by(0),
                never_seen: by(1),
                stide: by(2),
            },
        }
    });
    Ok(Together {
        attacks: attacks.collect(),
        alarms: alarms.len() as u64,
        alike: made.watched.verdicts.summary["alike"].as_u64().unwrap_or(0),
    })
}

fn benign(plain: &Plain, life: Lived) -> Result<Result<Benign, NotHad>> {
    let name = life.variant.name();
    let watched = match life.outcome {
        Ok(outcome) => outcome,
        Err(why) => return Ok(Err(NotHad::new(name, &why))),
    };
    let judged = plain
        .judge(&watched.recording)
        .with_context(|| watched.recording.display().to_string())?;
    Ok(Ok(Benign {
        variant: name.to_owned(),
        upgrade: life.variant == Variant::Upgrade,
        calls: judged.calls,
        seconds: judged.last_ns.saturating_sub(judged.first_ns) as f64 / 1e9,
        lost: judged.lost,
        alike: watched.verdicts.summary["alike"].as_u64().unwrap_or(0),
        incidents: Some(opened(&watched.verdicts.messages)),
        false_alarms: ByDetector {
            monitor: watched.verdicts.alarms.len() as u64,
            never_seen: judged.never_seen.len() as u64,
            stide: judged.stide.len() as u64,
        },
    }))
}

/// The headlines of the incidents that opened.
fn opened(messages: &[Message]) -> Vec<String> {
    let opened = messages.iter().filter(|message| message.opens);
    opened.map(|message| message.headline.clone()).collect()
}

fn attacked(
    plain: &Plain,
    mark: Mark,
    watched: &Watched,
    traceless: Option<String>,
) -> Result<Attacked> {
    let judged = plain.judge(&watched.recording)?;
    let detectors: [&[Alarm]; 3] = [&watched.verdicts.alarms, &judged.never_seen, &judged.stide];
    let marks = [mark];
    let found = hits(&marks, &watched.recording, &detectors)?;
    let by = |place: usize| found.first().and_then(|row| *row.get(place)?);
    let [mark] = marks;
    // Of the whole run: that of a stretch which the attack's start falls into may seem earlier.
    let told = &watched.verdicts.messages;
    Ok(Attacked {
        attack: mark.attack,
        mimicry: mark.attack.is_mimicry(),
        complete: complete(&mark),
        answer: mark.answer.chars().take(ANSWER).collect(),
        errno: mark.errno,
        calls: mark.calls,
        traceless,
        messages: Some(told.len() as u64),
        headlines: opened(told),
        by: ByDetector {
            monitor: by(0),
            never_seen: by(1),
            stide: by(2),
        },
    })
}

/// Whether an attack came to what it is for: a shell that answers, files that came out. The others
/// are complete once made, as what they try is refused to a service without rights.
fn complete(mark: &Mark) -> bool {
    match mark.attack {
        Attack::ReverseShell
        | Attack::BindShell
        | Attack::MimicReverseShell
        | Attack::Exfiltration
        | Attack::MimicExfiltration
        | Attack::OwnSecretSent => !mark.answer.starts_with("nothing"),
        _ => {
            let within = WITHIN + mark.attack.lasts();
            mark.end_ns.saturating_sub(mark.start_ns) < within.as_nanos() as u64
        }
    }
}
