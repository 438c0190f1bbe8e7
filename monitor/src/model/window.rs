//! A model that sees a window of calls and predicts the one after it.
//!
//! Input `window` (int64 `[B, context]`), output `log_probabilities` (float32 `[B, 341]`). The
//! first `context` calls of a stream have no surprise. Windows of all threads are batched, `B`
//! being a power of two up to [`WIDEST`].

use ort::session::{IoBinding, Session};
use ort::value::Tensor;

use super::lane::{FRESH, Lane};
use super::manifest::Manifest;
use super::onnx::{likeliest, surprise, zeros};
use super::{Explained, ScoreError};

/// The most windows of a batch.
const WIDEST: usize = 64;

const WIDTHS: usize = WIDEST.ilog2() as usize + 1;

/// The memory of one batch size.
struct Batch {
    binding: IoBinding,
    window: Tensor<i64>,
    log_probabilities: Tensor<f32>,
}

/// Which call a row of a batch predicts.
struct Row {
    lane: u32,
    place: usize,
    call: u16,
}

pub(super) struct Window {
    session: Session,
    context: usize,
    size: usize,
    batches: [Option<Batch>; WIDTHS],
    rows: Vec<Row>,
    windows: Vec<u16>,
}

impl Window {
    pub(super) fn new(session: Session, manifest: &Manifest) -> Self {
        Self {
            session,
            context: manifest.context.unwrap_or(0),
            size: manifest.vocabulary.size,
            batches: Default::default(),
            rows: Vec::with_capacity(WIDEST),
            windows: Vec::new(),
        }
    }

    pub(super) fn lane(&self) -> Lane {
        Lane::new(0)
    }

    pub(super) fn score(&mut self, lanes: &mut [Lane], active: &[u32]) -> Result<(), ScoreError> {
        for &index in active {
            while self.gather(&mut lanes[index as usize], index) {
                if self.rows.len() == WIDEST {
                    self.give(lanes)?;
                }
            }
        }
        self.give(lanes)
    }

    /// Takes the next of a lane's queue; false when nothing is left.
    fn gather(&mut self, lane: &mut Lane, index: u32) -> bool {
        let Some(&next) = lane.pending.get(lane.done) else {
            return false;
        };
        lane.done += 1;
        if next >= FRESH {
            lane.history.clear();
            return true;
        }
        if lane.history.len() == self.context {
            self.windows.extend_from_slice(&lane.history);
            self.rows.push(Row {
                lane: index,
                place: lane.surprises.len(),
                call: next,
            });
            lane.history.remove(0);
        }
        lane.surprises.push(f32::NAN);
        lane.history.push(next);
        true
    }

    fn give(&mut self, lanes: &mut [Lane]) -> Result<(), ScoreError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.rows);
        let size = self.size;
        let all = self.run(rows.len())?;
        for (row, logs) in rows.iter().zip(all.chunks_exact(size)) {
            lanes[row.lane as usize].surprises[row.place] = surprise(-logs[usize::from(row.call)])?;
        }
        self.rows = rows;
        self.rows.clear();
        Ok(())
    }

    /// Runs the gathered windows; one row of `ln p` each, then those of the idle rows.
    fn run(&mut self, rows: usize) -> Result<&[f32], ScoreError> {
        let width = rows.next_power_of_two().ilog2() as usize;
        let slot = &mut self.batches[width];
        let batch = match slot {
            Some(batch) => batch,
            None => {
                let made = Batch::new(&self.session, 1 << width, self.context, self.size);
                slot.insert(made.map_err(ScoreError::inference)?)
            }
        };
        let window = batch.window.extract_tensor_mut().1;
        for (cell, &call) in window.iter_mut().zip(&self.windows) {
            *cell = i64::from(call);
        }
        self.windows.clear();
        let ran = self.session.run_binding(&batch.binding);
        ran.map_err(ScoreError::inference)?;
        Ok(batch.log_probabilities.extract_tensor().1)
    }

    pub(super) fn explain(
        &mut self,
        calls: &[u16],
        alternatives: usize,
    ) -> Result<Vec<Explained>, ScoreError> {
        let mut explained: Vec<_> = calls
            .iter()
            .map(|_| Explained {
                surprise: None,
                expected: Vec::new(),
            })
            .collect();
        let context = self.context;
        let size = self.size;
        let predicted = calls.len().saturating_sub(context);
        for first in (0..predicted).step_by(WIDEST) {
            let rows = WIDEST.min(predicted - first);
            for row in first..first + rows {
                self.windows.extend_from_slice(&calls[row..][..context]);
            }
            let all = self.run(rows)?;
            for (row, logs) in (first..first + rows).zip(all.chunks_exact(size)) {
                let place = row + context;
                explained[place] = Explained {
                    surprise: Some(surprise(-logs[usize::from(calls[place])])?),
                    expected: likeliest(logs, alternatives),
                };
            }
        }
        Ok(explained)
    }
}

impl Batch {
    fn new(
        session: &Session,
        rows: usize,
        context: usize,
        size: usize,
    ) -> Result<Self, ort::Error> {
        let mut binding = session.create_binding()?;
        let window = zeros(&[rows, context])?;
        binding.bind_input("window", &window)?;
        let mut log_probabilities = zeros(&[rows, size])?;
        binding.bind_output("log_probabilities", &mut log_probabilities)?;
        Ok(Self {
            binding,
            window,
            log_probabilities,
        })
    }
}
