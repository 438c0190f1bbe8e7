//! The environment that tests are given.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::setup::Tools;
use support::place;

use crate::privilege;

const LIBRARY: &str = "ORT_DYLIB_PATH";

/// The variables that tests are given.
#[derive(Clone)]
pub struct Environment(Vec<(&'static str, OsString)>);

impl Environment {
    /// Names the library and, where it is, the data set.
    pub fn new(tools: &Tools) -> Self {
        let mut variables = vec![
            (LIBRARY, tools.onnxruntime.clone().into_os_string()),
            ("ORT_DISABLE_TELEMETRY", "1".into()),
            ("MONITOR_TOOLS", place::tools().into_os_string()),
        ];
        if let Ok(folder) = fs::canonicalize(place::adfa_ld()) {
            variables.push(("MONITOR_ADFA_LD", folder.into_os_string()));
        }
        // sudo sets its own PATH, in which a user's tools are missing.
        if let Some(path) = std::env::var_os("PATH") {
            variables.push(("PATH", path));
        }
        Self(variables)
    }

    /// The same for tests that run as root.
    ///
    /// The monitor does not load a library as root that somebody else could have put there, and the
    /// tool folder is the invoking user's: such tests get a copy that is root's.
    pub fn for_root(&self) -> Result<Loan> {
        let mut environment = self.clone();
        if privilege::is_root() {
            return Ok(Loan {
                environment,
                folder: None,
            });
        }
        let folder = PathBuf::from(format!("/run/monitor-test-{}", std::process::id()));
        let copy = folder.join("libonnxruntime.so");
        for (name, value) in &mut environment.0 {
            if *name == LIBRARY {
                let mut install = privilege::as_root(OsStr::new("install"), &[])?;
                let status = install
                    .args(["-D", "-m", "0644"])
                    .arg(&*value)
                    .arg(&copy)
                    .status()?;
                if !status.success() {
                    bail!("cannot copy the library to {}", copy.display());
                }
                *value = copy.clone().into_os_string();
            }
        }
        Ok(Loan {
            environment,
            folder: Some(folder),
        })
    }

    /// As pairs of name and value.
    pub fn pairs(&self) -> Vec<(&str, &OsStr)> {
        self.0
            .iter()
            .map(|(name, value)| (*name, value.as_os_str()))
            .collect()
    }
}

/// An environment whose files go away with it.
pub struct Loan {
    /// What to run the tests with.
    pub environment: Environment,
    folder: Option<PathBuf>,
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            let removed = privilege::as_root(OsStr::new("rm"), &[]).is_ok_and(|mut rm| {
                rm.arg("-r")
                    .arg(folder)
                    .status()
                    .is_ok_and(|status| status.success())
            });
            if !removed {
                eprintln!("warning: {} is left behind", folder.display());
            }
        }
    }
}
