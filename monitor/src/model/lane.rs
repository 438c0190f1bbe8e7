//! What a model keeps of one stream between calls, and the calls that wait to be scored.

/// In the place of a call: the stream begins here, at its thread's first call.
pub(super) const START: u16 = u16::MAX;

/// In the place of a call: the stream begins here, in the middle of its thread's life.
pub(super) const FRESH: u16 = u16::MAX - 1;

/// One stream's side of a model.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    /// The calls that the next one is predicted from: the last one for a stateful model, up to
    /// its context for a window model.
    pub(super) history: Vec<u16>,
    /// A stateful model's state, its tensors one after the other; empty for a window model.
    /// It takes memory only once a stream has begun.
    pub(super) state: Vec<f32>,
    width: usize,
    /// Calls to be scored, [`START`] and [`FRESH`] between them.
    pub(super) pending: Vec<u16>,
    /// How many of `pending` were dealt with.
    pub(super) done: usize,
    /// One a scored call, in order; NaN where there is none.
    pub(super) surprises: Vec<f32>,
    /// How many of `surprises` were taken.
    taken: usize,
}

impl Lane {
    pub(super) fn new(state: usize) -> Self {
        Self {
            history: Vec::new(),
            state: Vec::new(),
            width: state,
            pending: Vec::new(),
            done: 0,
            surprises: Vec::new(),
            taken: 0,
        }
    }

    /// Begins the stream anew.
    pub(crate) fn restart(&mut self, from_start: bool) {
        if self.state.is_empty() {
            self.state = vec![0.0; self.width];
        }
        self.pending.push(if from_start { START } else { FRESH });
    }

    /// Queues a call: a vocabulary index below 341.
    pub(crate) fn push(&mut self, index: u16) {
        self.pending.push(index);
    }

    /// The surprise of the next call in the order in which they were pushed, nats.
    pub(crate) fn take(&mut self) -> Option<f32> {
        let nats = self.surprises.get(self.taken).copied()?;
        self.taken += 1;
        (!nats.is_nan()).then_some(nats)
    }

    /// Forgets what was scored and taken, keeping the memory for the next calls unless it is large.
    pub(crate) fn clear(&mut self) {
        self.pending.clear();
        self.surprises.clear();
        self.done = 0;
        self.taken = 0;
        self.pending.shrink_to(128);
        self.surprises.shrink_to(128);
    }
}
