//! Which profile an incident was judged by.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use monitor::alarm_log::stored::{Evidence, Log};
use monitor::service::key::Key;
use monitor::service::store::{self, Store};
use monitor::trace::error::shown;
use monitor::who::redaction::harmless;

use super::AcceptArgs;
#[cfg(feature = "live")]
use super::by_guard::ByGuard;

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

/// Whoever keeps the profile to change.
pub enum Whose {
    /// Nobody: it is a file.
    File(Place),
    /// A guard that runs.
    #[cfg(feature = "live")]
    Guard(ByGuard),
}

/// The profile to change: the one that is named, else the one that the evidence names.
///
/// # Errors
/// When there is none, or a guard keeps it that nobody can ask.
pub fn of(args: &AcceptArgs, log: &Log, evidence: &Evidence) -> Result<Whose> {
    if let Some(path) = &args.profile {
        return Ok(Whose::File(Place::given(path)));
    }
    // A line that somebody else wrote would choose which file is changed.
    log.check_trusted()
        .context("the log cannot say which profile to change: name it by --profile")?;
    let alarms = evidence.alarms.iter().map(|it| &it.alarm);
    let named = alarms
        .clone()
        .find_map(|it| it.profile.as_ref()?.path.as_ref());
    let named = named.map(PathBuf::from);
    let mut services = alarms.filter_map(|it| it.service.parse::<Key>().ok());
    let service = services.next();
    let kept_of = |key: &Key| Path::new("services").join(key.file_name()).join("profile");
    let is_of_guard = |key: &&Key| named.as_ref().is_none_or(|it| it.ends_with(kept_of(key)));
    if let Some(key) = service.as_ref().filter(is_of_guard) {
        #[cfg(feature = "live")]
        if let Some(guard) = ByGuard::of(args.socket.clone(), key.clone()) {
            return Ok(Whose::Guard(guard));
        }
        let folder = named.as_ref().and_then(|it| it.ancestors().nth(3));
        return of_guard(key, folder.unwrap_or(Path::new(store::PLACE))).map(Whose::File);
    }
    if let Some(path) = named {
        if !path.is_file() {
            bail!(
                "the profile {} is not there any more: name it by --profile",
                shown(&path)
            );
        }
        return Ok(Whose::File(Place { path, _state: None }));
    }
    bail!(
        "{} was raised without a profile, so there is none to take it as normal: learn one, or \
         name one by --profile",
        harmless(&evidence.id)
    )
}

/// The profile that a guard kept of a service in a state folder.
fn of_guard(key: &Key, folder: &Path) -> Result<Place> {
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
        format!(
            "the profile of {name} is kept by a guard that does not answer: name its socket by \
             --socket, or end it"
        )
    })?;
    Ok(Place {
        path,
        _state: Some(state),
    })
}
