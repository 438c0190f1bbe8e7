//! The cgroup of a run, followed by its path: a service that is restarted gets a cgroup of a new
//! number.

use std::path::Path;

use super::{
    cgroup::Cgroup,
    error::{ProbeError, WatchError},
    services::Services,
};
use crate::syscall::event::ServiceId;

/// The cgroup that a run watches.
pub(super) struct FollowedCgroup {
    cgroup: Cgroup,
    service: ServiceId,
    current: Option<u64>,
}

impl FollowedCgroup {
    /// Watches the cgroup at `path`, and any that is made there later.
    ///
    /// # Errors
    ///
    /// When there is none now.
    pub(super) fn new(
        path: &Path,
        service: ServiceId,
        services: &Services,
    ) -> Result<Self, WatchError> {
        let cgroup = Cgroup::find(path)?;
        services.add_cgroup(cgroup.id, service)?;
        let by_path = match &cgroup.path {
            Some(path) => services.add_path(path, service)?,
            None => false,
        };
        if !by_path {
            log::info!(
                "{} is followed by looking at it: the first calls in a cgroup made anew there can \
                 be missed",
                cgroup.directory.display()
            );
        }
        Ok(Self {
            current: Some(cgroup.id),
            cgroup,
            service,
        })
    }

    /// Looks whether the cgroup is still the same, and says so when it is gone or made anew. A run
    /// goes on without one, as a service that is stopped may be started again.
    ///
    /// # Errors
    ///
    /// When the probe's table is full.
    pub(super) fn look(&mut self, services: &Services) -> Result<(), ProbeError> {
        let now = self.cgroup.current_id();
        if now == self.current {
            return Ok(());
        }
        let directory = self.cgroup.directory.display();
        match now {
            Some(id) => {
                services.add_cgroup(id, self.service)?;
                log::warn!("the cgroup {directory} was made anew: watching it again");
            }
            None => {
                log::warn!("the cgroup {directory} is gone: waiting for it to be made again");
            }
        }
        if let Some(gone) = self.current {
            services.remove_cgroup(gone);
        }
        self.current = now;
        Ok(())
    }
}
