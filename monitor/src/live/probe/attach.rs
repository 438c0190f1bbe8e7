//! Attaching the programs, that of all calls last.

use std::os::fd::{AsFd as _, OwnedFd};

use monitor_common::names;

use super::Probe;
use super::program::{attach_raw, load_perf};
use crate::live::{attachment::Hooks, error::ProbeError, misses::Programs, perf_event};

impl Probe {
    /// Attaches it to its tracepoints, `sys_enter` last, so that no process is half-known; gives
    /// the programs.
    ///
    /// # Errors
    ///
    /// When the kernel refuses it.
    pub fn attach(&mut self) -> Result<Programs, ProbeError> {
        // Calls are seen without either.
        let outcomes = self.attach_outcomes().unwrap_or_else(|error| {
            let what = format!("how calls went is not known: {error}");
            self.plan.limits.tell(what);
            None
        });
        let io_uring = self.attach_io_uring().unwrap_or_else(|error| {
            let what = format!("what is submitted to io_uring is not seen: {error}");
            self.plan.limits.tell(what);
            None
        });
        let mut programs = match &self.plan.hooks {
            Hooks::Raw(names) => {
                let names = names.iter();
                let attached = names.map(|&name| attach_raw(&mut self.ebpf, name));
                attached.collect::<Result<Vec<_>, _>>()?
            }
            Hooks::Perf(tracepoints) => {
                let mut programs = Vec::new();
                for tracepoint in tracepoints {
                    let program = load_perf(&mut self.ebpf, tracepoint.program)?;
                    let event = perf_event::attach(program.as_fd(), tracepoint.id);
                    self.events.push(event.map_err(ProbeError::PerfEvent)?);
                    programs.push(program);
                }
                programs
            }
        };
        let calls = programs
            .pop()
            .ok_or(ProbeError::Missing(names::SYS_ENTER))?;
        Ok(Programs {
            calls: [calls].into_iter().chain(io_uring).collect(),
            lifecycle: programs,
            outcomes,
        })
    }

    fn attach_outcomes(&mut self) -> Result<Option<OwnedFd>, ProbeError> {
        if self.plan.outcomes.tracepoints().is_empty() {
            return Ok(None);
        }
        let program = load_perf(&mut self.ebpf, names::PERF_SYS_EXIT)?;
        for &(_, id) in self.plan.outcomes.tracepoints() {
            let event = perf_event::attach(program.as_fd(), id);
            self.events.push(event.map_err(ProbeError::PerfEvent)?);
        }
        Ok(Some(program))
    }

    fn attach_io_uring(&mut self) -> Result<Option<OwnedFd>, ProbeError> {
        let Some(id) = self.plan.io_uring else {
            return Ok(None);
        };
        let program = load_perf(&mut self.ebpf, names::PERF_IO_URING)?;
        let event = perf_event::attach(program.as_fd(), id);
        self.events.push(event.map_err(ProbeError::PerfEvent)?);
        Ok(Some(program))
    }
}
