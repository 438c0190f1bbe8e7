//! The benign lives of a service: what is learned, and what is watched without an attack.

use std::time::Duration;

use anyhow::Result;

use super::sandbox::Sandbox;
use super::service::{Build, Load, Service};
use support::stop;

/// How long a service is left alone before a burst.
const IDLE: Duration = Duration::from_secs(10);

/// The load of the long life, and how often it is put under it.
const LONG: (Duration, u32) = (Duration::from_secs(60), 10);

/// A benign life that differs from the learned ones in one thing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Variant {
    /// Load of another kind.
    OtherLoad,
    /// Starts and stops between.
    Restarts,
    /// The log is rotated again and again.
    Rotation,
    /// The configuration changes and is read again.
    Reload,
    /// Another build of the program.
    Upgrade,
    /// Requests that it refuses, and clients that are slow or go away.
    BadRequests,
    /// Nothing for a while, then more clients than ever at once.
    IdleAndBurst,
    /// Its administrator looks at it.
    Administrator,
    /// It touches things that it never touched, harmlessly.
    NewThings,
    /// Ten minutes of the learned load.
    Long,
}

/// What the files of a life's run are called, given what a table calls the life.
#[must_use]
pub fn run(name: &str) -> String {
    name.replace(' ', "-")
}

impl Variant {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::OtherLoad,
        Self::Restarts,
        Self::Rotation,
        Self::Reload,
        Self::Upgrade,
        Self::BadRequests,
        Self::IdleAndBurst,
        Self::Administrator,
        Self::NewThings,
        Self::Long,
    ];

    /// What a table calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OtherLoad => "other load",
            Self::Restarts => "restarts",
            Self::Rotation => "log rotation",
            Self::Reload => "reload",
            Self::Upgrade => "upgrade",
            Self::BadRequests => "bad requests",
            Self::IdleAndBurst => "idle and burst",
            Self::Administrator => "administrator",
            Self::NewThings => "new things",
            Self::Long => "ten minutes",
        }
    }

    /// Whether it takes so long that a short form leaves it out.
    pub const fn is_long(self) -> bool {
        matches!(self, Self::Long)
    }

    /// Lives it: `time` of load in all but for the long one, in a cgroup that is watched already.
    ///
    /// # Errors
    /// The service does not start, or not do what is asked of it.
    pub fn live(
        self,
        service: &mut dyn Service,
        sandbox: &Sandbox,
        seed: u64,
        time: Duration,
    ) -> Result<()> {
        let (part, parts) = if self.is_long() { LONG } else { (time / 4, 4) };
        let build = match self {
            Self::Upgrade => Build::Other,
            _ => Build::Learned,
        };
        let load = match self {
            Self::OtherLoad => Load::Other,
            _ => Load::Learned,
        };
        service.start(sandbox, build)?;
        for step in 0..parts {
            let seed = seed + u64::from(step);
            service.load(sandbox, load, seed, part)?;
            if step + 1 < parts {
                match self {
                    Self::Restarts => {
                        service.stop(sandbox);
                        service.start(sandbox, build)?;
                    }
                    Self::Rotation => service.rotate(sandbox)?,
                    Self::Reload => service.reload(sandbox)?,
                    Self::BadRequests => service.annoy(sandbox, part)?,
                    Self::IdleAndBurst => {
                        stop::sleep(IDLE)?;
                        service.load(sandbox, Load::Burst, seed, part)?;
                    }
                    Self::Administrator => service.look(sandbox)?,
                    Self::NewThings => service.touch_new(sandbox, step)?,
                    Self::OtherLoad | Self::Upgrade | Self::Long => {}
                }
            }
        }
        service.stop(sandbox);
        Ok(())
    }
}

/// What is learned: a start, load of one kind, and once each a reload, a log rotation and a
/// restart. `time` of load in all.
///
/// # Errors
/// As for [`Variant::live`].
pub fn learned(
    service: &mut dyn Service,
    sandbox: &Sandbox,
    seed: u64,
    time: Duration,
) -> Result<()> {
    let part = time / 4;
    service.start(sandbox, Build::Learned)?;
    service.load(sandbox, Load::Learned, seed, part)?;
    service.reload(sandbox)?;
    service.load(sandbox, Load::Learned, seed + 1, part)?;
    service.rotate(sandbox)?;
    service.load(sandbox, Load::Learned, seed + 2, part)?;
    service.stop(sandbox);
    service.start(sandbox, Build::Learned)?;
    service.load(sandbox, Load::Learned, seed + 3, part)?;
    service.stop(sandbox);
    Ok(())
}
