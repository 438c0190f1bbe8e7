//! Learns what a Linux service normally does, system call by system call, and tells when it behaves
//! unlike itself.
//!
//! A [`Source`] yields [`Event`]s: the kernel (`live::Events`, feature `live`) or a recording
//! ([`trace::open`](trace::open())). A [`Detector`] scores each [`Call`] in them by a service's own
//! [`Profile`] and by a [`Model`] of services in general, and gives [`Verdict`]s. An [`Alarm`] is
//! one about a thread; alarms that belong together are one [`Incident`], which is what a person is
//! told. A [`Session`] is all of that in one.
//!
//! Replay a recording and print its incidents:
//!
//! ```
//! use monitor::{Session, trace};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let path = std::env::temp_dir().join(format!("monitor-replay-{}", std::process::id()));
//! # std::fs::write(&path, "read write close ".repeat(500))?;
//! let session = Session::builder().service("web").build()?;
//! for incident in session.judge(trace::open(&path, None)?) {
//!     let incident = incident?;
//!     println!("{:?}: {}", incident.severity, incident.headline);
//! }
//! # std::fs::remove_file(&path)?;
//! # Ok(())
//! # }
//! ```
//!
//! Learn a profile and judge by it:
//!
//! ```
//! use monitor::{Session, trace};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = std::env::temp_dir();
//! # let [normal, today] = ["normal", "today"].map(|it| folder.join(format!("monitor-{it}-{}", std::process::id())));
//! # let line = |at: u32, call: &str| format!("7 {}.{:06} {call}\n", at / 10, at % 10 * 100_000);
//! # let usual = |at| line(at, ["read(3, \"\", 1) = 1", "write(4, \"\", 1) = 1", "getpid() = 7"][at as usize % 3]);
//! # let usually: String = (1..9_000).map(usual).collect();
//! # std::fs::write(&normal, &usually)?;
//! # std::fs::write(&today, usually + &line(9_001, "init_module(0x7, 1, \"\") = 0"))?;
//! let profile = monitor::learn(trace::open(&normal, None)?, None)?;
//! let session = Session::builder().profile(profile).budget("1/day".parse()?).build()?;
//! let incidents: Vec<_> = session.judge(trace::open(&today, None)?).collect::<Result<_, _>>()?;
//! assert!(incidents[0].headline.contains("init_module"), "{}", incidents[0].headline);
//! # [normal, today].iter().try_for_each(std::fs::remove_file)?;
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! - `live` (on): the kernel as a source. It builds the probe, which needs what `cargo xtask setup`
//!   brings.
//! - `cli` (on): what only the command line needs. A program that uses the library leaves it out,
//!   and builds neither the parser of arguments nor progress bars.
//! - `tls` (on): HTTPS for outputs.
//!
//! The modules are the rooms of the program, in the order in which data passes through them. What
//! is re-exported here is for others; the rest serves the command line and may change with it.

pub mod source;

#[cfg(feature = "live")]
pub mod live;

pub mod trace;

pub mod syscall;

pub mod who;

pub mod detail;

pub mod model;

pub mod profile;

pub mod detect;

pub mod learn;

pub mod run;

pub mod incident;

pub mod session;

pub mod service;

pub mod config;

pub mod report;

pub mod pipeline;

pub mod alarm_log;

pub mod judging;

pub mod guard;

pub mod response;

#[cfg(all(feature = "live", feature = "cli"))]
pub mod top;

pub use detect::detector::Detector;
pub use detect::verdict::{Alarm, Verdict};
pub use incident::Incident;
pub use model::Model;
pub use profile::Profile;
pub use session::{Builder, Judged, Session, SessionError, learn};
pub use source::Source;
pub use syscall::event::{Call, Event};
