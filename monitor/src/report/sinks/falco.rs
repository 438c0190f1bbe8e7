//! An incident in the form of Falco's JSON output, which falcosidekick and its some seventy
//! receivers read.
//!
//! Names and types are those of Falco 0.44 (`output_fields` of its default rules) and of
//! falcosidekick's `types.FalcoPayload`; `k8s.*` must be strings or absent there.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::detail::technique::tactic;
use crate::detect::severity::Severity;
use crate::report::notice::{Notice, cut};

/// Longest field, bytes: falcosidekick trims them at 512 when the whole is longer than 4096.
const FIELD: usize = 512;

#[derive(Serialize)]
struct Payload<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    hostname: Option<&'a str>,
    output: &'a str,
    output_fields: Map<String, Value>,
    priority: &'static str,
    rule: &'static str,
    source: &'static str,
    tags: Vec<&'static str>,
    time: String,
}

const fn priority(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "Critical",
        Severity::High => "Error",
        Severity::Medium => "Warning",
        Severity::Low => "Notice",
    }
}

/// The body of a request.
///
/// # Errors
///
/// When the notice is no JSON, which none is.
pub fn body(notice: &Notice) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&Payload {
        hostname: notice.host.as_deref(),
        output: notice.short_headline(),
        output_fields: fields(notice),
        priority: priority(notice.severity),
        rule: notice.rule.name(),
        source: "syscall",
        tags: tags(notice),
        time: format!("{:.9}", notice.time),
    })
}

/// As Falco's own rules have them: where it was, then tactics and techniques of MITRE ATT&CK.
fn tags(notice: &Notice) -> Vec<&'static str> {
    let place = match notice.container {
        Some(_) => "container",
        None => "host",
    };
    let mut tags = vec!["monitor", "anomaly", place];
    for &technique in &notice.techniques {
        let tactic = tactic(technique).filter(|it| !tags.contains(it));
        tags.extend(tactic);
        tags.push(technique);
    }
    tags
}

fn fields(notice: &Notice) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut text = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            fields.insert(name.into(), cut(value, FIELD).into());
        }
    };
    let process = &notice.process;
    text("proc.name", Some(&process.name));
    text("proc.exepath", process.executable.as_deref());
    text("proc.cmdline", process.command_line.as_deref());
    text(
        "proc.pname",
        process.parent.as_ref().map(|it| it.1.as_str()),
    );
    let user = process.user.as_ref();
    text("user.name", user.and_then(|it| it.1.as_deref()));
    if let Some(container) = &notice.container {
        text("container.id", Some(cut(&container.id, 12)));
        text("container.name", container.name.as_deref());
        let (repository, tag) = container.image.as_deref().map_or((None, None), parts);
        text("container.image.repository", repository);
        text("container.image.tag", tag);
        text("k8s.ns.name", container.namespace.as_deref());
        text("k8s.pod.name", container.pod.as_deref());
    }
    text("monitor.id", Some(&notice.id));
    text("monitor.state", Some(notice.stage.name()));
    text("monitor.service", Some(&notice.service));
    text("monitor.evidence", Some(notice.evidence));
    text("monitor.profile_sha256", notice.profile_sha256.as_deref());
    text("monitor.calls", Some(&notice.calls.join(",")));
    let mut number = |name: &str, value: Value| fields.insert(name.into(), value);
    number("proc.pid", process.pid.into());
    number("thread.tid", process.tid.into());
    if let Some((ppid, _)) = process.parent {
        number("proc.ppid", ppid.into());
    }
    if let Some((uid, _)) = process.user {
        number("user.uid", uid.into());
    }
    number("monitor.score", notice.score.into());
    number("monitor.threshold", notice.threshold.into());
    // Falco's evt.time is nanoseconds since 1970 as a number.
    let unix_ns = i64::try_from(notice.time.as_nanosecond()).unwrap_or(i64::MAX);
    number("evt.time", unix_ns.into());
    fields
}

/// Repository and tag of an image; a colon before a slash belongs to a port.
fn parts(image: &str) -> (Option<&str>, Option<&str>) {
    let image = image.split('@').next().unwrap_or(image);
    match image.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (Some(repository), Some(tag)),
        _ => (Some(image), None),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{body, parts};
    use crate::report::notice::{Container, sample};

    #[test]
    fn the_payload_has_falcos_names_and_types() {
        let body = body(&sample::notice()).expect("JSON");
        let payload: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(payload["rule"], "Process never run by this service");
        assert_eq!(payload["priority"], "Error");
        assert_eq!(payload["source"], "syscall");
        assert_eq!(payload["time"], "2026-11-26T08:00:01.000000000Z");
        let tags = ["monitor", "anomaly", "container", "mitre_credential_access"];
        let tags = [&tags[..], &["T1003.008", "T1552.004"]].concat();
        assert_eq!(payload["tags"], serde_json::json!(tags));
        let fields = &payload["output_fields"];
        assert_eq!(fields["proc.pid"], 70);
        assert_eq!(fields["proc.ppid"], 60);
        assert_eq!(fields["container.id"], "0123456789ab");
        assert_eq!(
            fields["container.image.repository"],
            "registry.example:5000/team/nginx"
        );
        assert_eq!(fields["container.image.tag"], "1.24");
        assert_eq!(fields["k8s.ns.name"], "shop");
        assert!(fields.get("k8s.pod.name").is_none(), "a string or absent");
        assert_eq!(fields["monitor.calls"], "execve,dup2");
    }

    #[test]
    fn no_field_is_longer_than_its_receiver_takes() {
        let mut notice = sample::notice();
        notice.headline = "ä".repeat(2000);
        notice.process.command_line = Some("ä".repeat(2000));
        notice.container = Some(Container::default());
        let body = body(&notice).expect("JSON");
        let payload: Value = serde_json::from_slice(&body).expect("JSON");
        let length = |value: &Value| value.as_str().map(str::len);
        assert_eq!(length(&payload["output"]), Some(1024));
        assert_eq!(length(&payload["output_fields"]["proc.cmdline"]), Some(512));
    }

    #[test]
    fn the_port_of_a_registry_is_no_tag() {
        assert_eq!(parts("a:5000/b"), (Some("a:5000/b"), None));
        assert_eq!(parts("a:5000/b:1@sha256:00"), (Some("a:5000/b"), Some("1")));
    }
}
