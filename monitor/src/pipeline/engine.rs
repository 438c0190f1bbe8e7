//! The detector as the pipeline's engine.

use super::{Engine, EngineError};
use crate::detect::counters::Counters;
use crate::detect::detector::Detector;
use crate::detect::verdict::Verdict;
use crate::syscall::event::Event;

impl Engine for Detector {
    fn push(&mut self, event: &Event) {
        Self::push(self, event);
    }

    fn score(&mut self, verdicts: &mut Vec<Verdict>) -> Result<(), EngineError> {
        Ok(Self::score(self, verdicts)?)
    }

    fn finish(&mut self, verdicts: &mut Vec<Verdict>) -> Result<(), EngineError> {
        Ok(Self::finish(self, verdicts)?)
    }

    fn counters(&self) -> Counters {
        Self::counters(self)
    }

    fn set_clock_offset(&mut self, unix_offset_ns: i128) {
        Self::set_clock_offset(self, unix_offset_ns);
    }

    fn advance(&mut self, now_ns: u64, verdicts: &mut Vec<Verdict>) {
        Self::advance(self, now_ns, verdicts);
    }

    fn limit_model(&mut self, share: f64) {
        Self::limit_model(self, share);
    }
}
