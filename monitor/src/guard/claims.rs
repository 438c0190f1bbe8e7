//! What the probe is told: whose a cgroup or a process is, so that it says so with every call.

use super::membership::ServiceId;
use crate::service::identity::OwnCgroup;

/// A cgroup that was made while the probe watched.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MadeCgroup {
    /// Its path in the hierarchy.
    pub path: String,
    /// Its id.
    pub id: u64,
    /// The service that the probe gave it, by its path.
    pub service: Option<ServiceId>,
}

/// The probe's tables of services.
pub trait Claims: Send {
    /// Everything in a cgroup is of `service`; with `again` also in one that is made at the same
    /// path later.
    fn cgroup(&mut self, cgroup: &OwnCgroup, again: bool, service: ServiceId);

    /// A process is of `service` unless its cgroup has one, and so are its children.
    fn process(&mut self, tgid: u32, service: ServiceId);

    /// Nothing is of `service` any more.
    fn withdraw(&mut self, service: ServiceId);

    /// Whatever is touched from now on is told again, though it was told before.
    fn tell_touches_again(&mut self);

    /// A cgroup that was made, if there is one.
    fn made(&mut self) -> Option<MadeCgroup>;

    /// The service that the probe means by a number.
    fn service(&self, number: crate::syscall::event::ServiceId) -> Option<ServiceId> {
        number.without_marks().0.checked_sub(1)
    }
}

/// Without a probe that tells services files are asked of every process.
impl Claims for () {
    fn cgroup(&mut self, _: &OwnCgroup, _: bool, _: ServiceId) {}

    fn process(&mut self, _: u32, _: ServiceId) {}

    fn withdraw(&mut self, _: ServiceId) {}

    fn tell_touches_again(&mut self) {}

    fn made(&mut self) -> Option<MadeCgroup> {
        None
    }
}

#[cfg(feature = "live")]
pub use live::ProbeClaims;

#[cfg(feature = "live")]
mod live {
    use std::path::Path;

    use crossbeam_channel::Receiver;

    use super::{Claims, MadeCgroup};
    use crate::guard::membership::ServiceId;
    use crate::live::error::ProbeError;
    use crate::live::services::{CgroupEvent, Services};
    use crate::service::identity::OwnCgroup;
    use crate::syscall::event::ServiceId as Number;

    /// The tables of a probe that runs.
    pub struct ProbeClaims {
        services: Services,
        cgroups: Receiver<CgroupEvent>,
        has_failed: bool,
    }

    impl ProbeClaims {
        /// Those of this probe; `cgroups` are the ones that come and go.
        #[must_use]
        pub const fn new(services: Services, cgroups: Receiver<CgroupEvent>) -> Self {
            Self {
                services,
                cgroups,
                has_failed: false,
            }
        }

        /// What is not told is asked of files, so that one word about it is enough.
        fn heed(&mut self, told: Result<(), ProbeError>) {
            if let Err(error) = told
                && !std::mem::replace(&mut self.has_failed, true)
            {
                log::warn!("the probe's tables of services take no more: {error}");
            }
        }
    }

    /// Of services the probe counts from 1; 0 is none.
    fn number(service: ServiceId) -> Number {
        Number(service.saturating_add(1))
    }

    impl Claims for ProbeClaims {
        fn cgroup(&mut self, cgroup: &OwnCgroup, again: bool, service: ServiceId) {
            let told = self.services.add_cgroup(cgroup.id, number(service));
            self.heed(told);
            if again {
                let path = Path::new(&cgroup.path);
                let told = self.services.add_path(path, number(service));
                self.heed(told.map(|_| ()));
            }
        }

        fn process(&mut self, tgid: u32, service: ServiceId) {
            let told = self.services.adopt_process(tgid, number(service));
            self.heed(told);
        }

        fn withdraw(&mut self, service: ServiceId) {
            let told = self.services.remove_service(number(service));
            self.heed(told);
        }

        fn tell_touches_again(&mut self) {
            self.services.tell_touches_again();
        }

        fn made(&mut self) -> Option<MadeCgroup> {
            let event = self.cgroups.try_iter().find(|event| event.is_new)?;
            Some(MadeCgroup {
                path: String::from_utf8_lossy(&event.path).into_owned(),
                id: event.id,
                service: event.service.0.checked_sub(1),
            })
        }
    }
}
