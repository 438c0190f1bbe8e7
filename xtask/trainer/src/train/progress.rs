//! What a person sees of a run, and what is written after each of its epochs.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

use super::checkpoint::{Header, save};
use super::history;
use super::loss::Tally;
use super::parameters::Layout;
use super::run::{Observer, Progress};
use crate::plot;

/// The checkpoint that a run can be resumed from.
pub const LAST: &str = "last.safetensors";

/// The parameters of the best epoch.
pub const BEST: &str = "best.safetensors";

/// Shows a progress bar, writes checkpoints and the history, and stops when asked to.
pub struct Follower {
    folder: PathBuf,
    header: Header,
    layout: Layout,
    stop: Arc<AtomicBool>,
    bar: ProgressBar,
    calls_per_epoch: u64,
}

impl Follower {
    /// Follows a run that writes into `folder` and stops once `stop` is set. An epoch has
    /// `calls_per_epoch` calls; `done` epochs lie behind.
    ///
    /// # Errors
    /// Never in practice: the bar's template is fixed.
    pub fn new(
        folder: PathBuf,
        header: Header,
        layout: Layout,
        stop: Arc<AtomicBool>,
        calls_per_epoch: u64,
        done: u64,
    ) -> Result<Self> {
        let bar = ProgressBar::new(calls_per_epoch * u64::from(header.recipe.epochs));
        bar.set_style(ProgressStyle::with_template(
            "{msg} {wide_bar} {percent}% {per_sec} left {eta}",
        )?);
        bar.set_position(done * calls_per_epoch);
        bar.reset_eta();
        Ok(Self {
            folder,
            header,
            layout,
            stop,
            bar,
            calls_per_epoch,
        })
    }
}

impl Observer for Follower {
    fn step(&mut self, epoch: u32, _done: usize, _all: usize, tally: &Tally) -> bool {
        self.bar
            .set_position(u64::from(epoch - 1) * self.calls_per_epoch + tally.calls);
        let (loss, accuracy) = (tally.loss(), tally.accuracy());
        self.bar.set_message(format!(
            "epoch {epoch}: loss {loss:.4} accuracy {accuracy:.4} calls"
        ));
        !self.stop.load(Ordering::Relaxed)
    }

    fn epoch(&mut self, progress: &Progress) -> Result<()> {
        self.header.optimizer_steps = progress.optimizer.steps;
        self.header.best_epoch = progress.best_epoch;
        self.header.history.clone_from(&progress.history);
        save(
            &self.folder.join(LAST),
            &self.header,
            &self.layout,
            progress,
            true,
        )?;
        let Some(e) = progress.history.last() else {
            return Ok(());
        };
        let best = progress.best_epoch == e.epoch;
        if best {
            save(
                &self.folder.join(BEST),
                &self.header,
                &self.layout,
                progress,
                false,
            )?;
        }
        history::write(&self.folder, &progress.history)?;
        plot::history(&self.folder, &progress.history)?;
        let line = format!(
            "epoch {:3}  train {:.4} nats, accuracy {:.4}  held out {:.4} nats, accuracy {:.4}  \
             {:.1} s, {:.0} calls/s{}",
            e.epoch,
            e.loss,
            e.accuracy,
            e.held_out_loss,
            e.held_out_accuracy,
            e.seconds,
            e.calls_per_second,
            if best { "  best" } else { "" }
        );
        self.bar.suspend(|| println!("{line}"));
        Ok(())
    }
}
