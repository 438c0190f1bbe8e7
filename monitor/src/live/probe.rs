//! The probe: loaded with what it must know, attached, and its maps in the hands of their readers.

mod attach;

mod program;

mod refusal;

use std::os::fd::OwnedFd;

use aya::{Ebpf, EbpfLoader, maps::Map};
use aya_log::EbpfLogger;
use monitor_common::{
    names,
    target::{Filter, KernelLayout},
};

use super::{
    attachment::Attachment,
    error::ProbeError,
    inherited, layout,
    losses::Losses,
    misses::Programs,
    plan::Plan,
    ring::Ring,
    services::{Services, Tables},
    shares::Shares,
    slots::Slots,
    stages::Stages,
    thread_slots::{self, ThreadSlots},
    thread_table::ThreadTable,
    touch::{self, Details},
    touch_age::TouchAge,
};

use program::{load_perf, load_raw};
use refusal::refusal;

static BYTECODE: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/monitor-probe"));

/// Cgroups and paths that can have a service at a time.
const MAX_CGROUPS: u32 = 16_384;
/// Processes of which the probe's table has room in any case: as many as numbers on a host with the
/// kernel's own limit.
const MOST_PROCESSES: u32 = 65_536;

/// How large the probe's tables are.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Bytes of the ring, a power of two and a multiple of the page size.
    pub ring_bytes: u32,
    /// Threads that can be watched at a time: at least so many, and at most twice as many.
    pub max_threads: u32,
    /// Processes that can be watched at a time; without a number as many as threads, and as many as
    /// the host's `kernel.pid_max` up to 65,536.
    pub max_processes: Option<u32>,
}

/// The probe in the kernel. Dropping it takes it out.
pub struct Probe {
    ebpf: Ebpf,
    services: Services,
    plan: Plan,
    // Empty tables where they are not kept.
    _stages: Vec<Stages>,
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
    /// Loads the probe without attaching it, and has the kernel check the program of all calls.
    ///
    /// # Errors
    ///
    /// When the kernel refuses it.
    pub(super) fn load(
        filter: &Filter,
        layout: &KernelLayout,
        sizes: Sizes,
        plan: Plan,
    ) -> Result<(Self, Readers), ProbeError> {
        inherited::allow_locked_memory();
        let (filter_words, layout_words) = (filter.words(), layout.words());
        let log_level = log::max_level() as u8;
        let slots = thread_slots::count(sizes.max_threads);
        let slot_mask = slots - 1;
        let reads_details = u32::from(plan.details != Details::Off);
        let if_details = |entries| if reads_details == 0 { 1 } else { entries };
        let nested = filter.pid_namespace != 0;
        let processes = sizes
            .max_processes
            .unwrap_or_else(|| max_processes(sizes.max_threads, pid_max()));
        let cgroups = if filter.by_cgroup == 0 {
            1
        } else {
            MAX_CGROUPS
        };
        let places = [sizes.max_threads, processes];
        let ebpf = EbpfLoader::new()
            .override_global(names::FILTER, filter_words.as_slice(), true)
            .override_global(names::LAYOUT, layout_words.as_slice(), true)
            .override_global(names::SLOT_MASK, &slot_mask, true)
            .override_global(names::LOG_LEVEL, &log_level, true)
            .override_global(names::READS_DETAILS, &reads_details, true)
            .override_global(names::PLACES, places.as_slice(), true)
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
            .map_max_entries(names::PENDING, if_details(slots))
            .map_max_entries(names::PENDING_OTHERS, if_details(sizes.max_threads))
            .map_max_entries(names::THREADS, sizes.max_threads)
            .map_max_entries(names::LEFT, sizes.max_threads)
            .map_max_entries(names::PROCESSES, processes)
            .map_max_entries(names::NAMED_PROCESSES, if nested { processes } else { 1 })
            .map_max_entries(names::CGROUPS, cgroups)
            .map_max_entries(names::SERVICE_PATHS, cgroups / 8 + 1)
            .load(BYTECODE);
        let mut ebpf = ebpf.map_err(|error| refusal(error, sizes))?;
        let log = (log_level >= log::Level::Debug as u8).then(|| EbpfLogger::init(&mut ebpf));
        let thread_slots = ThreadSlots::map(
            take(&mut ebpf, names::SLOT_OWNERS)?,
            take(&mut ebpf, names::SLOT_WINDOWS)?,
            slots,
        )?;
        touch::fill(&mut ebpf, plan.details, &plan.outcomes)?;
        let stages = match plan.details {
            Details::Off => Vec::new(),
            Details::Classes | Details::Full => load_stages(&mut ebpf, &plan)?,
        };
        match plan.attachment() {
            Attachment::Raw => load_raw(&mut ebpf, names::SYS_ENTER)?,
            Attachment::Perf => drop(load_perf(&mut ebpf, names::PERF_SYS_ENTER)?),
        }
        let shared = filter.shared != 0;
        let shares = |map| Shares::map(map, shared);
        let ring_shares = shares(take(&mut ebpf, names::RING_SHARES)?)?;
        let thread_shares = shares(take(&mut ebpf, names::THREAD_SHARES)?)?;
        let process_shares = shares(take(&mut ebpf, names::PROCESS_SHARES)?)?;
        let readers = Readers {
            ring: Ring::new(take(&mut ebpf, names::RING)?, ring_shares)?,
            threads: ThreadTable::new(
                thread_slots,
                (take(&mut ebpf, names::THREADS)?, thread_shares),
                take(&mut ebpf, names::LEFT)?,
                take(&mut ebpf, names::EVER_LEFT)?,
            )?,
            losses: Losses::map(take(&mut ebpf, names::LOSSES)?)?,
            programs: None,
            log: log.transpose().map_err(|_| ProbeError::Missing("log"))?,
        };
        let services = Services::new(Tables {
            cgroups: take(&mut ebpf, names::CGROUPS)?.try_into()?,
            paths: take(&mut ebpf, names::SERVICE_PATHS)?.try_into()?,
            processes: take(&mut ebpf, names::PROCESSES)?.try_into()?,
            named: take(&mut ebpf, names::NAMED_PROCESSES)?.try_into()?,
            slots: Slots::map(take(&mut ebpf, names::WATCHED)?)?,
            touch_age: TouchAge::map(take(&mut ebpf, names::TOUCH_AGE)?)?,
            shares: process_shares,
            nested,
        });
        let probe = Self {
            services,
            ebpf,
            plan: Plan {
                io_uring: plan.io_uring.filter(|_| layout.submit_code != 0),
                ..plan
            },
            _stages: stages,
            events: Vec::new(),
        };
        Ok((probe, readers))
    }

