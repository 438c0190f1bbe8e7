//! The benign lives of a service: what is learned, and what is watched without an attack.

use std::time::Duration;

use anyhow::Result;

use super::sandbox::Sandbox;
use super::service::{Build, Load, Service};

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
}

/// What the files of a life's run are called, given what a table calls the life.
#[must_use]
pub fn run(name: &str) -> String {
    name.replace(' ', "-")
}

impl Variant {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::OtherLoad,
        Self::Restarts,
        Self::Rotation,
        Self::Reload,
        Self::Upgrade,
    ];

    /// What a table calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OtherLoad => "other load",
            Self::Restarts => "restarts",
            Self::Rotation => "log rotation",
            Self::Reload => "reload",
            Self::Upgrade => "upgrade",
        }
    }

    /// Lives it: `time` of load in all, in a cgroup that is watched already.
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
        const PARTS: u32 = 4;
        let part = time / PARTS;
        let build = match self {
            Self::Upgrade => Build::Other,
            _ => Build::Learned,
        };
        let load = match self {
            Self::OtherLoad => Load::Other,
            _ => Load::Learned,
        };
        service.start(sandbox, build)?;
        for step in 0..PARTS {
            service.load(sandbox, load, seed + u64::from(step), part)?;
            if step + 1 < PARTS {
                match self {
                    Self::Restarts => {
                        service.stop(sandbox);
                        service.start(sandbox, build)?;
                    }
                    Self::Rotation => service.rotate(sandbox)?,
                    Self::Reload => service.reload(sandbox)?,
                    Self::OtherLoad | Self::Upgrade => {}
                }
            }
        }
        service.stop(sandbox);
        Ok(())
    }
}

/// What is learned: a start, load of one kind, and once each a reload, a log rotation and a restart. `time` of load in all.
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
