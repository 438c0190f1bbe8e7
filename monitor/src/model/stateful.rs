//! A model that carries a state from call to call.
//!
//! Inputs `calls` (int64 `[T+1, B]`, time-major: the call before the stretch, then the stretch) and
//! the state (float32 `[1, B, width]` a tensor); outputs `surprise` (float32 `[T, B]`), the next
//! state, and `log_probabilities` (float32 `[T, B, 341]`) where the manifest says so.
//!
//! Stretches of many threads are packed: `T` is a power of two up to [`LONGEST`] that every lane of
//! the pack still has, `B` one up to [`WIDEST`], the rest of a pack being idle lanes. So few shapes
//! occur, and each is bound to its memory once.

use ort::session::{IoBinding, Session};
use ort::value::Tensor;

use super::lane::{FRESH, Lane, START};
use super::manifest::{Manifest, StateTensor};
use super::onnx::{likeliest, surprise, zeros};
use super::{Explained, ScoreError};

/// The longest stretch of a pack, calls: what one record of the probe holds.
const LONGEST: usize = 32;

/// The most lanes of a pack.
const WIDEST: usize = 16;

const LENGTHS: usize = LONGEST.ilog2() as usize + 1;
const WIDTHS: usize = WIDEST.ilog2() as usize + 1;

/// The memory of one shape.
struct Pack {
    binding: IoBinding,
    lanes: usize,
    calls: Tensor<i64>,
    surprise: Tensor<f32>,
    state_in: Vec<Tensor<f32>>,
    state_out: Vec<Tensor<f32>>,
    log_probabilities: Option<Tensor<f32>>,
}

pub(super) struct Stateful {
    session: Session,
    state: Vec<(StateTensor, usize)>,
    start: Option<u16>,
    size: usize,
    distribution: bool,
    packs: [[Option<Pack>; WIDTHS]; LENGTHS],
    explaining: [Option<Pack>; LENGTHS],
    chosen: Vec<u32>,
}

impl Stateful {
    pub(super) fn new(session: Session, manifest: &Manifest) -> Self {
        let width = |tensor: &StateTensor| tensor.shape.last().copied().flatten().unwrap_or(0);
        Self {
            session,
            state: manifest
                .state
                .iter()
                .map(|tensor| (tensor.clone(), width(tensor)))
                .collect(),
            start: manifest.vocabulary.start,
            size: manifest.vocabulary.size,
            distribution: manifest.distribution,
            packs: Default::default(),
            explaining: Default::default(),
            chosen: Vec::new(),
        }
    }

    pub(super) fn lane(&self) -> Lane {
        Lane::new(self.state.iter().map(|(_, width)| width).sum())
    }

    pub(super) fn score(&mut self, lanes: &mut [Lane], active: &[u32]) -> Result<(), ScoreError> {
        loop {
            let mut ran = false;
            for length in (0..LENGTHS).rev() {
                ran |= self.score_length(lanes, active, length)?;
            }
            if !ran {
                return Ok(());
            }
        }
    }

    /// Runs packs of `2^length` calls until no lane has as many left. True if there was one.
    fn score_length(
        &mut self,
        lanes: &mut [Lane],
        active: &[u32],
        length: usize,
    ) -> Result<bool, ScoreError> {
        let mut ran = false;
        loop {
            let mut any = false;
            let mut chosen = std::mem::take(&mut self.chosen);
            chosen.clear();
            for &index in active {
                if enter(&mut lanes[index as usize], self.start) >= 1 << length {
                    chosen.push(index);
                    any = true;
                }
                if chosen.len() == WIDEST {
                    self.run(lanes, &chosen, length)?;
                    chosen.clear();
                }
            }
            if !chosen.is_empty() {
                self.run(lanes, &chosen, length)?;
            }
            self.chosen = chosen;
            ran |= any;
            // Below the longest length a lane had less than two packs of it.
            if !any || length + 1 < LENGTHS {
                return Ok(ran);
            }
        }
    }

    fn run(&mut self, lanes: &mut [Lane], chosen: &[u32], length: usize) -> Result<(), ScoreError> {
        let width = chosen.len().next_power_of_two().ilog2() as usize;
        let calls = 1 << length;
        let slot = &mut self.packs[length][width];
        let pack = match slot {
            Some(pack) => pack,
            None => {
                let size = (calls, 1 << width);
                let made = Pack::new(&self.session, &self.state, size, None);
                slot.insert(made.map_err(ScoreError::inference)?)
            }
        };
        for (place, &index) in chosen.iter().enumerate() {
            pack.fill(place, &lanes[index as usize], calls);
        }
        let ran = self.session.run_binding(&pack.binding);
        ran.map_err(ScoreError::inference)?;
        for (place, &index) in chosen.iter().enumerate() {
            pack.empty(place, &mut lanes[index as usize], calls)?;
        }
        Ok(())
    }

