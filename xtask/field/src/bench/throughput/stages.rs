//! The stages behind the reader, over a recording in memory.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};
use monitor::detect::detector::{Detector, Settings};
use monitor::model::Model;
use monitor::model::runtime::Runtime;
use monitor::profile::{Profile, Thresholds, file};
use monitor::syscall::event::{Call, Event, EventKind};
use monitor::trace;

use super::Stage;
use support::spread::Spread;
use support::stop;

/// Calls that are measured at most: a few seconds of the slowest stage.
const CALLS: usize = 200_000;

/// Events that are scored together, as the live run's rounds have them when it has to hurry.
const ROUND: usize = 512;

fn calls(event: &Event) -> &[Call] {
    match &event.kind {
        EventKind::Calls(stretch) => &stretch.calls,
        _ => &[],
    }
}

/// Nanoseconds a call of the n-gram model, the LSTM, and both as a profile has them.
///
/// # Errors
/// The recording or profile cannot be read, or scoring fails.
pub fn in_memory(
    runtime: &Runtime,
    recording: &Path,
    profile: &Path,
    rounds: u32,
) -> Result<Vec<Stage>> {
    let (mut events, mut count) = (Vec::new(), 0);
    for event in trace::open(recording, None)? {
        let event = event?;
        count += calls(&event).len();
        events.push(event);
        if count >= CALLS {
            break;
        }
    }
    anyhow::ensure!(count > 0, "nothing was recorded");
    let (profile, _) = file::read(profile).context("the profile")?;
    let never = f64::INFINITY;
    let settings = || Settings {
        slow_threshold: Some(never),
        fast_threshold: Some(never),
        ..Settings::default()
    };
    let thresholds = Thresholds::NEVER;
    let (mut ngram, mut lstm, mut both) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        stop::check()?;
        ngram.push(by_ngram(&profile, &events, count)?);
        let model = Model::embedded(runtime)?;
        let general = Detector::new(model, settings());
        lstm.push(by_detector(general, &events, count)?);
        let model = Model::embedded(runtime)?;
        let own = Detector::with_profile(model, profile.clone(), thresholds, settings());
        both.push(by_detector(own, &events, count)?);
    }
    let stage = |name, ns: Vec<f64>| Stage {
        name,
        ns: Spread::of(&ns),
    };
    Ok(vec![
        stage("n-gram", ngram),
        stage(
            "detector with the general model (LSTM; events of one thread)",
            lstm,
        ),
        stage(
            "detector with a profile (n-gram, and LSTM where it is asked)",
            both,
        ),
    ])
}

fn by_ngram(profile: &Profile, events: &[Event], count: usize) -> Result<f64> {
    let begun = Instant::now();
    let mut cursor = profile.ngram.middle();
    let mut sum = 0.0;
    for event in events {
        for &call in calls(event) {
            let token = profile.vocabulary.token(call);
            sum += profile.ngram.surprise_next(&mut cursor, token)?;
        }
    }
    let ns = begun.elapsed().as_secs_f64() * 1e9 / count as f64;
    anyhow::ensure!(sum.is_finite(), "a surprise that is no number");
    Ok(ns)
}

fn by_detector(mut detector: Detector, events: &[Event], count: usize) -> Result<f64> {
    let begun = Instant::now();
    let mut verdicts = Vec::new();
    for round in events.chunks(ROUND) {
        for event in round {
            detector.push(event);
        }
        detector.score(&mut verdicts)?;
    }
    Ok(begun.elapsed().as_secs_f64() * 1e9 / count as f64)
}
