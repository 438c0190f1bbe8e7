//! The library by its front door: learn a profile from a source, judge a source by it, hear
//! incidents.
//!
//! A [`Session`] is one detector, set up, with what becomes of its alarms: it takes events from any
//! [`Source`], live or recorded, and gives back [incidents](Incident) as a person is told them.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::detect::detector::{Detector, Settings};
use crate::detect::verdict::Verdict;
use crate::incident::{Incident, Incidents};
use crate::learn::{Census, finish};
use crate::model::runtime::{Runtime, RuntimeError};
use crate::model::{Model, ModelError, ScoreError};
use crate::profile::Profile;
use crate::profile::budget::{Budget, thresholds};
use crate::source::Source;

/// Events between two rounds of inference: enough for the model to work in batches.
const ROUND: usize = 1024;

/// Why a session cannot begin or go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SessionError {
    /// There is no libonnxruntime that can be used.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The model cannot be used.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Inference failed.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// The source cannot be read on. What came before was judged.
    #[error("the source cannot be read on")]
    Source(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What a session is made of.
#[derive(Debug, Default)]
#[must_use]
pub struct Builder {
    library: Option<PathBuf>,
    profile: Option<Profile>,
    budget: Budget,
    service: String,
}

impl Builder {
    /// Loads libonnxruntime from this file, in the place of where it is usually found
    /// ([`crate::model::runtime`]).
    pub fn onnxruntime(mut self, library: impl Into<PathBuf>) -> Self {
        self.library = Some(library.into());
        self
    }

    /// Judges by this profile. Without one the general model judges, which knows nothing of the
    /// service.
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = Some(profile);
        self
    }

    /// Keeps to so many false alarms; one a day otherwise.
    pub const fn budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    /// Names the service in what is told.
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.service = name.into();
        self
    }

    /// Loads the model and sets the detector up.
    ///
    /// # Errors
    /// When libonnxruntime or the model cannot be used.
    pub fn build(self) -> Result<Session, SessionError> {
        let settings = Settings {
            service: self.service.into(),
            ..Settings::default()
        };
        let again_after = settings.again_after;
        let model = embedded(self.library.as_deref())?;
        let detector = match self.profile {
            Some(profile) => {
                let (cuts, _) = thresholds(&profile, &self.budget);
                Detector::with_profile(model, profile, cuts, settings)
            }
            None => Detector::new(model, settings),
        };
        Ok(Session {
            detector,
            incidents: Incidents::new(again_after),
            now_ns: 0,
        })
    }
}

/// A detector, and the incidents that its alarms belong to.
pub struct Session {
    detector: Detector,
    incidents: Incidents,
    /// The latest time of an event, by the clock of the source.
    now_ns: u64,
}

impl Session {
    /// Begins to set a session up.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Judges a source to its end: every statement about an incident as it is made, those about
    /// incidents that are still open when the source ends at the end.
    pub fn judge<S: Source>(mut self, source: S) -> Judged<S> {
        if let Some(offset) = source.clock().offset_ns() {
            self.detector.set_clock_offset(offset);
        }
        Judged {
            session: self,
            source,
            ready: VecDeque::new(),
            ended: false,
        }
    }

    /// Scores what was pushed, and groups the alarms that come of it.
    fn round(&mut self, ended: bool, ready: &mut VecDeque<Incident>) -> Result<(), ScoreError> {
        let mut verdicts = Vec::new();
        if ended {
            self.detector.finish(&mut verdicts)?;
        } else {
            self.detector.score(&mut verdicts)?;
        }
        let mut statements = Vec::new();
        for verdict in &verdicts {
            if let Verdict::Alarm(alarm) = verdict {
                self.incidents.alarm(alarm, &mut statements);
            }
        }
        if ended {
            self.incidents.finish(&mut statements);
        } else {
            self.incidents.advance(self.now_ns, &mut statements);
        }
        ready.extend(statements);
        Ok(())
    }
}

/// The incidents of a source that is being judged. After an error it yields what was judged before,
/// and ends.
pub struct Judged<S> {
    session: Session,
    source: S,
    ready: VecDeque<Incident>,
    ended: bool,
}

impl<S> Judged<S> {
    /// What the source says of itself.
    pub const fn source(&self) -> &S {
        &self.source
    }
}

impl<S: Source> Iterator for Judged<S> {
    type Item = Result<Incident, SessionError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() && !self.ended {
            let mut failed = None;
            for _ in 0..ROUND {
                match self.source.next() {
                    Some(Ok(event)) => {
                        self.session.now_ns = self.session.now_ns.max(event.time_ns);
                        self.session.detector.push(&event);
                    }
                    Some(Err(error)) => failed = Some(SessionError::Source(Box::new(error))),
                    None => self.ended = true,
                }
                if self.ended || failed.is_some() {
                    self.ended = true;
                    break;
                }
            }
            if let Err(error) = self.session.round(self.ended, &mut self.ready) {
                self.ended = true;
                return Some(Err(error.into()));
            }
            if let Some(error) = failed {
                return Some(Err(error));
            }
        }
        self.ready.pop_front().map(Ok)
    }
}

/// Learns a service's profile from a source that shows it in its normal life.
///
/// # Errors
/// When the source cannot be read, or libonnxruntime or the model cannot be used; nothing is
/// learned then.
pub fn learn<S: Source>(source: S, library: Option<&Path>) -> Result<Profile, SessionError> {
    let mut census = Census::new(Profile::default());
    for event in source {
        census.push(&event.map_err(|error| SessionError::Source(Box::new(error)))?);
    }
    let progress = census.end_source();
    census.note(vec![progress.origin()]);
    let (profile, lives) = census.into_parts();
    Ok(finish(embedded(library)?, profile, &lives, &mut |_, _| {})?)
}

fn embedded(library: Option<&Path>) -> Result<Model, SessionError> {
    let runtime = Runtime::load(library)?;
    Ok(Model::embedded(&runtime)?)
}
