//! What a board and metrics are told of a run as it goes on.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use super::{Board, ServiceStatus};
use crate::detect::verdict::Verdict;
use crate::incident::Incident;
use crate::report::metrics::{Metrics, Reload};
use crate::report::sink::{Interest, Sink};
use crate::run::memory::resident_bytes;
use crate::run::snapshot::{Snapshot, Summary};
use crate::run::usage::cpu_time;

/// Takes over to a board how the run stands, and from it to metrics how the services do.
pub struct Overview {
    board: Board,
    metrics: Arc<OnceLock<Metrics>>,
}

impl Overview {
    /// Of this board; `metrics` are told once they are there.
    #[must_use]
    pub const fn new(board: Board, metrics: Arc<OnceLock<Metrics>>) -> Self {
        Self { board, metrics }
    }

    fn tell_metrics(&self) {
        let Some(metrics) = self.metrics.get() else {
            return;
        };
        let board = self.board.lock();
        metrics.set_services(board.services.iter().map(ServiceStatus::figures).collect());
        metrics.set_reload(Reload {
            successful: board.config_is_right,
            at: SystemTime::UNIX_EPOCH + Duration::from_secs(board.config_read_s),
        });
    }
}

impl Sink for Overview {
    fn interest(&self) -> Interest {
        Interest {
            status: true,
            ..Interest::INCIDENTS
        }
    }

    fn incident(&mut self, incident: &Incident) -> io::Result<()> {
        self.board.lock().count_incident(incident);
        Ok(())
    }

    fn verdict(&mut self, _: &Verdict) -> io::Result<()> {
        Ok(())
    }

    fn status(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        let told = |counts: &[(&'static str, u64)]| {
            let told = counts.iter().map(|&(why, count)| (why.to_owned(), count));
            told.collect::<Vec<_>>()
        };
        let mut because = told(&snapshot.source.lost);
        if snapshot.unscored.calls > 0 {
            because.push(("not scored in time".to_owned(), snapshot.unscored.calls));
        }
        self.tell_metrics();
        let mut board = self.board.lock();
        board.lost = snapshot.lost_calls();
        board.lost_because = because;
        board.missed = told(&snapshot.source.missed);
        board.incidents = snapshot.incidents;
        board.cpu_exhausted = snapshot.cpu_exhausted;
        board.cpu_s = cpu_time().as_secs_f64();
        board.cpu_allowed = snapshot.cpu_allowed;
        board.resident_bytes = resident_bytes();
        board.outputs.clone_from(&snapshot.outputs);
        Ok(())
    }

    fn summary(&mut self, _: &Summary) -> io::Result<()> {
        Ok(())
    }
}
