//! Finding and loading libonnxruntime.
//!
//! The library is looked for in this order, and the first place that has one decides: the option,
//! the environment variable `ORT_DYLIB_PATH`, beside the executable, `../lib/monitor` from the
//! executable, `.tools/onnxruntime` of the checkout for an executable that cargo built there, the
//! system's library folders. It runs with the monitor's rights, so it is loaded
//! only when nobody else can have put it there (see [`Distrust`]).

mod places;
mod telemetry;
mod trust;

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use ort::environment::Environment;
use thiserror::Error;

use super::Fault;

pub use telemetry::disable_telemetry;
#[cfg(feature = "live")]
pub(crate) use telemetry::telemetry_before;
pub use trust::Distrust;

/// What to do when no usable library was found.
const REMEDY: &str = "run `cargo xtask setup`, or name the library with `--onnxruntime`";

/// Why libonnxruntime could not be loaded.
#[derive(Debug, Error)]
pub enum RuntimeError {
    /// No place has one.
    #[error("libonnxruntime was not found; looked at {}; {REMEDY}", listed(.looked_at))]
    NotFound {
        /// Every place that was looked at, in order.
        looked_at: Vec<PathBuf>,
    },
    /// The file that was named is not there.
    #[error("{origin} names `{}`, where there is no libonnxruntime; {REMEDY}", .path.display())]
    NotThere {
        /// Who named it.
        origin: &'static str,
        /// What was named.
        path: PathBuf,
    },
    /// Others could have put it there.
    #[error("`{}` is not loaded: {why}", .path.display())]
    Untrusted {
        /// The library.
        path: PathBuf,
        /// What is wrong, and the remedy.
        why: Distrust,
    },
    /// The environment lets the library send telemetry.
    #[error(
        "libonnxruntime is not loaded while ORT_DISABLE_TELEMETRY is not 1: it would report to its \
         maker; start with ORT_DISABLE_TELEMETRY=1"
    )]
    Telemetry,
    /// It is no libonnxruntime, or one too old.
    #[error("libonnxruntime cannot be used: {error}; {REMEDY}")]
    Unusable {
        /// What the loader said.
        error: Fault,
    },
    /// It was loaded and would not start.
    #[error("libonnxruntime does not start: {error}; {REMEDY}")]
    Environment {
        /// What it said.
        error: Fault,
    },
}

fn listed(paths: &[PathBuf]) -> String {
    let shown: Vec<_> = paths
        .iter()
        .map(|path| format!("`{}`", path.display()))
        .collect();
    shown.join(", ")
}

/// A loaded libonnxruntime. A process has one; cloning is cheap.
#[derive(Clone)]
pub struct Runtime {
    environment: Environment,
    path: PathBuf,
}

static LOADED: Mutex<Option<Runtime>> = Mutex::new(None);

impl Runtime {
    /// Finds and loads the library; `option` is the file (or the folder with it) that the user
    /// named. Once a process has loaded one, that one is given again whatever `option` says.
    ///
    /// # Errors
    /// When no place has one, or the first that has one must not or cannot be used, and when
    /// [`disable_telemetry`] was not called before.
    pub fn load(option: Option<&Path>) -> Result<Self, RuntimeError> {
        // Nothing that panics runs under this lock with the option half-written.
        let mut loaded = LOADED
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(runtime) = &*loaded {
            return Ok(runtime.clone());
        }
        let found = places::find(option)?;
        let path =
            trust::check(&found.path, found.origin).map_err(|why| RuntimeError::Untrusted {
                path: found.path.clone(),
                why,
            })?;
        if !telemetry::is_disabled() {
            return Err(RuntimeError::Telemetry);
        }
        let environment = ort::init_from(&path)
            .map_err(|error| RuntimeError::Unusable {
                error: Fault::of(error),
            })?
            .with_name("monitor")
            .with_telemetry(false)
            .build()
            .map_err(|error| RuntimeError::Environment {
                error: Fault::of(error),
            })?;
        environment.set_log_level(ort::logging::LogLevel::Error);
        Ok(loaded.insert(Self { environment, path }).clone())
    }

    /// The file that was loaded.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The environment, of which a process can have one only: for sessions beside those of a
    /// [`Model`](super::Model).
    #[doc(hidden)]
    #[must_use]
    pub const fn environment(&self) -> &Environment {
        &self.environment
    }
}
