//! `monitor doctor`: every check before a watch at once, each with its remedy.

use std::io::{self, Write as _};

use anyhow::Result;
use clap::Args;
use monitor::alarm_log;
use monitor::live::doctor::{self, Check, Outcome, self_test};
use monitor::report::sinks::OutputConfig;
use serde_json::json;

use super::judge::ModelArgs;
use super::status::{Exit, in_words};
use super::{complain, output};

/// Options of `monitor doctor`.
#[derive(Args, Clone, Debug)]
pub struct DoctorArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// Also send a test to this output, as --output-to names it; may be repeated
    #[arg(long, value_name = "OUTPUT")]
    output_to: Vec<OutputConfig>,
    /// As one object of JSON
    #[arg(long)]
    json: bool,
}

/// Every check, in the order in which they are shown.
pub fn checks(model: &ModelArgs, outputs: &[OutputConfig]) -> Vec<Check> {
    let mut checks = doctor::host();
    checks.push(match model.load() {
        Ok(loaded) => Check::ok("model", loaded.manifest().name.clone()),
        Err(error) => Check::failed("model", &in_words(&error)),
    });
    checks.push(match alarm_log::place() {
        Ok(path) => doctor::folder("alarm log", path.parent().unwrap_or(&path)),
        Err(error) => Check::failed("alarm log", &format!("{error:#}")),
    });
    for config in outputs {
        checks.push(match output::test(config) {
            Ok(()) => Check::ok(
                "output",
                format!("{}: a test was taken", config.shown_name()),
            ),
            Err(error) => Check::wrong(
                "output",
                Outcome::Warning,
                format!("{}: {error}", config.shown_name()),
                "look whether it listens there and takes what is sent",
            ),
        });
    }
    // It would only fail for one of the reasons above.
    if checks.iter().all(|check| check.outcome < Outcome::Failed) {
        checks.push(self_test::run());
    }
    checks
}

/// Checks, and says what was found.
pub fn run(args: &DoctorArgs) -> Result<Exit> {
    let checks = checks(&args.model, &args.output_to);
    let blind = doctor::blind_spots();
    let worst = checks
        .iter()
        .map(|it| it.outcome)
        .max()
        .unwrap_or(Outcome::Ok);
    let mut out = io::stdout().lock();
    if args.json {
        let told = json!({ "outcome": worst, "checks": checks, "not_visible": blind });
        writeln!(out, "{told:#}")?;
    } else {
        for check in &checks {
            let mark = match check.outcome {
                Outcome::Ok => "ok",
                Outcome::Warning => "warning",
                Outcome::Failed => "FAILED",
            };
            writeln!(out, "{mark:<8} {:<17} {}", check.name, plain(&check.found))?;
            if let Some(remedy) = &check.remedy {
                writeln!(out, "{:<26} {}", "", plain(remedy))?;
            }
        }
        writeln!(out, "\nNot visible here:")?;
        for spot in &blind {
            writeln!(out, "  {spot}")?;
        }
    }
    if worst == Outcome::Failed {
        complain("watching does not work on this host: see what FAILED");
        return Ok(Exit::Failure);
    }
    Ok(Exit::Quiet)
}

/// Without anything that could steer a terminal.
fn plain(text: &str) -> String {
    monitor::trace::error::shown(text.as_ref())
}
