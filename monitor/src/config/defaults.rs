//! What holds where no file says otherwise.

use std::time::Duration;

use super::values::{Alarms, Level, Share, Span};
use super::{Actions, Discovery, Host, Judging, Learning, Reporting};

impl Default for Host {
    fn default() -> Self {
        Self {
            name: "auto".to_owned(),
        }
    }
}

impl Default for Discovery {
    fn default() -> Self {
        let own = |globs: &[&str]| globs.iter().map(|&it| it.to_owned()).collect();
        Self {
            include: own(&["*"]),
            exclude: own(&[
                "systemd-*.service",
                "getty@*.service",
                "serial-getty@*.service",
                "user@*.service",
                "init.scope",
                "monitor.service",
                // What holds a pod's namespaces.
                "pod:*/POD",
            ]),
            user_units: false,
            at_most: 1024,
        }
    }
}

impl Default for Learning {
    fn default() -> Self {
        Self {
            // Datadog's time to learn a workload (its documentation of activity dumps).
            at_least: Span(Duration::from_mins(15)),
            // Kubescape's longest.
            at_most: Span(Duration::from_hours(24)),
            least_calls: crate::profile::novelty::SETTLED_LEAST_CALLS,
            review: false,
        }
    }
}

impl Default for Judging {
    fn default() -> Self {
        Self {
            budget: Alarms::default(),
            cpu: Share(Some(0.25)),
            adapt: true,
            threads: 4096,
        }
    }
}

impl Default for Reporting {
    fn default() -> Self {
        Self {
            again_after: Span(Duration::from_hours(1)),
            per_minute: 10,
            group_within: Span(Duration::from_mins(1)),
            least_severity: Level::Low,
        }
    }
}

impl Default for Actions {
    fn default() -> Self {
        Self {
            dry_run: true,
            per_hour: 4,
            undo_after: Span(Duration::from_mins(10)),
            never: Vec::new(),
            critical: Vec::new(),
            high: Vec::new(),
            medium: Vec::new(),
            low: Vec::new(),
        }
    }
}
