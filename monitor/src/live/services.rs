//! Which process and which cgroup belongs to which service, told to the probe while it runs.

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aya::maps::{HashMap, MapData, MapError};
use monitor_common::target::{
    EPOCH_GENERATION, EPOCH_LOOK, Membership, PATH_KEY, Service, is_watched, member, service_of,
};

use super::{
    cgroup::path_key, error::ProbeError, shares::Shares, slots::Slots, touch_age::TouchAge,
};
use crate::syscall::event::ServiceId;

/// A cgroup that the probe saw come or go.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CgroupEvent {
    /// Whether it is new; else it is gone.
    pub is_new: bool,
    /// Its id: the inode number of its directory.
    pub id: u64,
    /// Its path below the root of the hierarchy: bytes that its maker chose, cut off at 511.
    pub path: Vec<u8>,
    /// The service that the probe gave it by its path, or that it had.
    pub service: ServiceId,
    /// When, nanoseconds of `CLOCK_MONOTONIC`.
    pub time_ns: u64,
}

/// The probe's tables of services. All handles of one probe are the same, and may be used from any
/// thread that kept the capability to write maps (`CAP_BPF`).
///
/// Cgroups and paths tell something only where the watch was loaded with
/// [`Options::by_cgroup`](super::watch::Options::by_cgroup) or for a cgroup. A process belongs to
/// 1. the service that it was named for by [`Self::add_process`], else
/// 2. the service of its cgroup, or of the nearest cgroup above that has one, else
/// 3. the service of the process that made it, else
/// 4. the service of the watch ([`Options::service`](super::watch::Options::service)).
///
/// A change holds from the next call of every thread on: what a thread called before is reported as
/// of the service that it belonged to then. No program is loaded anew, so no call is missed.
#[derive(Clone)]
pub struct Services(Arc<Mutex<Tables>>);

pub(super) struct Tables {
    pub cgroups: HashMap<MapData, u64, Service>,
    pub paths: HashMap<MapData, [u8; PATH_KEY], Service>,
    pub processes: HashMap<MapData, u32, u64>,
    pub named: HashMap<MapData, u32, u64>,
    pub slots: Slots,
    pub touch_age: TouchAge,
    /// How many of `processes` each service has.
    pub shares: Shares,
    /// Whether processes are named by their ids in a pid namespace that is not the initial one.
    pub nested: bool,
}

// include/uapi/linux/bpf.h: the key must not be there yet, or must be there.
const BPF_NOEXIST: u64 = 1;
const BPF_EXIST: u64 = 2;

