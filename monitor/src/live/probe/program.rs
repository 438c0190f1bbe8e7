//! A program of the probe, by its name.

use std::os::fd::{AsFd as _, OwnedFd};

use aya::{
    Ebpf,
    programs::{RawTracePoint, TracePoint},
};

use crate::live::error::ProbeError;

pub(super) fn attach_raw(ebpf: &mut Ebpf, name: &'static str) -> Result<OwnedFd, ProbeError> {
    let program = ebpf.program_mut(name).ok_or(ProbeError::Missing(name))?;
    let program: &mut RawTracePoint = program.try_into()?;
    if program.fd().is_err() {
        program.load()?;
    }
    program.attach(name)?;
    Ok(program.fd()?.as_fd().try_clone_to_owned()?)
}

pub(super) fn load_raw(ebpf: &mut Ebpf, name: &'static str) -> Result<(), ProbeError> {
    let program = ebpf.program_mut(name).ok_or(ProbeError::Missing(name))?;
    let program: &mut RawTracePoint = program.try_into()?;
    Ok(program.load()?)
}

pub(super) fn load_perf(ebpf: &mut Ebpf, name: &'static str) -> Result<OwnedFd, ProbeError> {
    let program = ebpf.program_mut(name).ok_or(ProbeError::Missing(name))?;
    let program: &mut TracePoint = program.try_into()?;
    if program.fd().is_err() {
        program.load()?;
    }
    Ok(program.fd()?.as_fd().try_clone_to_owned()?)
}
