//! The profile looks at what is queued before the model is asked.

use super::Detector;
use super::step::Step;
use crate::syscall::table;

impl Detector {
    /// Lets the profile look at all that is queued, and queues for the model what the profile asks
    /// of it.
    pub(super) fn look(&mut self) {
        let Some(own) = self.own.take() else {
            return;
        };
        let steps = std::mem::take(&mut self.steps);
        let mut from = 0;
        for step in &steps {
            match *step {
                Step::Restart { slot, seq, .. } => {
                    self.own_streams[slot as usize] = own.stream(seq == 0);
                }
                Step::Calls { slot, calls, .. } => {
                    let place = slot as usize;
                    let mut in_lane = false;
                    for &call in &self.calls[from..from + calls] {
                        if !table::is_restart(call) {
                            let (stream, lane) =
                                (&mut self.own_streams[place], &mut self.lanes[place]);
                            let mark = own.look(stream, call, lane, &mut self.selection);
                            in_lane |= mark.in_lane;
                            self.marks.push(mark);
                        }
                    }
                    from += calls;
                    if in_lane {
                        self.activate(slot);
                    }
                }
                Step::Touched { .. } | Step::End { .. } | Step::Happened { .. } => {}
            }
        }
        self.steps = steps;
        self.own = Some(own);
    }
}
