//! placeholder
use anyhow::Result;
use std::process::ExitCode;
#[derive(clap::Args)]
pub struct Arguments {}
pub fn install(_: Arguments) -> Result<ExitCode> {
    Ok(ExitCode::FAILURE)
}