    /// By which kind of tracepoint it is attached.
    #[must_use]
    pub fn attachment(&self) -> Attachment {
        self.plan.attachment()
    }

    /// What this host does not let it see.
    pub fn limits(&self) -> &[String] {
        self.plan.limits.told()
    }

    /// Whose processes and cgroups are.
    #[must_use]
    pub fn services(&self) -> &Services {
        &self.services
    }
}

/// What follows the program of all calls, and what follows the two that are on perf tracepoints on
/// every kernel.
fn load_stages(ebpf: &mut Ebpf, plan: &Plan) -> Result<Vec<Stages>, ProbeError> {
    let has_perf = plan.attachment() == Attachment::Perf
        || plan.io_uring.is_some()
        || !plan.outcomes.tracepoints().is_empty();
    let raw = (plan.attachment() == Attachment::Raw).then_some(Attachment::Raw);
    let perf = has_perf.then_some(Attachment::Perf);
    let kinds = raw.into_iter().chain(perf);
    kinds.map(|kind| Stages::load(ebpf, kind)).collect()
}

/// Processes of which the table has room: one for each number of this host, within bounds, and one
/// for each thread.
fn max_processes(threads: u32, pid_max: Option<u32>) -> u32 {
    threads.max(pid_max.unwrap_or(0).min(MOST_PROCESSES))
}

/// Below which the numbers of this host are, if it says so (proc_sys_kernel(5)).
fn pid_max() -> Option<u32> {
    let text = std::fs::read_to_string("/proc/sys/kernel/pid_max").ok()?;
    text.trim().parse().ok()
}

fn take(ebpf: &mut Ebpf, name: &'static str) -> Result<Map, ProbeError> {
    ebpf.take_map(name).ok_or(ProbeError::Missing(name))
}

#[cfg(test)]
mod tests {
    use super::{MOST_PROCESSES, max_processes, pid_max};

    #[test]
    fn there_is_room_for_a_process_of_every_number_of_the_host_within_bounds() {
        // What most kernels begin with, and what systemd sets on 64-bit hosts.
        assert_eq!(max_processes(10_240, Some(32_768)), 32_768);
        assert_eq!(max_processes(10_240, Some(1 << 22)), MOST_PROCESSES);
        // Who asks for more threads gets as many processes.
        assert_eq!(max_processes(100_000, Some(32_768)), 100_000);
        assert_eq!(max_processes(100_000, Some(1 << 22)), 100_000);
        assert_eq!(max_processes(10_240, None), 10_240);
        // Its least value (include/linux/threads.h, RESERVED_PIDS).
        assert!(pid_max() > Some(300), "{:?}", pid_max());
    }
}
