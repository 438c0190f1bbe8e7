//! `monitor profile accept` and `unaccept`.

#[cfg(feature = "live")]
mod by_guard;

mod whose;

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use monitor::alarm_log::notes::LONGEST_REASON;
use monitor::alarm_log::stored::Log;
use monitor::alarm_log::{self};
use monitor::profile::accepted::Difference;
use monitor::profile::file::{self, kept, lock::Lock};
use monitor::report::acceptance::{Row, rows};
use monitor::report::remarks;
use monitor::report::text::grouped;
use monitor::run::clock::unix_s;
use monitor::trace::error::shown;
use monitor::who::redaction::harmless;

use crate::cli::status::{Exit, Usage};
use crate::cli::{complain, stderr_is_terminal};
use whose::Whose;

/// How long others may take who change the same profile.
const PATIENCE: Duration = Duration::from_secs(30);

/// Options of `monitor profile accept` and `unaccept`.
#[derive(Args, Clone, Debug)]
pub struct AcceptArgs {
    /// The id of an incident or an alarm, or as much of its beginning as no other has
    #[arg(value_name = "ID")]
    id: String,
    /// The profile to change [default: the one that the incident was judged by]
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    /// Why, to be kept in the profile
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    reason: Option<String>,
    /// Do not ask on a terminal
    #[arg(long)]
    yes: bool,
    /// The log that holds it [default: where a live run of this user keeps it]
    #[arg(long, value_name = "FILE")]
    alarm_log: Option<PathBuf>,
    /// Where a guard can be asked that judges by the profile: it takes the change up and goes on
    #[cfg(feature = "live")]
    #[arg(long, value_name = "PATH", default_value = monitor::guard::control::PLACE)]
    socket: PathBuf,
}

/// A reason that can be kept.
pub fn reason(text: &str) -> Result<String, String> {
    let text = harmless(text.trim());
    if text.is_empty() || text.len() > LONGEST_REASON {
        return Err(format!("give a reason of 1 to {LONGEST_REASON} bytes"));
    }
    Ok(text)
}

impl AcceptArgs {
    fn log(&self) -> Result<Log> {
        Ok(Log::new(match &self.alarm_log {
            Some(path) => path.clone(),
            None => alarm_log::place()?,
        }))
    }
}

/// Takes an incident or an alarm as normal.
pub fn accept(args: &AcceptArgs) -> Result<Exit> {
    let log = args.log()?;
    let evidence = log.evidence(&args.id)?;
    if let Some(incident) = &evidence.incident {
        writeln!(io::stdout(), "{}", harmless(&incident.headline))?;
    }
    let place = match whose::of(args, &log, &evidence)? {
        Whose::File(place) => place,
        #[cfg(feature = "live")]
        Whose::Guard(guard) => {
            return guard.accept(&evidence.id, args.reason.as_deref(), args.yes);
        }
    };
    let _lock = Lock::of(&place.path, PATIENCE)?;
    let (before, _) = file::read(&place.path)?;
    let mut after = before.clone();
    let reason = args.reason.as_deref();
    let added = after.accept_all(&evidence.id, &evidence.flights()?, unix_s(), reason);
    let difference = Difference::between(&before, &after);
    let mut out = io::stdout().lock();
    let (at, id) = (shown(&place.path), harmless(&evidence.id));
    if difference.is_empty() {
        writeln!(
            out,
            "accepted {id}: 0 sequences are new, {at} has all of it"
        )?;
        return Ok(Exit::Quiet);
    }
    writeln!(out, "{at} would take as normal:")?;
    out.write_all(written(&rows(&difference)).as_bytes())?;
    out.flush()?;
    if !args.yes && !agreed("Take this as normal?")? {
        bail!("{at} is left as it was");
    }
    let kept = keep(&place.path, &evidence.id)?;
    file::write(&place.path, &after)?;
    writeln!(
        out,
        "accepted {id}: {added} sequences are quiet from now on, also in a run that goes on by \
         this profile; as it was before, it is kept as {} (monitor profile unaccept {id})",
        shown(&kept)
    )?;
    Ok(Exit::Quiet)
}

/// Undoes an acceptance: the profile is again what it was before, with all that was accepted later.
pub fn unaccept(args: &AcceptArgs) -> Result<Exit> {
    if args.reason.is_some() {
        return Err(Usage("--reason says why something is accepted: leave it out".into()).into());
    }
    let log = args.log()?;
    let place = match &args.profile {
        Some(path) => whose::Place::given(path),
        None => {
            let evidence = log.evidence(&args.id)?;
            match whose::of(args, &log, &evidence)? {
                Whose::File(place) => place,
                #[cfg(feature = "live")]
                Whose::Guard(guard) => return guard.undo(&evidence.id, args.yes),
            }
        }
    };
    let at = shown(&place.path);
    let _lock = Lock::of(&place.path, PATIENCE)?;
    let (now, _) = file::read(&place.path)?;
    let all = &now.accepted.acceptances;
    let begins = |id: &str| id.starts_with(&args.id);
    let mut meant: Vec<usize> = (0..all.len())
        .filter(|&it| begins(&all[it].alarm))
        .collect();
    if let Some(exact) = all.iter().position(|it| it.alarm == args.id) {
        meant = vec![exact];
    }
    let given = harmless(&args.id);
    let which = match meant[..] {
        [one] => one,
        [] => bail!("{at} has not accepted {given}: monitor profile show lists what it has"),
        _ => bail!("{at} has accepted several that begin with {given}: give more of the id"),
    };
    let id = all[which].alarm.clone();
    let kept = kept::place(&place.path, &id).filter(|it| it.exists());
    let kept = kept.with_context(|| {
        format!("{at} as it was before {given} is not there any more: restore a copy of it")
    })?;
    let (mut before, _) = file::read(&kept)?;
    let later = log.later(&all[which + 1..]);
    before.accept_later(&later.context("what was accepted later cannot be accepted again")?);
    let mut out = io::stdout().lock();
    writeln!(out, "{at} would no longer take as normal:")?;
    let no_longer = rows(&Difference::between(&before, &now));
    out.write_all(written(&no_longer).as_bytes())?;
    let learned = now.learned_since(&before);
    if learned > 0 {
        let calls = grouped(learned);
        writeln!(
            out,
            "and would forget {calls} calls that were learned since"
        )?;
    }
    out.flush()?;
    if !args.yes && !agreed("Undo it?")? {
        bail!("{at} is left as it was");
    }
    // Alarms were raised by it in the meantime.
    keep(&place.path, &format!("undo-{id}-{}", unix_s()))?;
    file::write(&place.path, &before)?;
    writeln!(
        out,
        "{} is reported again by runs that begin from now on",
        harmless(&id)
    )?;
    Ok(Exit::Quiet)
}

fn keep(path: &Path, id: &str) -> Result<PathBuf> {
    let kept = kept::keep(path, id);
    kept.with_context(|| format!("{} cannot be kept as it is", shown(path)))
}

/// Rows, a line each.
fn written(rows: &[Row]) -> String {
    let line = |it: &Row| format!("  {:<10} {}\n", harmless(&it.kind), harmless(&it.which));
    rows.iter().map(line).collect()
}

/// Asks on a terminal; elsewhere nobody is there to be asked, and whoever wrote the command meant
/// it.
fn agreed(question: &str) -> Result<bool> {
    if !stderr_is_terminal() || !io::stdin().is_terminal() {
        return Ok(true);
    }
    if !remarks::flush(Duration::from_millis(500)) {
        complain("standard error takes nothing: nobody can be asked; give --yes");
        return Ok(false);
    }
    eprint!("{question} [y/N] ");
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
