//! What may be done about an incident, as it was configured.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::Actions;
use crate::detect::severity::Severity;

/// Something that is done about an incident.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum Action {
    /// A program is run, with the incident on its standard input.
    Hook(PathBuf),
    /// The service's cgroup is frozen, and thawed after a time.
    Freeze,
    /// The process is stopped, and continued after a time.
    Stop,
    /// The process is killed.
    Kill,
}

impl FromStr for Action {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "freeze" => Ok(Self::Freeze),
            "stop" => Ok(Self::Stop),
            "kill" => Ok(Self::Kill),
            _ => match text.strip_prefix("hook:").map(Path::new) {
                Some(program) if program.is_absolute() => Ok(Self::Hook(program.to_path_buf())),
                Some(_) => {
                    Err("a hook is named by its whole path, as in hook:/etc/monitor/page".into())
                }
                None => Err(format!(
                    "there is no action {}: give hook:PATH, freeze, stop or kill",
                    text.escape_debug()
                )),
            },
        }
    }
}

impl TryFrom<String> for Action {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Action> for String {
    fn from(action: Action) -> Self {
        action.to_string()
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hook(program) => write!(f, "hook:{}", program.display()),
            Self::Freeze => f.write_str("freeze"),
            Self::Stop => f.write_str("stop"),
            Self::Kill => f.write_str("kill"),
        }
    }
}

/// What may be done.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Plan {
    /// Whether it is only said what would be done.
    pub dry_run: bool,
    /// Actions of all incidents within an hour, at most.
    pub per_hour: usize,
    /// After which time what can be undone is undone.
    pub undo_after: Duration,
    /// Globs of services that are never touched, beside those that never are.
    pub never: Vec<String>,
    /// By severity, from low to critical.
    by_severity: [Vec<Action>; 4],
}

impl Plan {
    /// The plan of a configuration; `None` when that has no action.
    ///
    /// # Errors
    /// What is no action, and what would be: the key, and why.
    pub fn of(config: &Actions) -> Result<Option<Self>, (&'static str, String)> {
        let lists = [
            ("low", &config.low),
            ("medium", &config.medium),
            ("high", &config.high),
            ("critical", &config.critical),
        ];
        let mut by_severity: [Vec<Action>; 4] = Default::default();
        for ((key, names), actions) in lists.into_iter().zip(&mut by_severity) {
            for name in names {
                let action: Action = name.parse().map_err(|why| (key, why))?;
                if !actions.contains(&action) {
                    actions.push(action);
                }
            }
        }
        let is_empty = by_severity.iter().all(Vec::is_empty);
        Ok((!is_empty).then(|| Self {
            dry_run: config.dry_run,
            per_hour: config.per_hour,
            undo_after: config.undo_after.0,
            never: config.never.clone(),
            by_severity,
        }))
    }

    /// What is done about incidents of a severity, in this order.
    #[must_use]
    pub fn actions(&self, severity: Severity) -> &[Action] {
        &self.by_severity[severity as usize]
    }

    /// All actions, those of several severities as often.
    pub fn all(&self) -> impl Iterator<Item = &Action> {
        self.by_severity.iter().flatten()
    }

    /// Whether the helper is needed: a hook is run without it.
    #[must_use]
    pub fn acts(&self) -> bool {
        self.all().any(|it| !matches!(it, Action::Hook(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, Plan};
    use crate::config::Config;
    use crate::detect::severity::Severity;

    fn plan(text: &str) -> Result<Option<Plan>, (&'static str, String)> {
        Plan::of(&toml::from_str::<Config>(text).expect("TOML").actions)
    }

    #[test]
    fn nothing_is_done_unless_it_is_configured_and_then_only_said() {
        assert_eq!(plan(""), Ok(None));
        let plan = plan("[actions]\ncritical = [\"hook:/bin/page\", \"freeze\", \"freeze\"]");
        let plan = plan.expect("right").expect("some");
        assert!(plan.dry_run && plan.acts());
        let critical = [Action::Hook("/bin/page".into()), Action::Freeze];
        assert_eq!(plan.actions(Severity::Critical), critical);
        assert!(plan.actions(Severity::High).is_empty());
    }

    #[test]
    fn what_is_no_action_is_told() {
        let why = plan("[actions]\nhigh = [\"freze\"]").expect_err("wrong");
        assert_eq!(why.0, "high");
        assert!(why.1.contains("there is no action freze"), "{}", why.1);
        assert!(plan("[actions]\nlow = [\"hook:page\"]").is_err());
    }
}
