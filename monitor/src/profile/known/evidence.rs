//! What new things are worth, alone and together.

use crate::profile::class::Class;
use crate::profile::first_seen::FirstSeen;
use crate::profile::prior::{BURST, prior};

/// What a new thing of a class is worth that comes at this rate, nats.
#[must_use]
pub fn worth(rate: f64) -> f64 {
    // A threshold lies strictly below what is to cross it.
    (-rate.ln()).max(0.0)
}

/// The evidence of several new things within one flight, nats: the strongest counts in full, each
/// further one as much as it is improbable beside another, and never more than by itself.
///
/// Files and flags count as one, by how many they are: `alone` is what one of them is worth, nats,
/// below zero where this service comes up with more than one in an e-fold, and `n` of them are
/// worth [`BURST`]` ln n` more. Those of a program that is new itself are worth no more than one:
/// it brings its own.
#[must_use]
pub fn evidence<'a>(events: impl IntoIterator<Item = &'a FirstSeen>, alone: f64) -> f64 {
    let (mut most, mut all) = (0.0_f64, 0.0);
    let mut add = |class: Class, nats: f64| {
        let further = nats.min(-prior(class).beside.ln());
        most = most.max(nats - further);
        all += further;
    };
    let (mut touches, mut program) = (0_u32, false);
    for event in events {
        let class = event.what.class();
        program |= matches!(class, Class::Name | Class::ProgramTouch);
        match class {
            Class::Touch => touches += 1,
            class => add(class, event.nats),
        }
    }
    if touches > 0 {
        let counted = if program { 1.0 } else { f64::from(touches) };
        add(Class::Touch, (alone + BURST * counted.ln()).max(0.0));
    }
    all + most
}
