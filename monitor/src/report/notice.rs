//! What an output says of an incident, before it takes the form of any receiver.
//!
//! Texts in a notice are escaped and capped where they were read; here they are only arranged.

use jiff::Timestamp;

use crate::detect::severity::Severity;

/// What happened to the incident.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stage {
    /// It is new.
    Opened,
    /// It became worse, or something new came.
    Updated,
    /// It is over.
    Closed,
}

impl Stage {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Updated => "updated",
            Self::Closed => "closed",
        }
    }
}

/// The reason of an incident, as receivers route by it: these names never change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rule {
    /// A call that the service never made.
    NewCall,
    /// A program that the service never ran.
    NewProcess,
    /// A sequence that it does not make.
    Sequence,
    /// Many surprising calls in a row.
    Burst,
}

impl Rule {
    /// Its name, for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NewCall => "Call never made by this service",
            Self::NewProcess => "Process never run by this service",
            Self::Sequence => "Unusual call sequence",
            Self::Burst => "Burst of unusual calls",
        }
    }

    /// The score behind it, as the JSON of an alarm names it.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NewCall | Self::NewProcess => "first_seen",
            Self::Sequence => "slow",
            Self::Burst => "fast",
        }
    }
}

/// The process that the incident is about.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Process {
    /// Thread group id.
    pub pid: u32,
    /// Thread id.
    pub tid: u32,
    /// Its name.
    pub name: String,
    /// Path of its executable.
    pub executable: Option<String>,
    /// Its arguments.
    pub command_line: Option<String>,
    /// Thread group id and name of the process that started it.
    pub parent: Option<(u32, String)>,
    /// Number and name of its user.
    pub user: Option<(u32, Option<String>)>,
}

/// The container of the process.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Container {
    /// Its whole id.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// Its image, with the tag.
    pub image: Option<String>,
    /// Its pod's namespace in Kubernetes.
    pub namespace: Option<String>,
    /// Its pod's name in Kubernetes.
    pub pod: Option<String>,
}

/// One statement about an incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// The incident's id.
    pub id: String,
    /// What happened to it.
    pub stage: Stage,
    /// How bad it is.
    pub severity: Severity,
    /// What happened, in a line of plain words.
    pub headline: String,
    /// Why.
    pub rule: Rule,
    /// The service; empty where nobody named one.
    pub service: String,
    /// The host's name, unless it is left out.
    pub host: Option<String>,
    /// When its first alarm was raised.
    pub(crate) opened: Timestamp,
    /// When this statement is made.
    pub(crate) time: Timestamp,
    /// Alarms in it.
    pub alarms: u64,
    /// Who.
    pub process: Process,
    /// The systemd unit.
    pub unit: Option<String>,
    /// The container.
    pub container: Option<Container>,
    /// The anomaly score: nats a call, or nats for a first.
    pub score: f64,
    /// What it had to exceed.
    pub threshold: f64,
    /// Whether every call of the stretch was seen: `complete` or `gapped`.
    pub evidence: &'static str,
    /// SHA-256 of the profile that judged.
    pub profile_sha256: Option<String>,
    /// Techniques of MITRE ATT&CK that are certain.
    pub techniques: Vec<&'static str>,
    /// The most surprising calls, at most ten.
    pub calls: Vec<String>,
    /// The whole record, one object of JSON.
    pub record: String,
}

impl Notice {
    /// Longest headline that receivers are given, bytes.
    const HEADLINE: usize = 1024;

    /// The headline, cut at a character.
    #[must_use]
    pub fn short_headline(&self) -> &str {
        cut(&self.headline, Self::HEADLINE)
    }

    /// A statement that says it is a test, for trying an output.
    #[must_use]
    pub fn test(host: Option<String>, stage: Stage) -> Self {
        let now = Timestamp::now();
        let id = "00000000000000000000000000".to_owned();
        let headline = "this is a test of an output of monitor, and nothing happened".to_owned();
        let record = serde_json::json!({
            "type": "test", "id": id, "time": now.to_string(), "headline": headline,
        });
        Self {
            id,
            stage,
            severity: Severity::Low,
            headline,
            rule: Rule::Sequence,
            service: "monitor-test".into(),
            host,
            opened: now,
            time: now,
            alarms: 0,
            process: Process {
                pid: std::process::id(),
                tid: std::process::id(),
                name: "monitor".into(),
                ..Process::default()
            },
            unit: None,
            container: None,
            score: 0.0,
            threshold: 0.0,
            evidence: "complete",
            profile_sha256: None,
            techniques: Vec::new(),
            calls: Vec::new(),
            record: record.to_string(),
        }
    }
}

/// The beginning of `text`, at most so many bytes of it, cut between two characters.
#[must_use]
pub fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or(text)
}

#[cfg(test)]
pub(crate) mod sample {
    use super::{Container, Notice, Process, Rule, Stage};
    use crate::detect::severity::Severity;

    /// One with everything in it.
    pub fn notice() -> Notice {
        Notice {
            id: "01J0000000000000000000000A".into(),
            stage: Stage::Opened,
            severity: Severity::High,
            headline: "a worker of nginx started a program it never ran".into(),
            rule: Rule::NewProcess,
            service: "unit:nginx.service".into(),
            host: Some("web-1".into()),
            opened: "2026-11-26T08:00:00.5Z".parse().expect("a time"),
            time: "2026-11-26T08:00:01Z".parse().expect("a time"),
            alarms: 2,
            process: Process {
                pid: 70,
                tid: 71,
                name: "sh".into(),
                executable: Some("/bin/dash".into()),
                command_line: Some("sh -c \"id\"".into()),
                parent: Some((60, "nginx".into())),
                user: Some((33, Some("www-data".into()))),
            },
            unit: Some("nginx.service".into()),
            container: Some(Container {
                id: "0123456789abcdef".repeat(4),
                name: Some("web".into()),
                image: Some("registry.example:5000/team/nginx:1.24".into()),
                namespace: Some("shop".into()),
                pod: None,
            }),
            score: 25.5,
            threshold: 12.0,
            evidence: "complete",
            profile_sha256: Some("ab".repeat(32)),
            techniques: vec!["T1003.008", "T1552.004"],
            calls: vec!["execve".into(), "dup2".into()],
            record: r#"{"type":"incident"}"#.into(),
        }
    }
}