impl Services {
    pub(super) fn new(tables: Tables) -> Self {
        Self(Arc::new(Mutex::new(tables)))
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        // A table is whole between any two steps of whoever panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The processes in the cgroup `id`, and below it, belong to `service`.
    ///
    /// # Errors
    ///
    /// When the table is full.
    pub fn add_cgroup(&self, id: u64, service: ServiceId) -> Result<(), ProbeError> {
        let mut tables = self.tables();
        tables.cgroups.insert(id, service.0, 0)?;
        tables.renew();
        Ok(())
    }

    /// Any cgroup that is made at `path` from now on, as the kernel has it
    /// (`/system.slice/nginx.service`), belongs to `service` before a process can be in it. `false`
    /// when the path is longer than the probe can compare: then its [`CgroupEvent`] is the first to
    /// tell of it.
    ///
    /// # Errors
    ///
    /// When the table is full.
    pub fn add_path(&self, path: &Path, service: ServiceId) -> Result<bool, ProbeError> {
        let Some(key) = path_key(path) else {
            return Ok(false);
        };
        self.tables().paths.insert(key, service.0, 0)?;
        Ok(true)
    }

    /// The process `tgid` of the monitor's own pid namespace belongs to `service`, whatever its
    /// cgroup. Children that it makes from now on begin as of the same service.
    ///
    /// # Errors
    ///
    /// When the table is full.
    pub fn add_process(&self, tgid: u32, service: ServiceId) -> Result<(), ProbeError> {
        self.list(tgid, member(Membership::Watched, true, service.0))
    }

    /// The process `tgid` of the monitor's own pid namespace belongs to `service` as if who made it
    /// did: its cgroup may tell another one. Children that it makes from now on begin as of the
    /// same service.
    ///
    /// # Errors
    ///
    /// When the table is full.
    pub fn adopt_process(&self, tgid: u32, service: ServiceId) -> Result<(), ProbeError> {
        self.list(tgid, member(Membership::Watched, false, service.0))
    }

    fn list(&self, tgid: u32, entry: u64) -> Result<(), ProbeError> {
        // The probe takes whom is listed for one that is watched, and asks no further.
        if tgid == std::process::id() {
            return Ok(());
        }
        let mut tables = self.tables();
        if tables.nested {
            tables.named.insert(tgid, entry, 0)?;
            return Ok(());
        }
        match tables.processes.insert(tgid, entry, BPF_NOEXIST) {
            Ok(()) => {
                tables.slots.add(tgid);
                tables.shares.add(ServiceId(service_of(entry)), 1);
            }
            // A fork that the probe saw was first, or it is another's so far.
            Err(MapError::SyscallError(error))
                if error.io_error.raw_os_error() == Some(libc::EEXIST) =>
            {
                let before = tables.processes.get(&tgid, 0);
                // When it has ended meanwhile there is nothing to change.
                if tables.processes.insert(tgid, entry, BPF_EXIST).is_ok()
                    && let Ok(before) = before
                {
                    tables.shares.subtract(ServiceId(service_of(before)), 1);
                    tables.shares.add(ServiceId(service_of(entry)), 1);
                }
            }
            Err(error) => return Err(error.into()),
        }
        tables.renew();
        Ok(())
    }

    /// The cgroup `id` belongs to no service any more.
    pub fn remove_cgroup(&self, id: u64) {
        let mut tables = self.tables();
        // A missing entry is fine.
        let _ = tables.cgroups.remove(&id);
        tables.renew();
    }

    /// A cgroup that is made at `path` belongs to no service any more.
    pub fn remove_path(&self, path: &Path) {
        if let Some(key) = path_key(path) {
            // A missing entry is fine.
            let _ = self.tables().paths.remove(&key);
        }
    }

    /// The process `tgid`, which may have ended before the probe could see that, is no longer
    /// named.
    pub fn remove_process(&self, tgid: u32) {
        let mut tables = self.tables();
        if tables.nested {
            // The other table has ids of the initial pid namespace.
            let _ = tables.named.remove(&tgid);
        } else {
            tables.unlist(tgid);
        }
        tables.renew();
    }

    /// Nothing belongs to `service` any more.
    ///
    /// # Errors
    ///
    /// When the kernel refuses to read a table.
    pub fn remove_service(&self, service: ServiceId) -> Result<(), ProbeError> {
        let mut tables = self.tables();
        let cgroups = of_service(&tables.cgroups, |&it| it == service.0)?;
        let paths = of_service(&tables.paths, |&it| it == service.0)?;
        let processes = of_service(&tables.processes, |&it| service_of(it) == service.0)?;
        let named = of_service(&tables.named, |&it| service_of(it) == service.0)?;
        // Whatever is not there any more is fine.
        for id in &cgroups {
            let _ = tables.cgroups.remove(id);
        }
        for path in &paths {
            let _ = tables.paths.remove(path);
        }
        for tgid in &named {
            let _ = tables.named.remove(tgid);
        }
        for &tgid in &processes {
            tables.unlist(tgid);
        }
        tables.renew();
        Ok(())
    }

    /// Whether any watched process is alive, as far as the probe knows.
    #[must_use]
    pub fn has_processes(&self) -> bool {
        let tables = self.tables();
        if !tables.nested {
            return tables.shares.any();
        }
        // Those that were named and made no call yet; the probe takes out whoever ends.
        if tables.named.keys().any(|it| it.is_ok()) {
            return true;
        }
        // The monitor itself may be among them.
        let mut entries = tables.processes.iter();
        entries.any(|entry| entry.is_ok_and(|(_, member)| is_watched(member)))
    }

    /// Every thread's next call gets a time of its own: copies of what it called so far are about
    /// to be made.
    pub(super) fn look(&self) {
        let tables = self.tables();
        tables.slots.grow(EPOCH_LOOK);
        tables.touch_age.pass();
    }

    /// Has everything told again that is touched from now on. Else what was told is told again when
    /// more than an hour has passed ([`monitor_common::touch::TOLD_FOR_S`]).
    pub fn tell_touches_again(&self) {
        self.tables().touch_age.renew();
    }

    /// Every thread is asked anew: a fork may have gone unseen, and a thread have the id of one
    /// that was asked.
    pub(super) fn renew(&self) {
        self.tables().renew();
    }
}

impl Tables {
    /// Takes a process out of the table, if it is there.
    fn unlist(&mut self, tgid: u32) {
        let entry = self.processes.get(&tgid, 0);
        if self.processes.remove(&tgid).is_ok() {
            self.slots.subtract(tgid);
            let service = entry.map_or(0, service_of);
            self.shares.subtract(ServiceId(service), 1);
        }
    }

    fn renew(&self) {
        self.slots.grow(EPOCH_GENERATION);
    }
}

fn of_service<K: aya::Pod, V: aya::Pod>(
    table: &HashMap<MapData, K, V>,
    is_of: impl Fn(&V) -> bool,
) -> Result<Vec<K>, MapError> {
    let entries = table.iter();
    let keys = entries.filter_map(|entry| match entry {
        Ok((key, value)) => is_of(&value).then_some(Ok(key)),
        Err(error) => Some(Err(error)),
    });
    keys.collect()
}
