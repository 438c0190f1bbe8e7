//! What a guard takes and says at one time.

use std::collections::BTreeMap;

use anyhow::Result;
use procfs::process::Process;
use serde::Serialize;
use serde_json::Value;

/// One look at it.
#[derive(Clone, Debug, Serialize)]
pub struct Sample {
    pub minute: f64,
    /// Resident memory and what of it is of no file, KiB.
    pub resident_kib: u64,
    pub anonymous_kib: u64,
    pub descriptors: u64,
    pub threads: u64,
    /// Services that are watched.
    pub watching: u64,
    /// Calls of all services, seen and lost.
    pub calls: u64,
    pub lost: u64,
    pub incidents: u64,
    /// Incidents that are open.
    pub open: u64,
    /// CPU time used, seconds.
    pub cpu_s: f64,
    pub model_share: f64,
}

impl Sample {
    /// Looks at the process, beside what the guard just said of the host.
    ///
    /// # Errors
    /// It is gone.
    pub fn take(pid: u32, minute: f64, status: &Value) -> Result<Self> {
        let process = Process::new(pid.cast_signed())?;
        let its = process.status()?;
        let services = || status["services"].as_array().into_iter().flatten();
        let number = |value: &Value| value.as_u64().unwrap_or(0);
        let watching = services().filter(|it| it["state"] == "watching").count();
        Ok(Self {
            minute,
            resident_kib: its.vmrss.unwrap_or(0),
            anonymous_kib: its.rssanon.unwrap_or(0),
            descriptors: process.fd_count()? as u64,
            threads: its.threads,
            watching: watching as u64,
            calls: services().map(|it| number(&it["calls"])).sum(),
            lost: number(&status["lost"]),
            incidents: number(&status["incidents"][0]),
            open: number(&status["incidents"][1]),
            cpu_s: status["cpu_s"].as_f64().unwrap_or(0.0),
            model_share: status["model_share"].as_f64().unwrap_or(0.0),
        })
    }
}

/// The counters of `/metrics`, which never fall.
#[derive(Debug, Default, Serialize)]
pub struct Counters {
    scrapes: u64,
    last: BTreeMap<String, f64>,
    /// Counters that fell or went away, with what they were and what they became.
    pub fell: Vec<String>,
}

impl Counters {
    /// Compares a scrape with the one before.
    pub fn look(&mut self, text: &str) {
        let now = counters(text);
        for (name, before) in &self.last {
            match now.get(name) {
                Some(value) if value >= before => {}
                value => self.fell.push(format!("{name}: {before}, then {value:?}")),
            }
        }
        self.scrapes += 1;
        self.last = now;
    }

    /// Scrapes that were compared.
    pub fn scrapes(&self) -> u64 {
        self.scrapes
    }

    /// How many counters the last one had.
    pub fn count(&self) -> usize {
        self.last.len()
    }
}

fn counters(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.rsplit_once(' '))
        .filter(|(name, _)| {
            name.split('{')
                .next()
                .is_some_and(|it| it.ends_with("_total"))
        })
        .filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Counters;

    #[test]
    fn counters_that_fall_or_go_away_are_told_and_gauges_are_not() {
        let mut counters = Counters::default();
        counters.look("# HELP a_total x\na_total{s=\"x y\"} 4\nb_total 2\nc 9\n# EOF\n");
        counters.look("a_total{s=\"x y\"} 5\nb_total 2\nc 1\n");
        assert!(counters.fell.is_empty(), "{:?}", counters.fell);
        assert_eq!(counters.count(), 2);
        counters.look("a_total{s=\"x y\"} 4\n");
        assert_eq!(counters.fell.len(), 2, "{:?}", counters.fell);
    }
}
