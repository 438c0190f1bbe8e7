//! The programs that read what calls touch, each behind a place in a table from which the one
//! before goes on to it.

use aya::{
    Ebpf,
    maps::{MapData, ProgramArray},
    programs::{ProgramFd, RawTracePoint, TracePoint},
};
use monitor_common::names;

use super::{attachment::Attachment, error::ProbeError};

/// A table of programs: the kernel empties it when nobody in user space has it open any more.
pub(super) struct Stages {
    _table: ProgramArray<MapData>,
}

impl Stages {
    /// Loads those that follow programs of a kind of tracepoint.
    ///
    /// # Errors
    ///
    /// When the kernel refuses one.
    pub(super) fn load(ebpf: &mut Ebpf, kind: Attachment) -> Result<Self, ProbeError> {
        let (table, programs) = match kind {
            Attachment::Raw => (names::RAW_STAGES, names::RAW_STAGE),
            Attachment::Perf => (names::PERF_STAGES, names::PERF_STAGE),
        };
        let map = ebpf.take_map(table).ok_or(ProbeError::Missing(table))?;
        let mut table: ProgramArray<MapData> = map.try_into()?;
        for (index, name) in (0..).zip(programs) {
            table.set(index, &loaded(ebpf, kind, name)?, 0)?;
        }
        Ok(Self { _table: table })
    }
}

fn loaded(ebpf: &mut Ebpf, kind: Attachment, name: &'static str) -> Result<ProgramFd, ProbeError> {
    let program = ebpf.program_mut(name).ok_or(ProbeError::Missing(name))?;
    let fd = match kind {
        Attachment::Raw => {
            let program: &mut RawTracePoint = program.try_into()?;
            program.load()?;
            program.fd()?.try_clone()?
        }
        Attachment::Perf => {
            let program: &mut TracePoint = program.try_into()?;
            program.load()?;
            program.fd()?.try_clone()?
        }
    };
    Ok(fd)
}
