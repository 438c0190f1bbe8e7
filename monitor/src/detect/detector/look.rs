//! The profile looks at what is queued before the model is asked.

use super::Detector;
use super::judges::Judge;
use super::step::Step;
use crate::syscall::table;

impl Detector {
    /// Lets the profile look at all that is queued, and queues for the model what the profile asks
    /// of it.
    pub(super) fn look(&mut self) {
        let Judge::Profile(by) = &mut self.by else {
            return;
        };
        let mut from = 0;
        for step in &self.steps {
            match *step {
                Step::Restart { slot, seq, .. } => {
                    by.streams[slot as usize] = by.own.stream(seq == 0);
                }
                Step::Calls { slot, calls, .. } => {
                    let place = slot as usize;
                    let mut in_lane = false;
                    for &call in &self.calls[from..from + calls] {
                        if !table::is_restart(call) {
                            let (stream, lane) = (&mut by.streams[place], &mut self.lanes[place]);
                            let mark = by.own.look(stream, call, lane, &mut self.selection);
                            in_lane |= mark.in_lane;
                            by.marks.push(mark);
                        }
                    }
                    from += calls;
                    if in_lane {
                        self.active.add(slot);
                    }
                }
                Step::Touched { .. } | Step::End { .. } | Step::Happened { .. } => {}
            }
        }
    }
}
