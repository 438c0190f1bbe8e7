//! Empties the ring and the thread table into the feed.

use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, TrySendError};
use monitor_common::{
    loss::Loss,
    record::{Cause, CgroupRecord, Window},
};

use super::{
    error::WatchError,
    misses::Misses,
    probe::{Probe, Readers},
    reassembly::Reassembly,
    ring::Record,
    services::{CgroupEvent, Services},
    status::{OfReader, status},
    touch,
    unseen::Unseen,
};
use crate::{
    pipeline::Feed,
    run::{clock::monotonic_ns, snapshot::SourceStatus},
    syscall::event::{Event, ServiceId},
};

// A batch is handed over when it holds this many events, so that the scorer starts early.
const BATCH_EVENTS: usize = 1024;
const PUBLISH_INTERVAL: Duration = Duration::from_millis(500);

/// The reading half of a live run.
pub(super) struct Reader {
    /// The probe's maps.
    pub readers: Readers,
    ring_windows: usize,
    reassembly: Reassembly,
    events: Vec<Event>,
    published: Option<Instant>,
    attachment: &'static str,
    services: Services,
    cgroups: Sender<CgroupEvent>,
    /// Events of cgroups that found their channel full.
    cgroups_refused: u64,
    warned_of_unfollowed: bool,
    unseen: Unseen,
}

impl Reader {
    pub(super) fn new(
        readers: Readers,
        ring_bytes: u32,
        probe: &Probe,
        cgroups: Sender<CgroupEvent>,
    ) -> Self {
        Self {
            readers,
            ring_windows: ring_bytes as usize / Window::SIZE + 1,
            reassembly: Reassembly::default(),
            events: Vec::new(),
            published: None,
            attachment: probe.attachment().name(),
            services: probe.services().clone(),
            cgroups,
            cgroups_refused: 0,
            warned_of_unfollowed: false,
            unseen: Unseen::default(),
        }
    }

    /// Reads what waits in the ring.
    pub(super) fn empty_ring(&mut self, feed: &Feed) {
        // No more than the ring held when this began: threads that never pause cannot keep the
        // reader from everything else.
        for _ in 0..self.ring_windows {
            match self.readers.ring.next() {
                Some(Record::Window(window)) => self.reassembly.sent(&window, &mut self.events),
                Some(Record::Touched(touched)) => {
                    for event in touch::events(&touched) {
                        if !touch::returned(&mut self.events, &event) {
                            self.events.push(event);
                        }
                    }
                }
                Some(Record::Cgroup(record)) => self.cgroup_changed(&record),
                None => break,
            }
            if self.events.len() >= BATCH_EVENTS {
                self.hand_over(feed);
            }
        }
        self.hand_over(feed);
    }

    fn cgroup_changed(&mut self, record: &CgroupRecord) {
        let event = CgroupEvent {
            is_new: record.cause == Cause::CgroupMade as u32,
            id: record.id,
            path: record.path().to_vec(),
            service: ServiceId(record.service),
            time_ns: record.time_ns,
        };
        // Where nobody takes them there is nothing to be missed.
        if let Err(TrySendError::Full(_)) = self.cgroups.try_send(event) {
            self.cgroups_refused += 1;
        }
    }

    fn hand_over(&mut self, feed: &Feed) {
        // A closed feed is noticed in the loop.
        let _ = feed.offer(std::mem::take(&mut self.events));
    }

    /// Copies the windows that are being filled, reads the ring, and then takes from the copies
    /// what the ring did not have.
    ///
    /// As a rule without a system call of a map: see [`Mapped`](super::mapped::Mapped).
    pub(super) fn look(&mut self, feed: &Feed) -> Result<(), WatchError> {
        self.services.look();
        self.reassembly.copying();
        let windows = self.readers.threads.windows(false)?;
        let now = monotonic_ns();
        self.empty_ring(feed);
        for window in &windows {
            self.reassembly.copied(window, now, false, &mut self.events);
        }
        self.hand_over(feed);
        self.gap_where_unseen()?;
        if let Some(log) = &mut self.readers.log {
            log.flush();
        }
        if self
            .published
            .is_none_or(|at| at.elapsed() >= PUBLISH_INTERVAL)
        {
            self.publish(feed);
        }
        Ok(())
    }

    /// Reads all that the probe left, after it was taken out of the kernel.
    pub(super) fn rest(&mut self, feed: &Feed) -> Result<(), WatchError> {
        // What ended before is no longer in the table; only what ends while it is copied is in
        // both.
        self.empty_ring(feed);
        self.reassembly.copying();
        let windows = self.readers.threads.windows(true)?;
        let now = monotonic_ns();
        self.empty_ring(feed);
        for window in &windows {
            self.reassembly.copied(window, now, true, &mut self.events);
        }
        self.hand_over(feed);
        self.gap_where_unseen()?;
        if let Some(log) = &mut self.readers.log {
            log.flush();
        }
        self.publish(feed);
        Ok(())
    }

    /// Where anything went unseen, nobody knows of whom: every stream goes on with a gap.
    fn gap_where_unseen(&mut self) -> Result<(), WatchError> {
        let misses = match &self.readers.programs {
            Some(programs) => programs.misses()?,
            None => Misses::default(),
        };
        if self.unseen.look(misses, &self.readers.losses) {
            self.reassembly.gap_all();
            self.services.renew();
        }
        Ok(())
    }

    /// A process that cannot be followed is worth a word at once, as all that it does goes unseen.
    fn warn_of_unfollowed(&mut self, count: u64) {
        if count > 0 && !self.warned_of_unfollowed {
            self.warned_of_unfollowed = true;
            log::warn!(
                "processes are not followed: the table of processes is full; watch more of them \
                 with --max-threads"
            );
        }
    }

    fn publish(&mut self, feed: &Feed) {
        let of_reader = OfReader {
            cgroups_refused: self.cgroups_refused,
            malformed: self.readers.ring.malformed,
        };
        let losses = &self.readers.losses;
        let status = status(losses, &self.unseen, &self.reassembly, of_reader);
        self.warn_of_unfollowed(losses.count(Loss::ProcessTableFull));
        feed.publish(SourceStatus {
            attachment: Some(self.attachment),
            ..status
        });
        self.published = Some(Instant::now());
    }
}
