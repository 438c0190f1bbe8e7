//! Options that offer the monitor's own metrics.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use monitor::report::hub::Hub;
use monitor::report::metrics::serve::{Guard, Server};
use monitor::report::metrics::{Metrics, textfile};
use monitor::run::snapshot::ModelIdentity;
use monitor::trace::error::shown;

use super::complain;

/// Where metrics are offered.
#[derive(Args, Clone, Debug, Default)]
pub struct MetricsArgs {
    /// Serve /metrics, /healthz and /readyz at this address, as in 127.0.0.1:9469 or
    /// unix:/run/monitor/metrics
    #[arg(long = "metrics", value_name = "ADDRESS")]
    listen: Option<String>,
    /// Write the metrics to this file now and then, for node_exporter's textfile collector
    #[arg(long = "metrics-file", value_name = "FILE")]
    textfile: Option<PathBuf>,
}

/// Metrics that are about to be offered.
pub struct Exporter {
    server: Option<Server>,
    textfile: Option<PathBuf>,
    model: ModelIdentity,
}

impl MetricsArgs {
    /// Files that are written or removed after the start.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let socket = self.listen.as_deref();
        let socket = socket
            .and_then(|it| it.strip_prefix("unix:"))
            .map(Path::new);
        self.textfile.as_deref().into_iter().chain(socket)
    }

    /// The same with what the configuration says where no option does.
    #[must_use]
    pub fn or(mut self, config: &monitor::config::Metrics) -> Self {
        self.listen = self.listen.or_else(|| config.listen.clone());
        self.textfile = self.textfile.or_else(|| config.textfile.clone());
        self
    }

    /// Binds the address, while that may need privileges.
    ///
    /// # Errors
    /// When it cannot be bound.
    pub fn bind(&self, model: &ModelIdentity) -> Result<Exporter> {
        let bind = |address: &String| {
            Server::bind(address).with_context(|| format!("--metrics: cannot listen at {address}"))
        };
        let server = self.listen.as_ref().map(bind).transpose()?;
        if let Some(server) = server.as_ref().filter(|it| it.is_public()) {
            let at = server.shown();
            complain(&format!(
                "{at} can be reached from other hosts, and asks nobody who they are"
            ));
        }
        Ok(Exporter {
            server,
            textfile: self.textfile.clone(),
            model: model.clone(),
        })
    }
}

impl Exporter {
    /// Offers the metrics of the run that speaks to `hub`, as long as the guard lives.
    ///
    /// # Errors
    /// When a thread cannot be started, or the file not be written.
    pub fn start(self, hub: Hub) -> Result<(Metrics, Option<Guard>)> {
        let metrics = Metrics::new(hub, Some(self.model));
        let offered = metrics.clone();
        if let Some(path) = &self.textfile {
            textfile::start(path, metrics.clone())
                .with_context(|| format!("--metrics-file: cannot write to {}", shown(path)))?;
        }
        let serve = |server: Server| {
            log::info!("metrics at {}", server.shown());
            server.serve(metrics)
        };
        Ok((offered, self.server.map(serve).transpose()?))
    }
}
