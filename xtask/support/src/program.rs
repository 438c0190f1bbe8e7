//! How a program of this workspace ends.

use std::process::ExitCode;

/// The status of `main`: that of the outcome, or a failure whose causes are printed.
pub fn status(outcome: anyhow::Result<ExitCode>) -> ExitCode {
    outcome.unwrap_or_else(|why| {
        eprintln!("error: {why:#}");
        ExitCode::FAILURE
    })
}
