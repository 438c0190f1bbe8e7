//! Stored alarms: each is scored again from the calls that it carries.

use std::io::{self, BufRead, Read, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use monitor::alarm_log;
use monitor::alarm_log::stored::Log;
use monitor::detect::detector::Detector;
use monitor::profile::file::kept;
use monitor::report::json::alarm::{AlarmRecord, bits};
use monitor::run::snapshot::ModelIdentity;
use monitor::trace::input::without_mark;

use crate::cli::complain;
use crate::cli::status::Exit;

use super::{ReplayArgs, Waiting};

/// The longest line that is read: an alarm takes about 20 KB.
const LONGEST_LINE: u64 = 1 << 20;

/// How the alarms of a run compared.
#[derive(Default)]
struct Tally {
    same: u64,
    different: u64,
    other_model: u64,
    other_profile: u64,
}

impl Tally {
    /// Says how the alarms compared.
    fn told(self, mine: &ModelIdentity) -> Result<Exit> {
        let Tally {
            same,
            different,
            other_model,
            other_profile,
        } = self;
        if other_model > 0 {
            complain(&format!(
                "{other_model} alarms were raised by another model than {}: give it by --model",
                mine.name
            ));
        }
        if other_profile > 0 {
            complain(&format!(
                "{other_profile} alarms were raised by another profile: give the same file by \
                 --profile"
            ));
        }
        let not_same = different + other_model + other_profile;
        if same + not_same == 0 {
            bail!("there is no alarm in what was given: nothing was replayed");
        }
        if not_same > 0 {
            bail!(
                "{not_same} of {} alarms did not give their score again",
                same + not_same
            );
        }
        Ok(Exit::after(same))
    }
}

/// Scores the alarms of an incident of the log, or one alarm, again: by the profile that judged, as
/// it was then.
pub fn run_kept(id: &str, args: &ReplayArgs) -> Result<Exit> {
    let path = match args.outputs.named_alarm_log() {
        Some(path) => path.to_owned(),
        None => alarm_log::place()?,
    };
    let found = Log::new(path).evidence(id).with_context(|| {
        let id = id.escape_debug();
        format!("there is no file {id}, and no incident or alarm of that id")
    })?;
    let mut tally = Tally::default();
    let mut judges: Vec<(Option<String>, Detector, ModelIdentity)> = Vec::new();
    for kept in &found.alarms {
        let alarm = &kept.alarm;
        // A profile that learned on is another one for each alarm.
        let by = alarm.profile.as_ref().map(|it| it.sha256.clone());
        let known = judges.iter().position(|it| it.0 == by);
        let place = match known {
            Some(place) => place,
            None => {
                let (detector, identity) = judge_of(alarm, args)?;
                judges.push((by, detector, identity));
                judges.len() - 1
            }
        };
        let (_, detector, identity) = &mut judges[place];
        replay(alarm, detector, identity, &mut tally)?;
    }
    match judges.first() {
        Some((_, _, identity)) => tally.told(identity),
        None => bail!("there is no alarm in it: nothing was replayed"),
    }
}

/// What judges as an alarm was judged.
fn judge_of(alarm: &AlarmRecord, args: &ReplayArgs) -> Result<(Detector, ModelIdentity)> {
    let mut profile = args.profile.clone();
    if profile.path().is_none()
        && let Some(it) = &alarm.profile
        && let Some(path) = &it.path
        // Where it is gone, the alarm says by which profile it was raised.
        && let Ok(Some((_, kept))) = kept::of_sha256(Path::new(path), &it.sha256)
    {
        profile = profile.at(&kept);
    }
    args.judge.detector_by(&profile, args.alarms, None, "")
}

/// Scores every alarm of `inputs` again and compares it to the bit.
pub fn run(inputs: Vec<Waiting>, mut detector: Detector, mine: &ModelIdentity) -> Result<Exit> {
    let mut tally = Tally::default();
    for input in inputs {
        let input = input.open()?;
        let name = input.name().to_owned();
        let mut reader = input.into_reader();
        let mut number = 0_u64;
        loop {
            let mut line = Vec::new();
            let length = (&mut reader)
                .take(LONGEST_LINE)
                .read_until(b'\n', &mut line)
                .with_context(|| format!("cannot read {name}"))?;
            if length == 0 {
                break;
            }
            number += 1;
            if let Some(alarm) =
                parse(without_mark(&line)).with_context(|| format!("{name}, line {number}"))?
            {
                replay(&alarm, &mut detector, mine, &mut tally)
                    .with_context(|| format!("{name}, line {number}"))?;
            }
        }
    }
    tally.told(mine)
}

/// The alarm of a line; `None` of a line that holds another statement.
fn parse(line: &[u8]) -> Result<Option<AlarmRecord>> {
    const REMEDY: &str = "give lines that monitor --format json wrote";
    if line.trim_ascii().is_empty() {
        return Ok(None);
    }
    if line.last() != Some(&b'\n') && line.len() as u64 == LONGEST_LINE {
        bail!("the line is longer than any that the monitor writes; {REMEDY}");
    }
    #[derive(serde::Deserialize)]
    struct Kind {
        #[serde(rename = "type")]
        kind: String,
    }
    let kind: Kind = serde_json::from_slice(line)
        .with_context(|| format!("no statement of a monitor; {REMEDY}"))?;
    if kind.kind != "alarm" {
        return Ok(None);
    }
    let alarm =
        serde_json::from_slice(line).with_context(|| format!("no whole alarm; {REMEDY}"))?;
    Ok(Some(alarm))
}

fn replay(
    alarm: &AlarmRecord,
    detector: &mut Detector,
    mine: &ModelIdentity,
    tally: &mut Tally,
) -> Result<()> {
    let flight = alarm.flight()?;
    let id = alarm.id.escape_debug();
    let out = &mut io::stdout().lock();
    if let Some(model) = alarm
        .model
        .as_ref()
        .filter(|model| model.sha256 != mine.sha256)
    {
        tally.other_model += 1;
        writeln!(
            out,
            "alarm {id}: not replayed, its model is {} (sha256 {})",
            model.name.escape_debug(),
            model.sha256.escape_debug()
        )?;
        return Ok(());
    }
    let theirs = alarm.profile.as_ref();
    let same = theirs.map(|it| &it.sha256) == mine.profile.as_ref().map(|it| &it.sha256);
    let adapted = theirs.is_some_and(|it| it.adapted);
    if !same || adapted {
        tally.other_profile += 1;
        let why = match theirs {
            None => "it was raised without a profile".to_owned(),
            Some(_) if adapted => "its profile learned on while it judged".to_owned(),
            Some(it) => format!("its profile has the sha256 {}", it.sha256.escape_debug()),
        };
        writeln!(out, "alarm {id}: not replayed, {why}")?;
        return Ok(());
    }
    let again = detector.rescore(&flight)?;
    let score = again.scores.get(alarm.pace);
    if bits(score) == alarm.score_bits {
        tally.same += 1;
        writeln!(
            out,
            "alarm {id}: score {score:.6} over {:.6}, the same to the bit, from {} calls of {}",
            alarm.threshold,
            flight.calls.len(),
            alarm.comm.escape_debug(),
        )?;
    } else {
        tally.different += 1;
        writeln!(
            out,
            "alarm {id}: score {score:?}, but {:?} was stored",
            alarm.score
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn only_alarms_are_taken_and_no_other_json() {
        assert!(parse(b"\n").expect("blank").is_none());
        let other = parse(br#"{"schema":1,"type":"status","threads":1}"#);
        assert!(other.expect("a statement").is_none());
        assert!(parse(br#"{"schema":1}"#).is_err());
        assert!(parse(br#"{"schema":1,"type":"alarm"}"#).is_err());
        assert!(parse(br#"{"schema":1,"type":"ala"#).is_err());
    }
}