    pub(super) fn explain(
        &mut self,
        calls: &[u16],
        from_start: bool,
        alternatives: usize,
    ) -> Result<Vec<Explained>, ScoreError> {
        let mut lane = self.lane();
        lane.restart(from_start);
        lane.pending.extend_from_slice(calls);
        let mut explained = Vec::with_capacity(calls.len());
        loop {
            let left = enter(&mut lane, self.start);
            while lane.surprises.len() > explained.len() {
                explained.push(Explained {
                    surprise: None,
                    expected: Vec::new(),
                });
            }
            if left == 0 {
                return Ok(explained);
            }
            let length = left.min(LONGEST).ilog2() as usize;
            let slot = &mut self.explaining[length];
            let pack = match slot {
                Some(pack) => pack,
                None => {
                    let distribution = self.distribution.then_some(self.size);
                    let made =
                        Pack::new(&self.session, &self.state, (1 << length, 1), distribution);
                    slot.insert(made.map_err(ScoreError::inference)?)
                }
            };
            pack.fill(0, &lane, 1 << length);
            let ran = self.session.run_binding(&pack.binding);
            ran.map_err(ScoreError::inference)?;
            let from = lane.surprises.len();
            pack.empty(0, &mut lane, 1 << length)?;
            let expected = pack
                .log_probabilities
                .as_ref()
                .map(|t| t.extract_tensor().1);
            for (step, &nats) in lane.surprises[from..].iter().enumerate() {
                explained.push(Explained {
                    surprise: Some(nats),
                    expected: expected.map_or_else(Vec::new, |all| {
                        likeliest(&all[step * self.size..][..self.size], alternatives)
                    }),
                });
            }
        }
    }
}

/// Deals with what needs no inference at the front of a lane's queue, and counts the calls after
/// it up to the next restart. The first call of a stream without a start token has no surprise.
fn enter(lane: &mut Lane, start: Option<u16>) -> usize {
    while let Some(&next) = lane.pending.get(lane.done) {
        if next == START || next == FRESH {
            lane.state.fill(0.0);
            lane.history.clear();
            lane.history.extend(start.filter(|_| next == START));
        } else if lane.history.is_empty() {
            lane.history.push(next);
            lane.surprises.push(f32::NAN);
        } else {
            break;
        }
        lane.done += 1;
    }
    let waiting = &lane.pending[lane.done..];
    // More than the longest pack takes need not be counted.
    let waiting = &waiting[..waiting.len().min(LONGEST)];
    waiting.iter().take_while(|&&next| next < FRESH).count()
}

impl Pack {
    fn new(
        session: &Session,
        state: &[(StateTensor, usize)],
        (length, lanes): (usize, usize),
        distribution: Option<usize>,
    ) -> Result<Self, ort::Error> {
        let mut binding = session.create_binding()?;
        let calls = zeros(&[length + 1, lanes])?;
        binding.bind_input("calls", &calls)?;
        let mut surprise = zeros(&[length, lanes])?;
        binding.bind_output("surprise", &mut surprise)?;
        let mut state_in = Vec::new();
        let mut state_out = Vec::new();
        for (names, width) in state {
            let tensor = zeros(&[1, lanes, *width])?;
            binding.bind_input(names.name.as_str(), &tensor)?;
            state_in.push(tensor);
            let mut tensor = zeros(&[1, lanes, *width])?;
            binding.bind_output(names.output.as_str(), &mut tensor)?;
            state_out.push(tensor);
        }
        let log_probabilities = match distribution {
            Some(size) => {
                let mut tensor = zeros(&[length, lanes, size])?;
                binding.bind_output("log_probabilities", &mut tensor)?;
                Some(tensor)
            }
            None => None,
        };
        Ok(Self {
            binding,
            lanes,
            calls,
            surprise,
            state_in,
            state_out,
            log_probabilities,
        })
    }

    /// Puts the next `length` calls of a lane and its state in their place.
    fn fill(&mut self, place: usize, lane: &Lane, length: usize) {
        let calls = self.calls.extract_tensor_mut().1;
        let stretch = &lane.pending[lane.done..lane.done + length];
        let before = lane.history.last();
        for (step, &call) in before.into_iter().chain(stretch).enumerate() {
            calls[step * self.lanes + place] = i64::from(call);
        }
        let mut from = 0;
        for tensor in &mut self.state_in {
            let all = tensor.extract_tensor_mut().1;
            let width = all.len() / self.lanes;
            all[place * width..][..width].copy_from_slice(&lane.state[from..][..width]);
            from += width;
        }
    }

    /// Takes a lane's surprises and next state.
    fn empty(&mut self, place: usize, lane: &mut Lane, length: usize) -> Result<(), ScoreError> {
        let all = self.surprise.extract_tensor().1;
        for step in 0..length {
            lane.surprises
                .push(surprise(all[step * self.lanes + place])?);
        }
        let mut from = 0;
        for tensor in &self.state_out {
            let all = tensor.extract_tensor().1;
            let width = all.len() / self.lanes;
            lane.state[from..][..width].copy_from_slice(&all[place * width..][..width]);
            from += width;
        }
        lane.done += length;
        lane.history.clear();
        lane.history.push(lane.pending[lane.done - 1]);
        Ok(())
    }
}
