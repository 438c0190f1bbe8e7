//! The thread that writes the state. It is started before the monitor drops its privileges, so that
//! it keeps the right to.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Sender, TrySendError, bounded};

use super::rights::{Does, keep_only};
use crate::service::store::{Save, Store};

/// Services that may wait to be written.
const QUEUED: usize = 64;

/// Writes what it is given, in order.
pub struct Keeper {
    saves: Option<Sender<Box<Save>>>,
    store: Store,
    failed: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts it; `remark` hears of what cannot be written, once until something can again.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(
        store: Store,
        mut remark: impl FnMut(String) + Send + 'static,
    ) -> io::Result<Self> {
        let (saves, incoming) = bounded::<Box<Save>>(QUEUED);
        let failed = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&failed);
        let place = store.clone();
        let thread = thread::Builder::new()
            .name("keeper".into())
            .spawn(move || {
                keep_only(Does::Writes(store.folder()));
                let mut was_told = false;
                for save in incoming {
                    match store.save(&save) {
                        Ok(()) => was_told = false,
                        Err(error) => {
                            count.fetch_add(1, Relaxed);
                            if !std::mem::replace(&mut was_told, true) {
                                let key = &save.record.key;
                                remark(format!(
                                    "the state of {key} is not kept: {error}; it is tried again"
                                ));
                            }
                        }
                    }
                }
            })?;
        Ok(Self {
            saves: Some(saves),
            store: place,
            failed,
            thread: Some(thread),
        })
    }

    /// Where it writes.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// Writes something soon, or gives it back while too much waits.
    ///
    /// # Errors
    /// The same thing, when there is no room.
    pub fn save(&self, save: Box<Save>) -> Result<(), Box<Save>> {
        let Some(saves) = &self.saves else {
            return Err(save);
        };
        match saves.try_send(save) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(save) | TrySendError::Disconnected(save)) => Err(save),
        }
    }

    /// Writes something, waiting for room: at the end of a run.
    pub fn save_at_the_end(&self, save: Box<Save>) {
        if let Some(saves) = &self.saves {
            // A thread that is gone has told why.
            let _ = saves.send(save);
        }
    }

    /// Saves that failed.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed.load(Relaxed)
    }
}

impl Drop for Keeper {
    /// Waits until all is written.
    fn drop(&mut self) {
        self.saves = None;
        if let Some(thread) = self.thread.take() {
            // It panics on a defect alone, and has said so then.
            let _ = thread.join();
        }
    }
}
