//! The outputs of a configuration, as what opens them takes them.

use super::values::Level;
use super::{Config, Output};
use crate::detect::severity::Severity;
use crate::report::sinks::OutputConfig;
use crate::report::sinks::config::{Body, Kind};

impl From<Level> for Severity {
    fn from(level: Level) -> Self {
        match level {
            Level::Low => Self::Low,
            Level::Medium => Self::Medium,
            Level::High => Self::High,
            Level::Critical => Self::Critical,
        }
    }
}

impl Output {
    /// The output, checked.
    ///
    /// # Errors
    /// What does not fit, and what would.
    pub fn checked(&self) -> Result<OutputConfig, String> {
        let kind: Kind = serde_json::from_value(self.kind.as_str().into()).map_err(|_| {
            let kind = self.kind.escape_debug();
            format!(
                "there is no type {kind}: give journal, syslog, http, alertmanager, file or program"
            )
        })?;
        let body = |format: &String| {
            serde_json::from_value::<Body>(format.as_str().into()).map_err(|_| {
                format!(
                    "there is no format {}: give json or falco",
                    format.escape_debug()
                )
            })
        };
        let output = OutputConfig {
            name: self.name.clone(),
            url: self.url.clone(),
            format: self.format.as_ref().map(body).transpose()?,
            headers: self.headers.clone(),
            path: self.path.clone(),
            size: self.size.map(|it| it.0),
            generations: self.generations,
            compress: self.compress.unwrap_or(false),
            command: self.command.clone(),
            user: self.user.clone(),
            limit_ms: self
                .limit
                .map(|it| u64::try_from(it.0.as_millis()).unwrap_or(u64::MAX)),
            least_severity: self.least_severity.unwrap_or_default().into(),
            queue: self.queue,
            ..OutputConfig::new(kind)
        };
        output.check().map_err(|error| error.to_string())?;
        Ok(output)
    }
}

impl Config {
    /// The outputs, each with the least severity that is reported at all or a higher one of its
    /// own. A configuration that was read has none that does not fit.
    #[must_use]
    pub fn outputs(&self) -> Vec<OutputConfig> {
        let least = Severity::from(self.alarms.least_severity);
        let outputs = self.output.iter().filter_map(|it| it.checked().ok());
        let reported = outputs.map(|it| OutputConfig {
            least_severity: it.least_severity.max(least),
            ..it
        });
        reported.collect()
    }

    /// The host's name for outputs: as [`Host::this`](crate::who::Host::this) takes it.
    #[must_use]
    pub fn host_name(&self) -> Option<&str> {
        Some(self.host.name.as_str()).filter(|&name| name != "auto")
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use crate::detect::severity::Severity;
    use crate::report::sinks::config::{Body, Kind};

    #[test]
    fn an_output_is_what_opens_it_and_never_below_the_least_severity() {
        let text = r#"
            [alarms]
            least_severity = "medium"
            [[output]]
            type = "http"
            url = "http://falcosidekick:2801/"
            format = "falco"
            least_severity = "high"
            [[output]]
            type = "file"
            path = "/var/log/monitor/incidents.jsonl"
            size = "64MiB"
        "#;
        let config: Config = toml::from_str(text).expect("right");
        let outputs = config.outputs();
        assert_eq!(outputs.len(), 2);
        assert_eq!(
            (outputs[0].kind, outputs[0].format),
            (Kind::Http, Some(Body::Falco))
        );
        assert_eq!(outputs[0].least_severity, Severity::High);
        assert_eq!(outputs[1].size, Some(64 << 20));
        assert_eq!(outputs[1].least_severity, Severity::Medium);
    }
}
