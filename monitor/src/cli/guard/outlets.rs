//! The outputs that the configuration names, opened at the start and again at SIGHUP.

use std::path::Path;

use anyhow::Result;
use monitor::config::Config;
use monitor::report::hub::{Hub, Listener};
use monitor::report::sinks::OutputConfig;
use monitor::run::snapshot::ModelIdentity;

use crate::cli::output::listener;
use crate::cli::status::in_words;

/// The configured outputs of a run.
pub struct Outlets {
    model: ModelIdentity,
    host: Option<String>,
    hub: Option<Hub>,
    open: Vec<OutputConfig>,
    /// Whether this run may reach anything over IP.
    has_network: bool,
}

impl Outlets {
    /// Those of `config`, none of them opened.
    pub fn new(config: &Config, model: ModelIdentity) -> Self {
        let open = config.outputs();
        Self {
            model,
            host: config.host_name().map(str::to_owned),
            hub: None,
            has_network: open.iter().any(OutputConfig::uses_network),
            open,
        }
    }

    /// Whether one is reached over IP.
    pub const fn use_network(&self) -> bool {
        self.has_network
    }

    /// The files that they write.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.open.iter().filter_map(OutputConfig::file)
    }

    fn listener(&self, output: &OutputConfig) -> Result<Listener> {
        listener(output, &self.model, self.host.as_deref())
    }

    /// All of them, opened with the rights that there are at the start.
    ///
    /// # Errors
    /// When one cannot be opened.
    pub fn listeners(&self) -> Result<Vec<Listener>> {
        self.open.iter().map(|it| self.listener(it)).collect()
    }

    /// The run has begun, and speaks to `hub`.
    pub fn begin(&mut self, hub: Hub) {
        self.hub = Some(hub);
    }

    /// Closes every output and opens those of `config`. One that cannot be opened is told by
    /// `remark`; if it was open, it stays so.
    pub fn reopen(&mut self, config: &Config, remark: impl Fn(String)) {
        let Some(hub) = &self.hub else { return };
        let (mut opened, mut open) = (Vec::new(), Vec::new());
        for output in config.outputs() {
            // A file is locked as long as it is open, and finds by itself that it was moved away.
            if output.file().is_some() && self.open.contains(&output) {
                open.push(output);
                continue;
            }
            let listener = if output.uses_network() && !self.has_network {
                Err(anyhow::anyhow!(
                    "the run was started without any that is reached over IP"
                ))
            } else {
                self.listener(&output)
            };
            match listener {
                Ok(listener) => opened.push(listener),
                Err(error) => {
                    let name = output.shown_name();
                    let was_open = self.open.contains(&output);
                    let what = if was_open {
                        "was not opened again and goes on as it was"
                    } else {
                        "was not opened: it may need rights that only a start has"
                    };
                    remark(format!("the output {name} {what}: {}", in_words(&error)));
                    if !was_open {
                        continue;
                    }
                }
            }
            open.push(output);
        }
        for before in &self.open {
            let name = before.shown_name();
            let stays = open.contains(before) && !opened.iter().any(|it| it.name == name);
            if !stays {
                hub.remove(&name);
            }
        }
        for listener in opened {
            let name = listener.name.clone();
            if let Err(error) = hub.add(listener) {
                remark(format!("the output {name} cannot be started: {error}"));
            }
        }
        self.open = open;
    }
}
