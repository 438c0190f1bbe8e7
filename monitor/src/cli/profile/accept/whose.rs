//! Which profile an incident was judged by.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use monitor::alarm_log::stored::{Evidence, Log};
use monitor::service::key::Key;
use monitor::service::store::{self, Store};
use monitor::trace::error::shown;
use monitor::who::redaction::harmless;

/// A profile to change.
pub struct Place {
    /// Its file.
    pub path: PathBuf,
    /// Held so that no guard begins meanwhile that keeps this profile itself.
    _state: Option<Store>,
}

impl Place {
    /// The profile that the user named.
    pub fn given(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            _state: None,
        }
    }
}

/// The profile to change: the one that is named, else the one that the evidence names.
///
/// # Errors
/// When there is none, or a running guard keeps it.
pub fn place(given: Option<&Path>, log: &Log, evidence: &Evidence) -> Result<Place> {
    if let Some(path) = given {
        return Ok(Place::given(path));
    }
    // A line that somebody else wrote would choose which file is changed.
    log.check_trusted()
        .context("the log cannot say which profile to change: name it by --profile")?;
    let alarms = evidence.alarms.iter().map(|it| &it.alarm);
    let named = alarms
        .clone()
        .find_map(|it| it.profile.as_ref()?.path.as_ref());
    if let Some(path) = named {
        let path = PathBuf::from(path);
        if !path.is_file() {
            bail!(
                "the profile {} is not there any more: name it by --profile",
                shown(&path)
            );
        }
        return Ok(Place { path, _state: None });
    }
    let services = alarms.filter_map(|it| it.service.parse::<Key>().ok());
    if let Some(key) = services.into_iter().next() {
        return of_guard(&key);
    }
    bail!(
        "{} was raised without a profile, so there is none to take it as normal: learn one, or name one by --profile",
        harmless(&evidence.id)
    )
}

/// The profile that a guard keeps of a service.
fn of_guard(key: &Key) -> Result<Place> {
    let folder = Path::new(store::PLACE);
    let path = folder
        .join("services")
        .join(key.file_name())
        .join("profile");
    if !path.is_file() {
        bail!(
            "there is no profile of {} in {}: name it by --profile",
            key.as_str(),
            shown(folder)
        );
    }
    let state = Store::open(folder).with_context(|| {
        let name = key.as_str();
        format!("the profile of {name} is kept by a guard: end it, accept, and start it again")
    })?;
    Ok(Place {
        path,
        _state: Some(state),
    })
}
