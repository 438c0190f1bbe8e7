//! Calls and what they touch, one stretch for each run of lines of one thread.

use std::io::BufRead;

use super::line::Line;
use super::text::{is_fork, is_unfinished, named, program, succeeded};
use super::{Strace, touch};
use crate::detail::Touch;
use crate::syscall::event::{EventKind, Stretch};

/// How many calls stand in one event at most.
const STRETCH: usize = 1024;

const HEADLESS: &str = "call that was entered before the text begins";

impl<R: BufRead> Strace<R> {
    pub(super) fn call(&mut self, id: u32, name: &[u8], rest: &[u8], line: &Line<'_>) {
        let unfinished = is_unfinished(rest) || line.broken_by.is_some();
        let thread = self.threads.get(id);
        thread.inside = unfinished;
        thread.execs = None;
        let Some(call) = named(thread.abi, name) else {
            self.summary.unknown(name);
            return;
        };
        let details = touch::details(name, rest, id);
        let is_exec = name.starts_with(b"execve");
        if is_exec {
            // With `-e raw=execve`, the program's name is not printed.
            thread.execs = Some(program(rest).unwrap_or(thread.comm));
        }
        if !unfinished && is_fork(name) {
            self.forked(rest);
        }
        let thread = self.threads.get(id);
        let seq = thread.seq;
        thread.seq += 1;
        self.summary.calls += 1;
        self.summary.traces += u64::from(seq == 0);
        let now = self.now;
        let joins = match &mut self.run {
            Some((of, event)) if *of == id => match &mut event.kind {
                EventKind::Calls(stretch) if stretch.calls.len() < STRETCH => {
                    stretch.calls.push(call);
                    stretch.last_ns = now;
                    true
                }
                _ => false,
            },
            _ => false,
        };
        if !joins {
            self.end_run();
            let stretch = Stretch {
                first_seq: seq,
                last_ns: now,
                calls: vec![call],
            };
            let event = self.threads.event(id, now, EventKind::Calls(stretch));
            self.run = Some((id, event));
        }
        for detail in details {
            let touch = Touch {
                seq,
                call,
                detail,
                outcome: touch::outcome(rest),
            };
            if unfinished {
                self.threads.get(id).touches.push(touch);
            } else {
                self.touched(id, touch);
            }
        }
        if is_exec && !unfinished {
            self.exec(id, rest);
        }
    }

    pub(super) fn touched(&mut self, id: u32, touch: Touch) {
        let event = self.threads.event(id, self.now, EventKind::Touch(touch));
        self.touches.push(event);
        if self.run.is_none() {
            self.end_run();
        }
    }

    pub(super) fn resumed(&mut self, id: u32, name: &[u8], rest: &[u8]) {
        if is_fork(name) {
            self.forked(rest);
        }
        let thread = self.threads.get(id);
        if !std::mem::take(&mut thread.inside) {
            self.summary.skip(HEADLESS);
        }
        for mut touch in std::mem::take(&mut self.threads.get(id).touches) {
            touch.outcome = touch::outcome(rest);
            self.touched(id, touch);
        }
        self.exec(id, rest);
    }

    /// After the end of an execve: when it succeeded, the thread runs another program.
    pub(super) fn exec(&mut self, id: u32, rest: &[u8]) {
        let thread = self.threads.get(id);
        if let Some(comm) = thread.execs.take()
            && succeeded(rest)
        {
            thread.comm = comm;
            self.emit(id, EventKind::Exec);
        }
    }
}
