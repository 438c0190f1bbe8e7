//! Of which release a service is, and when that is looked at again.

use super::Service;
use crate::service::identity::Identity;
use crate::service::release::Release;

/// How long the release of a service is not read again, seconds.
const AGAIN_S: u64 = 10;

/// What is known of a service's release.
#[derive(Default)]
pub(super) struct Releases {
    pub known: Option<Release>,
    asked_s: u64,
    /// A process whose release is to be read.
    pid: Option<u32>,
}

impl Releases {
    pub(super) fn new(known: Option<Release>) -> Self {
        Self {
            known,
            ..Self::default()
        }
    }
}

impl Service {
    /// A process of it began, or runs another program: its release is to be read.
    pub(crate) const fn began(&mut self, pid: u32) {
        self.releases.pid = Some(pid);
    }

    /// The process whose release is to be read by now, and who and of which release the service is
    /// as far as is known.
    pub(crate) fn release_to_read(
        &mut self,
        now_s: u64,
    ) -> Option<(u32, Identity, Option<Release>)> {
        if now_s.saturating_sub(self.releases.asked_s) < AGAIN_S {
            return None;
        }
        let identity = self.identity.clone()?;
        let pid = self.releases.pid.take()?;
        self.releases.asked_s = now_s;
        Some((pid, identity, self.releases.known.clone()))
    }

    /// Hears which release a process of it is.
    pub(crate) fn released(&mut self, found: Release, now_s: u64, remark: &mut dyn FnMut(String)) {
        let known = self.releases.known.as_ref();
        if let Some(change) = known.and_then(|it| it.change(&found)) {
            let before = self.life.state();
            if self.life.changed(now_s) {
                self.learn_anew();
                remark(format!("{} changed: {change}", self.key));
            }
            self.entered(before, remark);
        }
        let learns = self.life.state().learns();
        match &mut self.releases.known {
            Some(known) => known.take_up(found, learns),
            none => *none = Some(found),
        }
        self.unkept.state = true;
    }
}
