//! Empties the ring and the thread table into the feed.

use std::time::{Duration, Instant};

use monitor_common::{loss::Loss, record::Window};

use super::{
    probe::{ProbeError, Readers},
    reassembly::Reassembly,
    watch::WatchError,
};
use crate::{
    pipeline::Feed,
    run::{clock::monotonic_ns, snapshot::SourceStatus},
    syscall::event::Event,
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
}

impl Reader {
    pub(super) fn new(readers: Readers, ring_bytes: u32) -> Self {
        Self {
            readers,
            ring_windows: ring_bytes as usize / Window::SIZE + 1,
            reassembly: Reassembly::default(),
            events: Vec::new(),
            published: None,
        }
    }

    /// Reads what waits in the ring.
    pub(super) fn empty_ring(&mut self, feed: &Feed) {
        // No more than the ring held when this began: threads that never pause cannot keep the
        // reader from everything else.
        for _ in 0..self.ring_windows {
            let Some(window) = self.readers.ring.next() else {
                break;
            };
            self.reassembly.sent(&window, &mut self.events);
            if self.events.len() >= BATCH_EVENTS {
                self.hand_over(feed);
            }
        }
        self.hand_over(feed);
    }

    fn hand_over(&mut self, feed: &Feed) {
        // A closed feed is noticed in the loop.
        let _ = feed.offer(std::mem::take(&mut self.events));
    }

    /// Copies the windows that are being filled, reads the ring, and then takes from the copies
    /// what the ring did not have.
    pub(super) fn look(&mut self, feed: &Feed) -> Result<(), WatchError> {
        self.reassembly.copying();
        let windows = self.readers.threads.windows(false)?;
        let now = monotonic_ns();
        self.empty_ring(feed);
        for window in &windows {
            self.reassembly.copied(window, now, false, &mut self.events);
        }
        self.hand_over(feed);
        if let Some(log) = &mut self.readers.log {
            log.flush();
        }
        if self
            .published
            .is_none_or(|at| at.elapsed() >= PUBLISH_INTERVAL)
        {
            self.publish(feed)?;
        }
        Ok(())
    }

    /// Reads all that the probe left, after it was taken out of the kernel.
    pub(super) fn rest(&mut self, feed: &Feed) -> Result<(), WatchError> {
        // What ended before is no longer in the table; only what ends while it is copied is in both.
        self.empty_ring(feed);
        self.reassembly.copying();
        let windows = self.readers.threads.windows(true)?;
        let now = monotonic_ns();
        self.empty_ring(feed);
        for window in &windows {
            self.reassembly.copied(window, now, true, &mut self.events);
        }
        self.hand_over(feed);
        if let Some(log) = &mut self.readers.log {
            log.flush();
        }
        self.publish(feed)
    }

    fn publish(&mut self, feed: &Feed) -> Result<(), WatchError> {
        let count = |reason| self.readers.losses.count(reason).map_err(ProbeError::from);
        let lost = [
            (Loss::RingFull.name(), self.reassembly.lost),
            (Loss::ThreadTableFull.name(), count(Loss::ThreadTableFull)?),
            (Loss::ThreadReplaced.name(), count(Loss::ThreadReplaced)?),
        ];
        let missed = [
            (
                Loss::ProcessTableFull.name(),
                count(Loss::ProcessTableFull)?,
            ),
            (
                Loss::LifecycleRingFull.name(),
                count(Loss::LifecycleRingFull)?,
            ),
            (
                "records of the ring that are no windows",
                self.readers.ring.malformed,
            ),
        ];
        feed.publish(SourceStatus {
            received: self.reassembly.received,
            lost: lost.into_iter().filter(|(_, count)| *count > 0).collect(),
            missed: missed.into_iter().filter(|(_, count)| *count > 0).collect(),
            threads: Some(self.reassembly.threads() as u64),
            processes: Some(self.reassembly.processes() as u64),
        });
        self.published = Some(Instant::now());
        Ok(())
    }
}
