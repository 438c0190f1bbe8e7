//! From what was counted to a profile that can judge.

use crate::detect::detector::{Detector, Settings};
use crate::learn::census::Life;
use crate::learn::held_out::{DetectorScorer, hold_out};
use crate::model::{Model, ScoreError};
use crate::profile::{Profile, Thresholds};

/// Leaves out every life in turn, and gives the profile with the mixture's weight and the held-out
/// peaks that come of it, joined with those that it had. `tell` hears how many of how many calls
/// are done.
///
/// # Errors
/// When inference fails.
///
/// # Panics
/// Never: a detector gives back the profile that it was made with.
pub fn finish(
    model: Model,
    profile: Profile,
    lives: &[Life],
    tell: &mut dyn FnMut(u64, u64),
) -> Result<Profile, ScoreError> {
    let settings = Settings {
        alarms_per_minute: None,
        again_after: None,
        ..Settings::default()
    };
    let detector = Detector::with_profile(model, profile, Thresholds::NEVER, settings);
    let mut scorer = DetectorScorer::new(detector);
    let (weight, held_out) = hold_out(&mut scorer, lives, tell)?;
    let mut profile = scorer
        .into_profile()
        .expect("the detector was made with one");
    if let Some(weight) = weight {
        #[expect(clippy::cast_precision_loss, reason = "a weight need not be exact")]
        let (before, now) = (profile.held_out.asked as f64, held_out.asked as f64);
        let mixture = &mut profile.mixture;
        mixture.weight = (mixture.weight * before + weight * now) / (before + now).max(1.0);
    }
    profile.held_out.join(&held_out);
    Ok(profile)
}
