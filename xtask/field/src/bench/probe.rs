//! `cargo xtask bench probe`: nanoseconds that the probe itself takes a call, by the kernel's own
//! count.
//!
//! `kernel.bpf_stats_enabled` makes the kernel time every run of every program
//! (Documentation/admin-guide/sysctl/kernel.rst). The timing costs some nanoseconds itself, which
//! the empty program shows; other load on the host disturbs these figures less than those by the
//! wall clock.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use serde::Serialize;

use super::load::{Kind, Load};
use super::overhead::{Configuration, Place, Tool, need_root};
use support::machine::Machine;
use support::page::Publish;
use support::spread::Spread;
use support::stop;

const SWITCH: &str = "/proc/sys/kernel/bpf_stats_enabled";

/// Whose programs are timed.
const CONFIGURATIONS: [Configuration; 8] = [
    Configuration::Empty,
    Configuration::Record,
    Configuration::Pid,
    Configuration::PidBare,
    Configuration::Elsewhere,
    Configuration::ElsewhereBare,
    Configuration::All,
    Configuration::Bpftrace,
];

/// Options of `cargo xtask bench probe`.
#[derive(Args, Debug)]
pub struct Options {
    /// Rounds.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rounds: u32,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// System calls a second [default: as many as there is time for].
    #[arg(long)]
    rate: Option<u64>,
    /// The monitor [default: the release build, built now].
    #[arg(long, value_name = "FILE")]
    monitor: Option<PathBuf>,
    #[command(flatten)]
    publish: Publish,
    /// libonnxruntime [default: as the monitor finds it].
    #[arg(long, value_name = "FILE")]
    onnxruntime: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report {
    format: u32,
    machine: Machine,
    rounds: u32,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    configuration: &'static str,
    /// Nanoseconds a run, the kernel's timing included.
    run_ns: Spread,
    /// Instructions that the verifier walked through, all paths together.
    verified: u64,
}

/// What the kernel counted of one program.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Count {
    runs: u64,
    ns: u64,
    verified: u64,
}

/// The kernel's timing is on until this is dropped.
struct Timing {
    before: String,
}

impl Timing {
    fn on() -> Result<Self> {
        let before = fs::read_to_string(SWITCH).context(SWITCH)?;
        fs::write(SWITCH, "1").context(SWITCH)?;
        Ok(Self { before })
    }
}

impl Drop for Timing {
    fn drop(&mut self) {
        let _ = fs::write(SWITCH, self.before.trim());
    }
}

/// Runs the command.
///
/// # Errors
/// Not root, a tool that does not start, a file that cannot be written.
pub fn command(options: &Options) -> Result<()> {
    need_root()?;
    let place = Place::with(options.monitor.as_deref(), options.onnxruntime.as_deref())?;
    stop::listen()?;
    let _timing = Timing::on()?;
    let mut load = Load::start(&super::load::Options {
        kind: Kind::Getppid,
        threads: 1,
        rate: options.rate,
        seconds: options.seconds,
        wait: true,
    })?;
    let there: Vec<_> = CONFIGURATIONS
        .into_iter()
        .filter(|it| it.obstacle(&place).is_none())
        .collect();
    let mut found = vec![(Vec::new(), 0); there.len()];
    for _ in 0..options.rounds {
        for (configuration, (ns, verified)) in there.iter().zip(&mut found) {
            stop::check()?;
            let tool = configuration.start(&place, &[load.pid()], None)?;
            let before = busiest(&tool);
            load.work()?;
            let after = busiest(&tool);
            tool.end().context(configuration.name())?;
            let runs = after.runs.saturating_sub(before.runs);
            anyhow::ensure!(runs > 0, "no program of {} ran", configuration.name());
            ns.push(after.ns.saturating_sub(before.ns) as f64 / runs as f64);
            *verified = after.verified;
        }
    }
    let rows = there
        .iter()
        .zip(found)
        .map(|(configuration, (ns, verified))| Row {
            configuration: configuration.name(),
            run_ns: Spread::of(&ns),
            verified,
        });
    let report = Report {
        format: 1,
        machine: Machine::this(),
        rounds: options.rounds,
        rows: rows.collect(),
    };
    options
        .publish
        .publish("probe", &report, &report.markdown())
}

/// The tool's program with the most runs.
fn busiest(tool: &Tool) -> Count {
    let processes = match tool {
        Tool::Nothing => Vec::new(),
        Tool::Empty(_) => vec![std::process::id()],
        Tool::Process(running) => vec![running.pid()],
    };
    let files = processes
        .iter()
        .filter_map(|pid| fs::read_dir(format!("/proc/{pid}/fdinfo")).ok())
        .flat_map(|entries| entries.flatten());
    files
        .filter_map(|entry| count(&fs::read_to_string(entry.path()).ok()?))
        .max_by_key(|count| count.runs)
        .unwrap_or_default()
}

/// From the text of a descriptor's `fdinfo`; `None` when it is no program's.
fn count(text: &str) -> Option<Count> {
    let field = |name: &str| {
        let value = text.lines().find_map(|line| line.strip_prefix(name))?;
        value.trim().parse().ok()
    };
    Some(Count {
        runs: field("run_cnt:")?,
        ns: field("run_time_ns:")?,
        // Since Linux 5.16.
        verified: field("verified_insns:").unwrap_or(0),
    })
}

impl Report {
    fn markdown(&self) -> String {
        let floor = self.rows.first().map_or(0.0, |row| row.run_ns.median);
        let mut text = format!(
            "Measured by `cargo xtask bench probe --rounds {}` on {}; medians (first to third \
             quartile).\n\n\
             | program | ns a run | without the empty program's | instructions verified |\n| --- | \
             --- | --- | --- |\n",
            self.rounds,
            self.machine.sentence()
        );
        for row in &self.rows {
            let ns = row.run_ns;
            text += &format!(
                "| {} | {:.0} ({:.0} to {:.0}) | {:.0} | {} |\n",
                row.configuration,
                ns.median,
                ns.quartiles[0],
                ns.quartiles[1],
                ns.median - floor,
                row.verified
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{Count, count};

    #[test]
    fn a_program_is_told_from_other_descriptors() {
        let program =
            "pos:\t0\nprog_type:\t17\nrun_time_ns:\t1200\nrun_cnt:\t10\nverified_insns:\t33\n";
        let expected = Count {
            runs: 10,
            ns: 1200,
            verified: 33,
        };
        assert_eq!(count(program), Some(expected));
        assert_eq!(count("pos:\t0\nmap_type:\t1\n"), None);
    }
}
