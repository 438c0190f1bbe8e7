//! `monitor status` and `monitor services`: what a running guard is asked.

mod show;

use std::io::{self, Write as _};

use anyhow::Result;
use clap::{Args, Subcommand};
use clap_complete::ArgValueCandidates;
use hyper::Method;
use monitor::guard::board::{Action, HostStatus};
use monitor::guard::place::encoded;
use monitor::report::text::{counted, grouped};
use monitor::run::clock::WallClock;
use serde_json::Value;

use super::ask::AskArgs;
use super::judge::span;
use super::status::Exit;
use super::{Format, completion, print_row};

/// Options of `monitor services`.
#[derive(Args, Clone, Debug)]
pub struct ServicesArgs {
    #[command(flatten)]
    ask: AskArgs,
    #[command(subcommand)]
    action: Option<ServicesAction>,
}

#[derive(Clone, Debug, Subcommand)]
enum ServicesAction {
    /// Shows one service
    Show(Named),
    /// Says that what was learned of a service suffices, so that it is watched
    Approve(Named),
    /// Learns a service anew
    Relearn(Named),
    /// Neither judges nor learns a service until it is resumed
    Pause(Named),
    /// Goes on with a paused service
    Resume(Named),
    /// Judges a service by the profile that it had before
    Rollback(Named),
}

#[derive(Args, Clone, Debug)]
struct Named {
    /// The service, as `monitor services` names it; its last part is enough where it is the only
    /// one
    #[arg(value_name = "SERVICE", add = ArgValueCandidates::new(completion::services))]
    name: String,
}

/// Prints how the host stands.
pub fn status(args: &AskArgs) -> Result<Exit> {
    let answer = args.ask(Method::GET, "/v1/status")?;
    let mut out = io::stdout().lock();
    if args.format == Format::Json {
        out.write_all(&answer)?;
        writeln!(out)?;
        return Ok(Exit::Quiet);
    }
    let status: HostStatus = serde_json::from_slice(&answer)?;
    writeln!(out, "{}", status.line())?;
    if let Some(blind) = status.blind_line() {
        writeln!(out, "{blind}")?;
    }
    writeln!(
        out,
        "up {}, {}; {} lost, {} outside of what is watched",
        span(status.uptime_s),
        if status.attached {
            "attached"
        } else {
            "not attached"
        },
        counted(status.lost, "call"),
        counted(status.unwatched_calls, "call"),
    )?;
    for limit in &status.limits {
        writeln!(out, "on this host: {limit}")?;
    }
    for (why, count) in &status.lost_because {
        writeln!(out, "{} lost: {why}", counted(*count, "call"))?;
    }
    for (what, count) in &status.missed {
        writeln!(out, "{} missed: {what}", grouped(*count))?;
    }
    let (incidents, open) = status.incidents;
    writeln!(
        out,
        "{}, {} open",
        counted(incidents, "incident"),
        grouped(open)
    )?;
    for output in status.outputs.iter().filter(|it| it.has_failed()) {
        let why = output.error.as_deref().unwrap_or("it takes nothing");
        writeln!(
            out,
            "{}: {} not written: {why}",
            output.name,
            grouped(output.dropped)
        )?;
    }
    if status.left_out > 0 {
        writeln!(
            out,
            "{} left out: raise discovery.at_most",
            counted(status.left_out, "service")
        )?;
    }
    if status.saves_failed > 0 {
        writeln!(
            out,
            "the state could not be kept {}",
            counted(status.saves_failed, "time")
        )?;
    }
    if !status.config_is_right {
        writeln!(
            out,
            "the configuration on disk is wrong: see monitor config check"
        )?;
    }
    for (at, remark) in status.remarks.iter().rev().take(10).rev() {
        let at = i64::try_from(*at).unwrap_or_default();
        let time = jiff::Timestamp::from_second(at).map(|it| it.to_string());
        writeln!(out, "{}  {remark}", time.unwrap_or_default())?;
    }
    Ok(Exit::Quiet)
}

/// Lists the services, or does something about one.
pub fn services(args: &ServicesArgs) -> Result<Exit> {
    let ask = &args.ask;
    let (named, action) = match &args.action {
        None => return list(ask),
        Some(ServicesAction::Show(named)) => return show_one(ask, &named.name),
        Some(ServicesAction::Approve(named)) => (named, Action::Approve),
        Some(ServicesAction::Relearn(named)) => (named, Action::Relearn),
        Some(ServicesAction::Pause(named)) => (named, Action::Pause),
        Some(ServicesAction::Resume(named)) => (named, Action::Resume),
        Some(ServicesAction::Rollback(named)) => (named, Action::Rollback),
    };
    let service = ask.named(&named.name)?.service;
    let path = format!("/v1/services/{}/{}", encoded(&service), action.name());
    let answer: Value = serde_json::from_slice(&ask.ask(Method::POST, &path)?)?;
    writeln!(
        io::stdout(),
        "{}",
        answer["done"].as_str().unwrap_or_default()
    )?;
    Ok(Exit::Quiet)
}

fn list(ask: &AskArgs) -> Result<Exit> {
    if ask.format == Format::Json {
        let mut out = io::stdout().lock();
        out.write_all(&ask.ask(Method::GET, "/v1/services")?)?;
        writeln!(out)?;
        return Ok(Exit::Quiet);
    }
    let services = ask.services()?;
    let widest = services
        .iter()
        .map(|it| it.service.len())
        .max()
        .unwrap_or(0);
    let widest = widest.clamp(7, 48);
    print_row(&format!(
        "{:widest$}  {:10}  {:>9}  {:>7}  {:>6}  {:>6}  RELEASE, AND WHAT IS LACKING",
        "SERVICE", "STATE", "CALLS/S", "NOVELTY", "ALARMS", "LOST"
    ))?;
    for it in services {
        let state = it.word();
        let novelty = it
            .novelty
            .map_or_else(|| "-".to_owned(), |it| format!("{it:.1}"));
        let blind = it.blind_since().map(|it| format!("not seen since {it}"));
        let more = blind.into_iter().chain(it.release).chain(it.lacking);
        let more: Vec<_> = more.collect();
        print_row(&format!(
            "{:widest$}  {state:10}  {:>9.1}  {novelty:>7}  {:>6}  {:>6}  {}",
            it.service,
            it.calls_per_second,
            it.alarms,
            it.lost,
            more.join(", ")
        ))?;
    }
    Ok(Exit::Quiet)
}

fn show_one(ask: &AskArgs, name: &str) -> Result<Exit> {
    let service = ask.named(name)?;
    if ask.format == Format::Json {
        writeln!(io::stdout(), "{}", serde_json::to_value(&service)?)?;
        return Ok(Exit::Quiet);
    }
    let last_call = WallClock::Live.shown(service.last_call_ns);
    for (name, text) in show::rows(&service, &last_call) {
        print_row(&format!("{name:16} {text}"))?;
    }
    Ok(Exit::Quiet)
}
