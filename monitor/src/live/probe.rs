//! The probe: loaded with what it must know, attached, and its maps in the hands of their readers.

use std::os::fd::{AsFd as _, OwnedFd};

use aya::{
    Ebpf, EbpfError, EbpfLoader,
    maps::{HashMap, Map, MapData, MapError},
    programs::{ProgramError, RawTracePoint, TracePoint},
};
use aya_log::EbpfLogger;
use monitor_common::{
    names,
    target::{Filter, KernelLayout, Membership},
};

use super::{
    attachment::{Attachment, Plan},
    inherited, layout,
    losses::Losses,
    misses::Programs,
    perf_event,
    ring::Ring,
    slots::Slots,
    thread_slots::{self, ThreadSlots},
    thread_table::ThreadTable,
    touch::{self, Details},
};

static BYTECODE: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/monitor-probe"));

// include/uapi/linux/bpf.h: the key must not be there yet.
const BPF_NOEXIST: u64 = 1;

/// Why the probe does not run.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The loader or the kernel refused it.
    #[error("the kernel refused the probe: {}", chain(.0))]
    Load(#[from] EbpfError),
    /// The verifier or an attach point refused it.
    #[error("the kernel refused the probe: {}", chain(.0))]
    Program(#[from] ProgramError),
    /// A map could not be used.
    #[error("a map of the probe cannot be used: {}", chain(.0))]
    Map(#[from] MapError),
    /// The kernel refused an event of a perf tracepoint.
    #[error("the kernel refused the probe at a perf tracepoint: {0}")]
    PerfEvent(std::io::Error),
    /// A map could not be mapped into memory.
    #[error("a map of the probe cannot be mapped into memory: {0}")]
    Memory(#[from] std::io::Error),
    /// Probe and monitor are of different versions.
    #[error("the probe has no {0}: build the monitor again")]
    Missing(&'static str),
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// How large the probe's tables are.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Bytes of the ring, a power of two and a multiple of the page size.
    pub ring_bytes: u32,
    /// Threads, and as many processes, that can be watched at a time: at least so many, and at most twice as many
    /// threads.
    pub max_threads: u32,
}

/// The probe in the kernel. Dropping it takes it out.
pub struct Probe {
    ebpf: Ebpf,
    processes: HashMap<MapData, u32, u8>,
    named_processes: HashMap<MapData, u32, u8>,
    slots: Slots,
    nested: bool,
    plan: Plan,
    // Programs stay on their perf tracepoints as long as these are open.
    events: Vec<OwnedFd>,
}

/// The reading ends of the probe's maps. They outlive the probe, so that what it left can be read.
pub struct Readers {
    /// Windows that were sent.
    pub ring: Ring,
    /// Windows that are being filled.
    pub threads: ThreadTable,
    /// What was lost.
    pub losses: Losses,
    /// The programs, once they are attached.
    pub programs: Option<Programs>,
    /// The probe's own messages, when they are wanted.
    pub log: Option<EbpfLogger<&'static dyn log::Log>>,
}

impl Probe {
    /// Loads the probe without attaching it.
    ///
    /// # Errors
    ///
    /// When the kernel refuses it.
    pub(super) fn load(
        filter: &Filter,
        layout: &KernelLayout,
        sizes: Sizes,
        plan: Plan,
        details: Details,
    ) -> Result<(Self, Readers), ProbeError> {
        inherited::allow_locked_memory();
        let (filter_words, layout_words) = (filter.words(), layout.words());
        let log_level = log::max_level() as u8;
        let slots = thread_slots::count(sizes.max_threads);
        let slot_mask = slots - 1;
        let mut ebpf = EbpfLoader::new()
            .override_global(names::FILTER, filter_words.as_slice(), true)
            .override_global(names::LAYOUT, layout_words.as_slice(), true)
            .override_global(names::SLOT_MASK, &slot_mask, true)
            .override_global(names::LOG_LEVEL, &log_level, true)
            .override_global(names::TOUCHES_A_SECOND, &touch::MOST_A_SECOND, true)
            .override_global(
                names::ARGUMENT_WORDS,
                layout::ARGUMENT_WORDS.as_slice(),
                true,
            )
            .map_max_entries(names::RING, sizes.ring_bytes)
            .map_max_entries(names::SLOT_OWNERS, slots)
            .map_max_entries(names::SLOT_WINDOWS, slots)
            .map_max_entries(names::SLOT_CLAIMS, slots)
            .map_max_entries(names::THREADS, sizes.max_threads)
            .map_max_entries(names::PROCESSES, sizes.max_threads)
            .map_max_entries(names::NAMED_PROCESSES, sizes.max_threads)
            .load(BYTECODE)?;
        let log = (log_level >= log::Level::Debug as u8).then(|| EbpfLogger::init(&mut ebpf));
        let thread_slots = ThreadSlots::map(
            take(&mut ebpf, names::SLOT_OWNERS)?,
            take(&mut ebpf, names::SLOT_WINDOWS)?,
            slots,
        )?;
        touch::fill(&mut ebpf, details)?;
        let readers = Readers {
            ring: Ring::new(take(&mut ebpf, names::RING)?)?,
            threads: ThreadTable::new(take(&mut ebpf, names::THREADS)?, thread_slots)?,
            losses: Losses::new(take(&mut ebpf, names::LOSSES)?)?,
            programs: None,
            log: log.transpose().map_err(|_| ProbeError::Missing("log"))?,
        };
        let probe = Self {
            processes: take(&mut ebpf, names::PROCESSES)?.try_into()?,
            named_processes: take(&mut ebpf, names::NAMED_PROCESSES)?.try_into()?,
            slots: Slots::map(take(&mut ebpf, names::WATCHED)?)?,
            nested: filter.pid_namespace != 0,
            ebpf,
            plan,
            events: Vec::new(),
        };
        Ok((probe, readers))
    }

    /// Attaches it to its tracepoints, `sys_enter` last, so that no process is half-known; gives the
    /// programs.
    ///
    /// # Errors
    ///
    /// When the kernel refuses it.
    pub fn attach(&mut self) -> Result<Programs, ProbeError> {
        let mut programs = match &self.plan {
            Plan::Raw(names) => {
                let names = names.iter();
                let attached = names.map(|&name| attach_raw(&mut self.ebpf, name));
                attached.collect::<Result<Vec<_>, _>>()?
            }
            Plan::Perf(tracepoints) => {
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
            calls,
            lifecycle: programs,
        })
    }

    /// By which kind of tracepoint it is attached.
    #[must_use]
    pub fn attachment(&self) -> Attachment {
        self.plan.attachment()
    }

    /// Watches the process `tgid` of the monitor's own pid namespace.
    ///
    /// # Errors
    ///
    /// When the table is full.
    pub fn watch(&mut self, tgid: u32) -> Result<(), ProbeError> {
        let watched = Membership::Watched as u8;
        if self.nested {
            return Ok(self.named_processes.insert(tgid, watched, 0)?);
        }
        match self.processes.insert(tgid, watched, BPF_NOEXIST) {
            Ok(()) => self.slots.add(tgid),
            // A fork that the probe saw was first.
            Err(MapError::SyscallError(error))
                if error.io_error.raw_os_error() == Some(libc::EEXIST) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// No longer watches `tgid`, which ended before its end could be seen.
    pub fn forget(&mut self, tgid: u32) {
        if self.processes.remove(&tgid).is_ok() {
            self.slots.subtract(tgid);
        }
        // Not there is as good as removed.
        let _ = self.named_processes.remove(&tgid);
    }

    /// Whether any watched process is alive, as far as the probe knows.
    #[must_use]
    pub fn has_processes(&self) -> bool {
        let watched = |entry: Result<(u32, u8), MapError>| {
            entry.is_ok_and(|(_, membership)| membership == Membership::Watched as u8)
        };
        self.processes.iter().any(watched)
    }

    /// Whether processes are named by their ids in a pid namespace that is not the initial one.
    #[must_use]
    pub fn is_nested(&self) -> bool {
        self.nested
    }
}

fn attach_raw(ebpf: &mut Ebpf, name: &'static str) -> Result<OwnedFd, ProbeError> {
    let program = ebpf.program_mut(name).ok_or(ProbeError::Missing(name))?;
    let program: &mut RawTracePoint = program.try_into()?;
    program.load()?;
    program.attach(name)?;
    Ok(program.fd()?.as_fd().try_clone_to_owned()?)
}

fn load_perf(ebpf: &mut Ebpf, name: &'static str) -> Result<OwnedFd, ProbeError> {
    let program = ebpf.program_mut(name).ok_or(ProbeError::Missing(name))?;
    let program: &mut TracePoint = program.try_into()?;
    program.load()?;
    Ok(program.fd()?.as_fd().try_clone_to_owned()?)
}

fn take(ebpf: &mut Ebpf, name: &'static str) -> Result<Map, ProbeError> {
    ebpf.take_map(name).ok_or(ProbeError::Missing(name))
}
